"""XMPP: whether a connection is a stream of chat, and where STARTTLS makes it TLS.

RFC 6120 sections 4 and 5. Confirmed as in Zeek: base/protocols/xmpp (main.zeek, dpd.sig),
src/analyzer/protocol/xmpp.
"""

from __future__ import annotations

import re
from typing import ClassVar

from parsers.services.dialogue import Dialogue

OPENS = re.compile(rb"(?:<\?xml[^?>]*\?>)?[\r\n ]*<stream:stream [^>]*xmlns=['\"]jabber:")
MAY_OPEN = re.compile(rb"(?:<\?xml[^?>]*\?>)?[\r\n ]*(?:(<[^>]*)|$)")
HEADS = (b"<?xml ", b"<stream:stream ")
NAME = re.compile(rb"<(/?)([^\t\n\r />]+)[^<]*\Z")
STREAM, STARTTLS, PROCEED, FAILURE = b"stream:stream", b"starttls", b"proceed", b"failure"
SKIPPED_AFTER = (b"success", b"message", b"db:result", b"db:verify", b"presence")
"""Behind these TLS cannot follow: Zeek reads nothing more."""


def begins(orig: bytes, resp: bytes) -> bool | None:
    """Whether first bytes of the two sides (either may be empty) are this protocol.

    None while too few bytes are there to tell. The client opens the stream, and a server that has
    answered must have sent XML.
    """
    if resp and resp.lstrip(b"\r\n ")[:1] not in (b"", b"<"):
        return False
    if OPENS.match(orig):
        return True
    last = MAY_OPEN.fullmatch(orig)
    if not last:
        return False
    tag = last[1] or b""
    return None if any(tag.startswith(head) or head.startswith(tag) for head in HEADS) else False


class Xmpp(Dialogue):
    """Reads the tags until the client has logged in, or TLS comes."""

    service: ClassVar[str] = "xmpp"
    LINE_END: ClassVar[bytes] = b">"

    def _command(self, line: bytes) -> None:
        name, is_whole = self._element(line)
        self.confirmed |= name == STREAM and not is_whole
        self._asks_for_tls = name == STARTTLS and is_whole

    def _reply(self, line: bytes) -> None:
        name, is_whole = self._element(line)
        if self._asks_for_tls and is_whole:
            if name == PROCEED:
                self._accept_tls()
            elif name == FAILURE:
                self._refuse_tls()

    def _element(self, line: bytes) -> tuple[bytes, bool]:
        """The name of a tag, and whether it ends its element."""
        tag = NAME.search(line)
        if not tag:
            return b"", False
        ends, name = tag.groups()
        if name in SKIPPED_AFTER:
            self._want_nothing()
        return name, bool(ends) or line.endswith(b"/")
