"""Whether an SSH logon worked, guessed from the lengths of what is encrypted.

After NEWKEYS a sensor sees only how much each side sends at a time. The protocol asks and answers
in turn (RFC 4252), and some of the server's answers have a fixed length:

    SERVICE_ACCEPT    17 bytes of payload, 24 with padding: the first answer; all others are
                      measured by it, so that cipher and MAC do not matter
    USERAUTH_SUCCESS  1 byte of payload, 8 with padding: 16 shorter than SERVICE_ACCEPT
    USERAUTH_FAILURE  names the methods, so that it is always as long as the one before

These are the rules of Zeek (`SSH_Analyzer::ProcessEncrypted`), with its mistakes: one answer is
what one segment brings, the first refusal is not counted (a client asks with the method "none" to
learn the others), and what has another length is passed over.
"""

from __future__ import annotations

from parsers.services.parser import ORIG

SHORTER = 16
"""How much shorter a success is than the acceptance of the service."""

BANNER = 256
"""An answer that is this much longer than the acceptance is a text to show, for once."""

PATIENCE = 1 << 16
"""Bytes from the server after which no answer is looked for any more, counted from the last."""


class Authentication:
    """Counts the attempts of one connection.

    success: whether the last attempt worked, None where none was seen.
    attempts: how many were seen.
    asked: whether the client has sent anything encrypted; more of it tells nothing.
    """

    def __init__(self) -> None:
        self.success: bool | None = None
        self.attempts = 0
        self.asked = False
        self._accept = 0
        self._failure = 0
        self._banner_passed = False
        self._unread = 0

    @property
    def over(self) -> bool:
        """Whether nothing more is looked for: it worked, or nothing was answered for long."""
        return self.success is True or self._unread > PATIENCE

    def segment(self, side: int, length: int) -> None:
        """Take note of encrypted bytes that came in one segment."""
        if side == ORIG:
            self.asked = True
        elif self.asked and not self.over:
            self._answer(length)

    def _answer(self, length: int) -> None:
        self._unread += length
        if not self._accept:
            self._accept = length
        elif self._failure and length == self._failure:
            self._attempted(success=False)
        elif length == self._accept - SHORTER:
            self._attempted(success=True)
        elif not self._failure:
            if length - self._accept > BANNER and not self._banner_passed:
                self._banner_passed = True
            else:
                self._failure = length

    def _attempted(self, *, success: bool) -> None:
        self.success = success
        self.attempts += 1
        self._unread = 0
