"""Pairs of names and values as appliances write them: `key=value`, and CEF around them.

Values are quoted, with backslashes before what would end them, or go on to the next key. The first
of a name wins. CEF: "Implementing ArcSight Common Event Format", revision 26.
"""

from __future__ import annotations

import re

PAIRS_AT_MOST = 512
NAME = r"[A-Za-z_][\w.-]{0,63}"
BETWEEN = r"\s,|"  # what may stand before a name

KEY = re.compile(rf"(?<![^{BETWEEN}])({NAME})=")
QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
ESCAPED = re.compile(r"\\(.)", re.DOTALL)
CEF = re.compile(r"(?:CEF:\s{0,8})?\d\|((?:[^|\\]|\\.)*\|){5}(?:[^|\\]|\\.)*\|", re.DOTALL)
CEF_FIELD = re.compile(r"((?:[^|\\]|\\.)*)\|", re.DOTALL)
CEF_FIELDS = ("version", "vendor", "product", "device", "code", "name", "severity")


def pairs(text: str) -> dict[str, str]:
    """Return the pairs of a line, as many as are kept."""
    found: dict[str, str] = {}
    key = KEY.search(text)
    while key is not None and len(found) < PAIRS_AT_MOST:
        quoted = QUOTED.match(text, key.end())
        after = KEY.search(text, quoted.end() if quoted else key.end())
        if quoted:
            value = quoted[1]
        else:
            value = text[key.end() : after.start() if after else len(text)].strip(" ,|\t\r\n")
        found.setdefault(key[1], ESCAPED.sub(r"\1", value) if quoted else value)
        key = after
    return found


def cef(text: str) -> tuple[dict[str, str], dict[str, str]] | None:
    """Return the header of a CEF line by CEF_FIELDS, and its extension; None where it is none.

    The prefix `CEF:` may be gone: syslog takes it for the name of a program.
    """
    header = CEF.match(text)
    if header is None:
        return None
    fields = [ESCAPED.sub(r"\1", each[1]) for each in CEF_FIELD.finditer(header[0])]
    extension = pairs(text[header.end() :])
    return (
        dict(zip(CEF_FIELDS, fields, strict=True)),
        {name: ESCAPED.sub(r"\1", value) for name, value in extension.items()},
    )
