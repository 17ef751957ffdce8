from __future__ import annotations

import pytest

from parsers.services import SERVICES, SSL_GATEWAY
from parsers.services.ports import ALONE, PORTS, Place, declared, listed, places

LIKELIEST = places()


def test_there_are_many_ports_beyond_the_three_of_the_published_query():
    speaking = {place.port for place, row in LIKELIEST.items() if row.confidence >= ALONE}

    assert {22, 3389, 8443} <= speaking
    assert len(speaking) >= 60


@pytest.mark.parametrize("row", PORTS, ids=lambda row: f"{row.service}-{row.port}")
def test_a_row_is_complete(row):
    assert row.service in (*SERVICES, SSL_GATEWAY)
    assert 0 < row.port <= (row.last or row.port) < 65_536
    assert set(row.transports) <= {"tcp", "udp"}
    assert row.transports
    assert 0 < row.confidence < 1
    assert row.source


def test_every_remote_service_has_a_port():
    assert set(SERVICES) <= {row.service for row in PORTS}


@pytest.mark.parametrize(
    ("port", "transport", "service"),
    [
        (22, "tcp", "ssh"),
        (2222, "tcp", "ssh"),
        (3389, "udp", "rdp"),
        (5901, "tcp", "vnc"),
        (8443, "tcp", "ssl"),
        (2375, "tcp", "docker"),
        (4243, "tcp", "docker"),
        (6443, "tcp", "kubernetes"),
        (10255, "tcp", "kubelet"),
        (2380, "tcp", "etcd"),
        (51820, "udp", "wireguard"),
        (4500, "udp", "ipsec"),
    ],
)
def test_a_port_stands_for_its_likeliest_service(port, transport, service):
    row = LIKELIEST[Place(port, transport)]

    assert row.service == service
    assert row.confidence >= ALONE


@pytest.mark.parametrize("port", [443, 8001, 8080, 9090, 4433, 5800])
def test_a_port_where_other_things_are_as_common_does_not_speak_alone(port):
    assert LIKELIEST[Place(port, "tcp")].confidence < ALONE


@pytest.mark.parametrize("port", [80, 25, 53, 30000])
def test_ports_of_other_services_are_not_listed(port):
    assert Place(port, "tcp") not in LIKELIEST


def test_transports_are_apart():
    assert Place(22, "udp") not in LIKELIEST
    assert Place(51820, "tcp") not in LIKELIEST


def test_a_range_is_listed_to_its_end_and_no_further():
    assert listed("vnc", 5920, "tcp")
    assert not listed("vnc", 5921, "tcp")
    assert not listed("vnc", 5901, "udp")


def test_a_port_taken_by_convention_is_not_the_services_own():
    assert [row.own for row in listed("ssh", 2222, "tcp")] == [False]
    assert [row.own for row in listed("ssh", 22, "tcp")] == [True]


def test_the_sites_own_ports_are_read():
    assert declared({"2222/tcp": "ssh", "4501/udp": "globalprotect"}) == {
        Place(2222, "tcp"): "ssh",
        Place(4501, "udp"): "globalprotect",
    }


@pytest.mark.parametrize(
    "text", ["2222", "ssh/tcp", "0/tcp", "65536/tcp", "22/sctp", "²/tcp", "-1/tcp"]
)
def test_what_is_no_port_is_refused_by_its_text(text):
    with pytest.raises(ValueError, match="is not a port"):
        declared({text: "ssh"})
