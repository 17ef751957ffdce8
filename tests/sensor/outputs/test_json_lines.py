from __future__ import annotations

import io
import json

from sensor.outputs.json_lines import write_json_lines


def lines(*findings) -> list[str]:
    stream = io.StringIO()
    write_json_lines(findings, stream)
    return stream.getvalue().splitlines()


def test_a_finding_is_a_line_and_whole(finding):
    made = finding()
    (line,) = lines(made)
    assert json.loads(line) == json.loads(json.dumps(made.to_dict()))
    assert list(json.loads(line)) == list(made.to_dict())


def test_hostile_text_is_exact_and_inert(finding):
    hostile = "a\x1b[31m\n\x9b\u202e\u2028ü"
    (line,) = lines(finding(user=hostile))
    assert line.isascii()
    assert line.isprintable()
    assert json.loads(line)["user"] == hostile


def test_no_findings_are_no_lines():
    assert lines() == []
