"""A capture, and the logs that Zeek wrote of it, give the same findings."""

from __future__ import annotations

from pathlib import Path

import pytest

from sensor.analysis import Options, analyze
from sensor.settings import Site
from tests.conftest import SHARED

LAB = SHARED / "lab"
CAPTURES = sorted(path.name for path in (LAB / "zeek").iterdir()) if (LAB / "zeek").is_dir() else []

# Findings that logs alone, or captures alone, give: analyzer, port, and why.
BODIES = "commands are in the bodies of requests, which no log has"
EXCEPTIONS: dict[str, dict[tuple[str, int], str]] = {
    "docker_02_teamtnt_curl": {("cleartext-command", 2375): BODIES},
    "docker_03_cli_privileged_run": {("cleartext-command", 2375): BODIES},
    "docker_04_python_sdk": {("cleartext-command", 2375): BODIES},
    "docker_05_internal_admin_2375": {("cleartext-command", 2375): BODIES},
    "ssh_09_reverse_shell": {("cleartext-command", 4444): "no log has what was typed"},
    "openvpn_03_tcp443_success": {
        ("large-transfer", 443): "a default Zeek does not know OpenVPN on a foreign port",
        ("remote-service", 443): "the same",
    },
    "rdp_04_scan_x224": {
        ("remote-service", 3389): "bytes of an attempt, in fewer packets than one takes",
    },
    "ocserv_03_auth_failures": {
        ("failed-logons", 443): "told by sizes within TLS",
        ("guessed-logon", 443): "the same",
    },
    "ocserv_05_repeated_wrong_passwords": {("failed-logons", 443): "told by sizes within TLS"},
    "rdp_06_nla_failures": {
        ("failed-logons", 3389): "told by sizes within TLS",
        ("guessed-logon", 3389): "the same",
    },
    "rdp_07_nla_bruteforce_hydra": {
        ("failed-logons", 3389): "told by sizes within TLS",
        ("guessed-logon", 3389): "the same",
    },
    "ssh_10_nonstandard_port_dropbear_client": {
        ("failed-logons", 2222): "Zeek's guess is silent where compression was agreed on",
        ("guessed-logon", 2222): "the same",
    },
    "winrm_03_failures_stub": {
        ("failed-logons", 5985): "Zeek's http log names users of Basic, and 3 fail; NTLM it is not",
    },
    "ssh_08_banner_scan": {
        ("remote-service", 22): "bytes of an attempt, in fewer packets than one takes",
    },
}


@pytest.mark.shared
@pytest.mark.parametrize("name", CAPTURES)
def test_the_logs_of_a_capture_give_its_findings(name: str) -> None:
    (capture,) = (LAB / "pcaps").glob(f"{name}.pcap*")
    of_capture, of_logs = found(capture), found(LAB / "zeek" / name)
    differing = {of_capture.get(one) or of_logs[one] for one in of_capture.keys() ^ of_logs.keys()}
    assert differing == set(EXCEPTIONS.get(name, {}))


def found(path: Path) -> dict[str, tuple[str, int | None]]:
    """Analyzer and port of each finding, by its id."""
    report = analyze([str(path)], Site(), Options())
    return {finding.id: (finding.analyzer, finding.dest_port) for finding in report.findings}
