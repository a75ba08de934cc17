"""From pushed commits to a gradebook's rows, and back: collect, grade, receipt, replay, regrade."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from autograder.report.reading import read_data
from tests.conftest import ROOT, needs_sandbox
from tests.helpers.organisation import DUE, HOUR, Class

RESNET = "04_resnet/resnet.py"


def autograder(*arguments: object) -> tuple[int, str]:
    command = [sys.executable, "-m", "autograder.cli", *map(str, arguments)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


@pytest.mark.slow
def test_a_class_is_collected_graded_and_accounted_for(tmp_path: Path) -> None:
    needs_sandbox()
    group = Class(tmp_path)
    right = (ROOT / "solutions" / RESNET).read_text(encoding="utf-8")
    ann, bob = group.student("ann"), group.student("bob")
    kept = ann.commit({RESNET: right})
    ann.commit({RESNET: "broken("}, DUE + HOUR)
    bob.commit({RESNET: "import torch\n"})
    roster, out = tmp_path / "roster.csv", tmp_path / "OUT"
    roster.write_text("student_id,github\nann,ann\nbob,bob\n")
    course = tmp_path / "course"
    course.mkdir()
    (course / "solutions").symlink_to(ROOT / "solutions")
    text = (ROOT / "course.toml").read_text(encoding="utf-8")
    due = f"[deadlines]\nresnet = {DUE.isoformat()}\n"
    (course / "course.toml").write_text(text.replace("[deadlines]\n", due), encoding="utf-8")
    where = ["--out", out, "--course", course]
    code, told = autograder("collect", roster, *where, "--url", group.url)
    assert code == 0, told
    submissions = [out / "submissions" / name for name in ("ann", "bob")]
    code, told = autograder("grade", *submissions, *where, "--task", "resnet")
    assert code == 0, told
    report = read_data(out / "ann.json")
    assert (report["points"], report["commit"]) == (10, kept)
    assert report["collected"][0]["deadline"] == DUE.isoformat()
    assert autograder("receipt", out / "ann.json")[0] == 0

    shutil.rmtree(submissions[0])  # the mirror has it
    code, told = autograder("replay", out / "ann.json", "--course", course)
    assert (code, "reproduced exactly" in told) == (0, True), told
    code, told = autograder("replay", out / "ann.json", submissions[1], "--course", course)
    assert code == 1
    assert "points: 10.0 -> 0.0" in told

    data = json.loads((out / "bob.json").read_text())
    data["tasks"][0]["points"] = data["points"] = -1.0  # as if an older grader had been wrong
    (out / "bob.json").write_text(json.dumps(data))
    assert autograder("receipt", out / "bob.json")[0] == 1
    code, told = autograder(
        "regrade", submissions[1], "--since", data["versions"]["autograder"], *where
    )
    assert (code, "bob: resnet: -1 -> 0 (+1)" in told) == (0, True), told
    assert autograder("receipt", out / "bob.json")[0] == 0
