"""What queries and bodies say beside the path."""

from __future__ import annotations

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers.services.container_bodies import (
    FIELDS_MAX,
    READERS,
    fields,
    made,
    of_body,
    of_query,
)
from parsers.services.container_operations import Asked

ID = "0123456789abcdef" * 4


def query(api, operation, text):
    return of_query(Asked(api, operation), fields(text))


def key(first, end=None):
    body = {"key": base64.b64encode(first).decode()}
    if end is not None:
        body["range_end"] = base64.b64encode(end).decode()
    return of_body(Asked("etcd", "keys-read"), json.dumps(body).encode()).name


def test_fields_are_read_as_go_reads_them():
    assert fields("command=sh&command=-c&command=id%3Bls+x") == {"command": ["sh", "-c", "id;ls x"]}
    assert fields("") == {"": [""]}
    assert len(fields("&".join(f"a{n}=" for n in range(FIELDS_MAX + 9)))) == FIELDS_MAX


@pytest.mark.parametrize(
    ("operation", "text", "becomes", "image", "name"),
    [
        ("pull", "fromImage=alpine&tag=3.18", "pull", "alpine:3.18", "alpine:3.18"),
        ("pull", "fromImage=alpine&tag=sha256:ab", "pull", "alpine@sha256:ab", "alpine@sha256:ab"),
        ("pull", "fromImage=alpine", "pull", "alpine", "alpine"),
        ("pull", "fromSrc=-&repo=a&tag=b", "import", "a:b", "-"),
        ("pull", "fromSrc=http://a/x.tar&repo=a", "import", "a", "http://a/x.tar"),
        ("create", "name=miner", "create", "", "miner"),
        ("archive-out", "path=/etc/shadow", "archive-out", "", "/etc/shadow"),
        ("plugin", "remote=a/b", "plugin", "", "a/b"),
        ("build", "t=x:1&remote=git://a", "build", "x:1", "git://a"),
    ],
)
def test_queries_of_docker(operation, text, becomes, image, name):
    asked, facts = query("docker", operation, text)
    assert (asked.operation, facts.image, facts.name) == (becomes, image, name)


def test_a_commit_names_its_container():
    asked, facts = query("docker", "commit", "container=ab12&repo=a&tag=b")
    assert (asked.container, facts.image) == ("ab12", "a:b")


def test_a_build_on_the_hosts_network():
    assert query("docker", "build", "networkmode=host")[1].risks == {"host-network"}


def test_commands_in_queries():
    assert (
        query("kubernetes", "exec-start", "command=sh&command=-c&command=id")[1].command
        == "sh -c id"
    )
    assert query("kubelet", "run", "cmd=ls%20/")[1].command == "ls /"


def test_what_is_only_checked_is_told():
    assert query("kubernetes", "create", "dryRun=All")[0].operation == "dry-run"
    assert query("kubernetes", "list", "dryRun=All")[0].operation == "list"
    assert query("docker", "create", "dryRun=All")[0].operation == "create"


def test_a_form_of_the_kubelet():
    facts = of_body(Asked("kubelet", "run"), b"cmd=cat+/etc/shadow")
    assert (facts.command, facts.unread) == ("cat /etc/shadow", "")
    assert of_body(Asked("kubelet", "run"), b"\xff{}").unread == "not_a_form"


def test_key_ranges():
    assert key(b"/registry/secrets/", b"/registry/secrets0") == "/registry/secrets/*"
    assert key(b"/registry/a") == "/registry/a"
    assert key(b"a", b"q") == "a..q"
    assert key(b"\0", b"\0") == "*"
    assert key(b"\xff", b"\xff") == "\\xff*"
    body = json.dumps({"create_request": {"key": base64.b64encode(b"a").decode()}}).encode()
    assert of_body(Asked("etcd", "keys-read"), body).name == "a"
    assert of_body(Asked("etcd", "keys-read"), b'{"key":"=x"}').name == ""


def test_a_deployment_of_the_dashboard():
    body = b'{"name":"a","containerImage":"b","containerCommand":"sh","runAsPrivileged":true}'
    facts = of_body(Asked("kubernetes-dashboard", "create"), body)
    assert (facts.name, facts.image, facts.command) == ("a", "b", "sh")
    assert facts.risks == {"privileged"}


def test_why_a_body_is_not_read_is_said():
    assert of_body(Asked("docker", "create"), b"FROM alpine").unread == "not_json"
    assert of_body(Asked("kubernetes", "create"), b"kind: Pod").unread == "not_json"


@pytest.mark.parametrize(
    ("api", "operation", "body", "name"),
    [
        ("docker", "create", f'{{"Id":"{ID}","Warnings":[]}}', ID),
        ("docker", "exec-create", f'{{"Id":"{ID}"}}', ID),
        ("docker", "commit", f'{{"Id":"{ID}"}}', ""),
        ("docker", "create", '{"message":"no"}', ""),
        ("kubernetes", "create", '{"kind":"Pod","metadata":{"name":"x-7"}}', "x-7"),
        ("kubernetes", "create", '{"kind":"Pod","metadata":{"name":', ""),
        ("kubernetes", "list", '{"metadata":{"name":"x"}}', ""),
    ],
)
def test_what_was_made_has_a_name(api, operation, body, name):
    assert made(Asked(api, operation), body.encode()) == name


@given(st.binary(max_size=80), st.sampled_from(sorted(READERS)))
def test_no_body_is_too_odd(body, api):
    for start in (b"", b'{"key":', b'{"HostConfig":{"Binds":'):
        of_body(Asked(api, "create"), start + body)
        made(Asked(api, "create"), start + body)
