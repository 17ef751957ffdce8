"""What a server asks for by the last line that it printed: a name, a password, or a command.

Words of the usual servers: login(1) and PAM of Linux, BSD and Solaris, BusyBox, Windows' telnetd,
Cisco IOS, Huawei VRP, Junos, RouterOS.
"""

from __future__ import annotations

import re
from enum import Enum, auto


class Asks(Enum):
    """What a line stands for that is typed behind a prompt."""

    NOTHING = auto()
    NAME = auto()
    SECRET = auto()
    COMMAND = auto()


NAME = re.compile(rb"(?:log ?in|user ?name|user|account)(?: as)?[ \t]*[:>][ \t]*\Z", re.IGNORECASE)
SECRET = re.compile(
    rb"(?:pass ?word|passwd|pass ?code|pass ?phrase|\bpin\b|secret|kennwort|mot de passe|senha"
    rb"|contrase|verification code|one-time|\botp\b|token)[^\n]{0,80}[:>?][ \t]*\Z",
    re.IGNORECASE,
)
COMMAND = re.compile(rb"[^\n]{0,200}[#$%>][ \t]?\Z")

REFUSED = re.compile(
    rb"log ?[io]n (?:incorrect|failed|failure|invalid|denied)|incorrect (?:login|pass|user)"
    rb"|(?:authentication|authorization|password)(?: is)? (?:fail|denied|error|incorrect|invalid)"
    rb"|(?:bad|invalid|wrong|unknown) (?:pass|secret|login|user|credential)"
    rb"|(?:access|permission)(?: is)? denied|too many (?:login|auth|tries|failures)",
    re.IGNORECASE,
)
WELCOMED = re.compile(rb"[ \t]*Last (?:successful )?login\b", re.IGNORECASE)

ASKED = ((SECRET, Asks.SECRET), (NAME, Asks.NAME), (COMMAND, Asks.COMMAND))


def asked_by(line: bytes) -> Asks:
    """What a server asks for with a line that it has not ended."""
    return next((asks for prompt, asks in ASKED if prompt.search(line)), Asks.NOTHING)
