"""The command in a process of its own, on a real capture, as a person or a script runs it."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
import time
from pathlib import Path

import dpkt
import pytest

CLIENT, SERVER = b"\xc6\x33\x64\x07", b"\x0a\x00\x00\x05"  # 198.51.100.7, 10.0.0.5
SYN, ACK, PSH_ACK, FIN_ACK = 0x02, 0x10, 0x18, 0x11


def segment(to_server: bool, flags: int, seq: int, ack: int, payload: bytes = b"") -> bytes:
    ports = (40000, 22) if to_server else (22, 40000)
    source, target = (CLIENT, SERVER) if to_server else (SERVER, CLIENT)
    tcp = dpkt.tcp.TCP(sport=ports[0], dport=ports[1], flags=flags, seq=seq, ack=ack, data=payload)
    ip = dpkt.ip.IP(src=source, dst=target, p=dpkt.ip.IP_PROTO_TCP, data=tcp)
    return bytes(dpkt.ethernet.Ethernet(type=dpkt.ethernet.ETH_TYPE_IP, data=ip))


@pytest.fixture(scope="module")
def capture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SSH server of ours that answers an outside host: banners, and no more."""
    client, server = b"SSH-2.0-OpenSSH_9.2\r\n", b"SSH-2.0-OpenSSH_9.2p1\r\n"
    after_client, after_server = 1 + len(client), 1 + len(server)
    packets = (
        segment(True, SYN, 0, 0),
        segment(False, SYN | ACK, 0, 1),
        segment(True, ACK, 1, 1),
        segment(True, PSH_ACK, 1, 1, client),
        segment(False, PSH_ACK, 1, after_client, server),
        segment(True, FIN_ACK, after_client, after_server),
        segment(False, FIN_ACK, after_server, after_client + 1),
        segment(True, ACK, after_client + 1, after_server + 1),
    )
    path = tmp_path_factory.mktemp("capture") / "ssh.pcap"
    with path.open("wb") as stream:
        writer = dpkt.pcap.Writer(stream)
        for number, packet in enumerate(packets):
            writer.writepkt(packet, ts=1_790_000_000 + number / 10)
    return path


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """No site file, width or colour of this machine has a say."""
    kept = {
        name: value for name, value in os.environ.items() if name not in ("COLUMNS", "NO_COLOR")
    }
    return kept | {
        "XDG_CONFIG_HOME": str(tmp_path),
        "PYTHONPATH": str(Path(__file__).parents[3]),
        "TERM": "xterm-256color",
    }


@pytest.fixture
def sensor(tmp_path: Path, environment: dict[str, str]):
    def run(*arguments: object, **options) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "sensor", *map(str, arguments)],
            cwd=tmp_path,
            env=environment | options.pop("env", {}),
            capture_output=True,
            text="input" not in options,
            check=False,
            **options,
        )

    return run


def on_a_terminal(arguments: list[str], environment: dict[str, str], folder: Path) -> str:
    """Run the command on a terminal of its own; return what it showed."""
    leader, follower = pty.openpty()
    command = [sys.executable, "-m", "sensor", *arguments]
    with subprocess.Popen(
        command, stdin=follower, stdout=follower, stderr=follower, cwd=folder, env=environment
    ) as process:
        os.close(follower)
        shown = b""
        try:
            while block := os.read(leader, 65536):
                shown += block
        except OSError:  # Linux says EIO when the other end is closed
            pass
        assert process.wait(timeout=30) == 0
    os.close(leader)
    return shown.decode()


def test_a_capture_becomes_findings_and_a_summary(sensor, capture: Path):
    ended = sensor("analyze", capture)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "10.0.0.5  ssh 22/tcp" in ended.stdout
    assert "remote-service" in ended.stdout
    assert "1 capture, 8 packets, 1 flow" in ended.stdout


def test_exit_codes(sensor, capture: Path, tmp_path: Path):
    no_capture = tmp_path / "notes.txt"
    no_capture.write_text("these are notes\n")
    assert sensor("analyze", "--fail-on", "critical", capture).returncode == 0
    assert sensor("analyze", "--fail-on", "info", capture).returncode == 1
    for bad in (no_capture, tmp_path / "missing.pcap", tmp_path):
        ended = sensor("analyze", bad)
        assert (ended.returncode, ended.stdout) == (2, "")
        assert ended.stderr.startswith(f"sensor: {bad}")
        assert ended.stderr.count("\n") == 1


def test_the_good_inputs_are_analyzed_beside_a_bad_one(sensor, capture: Path, tmp_path: Path):
    missing = tmp_path / "missing.pcap"
    ended = sensor("analyze", "--json", "-q", missing, capture)
    assert ended.returncode == 2
    assert json.loads(ended.stdout.splitlines()[0])["dest_ip"] == "10.0.0.5"
    assert ended.stderr.startswith(f"sensor: {missing}")
    assert ended.stderr.count("\n") == 1


def test_standard_input_is_a_capture(sensor, capture: Path):
    ended = sensor("analyze", "--json", "-q", "-", input=capture.read_bytes())
    assert ended.returncode == 0
    assert json.loads(ended.stdout.splitlines()[0])["service"] == "ssh"


def test_json_is_the_same_in_every_run(sensor, capture: Path):
    first, second = (sensor("analyze", "--json", capture).stdout for _ in range(2))
    assert first == second


def test_a_reader_that_goes_away_is_no_error(capture: Path, environment, tmp_path: Path):
    script = '"$0" -m sensor analyze "$1" | head -1; echo "${PIPESTATUS[0]}" >&2'
    ended = subprocess.run(
        ["bash", "-c", script, sys.executable, str(capture)],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert ended.stdout.startswith("1 finding")
    assert ended.stderr in ("0\n", "141\n")


@pytest.mark.parametrize("columns", ["80", "120"])
def test_lines_are_no_longer_than_the_terminal_is_wide(sensor, capture: Path, columns: str):
    text = sensor("analyze", capture, env={"COLUMNS": columns}).stdout
    assert max(map(len, text.splitlines())) <= int(columns)
    assert "remote-service" in text


def test_a_pipe_gets_plain_text(sensor, capture: Path):
    assert "\x1b" not in sensor("analyze", capture).stdout


def test_a_terminal_gets_colour_unless_no_color_is_set(
    capture: Path, environment: dict[str, str], tmp_path: Path
):
    arguments = ["analyze", str(capture)]
    assert "\x1b[36m" in on_a_terminal(arguments, environment, tmp_path)
    plain = on_a_terminal(arguments, environment | {"NO_COLOR": "1"}, tmp_path)
    assert "\x1b[36m" not in plain
    assert "remote-service" in plain


def test_logs_are_written_as_tsv_and_as_json(sensor, capture: Path, tmp_path: Path):
    assert sensor("logs", capture, "-o", tmp_path / "tsv").returncode == 0
    rows = (tmp_path / "tsv" / "conn.log").read_text().splitlines()
    assert rows[0].startswith("#separator")
    assert len([row for row in rows if not row.startswith("#")]) == 1
    assert sensor("logs", capture, "-o", tmp_path / "json", "--json-logs").returncode == 0
    (row,) = (tmp_path / "json" / "conn.log").read_text().splitlines()
    assert json.loads(row)["id.resp_p"] == 22


def test_version_takes_no_time(sensor):
    def took() -> float:
        started = time.perf_counter()
        assert sensor("--version").returncode == 0
        return time.perf_counter() - started

    assert min(took() for _ in range(5)) <= 0.15
