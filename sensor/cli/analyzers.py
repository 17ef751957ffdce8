"""`sensor analyzers`: which there are, and the manual page of each."""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import click

from sensor.cli import options

WIDTH = 80


@click.command()
@click.argument("name", required=False)
@options.verbose()
def analyzers(name: str | None) -> int:
    """List the analyzers, or explain the one called NAME: what it finds, how, its settings."""
    from sensor import analyzers as found

    if name is None:
        _list({known: _made(found.module(known)) for known in found.names()})
    elif name in found.names():
        click.echo("\n".join(_page(found.module(name))))
    else:
        from sensor.settings import closest

        options.say(f"no analyzer is called {name!r}: {closest(name, found.names())}")
        return 2
    return 0


def _made(module: ModuleType) -> Any:
    """Return the analyzer as it is without a site file."""
    return module.analyzer(module.Settings())


def _list(made: dict[str, Any]) -> None:
    width = max(map(len, made))
    for name, analyzer in made.items():
        click.echo(f"{name:{width}}  {analyzer.title}")
    click.echo("\n`sensor analyzers NAME` explains one.")


def _page(module: ModuleType) -> Iterator[str]:
    """Yield the lines of a manual page: the docstring, the settings, ATT&CK."""
    analyzer = _made(module)
    yield f"{analyzer.name}: {analyzer.title}"
    yield ""
    yield inspect.getdoc(module) or ""
    yield from _heading("Settings")
    yield f"In the site file, under [analyzers.{analyzer.name}]:"
    yield from _settings(module.Settings)
    yield from _heading("ATT&CK")
    for kind in ("technique", "tactic", "mitigation"):
        yield f"{kind:10}  {', '.join(getattr(analyzer.attack, kind)) or 'none'}"


def _heading(text: str) -> tuple[str, str, str]:
    return "", text, "-" * len(text)


def _settings(struct: Any) -> Iterator[str]:
    from sensor.setting_types import as_toml, in_words, settings_of

    for setting in settings_of(struct):
        yield ""
        yield f"{setting.name}: {in_words(setting.annotation)}"
        yield _wrapped(setting.description)
        yield _wrapped(f"Default: {as_toml(setting.default)}")


def _wrapped(text: str) -> str:
    indent = " " * 4
    return textwrap.fill(text, WIDTH, initial_indent=indent, subsequent_indent=indent)
