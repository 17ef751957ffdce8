"""SMB 2 and 3: where their messages carry security tokens and what named pipes transport.

MS-SMB2 section 2.2. What is read as in Zeek: src/analyzer/protocol/smb/smb2-*.pac. Of several
messages that are sent as one (compounded) the first is read.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import ClassVar

from parsers.services.parser import ORIG, RESP
from parsers.services.smb_contents import MOST_KEPT, Contents, part

HEAD = 64

NEGOTIATE, SESSION_SETUP, TREE_CONNECT, TREE_DISCONNECT = 0, 1, 3, 4
CREATE, READ, WRITE, IOCTL = 5, 8, 9, 11

READABLE = (0, 0x80000005, 0xC0000016)
"""Status of a response that is no error: success, buffer overflow, more processing required.

A request has other fields there (ChannelSequence), which need not be zero.
"""

SHARE_TYPE_PIPE = 2
FSCTL_PIPE_TRANSCEIVE = 0x0011C017

PIPES = frozenset({"spoolss", "winreg", "samr", "srvsvc", "netdfs", "lsarpc", "wkssvc", "MsFteWds"})
"""Zeek's `SMB::pipe_filenames`: a file of this name makes a tree one of pipes."""

LONGEST_ID = (1 << 64) - 1


class Smb2:
    """The messages of one connection."""

    def __init__(self, contents: Contents) -> None:
        self._contents = contents
        self._pipe_trees: set[int] = set()
        self._files: dict[int, int] = {}  # of requests to pipes, by MessageId

    def wanted(self, side: int, head: bytearray) -> bool:
        """Whether more of a message is to be read than its header."""
        status, command, request, tree = struct.unpack_from("<8xIH10xQ4xI", head)
        if (side == RESP and status not in READABLE) or (command, side) not in self._READERS:
            return False
        if command in (READ, WRITE):
            return tree in self._pipe_trees if side == ORIG else request in self._files
        return True

    def read(self, side: int, message: bytes, ts: int) -> None:
        """Read a message. Raises Misread, or what comes of too few bytes."""
        (command,) = struct.unpack_from("<H", message, 12)
        self._READERS[command, side](self, message, ts)

    def _negotiated(self, message: bytes, ts: int) -> None:
        (length,) = struct.unpack_from("<H", message, 122)
        self._contents.token(part(message, 128, length), ts)

    def _session_setup(self, message: bytes, ts: int) -> None:
        at, length = struct.unpack_from("<HH", message, 76)
        self._contents.token(part(message, max(at, 80), length), ts)

    def _session_was_set_up(self, message: bytes, ts: int) -> None:
        at, length = struct.unpack_from("<HH", message, 68)
        self._contents.token(part(message, max(at, 72), length), ts)

    def _tree_was_connected(self, message: bytes, ts: int) -> None:
        if message[66] == SHARE_TYPE_PIPE:
            self._is_of_pipes(message)

    def _tree_was_disconnected(self, message: bytes, ts: int) -> None:
        self._pipe_trees.discard(_tree(message))

    def _create(self, message: bytes, ts: int) -> None:
        at, length = struct.unpack_from("<HH", message, 108)
        name = part(message, max(at, 120), length).decode("utf-16-le", "replace")
        if name in PIPES:
            self._is_of_pipes(message)

    def _is_of_pipes(self, message: bytes) -> None:
        if len(self._pipe_trees) >= MOST_KEPT:
            self._pipe_trees.clear()
        self._pipe_trees.add(_tree(message))

    def _read(self, message: bytes, ts: int) -> None:
        self._remember(message, _file(message, 80))

    def _was_read(self, message: bytes, ts: int) -> None:
        at, length = struct.unpack_from("<HI", message, 66)
        file = self._files.pop(_request(message), 0)
        self._contents.pipe(file, RESP, part(message, max(at, 80), length), ts)

    def _write(self, message: bytes, ts: int) -> None:
        at, length = struct.unpack_from("<HI", message, 66)
        file = _file(message, 80)
        self._contents.pipe(file, ORIG, part(message, max(at, 112), length), ts)

    def _ioctl(self, message: bytes, ts: int) -> None:
        code, at, length = struct.unpack_from("<I16xII", message, 68)
        if code == FSCTL_PIPE_TRANSCEIVE:
            self._remember(message, _file(message, 72))
            self._contents.pipe(_file(message, 72), ORIG, part(message, at or 120, length), ts)

    def _ioctl_was_done(self, message: bytes, ts: int) -> None:
        code, at, length = struct.unpack_from("<I24xII", message, 68)
        if code == FSCTL_PIPE_TRANSCEIVE:
            file = self._files.pop(_request(message), 0)
            self._contents.pipe(file, RESP, part(message, at or 112, length), ts)

    def _remember(self, message: bytes, file: int) -> None:
        """Keep which file a request is about: the response does not tell."""
        if len(self._files) >= MOST_KEPT:
            self._files.clear()
        self._files[_request(message)] = file

    _READERS: ClassVar[dict[tuple[int, int], Callable[[Smb2, bytes, int], None]]] = {
        (NEGOTIATE, RESP): _negotiated,
        (SESSION_SETUP, ORIG): _session_setup,
        (SESSION_SETUP, RESP): _session_was_set_up,
        (TREE_CONNECT, RESP): _tree_was_connected,
        (TREE_DISCONNECT, RESP): _tree_was_disconnected,
        (CREATE, ORIG): _create,
        (READ, ORIG): _read,
        (READ, RESP): _was_read,
        (WRITE, ORIG): _write,
        (IOCTL, ORIG): _ioctl,
        (IOCTL, RESP): _ioctl_was_done,
    }


def _tree(message: bytes) -> int:
    """TreeId."""
    return int.from_bytes(message[36:40], "little")


def _request(message: bytes) -> int:
    """MessageId."""
    return int.from_bytes(message[24:32], "little")


def _file(message: bytes, at: int) -> int:
    """FileId there, as one number: Zeek adds its two halves."""
    persistent, volatile = struct.unpack_from("<QQ", message, at)
    return int(persistent + volatile) & LONGEST_ID
