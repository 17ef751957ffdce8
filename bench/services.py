"""How often is the remote service of a capture told right? A list of captures, and what is in them.

    python bench/services.py LIST [--flows]

LIST is a text file beside the captures: in each line a capture's path, a tab, and the remote
services that it holds (commas between), or `none`; lines that begin with # are passed over.

A capture counts once for each service that it is listed with: right where some flow is told to be
that service, abstained where none is, and wrong where a flow is told to be a service that the list
does not name. A capture of `none` is right where no flow is told to be anything. `--flows` prints
what is told where it is not right.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))
from parsers.addresses import Networks
from parsers.errors import ParseError
from parsers.services import SERVICES, SSL_GATEWAY
from sensor.enrich import enrich
from sensor.flows.tracker import FlowTracker
from sensor.settings import Site
from sensor.timeline import Timeline

NONE = "none"
Told = Counter[tuple[str | None, str | None]]  # service, "content" or "port" -> flows


@dataclass
class Score:
    """The captures of one protocol."""

    captures: int = 0
    right: int = 0
    wrong: int = 0
    abstained: int = 0
    flows: Counter[str] = field(default_factory=Counter)  # of the protocol, by what tells them


def listed(path: Path) -> Iterator[tuple[Path, tuple[str, ...]]]:
    """The captures of a list and the services in them."""
    for line in path.read_text().splitlines():
        if line.strip() and not line.startswith("#"):
            capture, services = line.split("\t")[:2]
            yield path.parent / capture, tuple(services.split(","))


def told(capture: Path, site: Site) -> Told:
    """The remote services of a capture's flows."""
    timeline = Timeline([str(capture)], lambda _: None)
    tracker = FlowTracker(Networks(site.local), zeek_compat=False)
    found: Told = Counter()
    for table, rows in timeline.tables(tracker, "ignore", None):
        if table == "conn":
            columns = enrich(table, rows, site).select("remote_service", "remote_service_by")
            found.update(columns.iter_rows())
    return found


def judge(score: Score, service: str, services: tuple[str, ...], found: Told) -> bool:
    """Count a capture under one of its services; returns whether it is right."""
    named = {name for name, _ in found if name}
    score.flows.update({by: n for (name, by), n in found.items() if by and name == service})
    wrong = bool(named - set(services))
    right = not named if service == NONE else service in named and not wrong
    score.right += right
    score.wrong += wrong
    score.abstained += not right and not wrong
    return right


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("list", type=Path)
    parser.add_argument("--flows", action="store_true")
    given = parser.parse_args()
    scores: dict[str, Score] = {}
    site = Site()
    for capture, services in listed(given.list):
        try:
            found = told(capture, site)
        except (ParseError, OSError) as error:
            print(f"{capture.name}: {error}", file=sys.stderr)
            found = Counter()
        for service in services:
            score = scores.setdefault(service, Score())
            score.captures += 1
            if not judge(score, service, services, found) and given.flows:
                flows = ", ".join(
                    f"{n} {f'{name} by {by}' if name else 'nothing'}"
                    for (name, by), n in found.most_common()
                )
                print(f"{capture.name} ({','.join(services)}): {flows or 'no flow'}")
    print("| protocol | captures | right | wrong | abstained | flows by content | by port |")
    print("|---|---:|---:|---:|---:|---:|---:|")
    for service, score in sorted(scores.items()):
        known = service in (*SERVICES, SSL_GATEWAY, NONE)
        name = service if known else f"{service} (none of the remote services told apart)"
        figures = (score.captures, score.right, score.wrong, score.abstained)
        flows = (score.flows["content"], score.flows["port"])
        print(f"| {name} | {' | '.join(map(str, (*figures, *flows)))} |")


if __name__ == "__main__":
    main()
