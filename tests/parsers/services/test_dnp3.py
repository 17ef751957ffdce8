from __future__ import annotations

import pytest

from parsers.packets.transport import TCP, UDP
from parsers.services.dnp3 import Dnp3Tcp, Dnp3Udp, begins, checksum
from parsers.services.parser import NOTHING, ORIG, RESP
from parsers.services.recognition import recognise

HEAD = bytes.fromhex("056405c903000400bd71")  # a frame of a recording, with its checksum
DATA = bytes.fromhex("0564")
FRAME = HEAD + DATA


def test_the_checksum_is_that_of_a_recorded_frame():
    assert checksum(HEAD[:8]) == HEAD[8:]


@pytest.mark.parametrize("side", [ORIG, RESP])
def test_a_head_of_either_side_confirms_it_however_it_is_cut(side):
    for cut in range(len(FRAME) + 1):
        parser = Dnp3Tcp()
        parser.data(side, FRAME[:cut], 0)
        assert not parser.failed
        parser.data(side, FRAME[cut:], 0)
        assert (parser.confirmed, parser.wants) == (True, [NOTHING, NOTHING])


def test_a_head_alone_confirms_nothing():
    parser = Dnp3Tcp()
    parser.data(ORIG, HEAD, 0)
    assert (parser.confirmed, parser.failed) == (False, "")


def test_a_datagram_is_not_gone_on_with_in_the_next():
    parser = Dnp3Udp()
    parser.data(ORIG, FRAME[:5], 0)
    parser.data(ORIG, FRAME[5:], 0)
    assert not parser.confirmed
    assert parser.failed


def test_every_flipped_bit_is_refused():
    for at in range(10):
        for bit in range(8):
            octets = FRAME[:at] + bytes((FRAME[at] ^ 1 << bit,)) + FRAME[at + 1 :]
            assert begins(octets, b"") is False
            parser = Dnp3Tcp()
            parser.data(ORIG, octets, 0)
            assert (parser.confirmed, parser.failed) == (False, "not_dnp3")


@pytest.mark.parametrize(("transport", "parser"), [(TCP, Dnp3Tcp), (UDP, Dnp3Udp)])
def test_it_is_found_by_one_side_and_in_the_middle(transport, parser):
    for orig, resp in ((FRAME, b""), (b"", FRAME)):
        found, _ = recognise(orig, resp, transport, 20000, midstream=True)
        assert found
        assert found.parser is parser
    assert recognise(FRAME[:5], b"", transport, 20000)[1]
