"""JSON as the decoders of container APIs read it: Go's encoding/json, and Kubernetes' own.

Docker's takes names in any case, and of one that is given twice the last, but for objects, which
it puts together. Kubernetes takes names as they are. Neither takes UTF-16, NaN, or a byte order
mark; Docker's takes no notice of what follows the first value.
"""

from __future__ import annotations

import json
from typing import Any

LENGTH_MAX = 262_144
"""How long a body may be to be read."""
DEPTH_MAX = 100
"""How deep values may lie within each other."""

Object = dict[str, Any]


class Unread(ValueError):
    """A body is not read; the message says why, in snake_case."""


def read(body: bytes, *, any_case: bool) -> Any:
    """The value that a body begins with. Raises Unread."""
    if len(body) > LENGTH_MAX:
        raise Unread("too_long")
    decoder = json.JSONDecoder(
        object_pairs_hook=_any_case if any_case else None, parse_constant=_refuse
    )
    try:
        value, _ = decoder.raw_decode(body.decode("utf-8", "replace").lstrip(" \t\r\n"))
    except RecursionError:
        raise Unread("too_deep") from None
    except ValueError:
        raise Unread("not_json") from None
    if is_deep(value):
        raise Unread("too_deep")
    return value


def is_deep(value: Any) -> bool:
    """Whether values lie deeper within each other than is read."""
    level = [value] if isinstance(value, dict | list) else []
    for _ in range(DEPTH_MAX):
        level = [
            inner
            for outer in level
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, dict | list)
        ]
        if not level:
            return False
    return True


def _any_case(pairs: list[tuple[str, Any]]) -> Object:
    found: Object = {}
    for name, value in pairs:
        _put(found, name.lower(), value)
    return found


def _put(found: Object, name: str, value: Any) -> None:
    """Set a member anew: objects are put together, and null leaves a plain value as it is."""
    before = found.get(name)
    if isinstance(before, dict) and isinstance(value, dict):
        for inner, each in value.items():
            _put(before, inner, each)
    elif value is not None or not isinstance(before, bool | str | int | float):
        found[name] = value


def _refuse(constant: str) -> Any:
    raise ValueError(constant)


def text_of(value: Any) -> str:
    """A string; "" for what is none."""
    return value if isinstance(value, str) else ""


def object_of(value: Any) -> Object:
    """An object; an empty one for what is none."""
    return value if isinstance(value, dict) else {}


def list_of(value: Any) -> list[Any]:
    """A list; an empty one for what is none."""
    return value if isinstance(value, list) else []


def words(value: Any) -> list[str]:
    """A command: a list of strings, or a string alone."""
    if isinstance(value, str):
        return [value]
    return [each for each in list_of(value) if isinstance(each, str)]
