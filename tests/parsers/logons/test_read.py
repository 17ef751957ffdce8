"""Logs as a whole: what they are, what is passed over, what hostile content does."""

from __future__ import annotations

import gzip

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from parsers.errors import NotALog
from parsers.logons.read import LONGEST, SCHEMA, is_logon_log, open_log
from tests.parsers.logons.lines import FRAME, brief, framed, log_of, rows

FAILED = f"{FRAME}sshd[1]: Failed password for alice from 203.0.113.66 port 54921 ssh2\n"
KERNEL = f"{FRAME}kernel: usb 1-1: new device\n"


@pytest.mark.parametrize("packed", [bytes, gzip.compress, zstandard.compress])
def test_a_log_is_read_plain_or_compressed(tmp_path, packed):
    path = tmp_path / "auth.log.2"
    path.write_bytes(packed(FAILED.encode()))
    with open_log(str(path)) as log:
        (frame,) = log
    assert frame.schema == SCHEMA
    assert frame.select("user", "file", "line").row(0) == ("alice", str(path), 1)


@pytest.mark.parametrize("head", [FAILED, KERNEL * 3, "\n" + FAILED, "\ufeff" + FAILED])
def test_a_log_is_told_by_a_product_or_by_the_frame_of_its_lines(head):
    assert is_logon_log(head.encode())


@pytest.mark.parametrize(
    "head",
    [
        b"", b"text", b'{"ts":1.0,"uid":"C1"}\n', b"#separator \\x09\n#path\tconn\n",
        FAILED.encode() + b"\0\n" * 2, b"a: b\nc: d\n", b"TLS_CACERT a\nMULTI = 1\n",
        b"Failed password for a from 1.2.3.4 port 1\n",
    ],
)  # fmt: skip
def test_what_else_there_is_is_no_log(head):
    assert not is_logon_log(head)
    with pytest.raises(NotALog):
        log_of(head)


def test_a_folder_and_what_is_not_there_are_refused(tmp_path):
    with pytest.raises(NotALog):
        open_log(str(tmp_path))
    with pytest.raises(OSError, match="cannot be read"):
        open_log(str(tmp_path / "nothing"))


def test_lines_of_several_products_are_each_read_as_their_own():
    text = FAILED + KERNEL + framed("dropbear[2]", "Bad password attempt for 'b' from 192.0.2.1:9")
    log = log_of(text)
    assert sum(frame.height for frame in log) == 2
    assert (dict(log.by_product), log.others) == ({"sshd": 1, "dropbear": 1}, 1)


def test_a_line_without_an_end_is_read():
    assert len(rows(FAILED[:-1])) == 1


def test_lines_that_are_too_long_or_no_text_are_counted():
    long = FAILED[:-1] + "x" * LONGEST + "\n"
    log = log_of(FAILED + long + FAILED.replace("alice", "a\x01b"))
    assert sum(frame.height for frame in log) == 1
    assert dict(log.weirds) == {"message_too_long": 1, "binary_message": 1}
    assert any("line 2" in warning for warning in log.warnings)


def test_what_cannot_be_read_is_counted_by_reason_with_its_line():
    log = log_of(KERNEL + FAILED.replace("54921", "99999") + FAILED.replace(" from ", " "))
    assert list(log) == []
    assert dict(log.weirds) == {
        "bad_port_in_log_of_sshd": 1, "attempt_without_client_in_log_of_sshd": 1
    }  # fmt: skip
    assert "line 2: first of the lines of logs of sshd" in log.warnings[0]


def test_a_time_that_is_yet_to_come_is_odd_but_read():
    log = log_of(FAILED.replace("Nov 24 05:53:26", "2027-01-01T00:00:00Z"))
    assert sum(frame.height for frame in log) == 1
    assert dict(log.weirds) == {"future_time": 1}


def test_a_logon_without_a_time_is_said_to_have_none():
    log = log_of("ocserv[1]: main[a]:192.0.2.1:5 user logged in\n")
    assert [frame["ts"].to_list() for frame in log] == [[None]]
    assert dict(log.weirds) == {"logon_without_time": 1}


def test_times_are_assumed_to_be_utc_which_is_said():
    log = log_of(FAILED)
    list(log)
    assert len(log.assumed) == 2


@pytest.mark.parametrize(
    "said", ["gw01 last message repeated 3 times", "last message repeated 3 times"]
)
def test_a_line_that_repeats_the_one_before_counts_as_often(said):
    assert brief(FAILED + f"Nov 24 05:53:29 {said}\n", "attempts", "line") == [(1, 1), (3, 2)]


def test_the_order_of_connections_does_not_matter():
    lines = [FAILED.replace("sshd[1]", f"sshd[{number}]").replace("54921", f"{number}")
             for number in range(1, 6)]  # fmt: skip
    assert sorted(brief("".join(lines))) == sorted(brief("".join(reversed(lines))))


def test_a_name_that_looks_like_a_line_gives_one_row_with_that_name():
    name = "x from 192.0.2.9 port 1 ssh2\\nNov 24 05:53:26 gw01 sshd[1]: Accepted password for root"
    text = framed(
        "sshd[1]", f"Failed password for invalid user {name} from 203.0.113.66 port 5 ssh2"
    )
    assert brief(text, "outcome", "user", "orig_h") == [("failed", name, "203.0.113.66")]


def test_what_a_terminal_would_act_on_is_escaped():
    text = FAILED.replace("alice", "a\x1b[2Jb\u202e")
    assert brief(text, "user") == [("a\\x1b[2Jb\\u202e",)]


SAMPLES = (
    FAILED,
    framed("sshd[1]", "PAM 2 more authentication failures; logname= rhost=192.0.2.1  user=a"),
    framed("dropbear[1]", "Exit before auth from <192.0.2.1:5>: (user 'a', 3 fails): Max"),
    framed("ocserv[1]", "main[a]:192.0.2.1:5 user disconnected (reason: gone, rx: 1, tx: 2)"),
    framed("charon", "12[IKE] IKE_SA a[1] established between 10.0.0.1[b]...192.0.2.1[c]"),
    framed("openvpn[1]", "192.0.2.1:5 [a] Peer Connection Initiated with [AF_INET]192.0.2.1:5"),
    framed("xrdp-sesman[1]", "[INFO ] AUTHFAIL: user=a ip=192.0.2.1 time=1"),
    framed("kernel", "wireguard: wg0: Invalid handshake initiation from 192.0.2.1:51820"),
    framed("php-fpm[1]", "/index.php: Successful login for user 'a' from: 192.0.2.1 (Local)"),
    '2026-11-24 06:30:54.107 Connection "CID-3": Successfully authenticated as user "a".\n',
    "CLIENT_LIST,a,192.0.2.1:5,1,2,2026-11-24 06:00:43\n",
    'WARNING: Authentication attempt from 192.0.2.1 for user "a" failed.\n',
)


@pytest.mark.parametrize("sample", SAMPLES)
def test_a_line_cut_anywhere_is_met(sample):
    for end in range(len(sample)):
        list(log_of(FAILED + sample[:end]))


@given(st.sampled_from(SAMPLES), st.data())
def test_damage_and_garbage_are_met(sample, data):
    octets = bytearray(sample.encode())
    for _ in range(data.draw(st.integers(1, 4))):
        octets[data.draw(st.integers(0, len(octets) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    list(log_of(FAILED.encode() + bytes(octets) + data.draw(st.binary(max_size=64))))


@given(st.sampled_from(SAMPLES), st.integers(1, 200))
def test_blocks_may_end_anywhere(sample, block):
    text = FAILED + sample + FAILED
    assert brief(text, block=block) == brief(text)


def test_a_log_of_connections_that_never_end_keeps_a_bounded_number():
    lines = [f"{FRAME}sshd[{number}]: Invalid user a from 192.0.2.1 port {number}\n"
             for number in range(1, 6000)]  # fmt: skip
    assert len(rows("".join(lines))) == 5999


@pytest.mark.shared
def test_logs_of_real_servers_are_read_without_anything_passed_over(shared):
    for path in sorted((shared / "lab" / "pcaps").glob("ssh_*.auth.log")):
        with open_log(str(path)) as log:
            assert sum(frame.height for frame in log) > 0
            assert not log.weirds
