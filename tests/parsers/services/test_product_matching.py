from __future__ import annotations

from typing import Any, NamedTuple

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parsers.schema import TABLES, polars_schema
from parsers.services import SERVICES, product_matching
from parsers.services.product import GUESS, ISSUER, SUBJECT, UNSEEN, Product
from parsers.services.product_matching import certificates, named
from parsers.services.products import PRODUCTS

Row = dict[str, Any]


class Case(NamedTuple):
    """A row that tells of a service, and for its columns the values that tell nothing."""

    service: str
    table: str
    row: Row
    near: Row


REFUSED: Row = {
    "method": "PUT",
    "status_code": 404,
    "status_msg": "Switching Protocols",
    "response_body_len": 13,
    "resp_mime_types": ["image/png"],
    "user_agent": "Mozilla/5.0 (Docker-Client/1.4, kubectl/v1.30, AnyConnect 4, TRAC/1)",
}
FORBIDDEN: Row = {"resp_mime_types": ["text/html"], "status_code": 404, "resp_p": 5684}
XML, JSON = ["application/xml"], ["text/json"]
KEY = "0123456789abcdef" * 4
POD = "/api/v1/namespaces/default/pods"
DASHBOARD = "/api/v1/namespaces/k/services/https:kubernetes-dashboard:/proxy"


def get(service: str, uri: str, near: str, status: int = 200, **more: Any) -> Case:
    row = {"method": "GET", "uri": uri, "status_code": status, "status_msg": "OK"}
    unless = {"uri": f"{uri}/proxy/x"} if service == "kubernetes" else {}
    return Case(service, "http", row | more, {"uri": near, "unless": unless})


def post(service: str, uri: str, near: str, status: int = 200, **more: Any) -> Case:
    return get(service, uri, near, status, **({"method": "POST"} | more))


def certificate(service: str, subject: str, near: str, issuer: str = "CN=ca") -> Case:
    row = {SUBJECT: subject, ISSUER: issuer}
    return Case(service, "x509", row, {SUBJECT: near, ISSUER: "CN=other"})


CASES = [
    Case(
        "anyconnect",
        "ssl",
        {"cipher": "TLS_PSK_WITH_AES_256_GCM_SHA384", "version": "DTLSv12"},
        {"cipher": "TLS_PSK_WITH_AES_128_GCM_SHA256", "version": "TLSv12"},
    ),
    get("anyconnect", "/CSCOSSLC/tunnel", "/CSCOSSLC/tunnels", method="CONNECT"),
    post("anyconnect", "/", "/", user_agent="AnyConnect Linux_64 4.10", resp_mime_types=XML),
    get("anyconnect", "/+CSCOE+/logon.html", "/CSCOE+/logon.html"),
    post("globalprotect", "/ssl-vpn/prelogin.esp?tmp=tmp", "/prelogin.esp", resp_mime_types=XML),
    get("globalprotect", "/global-protect/login.esp", "/global-protect/login_esp"),
    get("pulse", "/", "/", 101, user_agent="Pulse-Secure/9.1.15.25 (Linux)"),
    post("pulse", "/dana/js?prot=1&svc=4", "/dana/js?prot=1&svc=2"),
    get("pulse", "/dana-na/auth/url_default/welcome.cgi", "/dana-na/", 302),
    certificate(
        "fortigate",
        "emailAddress=support@fortinet.com,CN=FGT60F,OU=FortiGate,O=Fortinet,C=US",
        r"CN=example.org,OU=x\,OU=FortiGate,O=Fortinet,C=US",
    ),
    certificate("fortigate", "CN=FortiGate,O=Fortinet Ltd.", "CN=FortiGate,O=Fortinet Ltd"),
    get("fortigate", "/remote/fortisslvpn_xml", "/remote/xml", resp_mime_types=XML),
    get("fortigate", "/remote/login?lang=en", "/remote/login/x", resp_mime_types=["text/html"]),
    certificate(
        "sonicwall",
        "CN=192.168.168.168,O=HTTPS Management Certificate for SonicWALL (self-signed),C=US",
        "CN=HTTPS Management Certificate for SonicWALL (self-signed)",
    ),
    get("sonicwall", "/api/sonicos/is-sslvpn-enabled", "/api/sonic/x", resp_mime_types=JSON),
    post(
        *("sonicwall", "/cgi-bin/sslvpnclient?gettunnelepc=true", "/cgi-bin/sslvpn"),
        user_agent="Dell SonicWALL NetExtender for Linux 8.1.789",
    ),
    get("sonicwall", "/sonicui/7/login/", "/sonicui"),
    certificate(
        *("checkpoint", "CN=gw1 VPN Certificate,O=mgmt..abc123", "CN=VPN Certificate,O=x"),
        issuer="O=mgmt..abc123",
    ),
    post("checkpoint", "/clients/", "/clients/x", user_agent="TRAC/986000125"),
    get("checkpoint", "/sslvpn/Login/Login", "/sslvpn/Login"),
    post("citrix", "/nf/auth/getAuthenticationRequirements.do", "/nf/auth/", resp_mime_types=XML),
    get("citrix", "/vpn/index.html", "/vpn/index-html"),
    get(
        *("sstp", "/sra_{BA195980-CD49-458b-9E23-C84EE0ADCD75}/", "/sra_{BA195980}/"),
        method="SSTP_DUPLEX_POST",
    ),
    post("softether", "/vpnsvc/connect.cgi", "/vpnsvc/connect2.cgi"),
    get("tailscale", "/derp", "/derp/probe", 101),
    certificate("tailscale", f"CN=derpkey{KEY}", f"CN=derpkey{KEY}0"),
    get("rdgateway", "/remoteDesktopGateway/", "/remoteDesktop/", method="RDG_OUT_DATA"),
    get(
        *("rdgateway", "/rpc/rpcproxy.dll?host:3388", "/rpc/rpcproxy.dll?mail:6001"),
        method="RPC_IN_DATA",
    ),
    get("rdgateway", "/remoteDesktopGateway/", "/x/", 401, method="RDG_IN_DATA"),
    get("rdgateway", "/RDWeb/Feed/webfeed.aspx", "/RDWeb/Feed/x/y", resp_mime_types=XML),
    get("rdgateway", "/RDWeb/Pages/en-US/login.aspx", "/RDWeb/"),
    post("winrm", "/wsman", "/wsmania", resp_mime_types=["application/soap+xml"]),
    post(
        *("winrm", "/wsman?PSVersion=5.1", "/wsmania"),
        user_agent="Microsoft WinRM Client",
        response_body_len=1279,
    ),
    post("winrm", "/wsman", "/wsmania", 401, user_agent="Python WinRM client"),
    certificate("teamviewer", "CN=*.teamviewer.com,C=DE", "CN=notteamviewer.com,C=DE"),
    get(
        *("teamviewer", "/din.aspx?s=1&id=0&client=DynGate&p=1", "/din.aspx?s=1&id=0"),
        user_agent="Mozilla/4.0 (compatible; MSIE 6.0; DynGate)",
    ),
    certificate("anydesk", "CN=AnyDesk Client", "CN=AnyDesk Client 2", "CN=AnyDesk Client"),
    certificate(
        *("anydesk", "CN=AnyNet Relay,O=philandro Software GmbH,C=DE", "CN=x"),
        issuer="C=DE,O=philandro Software GmbH,CN=AnyNet Root CA",
    ),
    Case("anydesk", "ssl", {"next_protocol": "anydesk/6.2.0"}, {"next_protocol": "h2"}),
    get(
        *("screenconnect", "/Bin/ScreenConnect.ClientSetup.exe", "/Bin/Screen.ClientSetup.exe"),
        resp_mime_types=["application/x-dosexec"],
    ),
    post(
        *("screenconnect", "/Services/PageService.ashx/GetLiveData", "/Services/PageService.ashx"),
        resp_mime_types=JSON,
    ),
    get("screenconnect", "/SetupWizard.aspx/x", "/SetupWizard.aspxx"),
    get("rustdesk", "/ws/id", "/ws/identity", 101),
    certificate("splashtop", "CN=*.relay.splashtop.com", "CN=splashtop.com.example"),
    get(
        *("guacamole", "/desk/websocket-tunnel?GUAC_ID=1&token=x", "/websocket-tunnel?ID=1"),
        status=101,
    ),
    post("guacamole", "/guacamole/tunnel?connect", "/guacamole/tunnel?read"),
    post("guacamole", "/guacamole/api/tokens", "/guacamole/api/token", resp_mime_types=JSON),
    get("vnc", "/novnc/websockify?token=x", "/websockify/x", 101),
    get("docker", "/v1.41/containers/json?all=1", "/v1.0/containers/json", resp_mime_types=JSON),
    post("docker", "/v1.41/containers/a/start", "/v1/containers/a/start", 204),
    post("docker", "/v1.41/exec/a/start", "/exec/start", 101, status_msg="UPGRADED"),
    get("docker", "/containers/json", "/containers/x", resp_mime_types=JSON),
    get("docker", "/_ping", "/ping", method="HEAD", user_agent="Docker-Client/28.2.2 (linux)"),
    Case("kubernetes", "x509", {"san_dns": ["a", "kubernetes.default.svc"]}, {"san_dns": ["a"]}),
    certificate("kubernetes", "CN=kube-apiserver", "CN=kube-apiservers", "CN=kubernetes"),
    get("kubernetes", POD, "/api/v1/namespaces", resp_mime_types=JSON),
    post("kubernetes", f"{POD}/a/exec?command=ls", f"{POD}/exec", 101),
    get(
        *("kubernetes", "/version", "/versions"),
        user_agent="kubectl/v1.30.1 (linux/amd64)",
        resp_mime_types=JSON,
    ),
    get("kubernetes", "/api/v1/nodes", "/api/v1/users", resp_mime_types=JSON),
    certificate("kubelet", "CN=gw@1795500554", "CN=gw@179550055", "CN=gw-ca@1795500554"),
    certificate(
        "kubelet", "CN=system:node:gw,O=system:nodes", r"CN=system:node:gw\,O=system:nodes"
    ),
    get("kubelet", "/pods", "/pods/x", resp_mime_types=JSON),
    get("kubelet", "/runningpods/", "/running", resp_mime_types=JSON),
    get("kubelet", "/exec/ns/pod/c?command=ls", "/exec/id/start", 101),
    post("etcd", "/v3/kv/range", "/v3/kv", resp_mime_types=JSON),
    get("etcd", "/v2/keys/?recursive=true", "/v2/keysets", resp_mime_types=JSON),
    certificate("etcd", "CN=master", "CN=master", "CN=etcd-ca"),
    certificate(
        "kubernetes-dashboard",
        "CN=kubernetes-dashboard-5f7b999d65-abcde.kube-system",
        "CN=kubernetes-dashboard.example.org",
    ),
    get("kubernetes-dashboard", f"{DASHBOARD}/api", f"{POD}/proxy/api", resp_mime_types=JSON),
    get(
        *("kubernetes-dashboard", "/api/v1/csrftoken/login", "/api/v1/csrf"),
        resp_mime_types=JSON,
    ),
]


def frame(table: str, *rows: Row) -> pl.DataFrame:
    return pl.DataFrame(rows, polars_schema(TABLES[table]))


def alone(monkeypatch: pytest.MonkeyPatch, product: Product, *rows: Row) -> list[bool]:
    """Whether each row tells of the product, were it the only one."""
    monkeypatch.setattr(product_matching, "PRODUCTS", (product,))
    return named(product.table, frame(product.table, *rows))["service"].is_not_null().to_list()


def of(product: Product) -> list[Case]:
    return [each for each in CASES if (each.service, each.table) == product[:2]]


def place(product: Product) -> str:
    return f"{PRODUCTS.index(product)}-{product.service}-{product.table}"


@pytest.mark.parametrize("product", PRODUCTS, ids=place)
def test_a_row_meets_each_product_and_near_misses_do_not(
    product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    met = [each for each in of(product) if alone(monkeypatch, product, each.row) == [True]]
    assert met, "no case meets this product: add one"
    for case in met:
        near = [
            case.row | {column: (REFUSED | case.near)[column]}
            for column in product.conditions
            if case.row[column] != (REFUSED | case.near)[column]
        ]
        forbidden = FORBIDDEN | case.near.get("unless", {}) | {SUBJECT: "CN=localhost@1795500554"}
        near += [case.row | {column: forbidden[column]} for column in product.unless]
        near += [case.row | {column: None} for column in product.conditions]
        assert not any(alone(monkeypatch, product, *near)), near


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.service}-{case.table}")
def test_the_whole_table_names_each_case(case: Case) -> None:
    found = named(case.table, frame(case.table, case.row, {}, case.row))
    assert found["service"].to_list() == [case.service, None, case.service]
    assert found.columns == ["service", "confidence", "why", "confirmed"]


def test_products_keep_the_rules_of_the_table() -> None:
    assert len({(each.table, repr(each.conditions)) for each in PRODUCTS}) == len(PRODUCTS)
    for each in PRODUCTS:
        names = {column.name for column in TABLES[each.table]}
        assert each.service in SERVICES
        assert {*each.conditions, *each.unless} <= names
        assert each.confirmed == ("recorded: " in each.source)
        assert 0 < each.confidence <= (0.95 if each.confirmed else UNSEEN)
        assert each.why.isascii()
        assert each.why.split()[0] in ("it", "its", "one")


ANSWERS = [(200, ["text/html"]), (302, None), (401, JSON), (401, None), (403, JSON), (404, JSON)]


@pytest.mark.parametrize(("status", "types"), ANSWERS)
def test_a_server_that_answers_everything_alike_is_at_most_a_guess(
    status: int, types: list[str] | None
) -> None:
    answer = {"status_code": status, "resp_mime_types": types, "status_msg": "OK"}
    rows = [case.row | answer for case in CASES if case.table == "http"]
    found = named("http", frame("http", *rows))
    assert (found["confidence"].fill_null(0.0) <= GUESS).all()
    if status == 404:
        assert found["service"].null_count() == len(rows)


NAMES = [case for case in CASES if SUBJECT in case.row]


@pytest.mark.parametrize("case", NAMES, ids=lambda case: case.row[SUBJECT])
def test_an_attribute_within_another_is_none(case: Case) -> None:
    def within(name: str) -> str:
        return "CN=x" + "".join(rf"\,{part}" for part in name.split(",")) + ",C=DE"

    hidden = {SUBJECT: within(case.row[SUBJECT]), ISSUER: within(case.row[ISSUER])}
    assert named("x509", frame("x509", hidden))["service"].to_list() == [None]


@pytest.mark.parametrize(
    ("subject", "told"),
    [
        ("OU=FortiGate,O=Fortinet", True),
        ("O=Fortinet,OU=FortiGate", True),
        ("C=US,O=Fortinet+OU=FortiGate,L=x", True),
        (r"CN=a\,b\\,OU=FortiGate,O=Fortinet", True),
        (r"CN=a\\\,OU=FortiGate,O=Fortinet", False),
        (r"CN=a\+OU=FortiGate,O=Fortinet", False),
        ("OU=FortiGate,O=Fortinet Fans", False),
        ("OU=FortiGate,XO=Fortinet", False),
        ("CN=O=Fortinet,OU=FortiGate", False),
        ("", False),
    ],
)
def test_attributes_stand_between_separators(subject: str, told: bool) -> None:
    found = named("x509", frame("x509", {SUBJECT: subject}))
    assert found["service"].to_list() == ["fortigate" if told else None]


def test_a_proxys_certificates_do_not_make_a_fortigate() -> None:
    row = {SUBJECT: "CN=www.example.org", ISSUER: "CN=FGT60F,OU=Certificate Authority,O=Fortinet"}
    assert named("x509", frame("x509", row))["service"].to_list() == [None]


def test_old_logs_have_the_names_in_ssl() -> None:
    row = {"subject": "CN=AnyDesk Client", "issuer": "CN=AnyDesk Client", "server_name": "x"}
    found = named("ssl", frame("ssl", row, {"server_name": "relay.net.anydesk.com"}))
    assert found["service"].to_list() == ["anydesk", None]


def test_what_the_client_says_alone_tells_nothing() -> None:
    asked = {"host": "vpn.example.org", "status_code": None, "resp_mime_types": None}
    rows = [case.row | asked for case in CASES if case.table == "http"]
    assert named("http", frame("http", *rows))["service"].null_count() == len(rows)


def test_the_likeliest_wins() -> None:
    names = {SUBJECT: "CN=10.0.0.1@1795500554", ISSUER: "CN=10.0.0.1-ca@1795500554"}
    found = named("x509", frame("x509", names | {"san_dns": ["kubernetes.default.svc"]}, names))
    assert found["service"].to_list() == ["kubernetes", "kubelet"]


SELF_MADE = "its certificate is one that AnyDesk makes for itself"


def test_certificates_that_tell_are_there_once() -> None:
    told = {SUBJECT: "CN=AnyDesk Client", ISSUER: "CN=AnyDesk Client"}
    rows = frame(
        "x509",
        {"fingerprint": "aa"} | told,
        {"fingerprint": "bb", SUBJECT: "CN=x"},
        {"fingerprint": "aa"} | told,
        {"fingerprint": None} | told,
    )
    found = certificates(rows)
    assert found.rows() == [("aa", "anydesk", 0.95, SELF_MADE, True)]
    assert certificates(rows.drop("fingerprint")).schema == found.schema


@pytest.mark.parametrize("table", ["ssl", "x509", "http", "conn"])
def test_rows_may_be_none_and_columns_missing(table: str) -> None:
    types = polars_schema(TABLES[table])
    assert named(table, pl.DataFrame()).height == 0
    assert named(table, pl.DataFrame(schema=types)).height == 0
    assert named(table, pl.DataFrame({name: [None] * 3 for name in types}, types)).height == 3
    assert named(table, pl.DataFrame({"ts": [1, 2]}))["service"].to_list() == [None, None]


@pytest.mark.parametrize("table", ["ssl", "x509", "http"])
def test_without_a_column_no_more_is_told(table: str) -> None:
    whole = frame(table, *(case.row for case in CASES if case.table == table))
    of_table = [each for each in PRODUCTS if each.table == table]
    confidence = named(table, whole)["confidence"]
    for column in {column for each in of_table for column in (*each.conditions, *each.unless)}:
        found = named(table, whole.drop(column))["confidence"].fill_null(0.0)
        assert (found <= confidence).all(), column


def test_an_answer_of_unknown_kind_is_not_believed() -> None:
    tunnel = frame("http", {"uri": "/CSCOSSLC/tunnel", "method": "CONNECT", "status_code": 200})
    assert named("http", tunnel)["service"].to_list() == ["anyconnect"]
    assert named("http", tunnel.drop("resp_mime_types"))["service"].to_list() == [None]


WORDS = sorted({str(value) for case in CASES for value in case.row.values()})
TEXTS = st.one_of(st.none(), st.text(max_size=30), st.sampled_from(WORDS))


@settings(max_examples=25)
@given(st.lists(st.tuples(TEXTS, TEXTS, TEXTS, TEXTS), max_size=5))
def test_whatever_stands_in_rows_as_many_come_out(rows: list[tuple[str | None, ...]]) -> None:
    http = ["uri", "method", "user_agent", "status_msg"]
    for table, columns in (("http", http), ("x509", [SUBJECT, ISSUER, "fingerprint", "id"])):
        seen = pl.DataFrame(rows, dict.fromkeys(columns, pl.String), orient="row")
        found = named(table, seen.with_columns(pl.lit(200).alias("status_code")))
        assert found.height == len(rows)
        assert set(found["service"].drop_nulls()) <= set(SERVICES)
