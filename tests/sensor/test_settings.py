from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import msgspec
import pytest

from parsers.services import SERVICES
from sensor.analyzers import remote_service
from sensor.settings import (
    PRIVATE,
    SettingsError,
    Site,
    analyzer_settings,
    closest,
    load_site,
    network,
    refuse_unknown_analyzers,
)


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    bytes: Annotated[int, msgspec.Meta(ge=1, description="sent and received")] = 1_000_000
    ports: tuple[int, ...] = (22, 3389)
    mode: Literal["each", "all"] = "each"

    def __post_init__(self) -> None:
        if self.mode == "all" and not self.ports:
            raise ValueError("all of no ports is nothing")


@pytest.fixture
def site_file(tmp_path: Path):
    path = tmp_path / "sensor.toml"

    def write(text: str) -> Path:
        path.write_text(text, encoding="utf-8")
        return path

    return write


def refused(path: Path) -> str:
    with pytest.raises(SettingsError) as caught:
        load_site(path)
    text = str(caught.value)
    assert "\n" not in text
    return text.replace(str(path), "FILE")


@pytest.fixture
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A current folder and a configuration folder that are empty."""
    here, config = tmp_path / "here", tmp_path / "config"
    here.mkdir()
    config.mkdir()
    monkeypatch.chdir(here)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(config))
    return tmp_path


def test_without_a_file_the_private_ranges_are_inside(nowhere: Path):
    assert load_site(None) == Site(local=PRIVATE, allowed=(), services={}, analyzers={})


def test_documentation_ranges_are_outside_by_default():
    assert not [net for net in PRIVATE if net.startswith(("192.0.2", "198.51", "203.0", "2001"))]


def test_everything_a_site_file_can_say(site_file):
    site = load_site(
        site_file(
            """
            local = ["10.0.0.0/8", "2001:DB8::/32", "192.0.2.7"]
            allowed = ["198.51.100.0/24"]
            [services]
            "2222/tcp" = "ssh"
            [analyzers.large-transfer]
            bytes = 5_000_000
            """
        )
    )
    assert site.local == ("10.0.0.0/8", "2001:db8::/32", "192.0.2.7/32")
    assert site.allowed == ("198.51.100.0/24",)
    assert site.services == {"2222/tcp": "ssh"}
    assert site.analyzers == {"large-transfer": {"bytes": 5_000_000}}


def test_the_file_here_comes_before_the_users(nowhere: Path):
    users = nowhere / "config/sensor/sensor.toml"
    users.parent.mkdir()
    users.write_text('local = ["10.1.0.0/16"]')
    assert load_site(None).local == ("10.1.0.0/16",)
    Path("sensor.toml").write_text('local = ["10.2.0.0/16"]')
    assert load_site(None).local == ("10.2.0.0/16",)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("\nlocl = []", "FILE:2: locl is unknown: did you mean local?"),
        ("zzz = []", "FILE:1: zzz is unknown: expected local, allowed, services, analyzers"),
        ("local = 3", 'FILE:1: local is 3: expected a list of networks such as ["10.0.0.0/8"]'),
        ("local = [1]", 'FILE:1: local is [1]: expected a list of networks such as ["10.0.0.0/8"]'),
        (
            'local = [\n"10.0.0.0/8",\n"10.0.0.0/33"]',
            (
                "FILE:3: local[1] is '10.0.0.0/33': expected a network "
                "such as 10.0.0.0/8 or 2001:db8::/32"
            ),
        ),
        (
            'allowed = ["10.1.0.0/8"]',
            (
                "FILE:1: allowed[0] is '10.1.0.0/8', with bits beyond its prefix: "
                "did you mean 10.0.0.0/8?"
            ),
        ),
        ("services = 1", 'FILE:1: services is 1: expected a table such as "2222/tcp" = "ssh"'),
        (
            '[services]\n22 = "ssh"',
            'FILE:2: services.22 is no port: expected one such as "2222/tcp" or "4501/udp"',
        ),
        (
            '[services]\n"70000/tcp" = "ssh"',
            (
                'FILE:2: services."70000/tcp" is no port: '
                'expected one such as "2222/tcp" or "4501/udp"'
            ),
        ),
        (
            '[services]\n"22/tcp" = 5',
            f'FILE:2: services."22/tcp" is 5: expected {", ".join(SERVICES)}',
        ),
        (
            '[services]\n"5901/tcp" = "vncc"',
            'FILE:2: services."5901/tcp" is "vncc": did you mean vnc?',
        ),
        ("analyzers = []", "FILE:1: analyzers is []: expected a table for each analyzer"),
        (
            "[analyzers]\nlarge-transfer = 5",
            "FILE:2: analyzers.large-transfer is 5: expected a table of its settings",
        ),
        ("a = 1\nb =\n", "FILE:2: is no TOML: Invalid value"),
        ("a =", "FILE:1: is no TOML: Invalid value (at end of document)"),
    ],
)
def test_a_wrong_site_file_is_refused_with_its_place(site_file, text: str, said: str):
    assert refused(site_file(text)) == said


def test_a_site_file_that_is_not_there(tmp_path: Path):
    assert refused(tmp_path / "none.toml") == "FILE: cannot be read: No such file or directory"


def test_a_site_file_that_is_a_folder(tmp_path: Path):
    assert refused(tmp_path) == "FILE: cannot be read: Is a directory"


def test_a_site_file_that_is_no_text(tmp_path: Path):
    path = tmp_path / "sensor.toml"
    path.write_bytes(b"# \xff")
    assert refused(path) == "FILE: is no UTF-8 text, from byte 2 on"


def test_an_analyzers_settings_are_its_defaults_where_the_site_says_nothing():
    assert analyzer_settings(Site(), "large-transfer", Settings) == Settings()


def test_an_analyzers_settings_are_read_from_the_site(site_file):
    site = load_site(site_file("[analyzers.large-transfer]\nbytes = 5\nports = [22]"))
    assert analyzer_settings(site, "large-transfer", Settings) == Settings(bytes=5, ports=(22,))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "[analyzers.a]\nbytes = 0",
            "FILE:2: analyzers.a.bytes is 0: expected integer, at least 1",
        ),
        (
            '[analyzers.a]\n\nports = [22, "ssh"]',
            'FILE:3: analyzers.a.ports is [22, "ssh"]: expected list of integer',
        ),
        (
            "analyzers.a = { mode = 'none' }",
            'FILE:1: analyzers.a.mode is "none": expected "each" or "all"',
        ),
        (
            "[analyzers]\na.byte = 5",
            "FILE:2: analyzers.a.byte is unknown: did you mean bytes?",
        ),
        (
            '[analyzers.a]\nmode = "all"\nports = []',
            "FILE:1: analyzers.a cannot be used: all of no ports is nothing",
        ),
    ],
)
def test_a_wrong_setting_of_an_analyzer_is_refused_with_its_place(site_file, text, said):
    path = site_file(text)
    with pytest.raises(SettingsError) as caught:
        analyzer_settings(load_site(path), "a", Settings)
    assert str(caught.value).replace(str(path), "FILE") == said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("\nclear = ['foo']", "FILE:2: analyzers.remote-service.clear cannot be used: 'foo'"),
        (".attempt_bytes]\nsssh = [5, 5]", "FILE:1: analyzers.remote-service.attempt_bytes cannot"),
        (
            "\nattempt_bytes = { ssh = [1] }",
            'FILE:2: analyzers.remote-service.attempt_bytes is {"ssh" = [1]}: expected ',
        ),
    ],
)
def test_a_value_that_an_analyzer_refuses_has_its_own_place(site_file, text, said):
    header = "[analyzers.remote-service" + ("" if text.startswith(".") else "]")
    path = site_file(header + text)
    with pytest.raises(SettingsError) as caught:
        analyzer_settings(load_site(path), "remote-service", remote_service.Settings)
    assert str(caught.value).replace(str(path), "FILE").startswith(said)


def test_a_long_value_is_shown_shortened(site_file):
    path = site_file(f"local = '{'x' * 500}'")
    assert len(refused(path)) < 200


def test_settings_without_a_file_are_refused_without_a_place():
    site = Site(analyzers={"a": {"bytes": "many"}})
    with pytest.raises(SettingsError) as caught:
        analyzer_settings(site, "a", Settings)
    assert str(caught.value) == 'analyzers.a.bytes is "many": expected integer, at least 1'


def test_an_unknown_analyzer_is_refused_with_the_closest_name(site_file):
    path = site_file("[analyzers.larg-transfer]")
    with pytest.raises(SettingsError, match=r"did you mean large-transfer\?"):
        refuse_unknown_analyzers(load_site(path), ("high-volume", "large-transfer"))


def test_networks_are_canonical():
    assert network("2001:DB8:0::/32") == "2001:db8::/32"
    assert network("::1") == "::1/128"


def test_names_that_are_close_to_none_get_all_of_them():
    assert closest("zzz", ("high-volume", "large-transfer")) == (
        "expected high-volume, large-transfer"
    )
