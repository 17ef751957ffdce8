"""What Windows' numbers in events of logons mean, in words.

MS-ERREF 2.3 (NTSTATUS), RFC 4120 section 7.5.9 with MS-KILE (errors of Kerberos), and Microsoft's
"Advanced security auditing" pages of events 4624, 4625, 4768, 4771, 4776. Confirmed on events:
0xC000006A, 0xC000006D, 0xC000006E, %%2313, and 0x6, 0x12, 0x18 of Kerberos.
"""

from __future__ import annotations

from collections.abc import Mapping

STATUS: Mapping[int, str] = {
    0xC0000001: "unsuccessful",
    0xC000005E: "no logon server available",
    0xC0000064: "no such user",
    0xC000006A: "wrong password",
    0xC000006B: "password rule of the domain not met",
    0xC000006C: "password rule not met",
    0xC000006D: "wrong user or password",
    0xC000006E: "account restriction",
    0xC000006F: "outside the hours allowed",
    0xC0000070: "workstation not allowed",
    0xC0000071: "password expired",
    0xC0000072: "account disabled",
    0xC000009A: "insufficient resources",
    0xC00000BB: "not supported",
    0xC00000DC: "server in the wrong state",
    0xC0000022: "access denied",
    0xC0000133: "clocks too far apart",
    0xC000015B: "logon type not granted",
    0xC000018C: "trust between domains failed",
    0xC000018D: "trust of the workstation failed",
    0xC0000192: "net logon service not started",
    0xC0000193: "account expired",
    0xC0000199: "account of an interdomain trust",
    0xC0000224: "password must be changed",
    0xC0000225: "not found",
    0xC0000234: "account locked out",
    0xC00002EE: "unfinished context",
    0xC0000371: "no local account database",
    0xC0000388: "downgrade detected",
    0xC0000413: "authentication firewall: not allowed on this machine",
    0xC000041B: "not in the list of users allowed",
    0x80090325: "certificate of an untrusted authority",
}

REASONS: Mapping[str, str] = {
    "%%2304": "error during logon",
    "%%2305": "account expired",
    "%%2306": "net logon not active",
    "%%2307": "account locked out",
    "%%2308": "logon type not granted",
    "%%2309": "password expired",
    "%%2310": "account disabled",
    "%%2311": "outside the hours allowed",
    "%%2312": "workstation not allowed",
    "%%2313": "unknown user or wrong password",
}
"""FailureReason of event 4625, a number of msobjs.dll."""

KERBEROS: Mapping[int, str] = {
    0x1: "client's entry expired",
    0x2: "server's entry expired",
    0x3: "version not supported",
    0x6: "no such user",
    0x7: "no such service",
    0x8: "several entries for the principal",
    0x9: "no key for client or server",
    0xC: "workstation or hours not allowed",
    0xD: "option not possible",
    0xE: "encryption type not supported",
    0xF: "checksum type not supported",
    0x10: "certificate or smart card not usable",
    0x12: "account disabled, expired or locked out",
    0x17: "password expired",
    0x18: "wrong password",
    0x19: "more pre-authentication required",
    0x1B: "only user to user",
    0x1F: "integrity check failed",
    0x20: "ticket expired",
    0x21: "ticket not valid yet",
    0x22: "replay",
    0x25: "clocks too far apart",
    0x29: "message modified",
    0x3C: "error without a name",
    0x3E: "client not trusted",
    0x40: "signature not valid",
    0x42: "certificate does not fit the user",
    0x44: "wrong realm",
    0x4B: "client name does not fit the certificate",
}

LOGON_TYPES: Mapping[str, str] = {
    "0": "system",
    "2": "interactive",
    "3": "network",
    "4": "batch",
    "5": "service",
    "7": "unlock or reconnection",
    "8": "network, password in clear text",
    "9": "other credentials for the network",
    "10": "remote interactive",
    "11": "interactive, cached",
    "12": "remote interactive, cached",
    "13": "unlock, cached",
}


def status(*codes: str) -> str:
    """Return what the first of NTSTATUS codes says that is not 0; the code where it has no name."""
    return _words(STATUS, codes, 8)


def kerberos(code: str) -> str:
    """Return what an error of Kerberos says; the code where it has no name."""
    return _words(KERBEROS, (code,), 1)


def number(code: str) -> int | None:
    """Return a code, which is written in hexadecimal with 0x, or in decimal, signed or not."""
    try:
        return int(code.strip()[:32], 0) & 0xFFFFFFFF
    except ValueError:
        return None


def _words(names: Mapping[int, str], codes: tuple[str, ...], digits: int) -> str:
    for code in codes:
        value = number(code)
        if value:
            return names.get(value, f"0x{value:0{digits}X}")
    return ""
