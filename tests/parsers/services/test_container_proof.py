"""What proves a container API, and what an answer says."""

from __future__ import annotations

import pytest

from parsers.services.container_operations import Asked, asked
from parsers.services.container_proof import authentication, outcome, proven, told

ID = b"0123456789abcdef" * 4
CREATE = asked("POST", "/containers/create")
GIT_VERSION = b'{\n "major": "1",\n "gitVersion": "v1.20.2",\n "gitTreeState": "archive"'
VERSION = asked("GET", "/version")


def proof(candidates, body=b"", spoken=(), plain=False, etcd=False):
    found = proven(candidates, spoken, body, plain=plain, etcd=etcd)
    return found and found.api


@pytest.mark.parametrize(
    ("name", "value", "apis", "always"),
    [
        (b"SERVER", b"Docker/20.10.24 (linux)", ("docker",), True),
        (b"SERVER", b"Docker-Registry", (), False),
        (b"SERVER", b"nginx", (), False),
        (b"DOCKER-EXPERIMENTAL", b"false", ("docker",), True),
        (b"CONTENT-TYPE", b"application/vnd.docker.raw-stream", ("docker",), True),
        (b"CONTENT-TYPE", b"application/vnd.docker.distribution.manifest.v2+json", (), False),
        (b"AUDIT-ID", b"7ad8263a-6bba-4478-b4af-9311adfa98f8", ("kubernetes",), False),
        (b"SEC-WEBSOCKET-PROTOCOL", b"v4.channel.k8s.io", ("kubernetes", "kubelet"), False),
        (b"SEC-WEBSOCKET-PROTOCOL", b"chat", (), False),
        (b"DATE", b"Docker/1", (), False),
    ],
)
def test_fields_speak_for_apis(name, value, apis, always):
    assert told(name, value) == (apis, always)


@pytest.mark.parametrize(
    ("method", "path", "body", "api"),
    [
        ("POST", "/containers/create", b'{"Id":"' + ID + b'","Warnings":[]}', "docker"),
        ("POST", "/containers/create", b'{"Id":"' + ID[1:] + b'","Warnings":[]}', None),
        ("GET", "/version", b'{"Components":[],"MinAPIVersion":"1.12"}', "docker"),
        ("GET", "/version", b'{"etcdserver":"3.4.23","etcdcluster":"3.4.0"}', "etcd"),
        ("GET", "/version", GIT_VERSION, "kubernetes"),
        ("GET", "/version", b'{"version":"1.2.3"}', None),
        ("GET", "/pods", b'{"kind":"PodList","apiVersion":"v1","metadata":{}', "kubelet"),
        ("GET", "/pods", b"<html>pods</html>", None),
        ("GET", "/api/v1/secrets", b'{"kind":"Status","apiVersion":"v1"}', "kubernetes"),
        ("GET", "/api/v1/secrets", b'{"kind":"of","apiVersion":"v1"}', None),
        ("POST", "/v3/kv/range", b'{"header":{"cluster_id":"1"', "etcd"),
        ("GET", "/api/v1/login/skippable", b'{\n "skippable": true\n}', "kubernetes-dashboard"),
        ("GET", "/metrics", b"# HELP a\nkubelet_node_name 1\n", "kubelet"),
        ("GET", "/metrics", b"# HELP a\nnginx_kubelet_node_name 1\n", None),
    ],
)  # fmt: skip
def test_bodies_prove_apis(method, path, body, api):
    assert proof(asked(method, path), body) == api


def test_a_field_proves_what_was_asked_of_its_api_only():
    assert proof(VERSION, spoken={"kubernetes"}) == "kubernetes"
    assert proof(CREATE, spoken={"kubernetes"}) is None


def test_plain_text_proves_only_what_a_kubelet_was_told_to_run():
    assert proof(asked("POST", "/run/a/b/c"), b"root", plain=True) == "kubelet"
    assert proof(asked("GET", "/healthz"), b"ok", plain=True) is None
    assert proof(CREATE, b"ok", plain=True) is None


def test_health_is_of_etcd_with_its_fields_only():
    health = asked("GET", "/health")
    assert proof(health, b'{"health":"true"}', etcd=True) == "etcd"
    assert proof(health, b'{"health":"true"}') is None


@pytest.mark.parametrize(
    ("api", "operation", "status", "body", "expected"),
    [
        ("docker", "create", 201, b"", "succeeded"),
        ("docker", "start", 204, b"", "succeeded"),
        ("docker", "start", 304, b"", "failed"),
        ("docker", "start", 404, b"", "failed"),
        ("docker", "attach", 101, b"", "succeeded"),
        ("docker", "create", 0, b"", "unknown"),
        ("docker", "import", 100, b"", "unknown"),
        ("docker", "create", 403, b"", "refused"),
        ("docker", "pull", 200, b'{"status":"x"}\n{"errorDetail":{}}', "failed"),
        ("docker", "pull", 200, b'{"status":"Downloaded"}', "succeeded"),
        ("kubernetes", "list", 401, b"", "refused"),
        ("kubelet", "exec-start", 302, b"", "succeeded"),
        ("docker", "exec-start", 302, b"", "failed"),
        ("etcd", "keys-read", 400, b"etcdserver: user name is empty", "refused"),
        ("kubernetes-dashboard", "login", 200, b'{"jweToken": "","errors":[1]}', "refused"),
        ("kubernetes-dashboard", "login-skip", 200, b'{"skippable": false}', "refused"),
    ],
)
def test_the_answer_decides(api, operation, status, body, expected):
    assert outcome(Asked(api, operation), status, body) == expected


@pytest.mark.parametrize(
    ("result", "status", "credentials", "expected"),
    [
        ("succeeded", 200, False, "open"),
        ("failed", 404, False, "open"),
        ("succeeded", 200, True, "credentials"),
        ("refused", 403, False, "anonymous-refused"),
        ("refused", 401, True, "refused"),
        ("unknown", 0, False, "unknown"),
        ("failed", 400, False, "unknown"),
        ("failed", 502, True, "unknown"),
    ],
)
def test_what_the_answer_says_of_who_asked(result, status, credentials, expected):
    assert authentication(result, status, credentials=credentials) == expected
