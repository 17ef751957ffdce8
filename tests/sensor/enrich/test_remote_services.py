from __future__ import annotations

import polars as pl
import pytest

from sensor.enrich.remote_services import READ, add_remote_services
from sensor.settings import Site

SSH, HTTP = b"SSH-2.0-OpenSSH_9.6\r\n", b"HTTP/1.1 400 Bad Request\r\n"


def flow(port: int, proto: str = "tcp", **columns) -> pl.DataFrame:
    rows = pl.DataFrame({"resp_p": [port], "proto": [proto]}, schema_overrides={"resp_p": pl.Int32})
    return rows.with_columns(
        pl.lit(columns.get(name), dtype).alias(name) for name, dtype in READ.items()
    )


def told(rows: pl.DataFrame, **services) -> tuple[str | None, str | None]:
    site = Site(services=services.get("services", {}))
    return add_remote_services(rows, site).select("remote_service", "remote_service_by").row(0)


def sure(rows: pl.DataFrame, **services: str) -> tuple[float | None, str | None]:
    found = add_remote_services(rows, Site(services=services.get("services", {})))
    return found.select("remote_service_sure", "remote_service_why").row(0)


@pytest.mark.parametrize("port", [22, 443, 2222, 31337, 3389])
def test_content_tells_the_service_whatever_the_port(port):
    assert told(flow(port, resp_head=SSH)) == ("ssh", "content")


@pytest.mark.parametrize(
    ("port", "proto", "service"),
    [(22, "tcp", "ssh"), (3389, "udp", "rdp"), (8443, "tcp", "ssl"), (51820, "udp", "wireguard")],
)
def test_without_content_the_port_speaks(port, proto, service):
    assert told(flow(port, proto)) == (service, "port")


@pytest.mark.parametrize(
    ("port", "proto"), [(22, "udp"), (443, "tcp"), (8080, "tcp"), (22, "icmp")]
)
def test_a_port_that_means_nothing_alone_says_nothing(port, proto):
    assert told(flow(port, proto)) == (None, None)


def test_a_port_is_denied_by_an_answer_in_another_protocol():
    assert told(flow(22, resp_head=HTTP)) == (None, None)
    assert told(flow(2375, resp_head=HTTP)) == ("docker", "port")


def test_bytes_that_tell_nothing_do_not_deny_a_port():
    assert told(flow(22, resp_head=b"\x01\x02\x03")) == ("ssh", "port")
    assert told(flow(3389, resp_head=b"\x16\x03\x03\0\x7a\x02\0\0\x76")) == ("rdp", "port")


def test_what_a_client_says_to_a_silent_port_tells_nothing():
    assert told(flow(31337, orig_head=SSH)) == (None, None)


def test_an_originator_that_is_the_server_is_not_guessed_at():
    assert told(flow(22, orig_head=HTTP)) == (None, None)


@pytest.mark.parametrize(
    ("zeek", "service"),
    [("ssh", "ssh"), ("rfb", "vnc"), ("ssl,rdp", "rdp"), ("spicy_wireguard", "wireguard")],
)
def test_what_zeek_confirmed_is_content(zeek, service):
    assert told(flow(31337, service=zeek)) == (service, "content")


def test_what_zeek_confirmed_denies_a_port_that_it_does_not_fit():
    assert told(flow(22, service="http")) == (None, None)
    assert told(flow(3389, service="smtp")) == (None, None)
    assert told(flow(2375, service="http")) == ("docker", "port")
    assert told(flow(3389, service="ssl")) == ("rdp", "port")
    assert told(flow(6443, service="a name of its own")) == ("kubernetes", "port")


def test_a_port_of_the_site_speaks_and_is_denied_like_any_other():
    own = {"31337/tcp": "ssh", "22/tcp": "docker"}

    assert told(flow(31337), services=own) == ("ssh", "port")
    assert told(flow(31337, "udp"), services=own) == (None, None)
    assert told(flow(31337, resp_head=HTTP), services=own) == (None, None)
    assert told(flow(22), services=own) == ("docker", "port")


def test_content_on_a_port_that_the_site_gives_to_it_is_no_surprise():
    own = {"31337/tcp": "ssh"}

    assert told(flow(31337, resp_head=SSH), services=own) == ("ssh", "port")
    assert told(flow(31338, resp_head=SSH), services=own) == ("ssh", "content")
    assert told(flow(31337, resp_head=b"RFB 003.008\n"), services=own) == ("vnc", "content")


X11 = {"orig_head": b"l\0\x0b\0" + bytes(8), "resp_head": b"\1\0\x0b\0\0\0"}


def test_an_answer_says_how_sure_it_is_and_why():
    own = {"31337/tcp": "ssh"}

    assert sure(flow(31337, resp_head=SSH)) == (1.0, "the responder's first bytes")
    assert sure(flow(31337, **X11)) == (0.7, "both sides agreed")
    assert sure(flow(31337, service="ssh")) == (1.0, "Zeek confirmed it")
    assert sure(flow(31337, service="ssh", resp_head=b"\1")) == (1.0, "a parser confirmed it")
    assert sure(flow(23)) == (0.9, "port only")
    assert sure(flow(31337), services=own) == (0.95, "the site's own port")
    assert sure(flow(80)) == (None, None)
    assert sure(flow(22, resp_head=HTTP)) == (None, None)


def test_a_port_that_agrees_with_content_makes_it_surer():
    own = {"31337/tcp": "x11"}

    assert sure(flow(6000, **X11)) == (0.7, "both sides agreed")
    assert sure(flow(31337, **X11), services=own) == (0.95, "both sides agreed")
    assert sure(flow(22, **X11)) == (0.7, "both sides agreed")


@pytest.mark.parametrize("history", ["D", "DA", "^d", "^da", "F", "R"])
def test_a_port_is_less_sure_where_one_side_was_seen_from_the_middle(history):
    assert sure(flow(23, history=history)) == (0.45, "port only")
    assert told(flow(6005, history=history)) == (None, None)
    assert sure(flow(4500, "udp", history=history)) == (0.9, "port only")


@pytest.mark.parametrize("history", [None, "S", "ShADad", "DadA", "^hADad", "H"])
def test_otherwise_history_takes_nothing_from_a_port(history):
    assert sure(flow(23, history=history)) == (0.9, "port only")


def test_a_responder_that_begins_as_the_service_never_does_denies_its_port():
    assert told(flow(6002, history="ShADad", resp_head=b"\3cP_")) == (None, None)
    assert told(flow(6002, history="DadA", resp_head=b"\3cP_")) == ("x11", "port")


def test_http2_and_quic_deny_a_port():
    preface = {"orig_head": b"PRI * HTTP/2.0\r\n\r\n", "resp_head": b"\0\0\6\4\0\0\0\0\0"}
    quic = {"orig_head": b"\xc3\0\0\0\1\x08", "resp_head": b"\xc1\0\0\0\1\0"}

    assert told(flow(2375, **preface)) == (None, None)
    assert told(flow(2379, **preface)) == ("etcd", "port")
    assert told(flow(8443, "udp", **quic)) == (None, None)
    assert told(flow(8443, "udp", service="quic")) == (None, None)


def test_a_table_without_content_is_read_by_port():
    assert told(flow(22).select("resp_p", "proto")) == ("ssh", "port")


def test_rows_keep_their_order_and_columns():
    rows = pl.concat([flow(22), flow(80), flow(443, resp_head=SSH), flow(22, resp_head=HTTP)])

    found = add_remote_services(rows, Site())

    assert found["remote_service"].to_list() == ["ssh", None, "ssh", None]
    assert found.columns == [
        *rows.columns,
        *(f"remote_service{suffix}" for suffix in ("", "_by", "_sure", "_why")),
    ]
    assert add_remote_services(rows.clear(), Site()).is_empty()
