"""JSON as Docker and Kubernetes read it."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers.services.container_json import DEPTH_MAX, LENGTH_MAX, Unread, read

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=8,
)


def docker(body):
    return read(body, any_case=True)


def kubernetes(body):
    return read(body, any_case=False)


def reason(body):
    with pytest.raises(Unread) as caught:
        docker(body)
    return str(caught.value)


def test_docker_takes_names_in_any_case():
    assert docker(b'{"HOSTCONFIG":{"privileged":true}}') == {"hostconfig": {"privileged": True}}


def test_kubernetes_takes_names_as_they_are():
    assert kubernetes(b'{"hostPID":true,"hostpid":false}') == {"hostPID": True, "hostpid": False}


def test_of_a_name_given_twice_the_last_counts():
    assert docker(b'{"Image":"a","image":"b"}') == {"image": "b"}
    assert kubernetes(b'{"image":"a","image":"b"}') == {"image": "b"}


def test_docker_puts_objects_of_one_name_together():
    body = b'{"HostConfig":{"Privileged":true},"hostconfig":{"Binds":["/:/h"],"privileged":null}}'
    assert docker(body) == {"hostconfig": {"privileged": True, "binds": ["/:/h"]}}


def test_null_takes_away_objects_and_lists():
    assert docker(b'{"a":{"b":1},"a":null,"c":[1],"c":null}') == {"a": None, "c": None}


def test_what_follows_the_value_does_not_count():
    assert docker(b' \n{"a":1} and more') == {"a": 1}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"hello",
        b'{"a":1',
        b'{"a":NaN}',
        b"\xef\xbb\xbf{}",
        '{"a":1}'.encode("utf-16"),
        b"k8s\x00\x0a\x09\x0a\x02v1",
        b'{"a":' + b"9" * 10_000 + b"}",
    ],
)
def test_what_is_no_json_is_said(body):
    assert reason(body) == "not_json"


def test_bytes_that_are_no_utf8_are_replaced():
    assert docker(b'{"a":"\xff"}') == {"a": "\ufffd"}


@pytest.mark.parametrize("depth", [DEPTH_MAX + 1, 100_000])
def test_deep_values_are_not_read(depth):
    assert reason(b"[" * depth + b"]" * depth) == "too_deep"
    assert docker(b"[" * DEPTH_MAX + b"]" * DEPTH_MAX)


def test_long_bodies_are_not_read():
    assert reason(b" " * LENGTH_MAX + b"1") == "too_long"
    assert docker(b" " * (LENGTH_MAX - 1) + b"1") == 1


@given(VALUES)
def test_kubernetes_reads_what_json_is(value):
    assert kubernetes(json.dumps(value).encode()) == value


@given(st.binary(max_size=60))
def test_nothing_raises_but_unread(body):
    for any_case in (True, False):
        try:
            read(b'{"a":' + body, any_case=any_case)
        except Unread:
            continue
