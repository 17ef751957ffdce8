"""Which container API an answer comes from, whether it did what was asked, and for whom.

A path alone proves nothing: any web server may have it, and many answer 200 to everything. What
proves an API is a header field that only it sends, or a body that only it writes.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from parsers.services.container_operations import Asked

# Of an answer's field: the APIs that it may speak for, what its value begins with, and whether it
# does so whatever was asked; else only where the path is of such an API.
FIELDS: dict[bytes, tuple[tuple[str, ...], re.Pattern[bytes], bool]] = {
    b"SERVER": (("docker",), re.compile(rb"(?i)docker/|libpod/"), True),
    b"DOCKER-EXPERIMENTAL": (("docker",), re.compile(rb"true|false"), True),
    b"LIBPOD-API-VERSION": (("docker",), re.compile(rb"[0-9]"), True),
    b"X-DOCKER-CONTAINER-PATH-STAT": (("docker",), re.compile(rb"[A-Za-z0-9+/=]"), True),
    b"CONTENT-TYPE": (
        ("docker",),
        re.compile(rb"application/vnd\.docker\.(?:raw|multiplexed)-stream"),
        True,
    ),
    b"X-KUBERNETES-PF-FLOWSCHEMA-UID": (("kubernetes",), re.compile(rb"[0-9a-f-]{36}"), True),
    b"X-KUBERNETES-PF-PRIORITYLEVEL-UID": (("kubernetes",), re.compile(rb"[0-9a-f-]{36}"), True),
    b"AUDIT-ID": (("kubernetes",), re.compile(rb"[0-9a-f-]{36}"), False),
    b"X-STREAM-PROTOCOL-VERSION": (
        ("kubernetes", "kubelet"),
        re.compile(rb"(?:v[0-9]\.)?(?:channel|portforward)\.k8s\.io|portforward\.k8s\.io"),
        False,
    ),
    b"SEC-WEBSOCKET-PROTOCOL": (
        ("kubernetes", "kubelet"),
        re.compile(rb"(?:v[0-9]\.)?(?:base64\.)?channel\.k8s\.io|SPDY/3\.1\+portforward\.k8s\.io"),
        False,
    ),
    b"GRPC-METADATA-CONTENT-TYPE": (("etcd",), re.compile(rb"application/grpc"), False),
    b"X-ETCD-CLUSTER-ID": (("etcd",), re.compile(rb"[0-9a-f]+$"), True),
}
# What only that API writes, for any operation or the one named.
ID = rb'\{"Id":"[0-9a-f]{64}"'
BODIES: tuple[tuple[str, str, re.Pattern[bytes]], ...] = tuple(
    (api, operation, re.compile(pattern))
    for api, operation, pattern in (
        ("kubernetes-dashboard", "login-skip", rb'\A\s*\{\s*"skippable":\s*(?:true|false)'),
        ("kubernetes-dashboard", "login", rb'"jweToken":'),
        ("kubernetes-dashboard", "", rb'\A\s*\{\s*"listMeta":\s*\{\s*"totalItems":'),
        ("etcd", "discover", rb'\A\s*\{"etcdserver":"[0-9]|(?m:^)etcd_server_'),
        ("etcd", "", rb'\A\s*\{"header":\{"cluster_id":"|etcdserver: '),
        ("etcd", "keys-read", rb'\A\s*\{"action":"get","node":\{'),
        ("etcd", "keys-write", rb'\A\s*\{"action":"(?:set|update|create)","node":\{'),
        ("etcd", "delete", rb'\A\s*\{"action":"delete","node":\{'),
        ("docker", "create", rb"\A" + ID),
        ("docker", "exec-create", rb"\A" + ID),
        ("docker", "inspect", rb"\A" + ID),
        ("docker", "list", rb"\A\[" + ID + rb',"Names":\['),
        ("docker", "discover", rb'"DockerRootDir":"|"MinAPIVersion":"'),
        ("docker", "", rb'\A\{"message":"(?:page not found|No such (?:container|image|exec))'),
        ("kubelet", "pods", rb'\A\s*\{"kind":"PodList","apiVersion":"v1"'),
        (
            "kubelet",
            "discover",
            rb'\A\s*\{\s*"node":\s*\{\s*"nodeName":|(?m:^)(?:kubelet_|cadvisor_)',
        ),
        ("kubelet", "discover", rb'\A\s*\{"kubeletconfig":|\A\s*\{\s*"num_cores":'),
        ("kubelet", "checkpoint", rb'\A\{"items":\["/var/lib/kubelet/'),
        ("kubelet", "", rb"\AForbidden \(user=|\Aunable to upgrade connection:"),
        (
            "kubernetes",
            "discover",
            rb'\A\s*\{\s*"kind":\s*"API(?:Versions|GroupList|ResourceList)"',
        ),
        (
            "kubernetes",
            "discover",
            rb'\A\s*\{\s*"major":[^}]{0,400}"gitVersion":\s*"v[^}]{0,400}"gitTreeState"',
        ),
        ("kubernetes", "", rb'\A\s*\{\s*"kind":\s*"[A-Z]\w*",\s*"apiVersion":\s*"[a-z0-9./]+"'),
    )
)
PLAIN_ANSWERS = ("run", "logs")  # of kubelet: what a command wrote, and nothing of its own
ETCD_ALLOWS = b"accept, content-type, authorization"  # Access-Control-Allow-Headers of etcd
HEALTH = re.compile(rb'\A\{"health":\s*"?(?:true|false)')

BODY_FAILED = ("pull", "push", "import", "build")  # where a 200 may end in an error
FAILURE = b'"errorDetail"'
BODY_REFUSED: dict[str, re.Pattern[bytes]] = {
    "etcd": re.compile(rb"etcdserver: (?:user name is empty|permission denied|invalid auth token)"),
    "kubernetes-dashboard": re.compile(
        rb'\A\s*\{\s*"jweToken":\s*""|\A\s*\{\s*"skippable":\s*false'
    ),
}
NO_ANSWER = (0, 100, 102, 103)
BEFORE_ASKED = (400, 408, 413, 414, 421, 426, 429, 431, 502, 503, 504)
"""What is answered before anybody is asked who it is, or by somebody in between."""


def told(name: bytes, value: bytes) -> tuple[tuple[str, ...], bool]:
    """The APIs that a field of an answer speaks for, and whether it does so on any path."""
    apis, pattern, always = FIELDS.get(name, ((), None, False))
    return (apis, always) if pattern and pattern.match(value) else ((), False)


def proven(
    candidates: Sequence[Asked], spoken: Collection[str], body: bytes, *, plain: bool, etcd: bool
) -> Asked | None:
    """Which of what may have been asked is proven by the answer.

    spoken: the APIs that its fields speak for; body: its beginning; plain: whether it is a 200 of
    plain text that names no server; etcd: whether its fields allow what etcd allows.
    """
    for each in candidates:
        if _writes(each, body):
            return each
    by_fields = [each for each in candidates if each.api in spoken]
    by_both = [
        each
        for each in candidates
        if (each.api == "kubelet" and plain and each.operation in PLAIN_ANSWERS and each.container)
        or (each.api == "etcd" and etcd and HEALTH.match(body))
    ]
    return next(iter(by_fields + by_both), None)


def _writes(each: Asked, body: bytes) -> bool:
    """Whether only the API that may have been asked writes such a body."""
    return any(
        each.api == api and operation in ("", each.operation) and pattern.search(body)
        for api, operation, pattern in BODIES
    )


def outcome(asked: Asked, status: int, body: bytes) -> str:
    """Whether it was done: succeeded, refused, failed, unknown. The body with its end."""
    refusal = BODY_REFUSED.get(asked.api)
    if status in NO_ANSWER:
        return "unknown"
    if status in (401, 403, 407) or (refusal and refusal.search(body)):
        return "refused"
    if asked.operation in BODY_FAILED and FAILURE in body:
        return "failed"
    redirected = asked.api == "kubelet" and asked.operation == "exec-start" and status == 302
    return "succeeded" if status == 101 or 200 <= status <= 299 or redirected else "failed"


def authentication(result: str, status: int, *, credentials: bool) -> str:
    """What the answer says of who asked."""
    if result == "refused":
        return "refused" if credentials else "anonymous-refused"
    if status in NO_ANSWER or status in BEFORE_ASKED:
        return "unknown"
    return "credentials" if credentials else "open"
