"""The logs of a folder: which, and in what order."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from parsers.zeek.folders import log_files


def made(folder: Path, *names: str) -> list[str]:
    """Make files; return what is listed, below the folder."""
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return [os.path.relpath(path, folder) for path in log_files(str(folder))]


def test_rotated_logs_come_in_the_order_of_their_time(tmp_path: Path) -> None:
    in_order = [
        "2026-10-31/conn.23:00:00-00:00:00.log.gz", "2026-10-31/dns.23:00:00-00:00:00.log.gz",
        "2026-11-01/conn.00:00:00-01:00:00.log.gz", "2026-11-01/conn.01:00:00-02:00:00.log.gz",
        "2026-11-01/ssh.10:00:00-11:00:00.log.gz", "conn.2026-11-01-12-00-00.log",
        "conn_20261102.json", "2026-11-03/conn.log", "current/conn.log", "dns.log",
    ]  # fmt: skip
    assert made(tmp_path, *reversed(in_order)) == in_order


def test_the_folders_own_path_says_nothing_of_the_time(tmp_path: Path) -> None:
    folder = tmp_path / "2020-01-01"
    assert made(folder, "a.log", "2026-01-01/b.log") == ["2026-01-01/b.log", "a.log"]


def test_hidden_files_and_those_still_being_made_are_left_out(tmp_path: Path) -> None:
    names = ["a.log", ".state", ".git/config", "conn.log.part", "README", "b.json"]
    assert made(tmp_path, *names) == ["README", "a.log", "b.json"]


def test_links_are_followed_once_and_loops_are_survived(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "loop").symlink_to(tmp_path)
    (tmp_path / "again").symlink_to(tmp_path / "real")
    (tmp_path / "nowhere").symlink_to(tmp_path / "gone")
    (tmp_path / "self").symlink_to(tmp_path / "self")
    (tmp_path / "real" / "up").symlink_to(tmp_path)
    (tmp_path / "latest.log").symlink_to(tmp_path / "real" / "conn.log")
    assert made(tmp_path, "real/conn.log") == ["real/conn.log"]


def test_a_link_out_of_the_folder_is_followed(tmp_path: Path) -> None:
    made(tmp_path / "spool", "conn.log")
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "current").symlink_to(tmp_path / "spool")
    assert made(tmp_path / "logs") == ["current/conn.log"]


def test_a_folder_that_cannot_be_read_is_listed_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def listdir(path: str) -> list[str]:
        if path.endswith("shut"):
            raise PermissionError(path)
        return list_folder(path)

    list_folder = os.listdir
    monkeypatch.setattr(os, "listdir", listdir)
    assert made(tmp_path, "a.log", "shut/b.log") == ["a.log", "shut"]


def test_what_is_no_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="gone"):
        log_files(str(tmp_path / "gone"))
