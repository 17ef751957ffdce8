from __future__ import annotations

import pytest

from parsers.packets.transport import TCP
from parsers.services.modbus import Modbus, begins, is_message
from parsers.services.parser import ORIG, RESP
from parsers.services.recognition import recognise


def framed(*bodies: str) -> bytes:
    messages = [bytes.fromhex(body) for body in bodies]
    return b"".join(b"\0\1\0\0" + len(one).to_bytes(2) + one for one in messages)


ASKS = framed("01 03 0000 0002")
ANSWERS = framed("01 03 04 0001 0002")
FAILS = framed("01 83 02")

MESSAGES = [
    *("01 01 0000 0008", "01 01 01 ff", "01 05 0000 ff00", "01 06 0001 0003"),
    *("01 0f 0000 0008 01 ff", "01 0f 0000 0008", "01 10 0000 0001 02 0001", "01 10 0000 0001"),
    *("01 14 07 06 0001 0000 0001", "01 16 0001 00ff 0000", "01 17 02 0001"),
    *("01 17 0000 0001 0000 0001 02 0001", "01 2b 0e 01 00", "01 08 0000 0000", "01 90 01"),
]


@pytest.mark.parametrize("body", MESSAGES)
def test_each_function_has_messages_of_its_size(body):
    octets = bytes.fromhex(body)
    assert is_message(octets)
    parser = Modbus()
    parser.data(ORIG, framed(body), 0)
    assert parser.confirmed


@pytest.mark.parametrize(
    "body", ["01", "01 03 0000 00", "01 05 0000", "01 83", "01 00 00", "01 60"]
)
def test_what_does_not_fit_its_function_is_refused(body):
    assert not is_message(bytes.fromhex(body))
    parser = Modbus()
    parser.data(ORIG, framed(body), 0)
    assert not parser.confirmed


@pytest.mark.parametrize(("side", "octets"), [(ORIG, ASKS), (RESP, ANSWERS), (RESP, FAILS)])
def test_a_message_of_either_side_confirms_it_however_it_is_cut(side, octets):
    for cut in range(len(octets)):
        parser = Modbus()
        parser.data(side, octets[:cut], 0)
        assert not parser.confirmed
        parser.data(side, octets[cut:], 0)
        assert parser.confirmed


def test_what_is_no_message_takes_the_name_back():
    parser = Modbus()
    parser.data(ORIG, ASKS, 0)
    parser.data(ORIG, framed("01 05 0000"), 0)
    assert (parser.confirmed, bool(parser.failed)) == (False, True)


def test_another_protocol_and_too_long_messages_are_refused():
    assert begins(ASKS[:2] + b"\0\1" + ASKS[4:], b"") is False
    assert begins(ASKS[:4] + b"\1\0" + ASKS[6:], b"") is False
    assert begins(b"GET / HTTP/1.1\r\n", b"") is False


def test_one_side_is_enough_on_its_port_and_both_elsewhere():
    for orig, resp, port, is_found in (
        (ASKS, b"", 502, True),
        (ASKS, b"", 31337, False),
        (ASKS, ANSWERS, 31337, True),
    ):
        found, _ = recognise(orig, resp, TCP, port, midstream=port == 502)
        assert (found is not None and found.parser is Modbus) == is_found
