"""What a program in a container read and wrote, out of the stream that carries it.

Docker: frames of a stream's number, three zeros and a length (Engine API, "Stream format"), or
the bytes of a terminal as they are. Kubernetes: WebSocket messages that begin with a channel
(RFC 6455; k8s.io/apimachinery/pkg/util/remotecommand), or SPDY/3.1 data frames.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator

WIRE_MAX = 32_768
"""How much of each direction is kept until it is read."""
TEXT_MAX = 2048
"""How many bytes of what was said are told."""

DOCKER_FRAME = 8
STDERR = 2  # the last of the three standard streams
STANDARD, STANDARD_IN_BASE64 = (b"\0", b"\1", b"\2"), (b"0", b"1", b"2")
CONTINUES, TEXT, BINARY = 0, 1, 2  # RFC 6455, 5.2
COMPRESSED = 0x40
SPDY_FRAME = 8
OF_SESSION = re.compile(rb'\A\{"(?:Width|Height|metadata)":')
"""Messages of the session itself: a terminal's size, how the command ended."""


def said(octets: bytes, protocol: bytes, upgrade: bytes) -> bytes:
    """What one direction of a stream says.

    protocol: of WebSocket, as it was agreed; upgrade: what the connection was upgraded to.
    """
    if upgrade.startswith(b"websocket"):
        pieces = _channels(octets, protocol)
    elif upgrade.startswith(b"spdy"):
        pieces = _spdy(octets)
    else:
        pieces = _docker(octets)
    text = bytearray()
    for piece in pieces:
        text += piece
        if len(text) >= TEXT_MAX:
            break
    return bytes(text[:TEXT_MAX])


def is_framed(octets: bytes) -> bool:
    """Whether a stream of Docker's begins with a frame."""
    return len(octets) >= DOCKER_FRAME and octets[0] <= STDERR and octets[1:4] == b"\0\0\0"


def _docker(octets: bytes) -> Iterator[bytes]:
    if not is_framed(octets):
        yield octets
        return
    at = 0
    while is_framed(octets[at : at + DOCKER_FRAME]):
        length = int.from_bytes(octets[at + 4 : at + DOCKER_FRAME])
        yield octets[at + DOCKER_FRAME : at + DOCKER_FRAME + length]
        at += DOCKER_FRAME + length


def _spdy(octets: bytes) -> Iterator[bytes]:
    at = 0
    while len(octets) - at >= SPDY_FRAME:
        length = int.from_bytes(octets[at + 5 : at + SPDY_FRAME])
        is_control = octets[at] & 0x80
        data = octets[at + SPDY_FRAME : at + SPDY_FRAME + length]
        if not is_control and not OF_SESSION.match(data):
            yield data
        at += SPDY_FRAME + length


def _channels(octets: bytes, protocol: bytes) -> Iterator[bytes]:
    """The data of messages, of Kubernetes' those of the three standard channels."""
    has_channels = b"channel.k8s.io" in protocol
    is_base64 = b"base64.channel" in protocol
    spoken = False
    for opcode, data in _frames(octets):
        begins = has_channels and opcode != CONTINUES
        if begins:
            spoken = data[:1] in (STANDARD_IN_BASE64 if is_base64 else STANDARD)
        if spoken or not has_channels:
            rest = data[1:] if begins else data
            yield _unbased(rest) if is_base64 else rest


def _frames(octets: bytes) -> Iterator[tuple[int, bytes]]:
    """Kind and data of each WebSocket frame that carries data: RFC 6455, 5.2."""
    at = 0
    while len(octets) - at >= 2:
        first, second = octets[at], octets[at + 1]
        at += 2
        length = second & 0x7F
        wide = {126: 2, 127: 8}.get(length, 0)
        if wide:
            length = int.from_bytes(octets[at : at + wide])
        at += wide
        mask = octets[at : at + 4] if second & 0x80 else b""
        at += len(mask)
        data = octets[at : at + length]
        at += length
        opcode = first & 0x0F
        if opcode in (CONTINUES, TEXT, BINARY) and not first & COMPRESSED:
            yield opcode, _unmasked(data, mask) if mask else data


def _unmasked(data: bytes, mask: bytes) -> bytes:
    key = (mask * (len(data) // 4 + 1))[: len(data)] if len(mask) == 4 else bytes(len(data))
    return (int.from_bytes(data) ^ int.from_bytes(key)).to_bytes(len(data))


def _unbased(data: bytes) -> bytes:
    try:
        return base64.b64decode(data + b"=" * (-len(data) % 4))
    except binascii.Error:
        return b""
