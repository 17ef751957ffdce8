"""How fast are Zeek logs read? Rows a second of conn logs, beside Polars alone and zat.

    python bench/logs.py [--rows 4e6] [--runs 3]

Makes a conn log (TSV, JSON, gzip of the TSV) of hosts inside that use the web, and of a few outside
that reach remote services, and prints seconds beyond a quarter of the rows: for Polars reading the
same columns as text, for `sensor analyze` from log to findings, and for zat's readers.
"""

from __future__ import annotations

import argparse
import gzip
import multiprocessing
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import polars as pl

sys.path.insert(0, str(Path(__file__).parent.parent))
from parsers.schema import CONN, polars_schema
from parsers.zeek.write import LogWriter

ROOT = Path(__file__).parent.parent
START = 1_780_000_000_000_000_000  # nanoseconds
PART = 1_000_000  # rows made at once
ANALYZE = [sys.executable, "-m", "sensor", "analyze", "-q", "--json"]
SERVERS = 30  # that each host inside talks to
MEANS = (50, 200)  # about half the mean bytes of originator and responder
SERVICES = {443: "ssl", 80: "http", 53: "dns", 22: "ssh", 3389: "rdp"}
# What an analysis reads of a conn log.
READ = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 14, 15, 16, 17, 18, 19, 22]
POLARS = f"""
import sys, polars
polars.read_csv(sys.argv[1], separator="\\t", has_header=False, infer_schema=False, quote_char=None,
                comment_prefix="#", columns={READ})
"""
ZAT_POLARS = """
import sys
from zat.log_to_polars import LogToPolars
LogToPolars().create_dataframe(sys.argv[1])
"""
ZAT_PANDAS = """
import sys
from zat.log_to_dataframe import LogToDataFrame
LogToDataFrame().create_dataframe(sys.argv[1])
"""
UNPACK = """
import gzip, sys
with gzip.open(sys.argv[1]) as log:
    while log.read(1 << 20):
        pass
"""


def rows(begin: int, count: int, rng: np.random.Generator) -> pl.DataFrame:
    """Rows of a conn table."""
    inbound = rng.random(count) < 0.1
    port = np.where(
        inbound, rng.choice([22, 3389, 443, 5900, 8443], count), rng.choice([443, 80, 53], count)
    )
    inside = rng.integers(0, 2000, count)
    outside = (inside * 97 + rng.integers(0, SERVERS, count) * 1009) % 60_000
    sizes = [np.minimum(rng.pareto(1.5, count) * mean, 50_000).astype(np.int64) for mean in MEANS]
    server, source = rng.integers(0, 5, count), rng.integers(0, 12, count)
    made = pl.DataFrame({
        "n": np.arange(begin, begin + count), "inbound": inbound, "resp_p": port,
        "orig_p": rng.integers(1024, 65_535, count), "inside": inside, "outside": outside,
        "server": server, "source": source, "orig_bytes": sizes[0],
        "resp_bytes": sizes[1], "span": rng.integers(0, 10**11, count),
    })  # fmt: skip
    n, inbound_ = pl.col("n"), pl.col("inbound")
    host = pl.format("10.0.{}.{}", pl.col("inside") // 256, pl.col("inside") % 256)
    web = pl.format("93.184.{}.{}", pl.col("outside") // 256, pl.col("outside") % 256)
    dns = pl.col("resp_p") == 53
    table = made.select(
        ts=(START + n * 10_000_000).cast(pl.Datetime("ns", "UTC")),
        uid=pl.format("C{}", n * 2_654_435_761),
        orig_h=pl.when(inbound_).then(pl.format("203.0.113.{}", "source")).otherwise(host),
        orig_p=pl.col("orig_p").cast(pl.Int32),
        resp_h=pl.when(inbound_).then(pl.format("10.0.100.{}", "server")).otherwise(web),
        resp_p=pl.col("resp_p").cast(pl.Int32),
        proto=pl.when(dns).then(pl.lit("udp")).otherwise(pl.lit("tcp")),
        service=pl.col("resp_p").replace_strict(SERVICES, default=None, return_dtype=pl.String),
        duration=(pl.col("span") // 1000 * 1000).cast(pl.Duration("ns")),
        orig_bytes="orig_bytes", resp_bytes="resp_bytes", conn_state=pl.lit("SF"),
        local_orig=~inbound_, local_resp=inbound_, missed_bytes=pl.lit(0, pl.Int64),
        history=pl.lit("ShADadFf"), orig_pkts=pl.col("orig_bytes") // 900 + 4,
        orig_ip_bytes=pl.col("orig_bytes") + 240, resp_pkts=pl.col("resp_bytes") // 900 + 4,
        resp_ip_bytes=pl.col("resp_bytes") + 240, ip_proto=pl.when(dns).then(17).otherwise(6),
        community_id=pl.format("1:{}=", n),
    )  # fmt: skip
    return table.cast({"ip_proto": pl.Int64}).with_columns(
        pl.lit(None, dtype).alias(name)
        for name, dtype in polars_schema(CONN).items()
        if name not in table.columns
    )


def make(folder: Path, count: int, kind: str) -> Path:
    """Write a log."""
    rng = np.random.default_rng(7)
    place = folder / f"{kind}-{count}"
    place.mkdir()
    with LogWriter(place, "conn", json=kind == "json") as log:
        for begin in range(0, count, PART):
            log.write(rows(begin, min(PART, count - begin), rng))
    path = place / "conn.log"
    if kind == "gzip":
        packed = place / "conn.log.gz"
        with path.open("rb") as source, gzip.open(packed, "wb", compresslevel=1) as target:
            shutil.copyfileobj(source, target, 1 << 20)
        path.unlink()
        return packed
    return path


def run(command: list[str]) -> tuple[float, int]:
    """Seconds and peak bytes of a command."""
    started = time.perf_counter()
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, env=os.environ | {"PYTHONPATH": str(ROOT)}
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"ended with {process.returncode}: {' '.join(command)}")
    return time.perf_counter() - started, usage.ru_maxrss * 1024


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=float, default=4e6)
    parser.add_argument("--runs", type=int, default=3)
    given = parser.parse_args()
    python = [sys.executable, "-c"]
    programs = (
        ("Polars alone, the same columns as text", "tsv", [*python, POLARS]),
        ("sensor analyze, TSV", "tsv", ANALYZE),
        ("sensor analyze, JSON", "json", ANALYZE),
        ("sensor analyze, TSV in gzip", "gzip", ANALYZE),
        ("unpacking that gzip alone", "gzip", [*python, UNPACK]),
        ("zat LogToPolars", "tsv", [*python, ZAT_POLARS]),
        ("zat LogToDataFrame", "tsv", [*python, ZAT_PANDAS]),
    )
    sizes = (int(given.rows / 4), int(given.rows))
    print("| program | beyond, s | million rows/s | peak MB, a quarter | peak MB |")
    print("|---|---:|---:|---:|---:|")
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        # In a process of its own: children begin with the peak of this one, which is to be small.
        spawn = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(1, mp_context=spawn) as pool:
            wanted = [(kind, n) for kind in ("tsv", "json", "gzip") for n in sizes]
            made = [pool.submit(make, folder, n, kind) for kind, n in wanted]
            logs = {key: each.result() for key, each in zip(wanted, made, strict=True)}
        for name, kind, command in programs:
            try:
                runs = [
                    [run([*command, str(logs[kind, n])]) for n in sizes] for _ in range(given.runs)
                ]
            except RuntimeError as error:
                print(f"{name}: {error}", file=sys.stderr)
                continue
            small, large = (statistics.median(times[k][0] for times in runs) for k in (0, 1))
            peaks = [max(times[k][1] for times in runs) / 1e6 for k in (0, 1)]
            rate = (sizes[1] - sizes[0]) / (large - small) / 1e6
            print(
                f"| {name} | {large - small:.2f} | {rate:.2f} | {peaks[0]:.0f} | {peaks[1]:.0f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
