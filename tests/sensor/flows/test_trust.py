"""Which counters are relied on, and where Zeek's answer is not ours."""

from __future__ import annotations

from tests.frames import CLIENT, SERVER, Packet, conn, tcp

SECOND = 1_000_000_000
VNC = (SERVER, 5900, CLIENT, 40000)
ENDS = (CLIENT, 40000, SERVER, 5900)
BACK = (SERVER, 5900, CLIENT, 40000)


def packets(*frames: bytes) -> list[Packet]:
    return [Packet(SECOND * (1 + n), frame) for n, frame in enumerate(frames)]


def handshake() -> list[bytes]:
    return [tcp(ENDS, "S", 100), tcp(BACK, "SA", 500, 101), tcp(ENDS, "A", 101, 501)]


def test_a_vnc_server_seen_from_the_middle_is_the_responder() -> None:
    middle = packets(tcp(BACK, "PA", 500, 100, b"hello"), tcp(ENDS, "A", 100, 505))
    (zeek,) = conn(middle).to_dicts()
    (ours,) = conn(middle, zeek_compat=False).to_dicts()
    assert (zeek["resp_p"], zeek["history"]) == (40000, "Da")
    assert (ours["resp_p"], ours["history"]) == (5900, "^dA")


def test_a_bogus_acknowledgement_counts_as_bytes_for_zeek_alone() -> None:
    bogus = packets(
        *handshake(), tcp(ENDS, "PA", 101, 501, b"12345"), tcp(BACK, "A", 501, 9_000_000)
    )
    (zeek,) = conn(bogus).to_dicts()
    (ours,) = conn(bogus, zeek_compat=False).to_dicts()
    assert (zeek["orig_bytes"], ours["orig_bytes"]) == (9_000_000 - 101, 5)
    assert (ours["missed_bytes"], ours["counters_trusted"]) == (0, False)
    assert ours["counters_doubt"] == "bogus_ack"


def test_another_syn_inside_the_connection_makes_the_counters_doubtful() -> None:
    again = packets(*handshake(), tcp(BACK, "SA", 7_000, 101), tcp(ENDS, "A", 101, 7_001))
    (row,) = conn(again).to_dicts()
    assert (row["counters_trusted"], row["counters_doubt"]) == (False, "restarted")


def test_a_conversation_of_which_one_side_was_seen_is_doubtful() -> None:
    one = packets(tcp(ENDS, "S", 100), tcp(ENDS, "A", 101, 501), tcp(ENDS, "A", 101, 900))
    (row,) = conn(one).to_dicts()
    assert row["resp_pkts"] == 0
    assert (row["counters_trusted"], row["counters_doubt"]) == (False, "one_sided")


def test_an_ordinary_connection_is_trusted() -> None:
    whole = packets(*handshake(), tcp(ENDS, "PA", 101, 501, b"12345"), tcp(BACK, "A", 501, 106))
    (row,) = conn(whole).to_dicts()
    assert (row["counters_trusted"], row["counters_doubt"]) == (True, None)


def test_a_port_that_does_not_answer_is_no_doubt() -> None:
    (row,) = conn(packets(tcp(ENDS, "S", 100))).to_dicts()
    assert row["counters_trusted"]
