"""Windows: who logged on, by events of Security, Remote Desktop, OpenSSH and Network Policy Server.

Sources: Microsoft's pages of each Security event; for Remote Desktop the templates of the
providers' manifests. Confirmed on events: 4624, 4625, 4634, 4768, 4771, 6272, 6273, 1149.
Unconfirmed, from documentation: 4647, 4740, 4776, 4778, 4779; 21, 23, 24, 25; 140; OpenSSH 4.

What the events do not say, and what is made of it:

- A network logon (type 3) is of a file share, of WinRM or of Remote Desktop whose client proved
  itself first (network level authentication): no service is named, the detail says so.
- 1149 comes when a connection was let through. With network level authentication the password
  was right by then, without it the logon screen comes only now; so it is less sure, and without
  a user its outcome is not known.
- An administrator's logon is written twice, of which the one without rights is passed over.
- Logons of services, of tasks and at the console, which have no address from outside, are passed
  over, and so are 4769 and 4770, which tell of tickets of somebody who has logged on, and 131 of
  RdpCoreTS, which tells of a connection only.
- A ticket (4768) that was given without pre-authentication proves nothing of who asked.
- A lockout (4740) names the computer that the attempts came from, not its address.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from parsers.logons import sshd
from parsers.logons.message import Message
from parsers.logons.own_times import when
from parsers.logons.rows import Row
from parsers.logons.told import Told, address, is_nothing, is_of_host, joined, row
from parsers.logons.windows_codes import LOGON_TYPES, REASONS, kerberos, number, status
from parsers.logons.windows_event import Event, read

SECURITY = "Microsoft-Windows-Security-Auditing"
SESSIONS = "Microsoft-Windows-TerminalServices-LocalSessionManager"
CONNECTIONS = "Microsoft-Windows-TerminalServices-RemoteConnectionManager"
RDP_CORE = "Microsoft-Windows-RemoteDesktopServices-RdpCoreTS"
OPENSSH = "OpenSSH"

NETWORK, UNLOCK, CLEAR_TEXT = "3", "7", "8"
RDP_TYPES = ("10", "12")
REMOTE_TYPES = (NETWORK, UNLOCK, CLEAR_TEXT, *RDP_TYPES, "13")
ANONYMOUS = "S-1-5-7"
NO_RIGHTS = "%%1843"  # ElevatedToken: no

METHODS: Mapping[str, str] = {
    "ntlm": "ntlm",
    "kerberos": "kerberos",
    "schannel": "certificate",
    "microsoft_authentication_package_v1_0": "password",
}
PROGRAMS: Mapping[str, str] = {"sshd.exe": "ssh", "wsmprovhost.exe": "winrm"}
CODE = re.compile(r"\b0x[Cc]0[0-9A-Fa-f]{6}\b")
BY_CERTIFICATE = ("14", "15", "16", "17", "18")  # PreAuthType: PKINIT
NO_PROOF = "0"
RADIUS_METHODS: Mapping[str, str] = {
    "pap": "password",
    "ms-chap": "password",
    "ms-chapv1": "password",
    "ms-chapv2": "password",
    "eap": "eap",
    "peap": "eap",
}

OPENED = ('"EventID"', '"event_id"', '"winlog.event_id"', '"winlog"')


def is_of(message: Message) -> bool:
    """Whether a line is an event of Windows, of XML or JSON."""
    text = message.text
    return text.startswith("<Event") or (
        text.startswith("{") and any(name in text for name in OPENED)
    )


class Reader:
    """Makes rows of events."""

    def __init__(self) -> None:
        self._sshd = sshd.Reader()

    def read(self, message: Message) -> list[Row]:
        """Return the row that an event gives, if it tells of a logon."""
        event = read(message.text)
        provider = event.provider or (SECURITY if event.channel == "Security" else "")
        at = when(message, event.ts, zoned=event.zoned)
        if provider == OPENSSH:
            return self._sshd.read(_of_sshd(event, at, message))
        tell = EVENTS.get((provider, event.number))
        told = tell(event) if tell else None
        if told is None:
            return []
        return [row(message, {"ts": at, "host": event.host} | told)]

    def end(self) -> list[Row]:
        """Return the rows that waited for more lines: those of OpenSSH."""
        return self._sshd.end()


def _of_sshd(event: Event, at: int | None, message: Message) -> Message:
    """What sshd would have written to syslog: its payload begins with its own name."""
    text = event.data.get("payload", "")
    text = text.removeprefix("sshd: ")
    process = number(event.data.get("ProcessID", ""))
    return Message(at, event.host or message.host, "sshd", process, text, message.line)


def _logon(event: Event) -> Told | None:
    data = event.data
    twin = number(data.get("TargetLinkedLogonId", "0")) and data.get("ElevatedToken") == NO_RIGHTS
    if twin or not _is_remote(data):
        return None
    return _seen(data) | {"outcome": "success", "session": data.get("TargetLogonId")}


def _failed_logon(event: Event) -> Told | None:
    data = event.data
    source = data.get("IpAddress", "")
    if data.get("LogonType", "") not in REMOTE_TYPES and not address(source):
        return None
    seen = _seen(data)
    codes = data.get("SubStatus", ""), data.get("Status", ""), *_codes(data.get("Message", ""))
    why = status(*codes) or REASONS.get(data.get("FailureReason", ""), "")
    return seen | {"outcome": "failed", "detail": joined(why, seen["detail"])}


def _codes(text: str) -> list[str]:
    """The codes in an event's text, of whatever language, the most particular first."""
    return CODE.findall(text)[::-1]


def _is_remote(data: Mapping[str, str]) -> bool:
    kind, source = data.get("LogonType", ""), address(data.get("IpAddress", ""))
    if kind in RDP_TYPES or kind == CLEAR_TEXT:
        return True
    return source is not None and not is_of_host(source)


def _seen(data: Mapping[str, str]) -> Told:
    """What 4624 and 4625 have in common."""
    kind = data.get("LogonType", "")
    ntlm = data.get("LmPackageName", "")
    package = data.get("AuthenticationPackageName", "").strip().lower()
    method = METHODS.get(package) or ("" if is_nothing(ntlm) else "ntlm")
    if data.get("LogonProcessName", "").strip().lower() == "schannel":
        method = METHODS["schannel"]
    if data.get("TargetUserSid") == ANONYMOUS:
        method = "none"
    source = address(data.get("IpAddress", ""))
    notes = [f"type {kind} ({LOGON_TYPES.get(kind, 'unknown')})"]
    if not is_nothing(ntlm):
        notes.append(ntlm)
    service = _service(data)
    if kind == NETWORK and not service and method in ("ntlm", ""):
        notes.append("a share, WinRM or RDP with NLA")
    if service == "rdp" and source and is_of_host(source):
        notes.append("from the host itself: a tunnel")
    return {
        "service": service,
        "user": data.get("TargetUserName"),
        "orig_h": source,
        "orig_p": data.get("IpPort"),
        "method": method,
        "detail": "; ".join(notes),
        "software": _workstation(data),
    }


def _service(data: Mapping[str, str]) -> str:
    program = data.get("ProcessName", "").rpartition("\\")[2].lower()
    if program in PROGRAMS:
        return PROGRAMS[program]
    kind, source = data.get("LogonType", ""), address(data.get("IpAddress", ""))
    reconnects = kind == UNLOCK and source is not None and not is_of_host(source)
    return "rdp" if kind in RDP_TYPES or reconnects else ""


def _workstation(data: Mapping[str, str]) -> str:
    name = data.get("WorkstationName") or data.get("Workstation") or ""
    return "" if is_nothing(name) else f"workstation {name}"


def _logoff(event: Event) -> Told | None:
    kind = event.data.get("LogonType", "")
    if kind and kind not in REMOTE_TYPES:
        return None
    return {
        "service": "rdp" if kind in RDP_TYPES else "",
        "user": event.data.get("TargetUserName"),
        "event": "logoff",
        "session": event.data.get("TargetLogonId"),
        "detail": f"type {kind} ({LOGON_TYPES[kind]})" if kind else "",
    }


def _lockout(event: Event) -> Told | None:
    caller = event.data.get("TargetDomainName", "")  # the field is the computer's, by its label
    return {
        "user": event.data.get("TargetUserName"),
        "event": "lockout",
        "detail": joined("account locked out", caller and f"attempts from {caller}"),
    }


def _ticket(event: Event) -> Told | None:
    """4768 and 4771: a domain controller gave somebody a ticket, or refused."""
    data = event.data
    code = data.get("Status") or data.get("FailureCode") or ""
    failed = event.number == 4771 or number(code) != 0
    proof = data.get("PreAuthType")
    unproved = proof == NO_PROOF and not failed
    return {
        "service": "kerberos",
        "user": data.get("TargetUserName"),
        "orig_h": data.get("IpAddress"),
        "orig_p": data.get("IpPort"),
        "method": "certificate" if proof in BY_CERTIFICATE else "kerberos",
        "outcome": "failed" if failed else "unknown" if unproved else "success",
        "detail": "no pre-authentication: nothing was proved" if unproved else kerberos(code),
    }


def _ntlm(event: Event) -> Told | None:
    """4776: credentials were checked, on whichever computer the account is of."""
    code = event.data.get("Status") or event.data.get("ErrorCode") or ""
    return {
        "user": event.data.get("TargetUserName"),
        "method": "ntlm",
        "outcome": "failed" if number(code) != 0 else "success",
        "detail": joined(status(code), "checked for another computer or service"),
        "software": _workstation(event.data),
    }


def _radius(event: Event) -> Told | None:
    """6272 and 6273: Network Policy Server let somebody in, or not, for a VPN or Wi-Fi."""
    data = event.data
    kind = data.get("AuthenticationType", "").strip().lower()
    reason = data.get("Reason", "") if event.number == 6273 else ""
    return {
        "service": "radius",
        "user": data.get("SubjectUserName"),
        "orig_h": data.get("CallingStationID"),
        "method": RADIUS_METHODS.get(kind, ""),
        "outcome": "failed" if event.number == 6273 else "success",
        "detail": joined(reason, f"asked by {data.get('ClientName') or data.get('NASIdentifier')}"),
        "session": data.get("AccountSessionIdentifier"),
    }


def _window(event: Event) -> Told | None:
    """4778 and 4779: a session was connected again, or left. The console's is not from outside."""
    data = event.data
    if not address(data.get("ClientAddress", "")):
        return None
    again = event.number == 4778
    return {
        "service": "rdp",
        "user": data.get("AccountName"),
        "orig_h": data.get("ClientAddress"),
        "outcome": "success",
        "event": "logon" if again else "logoff",
        "session": data.get("LogonID"),
        "detail": "reconnected" if again else "disconnected",
        "software": f"workstation {data['ClientName']}" if data.get("ClientName") else "",
    }


SESSION_EVENTS: Mapping[int, tuple[str, str]] = {
    21: ("logon", "session began"),
    23: ("logoff", "session ended"),
    24: ("logoff", "disconnected"),
    25: ("logon", "reconnected"),
}


def _session(event: Event) -> Told | None:
    """What the manager of sessions says. Of a logoff it has no address, at the console LOCAL."""
    kind, detail = SESSION_EVENTS[event.number]
    source = event.data.get("Address", "")
    if event.number != 23 and not address(source):
        return None
    return {
        "service": "rdp",
        "user": _account(event.data.get("User", "")),
        "orig_h": source,
        "outcome": "success",
        "event": kind,
        "session": event.data.get("SessionID"),
        "detail": detail,
    }


def _connection(event: Event) -> Told | None:
    """1149: a connection was let through."""
    user = event.data.get("Param1", "")
    return {
        "service": "rdp",
        "user": user,
        "orig_h": event.data.get("Param3"),
        "outcome": "success" if user else "unknown",
        "confidence": 0.8,
        "detail": "let through: with NLA the password was right, without it not tried yet",
    }


def _refused(event: Event) -> Told | None:
    """140 of RdpCoreTS: the user name or the password was not right; it names the address only."""
    return {
        "service": "rdp",
        "orig_h": event.data.get("IPString"),
        "outcome": "failed",
        "detail": "wrong user or password",
    }


def _account(name: str) -> str:
    r"""A user's name without the domain, DOMAIN\user."""
    return name.rpartition("\\")[2]


EVENTS: Mapping[tuple[str, int], Callable[[Event], Told | None]] = {
    (SECURITY, 4624): _logon,
    (SECURITY, 4625): _failed_logon,
    (SECURITY, 4634): _logoff,
    (SECURITY, 4647): _logoff,
    (SECURITY, 4740): _lockout,
    (SECURITY, 4768): _ticket,
    (SECURITY, 4771): _ticket,
    (SECURITY, 4776): _ntlm,
    (SECURITY, 4778): _window,
    (SECURITY, 4779): _window,
    (SECURITY, 6272): _radius,
    (SECURITY, 6273): _radius,
    **{(SESSIONS, number): _session for number in SESSION_EVENTS},
    (CONNECTIONS, 1149): _connection,
    (RDP_CORE, 140): _refused,
}
