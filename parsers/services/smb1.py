"""SMB 1: where its messages carry security tokens and what named pipes transport.

MS-CIFS section 2.2, MS-SMB section 2.2.4. What is read as in Zeek:
src/analyzer/protocol/smb/smb1-*.pac. Of several commands in a message (AndX) the first is read.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import ClassVar

from parsers.services.parser import ORIG, RESP
from parsers.services.smb_contents import MOST_KEPT, Contents, Misread, part

HEAD = 32

TRANSACTION, READ_ANDX, WRITE_ANDX = 0x25, 0x2E, 0x2F
NEGOTIATE, SESSION_SETUP_ANDX, TREE_CONNECT_ANDX = 0x72, 0x73, 0x75

EMPTY = HEAD + 3
"""Length of a message with neither words nor bytes."""

UNICODE = 0x8000
"""SMB_FLAGS2_UNICODE."""

EXTENDED_SECURITY = 0x80000000
"""CAP_EXTENDED_SECURITY."""

SETUP_WORDS = (10, 12, 13)
"""Words of a session setup: LAN Manager's, with and without extended security."""

PIPE, RAP = "\\PIPE\\", "\\PIPE\\LANMAN"
"""How names of transactions begin that are for a pipe, and for one that is no DCE/RPC."""

THE_PIPE = 0
"""Zeek takes all that goes through pipes for one."""


class Smb1:
    """The messages of one connection."""

    def __init__(self, contents: Contents) -> None:
        self._contents = contents
        self._pipe_trees: set[int] = set()
        self._pipe_requests: set[int] = set()  # transactions, by MID

    def wanted(self, side: int, head: bytearray) -> bool:
        """Whether more of a message is to be read than its header."""
        (tree,) = struct.unpack_from("<H", head, 24)
        bulk = head[4] in (READ_ANDX, WRITE_ANDX)
        return (head[4], side) in self._READERS and (not bulk or tree in self._pipe_trees)

    def read(self, side: int, message: bytes, ts: int) -> None:
        """Read a message. Raises Misread, or what comes of too few bytes."""
        if len(message) != EMPTY:
            self._READERS[message[4], side](self, message, ts)

    def _negotiated(self, message: bytes, ts: int) -> None:
        if message[HEAD] != 17:
            return
        (capabilities,) = struct.unpack_from("<I", message, 52)
        (count,) = struct.unpack_from("<H", message, 67)
        if capabilities & EXTENDED_SECURITY:
            self._contents.token(part(message, 85, max(count - 16, 0)), ts)

    def _session_setup(self, message: bytes, ts: int) -> None:
        if message[HEAD] not in SETUP_WORDS:
            raise Misread
        if message[HEAD] == 12:
            (length,) = struct.unpack_from("<H", message, 47)
            self._contents.token(part(message, 59, length), ts)

    def _session_was_set_up(self, message: bytes, ts: int) -> None:
        if message[HEAD] == 4:
            (length,) = struct.unpack_from("<H", message, 39)
            self._contents.token(part(message, 43, length), ts)

    def _tree_was_connected(self, message: bytes, ts: int) -> None:
        service = HEAD + 1 + 2 * message[HEAD] + 2
        if message[service : service + 3] == b"IPC":
            if len(self._pipe_trees) >= MOST_KEPT:
                self._pipe_trees.clear()
            self._pipe_trees.add(struct.unpack_from("<H", message, 24)[0])

    def _write(self, message: bytes, ts: int) -> None:
        high, low, at = struct.unpack_from("<HHH", message, 51)
        self._contents.pipe(THE_PIPE, ORIG, part(message, at, high << 16 | low), ts)

    def _was_read(self, message: bytes, ts: int) -> None:
        low, at, high = struct.unpack_from("<HHH", message, 43)
        self._contents.pipe(THE_PIPE, RESP, part(message, at, high << 16 | low), ts)

    def _transaction(self, message: bytes, ts: int) -> None:
        flags, tree, request = struct.unpack_from("<10xH12xH4xH", message)
        (at,) = struct.unpack_from("<H", message, 57)
        name_at = 63 + 2 * message[59]
        if flags & UNICODE:
            name = message[name_at + 1 : name_at + 1 + 2 * len(RAP)].decode("utf-16-le", "replace")
        else:
            name = message[name_at : name_at + len(RAP)].decode("latin-1")
        for_pipe = name.startswith(PIPE) and name != RAP
        if for_pipe:
            self._contents.pipe(THE_PIPE, ORIG, message[at:], ts)
        if for_pipe or (not name.startswith(PIPE) and tree in self._pipe_trees):
            if len(self._pipe_requests) >= MOST_KEPT:
                self._pipe_requests.clear()
            self._pipe_requests.add(request)

    def _transacted(self, message: bytes, ts: int) -> None:
        (request,) = struct.unpack_from("<H", message, 30)
        count, at = struct.unpack_from("<HH", message, 45)
        if request in self._pipe_requests:
            self._pipe_requests.remove(request)
            if count:
                self._contents.pipe(THE_PIPE, RESP, message[at:], ts)

    _READERS: ClassVar[dict[tuple[int, int], Callable[[Smb1, bytes, int], None]]] = {
        (NEGOTIATE, RESP): _negotiated,
        (SESSION_SETUP_ANDX, ORIG): _session_setup,
        (SESSION_SETUP_ANDX, RESP): _session_was_set_up,
        (TREE_CONNECT_ANDX, RESP): _tree_was_connected,
        (WRITE_ANDX, ORIG): _write,
        (READ_ANDX, RESP): _was_read,
        (TRANSACTION, ORIG): _transaction,
        (TRANSACTION, RESP): _transacted,
    }
