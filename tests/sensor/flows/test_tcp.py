"""TCP: the states, histories and figures that classic conversations have.

What is expected is Zeek's: conn_state, history letters and byte counts as its documentation and
its TCPSessionAdapter.cc have them, each conversation thought through by hand.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from tests.frames import (
    CLIENT,
    CLIENT6,
    SERVER,
    SERVER6,
    Talk,
    flow,
    flows,
    in_order,
)

WRAP = 2**32
SIDES = ("orig", "resp")


def closed(talk: Talk) -> Talk:
    """Both sides' FINs, and the last ACK."""
    return talk.client("FA").server("FA").client("A")


def hello(talk: Talk) -> Talk:
    """Five bytes there, three back, each acknowledged."""
    return talk.client("PA", b"12345").server("A").server("PA", b"123").client("A")


# Name: the conversation, its state, its history, payload bytes of client and server.
Case = tuple[Callable[[Talk], Any], str, str, int, int]
CASES: dict[str, Case] = {
    "handshake alone": (lambda t: t.handshake(), "S1", "ShA", 0, 0),
    "without the last ACK": (lambda t: t.client("S").server("SA"), "S1", "Sh", 0, 0),
    "all of it": (lambda t: closed(hello(t.handshake())), "SF", "ShADadFf", 5, 3),
    "without data": (lambda t: closed(t.handshake()), "SF", "ShAFf", 0, 0),
    "server closes first": (
        lambda t: hello(t.handshake()).server("FA").client("FA").server("A"),
        "SF", "ShADadfF", 5, 3,
    ),
    "data with the FIN": (
        lambda t: t.handshake().client("FPA", b"12345").server("FA", b"123").client("A"),
        "SF", "ShAFf", 5, 3,
    ),
    "data with the SYN": (
        # Zeek takes the data of a SYN for sent before: it sets the end of the segment as the start.
        lambda t: closed(t.client("S", b"fast").server("SA").client("A")), "SF", "SThAFf", 4, 0,
    ),
    "tried twice": (lambda t: t.client("S").client("S", seq=1000), "S0", "S", 0, 0),
    "refused": (lambda t: t.client("S").server("RA", seq=0), "REJ", "Sr", 0, 0),
    "refused after two tries": (
        lambda t: t.client("S").client("S", seq=1000).server("RA", seq=0), "REJ", "Sr", 0, 0,
    ),
    "reset by the client": (
        lambda t: hello(t.handshake()).client("RA"), "RSTO", "ShADadR", 5, 3,
    ),
    "reset by the server": (
        lambda t: hello(t.handshake()).server("RA"), "RSTR", "ShADadr", 5, 3,
    ),
    "half-open scan": (lambda t: t.client("S").server("SA").client("R"), "RSTO", "ShR", 0, 0),
    "SYN and RST": (lambda t: t.client("S").client("R"), "RSTOS0", "SR", 0, 0),
    "SYN, ACK and RST": (lambda t: t.client("S").client("A").client("R"), "OTH", "SAR", 0, 0),
    "SYN and FIN": (lambda t: t.client("S").client("FA", ack=1), "SH", "SF", 0, 0),
    "reset from both sides, without data": (
        lambda t: t.handshake().client("R").server("R"), "REJ", "ShARr", 0, 0,
    ),
    "reset from both sides, with data": (
        lambda t: hello(t.handshake()).client("R").server("R"), "RSTR", "ShADadRr", 5, 3,
    ),
    "client closes its half": (
        lambda t: t.handshake().client("FA").server("A").server("PA", b"123").client("A"),
        "S2", "ShAFad", 0, 3,
    ),
    "server closes its half": (
        lambda t: t.handshake().server("FA").client("A").client("PA", b"12345").server("A"),
        "S3", "ShAfDa", 5, 0,
    ),
    "RST after both FINs": (
        lambda t: closed(hello(t.handshake())).client("R"), "SF", "ShADadFfR", 5, 3,
    ),
    "client's RST after its FIN": (
        lambda t: hello(t.handshake()).client("FA").client("R"), "RSTO", "ShADadFR", 5, 3,
    ),
    "server's RST after the client's FIN": (
        lambda t: hello(t.handshake()).client("FA").server("R"), "RSTR", "ShADadFr", 5, 3,
    ),
    "client's FIN, its RST, then the server's FIN": (
        lambda t: t.handshake().client("FA").client("R").server("FA"), "SF", "ShAFRf", 0, 0,
    ),
    "seen from the middle": (
        lambda t: t.client("PA", b"12345").server("A").server("PA", b"123").client("A"),
        "OTH", "DadA", 5, 3,
    ),
    "client's FIN from the middle": (
        lambda t: t.client("PA", b"12345").server("A").client("FA"), "SH", "DaF", 5, 0,
    ),
    "server's FIN from the middle": (
        lambda t: t.client("PA", b"12345").server("PA", b"123").server("FA"), "SHR", "Ddf", 5, 3,
    ),
    "both FINs from the middle": (
        lambda t: closed(t.client("PA", b"12345").server("A")), "SF", "DaFfA", 5, 0,
    ),
    "only FINs": (lambda t: t.client("FA").server("FA"), "SF", "Ff", 0, 0),
    "server's RST from the middle": (
        lambda t: t.client("PA", b"12345").server("R"), "RSTRH", "Dr", 5, 0,
    ),
    "client's RST from the middle": (
        lambda t: t.client("PA", b"12345").server("A").client("R"), "OTH", "DaR", 5, 0,
    ),
    "a RST alone": (lambda t: t.client("R"), "OTH", "R", None, None),
    "server acknowledges before it answers": (
        lambda t: t.client("S").server("A", seq=0).server("SA").client("A"), "S1", "SahA", 0, 0,
    ),
    "seen after the SYN": (
        lambda t: hello(t.client("S", lost=True).server("SA").client("A")), "OTH", "^hADad", 5, 3,
    ),
    "seen after the SYN, data first": (
        lambda t: t.client("S", lost=True).server("SA").client("PA", b"12345").server("A"),
        "OTH", "^hDa", 5, 0,
    ),
    "SYN-ACK, then the server goes on": (
        lambda t: t.client("S", lost=True).server("SA").server("PA", b"123").client("A"),
        "OTH", "^hdA", 0, 3,
    ),
    "SYN-ACK before its SYN": (
        lambda t: closed(t.server("SA", ack=1001).client("S").client("A")), "SF", "Hs^AFf", 0, 0,
    ),
    "SYN-ACK of which the client's side is missing": (
        lambda t: t.client("S").client("A", lost=True).server("SA").server("PA", b"123"),
        "S1", "Shd", 0, 3,
    ),
    "SYN and FIN in one": (lambda t: t.client("SF").client("A"), "SH", "QA", 0, 0),
    "FIN and RST in one": (
        lambda t: t.handshake().client("FRA").client("FRA"), "RSTO", "ShAI", 0, 0,
    ),
    "all flags": (lambda t: t.client("SFRPAU"), "OTH", "I", None, None),
    "no flags": (lambda t: t.client("").client(""), "OTH", None, 0, 0),
    "a FIN twice": (
        lambda t: t.handshake().client("FA").client("FA", seq=1001), "S2", "ShAF", 0, 0,
    ),
    "a FIN at another place": (
        lambda t: t.handshake().client("FA").client("FA", seq=1006), "S2", "ShAFF", 5, 0,
    ),
    "a RST at another place": (
        lambda t: t.handshake().client("R").client("R", seq=1006), "RSTO", "ShARR", 0, 0,
    ),
}  # fmt: skip


def check(row: dict[str, Any], talk: Talk, case: Case) -> None:
    _, state, history, sent, received = case
    assert (row["orig_h"], row["orig_p"], row["resp_h"], row["resp_p"]) == talk.ends[0]
    assert (row["conn_state"], row["history"]) == (state, history)
    assert (row["orig_bytes"], row["resp_bytes"]) == (sent, received)
    assert row["missed_bytes"] == 0
    for side, ends in zip(SIDES, talk.ends, strict=True):
        port = ends[1].to_bytes(2)
        start = 54 if ":" in ends[0] else 34
        sent_by = [one.data for one in talk.packets if one.data[start : start + 2] == port]
        assert row[f"{side}_pkts"] == len(sent_by)
        assert row[f"{side}_ip_bytes"] == sum(len(data) - 14 for data in sent_by)


@pytest.mark.parametrize("name", CASES)
def test_conversations(name: str) -> None:
    talk = Talk()
    CASES[name][0](talk)
    check(flow(talk.packets), talk, CASES[name])


@pytest.mark.parametrize(
    "hosts", [(SERVER, CLIENT), (CLIENT6, SERVER6), (SERVER6, CLIENT6), (CLIENT, CLIENT)]
)
def test_conversations_at_one_time_between_any_addresses(hosts: tuple[str, str]) -> None:
    talks = {}
    for port, name in enumerate(CASES, 40000):
        talks[name] = Talk((hosts[0], port, hosts[1], 9999))
        CASES[name][0](talks[name])
    rows = flows(in_order(*(talk.packets for talk in talks.values())))
    by_port = {row["orig_p"]: row for row in rows}
    assert len(rows) == len(by_port) == len(CASES)
    for name, talk in talks.items():
        check(by_port[talk.ends[0][1]], talk, CASES[name])


@pytest.mark.parametrize("first", [(WRAP - 1, WRAP - 2), (WRAP - 3, WRAP - 7), (0, WRAP - 1)])
def test_sequence_numbers_may_wrap_anywhere(first: tuple[int, int]) -> None:
    row = flow(closed(hello(Talk(first=first).handshake())).packets)
    assert (row["conn_state"], row["history"]) == ("SF", "ShADadFf")
    assert (row["orig_bytes"], row["resp_bytes"], row["missed_bytes"]) == (5, 3, 0)


@pytest.mark.parametrize("first", [0, WRAP // 2, WRAP - 1000])
def test_more_than_four_gibibytes_are_counted(first: int) -> None:
    talk = Talk(first=(first, 5), gap=0.001).handshake()
    for _ in range(5):
        talk.following[0] += 2**30 - 1
        talk.client("A", b"x").server("A")
    row = flow(closed(talk).packets)
    assert (row["orig_bytes"], row["conn_state"]) == (5 * 2**30, "SF")


def test_gaps_are_counted_beyond_four_gibibytes() -> None:
    # From a start shortly before the wrap: without one Zeek sees no further than 2 GiB.
    talk = Talk(first=(WRAP - 1000, 5), gap=0.001).handshake()
    for _ in range(5):  # acknowledged, never seen: a GiB each
        talk.following[0] += 2**30
        talk.server("A")
    row = flow(closed(talk).packets)
    assert (row["orig_bytes"], row["missed_bytes"]) == (5 * 2**30, 5 * 2**30)
    assert (row["conn_state"], row["history"]) == ("SF", "ShAaGFf")


def test_what_follows_the_closing_of_both_sides_counts_but_does_not_last() -> None:
    talk = hello(Talk().handshake()).client("FA").server("FA")
    until = talk.packets[-1].time - talk.packets[0].time
    talk.client("A", after=1).client("A", after=1).server("R", after=1)
    row = flow(talk.packets)
    assert row["duration"] == timedelta(microseconds=until / 1000)
    assert (row["orig_pkts"], row["resp_pkts"]) == (4 + 1 + 2, 3 + 1 + 1)


def test_a_reset_closes_one_side_and_the_other_still_lasts() -> None:
    talk = hello(Talk().handshake()).client("R").server("PA", b"123", after=1)
    row = flow(talk.packets)
    assert row["duration"] == timedelta(microseconds=(talk.now - talk.packets[0].time) / 1000)


@pytest.mark.parametrize("copies", [1, 9, 10, 99, 100])
def test_retransmissions_are_noted_at_powers_of_ten(copies: int) -> None:
    talk = Talk(gap=0.001).handshake().client("PA", b"12345")
    for _ in range(copies):
        talk.client("PA", b"12345", seq=1001)
    row = flow(talk.packets)
    assert row["history"] == "ShAD" + "T" * len(str(copies))
    assert (row["orig_bytes"], row["orig_pkts"]) == (5, 3 + copies)


def test_each_side_has_its_own_retransmissions() -> None:
    talk = Talk().handshake().client("PA", b"12345").client("PA", b"12345", seq=1001)
    talk.server("PA", b"123").server("PA", b"123", seq=500_001)
    assert flow(talk.packets)["history"] == "ShADTdt"


def test_a_keep_alive_and_a_segment_out_of_order_count_as_retransmissions() -> None:
    keep_alive = Talk().handshake().client("PA", b"12345").client("A", b"5", seq=1005)
    assert flow(keep_alive.packets)["history"] == "ShADT"
    late = Talk().handshake().client("PA", b"678", seq=1006).client("PA", b"12345")
    row = flow(late.packets)
    assert (row["history"], row["orig_bytes"]) == ("ShADT", 8)


def test_segments_that_go_further_or_carry_nothing_are_no_retransmissions() -> None:
    talk = Talk().handshake().client("PA", b"12345").client("PA", b"4567", seq=1004)
    talk.client("A", seq=1001).client("A", seq=1003)
    row = flow(talk.packets)
    assert (row["history"], row["orig_bytes"]) == ("ShAD", 7)


def test_nothing_after_a_reset_counts_as_a_retransmission() -> None:
    talk = Talk().handshake().client("PA", b"12345").client("R").client("PA", b"12345", seq=1001)
    assert flow(talk.packets)["history"] == "ShADR"


@pytest.mark.parametrize("times", [1, 10, 12, 100])
def test_zero_windows_are_noted_at_powers_of_ten(times: int) -> None:
    talk = Talk(gap=0.001).handshake().client("PA", b"12345")
    for _ in range(times):
        talk.server("A", window=0)
    assert flow(talk.packets)["history"] == "ShADa" + "w" * len(str(times))


def test_a_window_of_zero_is_no_news_with_or_after_a_reset_or_after_the_peers_fin() -> None:
    assert flow(Talk().handshake().client("R", window=0).packets)["history"] == "ShAR"
    after = Talk().handshake().client("R").client("A", window=0)
    assert flow(after.packets)["history"] == "ShAR"
    fin = Talk().handshake().client("FA").server("A", window=0)
    assert flow(fin.packets)["history"] == "ShAFa"
    own = Talk().handshake().client("FA").client("A", window=0)
    assert flow(own.packets)["history"] == "ShAFW"


def test_a_gap_is_what_the_peer_acknowledges_and_was_never_seen() -> None:
    talk = Talk().handshake().client("PA", bytes(100), lost=True).client("PA", bytes(50))
    talk.server("A")
    row = flow(talk.packets)
    assert (row["history"], row["missed_bytes"]) == ("ShADaG", 100)
    assert (row["orig_bytes"], row["orig_pkts"], row["conn_state"]) == (150, 3, "S1")


def test_gaps_of_both_sides_are_added_and_noted_for_each() -> None:
    talk = Talk().handshake().client("PA", bytes(100), lost=True).server("A")
    talk.server("PA", bytes(20), lost=True).client("A")
    row = flow(talk.packets)
    assert (row["history"], row["missed_bytes"]) == ("ShAaGg", 120)


@pytest.mark.parametrize("gaps", [2, 10, 11, 100])
def test_gaps_are_noted_at_powers_of_ten(gaps: int) -> None:
    talk = Talk(gap=0.001).handshake()
    for _ in range(gaps):
        talk.client("PA", bytes(7), lost=True).client("PA", bytes(3)).server("A")
    row = flow(talk.packets)
    assert row["history"] == "ShADa" + "G" * len(str(gaps))
    assert (row["missed_bytes"], row["orig_bytes"]) == (7 * gaps, 10 * gaps)


def test_several_holes_below_one_acknowledgement_are_several_gaps() -> None:
    talk = Talk(gap=0.001).handshake()
    for _ in range(10):
        talk.client("PA", bytes(7), lost=True).client("PA", bytes(3))
    row = flow(talk.server("A").packets)
    assert (row["history"], row["missed_bytes"]) == ("ShADaGG", 70)


def test_a_hole_that_nobody_acknowledged_is_no_gap() -> None:
    talk = Talk().handshake().client("PA", bytes(100), lost=True).client("PA", bytes(50))
    row = flow(talk.server("A", ack=1001).packets)
    assert (row["history"], row["missed_bytes"], row["orig_bytes"]) == ("ShADa", 0, 150)


def test_a_hole_that_was_filled_before_it_was_acknowledged_is_no_gap() -> None:
    talk = Talk().handshake().client("PA", bytes(100), lost=True).client("PA", bytes(50))
    talk.client("PA", bytes(100), seq=1001).server("A")
    row = flow(talk.packets)
    assert (row["history"], row["missed_bytes"], row["orig_bytes"]) == ("ShADTa", 0, 150)


def test_a_gap_that_a_reset_reveals_is_not_reported() -> None:
    talk = Talk().handshake().client("PA", bytes(100), lost=True).server("RA")
    row = flow(talk.packets)
    assert (row["history"], row["missed_bytes"]) == ("ShAr", 0)


def test_a_gap_that_a_fin_reveals_is_reported_and_a_fin_is_not_of_the_gap() -> None:
    talk = Talk().handshake().client("PA", bytes(100), lost=True).server("FA").client("FA")
    row = flow(talk.server("A").packets)
    assert (row["history"], row["missed_bytes"]) == ("ShAfGFa", 100)
    late = Talk().handshake().client("FA").server("A")
    assert flow(late.packets)["missed_bytes"] == 0


def test_a_conversation_seen_from_the_middle_reports_no_gaps() -> None:
    talk = Talk().client("PA", b"1").server("A").client("PA", bytes(100), lost=True).server("A")
    row = flow(talk.packets)
    assert (row["history"], row["missed_bytes"], row["orig_bytes"]) == ("Da", 0, 101)


def test_payload_that_the_capture_cut_off_was_not_seen() -> None:
    talk = Talk().handshake().client("PA", bytes(100)).server("A")
    packets = [one._replace(data=one.data[:60], wire=len(one.data)) for one in talk.packets]
    row = flow(packets)
    assert (row["history"], row["missed_bytes"]) == ("ShADaG", 100)
    assert (row["orig_bytes"], row["orig_ip_bytes"]) == (100, 3 * 40 + 100)


def test_data_that_was_acknowledged_but_not_seen_counts() -> None:
    talk = Talk().handshake().client("PA", bytes(100), lost=True).server("A")
    assert flow(talk.packets)["orig_bytes"] == 100


def test_the_acknowledgement_of_a_reset_does_not_count() -> None:
    talk = Talk().handshake().server("RA", ack=9000)
    assert flow(talk.packets)["orig_bytes"] == 0


def test_of_an_attempt_that_was_given_up_no_acknowledgement_is_believed() -> None:
    # An ACK of something else leaves the server inactive; then the client gives up.
    talk = Talk().client("S").server("A", seq=0, ack=5000)
    assert flow(talk.packets)["orig_bytes"] == 3999
    row = flow(talk.client("R").packets)
    assert (row["conn_state"], row["history"], row["orig_bytes"]) == ("RSTOS0", "SaR", 0)


def test_payload_of_a_reset_does_not_count() -> None:
    talk = Talk().handshake().server("RA", b"go away")
    row = flow(talk.packets)
    assert (row["resp_bytes"], row["resp_ip_bytes"]) == (0, 2 * 40 + 7)


@pytest.mark.parametrize(("jump", "counted"), [(2**20, 2**20), (2**20 + 1, 0)])
def test_a_resets_jump_of_more_than_a_mebibyte_is_not_believed(jump: int, counted: int) -> None:
    talk = Talk().handshake().client("R", seq=1001 + jump)
    assert flow(talk.packets)["orig_bytes"] == counted


def test_an_acknowledgement_of_zero_far_away_is_not_believed() -> None:
    talk = Talk(first=(WRAP - 2**21, 5)).handshake().server("A", ack=0)
    assert flow(talk.packets)["orig_bytes"] == 0
    near = Talk(first=(WRAP - 2**10, 5)).handshake().server("A", ack=0)
    assert flow(near.packets)["orig_bytes"] == 2**10 - 1


def test_a_syn_of_another_number_is_another_connection() -> None:
    talk = Talk().client("S").client("S", seq=7000)
    assert [(row["conn_state"], row["orig_pkts"]) for row in flows(talk.packets)] == [("S0", 1)] * 2


def test_a_syn_of_the_same_number_stays_in_the_connection() -> None:
    talk = Talk().handshake().client("S", seq=1000)
    assert [row["orig_pkts"] for row in flows(talk.packets)] == [3]


def test_a_port_that_is_used_again_is_a_new_connection() -> None:
    talk = closed(hello(Talk().handshake()))
    again = Talk(first=(80_000, 90_000), start=talk.now + 1).handshake()
    one, other = flows(talk.packets + again.packets)
    assert (one["conn_state"], one["history"], one["orig_pkts"]) == ("SF", "ShADadFf", 6)
    assert (other["conn_state"], other["history"], other["orig_pkts"]) == ("S1", "ShA", 2)
    assert other["frame"] == len(talk.packets) + 1


def test_a_syn_after_one_side_closed_is_a_new_connection_whatever_its_number() -> None:
    talk = Talk().handshake().client("FA").server("A").client("S", seq=1000)
    assert [row["conn_state"] for row in flows(talk.packets)] == ["S2", "S0"]


def test_a_syn_in_the_middle_of_an_open_connection_begins_another() -> None:
    talk = hello(Talk().handshake()).client("S", seq=77_000)
    assert [row["conn_state"] for row in flows(talk.packets)] == ["S1", "S0"]


def test_a_syn_ack_does_not_begin_another_connection_unless_the_originator_is_unknown() -> None:
    talk = Talk().client("S").server("SA").server("SA", seq=700_000)
    assert len(flows(talk.packets)) == 1
    # Port 80: the client is the originator from the first, and has not been seen.
    talk = Talk((CLIENT, 40000, SERVER, 80)).server("SA").server("SA", seq=700_000)
    rows = flows(talk.packets)
    assert [(row["conn_state"], row["history"]) for row in rows] == [("OTH", "^h")] * 2


def test_two_syns_that_cross_are_two_attempts_of_which_the_second_succeeds() -> None:
    talk = Talk().client("S").server("S")
    talk.client("SA", seq=1000, ack=500_001).server("SA", seq=500_000, ack=1001)
    one, other = flows(talk.packets)
    assert (one["conn_state"], one["history"], one["orig_h"]) == ("S0", "S", CLIENT)
    assert (other["conn_state"], other["history"], other["orig_h"]) == ("S1", "Sh", SERVER)


def test_two_syns_that_cross_with_one_number_are_a_simultaneous_open() -> None:
    talk = Talk(first=(1000, 1000)).client("S").server("S").client("A").server("A")
    row = flow(talk.packets)
    assert (row["conn_state"], row["history"], row["orig_h"]) == ("S1", "SsAa", CLIENT)


def test_a_syn_ack_alone_is_of_its_sender() -> None:
    row = flow(Talk().server("SA", ack=1).server("SA", seq=500_000, ack=1).packets)
    assert (row["orig_h"], row["conn_state"], row["history"]) == (SERVER, "OTH", "H")


def test_a_syn_ack_that_is_reset_was_not_asked_for() -> None:
    row = flow(Talk().server("SA", ack=1).client("R", seq=1).packets)
    assert (row["orig_h"], row["conn_state"], row["history"]) == (SERVER, "REJ", "Hr")


def test_a_wrong_checksum_leaves_a_letter_and_counts_nowhere() -> None:
    talk = Talk().handshake().client("PA", b"12345", wrong=1).client("PA", b"12345", seq=1001)
    row = flow(talk.packets, verify=True)
    assert (row["history"], row["orig_pkts"], row["orig_bytes"]) == ("ShACD", 3, 5)
    ignored = flow(talk.packets)
    assert (ignored["history"], ignored["orig_pkts"]) == ("ShADT", 4)


def test_a_wrong_checksum_alone_is_a_flow_of_nothing() -> None:
    row = flow(Talk().client("S", wrong=1).packets, verify=True)
    assert (row["history"], row["conn_state"]) == ("C", "OTH")
    assert (row["orig_pkts"], row["orig_ip_bytes"], row["duration"]) == (0, 0, None)
    assert row["payload_sizes"] == []


def test_wrong_checksums_are_noted_at_powers_of_ten_for_each_side() -> None:
    talk = Talk(gap=0.001).handshake()
    for _ in range(10):
        talk.client("PA", b"12345", wrong=1)
    talk.server("PA", b"123", wrong=1)
    assert flow(talk.packets, verify=True)["history"] == "ShACCc"
