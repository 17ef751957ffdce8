"""What a setting may be, in words: for the manual pages and for the errors about a wrong one."""

from __future__ import annotations

import types
from collections.abc import Iterator
from datetime import timedelta
from typing import Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin

import msgspec

_WORDS: dict[Any, str] = {
    bool: "true or false",
    float: "number",
    int: "integer",
    str: "text",
    timedelta: 'duration such as "PT10M"',
    type(None): "nothing",
}
_BOUNDS = {"ge": "at least", "gt": "more than", "le": "at most", "lt": "less than"}


class Setting(NamedTuple):
    """One setting of a Settings struct: its name in TOML, its annotation, default and meaning."""

    name: str
    annotation: Any
    default: Any
    description: str


def settings_of(struct: type[msgspec.Struct]) -> Iterator[Setting]:
    """Yield the settings of a struct in the order of their declaration."""
    for field in msgspec.structs.fields(struct):
        made = field.default_factory is not msgspec.NODEFAULT
        default = field.default_factory() if made else field.default
        metas = (meta for meta in get_args(field.type)[1:] if isinstance(meta, msgspec.Meta))
        description = next((meta.description for meta in metas if meta.description), "")
        yield Setting(field.encode_name, field.type, default, description)


def in_words(annotation: Any) -> str:
    """Say what an annotation allows, e.g. `integer, at least 1` or `list of text`."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        bounds = (_bounds(meta) for meta in inner[1:] if isinstance(meta, msgspec.Meta))
        return in_words(inner[0]) + "".join(bounds)
    if origin is Literal:
        return " or ".join(map(as_toml, inner))
    if origin in (Union, types.UnionType):
        return " or ".join(map(in_words, inner))
    if origin is tuple and Ellipsis not in inner:
        return f"list of {len(inner)}: {', '.join(map(in_words, inner))}"
    if origin in (tuple, list, set, frozenset):
        return f"list of {in_words(inner[0])}"
    if origin is dict:
        return f"table of {in_words(inner[1])}"
    return _WORDS.get(annotation, getattr(annotation, "__name__", str(annotation)))


def _bounds(meta: msgspec.Meta) -> str:
    said = ((word, getattr(meta, name)) for name, word in _BOUNDS.items())
    return "".join(f", {word} {as_toml(bound)}" for word, bound in said if bound is not None)


def as_toml(value: Any) -> str:
    """Write a value as it would stand in TOML, with big numbers grouped as TOML allows."""
    match value:
        case bool():
            return "true" if value else "false"
        case int():
            return f"{value:_}" if abs(value) >= 10_000 else str(value)
        case tuple() | list():
            return f"[{', '.join(map(as_toml, value))}]"
        case set() | frozenset():
            return as_toml(sorted(value))
        case dict():
            pairs = (f"{as_toml(key)} = {as_toml(item)}" for key, item in value.items())
            return "{" + ", ".join(pairs) + "}"
        case float():
            return repr(value)
        case _:
            return msgspec.json.encode(value).decode()
