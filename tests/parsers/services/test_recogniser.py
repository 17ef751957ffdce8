"""What hostile bytes do to the parsers that only recognise: nothing."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parsers.services import dhcp, dnp3, dns, kerberos, modbus, ntp, radius, sip, snmp
from parsers.services.parser import ORIG, RESP, Parser
from tests.parsers.services import (
    test_dhcp,
    test_dnp3,
    test_dns,
    test_kerberos,
    test_modbus,
    test_ntp,
    test_radius,
    test_sip,
    test_snmp,
)

Begins = Callable[[bytes, bytes], bool | None]

CASES = [
    pytest.param(begins, parser, octets, id=parser.__name__)
    for begins, parser, octets in (
        (dns.begins, dns.Dns, test_dns.REPLY),
        (dns.begins_tcp, dns.DnsTcp, test_dns.framed(test_dns.QUERY, test_dns.REPLY)),
        (ntp.begins, ntp.Ntp, test_ntp.CLIENT),
        (ntp.begins, ntp.Ntp, test_ntp.CONTROL_REPLY),
        (ntp.begins, ntp.Ntp, test_ntp.MONLIST_REPLY),
        (dhcp.begins, dhcp.Dhcp, test_dhcp.OFFER),
        (snmp.begins, snmp.Snmp, test_snmp.ANSWER),
        (kerberos.begins, kerberos.Krb, test_kerberos.ASKS),
        (kerberos.begins_tcp, kerberos.KrbTcp, test_kerberos.framed(test_kerberos.ASKS)),
        (radius.begins, radius.Radius, test_radius.ASKS),
        (modbus.begins, modbus.Modbus, test_modbus.ASKS),
        (dnp3.begins, dnp3.Dnp3Tcp, test_dnp3.FRAME),
        (dnp3.begins, dnp3.Dnp3Udp, test_dnp3.FRAME),
        (sip.begins, sip.Sip, test_sip.ANSWERS),
    )
]
hostile = pytest.mark.parametrize(("begins", "parser", "octets"), CASES)


def feed(begins: Begins, parser: type[Parser], *pieces: bytes) -> Parser:
    made = parser()
    for piece in pieces:
        begins(piece, b"")
        begins(b"", piece)
        made.data(RESP, piece, 0)
        made.data(ORIG, piece, 0)
    if not made.failed:
        made.end(1)
    return made


@hostile
def test_the_whole_is_recognised(begins: Begins, parser: type[Parser], octets: bytes):
    assert begins(b"", octets) is True
    assert feed(begins, parser, octets).confirmed


@hostile
def test_every_truncation_is_met(begins: Begins, parser: type[Parser], octets: bytes):
    for end in range(len(octets)):
        feed(begins, parser, octets[:end])
        feed(begins, parser, octets, octets[:end])


@hostile
def test_every_flipped_bit_is_met(begins: Begins, parser: type[Parser], octets: bytes):
    for at in range(len(octets)):
        for bit in (1, 2, 0x40, 0x80, 0xFF):
            flipped = octets[:at] + bytes((octets[at] ^ bit,)) + octets[at + 1 :]
            feed(begins, parser, flipped)


@hostile
@settings(max_examples=50)
@given(octets_=st.binary(max_size=400), first=st.booleans())
def test_random_bytes_are_met_and_refused(
    begins: Begins, parser: type[Parser], octets: bytes, octets_: bytes, first: bool
):
    met = feed(begins, parser, *([octets] * first), octets_)
    assert first or not met.confirmed
