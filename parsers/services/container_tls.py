"""What the records of TLS tell of a container API: rows of `container_tls`.

Kubernetes' API server, the kubelet and Docker's engine are Go servers: each message of their
handshake, each frame of HTTP/2 (RFC 9113 section 4.1) and each answer of HTTP/1.1 is a record of
its own. So the client's certificate shows in TLS 1.3, too, and how long each answer is. Which
answer that is, is likely only: sizes of refusals are those of Kubernetes 1.20. What a kubelet
refuses is in plain text and not told.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any, NamedTuple

from parsers.services.parser import ORIG, RESP, Row
from parsers.services.tls_records import APPLICATION_DATA, MOST_RECORDS, Asks, Record, Seen, turns

DOCKER, KUBERNETES, KUBELET = "docker", "kubernetes", "kubelet"
PORTS = {2376: DOCKER, 6443: KUBERNETES, 10250: KUBELET}

EMPTY_CERTIFICATE = 8
"""A Certificate of TLS 1.3 that holds none: head, context, list."""

H2_CHOSEN = 15
"""EncryptedExtensions that choose "h2" and nothing else."""

FRAME = 9
SETTINGS = range(FRAME + 6, FRAME + 6 * 8 + 1, 6)
"""Bytes of a frame with settings, of which a server has some."""

CONTROL = {FRAME, FRAME + 4, FRAME + 8, FRAME + FRAME + 4}
"""Bytes of an acknowledgement of settings, an update of windows, a ping, and of the first two
together; also of the end of a body, and of a reset."""

UNAUTHORIZED = 165
FORBIDDEN_HEAD, FORBIDDEN_BODY = range(215, 245), range(220, 420)
HANDED_OUT = 1000
"""Bytes of an answer that is neither an error nor a version."""

UPGRADE = range(90, 200)
"""Bytes of "101 Switching Protocols" alone."""

SHORT = range(1, 5)
"""SPDY writes the parts of a frame's head one by one."""

MANY_SHORT = 5


class Answer(NamedTuple):
    """An answer: bytes of its head, of its body, and in how many records the body came."""

    head: int
    body: int
    records: int


def _tell(service: str, seen: Seen) -> list[Row]:
    conversation = seen.conversation()
    said = [record for record in conversation if record.kind == APPLICATION_DATA]
    overhead, certificate = seen.overhead(), _certificate(seen, conversation)
    if overhead is None or certificate is None:
        return []
    row: dict[str, Any] = {
        "ts": seen.established["ts"],
        "service": service,
        "client_certificate": certificate,
        "confidence": 0.6,
    }
    if _is_h2(seen):
        row |= _count(service, list(_answers(said, overhead)))
    else:
        row |= _count(service, [])
        row["exec"] = _is_exec(said, overhead)
        row |= _bulk(said, overhead) if not row["exec"] else {}
    return [("container_tls", row)]


ASKS = {port: Asks(partial(_tell, service), MOST_RECORDS) for port, service in PORTS.items()}


# The handshake.


def _certificate(seen: Seen, conversation: list[Record]) -> str | None:
    """What the client showed of itself, and what the server made of it; None if that is hidden."""
    asked, sent = _shown(seen)
    if asked is None:
        return None
    if not asked:
        return "not asked"
    shown = "sent" if sent else "asked, none sent"
    if any(each.side == RESP and each.kind == APPLICATION_DATA for each in conversation):
        return "sent, accepted" if sent else shown
    end = next((each for each in conversation if each.kind != APPLICATION_DATA), None)
    return f"{shown}, refused" if end is not None and end.side == RESP else shown


def _shown(seen: Seen) -> tuple[bool | None, bool]:
    """Whether the server asked for a certificate, and whether the client has one."""
    if not seen.is_13:
        history = str(seen.established.get("ssl_history", ""))
        return "r" in history, "Y" in history
    server, client = seen.handshake(RESP), seen.handshake(ORIG)
    if len(server) not in (4, 5) or not client:  # resumed, or in other records
        return None, False
    empty = EMPTY_CERTIFICATE + 17
    return len(server) == 5, len(client) > 1 and client[0] > empty


# Answers.


def _is_h2(seen: Seen) -> bool:
    if not seen.is_13:
        return seen.established.get("next_protocol") == "h2"
    server = seen.handshake(RESP)
    return bool(server) and server[0] == H2_CHOSEN + 17


def _answers(said: list[Record], overhead: int) -> Iterator[Answer]:
    """Each run of a server's frames behind a client's; a ticket and its settings come before."""
    sent = [record._replace(length=record.length - overhead) for record in said]
    settings = (
        place
        for place, record in enumerate(sent)
        if record.side == RESP and record.length in SETTINGS
    )
    begin = next(settings, len(sent))
    behind = [
        record
        for place, record in enumerate(sent)
        if record.length not in CONTROL and (record.side == ORIG or place > begin)
    ]
    for run in turns(behind):
        if run[0].side == RESP:
            head, *body = (record.length - FRAME for record in run)
            yield Answer(head, sum(body), len(body))


def _count(service: str, answers: list[Answer]) -> dict[str, Any]:
    unauthorized = forbidden = data = octets = 0
    for place, answer in enumerate(answers):
        if answer.body >= HANDED_OUT:
            data, octets = data + 1, octets + answer.body
        elif service != KUBERNETES or answer.records != 1:
            continue
        elif answer.body == UNAUTHORIZED:
            unauthorized += 1
        elif not place and answer.head in FORBIDDEN_HEAD and answer.body in FORBIDDEN_BODY:
            forbidden += 1
    return {
        "answers": len(answers),
        "refused_401": unauthorized,
        "denied_403": forbidden,
        "data": data,
        "data_bytes": octets,
        "exec": False,
    }


def _is_exec(said: list[Record], overhead: int) -> bool:
    """Whether the connection was upgraded, and both sides then send the small parts of SPDY."""
    runs = turns(said)
    if len(runs) < 3 or len(runs[1]) != 1 or runs[1][0].length - overhead not in UPGRADE:
        return False
    after = [record for run in runs[2:] for record in run]
    short = [record.side for record in after if record.length - overhead in SHORT]
    return short.count(ORIG) >= MANY_SHORT and RESP in {record.side for record in after}


def _bulk(said: list[Record], overhead: int) -> dict[str, Any]:
    """Count answers of HTTP/1.1; head and body cannot be told apart."""
    runs = [run for run in turns(said) if run[0].side == RESP]
    sizes = [sum(record.length - overhead for record in run) for run in runs]
    large = [size for size in sizes if size >= HANDED_OUT]
    return {"answers": len(sizes), "data": len(large), "data_bytes": sum(large)}
