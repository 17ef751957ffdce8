"""What a request to a container API says beside its path: in its query and in its body.

Both are bounded; what is not read is said (`Facts.unread`).
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote_plus

from parsers.services.container_json import Unread, object_of, read, text_of, words
from parsers.services.container_operations import Asked
from parsers.services.container_specs import Facts, of_docker, of_kubernetes

QUERY_MAX = 65_536
FIELDS_MAX = 256
"""How many fields of a query or a form are taken."""

Query = dict[str, list[str]]

# Operations whose request has a body that is read.
READ = frozenset((
    *("create", "update", "exec-create", "exec-start", "run", "commit", "volume", "swarm"),
    *("role", "rolebinding", "certificate-request", "webhook", "write", "keys-read", "keys-write"),
    *("secrets", "delete", "dry-run", "node-proxy"),
))  # fmt: skip
ID = re.compile(rb'\A\s*\{"Id":\s*"([0-9a-f]{64})"', re.IGNORECASE)


def fields(encoded: str) -> Query:
    """The fields of a query or of a form, in their order: as Go's url.ParseQuery."""
    found: Query = {}
    for field in encoded[:QUERY_MAX].split("&", FIELDS_MAX)[:FIELDS_MAX]:
        name, _, value = field.partition("=")
        found.setdefault(unquote_plus(name), []).append(unquote_plus(value))
    return found


def of_query(asked: Asked, query: Query) -> tuple[Asked, Facts]:
    """What is asked, more closely, and what the query says of it."""
    facts = Facts()
    operation, first = asked.operation, {name: values[0] for name, values in query.items()}
    if asked.api == "docker":
        asked = _of_docker(asked, first, facts)
    elif operation in ("exec-start", "attach", "run", "node-proxy"):
        facts.runs(query.get("command", []) or query.get("cmd", []))
    if asked.api == "kubernetes" and first.get("dryRun") and operation in READ:
        asked = asked._replace(operation="dry-run")
    return asked, facts


def _of_docker(asked: Asked, first: dict[str, str], facts: Facts) -> Asked:
    image, tag = first.get("fromImage") or first.get("repo", ""), first.get("tag", "")
    if asked.operation in ("pull", "commit"):
        facts.image = image + (f"@{tag}" if ":" in tag else f":{tag}") * bool(tag)
        facts.name = first.get("fromSrc", facts.image)
    if asked.operation == "pull" and first.get("fromSrc"):
        return asked._replace(operation="import")
    if asked.operation == "commit":
        return asked._replace(container=first.get("container", ""))
    if asked.operation == "build":
        facts.image, facts.name = first.get("t", ""), first.get("remote", "")
        facts.add_if("host-network", first.get("networkmode") == "host")
    facts.name = facts.name or first.get(NAMED_BY.get(asked.operation, ""), "")
    return asked


NAMED_BY = {
    "create": "name", "archive-in": "path", "archive-out": "path", "plugin": "remote",
}  # fmt: skip


def of_body(asked: Asked, body: bytes) -> Facts:
    """What a body says; of one that is none, why it is not read."""
    try:
        return READERS[asked.api](asked, body)
    except Unread as reason:
        return Facts(unread=str(reason))


def _docker(asked: Asked, body: bytes) -> Facts:
    return of_docker(asked.operation, read(body, any_case=True))


def _kubernetes(asked: Asked, body: bytes) -> Facts:
    if asked.operation == "node-proxy":
        return _kubelet(asked, body)
    return of_kubernetes(read(body, any_case=False))


def _kubelet(_: Asked, body: bytes) -> Facts:
    facts = Facts()
    form = fields(body[:QUERY_MAX].decode("utf-8", "backslashreplace"))
    facts.runs(form.get("cmd", []))
    facts.unread = "" if facts.commands else "not_a_form"
    return facts


def _etcd(_: Asked, body: bytes) -> Facts:
    value = object_of(read(body, any_case=False))
    asked = object_of(value.get("create_request")) or value
    first, end = _unbased(asked.get("key")), _unbased(asked.get("range_end"))
    if end == b"\0" and first == b"\0":
        return Facts(name="*")
    prefix = bool(first) and end == first[:-1] + bytes([min(first[-1] + 1, 255)])
    last = b"*" if prefix else b".." + end if end else b""
    return Facts(name=(first + last).decode("utf-8", "backslashreplace"))


def _unbased(value: Any) -> bytes:
    try:
        return base64.b64decode(text_of(value))
    except (binascii.Error, ValueError):
        return b""


def _dashboard(_: Asked, body: bytes) -> Facts:
    value = object_of(read(body, any_case=True))
    facts = of_kubernetes(value)
    facts.image = facts.image or text_of(value.get("containerimage"))
    facts.name = facts.name or text_of(value.get("name"))
    facts.namespace = facts.namespace or text_of(value.get("namespace"))
    facts.runs(words(value.get("containercommand")), words(value.get("containercommandargs")))
    facts.add_if("privileged", value.get("runasprivileged") is True)
    return facts


READERS: dict[str, Callable[[Asked, bytes], Facts]] = {
    "docker": _docker,
    "kubernetes": _kubernetes,
    "kubelet": _kubelet,
    "etcd": _etcd,
    "kubernetes-dashboard": _dashboard,
}


def made(asked: Asked, body: bytes) -> str:
    """The id or name of what was made, as the answer gives it; "" where it does not."""
    if asked.api == "docker":
        found = ID.match(body) if asked.operation in ("create", "exec-create") else None
        return found[1].decode() if found else ""
    if asked.api != "kubernetes" or asked.operation not in ("create", "write"):
        return ""
    try:
        value = object_of(read(body, any_case=False))
    except Unread:
        return ""
    return text_of(object_of(value.get("metadata")).get("name"))
