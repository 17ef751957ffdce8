"""Messages of NTLMSSP, SPNEGO, DCE/RPC and SMB: what the tests of their parsers are fed with."""

from __future__ import annotations

import struct

SPNEGO_OID = bytes.fromhex("06062b0601050502")
KERBEROS_OID = bytes.fromhex("06092a864886f712010202")
AP_REQ = b"\x6e\x03abc"


def utf16(text: str) -> bytes:
    return text.encode("utf-16-le", "surrogatepass")


def ntlm_negotiate() -> bytes:
    return b"NTLMSSP\0" + struct.pack("<II16x", 1, 1)


def pairs(*listed: tuple[int, bytes]) -> bytes:
    told = b"".join(struct.pack("<HH", kind, len(value)) + value for kind, value in listed)
    return told + bytes(4)


SERVER = pairs(
    (2, utf16("CORP")),
    (1, utf16("FILES")),
    (4, utf16("corp.example")),
    (3, utf16("files.corp.example")),
    (5, utf16("corp.example")),
    (7, bytes(8)),
)


def ntlm_challenge(info: bytes = SERVER, flags: int = 0x00800004) -> bytes:
    target = utf16("CORP")
    head = struct.pack("<IHHII16xHHI", 2, len(target), 0, 48, flags, len(info), 0, 48 + len(target))
    return b"NTLMSSP\0" + head + target + info


def ntlm_authenticate(user: str = "ann", domain: str = "CORP", host: str = "PC7") -> bytes:
    parts = [b"", b"r" * 24, utf16(domain), utf16(user), utf16(host), b"k" * 16]
    head, at = b"", 64
    for part in parts:
        head += struct.pack("<HHI", len(part), len(part), at)
        at += len(part)
    return b"NTLMSSP\0\3\0\0\0" + head + bytes(4) + b"".join(parts)


def der(tag: int, content: bytes) -> bytes:
    length = len(content)
    size = bytes([length]) if length < 0x80 else b"\x82" + length.to_bytes(2)
    return bytes([tag]) + size + content


def neg_init(token: bytes = b"") -> bytes:
    fields = der(0xA0, der(0x30, KERBEROS_OID))
    if token:
        fields += der(0xA2, der(0x04, token))
    return der(0x60, SPNEGO_OID + der(0xA0, der(0x30, fields)))


def neg_resp(state: int, token: bytes = b"") -> bytes:
    fields = der(0xA0, der(0x0A, bytes([state])))
    if token:
        fields += der(0xA2, der(0x04, token))
    return der(0xA1, der(0x30, fields))


def kerberos(message: bytes = AP_REQ) -> bytes:
    return der(0x60, KERBEROS_OID + b"\1\0" + message)


def pdu(kind: int, body: bytes, auth: int = 0, token: bytes = b"", flags: int = 3) -> bytes:
    trailer = struct.pack("<BBBBI", auth, 6, 0, 0, 0) + token if token else b""
    length = 16 + len(body) + len(trailer)
    head = struct.pack("<BBBBIHHI", 5, 0, kind, flags, 0x10, length, len(token), 1)
    return head + body + trailer


BIND_BODY = struct.pack("<HHIB3xHBx", 4280, 4280, 0, 1, 0, 1) + bytes(40)
BIND_ACK_BODY = struct.pack("<HHIH4s2xB3xHH", 4280, 4280, 1, 4, b"135\0", 1, 0, 0) + bytes(20)
BIND, BIND_ACK = pdu(11, BIND_BODY), pdu(12, BIND_ACK_BODY)


def frame(message: bytes) -> bytes:
    return struct.pack(">I", len(message)) + message


def smb2(command: int, body: bytes, status: int = 0, request: int = 0, tree: int = 0) -> bytes:
    head = struct.pack(
        "<4sHHIHHIIQIIQ16x", b"\xfeSMB", 64, 0, status, command, 1, 0, 0, request, 0, tree, 9
    )
    return frame(head + body)


def smb2_negotiated(token: bytes) -> bytes:
    return smb2(0, struct.pack("<H54xHHI", 65, 128, len(token), 0) + token)


def smb2_setup(token: bytes) -> bytes:
    return smb2(1, struct.pack("<HBBIIHHQ", 25, 0, 1, 0, 0, 88, len(token), 0) + token)


def smb2_was_set_up(token: bytes, status: int = 0) -> bytes:
    return smb2(1, struct.pack("<HHHH", 9, 0, 72, len(token)) + token, status)


def smb2_tree(share: int, tree: int, status: int = 0) -> bytes:
    return smb2(3, struct.pack("<HBBIII", 16, share, 0, 0, 0, 0), status, tree=tree)


def smb2_write(data: bytes, tree: int, file: int = 7) -> bytes:
    body = struct.pack("<HHIQQQIIHHI", 49, 112, len(data), 0, file, 0, 0, 0, 0, 0, 0)
    return smb2(9, body + data, tree=tree)


def smb2_read(tree: int, request: int, file: int = 7) -> bytes:
    body = struct.pack("<HBBIQQQIIIHHB", 49, 80, 0, 4096, 0, file, 0, 0, 0, 0, 0, 0, 0)
    return smb2(8, body, request=request, tree=tree)


def smb2_was_read(data: bytes, request: int, tree: int = 0) -> bytes:
    return smb2(8, struct.pack("<HHIII", 17, 80, len(data), 0, 0) + data, 0, request, tree)


def smb2_ioctl(data: bytes, request: int, code: int = 0x0011C017) -> bytes:
    body = struct.pack("<HHIQQIIIIIIII", 57, 0, code, 7, 0, 120, len(data), 0, 0, 0, 0, 1, 0)
    return smb2(11, body + data, request=request)


def smb2_ioctl_done(data: bytes, request: int, code: int = 0x0011C017) -> bytes:
    body = struct.pack("<HHIQQIIIIII", 49, 0, code, 7, 0, 112, 0, 112, len(data), 0, 0)
    return smb2(11, body + data, request=request)


def smb1(command: int, body: bytes, tree: int = 0, request: int = 0, flags2: int = 0) -> bytes:
    head = struct.pack(
        "<4sBIBHH8xHHHHH", b"\xffSMB", command, 0, 0, flags2, 0, 0, tree, 0, 0, request
    )
    return frame(head + body)


def smb1_negotiate() -> bytes:
    return smb1(0x72, b"\0\x0c\0\2NT LM 0.12\0")


def smb1_negotiated(token: bytes, capabilities: int = 1 << 31) -> bytes:
    words = struct.pack("<HBHHIIIIQHB", 0, 3, 50, 1, 4096, 65536, 0, capabilities, 0, 0, 0)
    return smb1(0x72, b"\x11" + words + struct.pack("<H", 16 + len(token)) + bytes(16) + token)


def smb1_setup(token: bytes) -> bytes:
    words = struct.pack("<BBHHHHIHII", 0xFF, 0, 0, 4096, 50, 0, 0, len(token), 0, 0)
    return smb1(0x73, b"\x0c" + words + struct.pack("<H", len(token)) + token)


def smb1_was_set_up(token: bytes) -> bytes:
    words = struct.pack("<BBHHH", 0xFF, 0, 0, 0, len(token))
    return smb1(0x73, b"\4" + words + struct.pack("<H", len(token)) + token)


def smb1_tree(service: bytes, tree: int) -> bytes:
    words = struct.pack("<BBHH", 0xFF, 0, 0, 1)
    return smb1(0x75, b"\3" + words + struct.pack("<H", len(service) + 1) + service + b"\0", tree)


def smb1_write(data: bytes, tree: int) -> bytes:
    words = struct.pack("<BBHHIIHHHHHI", 0xFF, 0, 0, 7, 0, 0, 0, 0, 0, len(data), 63, 0)
    return smb1(0x2F, b"\x0e" + words + struct.pack("<H", len(data)) + data, tree)


def smb1_was_read(data: bytes, tree: int) -> bytes:
    words = struct.pack("<BBHHHHHHHQ", 0xFF, 0, 0, 0, 0, 0, len(data), 59, 0, 0)
    return smb1(0x2E, b"\x0c" + words + struct.pack("<H", len(data)) + data, tree)


def smb1_transaction(name: str, data: bytes, unicode: bool, tree: int = 0) -> bytes:
    label = b"\0" + utf16(name + "\0") if unicode else name.encode() + b"\0"
    at = 32 + 1 + 32 + 2 + len(label)
    words = struct.pack(
        "<HHHHBBHIHHHHHBBHH", 0, len(data), 0, 0, 0, 0, 0, 0, 0, 0, at, len(data), at, 2, 0, 0x26, 7
    )
    body = b"\x10" + words + struct.pack("<H", len(label) + len(data)) + label + data
    return smb1(0x25, body, tree, 5, 0x8000 if unicode else 0)


def smb1_transacted(data: bytes) -> bytes:
    words = struct.pack("<HHHHHHHHHBB", 0, len(data), 0, 0, 55, 0, len(data), 55, 0, 0, 0)
    return smb1(0x25, b"\x0a" + words + struct.pack("<H", len(data)) + data, request=5)
