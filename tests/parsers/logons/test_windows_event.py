from __future__ import annotations

import json

import pytest

from parsers.logons.message import Unreadable
from parsers.logons.windows_event import DEEPEST, read

AT = 1_700_000_000_123_456_700
XML = (
    '<Event xmlns="http://schemas.microsoft.com/win/2004/08/events/event"><System><Provider '
    'Name="Microsoft-Windows-Security-Auditing" Guid="{g}"/><EventID Qualifiers="0">4625</EventID>'
    '<TimeCreated SystemTime="2023-11-14T22:13:20.1234567Z"/><Channel>Security</Channel>'
    "<Computer>pc1</Computer></System><EventData><Data Name='TargetUserName'>a &amp; b</Data>"
    "<Data Name='LogonType'>10</Data></EventData></Event>"
)
RECORD = {
    "Event": {
        "System": {
            "Provider": {"#attributes": {"Name": "Microsoft-Windows-Security-Auditing"}},
            "EventID": {"#attributes": {"Qualifiers": 0}, "#text": 4625},
            "TimeCreated": {"#attributes": {"SystemTime": "2023-11-14T22:13:20.1234567Z"}},
            "Channel": "Security",
            "Computer": "pc1",
        },
        "EventData": {"TargetUserName": "a & b", "LogonType": 10},
    }
}
WINLOGBEAT = {
    "@timestamp": "2023-11-14T22:13:20.1234567Z",
    "winlog": {
        "provider_name": "Microsoft-Windows-Security-Auditing",
        "event_id": "4625",
        "channel": "Security",
        "computer_name": "pc1",
        "event_data": {"TargetUserName": "a & b", "LogonType": "10"},
    },
}
DOTTED = {
    "@timestamp": "2023-11-14T22:13:20.1234567Z",
    "winlog.provider_name": "Microsoft-Windows-Security-Auditing",
    "winlog.event_id": 4625,
    "winlog.channel": "Security",
    "winlog.computer_name": "pc1",
    "winlog.event_data.TargetUserName": "a & b",
    "winlog.event_data.LogonType": "10",
}
NXLOG = {
    "EventTime": "2023-11-14T22:13:20.1234567Z",
    "SourceName": "Microsoft-Windows-Security-Auditing",
    "EventID": 4625,
    "Channel": "Security",
    "Hostname": "pc1",
    "TargetUserName": "a & b",
    "LogonType": "10",
}
FORMS = [XML, *map(json.dumps, (RECORD, WINLOGBEAT, DOTTED, NXLOG))]


@pytest.mark.parametrize("text", FORMS, ids=["xml", "record", "winlogbeat", "dotted", "nxlog"])
def test_every_form_says_the_same(text):
    event = read(text)
    assert (event.ts, event.zoned, event.number, event.host, event.channel) == (
        AT, True, 4625, "pc1", "Security",
    )  # fmt: skip
    assert event.provider == "Microsoft-Windows-Security-Auditing"
    assert (event.data["TargetUserName"], event.data["LogonType"]) == ("a & b", "10")


def test_a_time_without_a_zone_says_so():
    assert not read(json.dumps(NXLOG | {"EventTime": "2023-11-14 22:13:20"})).zoned


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", "broken_json"),
        ("[1]", "event_without_id"),
        ('{"EventID": "x"}', "event_without_id"),
        ("<Event><System>", "broken_xml"),
        ('<!DOCTYPE x [<!ENTITY a "b">]><Event/>', "xml_with_document_type"),
        ("<a>" * 99, "xml_too_deep"),
        ("<Event/>", "event_without_id"),
    ],
)
def test_what_is_no_event(text, reason):
    with pytest.raises(Unreadable, match=reason):
        read(text)


def test_depth_of_json_is_bounded():
    deep = '{"a":' * (DEEPEST + 5) + '{"EventID":1}' + "}" * (DEEPEST + 5)
    with pytest.raises(Unreadable, match="event_without_id"):
        read(deep)
    with pytest.raises(Unreadable, match="broken_json"):
        read('{"a":' * 100_000)
