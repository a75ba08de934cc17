"""Reports reach the students' own repositories, and nobody loses theirs by another's."""

import json
from pathlib import Path

import pytest

from autograder.classroom.ci.delivering import BRANCH, deliver
from autograder.errors import UsageError
from tests.helpers.organisation import Repository


def test_a_lost_repository_costs_nobody_else_the_report(tmp_path: Path) -> None:
    ann = Repository(tmp_path, "ann")
    head = ann.commit({"a.py": "x"})
    urls = {name: {"url": f"file://{tmp_path}/org/cnn-{name}"} for name in ("lost", "ann", "new")}
    (tmp_path / "collected.json").write_text(json.dumps({"students": urls}))
    out = tmp_path / "published"
    out.mkdir()
    for name in ("lost", "ann"):  # there is no report of the third
        for ending in (".html", ".json"):
            (out / f"{name}{ending}").write_text(f"{name} {ending}")
    for _ in range(2):  # a second report takes the place of the first
        told = dict(deliver(out, tmp_path / "collected.json"))
        assert told.keys() == {"lost", "ann"} and told["ann"] == "" and told["lost"]
    shown = ann.git("-C", str(ann.bare), "show", f"{BRANCH}:report.html")
    assert shown == "ann .html"
    assert ann.git("-C", str(ann.bare), "rev-parse", "main") == head
    assert "[skip ci]" in ann.git("-C", str(ann.bare), "log", "-1", "--format=%s", BRANCH)
    with pytest.raises(UsageError, match=r"collected\.json"):
        list(deliver(out, tmp_path / "nothing.json"))
