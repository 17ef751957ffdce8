"""What a program in a container wrote, out of the stream that carries it."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers.services.container_streams import TEXT_MAX, said

CHANNELS, BASE64 = b"v4.channel.k8s.io", b"base64.channel.k8s.io"


def frame(stream, data):
    return bytes([stream, 0, 0, 0]) + len(data).to_bytes(4, "big") + data


def message(data, opcode=2, mask=b"", fin=0x80):
    length = len(data)
    wide = length.to_bytes(2, "big") if length > 125 else b""
    octets = bytes(byte ^ mask[at % 4] for at, byte in enumerate(data)) if mask else data
    size = (126 if wide else length) | (0x80 if mask else 0)
    return bytes([fin | opcode, size]) + wide + mask + octets


def spdy(data, stream=1):
    return stream.to_bytes(4, "big") + b"\0" + len(data).to_bytes(3, "big") + data


def test_docker_frames_are_put_together():
    assert said(frame(1, b"uid=0\n") + frame(2, b"oops"), b"", b"tcp") == b"uid=0\noops"


def test_a_terminal_is_told_as_it_is():
    assert said(b"/ # id\r\nuid=0(root)", b"", b"") == b"/ # id\r\nuid=0(root)"


def test_a_frame_that_lies_about_its_length_ends_with_the_stream():
    assert said(b"\1\0\0\0\xff\xff\xff\xffabc", b"", b"") == b"abc"


def test_a_frame_that_is_none_ends_the_stream():
    assert said(frame(1, b"a") + b"\3\0\0\0\0\0\0\1b", b"", b"") == b"a"


def test_standard_channels_are_told_and_no_others():
    octets = b"".join(map(message, (b"\1", b"\1out", b"\2err", b'\3{"status":"Success"}', b"")))
    assert said(octets, CHANNELS, b"websocket") == b"outerr"


def test_what_the_client_masks_is_unmasked():
    octets = message(b"\0id\n", mask=b"abcd") + message(b"\4{}", mask=b"\1\2\3\4")
    assert said(octets, CHANNELS, b"websocket") == b"id\n"


def test_long_and_parted_messages():
    octets = message(b"\1" + b"x" * 200, fin=0) + message(b"y", opcode=0)
    assert said(octets, CHANNELS, b"websocket") == b"x" * 200 + b"y"


def test_base64_channels():
    octets = message(b"1" + base64.b64encode(b"out"), opcode=1) + message(b"3" + b"!!!", opcode=1)
    assert said(octets, BASE64, b"websocket") == b"out"


def test_without_channels_all_data_is_told():
    octets = message(b"abc") + message(b"bye", opcode=8) + message(b"x", fin=0xC0)
    assert said(octets, b"", b"websocket") == b"abc"


def test_spdy_data_is_told_and_control_frames_are_not():
    control = b"\x80\x03\x00\x01\x00\x00\x00\x04head"
    octets = control + spdy(b"out") + spdy(b'{"metadata":{},"status":"Success"}', 3)
    assert said(octets, b"", b"spdy/3.1") == b"out"


def test_what_is_told_is_bounded():
    assert len(said(b"x" * 9000, b"", b"")) == TEXT_MAX


@given(st.binary(max_size=200), st.sampled_from([b"", b"websocket", b"spdy/3.1"]))
def test_no_stream_is_too_odd(octets, upgrade):
    for protocol in (b"", CHANNELS, BASE64):
        assert len(said(octets, protocol, upgrade)) <= TEXT_MAX


@pytest.mark.parametrize("end", range(60))
def test_a_cut_stream_tells_its_beginning(end):
    octets = message(b"\1hello") + message(b"\1" + b"w" * 130)
    whole = said(octets, CHANNELS, b"websocket")
    assert whole.startswith(said(octets[:end], CHANNELS, b"websocket"))
