"""The row of `kerberos` that the messages of one connection make, and those of its certificates.

What fills which column, and when the row is written, as in Zeek: base/protocols/krb (main.zeek,
files.zeek).
"""

from __future__ import annotations

from typing import Any

from parsers.services.certificates import read_certificate
from parsers.services.kerberos_messages import (
    AP_REQ,
    AS_REP,
    AS_REQ,
    KRB_ERROR,
    TGS_REP,
    TGS_REQ,
    Message,
)
from parsers.services.kerberos_names import ERRORS, cipher_name
from parsers.services.parser import Row

REQUESTS = {AS_REQ: "AS", TGS_REQ: "TGS"}
REPLIES = (AS_REP, TGS_REP)
SESSION = (*REQUESTS, *REPLIES, AP_REQ, KRB_ERROR)
"""Messages that begin the row; of all others nothing is told."""

FORWARDABLE, RENEWABLE = 0x4000_0000, 0x0080_0000
"""KDCOptions, RFC 4120 section 5.4.1."""

PASSED_OVER = ("NEEDED_PREAUTH", "Need to use PA-ENC-TIMESTAMP/PA-PK-AS-REQ")
"""Texts of errors that are a step of the logon: what comes next begins a row of its own."""


class KerberosLog:
    """The row of one connection: begun by the first message, written once."""

    def __init__(self, rows: list[Row]) -> None:
        self.is_written = False
        self._rows = rows
        self._row: dict[str, Any] = {}

    def begin(self, ts: int) -> None:
        """Take note of a message that begins the row, such as one that shows a ticket."""
        self._row.setdefault("ts", ts)

    def message(self, message: Message, ts: int) -> None:
        """Take note of what a message says."""
        if message.kind not in SESSION:
            return
        if message.certificates is not None:
            self._certificate(message, ts)
        if self.is_written:
            return
        self.begin(ts)
        if message.kind in REQUESTS:
            self._request(message)
        elif message.kind in REPLIES:
            self._reply(message)
        elif message.kind == KRB_ERROR:
            self._error(message)

    def end(self) -> None:
        """Write the row, if there is one that was not written."""
        if self._row and not self.is_written:
            self._rows.append(("kerberos", self._row))
            self.is_written = True

    def _request(self, message: Message) -> None:
        self._row["request_type"] = REQUESTS[message.kind]
        if message.kind == AS_REQ:
            self._row["client"] = f"{message.client or ''}/{message.realm or ''}"
        told = {"service": message.service, "from": message.start, "till": message.till}
        self._row |= {column: value for column, value in told.items() if value is not None}
        if message.options is not None:
            self._row["forwardable"] = bool(message.options & FORWARDABLE)
            self._row["renewable"] = bool(message.options & RENEWABLE)

    def _reply(self, message: Message) -> None:
        self._row.setdefault("client", f"{message.client}/{message.realm}")
        cipher = cipher_name(message.cipher or 0)
        self._row |= {"service": message.service, "cipher": cipher, "success": True}
        self.end()

    def _error(self, message: Message) -> None:
        if message.text in PASSED_OVER:
            self._row = {}
            return
        if message.client is not None or message.realm is not None:
            client = "" if message.client is None else f"{message.client}/"
            self._row.setdefault("client", client + (message.realm or ""))
        if message.service is not None:
            self._row["service"] = message.service
        text = ERRORS.get(message.error or 0) if message.text is None else message.text
        self._row |= {"success": False, "error_msg": text}
        self.end()

    def _certificate(self, message: Message, ts: int) -> None:
        """Make the row of the certificate by which the sender authenticates itself."""
        certificate = read_certificate(message.certificates or b"")
        if certificate is None:
            return
        of_client = message.kind in REQUESTS
        sides = {"ts": ts, "host_cert": True, "client_cert": of_client}
        self._rows.append(("x509", certificate.row | sides))
        if not self.is_written:
            self.begin(ts)
            side = "client" if of_client else "server"
            self._row[f"{side}_cert_subject"] = certificate.row["certificate_subject"]
