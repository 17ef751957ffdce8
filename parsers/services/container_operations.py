"""What a request asks of a container API: a method and a path name the operation.

Docker Engine API (docs.docker.com/reference/api/engine, moby's api/server/router; Podman answers
the same), Kubernetes API concepts, kubelet's pkg/kubelet/server/server.go, etcd's v2 and v3 JSON
gateway, kubernetes/dashboard's src/app/backend/handler. The same path may belong to several: the
answer decides which it was (`container_proof`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

OPERATIONS = {
    "discover": "asks what it is: ping, version, health, metrics, lists of APIs",
    "list": "lists objects of a kind, or watches them",
    "inspect": "reads one object",
    "pull": "fetches an image from a registry",
    "push": "sends an image to a registry",
    "import": "takes in an image that the request carries",
    "build": "builds an image",
    "create": "makes a container, service, pod, or what makes pods",
    "update": "changes one of those",
    "start": "starts a container",
    "stop": "stops, kills, pauses or restarts a container",
    "wait": "waits for a container to end",
    "exec-create": "makes ready a command in a container",
    "exec-start": "runs a command in a container",
    "run": "runs a command in a container, and waits for its output (kubelet)",
    "attach": "reads from and writes to what runs in a container",
    "resize": "tells the size of a terminal",
    "logs": "reads the output of a container or the logs of a node",
    "portforward": "opens a port of a pod",
    "proxy": "passes a request on to a pod or service",
    "node-proxy": "passes a request on to a kubelet",
    "archive-in": "writes files into a container",
    "archive-out": "reads files out of a container",
    "export": "reads a whole container or image",
    "commit": "makes an image of a container",
    "checkpoint": "writes the memory of a container to disk",
    "volume": "makes a volume",
    "network": "makes or changes a network",
    "swarm": "makes, joins or changes a swarm",
    "plugin": "installs or changes a plugin",
    "secrets": "reads or writes secrets",
    "token": "asks for a token of a service account",
    "login": "logs in",
    "login-skip": "asks whether the logon may be skipped (dashboard)",
    "role": "makes or changes a role",
    "rolebinding": "gives a role to somebody",
    "access-review": "asks what somebody may do",
    "certificate-request": "asks for a certificate, or approves one",
    "webhook": "makes or changes what sees or alters every request",
    "pods": "lists the pods of a node (kubelet)",
    "keys-read": "reads or watches keys of etcd, or all of it",
    "keys-write": "writes keys of etcd",
    "delete": "deletes",
    "write": "makes or changes an object of another kind",
    "dry-run": "a write that the server only checks",
    "other": "anything else",
}
"""The names of `operation`, and what each means."""

# Methods, path, operation; `own` where no other service is known to have the path.
# {container}, {object} …: a segment; {image}: one or more of them; the rest is a pattern.
DOCKER = """
GET,HEAD / discover
OPTIONS /.* discover
GET,HEAD /_ping discover
GET /version discover
GET /info discover
POST /auth login
GET /containers/json list own
GET /images/json list
GET /images/search list
GET /events list
GET /system/df list
GET /volumes list
GET /networks list
GET /services list
GET /tasks list
GET /nodes list
GET /configs list
GET /plugins list
GET /swarm swarm
POST /images/create pull own
POST /images/load import own
POST /images/{image}/push push
GET /images/get export
GET /images/{image}/get export
POST /build build
POST /session build
POST /grpc build
POST /containers/create create own
POST /containers/{container}/update update
POST /containers/{container}/start start
POST /containers/{container}/(?:stop|kill|restart|pause|unpause) stop
POST /containers/{container}/wait wait
POST /containers/{container}/exec exec-create
POST /exec/{object}/start exec-start
GET /exec/{object}/json inspect
POST /exec/{object}/resize resize
POST /containers/{container}/resize resize
POST /containers/{container}/attach attach
GET /containers/{container}/attach/ws attach
GET /containers/{container}/logs logs
GET /services/{object}/logs logs
GET /tasks/{object}/logs logs
GET /containers/{container}/export export own
PUT /containers/{container}/archive archive-in
GET /containers/{container}/archive archive-out
GET,HEAD /containers/{container}/.* inspect
GET /(?:images|plugins|distribution)/{image}/(?:json|history) inspect
GET /(?:volumes|networks|services|tasks|nodes|configs)/{object} inspect
POST /commit commit
POST /volumes/create volume
POST /networks/create network
POST /networks/{object}/(?:connect|disconnect) network
POST /swarm/.* swarm
POST /nodes/{object}/update swarm
POST /services/create create
POST /services/{object}/update update
POST /plugins/.* plugin
GET /secrets secrets
GET /secrets/{object} secrets
POST /secrets/.* secrets
POST /configs/.* write
POST /(?:containers|images|volumes|networks|build)/prune delete
DELETE /containers/{container} delete
DELETE /(?:images|volumes|networks|services|nodes|configs|secrets|plugins)/{image} delete
"""
DOCKER_PREFIX = r"(?:/v[0-9]{1,2}(?:\.[0-9]{1,3}){1,2})?(?:/libpod)?"
VERSIONED = re.compile(r"/v1\.[1-9][0-9]/(?!\w+$)")  # no daemon speaks less than 1.10
KUBELET = """
GET /pods pods
GET /runningpods pods own
GET /(?:healthz|metrics|stats|spec|configz|debug)(?:/.*)? discover
GET /logs(?:/.*)? logs
GET /containerLogs/{object}/{pod}/{name} logs own
GET,POST /run/{object}/{pod}/{name} run
GET,POST /run/{object}/{pod}/[^/]+/{name} run
GET,POST /exec/{object}/{pod}/{name} exec-start
GET,POST /exec/{object}/{pod}/[^/]+/{name} exec-start
GET,POST /attach/{object}/{pod}/{name} attach
GET,POST /attach/{object}/{pod}/[^/]+/{name} attach
GET,POST /portForward/{object}/{pod} portforward own
GET,POST /cri/(?:exec|attach)/{name} exec-start own
POST /checkpoint/{object}/{pod}/{name} checkpoint
"""
ETCD = """
GET /(?:version|health|metrics) discover
GET,HEAD /v2/keys(?P<object>/.*)? keys-read
PUT,POST /v2/keys(?P<object>/.*)? keys-write
DELETE /v2/keys(?P<object>/.*)? delete
GET /v2/(?:members|stats|machines|auth).* list
POST /v3(?:alpha|beta)?/kv/range keys-read own
POST /v3(?:alpha|beta)?/watch keys-read
POST /v3(?:alpha|beta)?/maintenance/snapshot keys-read own
POST /v3(?:alpha|beta)?/kv/(?:put|txn) keys-write own
POST /v3(?:alpha|beta)?/kv/deleterange delete own
POST /v3(?:alpha|beta)?/auth/authenticate login
POST /v3(?:alpha|beta)?/cluster/member/list list
POST /v3(?:alpha|beta)?/.* other
"""
DASHBOARD = """
GET /api/v1/login/skippable login-skip
GET /api/v1/login/status discover
GET /api/v1/csrftoken/.* discover
POST /api/v1/login login
POST /api/v1/appdeployment(?:fromfile)? create
GET /api/v1/secret(?:/.*)? secrets
GET /api/v1/pod/{object}/{pod}/shell/{name} exec-create
GET /api/v1/log/.* logs
GET,POST /api/sockjs/.* attach
GET /api/v1/_raw/.* inspect
PUT,POST /api/v1/_raw/.* update
DELETE /api/v1/_raw/.* delete
GET /api/v1/(?:pod|node|namespace|deployment|daemonset|configmap|service|role)(?:/.*)? list
GET /api/v1/(?:cronjob|job|statefulset|replicaset)(?:/.*)? list
"""
# How the API server reaches it: /api/v1/namespaces/NS/services/https:kubernetes-dashboard:/proxy
DASHBOARD_PREFIX = r"(?:/api/v1/namespaces/[^/]+/services/[^/]*dashboard[^/]*/proxy)?"

# Methods (* for any), kinds of resources with what of them is asked for, operation.
KUBERNETES = """
GET pods/ephemeralcontainers,certificatesigningrequests/approval inspect
* pods/exec exec-start
* pods/attach attach
* pods/portforward portforward
* pods/log logs
* pods/proxy,services/proxy proxy
* nodes/proxy node-proxy
* pods/ephemeralcontainers update
POST pods/eviction delete
* serviceaccounts/token token
* certificatesigningrequests/approval certificate-request
POST certificatesigningrequests certificate-request
DELETE secrets delete
* secrets secrets
POST pods,replicationcontrollers,deployments,daemonsets,statefulsets create
POST replicasets,jobs,cronjobs,podtemplates create
PUT,PATCH pods,replicationcontrollers,deployments,daemonsets,statefulsets update
PUT,PATCH replicasets,jobs,cronjobs,podtemplates update
POST,PUT,PATCH rolebindings,clusterrolebindings rolebinding
POST,PUT,PATCH roles,clusterroles role
POST,PUT,PATCH mutatingwebhookconfigurations,validatingwebhookconfigurations webhook
POST selfsubjectaccessreviews,selfsubjectrulesreviews,subjectaccessreviews access-review
POST localsubjectaccessreviews,selfsubjectreviews,tokenreviews access-review
"""
VERBS = {"DELETE": "delete", "POST": "write", "PUT": "write", "PATCH": "write"}
DISCOVERY = re.compile(
    r"/(?:version|healthz|livez|readyz|metrics|openapi|swagger|ui|\.well-known|flagz|statusz)(?:/.*)?"
    r"|/api(?:/v1)?/?|/apis(?:/[^/]+){0,2}/?"
)
RESOURCE = re.compile(
    r"/(?:api/v1|apis/(?P<group>[^/]+)/[^/]+)(?:/watch)?"
    r"(?:/namespaces/(?P<namespace>[^/]+)(?=/[^/]))?/(?P<resource>[a-z]+)"
    r"(?:/(?P<name>[^/]+)(?:/(?P<part>[a-z]+)(?P<rest>/.*)?)?)?/?"
)
CORE = frozenset((
    *("pods", "nodes", "services", "secrets", "configmaps", "namespaces", "events", "endpoints"),
    *("persistentvolumes", "persistentvolumeclaims", "serviceaccounts", "replicationcontrollers"),
    *("resourcequotas", "limitranges", "podtemplates", "componentstatuses", "bindings"),
))  # fmt: skip
"""The kinds of resources under /api/v1."""
OWN_GROUP = re.compile(r"apps|batch|autoscaling|policy|[a-z0-9.-]+\.k8s\.io")

# What any of them begins with, also with escapes or behind a host: all others are passed over.
MAY_BE = re.compile(
    rb"(?i)(?:https?://[^/?]*)?(?:\Z|[?]|/(?:\Z|[?]|[^/?]*%|v[0-9]{1,2}\.[0-9]|libpod/"
    rb"|v[23](?:alpha|beta)?/|apis?(?:[/?]|\Z)|(?:_ping|version|info|auth|containers|images|events"
    rb"|system|volumes|networks|services|tasks|nodes|configs|plugins|distribution|swarm|build"
    rb"|session|grpc|exec|commit|secrets|pods|runningpods|containerLogs|run|attach|portForward|cri"
    rb"|checkpoint|healthz|livez|readyz|metrics|stats|spec|configz|logs|debug|health|openapi"
    rb"|\.well-known)(?:[/?%]|\Z)))"
)
PATH_MAX = 4096
OBJECT_MAX = 256
"""How much of a name is kept."""
HOLES = {
    "{container}": "(?P<container>[^/]+)",
    "{object}": "(?P<object>[^/]+)",
    "{pod}": "(?P<pod>[^/]+)",
    "{name}": "(?P<name>[^/]+)",
    "{image}": "(?P<object>.+)",
}


class Asked(NamedTuple):
    """What a request asks of one API. own: whether no other service is known to have the path."""

    api: str
    operation: str
    object: str = ""
    container: str = ""
    own: bool = False


class Route(NamedTuple):
    """A line of a table."""

    methods: frozenset[str]
    path: re.Pattern[str]
    operation: str
    own: bool


def routes(table: str, prefix: str = "") -> tuple[Route, ...]:
    """The lines of a table."""
    for hole, pattern in HOLES.items():
        table = table.replace(hole, pattern)
    made = []
    for line in filter(None, table.split("\n")):
        methods, path, operation, *own = line.split(" ")
        whole = re.compile(f"{prefix}{path}/?", re.DOTALL)
        made.append(Route(frozenset(methods.split(",")), whole, operation, bool(own)))
    return tuple(made)


def resources(table: str) -> dict[str, dict[str, str]]:
    """For each kind of resource the operations by method."""
    found: dict[str, dict[str, str]] = {}
    for line in filter(None, table.split("\n")):
        methods, kinds, operation = line.split(" ")
        for kind in kinds.split(","):
            found.setdefault(kind, {}).update(dict.fromkeys(methods.split(","), operation))
    return found


ROUTES = {
    "docker": routes(DOCKER, DOCKER_PREFIX),
    "kubelet": routes(KUBELET),
    "etcd": routes(ETCD),
    "kubernetes-dashboard": routes(DASHBOARD, DASHBOARD_PREFIX),
}
RESOURCES = resources(KUBERNETES)


@lru_cache(maxsize=1024)
def asked(method: str, path: str) -> tuple[Asked, ...]:
    """What a request may ask, once for each API that has its path; the path without escapes."""
    if len(path) > PATH_MAX:
        return ()
    found = (_routed(api, method, path) for api in ROUTES)
    return tuple(each for each in (*found, _of_kubernetes(method, path)) if each)


def _routed(api: str, method: str, path: str) -> Asked | None:
    for route in ROUTES[api]:
        found = route.path.fullmatch(path) if method in route.methods else None
        if found:
            names = found.groupdict()
            container, thing = names.get("container") or "", names.get("object") or ""
            if "pod" in names:
                container = f"{thing}/{names['pod']}"
                thing = "/".join(filter(None, (container, names.get("name"))))
            own = route.own or bool(VERSIONED.match(path))
            return Asked(api, route.operation, bounded(thing or container), bounded(container), own)
    return None


def _of_kubernetes(method: str, path: str) -> Asked | None:
    if DISCOVERY.fullmatch(path):
        return Asked("kubernetes", "discover") if method in ("GET", "HEAD", "OPTIONS") else None
    if re.fullmatch("/logs(?:/.*)?", path):
        return Asked("kubernetes", "logs")
    found = RESOURCE.fullmatch(path)
    if not found:
        return None
    group, namespace, resource, name, part, rest = found.groups()
    if not group and resource not in CORE:
        return None
    kind = f"{resource}/{part}" if part else resource
    verbs = RESOURCES.get(kind, {})
    operation = verbs.get(method) or verbs.get("*") or VERBS.get(method)
    operation = operation or ("inspect" if name else "list")
    thing = "/".join(filter(None, (namespace, resource, name, part))) + (rest or "")
    container = f"{namespace}/{name}" if namespace and name and resource == "pods" else ""
    own = bool(namespace or (group and OWN_GROUP.fullmatch(group)))
    return Asked("kubernetes", operation, bounded(thing), bounded(container), own)


def bounded(text: str) -> str:
    """A name, as much as is kept of it."""
    return text[:OBJECT_MAX]


def names() -> Iterator[str]:
    """Every operation that the tables name."""
    for table in ROUTES.values():
        yield from (route.operation for route in table)
    for verbs in (*RESOURCES.values(), VERBS):
        yield from verbs.values()
