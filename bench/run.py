"""Compare the core with the tools that a user would pick instead, on this machine.

    python bench/run.py [--packets 5e6] [--flows 60000] [--runs 5] [--cores 1] [--folder DIR]
                        [--only NAME,…]

Makes its own captures (see capture.py), runs ours and the peers that are installed in turn, on
one core unless told otherwise, and prints medians. What counts is the time beyond start-up: the
median on the large capture less the median on one of a fifth of its packets, in as many flows, that
takes the same path.
Beside each stands the share of the floor, which is reading the file.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parent.parent
VERIFY = ["--checksums", "verify"]
LOGS = [sys.executable, "-m", "sensor", "logs", "-q", "--checksums", "ignore"]
CONN = [*LOGS, "--only", "conn"]
ANALYZE = [sys.executable, "-m", "sensor", "analyze", "-q", "--json", "--checksums", "ignore"]
TIMEOUT = 600  # seconds for one run


@dataclass
class Program:
    """A command line; {capture} and {out} are filled in."""

    name: str
    command: list[str]
    large: list[float] = field(default_factory=list)  # seconds
    small: list[float] = field(default_factory=list)
    memory: int = 0  # bytes, peak

    @property
    def beyond(self) -> float:
        """Seconds beyond start-up."""
        return statistics.median(self.large) - statistics.median(self.small)


PROGRAMS = (
    Program("read the file (floor)", ["dd", "if={capture}", "of=/dev/null", "bs=1M"]),
    Program("sensor logs --only conn", [*CONN, "-o", "{out}", "{capture}"]),
    Program("the same, checksums verified", [*CONN, *VERIFY, "-o", "{out}", "{capture}"]),
    Program("sensor logs, every protocol", [*LOGS, "-o", "{out}", "{capture}"]),
    Program("sensor analyze", [*ANALYZE, "{capture}"]),
    Program("tcpdump -w /dev/null", ["tcpdump", "-r", "{capture}", "-w", "/dev/null"]),
    Program("softflowd", ["softflowd", "-d", "-r", "{capture}", "-n", "127.0.0.1:9"]),
    Program("nfpcapd", ["nfpcapd", "-r", "{capture}", "-w", "{out}"]),
    Program("argus", ["argus", "-r", "{capture}", "-w", "{out}/argus"]),
    Program("tshark -z conv,tcp", ["tshark", "-r", "{capture}", "-q", "-z", "conv,tcp"]),
    Program("zeek, conn only", ["zeek", "-b", "-C", "-r", "{capture}", "base/protocols/conn"]),
    Program("zeek, as installed", ["zeek", "-C", "-r", "{capture}"]),
)  # fmt: skip


def run(program: Program, capture: Path, folder: Path) -> float:
    """Run once on one core; returns wall seconds and keeps the peak memory."""
    out = Path(tempfile.mkdtemp(dir=folder))
    command = [word.format(capture=capture, out=out) for word in program.command]
    started = time.perf_counter()
    process = subprocess.Popen(
        command,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=out,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    shutil.rmtree(out)
    if process.returncode:
        raise RuntimeError(f"{program.name} ended with {process.returncode}: {' '.join(command)}")
    program.memory = max(program.memory, usage.ru_maxrss * 1024)
    return seconds


def make(path: Path, packets: int, flows: int) -> int:
    """Make a capture, in a process of its own so that this one stays small; return its packets."""
    script = [sys.executable, str(ROOT / "bench" / "capture.py"), str(path)]
    sizes = ["--packets", str(packets), "--flows", str(flows)]
    done = subprocess.run([*script, *sizes], check=True, capture_output=True, text=True)
    return int(done.stdout.split()[0].replace(",", ""))


def installed(programs: Sequence[Program], only: str) -> list[Program]:
    """The programs that are there and wanted; the floor always, the slow ones when named."""
    named = [word for word in only.split(",") if word]
    there = [program for program in programs if shutil.which(program.command[0])]
    if named:
        return [p for p in there if p is programs[0] or any(name in p.name for name in named)]
    return [p for p in there if not p.name.startswith("tshark")]


def versions(programs: Sequence[Program]) -> list[str]:
    """What ran, on what."""
    lines = [f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"]
    for program in programs:
        flag = "-V" if program.command[0] in ("nfpcapd",) else "--version"
        if program.command[0] in (sys.executable, "dd", "softflowd", "argus"):
            continue
        text = subprocess.run(
            [program.command[0], flag], capture_output=True, text=True, check=False
        )
        lines.append(
            f"{program.name}: {((text.stdout + text.stderr).splitlines() or ['?'])[0][:70]}"
        )
    return lines


def table(programs: Sequence[Program], packets: int, floor: float) -> list[str]:
    ours = next((p.beyond for p in programs if p.name.startswith("sensor logs")), None)
    lines = [
        "| program | small, s | whole, s | beyond, s | million/s | of ours | floor | peak MB |",
        "|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for program in programs:
        rate = packets / program.beyond / 1e6
        ratio = f"{program.beyond / ours:.2f}" if ours else ""
        small, large = statistics.median(program.small), statistics.median(program.large)
        lines.append(
            f"| {program.name} | {small:.2f} | {large:.2f} | {program.beyond:.2f} | {rate:.2f} "
            f"| {ratio} | {floor / program.beyond:.0%} | {program.memory / 1e6:.0f} |"
        )
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--packets", type=float, default=5e6)
    parser.add_argument("--flows", type=float, default=60_000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--cores", type=int, default=1, help="how many each program may use")
    parser.add_argument(
        "--folder",
        type=Path,
        help="where the captures are made and kept; default: a temporary folder",
    )
    parser.add_argument(
        "--only", default="", help="only programs whose name has one of these texts"
    )
    given = parser.parse_args()
    # Everything that is started inherits this: so many cores, the same for all.
    os.sched_setaffinity(0, set(sorted(os.sched_getaffinity(0))[-given.cores :]))
    with tempfile.TemporaryDirectory() as temporary:
        folder = given.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        small, large = folder / "small.pcap", folder / "large.pcap"
        counts = [
            make(path, int(given.packets / part), int(given.flows))
            for path, part in ((small, 5), (large, 1))
        ]
        programs = installed(PROGRAMS, given.only)
        for turn in range(given.runs + 1):
            for program in programs:
                seconds = run(program, small, folder), run(program, large, folder)
                if turn:  # the first turn warms the page cache and compiles
                    program.small.append(seconds[0])
                    program.large.append(seconds[1])
                print(f"turn {turn} {program.name}: {seconds[1]:.2f} s", file=sys.stderr)
    floor = programs[0].beyond
    print(*versions(programs), "", sep="\n")
    print(f"{counts[1]:,} packets, {given.runs} runs each, medians\n")
    print(*table(programs, counts[1] - counts[0], floor), sep="\n")


if __name__ == "__main__":
    main()
