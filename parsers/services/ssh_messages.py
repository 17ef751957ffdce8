"""How much payload the messages of SSH authentication have, beside names, secrets and keys.

RFC 4252 (requests, FAILURE, PK_OK), RFC 4256 (INFO_REQUEST and its answer), RFC 4462 (GSSAPI),
RFC 4253 (DISCONNECT).
"""

from __future__ import annotations

# What a question has of payload beside the user's name, and beside what is secret or a key.
NONE, PASSWORD, CHALLENGE, GSSAPI, QUERY, REPLY = 31, 40, 55, 61, 45, 9
EMPTY_REPLY = 5

NAME = range(1, 33)
"""Bytes of a user's name."""

USUAL_PASSWORD, LONGEST_PASSWORD = 40, 255

PADDED = 64
"""What OpenSSH pads packets with a password to."""

KEYS = (62, 100, 123, 155, 161, 163, 191, 291, 419, 547)
"""Bytes of algorithm and key: Ed25519, as security key, ECDSA 256, 384, as security key, RSA 1024,
ECDSA 521, RSA 2048, 3072, 4096."""

LEAST_KEY, LEAST_SIGNED = 58, 120
"""Bytes of algorithm and key, of these and a signature, of any kind."""

LEAST_SIGNATURE = 40
PK_OK, LEAST_PK_OK = 9, 60
"""Payload of a PK_OK beside algorithm and key, and the least with them."""

PROMPTS = range(17, 300)
"""Payload of an INFO_REQUEST, from no prompt on."""

NO_PROMPT, USUAL_PROMPT = 17, 32
"""Payload of an INFO_REQUEST without prompts, and with "Password: "."""

MECHANISM = 16
"""Payload of a GSSAPI_RESPONSE that takes up Kerberos (RFC 4462, 3.3)."""

LISTS: dict[int, tuple[str, ...]] = {
    15: ("publickey",),
    24: ("publickey", "password"),
    36: ("publickey", "keyboard-interactive"),
    45: ("publickey", "password", "keyboard-interactive"),
}
"""Payload of a FAILURE that names these methods: the usual ones of servers."""

WITH_GSSAPI = (44, 53)
"""Payload of a FAILURE of Red Hat's servers: "publickey,gssapi-keyex,gssapi-with-mic", and these
with "password"."""

WITHOUT_GSSAPI = ("Debian", "Ubuntu", "Raspbian")
"""Who names himself in the server's identification, and does not offer GSSAPI by default."""

FAILURES = range(14, 121)
"""Payload of a FAILURE, whatever it names."""

TOKENS = range(20, 4_000)
"""Payload of a GSSAPI_TOKEN."""

DISCONNECTS = range(20, 200)
"""Payload of a DISCONNECT that says why."""
