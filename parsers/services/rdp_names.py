"""What Zeek calls the numbers of RDP: base/protocols/rdp/consts.zeek, after MS-RDPBCGR."""

from __future__ import annotations

from collections.abc import Mapping

SECURITY_PROTOCOLS = {0: "RDP", 1: "SSL", 2: "HYBRID", 8: "HYBRID_EX"}
FAILURES = {
    1: "SSL_REQUIRED_BY_SERVER",
    2: "SSL_NOT_ALLOWED_BY_SERVER",
    3: "SSL_CERT_NOT_ON_SERVER",
    4: "INCONSISTENT_FLAGS",
    5: "HYBRID_REQUIRED_BY_SERVER",
    6: "SSL_WITH_USER_AUTH_REQUIRED_BY_SERVER",
}
RESULTS = {
    0: "Success",
    1: "User rejected",
    2: "Resources not available",
    3: "Rejected for symmetry breaking",
    4: "Locked conference",
}
BUILDS = {
    419: "RDP 4.0",
    2195: "RDP 5.0",
    2221: "RDP 5.0",
    2600: "RDP 5.1",
    3790: "RDP 5.2",
    6000: "RDP 6.0",
    6001: "RDP 6.1",
    6002: "RDP 6.2",
    7600: "RDP 7.0",
    7601: "RDP 7.1",
    9200: "RDP 8.0",
    9600: "RDP 8.1",
    25189: "RDP 8.0 (Mac)",
    25282: "RDP 8.0 (Mac)",
}
HIGH_COLOR_DEPTHS = {4: "4bit", 8: "8bit", 15: "15bit", 16: "16bit", 24: "24bit"}
CERTIFICATE_TYPES = {1: "RSA", 2: "X.509"}
ENCRYPTION_METHODS = {0: "None", 1: "40bit", 2: "128bit", 8: "56bit", 10: "FIPS"}
ENCRYPTION_LEVELS = {0: "None", 1: "Low", 2: "Client compatible", 3: "High", 4: "FIPS"}


def name_of(number: int, names: Mapping[int, str], kind: str) -> str:
    """Name a number, by its kind and itself where Zeek has no name for it."""
    return names.get(number, f"{kind}-{number}")
