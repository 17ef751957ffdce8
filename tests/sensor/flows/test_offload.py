from __future__ import annotations

import pytest

from sensor.flows.offload import CHECKED, LOOKED_AT, OffloadSurvey
from tests.frames import CLIENT, SERVER, Packet, blocks, udp

GOOD = udp((CLIENT, 1000, SERVER, 2000), b"data")
BAD = GOOD[:-1] + b"X"
OTHER = bytes(12) + b"\x08\x06" + bytes(28)  # ARP has no checksum


def decision(*frames: bytes) -> OffloadSurvey:
    survey = OffloadSurvey()
    for block in blocks([Packet(1, frame) for frame in frames], ()):
        survey.look(block)
    return survey


def test_a_capture_with_right_checksums_is_not_offloaded() -> None:
    assert not decision(*[GOOD] * 20).is_offloaded


def test_rare_damage_is_damage() -> None:
    assert not decision(*[GOOD] * 19, BAD).is_offloaded


def test_a_capture_in_which_one_side_is_wrong_is_offloaded() -> None:
    survey = decision(*[GOOD, BAD] * 10)
    assert survey.is_offloaded
    assert "10 of the first 20 checksums are wrong" in str(survey)


def test_a_wrong_ip_header_checksum_and_a_length_of_zero_count() -> None:
    header, zero = bytearray(GOOD), bytearray(GOOD)
    header[24] ^= 1
    zero[16:18] = b"\0\0"
    assert decision(bytes(header)).is_offloaded
    assert decision(bytes(zero)).is_offloaded


@pytest.mark.parametrize("frames", [[], [OTHER], [GOOD[:30]]])
def test_what_has_no_checksum_decides_nothing(frames: list[bytes]) -> None:
    survey = decision(*frames)
    assert not survey.is_offloaded
    assert not survey.is_decided


def test_the_first_packets_decide() -> None:
    assert not decision(*[GOOD] * CHECKED, *[BAD] * CHECKED).is_offloaded
    assert decision(*[OTHER] * LOOKED_AT).is_decided
