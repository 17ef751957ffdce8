from __future__ import annotations

import io
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers.logons import evtx, windows
from parsers.logons.message import Message, Unreadable

ONE = "<Event xmlns='x'><System><EventID>1</EventID></System>\n</Event>"
TWO = "<Event><System><EventID>2</EventID></System></Event>"


def texts(octets: bytes) -> list[str]:
    return [
        str(each) if isinstance(each, Unreadable) else each.text
        for each in evtx.of_xml(io.BytesIO(octets))
    ]


def test_events_are_found_in_any_layout():
    text = f'<?xml version="1.0"?>\n<Events>\n{ONE}{TWO}\n\n{TWO}</Events>'
    assert texts(text.encode()) == [ONE, TWO, TWO]
    lines = [each.line for each in evtx.of_xml(io.BytesIO(text.encode()))]
    assert lines == [3, 4, 6]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_encodings(encoding):
    assert texts(f"{ONE}\r\n{TWO}".encode(encoding)) == [ONE, TWO]


@given(st.integers(1, 40))
def test_pieces_of_any_size_give_the_same(size):
    before, evtx.PIECE = evtx.PIECE, size
    try:
        assert texts(f"<Events>{ONE} {TWO}".encode()) == [ONE, TWO]
    finally:
        evtx.PIECE = before


def test_an_event_without_an_end():
    assert texts(TWO.encode() + b"<Event >" + b"a" * 100) == [TWO, "event_cut_off"]
    huge = b"<Event >" + b"a" * (evtx.LONGEST_EVENT + evtx.PIECE) + b"</Event>" + TWO.encode()
    assert texts(huge) == ["event_too_long", TWO]


@given(st.binary(max_size=200))
def test_random_bytes_raise_nothing(octets):
    texts(octets)
    texts(ONE.encode() + octets)


def test_a_file_that_is_none_is_said_to_be_none(tmp_path):
    pytest.importorskip("evtx")
    path = tmp_path / "Security.evtx"
    for octets in (b"", b"ElfFile\0", b"x" * 5000):
        path.write_bytes(octets)
        assert [str(each) for each in evtx.of_evtx(path)] in ([], ["no_event_log"])


@pytest.mark.shared
@pytest.mark.parametrize(
    ("name", "logons"),
    [
        ("DE_RDP_Tunneling_4624", 3),
        ("ID1149-RDP_success_logins_to_multiple_hosts", 11),
        ("ID4625-failed_login_with_denied_access_due_to_account_restriction", 2),
        ("ID4768-4771-Kerberos_user_enumeration__Kerbrute_", 42),
        ("ID131-RDP_brutforce__no_user_info_", 0),
    ],
)
def test_real_files(shared, name, logons):
    pytest.importorskip("evtx")
    path = shared / "corpus" / "auth-logs" / "evtx" / f"{name}.evtx"
    reader = windows.Reader()
    messages = [each for each in evtx.of_evtx(path) if isinstance(each, Message)]
    assert all(map(windows.is_of, messages))
    assert sum(len(reader.read(each)) for each in messages) == logons
    assert all(before.line != after.line for before, after in pairwise(messages))


@pytest.mark.shared
def test_a_damaged_file_gives_what_can_be_read(shared, tmp_path):
    pytest.importorskip("evtx")
    whole = (shared / "corpus/auth-logs/evtx/DE_RDP_Tunneling_4624.evtx").read_bytes()
    path = tmp_path / "damaged.evtx"
    for at in range(0, 20_000, 397):
        octets = bytearray(whole)
        octets[at] ^= 0xFF
        path.write_bytes(octets)
        assert len(list(evtx.of_evtx(path))) <= 100
        path.write_bytes(whole[:at])
        list(evtx.of_evtx(path))
