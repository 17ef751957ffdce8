"""What is remembered of lines before."""

from __future__ import annotations

from parsers.logons.message import Message
from parsers.logons.remembered import LIMIT, WINDOW, Recent, Remembered


def at(ts):
    return Message(ts, "", "", None, "", 1)


def test_the_oldest_makes_room():
    found = Remembered()
    assert [found.add(number, number) for number in range(LIMIT)] == [None] * LIMIT
    found.add(0, 0)
    assert found.add(LIMIT, LIMIT) == 1
    assert len(found) == LIMIT


def test_a_client_is_the_one_there_can_be():
    recent = Recent()
    assert recent.only(at(0)).address is None
    recent.begin(at(0), "192.0.2.1", "1")
    assert recent.only(at(1)).port == "1"
    recent.begin(at(0), "192.0.2.1", "2")
    assert (recent.only(at(1)).address, recent.only(at(1)).port) == ("192.0.2.1", None)
    recent.begin(at(2), "192.0.2.2", "1")
    assert recent.only(at(2)).address is None
    recent.end(recent.only(at(WINDOW + 1)))
    assert recent.only(at(WINDOW + 1)).address is None


def test_a_client_of_long_ago_is_none():
    recent = Recent()
    recent.begin(at(0), "192.0.2.1", "1")
    recent.begin(at(WINDOW), "192.0.2.2", "1")
    assert recent.only(at(WINDOW + 1)).address == "192.0.2.2"
