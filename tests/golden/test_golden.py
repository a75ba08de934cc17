"""Golden reports: one for each way a submission can be, as text and as data.

Refresh them with: REFRESH_GOLDEN=1 .venv/bin/python -m pytest tests/golden
"""

import io
import json
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from autograder.course.messages import Catalogue
from autograder.course.tasks import task_named
from autograder.grading.grade import Options, grade
from autograder.grading.references import Solutions
from autograder.model import Message
from autograder.observe.profiles import Profile
from autograder.observe.session import Workers
from autograder.report.as_json import to_dict
from autograder.report.terminal import make_console, print_report
from tests.conftest import ROOT, SEED

HERE = Path(__file__).parent
FOLDER, FILE = "04_resnet", "resnet.py"
Edit = Callable[[str], str]


def before_blocks(line: str) -> Edit:
    return lambda text: text.replace("class ResidualBlock", f"{line}\n\n\nclass ResidualBlock", 1)


def in_forward(line: str) -> Edit:
    start = "        residual = torch.relu(self.bn1(self.conv1(x)))  # (B, out_channels"
    return lambda text: text.replace(start, f"        {line}\n{start}", 1)


def half_done(text: str) -> str:
    """ResidualBlock from the solution, the rest as in the stub."""
    stub = (ROOT / "assignments" / FOLDER / FILE).read_text(encoding="utf-8")
    first = text[: text.index("class BottleneckBlock")]
    return first + stub[stub.index("class BottleneckBlock") :]


CASES: dict[str, Edit | None] = {
    "perfect": lambda text: text,
    "untouched": lambda text: (ROOT / "assignments" / FOLDER / FILE).read_text(encoding="utf-8"),
    "half_done": half_done,
    "syntax_error": before_blocks("def broken(:"),
    "import_error": before_blocks("import torch.nowhere_to_be_found"),
    "infinite_loop": in_forward("while True: pass"),
    "crash": in_forward("__import__('os')._exit(3)"),
    "wrong_shapes": lambda text: text.replace("3, stride, padding=1", "3, stride, padding=0"),
    "missing_file": None,
}


@pytest.mark.parametrize("case", CASES)
def test_golden_report(case: str, solutions: Solutions, workers: Workers, tmp_path: Path) -> None:
    folder = tmp_path / "submission"
    (folder / FOLDER).mkdir(parents=True)
    shutil.copytree(ROOT / "solutions" / "03_gradients", folder / "03_gradients")
    edit = CASES[case]
    if edit is not None:
        text = (ROOT / "solutions" / FOLDER / FILE).read_text(encoding="utf-8")
        (folder / FOLDER / FILE).write_text(edit(text), encoding="utf-8")
    student = Profile(cpu_seconds=2, wall_factor=100) if case == "infinite_loop" else Profile()
    report = grade(
        folder,
        solutions,
        Options(
            (task_named("gradients"), task_named("resnet")),
            SEED,
            student=student,
            workers=workers,
            notes=(Message("note.no_sandbox"),),
        ),
    )
    assert report.tasks[0].points == 10, "a broken task never hides the others"
    english = Catalogue.load("en")
    data = to_dict(report, english)
    tasks = [
        {
            "task": task["task"],
            "status": task["status"],
            "points": task["points"],
            "max_points": task["max_points"],
            "checks": {
                c["id"]: f"{c['outcome']} {c['message_id']}".strip() for c in task["checks"]
            },
        }
        for task in data["tasks"][1:]
    ]
    stream = io.StringIO()
    print_report(report, make_console(stream), english)
    text = stream.getvalue().replace(str(folder), "submission")
    text = re.sub(r"relative difference [\d.e+-]+", "relative difference …", text)
    compare(f"{case}.json", json.dumps(tasks, indent=1) + "\n")
    compare(f"{case}.txt", "\n".join(line.rstrip() for line in text.splitlines()) + "\n")


def compare(name: str, text: str) -> None:
    path = HERE / name
    if os.environ.get("REFRESH_GOLDEN"):
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8"), (
        "refresh with: REFRESH_GOLDEN=1 .venv/bin/python -m pytest tests/golden"
    )
