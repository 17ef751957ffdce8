"""Who asks for the records of TLS behind its handshake, by the responder's port."""

from __future__ import annotations

from parsers.services import container_tls, ssl_vpn_logon
from parsers.services.tls_records import Asks

ASKED: dict[int, Asks] = {443: ssl_vpn_logon.ASKS, **container_tls.ASKS}
