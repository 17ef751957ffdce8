"""Products and certificates are remembered until the connection that they are of comes."""

from __future__ import annotations

import polars as pl
import pytest

from parsers.schema import TABLES, polars_schema
from sensor.enrich import Enrichment, told
from sensor.settings import Site
from tests.strategies import conn_frame, conn_row

ANYDESK = {"certificate_subject": "CN=AnyDesk Client", "certificate_issuer": "CN=AnyNet Root CA"}
ANYDESK["certificate_issuer"] = "CN=AnyNet Root CA,O=philandro Software GmbH,C=DE"


def table(name: str, *rows: dict[str, object]) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema=polars_schema(TABLES[name])).drop(
        "orig_inside", "resp_inside", "orig_allowed", strict=False
    )


def x509(fingerprint: str = "f1", **names: str) -> pl.DataFrame:
    return table("x509", {"fingerprint": fingerprint, **names})


def ssl(uid: str = "C1", fingerprint: str = "f1", resp_h: str = "10.0.0.5") -> pl.DataFrame:
    ends = {"orig_h": "198.51.100.7", "resp_h": resp_h, "resp_p": 7070}
    return table("ssl", {"uid": uid, "version": "TLSv12", "cert_chain_fps": [fingerprint], **ends})


def conn(resp_h: str = "10.0.0.5") -> pl.DataFrame:
    names = (name for name in conn_frame().columns if name.startswith(("remote", "orig_ins")))
    row = conn_row(uid="C1", resp_h=resp_h, resp_p=7777, service="ssl")
    return conn_frame(row).drop(names).drop("resp_inside", "orig_allowed")


def service(enrichment: Enrichment, **ends: str) -> tuple[str | None, str | None]:
    row = enrichment.add("conn", conn(**ends)).row(0, named=True)
    return row["remote_service"], row["remote_service_why"]


def test_a_certificate_names_the_product_of_its_connection() -> None:
    enrichment = Enrichment(Site())
    enrichment.add("x509", x509(**ANYDESK))
    spoken = enrichment.add("ssl", ssl()).row(0, named=True)
    name, why = service(enrichment)

    assert (spoken["remote_service"], spoken["remote_service_by"]) == ("anydesk", "content")
    assert spoken["says"] == (
        f"TLS 1.2, certificate of CN=AnyDesk Client by {ANYDESK['certificate_issuer']}"
    )
    assert name == "anydesk"
    assert why is not None
    assert "certificate" in why


def test_without_the_certificate_nothing_is_told() -> None:
    enrichment = Enrichment(Site())
    enrichment.add("x509", x509("other", **ANYDESK))
    enrichment.add("ssl", ssl())

    assert service(enrichment) == (None, None)


def test_a_server_outside_is_not_named() -> None:
    enrichment = Enrichment(Site())
    enrichment.add("x509", x509(**ANYDESK))
    enrichment.add("ssl", ssl(resp_h="198.51.100.9"))

    assert service(enrichment, resp_h="198.51.100.9") == (None, None)


def test_a_certificate_that_is_seen_again_stays_known() -> None:
    enrichment = Enrichment(Site())
    enrichment.add("x509", x509(**ANYDESK))
    enrichment.add("x509", x509("f2", certificate_subject="CN=a", certificate_issuer="CN=b"))
    enrichment.add("x509", x509(**ANYDESK))
    enrichment.add("ssl", ssl())

    assert service(enrichment)[0] == "anydesk"


def test_the_oldest_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(told, "CERTIFICATES_KEPT", 2)
    enrichment = Enrichment(Site())
    enrichment.add("x509", x509(**ANYDESK))
    for name in ("f2", "f3"):
        enrichment.add("x509", x509(name, certificate_subject="CN=a", certificate_issuer="CN=b"))
    enrichment.add("ssl", ssl())

    assert service(enrichment) == (None, None)
