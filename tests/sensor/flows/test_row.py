"""The row of a flow: no two of its words share a place, and the hottest lie together."""

from __future__ import annotations

from sensor.flows import row

CONNECTION = (
    "KEY_A_HIGH KEY_A_LOW KEY_B_HIGH KEY_B_LOW KEY_REST SERIAL LAST FLAGS NEXT SEEN LETTERS START"
    " IDLE_AFTER IDLE_AT ATTEMPT_AT EXPIRE_AT LINGER_AT DELETE_AT MISSED FRAME"
)
SIDE = (
    "STATE PREVIOUS CLOSING FIRST_SEQ LAST_SEQ ACK_SEQ POSITION TRIM TOP HELD PACKETS IP_OCTETS"
    " PAYLOAD FIN_SEQ LAST_SYN LAST_FIN LAST_RST RETRANSMITS ZERO_WINDOWS GAPS BAD_CHECKSUMS"
    " HEAD_BYTES"
)
RUN = "NOW FRAMES SERIALS OPEN FREE_ROW USED_ROWS CLOSED_ROWS TIMERS COLUMN BYTES VERIFY PAYLOADS"
LINE = 8  # words of a cache line


def places(names: str) -> list[int]:
    return [getattr(row, name) for name in names.split()]


def test_no_two_words_of_the_connection_share_a_place() -> None:
    words = places(CONNECTION) + list(range(row.HISTORY, row.HISTORY + row.HISTORY_WORDS))
    assert len(set(words)) == len(words)
    assert 0 <= min(words) <= max(words) < row.SIDES


def test_no_two_words_of_a_side_share_a_place() -> None:
    words = places(SIDE)
    assert len(set(words)) == len(words)
    assert 0 <= min(words) <= max(words) < row.SIDE


def test_both_sides_fill_the_row_to_its_end() -> None:
    assert row.SIDES + 2 * row.SIDE == row.WORDS
    assert row.SIDES % LINE == row.SIDE % LINE == 0


def test_what_every_packet_touches_is_in_one_line() -> None:
    hot = places("KEY_A_HIGH KEY_A_LOW KEY_B_HIGH KEY_B_LOW KEY_REST LAST FLAGS")
    assert {word // LINE for word in hot} == {0}


def test_no_two_numbers_of_the_run_share_a_place() -> None:
    words = places(RUN)
    assert len(set(words)) == len(words)
    assert max(words) < row.NUMBERS


def test_flags_are_a_bit_each_and_the_originator_is_the_number_of_a_side() -> None:
    flags = "ORIGINATOR ACTIVE PARTIAL_FLOW SEEN_ORIG SEEN_RESP CLOSE_DEFERRED ROLES_KNOWN"
    for names in (flags, "DID_CLOSE DID_EOF SKIPPING"):
        bits = places(names)
        assert len(set(bits)) == len(bits)
        assert all(bit.bit_count() == 1 for bit in bits)
    assert row.ORIGINATOR == 1


def test_states_are_in_the_order_that_out_of_the_handshake_means_above() -> None:
    order = "INACTIVE SYN_SENT SYN_ACK_SENT PARTIAL ESTABLISHED CLOSED RESET"
    assert places(order) == list(range(7))
