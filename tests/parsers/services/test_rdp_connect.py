from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers.services.rdp_connect import Unreadable, connect_initial, connect_response


def ber(tag: int, content: bytes) -> bytes:
    return bytes([tag, 0x82]) + len(content).to_bytes(2) + content


def block(kind: int, content: bytes) -> bytes:
    return struct.pack("<HH", kind, len(content) + 4) + content


def core(
    name: str = "ext66",
    layout: int = 1033,
    build: int = 2600,
    depth: int = 16,
    flags: int = 1,
    product: str = "",
) -> bytes:
    return block(
        0xC001,
        struct.pack("<IHH4xII", 0x80004, 1024, 700, layout, build)
        + name.encode("utf-16-le").ljust(32, b"\0")
        + bytes(12 + 64 + 8)
        + struct.pack("<HHH", depth, 7, flags)
        + product.encode("utf-16-le").ljust(64, b"\0"),
    )


def network(*names: bytes) -> bytes:
    channels = b"".join(name.ljust(8, b"\0") + b"\0\0\0\xc0" for name in names)
    return block(0xC003, struct.pack("<I", len(names)) + channels)


def initial(*blocks: bytes) -> bytes:
    """What follows the tag of a Connect Initial."""
    data = b"".join(blocks)
    request = b"\0\x08\0\x10\0\1\xc0\0Duca" + (0x8000 | len(data)).to_bytes(2) + data
    user_data = b"\0\5\0\x14\x7c\0\1" + (0x8000 | len(request)).to_bytes(2) + request
    content = b"\4\1\1\4\1\1\1\1\xff" + 3 * b"\x30\3\2\1\1" + ber(4, user_data)
    return b"\x82" + len(content).to_bytes(2) + content


def rsa(modulus: bytes = bytes(64)) -> bytes:
    key = b"RSA1" + struct.pack("<I", len(modulus)) + bytes(8) + modulus
    return struct.pack("<IIIHH", 1, 1, 1, 6, len(key)) + key + struct.pack("<HH", 8, 4) + b"sign"


def x509(*certificates: bytes, version: int = 2) -> bytes:
    chain = b"".join(struct.pack("<I", len(one)) + one for one in certificates)
    return struct.pack("<II", version, len(certificates)) + chain


def security(method: int, level: int, certificate: bytes) -> bytes:
    head = struct.pack("<IIII", method, level, 32, len(certificate))
    return block(0x0C02, head + bytes(32) + certificate)


def response(*blocks: bytes, result: int = 0) -> bytes:
    """What follows the tag of a Connect Response."""
    data = block(0x0C01, b"\4\0\x08\0") + b"".join(blocks)
    create = b"\x14\x76\x0a\1\1" + bytes([result]) + b"\1\xc0\0McDn"
    user_data = b"\0\5\0\x14\x7c\0\1\x2a" + create + (0x8000 | len(data)).to_bytes(2) + data
    content = b"\x0a\1\0\2\1\0\x30\3\2\1\1" + ber(4, user_data)
    return b"\x82" + len(content).to_bytes(2) + content


def told(octets: bytes) -> dict[str, object]:
    row: dict[str, object] = {"cert_count": 0}
    if b"Duca" in octets:
        connect_initial(octets, row)
    else:
        connect_response(octets, row)
    return row


def test_the_client_tells_what_it_is():
    client = initial(core(product="55274-OEM"), network(b"rdpdr", b"cliprdr"), block(0xC004, b""))
    assert told(client) == {
        "cert_count": 0,
        "keyboard_layout": "English - United States",
        "client_build": "RDP 5.1",
        "client_name": "ext66",
        "client_dig_product_id": "55274-OEM",
        "desktop_width": 1024,
        "desktop_height": 700,
        "requested_color_depth": "16bit",
        "client_channels": ["rdpdr", "cliprdr"],
    }


@pytest.mark.parametrize(
    ("depth", "flags", "name"),
    [
        (4, 1, "4bit"),
        (24, 1, "24bit"),
        (24, 2, "32bit"),
        (255, 1, "high_color_depth-255"),
    ],
)
def test_the_colour_depth_is_what_the_client_wants_most(depth, flags, name):
    assert told(initial(core(depth=depth, flags=flags)))["requested_color_depth"] == name


def test_a_build_without_a_name_is_its_number():
    assert told(initial(core(build=18363)))["client_build"] == "client_build-18363"


def test_a_client_of_many_blocks_is_read():
    names = [b"chan%d" % number for number in range(60)]
    assert len(told(initial(core(), network(*names)))["client_channels"]) == 60


def test_text_that_is_no_unicode_is_shown_in_hex():
    assert told(initial(network(b"r\xffx\0y")))["client_channels"] == ["r\\xffx\0y"]
    half = core().replace("ext66".encode("utf-16-le"), b"e\0\0\xd8t\0" + b"6\0" * 2)
    assert told(initial(half))["client_name"] == "e\\xed\\xa0\\x80t66"


def test_the_server_tells_how_it_encrypts():
    assert told(response(security(2, 3, rsa()))) == {
        "cert_count": 1,
        "result": "Success",
        "security_protocol": "RDP",
        "cert_type": "RSA",
        "cert_permanent": True,
        "encryption_method": "128bit",
        "encryption_level": "High",
    }


def test_certificates_are_counted():
    row = told(response(security(8, 2, x509(b"one", b"two", version=0x80000002))))
    assert (row["cert_type"], row["cert_count"], row["cert_permanent"]) == ("X.509", 2, False)
    assert (row["encryption_method"], row["encryption_level"]) == ("56bit", "Client compatible")


def test_numbers_without_a_name_are_shown():
    row = told(response(security(16, 9, rsa()), result=7))
    assert row["result"] == "result-7"
    assert row["encryption_method"] == "encryption_method-16"
    assert row["encryption_level"] == "encryption_level-9"


def test_without_encryption_no_protocol_is_told():
    row = told(response(security(0, 0, rsa())))
    assert "security_protocol" not in row
    assert (row["encryption_method"], row["encryption_level"]) == ("None", "None")


@pytest.mark.parametrize(
    ("octets", "kept"),
    [
        (initial(network(b"rdpdr"), block(0xC001, bytes(100))), "client_channels"),
        (initial(core(), block(0xC003, b"\xff\xff\xff\xff")), "client_name"),
        (initial(core(), struct.pack("<HH", 0xC002, 3)), "client_name"),
        (initial(core(), struct.pack("<HH", 0xC002, 900)), "client_name"),
        (response(security(2, 3, b"")), "result"),
        (response(security(2, 3, struct.pack("<I", 3))), "result"),
        (response(security(2, 3, x509(b"one")[:-1])), "result"),
        (response(security(2, 3, rsa()[:-1])), "result"),
        (response(block(0x0C02, struct.pack("<IIII", 2, 3, 1 << 31, 1 << 31))), "result"),
        (response().replace(b"McDn", b"McDm"), "result"),
    ],
)
def test_what_cannot_be_read_keeps_what_came_before(octets, kept):
    row: dict[str, object] = {"cert_count": 0}
    with pytest.raises(Unreadable):
        (connect_initial if b"Duca" in octets else connect_response)(octets, row)
    assert kept in row
    assert "encryption_method" not in row


@pytest.mark.parametrize(
    ("make", "blocks", "reader"),
    [
        (initial, [core(), network(b"rdpdr")], connect_initial),
        (response, [security(1, 1, rsa()), security(1, 1, x509(b"one"))], connect_response),
    ],
)
def test_every_truncation_inside_a_block_is_unreadable(make, blocks, reader):
    octets = make(*blocks)
    ends = {len(make()), len(make(blocks[0])), len(octets)}
    ends |= {len(make()) - 8} if make is response else set()  # it begins with a core of its own
    for length in range(len(octets) + 1):
        if length in ends:
            reader(octets[:length], {"cert_count": 0})
        else:
            with pytest.raises(Unreadable):
                reader(octets[:length], {"cert_count": 0})


@given(st.binary(max_size=200), st.sampled_from([connect_initial, connect_response]))
def test_no_bytes_are_another_exception(octets, reader):
    for start in (b"", initial()[:-9], response()[:-9]):
        try:
            reader(start + octets, {"cert_count": 0})
        except Unreadable:
            continue
