"""IRC: whether a connection is a chat, and where STARTTLS makes it TLS.

RFC 2812 section 2.3; the answer 670 to STARTTLS is an extension (IRCv3 "tls"). Confirmed as in
Zeek: base/protocols/irc (main.zeek, dpd.sig), src/analyzer/protocol/irc.
"""

from __future__ import annotations

import re
from typing import ClassVar

from parsers.services.dialogue import Dialogue, all_of, begins_with_word, first_word

MESSAGE_MAX = 512
"""Longer lines are not read."""

COMMAND_MAX = 20
INVALID_MAX = 20  # so many commands that are too long are let pass

CLIENT_COMMANDS = frozenset(
    b"ADMIN AWAY CNOTICE CONNECT CPRIVMSG DIE ENCAP ERROR INFO INVITE ISON JOIN KICK KILL KNOCK"
    b" LINKS LIST LUSERS MODE MOTD NAMES NICK NOTICE OPER PART PASS PING PONG PRIVMSG QUIT REHASH"
    b" RULES SERVER SERVICE SERVLIST SETNAME SILENCE SQUERY SQUIT STARTTLS STATS SUMMON TIME TOPIC"
    b" TRACE USER USERHOST USERS VERSION WALLOPS WHO WHOIS WHOWAS".split()
)
"""What confirms."""

FIRST_COMMANDS = (b"NICK", b"USER", b"PASS", b"CAP", b"STARTTLS", b"WEBIRC", b"SERVER")
FIRST_COMMAND = re.compile(rb"(?:%b) " % b"|".join(FIRST_COMMANDS), re.IGNORECASE)
REGISTERS = re.compile(rb"(?i)(?:\A|(?<=[\r\n])) *(NICK|USER|SERVER) +[^\r\n]+[\r\n]")
REGISTRATIONS = ({b"NICK", b"USER"}, {b"SERVER"})
SERVER_SAYS = re.compile(rb"(?::[!-~]+ +)?(?:[0-9]{3}|NOTICE|PING|ERROR|CAP|PASS|SERVER) ")
SERVER_MAY_SAY = re.compile(rb"(?::[!-~]*(?: +[0-9A-Z]*)?|[0-9A-Z]*)")

TLS_ACCEPTED = b"670"
TLS_REFUSED = (b"691", b"421", b"451")


def begins(orig: bytes, resp: bytes) -> bool | None:
    """Whether first bytes of the two sides (either may be empty) are this protocol.

    None while too few bytes are there to tell. The client must have registered.
    """
    speaks = begins_with_word(orig, FIRST_COMMANDS)
    said = {each.upper() for each in REGISTERS.findall(orig)}
    registers = True if any(needed <= said for needed in REGISTRATIONS) else None
    answers = bool(SERVER_SAYS.match(resp)) or (None if SERVER_MAY_SAY.fullmatch(resp) else False)
    return all_of(speaks, registers, answers)


class Irc(Dialogue):
    """Reads until TLS comes; otherwise a bounded part of it."""

    service: ClassVar[str] = "irc"

    def __init__(self) -> None:
        super().__init__()
        self._invalid = 0

    def _command(self, line: bytes) -> None:
        word = self._word(line)
        self.confirmed |= word in CLIENT_COMMANDS
        self._asks_for_tls = word == b"STARTTLS"

    def _reply(self, line: bytes) -> None:
        word = self._word(line)
        if self._asks_for_tls and word == TLS_ACCEPTED:
            self._accept_tls()
        elif word in TLS_REFUSED:
            self._refuse_tls()

    def _word(self, line: bytes) -> bytes:
        """The command or the number of a message; "" for what is none."""
        message = _message(line.lstrip(b" "))
        if message is None:
            return b""
        word = first_word(message)
        if len(message) < 3:
            self._violate("line_too_short")
        elif message[:1].isdigit() and not (message[:3].isdigit() and message[3:4] == b" "):
            self._violate("unknown_reply")
        elif len(word) > COMMAND_MAX:
            self._invalid += 1
            if self._invalid > INVALID_MAX:
                self._violate("commands_too_long")
        return b"" if self.failed else word


def _message(line: bytes) -> bytes | None:
    """What follows the tags and the prefix of a line, where it has them; None if it is not read."""
    if not 3 <= len(line) <= MESSAGE_MAX:
        return None
    for mark in (b"@", b":"):
        if line.startswith(mark):
            _, blank, line = line.partition(b" ")
            if not blank:
                return None
    return line.lstrip(b" ")
