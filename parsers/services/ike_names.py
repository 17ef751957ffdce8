"""Names that the Zeek package spicy-ipsec gives to numbers and vendor ids of IKE, slips included.

Registries: IANA ikev2-parameters, RFC 2408 section 3.14.1, RFC 2409 appendix A. A vendor id is
mostly the MD5 of a text that its maker chose. Where several of the package's patterns match, its
choice is open, and the most telling one names it here; versions of Openswan are not told apart.
"""

from __future__ import annotations

from hashlib import md5

NOTIFY_NAMES = """
1 UNSUPPORTED_CRITICAL_PAYLOAD DOI-NOT-SUPPORTED SITUATION-NOT-SUPPORTED INVALID_IKE_SPI
5 INVALID_MAJOR_VERSION INVALID_MINOR_VERSION INVALID_SYNTAX INVALID_FLAGS INVALID_MESSAGE_ID
10 INVALID_PROTOCOL_ID INVALID_SPI INVALID_TRANSFORM_ID ATTRIBUTES_NOT_SUPPORTED
14 NO_PROPOSAL_CHOSEN BAD_PROPOSAL_SYNTAX INVALID_TRANSFORM_ID INVALID_KE_PAYLOAD
18 INVALID_ID_INFORMATION INVALID_CERT_ENCODING INVALID_CERTIFICATE CERT_TYPE_UNSUPPORTED
22 INVALID_CERT_AUTHORITY INVALID_HASH_INFORMATION AUTHENTICATION_FAILED INVALID_SIGNATURE
26 ADDRESS_NOTIFICATION NOTIFY_SA_LIFETIME CERTIFICATE_UNAVAILABLE UNSUPPORTED_EXCHANGE_TYPE
30 UNEQUAL_PAYLOAD_LENGTHS
34 SINGLE_PAIR_REQUIRED NO_ADDITIONAL_SAS INTERNAL_ADDRESS_FAILURE FAILED_CP_REQUIRED
38 TS_UNACCEPTABLE INVALID_SELECTORS UNACCEPTABLE_ADDRESSES UNEXPECTED_NAT_DETECTED
42 USE_ASSIGNED_HoA TEMPORARY_FAILURE CHILD_SA_NOT_FOUND INVALID_GROUP_ID AUTHORIZATION_FAILED
16384 INITIAL_CONTACT SET_WINDOW_SIZE ADDITIONAL_TS_POSSIBLE IPCOMP_SUPPORTED
16388 NAT_DETECTION_SOURCE_IP NAT_DETECTION_DESTINATION_IP COOKIE USE_TRANSPORT_MODE
16392 HTTP_CERT_LOOKUP_SUPPORTED REKEY_SA ESP_TFC_PADDING_NOT_SUPPORTED NON_FIRST_FRAGMENTS_ALSO
16396 MOBIKE_SUPPORTED ADDITIONAL_IP4_ADDRESS ADDITIONAL_IP6_ADDRESS NO_ADDITIONAL_ADDRESSES
16400 UPDATE_SA_ADDRESSES COOKIE2 NO_NATS_ALLOWED AUTH_LIFETIME MULTIPLE_AUTH_SUPPORTED
16405 ANOTHER_AUTH_FOLLOWS REDIRECT_SUPPORTED REDIRECT REDIRECTED_FROM TICKET_LT_OPAQUE
16410 TICKET_REQUEST TICKET_ACK TICKET_NACK TICKET_OPAQUE LINK_ID USE_WESP_MODE ROHC_SUPPORTED
16417 EAP_ONLY_AUTHENTICATION CHILDLESS_IKEV2_SUPPORTED QUICK_CRASH_DETECTION
16420 IKEV2_MESSAGE_ID_SYNC_SUPPORTED IPSEC_REPLAY_COUNTER_SYNC_SUPPORTED IKEV2_MESSAGE_ID_SYNC
16423 IPSEC_REPLAY_COUNTER_SYNC SECURE_PASSWORD_METHODS PSK_PERSIST PSK_CONFIRM ERX_SUPPORTED
16428 IFOM_CAPABILITY SENDER_REQUEST_ID IKEV2_FRAGMENTATION_SUPPORTED SIGNATURE_HASH_ALGORITHMS
16432 CLONE_IKE_SA_SUPPORTED CLONE_IKE_SA PUZZLE USE_PPK PPK_IDENTIT NO_PPK_AUTH
"""
"""Types of notify messages; before the names of a line the number of the first."""

NOTIFY: dict[int, str] = {
    int(first) + place: name
    for first, *names in map(str.split, NOTIFY_NAMES.strip().splitlines())
    for place, name in enumerate(names)
}

ATTRIBUTES: dict[int, str] = dict(
    enumerate(
        (
            *("Encryption Algorithm", "Hash Algorithm", "Authentication Method"),
            *("Group Description", "Group Type", "Group Prime/Irreducible Polynomial"),
            *("Group Generator One", "Group Generator Two", "Group Curve A", "Group Curve B"),
            *("Life Type", "Life Duration", "PRF", "Key Length", "Field Size", "Group Order"),
        ),
        1,
    )
)


def notify_name(number: int) -> str:
    """Return the name of a type of notify message."""
    return NOTIFY.get(number, f"unknown-notify-message-type: {number}")


def attribute_name(number: int) -> str:
    """Return the name of a type of attribute."""
    return ATTRIBUTES.get(number, f"unknown-transform-type: {number}")


def vendor_name(vendor_id: bytes) -> str:
    """Return the name that a vendor id stands for, by what it begins with."""
    for size in _SIZES:
        name = _VENDORS.get(vendor_id[:size])
        if name:
            return name
    if len(vendor_id) == SWAN_SIZE:
        for beginning, name in SWANS:
            if vendor_id.startswith(beginning):
                return name
    return f"UNKNOWN:{vendor_id.hex()}"


SWAN_SIZE = 12
SWANS = (
    (b"OSW", "Openswan Unknown Vsn"),
    (b"OEN", "FreeS/WAN or OpenSWAN or Libreswan"),
    (b"OE", "FreeS/WAN or OpenSWAN"),
)
"""FreeS/WAN and its heirs: letters that are a hash of the version."""

HASHED: dict[str, str] = {
    "RFC 3947": "RFC 3947 NAT-T",
    "FRAGMENTATION": "IKE Fragmentation",
    "KAME/racoon": "KAME/racoon",
    "GSSAPI": "GSSAPI",
    "A GSS-API Authentication Method for IKE": "A GSS-API Authentication Method for IKE",
    "A GSS-API Authentication Method for IKE\n": "A GSS-API Authentication Method for IKE",
    "Vid-Initial-Contact": "Microsoft Initial-Contact",
    "draft-ietf-ipsec-nat-t-ike-02\n": "draft-ietf-ipsec-nat-t-ike-02",
    # The name that Zeek gives to what all versions send that do not tell which they are.
    "strongSwan": "strongSwan 4.3.6",
    "SSH Sentinel": "SSH Sentinel",
}
"""Names by the text whose MD5 is the vendor id."""
HASHED |= {
    text: text
    for text in (
        *(
            "RFC XXXX",  # these very letters: of a draft of RFC 3947
            "Testing NAT-T RFC",
            "ESPThruNAT",
            "draft-ietf-ipsec-nat-t-ike",
        ),
        *(f"draft-ietf-ipsec-nat-t-ike-{number:02}" for number in range(10)),
        *("draft-stenberg-ipsec-nat-traversal-01", "draft-stenberg-ipsec-nat-traversal-02"),
        *("draft-huttunen-ipsec-esp-in-udp-00.txt", "MS NT5 ISAKMPOAKLEY", "MS-MamieExists"),
        *("MS-Negotiation Discovery Capable", "NLBS_PRESENT", "IKE CGA version 1"),
        *(f"SSH Sentinel {version}" for version in ("1.1", "1.2", "1.3", "1.4", "1.4.1")),
    )
}

IPSEC_EXPRESS = (
    *("1.1.0", "2.0.0", "2.1.0", "2.1.1", "2.1.2", "3.0.0", "3.0.1", "4.0.0", "4.0.1", "4.1.0"),
    *("4.1.1", "4.2.0", "5.0", "5.0.0", "5.1.0", "5.1.1"),
)
QUICKSEC = ("0.9.0", "1.1.0", "1.1.1", "1.1.2", "1.1.3", "2.1.0")
SSH_SECURITY = "SSH Communications Security"
HASHED |= {
    f"{SSH_SECURITY} IPSEC Express version {each}": f"SSH IPSEC Express {each}"
    for each in IPSEC_EXPRESS
}
HASHED |= {f"{SSH_SECURITY} QuickSec {each}": f"SSH QuickSec {each}" for each in QUICKSEC}

STRONGSWAN = dict(
    zip(
        ("2.2", "2.3", "2.4", "2.5", "2.6", "2.7", "2.8", "4.0", "4.1", "4.2", "4.3", "4.4", "4.5"),
        (3, 3, 5, 8, 5, 4, 10, 8, 12, 10, 8, 2, 4),
        strict=True,
    )
)
STRONGSWAN |= {"4.6": 5, "5.0": 5, "5.1": 2}
"""How many releases of a version have a vendor id of their own."""
HASHED |= {
    f"strongSwan {version}.{release}": f"strongSwan {version}.{release}"
    for version, releases in STRONGSWAN.items()
    for release in range(releases)
    if (version, release) != ("4.3", 6)
}

WINDOWS = dict(
    enumerate(
        (
            *("Windows-2000", "Windows-XP-SP1", "Windows-2003-or-XP-SP2", "Windows-Vista"),
            *("Windows-2008", "Windows-7", "Windows-2008-R2", "Windows-8"),
        ),
        2,
    )
)
"""By the number behind Microsoft's hash."""

ALTIGA = {b"\3\0": "3.0.0", b"\3\1": "3.0.1", b"\3\5": "3.0.5", b"\4\7": "4.0.7"}
"""Versions of the Cisco VPN concentrator, by what is behind its hash."""

NETSCREEN = """
299ee8289f40a897 3a15e1f3cf2a6358 47d2b126bfcd8348 4a4340b543e02b84 64405f46f03b7660
699369228741c6d4 8c0dc6cf62a0ef1b 92d27a9ecb31d992 9b096d9ac3275a7d bf03746108d746c9
c2e80500f4cc5fbf c8660a62b03b1b61 f885da40b1e7a9ab 2a2bcac19b8e91b4 166f932d55eb64d8
a35bfd05ca1ac0b3 9436e8d67174ef9a
"""
"""What the vendor ids of NetScreen's releases begin with, in the order of their names."""

SPELLED: dict[bytes, str] = {
    b"HeartBeat_Notify": "HeartBeat_Notify",
    b"HeartBeat Notify": "HeartBeat Notify",
    b"TIMESTEP": "Timestep",
    b"OpenPGP10171": "OpenPGP-02",
    b"OpenPGP": "OpenPGP-01",
    b"Mac OS 10.x": "MacOS 10.x-1",
    b"BNES\0\0\0": "Nortel Contivity",
    b"Raptor PowerVpn Server [V8.1]": "Symantec-Raptor-v8.1",
    b"Raptor PowerVpn Server": "Symantec-Raptor",
    b"VIA Auth Profile : ": "Aruba Networks Auth Profile",
    b"CISCO-ANYCONNECT-EAP": "Cisco-Anyconnect-EAP",
    b"CISCO-ANYCONNECT-STRAP": "Cisco-Anyconnect-Strap",
    b"CISCOVPN-REV-02": "CiscoVPN-Rev-02",
    b"CISCO-WSG-4CISCO": "CISCO-WSG-4CISCO",
    b"FLEXVPN-SUPPORTED": "FlexVPN-Supported",
    b"CISCO(COPYRIGHT)&Copyright (c) 2009 Cisco Systems, Inc.": "Cisco Copyright 2009",
    b"CISCO-GRE-MODE": "Cisco-GRE-Mode",
    b"CISCO-NGE-LEVEL\3": "Cisco-NGE-Level",
    b"CISCO-DELETE-REASON": "Cisco-Delete-Reason",
    b"CISCO-DYNAMIC-ROUTE": "Cisco-Dynamic-Route",
    # Bytes that are the hash of no known text.
    bytes.fromhex("afcad71368a1f1c96b8696fc7757"): "Dead Peer Detection",
    bytes.fromhex("1d6e178f6c2c0be284985465450fe9d4"): "FortiGate",
    bytes.fromhex("f4ed19e0c114eb516faaac0ee37daf2807b4381f"): "Firewall-1 Unknown Vsn",
    **{
        bytes.fromhex(beginning): f"Netscreen-{number:02}"
        for number, beginning in enumerate(NETSCREEN.split(), 1)
    },
}
"""Names by the bytes of the vendor id itself."""


def _md5(text: str) -> bytes:
    return md5(text.encode(), usedforsecurity=False).digest()


_VENDORS: dict[bytes, str] = {
    **SPELLED,
    **{_md5(text): name for text, name in HASHED.items()},
    **{_md5("MS NT5 ISAKMPOAKLEY") + number.to_bytes(4): name for number, name in WINDOWS.items()},
    **{
        _md5("ALTIGA GATEWAY")[:14] + behind: f"Cisco VPN Concentrator ({version})"
        for behind, version in ALTIGA.items()
    },
    _md5("ALTIGA GATEWAY")[:13]: "Cisco VPN Concentrator",
    _md5("CISCO-UNITY")[:14] + b"\1\0": "Cisco Unity",
    _md5("draft-ietf-ipsra-isakmp-xauth-06.txt")[:8]: "XAUTH",
}
_SIZES = sorted({len(beginning) for beginning in _VENDORS}, reverse=True)
