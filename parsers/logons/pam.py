"""What PAM's modules write to the log of the program that uses them (Linux-PAM, pam_unix(8))."""

from __future__ import annotations

import re
from typing import NamedTuple

LINE = re.compile(r"(?P<module>pam_\w+)\((?P<service>[\w.-]+):(?P<type>\w+)\): (?P<said>.*)")
MORE = re.compile(r"PAM (?P<count>\d{1,9}) more authentication failures?; (?P<said>.*)")
# What the client says comes behind what the program says: the first of each is the program's.
RHOST = re.compile(r"\brhost=(?P<host>\S*)")
USER = re.compile(r" {1,2}user=(?P<user>.*)")
SESSION = re.compile(r"session (?P<what>opened|closed) for user (?P<user>.*?)"
                     r"(?:\(uid=\d+\))?(?: by .*)?$")  # fmt: skip
LOCKED = re.compile(
    r"Consecutive login failures for user (?P<user>.*) account temporarily locked"
    r"|user (?P<name>.*) \(\d+\) tally \d+, deny \d+"
)


class Line(NamedTuple):
    """What a line says. `what`: failure, opened, closed or locked."""

    what: str
    service: str = ""
    module: str = ""
    user: str | None = None
    address: str | None = None
    failures: int = 1


def read(text: str) -> Line | None:
    """Read a line; None where it tells of no logon."""
    if found := MORE.match(text):
        return Line("failure", "", "", *_who(found["said"]), int(found["count"]))
    found = LINE.match(text)
    if not found:
        return None
    service, module, said = found["service"], found["module"], found["said"]
    if found["type"] == "auth" and said.startswith("authentication failure;"):
        return Line("failure", service, module, *_who(said))
    if found["type"] in ("auth", "account") and (locked := LOCKED.match(said)):
        return Line("locked", service, module, locked["user"] or locked["name"])
    if found["type"] == "session" and module == "pam_unix" and (told := SESSION.match(said)):
        return Line(told["what"], service, module, told["user"])
    return None


def _who(said: str) -> tuple[str | None, str | None]:
    user, host = USER.search(said), RHOST.search(said)
    return user["user"] if user else None, host["host"] if host and host["host"] else None
