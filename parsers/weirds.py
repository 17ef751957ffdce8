"""Weirds: every reason for which content was passed over, by name.

Nothing is lost silently: what cannot be read is counted under one of these names and said at the
end. Kernels count in an int64 array, indexed by position in `WEIRDS`; readers count by name.
Names are Zeek's where Zeek has one (`base/frameworks/notice/weird.zeek`).
"""

from __future__ import annotations

from collections import Counter
from typing import Any

WEIRDS: dict[str, str] = {
    "negative_packet_timestamp": "packet times before 1970 (skipped, as Zeek does)",
    "unknown_link_type": "frames of a link type that is not read",
    "truncated_link_header": "frames too short for their link-layer header",
    "unknown_network_protocol": "frames that carry neither IPv4 nor IPv6 (ARP, LLDP and the like)",
    "truncated_IP": "IP headers that do not fit what was captured",
    "unknown_ip_version": "IP packets of a version other than 4 and 6",
    "invalid_IP_header_size": "IPv4 header lengths below 20 bytes or beyond the packet",
    "ip_hdr_len_zero": "IP packets of length 0 (segmentation offload)",
    "truncated_IP_len": "packets whose IP length is more than was on the wire",
    "bad_IP_checksum": "IPv4 headers whose checksum is wrong",
    "incompletely_captured_fragment": "IP fragments that were not captured whole",
    "excessively_large_fragment": "IP fragments that reach beyond the largest datagram",
    "incomplete_datagram": "datagrams of which a fragment is missing",
    "truncated_header": "transport headers beyond the IP length",
    "internally_truncated_header": "transport headers that were not captured whole",
    "bad_TCP_header_len": "TCP header lengths below 20 bytes or beyond the packet",
    "bad_TCP_checksum": "TCP segments whose checksum is wrong",
    "bad_UDP_checksum": "UDP datagrams whose checksum is wrong",
    "bad_ICMP_checksum": "ICMP messages whose checksum is wrong",
    "ipv6_no_next_header": "IPv6 packets that end with no next header",
    "ipv6_ESP": "IPv6 packets of which ESP hides the rest",
    "truncated_tunnel": "tunnel headers that do not fit their packet",
    "unknown_tunnel_header": "tunnel headers of a version or with flags that are not read",
    "non_ip_packet_in_tunnel": "tunnelled packets that are not IP",
    "inner_IP_length_mismatch": "tunnelled IP packets that do not fill their tunnel's payload",
    "exceeded_tunnel_max_depth": "packets inside more than four tunnels",
    "above_hole_data_without_any_acks": "connections given up: data beyond a hole, no acks",
    "excessive_data_without_further_acks": "connections given up: too much unacknowledged data",
    "history_overflow": "connections whose history is longer than 48 letters (cut there)",
    "truncated_capture": "captures cut off in the middle of a record",
    "damaged_capture": "captures with a record that cannot be one: reading stopped there",
    "unknown_block_type": "pcapng blocks of a type that is not read (passed over)",
    "unknown_interface": "pcapng packets of an interface that was not declared",
    "line_too_long": "lines of logs longer than 1 MiB",
    "cut_off_row": "rows at the end of logs that are not whole",
    "too_many_headers": "rows of logs under headers beyond the first thousand different ones",
    "row_without_header": "rows of logs before a header that names their columns",
    "duplicate_field": "rows of logs below a header that names a column twice",
    "too_few_columns": "rows of logs with fewer columns than their header",
    "too_many_columns": "rows of logs with more columns than their header",
    "bad_number": "rows of logs with a number that is none or does not fit its type",
    "bad_address": "rows of logs with an address that is none",
    "bad_time": "rows of logs with a time or an interval that is none",
    "bad_bool": "rows of logs with a truth value that is none",
    "bad_list": "rows of JSON logs with a single value where a list belongs",
    "broken_json_line": "lines of JSON logs that are no JSON",
    "json_no_object": "lines of JSON logs that are JSON but no object",
    "too_many_connections_at_once": "connections read no further: too many at once",
    "too_many_tunnels_at_once": "tunnels forgotten, which may be told again: too many at once",
    "message_too_long": "lines of servers' logs longer than 64 KiB",
    "binary_message": "lines of servers' logs that are no text",
    "future_time": "lines of servers' logs with a time that is yet to come (read)",
    "logon_without_time": "lines of servers' logs about a logon at a time that is not told (read)",
}
IN = "_in_"  # between what a parser could not read and its protocol: unexpected_message_in_ssh
IN_LOG = "_in_log_of_"  # between what could not be read of a line and the product that wrote it

CODES: dict[str, int] = {name: code for code, name in enumerate(WEIRDS)}


def meaning(name: str) -> str:
    """Return what a weird says, in the plural, to be put behind a number."""
    reason, of_log, product = name.rpartition(IN_LOG)
    if of_log:
        return f"lines of logs of {product} that were passed over: {reason.replace('_', ' ')}"
    reason, _, protocol = name.rpartition(IN)
    said = f"connections whose {protocol} was read no further: {reason.replace('_', ' ')}"
    return WEIRDS.get(name) or (said if reason else "without a meaning")


def by_name(counts: Any) -> Counter[str]:
    """Turn a kernel's counts, int64 (len(WEIRDS),), into a Counter of those that occurred."""
    return Counter({name: int(counts[code]) for name, code in CODES.items() if counts[code]})
