"""Times at the beginning of lines: the formats, and what they leave out.

RFC 5424 section 6.2.3 (which is RFC 3339) says all; RFC 3164 section 4.1.2 has neither year nor
zone, and what products write by themselves has no zone. A year is the latest with which the line
is not later than its log; a zone is UTC; both can be stated instead.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import NamedTuple

NS = 1_000_000_000
DAY = timedelta(days=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LEAP_YEARS_APART = 8  # at most, as around 1900
MONTHS = {
    name: number
    for number, name in enumerate(
        ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), 1
    )
}
CLOCK = r"(?P<h>\d{1,2}):(?P<mi>\d\d):(?P<s>\d\d)(?:[.,](?P<f>\d{1,9})\d*)?"
DATE = r"(?P<y>\d{4})-(?P<mo>\d\d)-(?P<d>\d\d)"
NAME = r"(?P<mo>[A-Za-z]{3})"


class Format(NamedTuple):
    """A way to write a time. `by_syslog`: host and tag follow, as syslog puts them."""

    pattern: re.Pattern[str]
    by_syslog: bool = False


FORMATS = (
    # RFC 3164, also with a year: Nov 24 05:53:26, Nov 24 2026 05:53:26
    Format(re.compile(rf"{NAME} {{1,2}}(?P<d>\d{{1,2}})(?: (?P<y>\d{{4}}))? {CLOCK}:? "), True),
    # RFC 3339, of rsyslog, journalctl and xrdp
    Format(re.compile(rf"{DATE}T{CLOCK}(?P<z>Z|[+-]\d\d:?\d\d)? "), True),
    Format(re.compile(rf"\[{DATE}T{CLOCK}(?P<z>Z|[+-]\d\d:?\d\d)?\] ")),
    # OpenVPN, SoftEther: 2026-11-24 06:00:41
    Format(re.compile(rf"{DATE} {CLOCK}(?: us=\d+)? ")),
    # OpenVPN before 2.5: Tue Aug 12 08:26:29 2025 us=285967
    Format(re.compile(rf"[A-Z][a-z]{{2}} {NAME} {{1,2}}(?P<d>\d{{1,2}}) {CLOCK} (?P<y>\d{{4}})"
                      r"(?: us=\d+)? ")),
    # xrdp: [20261124-05:57:39]
    Format(re.compile(rf"\[(?P<y>\d{{4}})(?P<mo>\d\d)(?P<d>\d\d)-{CLOCK}\] ")),
    # wireguard-go: DEBUG: (wg0) 2026/11/24 06:02:02
    Format(re.compile(rf"(?:[A-Z]+: \(\S+\) )?(?P<y>\d{{4}})/(?P<mo>\d\d)/(?P<d>\d\d) {CLOCK} ")),
    # Tomcat: 24-Nov-2026 06:00:00.123; java.util.logging: Nov 24, 2026 6:00:00 AM
    Format(re.compile(rf"(?P<d>\d\d)-{NAME}-(?P<y>\d{{4}}) {CLOCK} ")),
    Format(re.compile(rf"{NAME} (?P<d>\d{{1,2}}), (?P<y>\d{{4}}) {CLOCK} (?P<half>[AP]M) ")),
    # Logback, as Guacamole has it: 12:57:32.907
    Format(re.compile(rf"{CLOCK} ")),
)  # fmt: skip


class Clock:
    """Turns times of one log into ns since 1970.

    latest: when the log was last written; year, zone: stated, where they are.
    guessed: what was not told and had to be assumed, in words for people.
    last: the time of the last line that had one.
    """

    def __init__(
        self, latest: datetime, year: int | None = None, zone: tzinfo | None = None
    ) -> None:
        self.guessed: dict[str, str] = {}
        self.last: int | None = None
        self._latest, self._year, self._zone = latest, year, zone

    def taken(self, text: str) -> tuple[int | None, str, Format | None]:
        """Return the time of a line, the line without it, and the format (None: it has none).

        The time is None where the line has one that is none, or none can be made of it.
        """
        for form in FORMATS:
            if found := form.pattern.match(text):
                ts = self._ns(found.groupdict())
                self.last = ts if ts is not None else self.last
                return ts, text[found.end() :], form
        return self.last, text, None

    def _ns(self, said: dict[str, str | None]) -> int | None:
        """Nanoseconds since 1970 of what a pattern has found."""
        month = said.get("mo")
        number = None if month is None else MONTHS.get(month.lower())
        try:
            hour = int(said["h"] or 0)
            if half := said.get("half"):
                hour = hour % 12 + (12 if half == "PM" else 0)
            # A leap second is read as the one before it: no day has second 60 here.
            at = (hour, int(said["mi"] or 0), min(int(said["s"] or 0), 59))
            if month is None:
                moment = self._of_today(*at)
            else:
                day = (number or int(month), int(said["d"] or 0))
                moment = self._dated(said.get("y"), day, at, self._zone_of(said.get("z")))
        except (ValueError, OverflowError):
            return None
        if moment is None:
            return None
        since = moment - EPOCH
        fraction = int((said["f"] or "0").ljust(9, "0"))
        return (since.days * 86_400 + since.seconds) * NS + fraction

    def _zone_of(self, said: str | None) -> tzinfo:
        if said == "Z":
            return UTC
        if said:
            minutes = int(said[1:3]) * 60 + int(said[-2:])
            return timezone(timedelta(minutes=-minutes if said[0] == "-" else minutes))
        if self._zone is None:
            self.guessed["zone"] = "times have no zone and are taken as UTC"
        return self._zone or UTC

    def _dated(
        self, year: str | None, day: tuple[int, int], at: tuple[int, int, int], zone: tzinfo
    ) -> datetime:
        """The moment of a date; raises ValueError where there is none."""
        if year is not None:
            return datetime(int(year), *day, *at, tzinfo=zone)
        if self._year is not None:
            return datetime(self._year, *day, *at, tzinfo=zone)
        latest = self._latest.astimezone(zone) + DAY
        self.guessed["year"] = "dates have no year and get the latest that fits the log"
        for guess in range(latest.year, latest.year - 2 - LEAP_YEARS_APART, -1):
            if day == (2, 29) and (guess % 4 or (not guess % 100 and guess % 400)):
                continue
            moment = datetime(guess, *day, *at, tzinfo=zone)
            if moment <= latest:
                return moment
        raise ValueError(day)

    def _of_today(self, hour: int, minute: int, second: int) -> datetime | None:
        """The moment of a time without a date: on the day of the line before, or the next."""
        if self.last is None:
            return None
        before = (EPOCH + timedelta(microseconds=self.last // 1000)).astimezone(self._zone or UTC)
        moment = before.replace(hour=hour, minute=minute, second=second, microsecond=0)
        return moment + DAY if moment < before - DAY / 2 else moment
