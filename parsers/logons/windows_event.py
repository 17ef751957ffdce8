"""An event of Windows, in whichever form it was exported.

XML, as wevtutil, Event Viewer and Windows Event Forwarding write it (MS-EVEN6 2.2.13, schema
`http://schemas.microsoft.com/win/2004/08/events/event`), and JSON in three shapes: of the record
(evtx_dump), of Winlogbeat (`winlog`, also with dots in its keys), and flat (NXLog).

Confirmed: records of EVTX, NXLog. Unconfirmed, from documentation: Winlogbeat.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from xml.parsers import expat

import msgspec

from parsers.logons.message import Unreadable
from parsers.logons.own_times import epoch, iso

DEEPEST = 16
VALUES_AT_MOST = 512
LONGEST_VALUE = 4096

PROVIDERS = ("Provider.Name", "provider_name", "SourceName", "ProviderName")
NUMBERS = ("EventID", "event_id", "EventID.#text")
CHANNELS = ("Channel", "channel")
HOSTS = ("Computer", "computer_name", "Hostname", "host.name")
TIMES = ("TimeCreated.SystemTime", "@timestamp", "EventTime", "EventReceivedTime")


@dataclass(frozen=True, slots=True)
class Event:
    """What an event says.

    ts: ns since 1970; zoned: whether its time says its zone. number: the EventID.
    data: what is particular to the event, by the names of its template.
    """

    ts: int | None
    zoned: bool
    provider: str
    channel: str
    number: int
    host: str
    data: Mapping[str, str]


def read(text: str) -> Event:
    """Read an event of XML or JSON; raises Unreadable."""
    return of_values(_of_xml(text) if text.startswith("<") else _of_json(text))


def of_values(values: Mapping[str, str]) -> Event:
    """Make an event of values by the names of their places, with dots between."""
    number = _first(values, NUMBERS)
    if not (number.isascii() and number.isdigit()):
        raise Unreadable("event_without_id")
    stamp = _first(values, TIMES)
    at, zoned = iso(stamp)
    if at is None:
        at, zoned = epoch(stamp), True
    return Event(
        ts=at,
        zoned=zoned,
        provider=_first(values, PROVIDERS),
        channel=_first(values, CHANNELS),
        number=int(number[:9]),
        host=_first(values, HOSTS),
        data={name.rpartition(".")[2]: value for name, value in values.items()},
    )


def _first(values: Mapping[str, str], names: tuple[str, ...]) -> str:
    return next((values[name].strip() for name in names if values.get(name)), "")


def _of_json(text: str) -> dict[str, str]:
    try:
        record = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError, UnicodeError) as wrong:
        raise Unreadable("broken_json") from wrong
    if not isinstance(record, dict):
        raise Unreadable("event_without_id")
    values: dict[str, str] = {}
    for name, value in _leaves(record):
        if len(values) >= VALUES_AT_MOST:
            break
        values.setdefault(name, value[:LONGEST_VALUE])
    return values


ENVELOPES = ("Event", "System", "EventData", "UserData", "EventXML", "#attributes", "winlog",
             "event_data", "user_data")  # fmt: skip


def _leaves(record: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Every value that is text or a number, by its place without what only wraps it."""
    pending: list[tuple[str, Any, int]] = [("", record, 0)]
    while pending:
        place, value, depth = pending.pop()
        if isinstance(value, dict):
            if depth < DEEPEST:
                inner = [(_place(place, name), each, depth + 1) for name, each in value.items()]
                pending.extend(reversed(inner))
        elif isinstance(value, (str, int)):
            yield place, str(value)


def _place(place: str, name: str) -> str:
    parts = [part for part in name.split(".")[:DEEPEST] if part not in ENVELOPES]
    return ".".join([place, *parts] if place else parts)


def _of_xml(text: str) -> dict[str, str]:
    reader = _XmlReader()
    try:
        reader.parser.Parse(text.encode("utf-8", "replace"), True)
    except expat.ExpatError as wrong:
        raise Unreadable("broken_xml") from wrong
    return reader.values


class _XmlReader:
    """Collects values of an event's XML. A document type, which may define entities, is refused."""

    def __init__(self) -> None:
        self.values: dict[str, str] = {}
        self._path: list[str] = []
        self._text: list[str] = []
        self.parser = expat.ParserCreate("utf-8")
        self.parser.StartDoctypeDeclHandler = self._refuse
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text.append

    def _refuse(self, *_: object) -> None:
        raise Unreadable("xml_with_document_type")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if len(self._path) >= DEEPEST:
            raise Unreadable("xml_too_deep")
        self._text.clear()
        self._path.append(attributes.get("Name", name) if name == "Data" else name)
        for attribute, value in attributes.items():
            self._keep(f"{name}.{attribute}", value)

    def _end(self, _: str) -> None:
        self._keep(self._path.pop(), "".join(self._text).strip())
        self._text.clear()

    def _keep(self, name: str, value: str) -> None:
        if len(self.values) < VALUES_AT_MOST:
            self.values.setdefault(name, value[:LONGEST_VALUE])
