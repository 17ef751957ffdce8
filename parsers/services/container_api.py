"""Requests to container APIs and their answers, out of HTTP: rows of `container_api`.

Docker Engine, Kubernetes, kubelet, etcd and the Kubernetes dashboard, on any port. What a path may
ask is in `container_operations`, which answers prove it in `container_proof`, what bodies say in
`container_bodies`, what upgraded streams say in `container_streams`. A request makes a row where
its answer proves the API, or where there is no answer to a path that no other service has.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from parsers.services.command_tells import tells
from parsers.services.container_bodies import READ, fields, made, of_body, of_query
from parsers.services.container_json import LENGTH_MAX
from parsers.services.container_operations import MAY_BE, Asked, asked, bounded
from parsers.services.container_proof import (
    BODY_FAILED,
    ETCD_ALLOWS,
    NO_ANSWER,
    authentication,
    outcome,
    proven,
    told,
)
from parsers.services.container_specs import Facts
from parsers.services.container_streams import WIRE_MAX, said
from parsers.services.http_fields import first_token, text, unescaped
from parsers.services.http_start import RequestLine
from parsers.services.parser import ORIG, RESP

ANSWER_MAX = 65_536
"""How much of an answer's body is kept."""
ANSWER_END = 1024
"""How much of the end of an answer is kept that may tell of an error there."""
TEXT_MAX = 2048
COMMAND_MAX = 1024
EXECS_MAX = 64
"""How many commands that were made ready a connection remembers."""

ABSOLUTE = re.compile(rb"(?i)https?://[^/?]*")
ENCODINGS_READ = (b"", b"identity", b"gzip", b"x-gzip", b"deflate")
STREAMED = ("exec-start", "attach", "logs", "run", "node-proxy")
"""Operations whose answer is what a program says."""
NOT_KEPT = ("archive-in", "archive-out", "export", "portforward")
UPGRADED = ("exec-start", "attach", "portforward", "logs", "proxy", "node-proxy")
PROVING_TYPES = re.compile(rb"(?:application/(?:json|vnd\.|grpc)|text/plain|\Z)", re.IGNORECASE)
"""Types of answers that may prove an API; there may be none."""
BODIES_MAX = 4
"""How many bodies of requests a connection keeps that wait for their answers."""
TOKENS_OF = b"kubernetes.io/service-account-token"


class Kept:
    """The beginning of a body, and of a long one as much of its end as is wanted.

    is_whole: whether nothing of it is missing in the capture, so far.
    """

    def __init__(self, most: int, end: int = 0) -> None:
        self.head = bytearray()
        self.tail = bytearray()
        self.length = 0
        self.is_whole = True
        self._most, self._end = most, end

    @property
    def is_full(self) -> bool:
        """Whether more of it is of no use."""
        return not self.is_whole or (not self._end and self.length > self._most)

    def more(self, octets: bytes) -> None:
        """Its next bytes."""
        room = self._most - len(self.head)
        self.length += len(octets)
        self.head += octets[:room] if room > 0 else b""
        if self._end:
            self.tail += octets
            del self.tail[: -self._end]


@dataclass
class Conversation:
    """What the exchanges of a connection have in common.

    kept: how many bodies of requests wait; apis: what was proven; containers: of commands by id.
    """

    kept: int = 0
    apis: set[str] = field(default_factory=set)
    containers: dict[str, str] = field(default_factory=dict)


class Exchange:
    """One request that may be to a container API, and its answer.

    upgrades: whether the client waits for the connection to become a stream.
    streamed: how many bytes of either side came behind the end of HTTP.
    credentials: whether the request had any.
    """

    def __init__(
        self, line: RequestLine, candidates: tuple[Asked, ...], ts: int, talk: Conversation
    ) -> None:
        self.ts, self.status = ts, 0
        self.upgrades = False
        self.streamed = [0, 0]
        self._method, self._uri = text(line.method), line.uri
        self._candidates, self._talk = candidates, talk
        self.user_agent: str | None = None
        self.credentials = False
        self._is_heard = False  # whether the header of the answer has ended
        self._spoken: set[str] = set()
        self._always: set[str] = set()
        self._fields: dict[tuple[int, bytes], bytes] = {}
        self._bodies: list[Kept | None] = [None, None]
        self._lengths = [0, 0]
        self._stream = (bytearray(), bytearray())

    @property
    def is_hijacked(self) -> bool:
        """Whether the answer is a stream in both directions without an upgrade, as Docker's."""
        return self.status == 200 and b"docker.raw-stream" in self._field(RESP, b"CONTENT-TYPE")

    @property
    def is_interim(self) -> bool:
        """Whether another answer follows the one that there is."""
        return 100 <= self.status <= 199

    @property
    def becomes_stream(self) -> bool:
        """Whether behind its answer comes what a program says."""
        return self.status == 101 and self._streams

    def answered(self, status: int) -> None:
        """An answer begins; one before it was not the last."""
        self.status = status

    def field(self, side: int, name: bytes, value: bytes) -> None:
        """A header field of either side."""
        if side == RESP:
            apis, always = told(name, value)
            self._spoken.update(apis)
            if always:
                self._always.update(apis)
        elif name == b"USER-AGENT":
            self.user_agent = text(value[:TEXT_MAX])
        elif name in (b"AUTHORIZATION", b"JWETOKEN") or b"bearer.authorization.k8s" in value:
            self.credentials = True
        if name in FIELDS_KEPT:
            self._fields[side, name] = value[:TEXT_MAX]
        if side == ORIG and name == b"UPGRADE":
            self.upgrades = self._streams

    def body(self, side: int) -> Kept | None:
        """What takes the body that begins; None where none of it is needed."""
        self._is_heard |= side == RESP
        operations = {each.operation for each in self._candidates}
        if side == ORIG and operations & READ:
            self._talk.kept += 1
            self._bodies[ORIG] = Kept(LENGTH_MAX if self._talk.kept <= BODIES_MAX else 0)
        elif side == RESP and not operations.isdisjoint(STREAMED):
            self._bodies[RESP] = Kept(WIRE_MAX)
        elif side == RESP and operations.difference(NOT_KEPT) and self._may_prove:
            end = ANSWER_END if operations & set(BODY_FAILED) else 0
            self._bodies[RESP] = Kept(ANSWER_MAX, end)
        return self._bodies[side]

    def cut(self, side: int) -> None:
        """Something of a body that goes on is missing, or its end."""
        kept = self._bodies[side]
        if kept:
            kept.is_whole = False

    def ended(self, side: int, length: int) -> None:
        """A message ended, whose body came to so many bytes."""
        self._lengths[side] = length

    def stream(self, side: int, octets: bytes) -> None:
        """Bytes of a side behind the end of HTTP."""
        self.streamed[side] += len(octets)
        kept = self._stream[side]
        kept += octets[: WIRE_MAX - len(kept)]

    def row(self) -> dict[str, Any] | None:
        """What there is to tell, once; None where nothing proves a container API."""
        self._talk.kept -= self._bodies[ORIG] is not None
        answer = self._bodies[RESP]
        body = bytes(answer.head) if answer else b""
        found = self._asked(body)
        if found is None:
            return None
        result = outcome(found, self.status, body + (bytes(answer.tail) if answer else b""))
        if result == "succeeded" and found.operation in BODY_FAILED and answer:
            result = result if answer.is_whole else "unknown"
        if result != "unknown":
            self._talk.apis.add(found.api)
        query = fields(text(self._uri.partition(b"?")[2]))
        found, facts = of_query(found, query)
        facts = self._with_body(found, facts)
        new = made(found, body) if result == "succeeded" else ""
        found = self._named(found, facts, new)
        output, typed = self._said(found, body)
        if found.operation == "secrets" and TOKENS_OF in body:
            facts.risks.add("service-account")
        facts.risks.update(tells(facts.command), tells(typed or ""))
        return {
            "ts": self.ts,
            "api": found.api,
            "operation": found.operation,
            "method": self._method[:TEXT_MAX],
            "uri": text(unescaped(self._uri))[:TEXT_MAX],
            "object": bounded(found.object) or None,
            "container": bounded(found.container) or None,
            "status_code": self.status or None,
            "outcome": result,
            "authentication": authentication(result, self.status, credentials=self.credentials),
            "user_agent": self.user_agent,
            "risks": sorted(facts.risks),
            "command": facts.command[:COMMAND_MAX] or None,
            "mounts": [mount[:TEXT_MAX] for mount in facts.mounts],
            "image": bounded(facts.image) or None,
            "request_bytes": self._lengths[ORIG] + self.streamed[ORIG],
            "response_bytes": self._lengths[RESP] + self.streamed[RESP],
            "output": output,
            "input": typed,
            "unread": facts.unread or None,
        }

    @property
    def _streams(self) -> bool:
        """Whether what it asks for may be a stream in both directions."""
        return any(each.operation in UPGRADED for each in self._candidates)

    @property
    def _may_prove(self) -> bool:
        """Whether the answer is no page for people."""
        return PROVING_TYPES.match(self._field(RESP, b"CONTENT-TYPE")) is not None

    def _field(self, side: int, name: bytes) -> bytes:
        return self._fields.get((side, name), b"")

    @property
    def _is_plain(self) -> bool:
        """Whether the answer may be what a command wrote, as the kubelet passes it on."""
        kept = self._bodies[ORIG]
        commands = b"cmd=" in self._uri or (kept and b"cmd=" in kept.head)
        asks = commands or b"/containerLogs/" in self._uri
        by_type = self._field(RESP, b"CONTENT-TYPE")[:10] in (b"", b"text/plain")
        return bool(self.status == 200 and asks and by_type and not self._field(RESP, b"SERVER"))

    def _asked(self, body: bytes) -> Asked | None:
        found = proven(
            self._candidates,
            self._spoken | (self._talk.apis if self.status and self._may_prove else set()),
            body,
            plain=self._is_plain,
            etcd=self._field(RESP, b"ACCESS-CONTROL-ALLOW-HEADERS") == ETCD_ALLOWS,
        )
        if found:
            return found
        for api in sorted(self._always):
            return Asked(api, "other")
        own = (each for each in self._candidates if each.own)
        if not self._is_heard:
            self.status = 0  # whoever answered did not say so far who it is
        return next(own, None) if self.status in NO_ANSWER else None

    def _with_body(self, found: Asked, facts: Facts) -> Facts:
        """What the query and the body of the request say together."""
        kept = self._bodies[ORIG]
        if kept is None or not kept.length or found.operation not in READ:
            return facts
        if first_token(self._field(ORIG, b"CONTENT-ENCODING")) not in ENCODINGS_READ:
            said_there = Facts(unread="compressed")
        elif kept.length > len(kept.head):
            said_there = Facts(unread="too_long")
        elif not kept.is_whole:
            said_there = Facts(unread="cut_off")
        else:
            said_there = of_body(found, bytes(kept.head))
        said_there.commands = [*facts.commands, *said_there.commands]
        said_there.risks |= facts.risks
        said_there.name = said_there.name or facts.name
        said_there.image = said_there.image or facts.image
        return said_there

    def _named(self, found: Asked, facts: Facts, new: str) -> Asked:
        """What is asked, with the names that the request and its answer give."""
        if found.api == "docker":
            if found.operation == "create":
                return found._replace(object=facts.name, container=new)
            if found.operation == "exec-create":
                self._remember(new, found.container)
                return found._replace(object=new)
            container = found.container or self._talk.containers.get(found.object, "")
            return found._replace(object=facts.name or found.object, container=container)
        name = new or facts.name
        if found.api == "kubernetes" and self._method == "POST" and name:
            if found.object.endswith("pods"):
                namespace = found.object.partition("/")[0] if "/" in found.object else "default"
                found = found._replace(container=f"{namespace}/{name}")
            return found._replace(object=f"{found.object}/{name}")
        return found._replace(object=found.object or name)

    def _remember(self, exec_id: str, container: str) -> None:
        if exec_id and len(self._talk.containers) < EXECS_MAX:
            self._talk.containers[exec_id] = container

    def _said(self, found: Asked, body: bytes) -> tuple[str | None, str | None]:
        """What a program wrote and read."""
        if found.operation not in STREAMED or self.status not in (101, 200):
            return None, None
        upgrade = self._field(RESP, b"UPGRADE").lower()
        protocol = self._field(RESP, b"SEC-WEBSOCKET-PROTOCOL")
        output = said(bytes(self._stream[RESP]) or body, protocol, upgrade)
        typed = self._stream[ORIG]
        # A terminal's or a program's input comes as it is, if nothing frames it.
        framed = upgrade.startswith((b"websocket", b"spdy"))
        entered = said(bytes(typed), protocol, upgrade) if framed else bytes(typed[:TEXT_MAX])
        return text(output)[:TEXT_MAX] or None, text(entered)[:TEXT_MAX] or None


FIELDS_KEPT = (
    *(b"CONTENT-TYPE", b"CONTENT-ENCODING", b"UPGRADE", b"SERVER", b"SEC-WEBSOCKET-PROTOCOL"),
    b"ACCESS-CONTROL-ALLOW-HEADERS",
)


def begun(line: RequestLine, ts: int, talk: Conversation) -> Exchange | None:
    """The exchange that a request begins; None where no container API has its path."""
    if not MAY_BE.match(line.uri):
        return None
    path = path_of(line)
    candidates = () if path == b"/" else asked(text(line.method), text(unescaped(path)))
    return Exchange(line, candidates, ts, talk) if candidates else None


def path_of(line: RequestLine) -> bytes:
    """The path of a request, as it was sent."""
    return ABSOLUTE.sub(b"", line.uri, count=1).partition(b"?")[0] or b"/"


def unexpected(
    line: RequestLine, seen: dict[str, Any], name: bytes, value: bytes, talk: Conversation
) -> Exchange | None:
    """The exchange that only a field of its answer tells of; None where it does not.

    `GET /` is one that Docker's daemon answers with a JSON of its own, and everybody is asked.
    """
    is_lost = seen["status_code"] == 404 and name == b"CONTENT-TYPE" and path_of(line) == b"/"
    if not (told(name, value)[1] or (is_lost and value.startswith(b"application/json"))):
        return None
    candidates = asked(text(line.method), text(unescaped(path_of(line))))
    exchange = Exchange(line, candidates, seen["ts"], talk)
    exchange.user_agent = seen.get("user_agent")
    exchange.answered(seen["status_code"])
    return exchange
