"""What the pass leaves behind becomes the conn table.

Apart from the pass, so that tables can be made of flows that ended while the pass goes on.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from parsers.addresses import Networks
from sensor.flows.conn import conn_table, payload_table, services, trust_table
from sensor.flows.payloads import PayloadSizes
from sensor.flows.records import record_table
from sensor.flows.row import FRAME, HEAD_BYTES, SERIAL, SIDE, SIDES

Rows = NDArray[np.int64]
CERTIFICATES_KEPT = 100_000  # that are not told again


@dataclass(frozen=True, slots=True)
class Ended:
    """Flows that ended, and the payload packets that came before that; copies, shared with nobody.

    rows: int64 (flows, row.WORDS); places: int64 (flows,), where they lay among all rows;
    parents: List(String), the tunnels that they came through;
    heads: uint8 (flows, 2 * HEAD), first payload bytes;
    packets: rows, sides, times, lengths of payload packets, each (packets,);
    capacity: how many rows there are in all.
    services: what was confirmed of each flow, String, null for nothing.
    records: rows of other tables: the table, its row, and int64 (records, row.WORDS), the flows.
    """

    rows: Rows
    places: Rows
    parents: pl.Series
    heads: NDArray[np.uint8]
    packets: tuple[NDArray[Any], ...]
    capacity: int
    services: pl.Series
    records: tuple[list[tuple[str, dict[str, Any]]], Rows]


class ConnTables:
    """Makes conn rows of ended flows, in the order in which they are given.

    local: the networks that count as local; payloads: whether payload sizes and first bytes are
    wanted; files: where each file begins among all frames, and its path; may grow meanwhile.
    """

    def __init__(self, local: Networks, payloads: bool, files: list[tuple[int, str]]) -> None:
        self._local = local
        self._sizes = PayloadSizes(0) if payloads else None
        self._files = files
        self._certificates: set[str] = set()  # fingerprints

    def table(self, ended: Ended) -> pl.DataFrame:
        """The conn rows of flows that ended, and add up the payload packets of all others."""
        rows = ended.rows
        table = conn_table(rows, self._local, ended.parents).hstack(trust_table(rows))
        table = self._placed(table, rows[:, FRAME])
        table = table.with_columns(services(rows, ended.services).alias("service"))
        if self._sizes is None:
            return table
        self._sizes.make_room(ended.capacity)
        self._sizes.add(*ended.packets)
        held = rows[:, [SIDES + HEAD_BYTES, SIDES + SIDE + HEAD_BYTES]]
        figures = self._sizes.take(ended.places)
        return table.hstack(payload_table(rows, figures, ended.heads, held))

    def others(self, ended: Ended) -> Iterator[tuple[str, pl.DataFrame]]:
        """Tables and their rows of what parsers read in the flows, also in some that go on.

        Certificates come first: rows of ssl name them.
        """
        made, flows = ended.records
        if not made:
            return
        rows, which = np.unique(flows[:, SERIAL], return_index=True)
        known = conn_table(flows[which], self._local)
        place_of = np.searchsorted(rows, flows[:, SERIAL])
        tables = dict.fromkeys(name for name, _ in made)
        for table in sorted(tables, key=lambda name: name != "x509"):
            places = [place for place, (name, _) in enumerate(made) if name == table]
            if table == "x509":
                places = [place for place in places if self._is_new(made[place][1]["fingerprint"])]
            if places:
                flow = known[place_of[places]]
                yield table, record_table(table, [made[place][1] for place in places], flow)

    def _is_new(self, certificate: str) -> bool:
        """Whether a certificate is seen for the first time, as far as is remembered."""
        if certificate in self._certificates:
            return False
        if len(self._certificates) >= CERTIFICATES_KEPT:
            self._certificates.clear()
        self._certificates.add(certificate)
        return True

    def _placed(self, table: pl.DataFrame, ordinals: Rows) -> pl.DataFrame:
        """Name the file of each flow's first packet, and the packet's number in it."""
        files: list[tuple[int, str | None]] = [*self._files] or [(0, None)]
        begins = np.array([begin for begin, _ in files])
        paths = pl.Series([path for _, path in files], dtype=pl.String)
        which = np.searchsorted(begins, ordinals - 1, side="right") - 1
        return table.with_columns(
            paths.gather(which).alias("file"),
            pl.Series("frame", ordinals - begins[which]),
            pl.lit(None, pl.Int64).alias("line"),
        )
