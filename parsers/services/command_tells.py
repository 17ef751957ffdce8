"""What a command line gives away: patterns of what attackers do on a host that they have entered.

Each names one thing that the text does, whoever typed it: a table to walk, for commands that a
request carries as well as for those that a session types. Sources: ATT&CK (the technique of each),
public reports on TeamTNT, Kinsing, Doki and Hildegard.
"""

from __future__ import annotations

import re
from typing import NamedTuple

TEXT_MAX = 4096
"""How much of a text is looked at."""

WORD = r"(?:^|[\s;|&`('\"/=])"  # what may stand before a program's name
STOP = r"(?=$|[\s;|&`)'\"])"
SAME = r"[^\n;|&]{0,300}?"  # within one command


class Tell(NamedTuple):
    """One thing that a command may do. technique: of ATT&CK."""

    name: str
    pattern: re.Pattern[str]
    technique: str


def _tell(name: str, technique: str, *patterns: str) -> Tell:
    return Tell(name, re.compile("|".join(patterns), re.IGNORECASE), technique)


TELLS: tuple[Tell, ...] = (
    _tell(
        "download",
        "T1105",
        WORD + r"(?:curl|wget|aria2c|axel|lwp-download|tftp|ftpget|scp|rclone)\s",
        r"\b(?:https?|ftp)://\S{3,200}",
        r"/dev/tcp/[^\s/]{1,255}/80\b",
    ),
    _tell(
        "download-execute",
        "T1059.004",
        WORD + r"(?:curl|wget|lwp-download)\s[^\n]{0,400}?\|\s*(?:sudo\s+)?(?:ba|da|z|k|c)?sh\b",
        WORD + r"(?:curl|wget)\s[^\n]{0,400}?\|\s*(?:python[23]?|perl|ruby|node)\b",
        r"(?:ba|da|z)?sh\s+(?:-c\s+)?[\"']?(?:<\(|\$\(|`)\s*(?:curl|wget)\s",
        WORD + r"(?:curl|wget)\s[^\n]{0,400}?(?:;|&&)\s*(?:chmod\s|(?:ba)?sh\s|\./)",
    ),
    _tell(
        "decode",
        "T1140",
        WORD + r"base64\s+(?:-\w{0,9}d|--decode)",
        r"openssl\s+(?:enc|base64)\s" + SAME + r"-d\b",
        WORD + r"xxd\s+" + SAME + "-r",
        r"\bb64decode\(|decode_base64\(|\\x[0-9a-f]{2}(?:\\x[0-9a-f]{2}){7}",
    ),
    _tell(
        "miner",
        "T1496",
        r"\b(?:xmrig|xmr-stak|minerd|cpuminer|ccminer|ethminer|nanominer|t-rex|lolminer|kinsing)\b",
        r"stratum\+(?:tcp|ssl|udp)://|\b(?:minexmr|supportxmr|nanopool|moneroocean|hashvault|2miners|c3pool)\.",
        r"--donate-level\b|--(?:coin|algo)[= ](?:monero|xmr|rx/|cn/|cryptonight)",
    ),
    _tell(
        "schedule",
        "T1053",
        WORD + r"crontab\b|/etc/cron(?:tab|\.d|\.daily|\.hourly)|/var/spool/cron",
        r"/etc/(?:systemd/system|init\.d|rc\.local|rc\.d)|systemctl\s+" + SAME + "enable",
        WORD + r"(?:at|batch)\s+now\b",
    ),
    _tell(
        "keys",
        "T1098.004",
        r"authorized_keys|\.ssh/id_|ssh-(?:rsa|ed25519)\s+AAAA",
    ),
    _tell(
        "account",
        "T1136",
        WORD + r"(?:useradd|adduser|usermod|chpasswd)\b|/etc/sudoers|NOPASSWD:",
        r">>?\s*\S{0,100}/etc/passwd",
    ),
    _tell(
        "credentials",
        "T1552",
        r"/etc/(?:shadow|gshadow)|\.aws/credentials|\.docker/config\.json|\.kube/config|\.netrc\b",
        r"\.git-credentials|\.config/gcloud|/etc/kubernetes/(?:admin\.conf|pki)|\.azure/",
        r"/var/run/secrets/kubernetes\.io|/run/secrets/kubernetes\.io",
        r"169\.254\.169\.254|metadata\.google\.internal",
    ),
    _tell(
        "shell",
        "T1059.004",
        r"/dev/(?:tcp|udp)/[^\s/]{1,255}/[0-9]",
        WORD + r"(?:nc|ncat|netcat)(?:\.\w+)?\s" + SAME + r"\s?-\w{0,9}[ec]\s",
        WORD + r"socat\s[^\n]{0,300}?exec:",
        r"mkfifo\s[^\n]{0,300}?\|\s*(?:nc|ncat|telnet|openssl)\b",
        r"pty\.spawn\(|socket\.socket\([^\n]{0,300}?(?:dup2|subprocess)|fsockopen\(",
        WORD + r"(?:ba|da|z|k|a)?sh\s+-i\b",
        r"^\s*\S{0,100}?(?:^|/)?\b(?:ba|da|z|k|a)?sh(?:\s+-l)?\s*$",
    ),
    _tell(
        "escape",
        "T1611",
        WORD + r"chroot\s+/?\S",
        WORD + r"nsenter\s",
        r"release_agent|core_pattern|/proc/1/root|/proc/sys/kernel",
        WORD + r"(?:debugfs|kexec|insmod|modprobe)\s",
        r"(?:docker|containerd|crio)\.sock",
    ),
    _tell(
        "tunnel",
        "T1572",
        r"\b(?:ngrok|frpc|chisel|cloudflared|gost|iodine|gsocket|gs-netcat|pwnat|localtunnel)\b",
        r"\.onion\b|" + WORD + r"(?:tor|torsocks|proxychains4?)\s",
        WORD + r"ssh\s" + SAME + r"\s-\w{0,9}[RD]\s",
    ),
    _tell(
        "scan",
        "T1046",
        WORD + r"(?:masscan|zmap|zgrab2?|nmap|pnscan|rustscan|kubeletctl|kube-hunter)" + STOP,
    ),
    _tell(
        "defence",
        "T1562",
        WORD + r"(?:setenforce\s+0|iptables\s+-F|ufw\s+disable|history\s+-c)",
        WORD + r"chattr\s+[+-]\w{0,9}[ia]",
        r"unset\s+HISTFILE|HISTFILE=/dev/null|ld\.so\.preload|/proc/sys/vm/nr_hugepages|nmi_watchdog",
        r"systemctl\s+" + SAME + r"(?:stop|disable)|aliyun|aegis|cloudmonitor",
        r"rm\s+-\w{0,9}r\w{0,9}\s+" + SAME + r"/var/log",
    ),
    _tell(
        "kill",
        "T1489",
        WORD + r"(?:pkill|killall)\s|kill\s+-9\s",
    ),
)  # fmt: skip


def tells(text: str) -> list[str]:
    """The names of what a text does, in the order of the table."""
    text = text[:TEXT_MAX]
    return [tell.name for tell in TELLS if tell.pattern.search(text)]
