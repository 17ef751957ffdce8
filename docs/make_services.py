"""Write docs/services.md: how each remote service is told, from the tables that tell it.

python docs/make_services.py
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))
from parsers.services import SERVICES, SSL_GATEWAY
from parsers.services.ports import ALONE, PORTS, Port
from parsers.services.signatures import SIGNATURES, UNCONFIRMED, Signature

PAGE = Path(__file__).parent / "services.md"
ESCAPED = r"\|"  # what Markdown takes for a bar in a cell, in code too
HEAD = f"""# Remote services

Made from `parsers/services/signatures.py` and `parsers/services/ports.py` by
`docs/make_services.py`. Content comes before the port. How sure the answer is stands in
`remote_service_sure`, what tells it in `remote_service_why`.

Content is `confirmed` where recordings of real servers show it, and then sure. What was written
after a protocol's public description alone is `unconfirmed`, and sure to {UNCONFIRMED} at most. A
port says what is likely; below {ALONE} it says nothing alone, and where a TCP connection was seen
from the middle, and one side of it only, it counts half.

First bytes are written as in `parsers/services/patterns.py`: hex digits, `?` for any digit,
`'text'`, `( a | b )` for one of these, `*` for any bytes.
"""


def page() -> str:
    """The page's text."""
    return HEAD + "".join(
        section for service in (*SERVICES, SSL_GATEWAY) for section in sections(service)
    )


def sections(service: str) -> Iterator[str]:
    """A service's heading, its first bytes and its ports."""
    rows = [row for row in SIGNATURES if row.service == service]
    ports = [row for row in PORTS if row.service == service]
    yield f"\n## {service}\n\n"
    if rows:
        yield table(("first bytes", "told by", "sure", "state", "source"), map(content, rows))
    else:
        yield "By port only.\n"
    yield "\n"
    yield table(("port", "sure", "source"), map(port, ports)) if ports else "It has no port.\n"


def content(row: Signature) -> tuple[str, ...]:
    """A signature's cells."""
    sides = [f"originator `{row.orig}`"] if row.orig else []
    sides.append(f"responder `{row.resp}`")
    state = "confirmed" if row.confirmed else "unconfirmed"
    return (
        f"{row.transport}: {', '.join(sides)}", row.why, f"{row.confidence:g}", state, row.source
    )  # fmt: skip


def port(row: Port) -> tuple[str, ...]:
    """A port's cells."""
    numbers = f"{row.port}" if row.last is None else f"{row.port}-{row.last}"
    sure = f"{row.confidence:g}" if row.confidence >= ALONE else f"{row.confidence:g}, not alone"
    return f"{numbers}/{'+'.join(row.transports)}", sure, row.source


def table(titles: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """A table in Markdown."""
    lines = [titles, ("---",) * len(titles), *rows]
    return "".join(
        f"| {' | '.join(cell.replace('|', ESCAPED) for cell in line)} |\n" for line in lines
    )


if __name__ == "__main__":
    PAGE.write_text(page())
