"""A method and a path name what is asked of a container API."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers.services.container_operations import (
    MAY_BE,
    OBJECT_MAX,
    OPERATIONS,
    PATH_MAX,
    ROUTES,
    asked,
    names,
)

DOCKER = [
    ("GET", "/_ping", "discover", ""),
    ("HEAD", "/v1.41/_ping", "discover", ""),
    ("GET", "/v1.41/containers/json", "list", ""),
    ("POST", "/images/create", "pull", ""),
    ("POST", "/v1.41/containers/create", "create", ""),
    ("POST", "/v4.0.0/libpod/containers/create", "create", ""),
    ("POST", "/containers/ab12/start", "start", "ab12"),
    ("POST", "/containers/ab12/kill", "stop", "ab12"),
    ("POST", "/containers/ab12/exec", "exec-create", "ab12"),
    ("POST", "/exec/cd34/start", "exec-start", "cd34"),
    ("POST", "/containers/ab12/attach", "attach", "ab12"),
    ("GET", "/containers/ab12/attach/ws", "attach", "ab12"),
    ("GET", "/containers/ab12/logs", "logs", "ab12"),
    ("PUT", "/containers/ab12/archive", "archive-in", "ab12"),
    ("GET", "/containers/ab12/archive", "archive-out", "ab12"),
    ("GET", "/containers/ab12/top", "inspect", "ab12"),
    ("GET", "/images/library/alpine:3/json", "inspect", "library/alpine:3"),
    ("DELETE", "/containers/ab12", "delete", "ab12"),
    ("DELETE", "/images/a/b:c", "delete", "a/b:c"),
    ("POST", "/swarm/join", "swarm", ""),
    ("POST", "/plugins/pull", "plugin", ""),
]
KUBERNETES = [
    ("GET", "/api", "discover", "", ""),
    ("GET", "/apis/apps/v1", "discover", "", ""),
    ("GET", "/api/v1/namespaces", "list", "namespaces", ""),
    ("GET", "/api/v1/namespaces/default", "inspect", "namespaces/default", ""),
    ("GET", "/api/v1/namespaces/default/pods", "list", "default/pods", ""),
    ("POST", "/api/v1/namespaces/default/pods", "create", "default/pods", ""),
    ("PATCH", "/apis/apps/v1/namespaces/a/daemonsets/b", "update", "a/daemonsets/b", ""),
    ("POST", "/apis/batch/v1/namespaces/a/cronjobs", "create", "a/cronjobs", ""),
    ("GET", "/api/v1/namespaces/a/pods/b/exec", "exec-start", "a/pods/b/exec", "a/b"),
    ("POST", "/api/v1/namespaces/a/pods/b/attach", "attach", "a/pods/b/attach", "a/b"),
    ("GET", "/api/v1/namespaces/a/pods/b/portforward", "portforward",
     "a/pods/b/portforward", "a/b"),
    ("GET", "/api/v1/namespaces/a/pods/b/log", "logs", "a/pods/b/log", "a/b"),
    ("GET", "/api/v1/secrets", "secrets", "secrets", ""),
    ("POST", "/api/v1/namespaces/a/serviceaccounts/b/token", "token",
     "a/serviceaccounts/b/token", ""),
    ("GET", "/api/v1/nodes/n/proxy/pods", "node-proxy", "nodes/n/proxy/pods", ""),
    ("POST", "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", "rolebinding",
     "clusterrolebindings", ""),
    ("POST", "/apis/certificates.k8s.io/v1/certificatesigningrequests", "certificate-request",
     "certificatesigningrequests", ""),
    ("PUT", "/apis/certificates.k8s.io/v1/certificatesigningrequests/a/approval",
     "certificate-request", "certificatesigningrequests/a/approval", ""),
    ("DELETE", "/api/v1/namespaces/a/pods/b", "delete", "a/pods/b", "a/b"),
    ("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", "access-review",
     "selfsubjectaccessreviews", ""),
]  # fmt: skip
OTHERS = [
    ("kubelet", "GET", "/pods", "pods", ""),
    ("kubelet", "GET", "/runningpods/", "pods", ""),
    ("kubelet", "POST", "/run/a/b/c", "run", "a/b/c"),
    ("kubelet", "POST", "/exec/a/b/c", "exec-start", "a/b/c"),
    ("kubelet", "GET", "/containerLogs/a/b/c", "logs", "a/b/c"),
    ("kubelet", "POST", "/checkpoint/a/b/c", "checkpoint", "a/b/c"),
    ("kubelet", "GET", "/stats/summary", "discover", ""),
    ("etcd", "GET", "/version", "discover", ""),
    ("etcd", "POST", "/v3/kv/range", "keys-read", ""),
    ("etcd", "POST", "/v3beta/kv/put", "keys-write", ""),
    ("etcd", "GET", "/v2/keys/registry", "keys-read", "/registry"),
    ("etcd", "DELETE", "/v2/keys/a", "delete", "/a"),
    ("kubernetes-dashboard", "GET", "/api/v1/login/skippable", "login-skip", ""),
    ("kubernetes-dashboard", "POST", "/api/v1/login", "login", ""),
    ("kubernetes-dashboard", "GET",
     "/api/v1/namespaces/d/services/https:kubernetes-dashboard:/proxy/api/v1/pod", "list", ""),
]  # fmt: skip


def of(api, method, path):
    (found,) = (each for each in asked(method, path) if each.api == api)
    return found


@pytest.mark.parametrize(("method", "path", "operation", "thing"), DOCKER)
def test_docker(method, path, operation, thing):
    found = of("docker", method, path)
    assert (found.operation, found.object) == (operation, thing)


@pytest.mark.parametrize(("method", "path", "operation", "thing", "pod"), KUBERNETES)
def test_kubernetes(method, path, operation, thing, pod):
    found = of("kubernetes", method, path)
    assert (found.operation, found.object, found.container) == (operation, thing, pod)


@pytest.mark.parametrize(("api", "method", "path", "operation", "thing"), OTHERS)
def test_others(api, method, path, operation, thing):
    found = of(api, method, path)
    assert (found.operation, found.object) == (operation, thing)


@pytest.mark.parametrize("path", ["/index.html", "/containersx", "/static/pods", "/image", "x", ""])
def test_other_paths_ask_nothing(path):
    assert asked("GET", path) == ()


@pytest.mark.parametrize(
    "path", ["/images/logo.png", "/events/2024/", "/services/a/b", "/api/v1/users"]
)
def test_pages_under_names_of_docker_ask_nothing(path):
    assert asked("GET", path) == ()


def test_the_method_counts():
    assert asked("GET", "/containers/create") == ()
    assert asked("POST", "/containers/json") == ()


def test_one_path_may_be_of_several():
    assert {each.api for each in asked("GET", "/version")} == {"docker", "etcd", "kubernetes"}


@pytest.mark.parametrize(
    ("method", "path", "own"),
    [
        ("POST", "/containers/create", True),
        ("POST", "/v1.41/exec/a/start", True),
        ("POST", "/exec/a/start", False),
        ("GET", "/v1.0/nodes/a", False),
        ("GET", "/version", False),
        ("POST", "/v3/kv/range", True),
        ("GET", "/api/v1/namespaces/a/pods", True),
        ("GET", "/api/v1/users", False),
    ],
)
def test_some_paths_no_other_service_has(method, path, own):
    assert any(each.own for each in asked(method, path)) is own


@pytest.mark.parametrize("path", [*(case[1] for case in DOCKER), *(case[1] for case in KUBERNETES)])
def test_what_is_asked_passes_the_first_look(path):
    assert MAY_BE.match(path.encode())
    assert MAY_BE.match(b"http://host:2375" + path.encode())
    assert MAY_BE.match(b"/%" + path.encode()[1:])


def test_every_operation_is_explained():
    assert set(names()) | {"dry-run"} == set(OPERATIONS)


def test_names_are_bounded():
    assert len(of("docker", "POST", f"/containers/{'a' * 4000}/start").container) == OBJECT_MAX
    assert asked("POST", f"/containers/{'a' * PATH_MAX}/start") == ()


@given(st.text(max_size=80), st.sampled_from(["GET", "POST", "DELETE", "PUT"]))
def test_no_path_is_too_odd(path, method):
    for each in asked(method, "/api/v1/" + path) + asked(method, "/containers/" + path):
        assert each.operation in OPERATIONS
        assert each.api in {*ROUTES, "kubernetes"}
