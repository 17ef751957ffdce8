"""Records of TLS as `C110 S204 s19 Cx`, for tests of who reads them.

C and S: data of client and server, and its length; c and s: an alert; Cx and Sx: the end of a side.
"""

from __future__ import annotations

from typing import Any

from parsers.services.parser import ORIG, RESP
from parsers.services.tls_names import TLS12, TLS13
from parsers.services.tls_records import ALERT, APPLICATION_DATA, CLOSED, Record, Seen

GCM = "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"
GCM_13 = "TLS_AES_128_GCM_SHA256"
FINISHED = "S53 C53 "


def records(text: str) -> list[Record]:
    """Records, a second apart from second 1 on."""
    return [
        Record(
            ORIG if word[0] in "Cc" else RESP,
            CLOSED if word[1:] == "x" else ALERT if word[0].islower() else APPLICATION_DATA,
            0 if word[1:] == "x" else int(word[1:]),
            second * 1_000_000_000,
        )
        for second, word in enumerate(text.split(), 1)
    ]


def seen12(text: str, cipher: str = GCM, whole: bool = True, **row: Any) -> Seen:
    return Seen(TLS12, {"ts": 0, "cipher": cipher, **row}, records(text), whole)


def seen13(text: str, whole: bool = True, **row: Any) -> Seen:
    return Seen(TLS13, {"ts": 0, "cipher": GCM_13, **row}, records(text), whole)
