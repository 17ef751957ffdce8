"""Names of LDAP: operations, results, scopes and extended requests, as Zeek writes them.

RFC 4511 section 4 and appendix A, RFC 4532; base/protocols/ldap/consts.zeek.
"""

from __future__ import annotations

BIND_REQUEST, BIND_RESPONSE, UNBIND = 0, 1, 2
SEARCH_REQUEST, SEARCH_ENTRY, SEARCH_DONE, SEARCH_REFERENCE = 3, 4, 5, 19
MODIFY_REQUEST, MODIFY_RESPONSE, ADD_REQUEST, ADD_RESPONSE = 6, 7, 8, 9
DELETE_REQUEST, DELETE_RESPONSE, MODIFY_DN_REQUEST, MODIFY_DN_RESPONSE = 10, 11, 12, 13
COMPARE_REQUEST, COMPARE_RESPONSE, ABANDON = 14, 15, 16
EXTENDED_REQUEST, EXTENDED_RESPONSE, INTERMEDIATE = 23, 24, 25

OPERATIONS = {
    BIND_REQUEST: "bind",
    BIND_RESPONSE: "bind",
    UNBIND: "unbind",
    SEARCH_REQUEST: "search",
    SEARCH_ENTRY: "search",
    SEARCH_DONE: "search",
    SEARCH_REFERENCE: "search",
    MODIFY_REQUEST: "modify",
    MODIFY_RESPONSE: "modify",
    ADD_REQUEST: "add",
    ADD_RESPONSE: "add",
    DELETE_REQUEST: "delete",
    DELETE_RESPONSE: "delete",
    MODIFY_DN_REQUEST: "modify",
    MODIFY_DN_RESPONSE: "modify",
    COMPARE_REQUEST: "compare",
    COMPARE_RESPONSE: "compare",
    ABANDON: "abandon",
    EXTENDED_REQUEST: "extended",
    EXTENDED_RESPONSE: "extended",
    INTERMEDIATE: "intermediate",
}

SUCCESS = 0
RESULTS = {
    SUCCESS: "success",
    1: "operations error",
    2: "protocol error",
    3: "time limit exceeded",
    4: "size limit exceeded",
    5: "compare false",
    6: "compare true",
    7: "auth method not supported",
    8: "stronger auth required",
    9: "partial results",
    10: "referral",
    11: "admin limit exceeded",
    12: "unavailable critical extension",
    13: "confidentiality required",
    14: "SASL bind in progress",
    16: "no such attribute",
    17: "undefined attribute type",
    18: "inappropriate matching",
    19: "constraint violation",
    20: "attribute or value exists",
    21: "invalid attribute syntax",
    32: "no such object",
    33: "alias problem",
    34: "invalid DN syntax",
    36: "alias dereferencing problem",
    48: "inappropriate authentication",
    49: "invalid credentials",
    50: "insufficient access rights",
    51: "busy",
    52: "unavailable",
    53: "unwilling to perform",
    54: "loop detect",
    60: "sort control missing",
    61: "offset range error",
    64: "naming violation",
    65: "object class violation",
    66: "not allowed on non-leaf",
    67: "not allowed on RDN",
    68: "entry already exists",
    69: "object class mods prohibited",
    70: "results too large",
    71: "affects multiple DSAs",
    76: "control error",
    80: "other",
    81: "server down",
    82: "local error",
    83: "encoding error",
    84: "decoding error",
    85: "timeout",
    86: "auth unknown",
    87: "filter error",
    88: "user canceled",
    89: "param error",
    90: "no memory",
    91: "connect error",
    92: "not supported",
    93: "control not found",
    94: "no results returned",
    95: "more results to return",
    96: "client loop",
    97: "referral limit exceeded",
    100: "invalid response",
    101: "ambiguous response",
    112: "TLS not supported",
    113: "intermediate response",
    114: "unknown type",
    115: "LCUP invalid data",
    116: "LCUP unsupported scheme",
    117: "LCUP reload required",
    118: "canceled",
    119: "no such operation",
    120: "too late",
    121: "cannot cancel",
    122: "assertion failed",
    123: "authorization denied",
}
SCOPES = {0: "base", 1: "single", 2: "tree"}
ALIASES = {0: "never", 1: "searching", 2: "finding", 3: "always"}

START_TLS = "1.3.6.1.4.1.1466.20037"
EXTENDED = {START_TLS: "StartTLS", "1.3.6.1.4.1.4203.1.11.3": "whoami"}

UNKNOWN = "unknown"  # of all of these
