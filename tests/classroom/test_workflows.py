"""The staff workflows, step by step on this machine: from repositories on disk to a gradebook."""

import csv
import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from autograder.classroom.ci.delivering import BRANCH
from autograder.course.settings import Course
from autograder.course.tasks import task_named
from autograder.report.reading import read_data
from autograder.report.receipt import verify
from tests.attacks.catalogue import PRELUDE, all_attacks
from tests.attacks.submitted import hiding
from tests.conftest import ROOT, needs_sandbox
from tests.helpers.organisation import DUE, HOUR, Repository
from tests.helpers.workflows import FOLDER, Site, borrowed

KEY = "the key of the course, which no student code may see"
FILE = "03_gradients/gradients.py"
RIGHT = (ROOT / "solutions" / FILE).read_text(encoding="utf-8")
STUB = (ROOT / "assignments" / FILE).read_text(encoding="utf-8")
EXAMPLE = ROOT / "datasets" / "example"
COURSE = f"""
[course]
name = "Class"
languages = ["en", "ru"]
[grading]
late = "percent"
percent_per_day = 10
[deadlines]
gradients = {DUE.isoformat()}
simpsons = {DUE.isoformat()}
"""


# Attacks on the gradients that end soon: on the channel, by exits, lies, replays and rendering.
QUICK = (
    "noise", "early_answers", "truncated", "forged_protocol", "special_numbers", "exit_0",
    "atexit", "identity", "lesson_numbers", "workflow_command", "import_hook",
)  # fmt: skip


class School:
    """An organisation of repositories and the staff's own, with a roster of all."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.staff = folder / "staff"
        self.staff.mkdir()
        for name in ("solutions", "assignments"):
            (self.staff / name).symlink_to(ROOT / name)
        (self.staff / "course.toml").write_text(COURSE, encoding="utf-8")
        (self.staff / "constraints.txt").write_text("", encoding="utf-8")
        self.names: list[str] = []

    def student(self, name: str) -> Repository:
        self.names.append(name)
        rows = "".join(f"{name},,,{name},,,en,,\n" for name in self.names)
        head = "student_id,name,email,github,lms_id,group,lang,extra_days,note\n"
        (self.staff / "roster.csv").write_text(head + rows, encoding="utf-8")
        return Repository(self.folder, name)

    def site(self) -> Site:
        secrets = {
            "AUTOGRADER_KEY": KEY,
            "AUTOGRADER_TRUTH": (EXAMPLE / "truth.csv").read_text(encoding="utf-8"),
        }
        variables = {
            "AUTOGRADER_URL": f"file://{self.folder}/org/cnn-{{github}}",
            "AUTOGRADER_CLASSROOM": "cnn/all",
            "AUTOGRADER_DELIVER": "true",
        }
        return Site(
            self.folder,
            secrets,
            variables,
            machine=lambda environment: borrowed(environment, self.folder),
        )


def run(site: Site, **inputs: Any) -> dict[str, dict[str, str]]:
    """Run the workflow; the rows of its gradebook by student."""
    results = site.start("grade.yml", **({"only": "", "gpu-runner": "", "late": False} | inputs))
    asked = bool(inputs.get("gpu-runner"))
    gpu = "success" if asked else "skipped"
    assert results == {"collect": "success", "cpu": "success", "gpu": gpu, "publish": "success"}
    with (site.folder / "artifacts/published/gradebook.csv").open(encoding="utf-8") as file:
        return {row["student_id"]: row for row in csv.DictReader(file)}


def mutant(course: Course, id: str) -> str:
    """The solution of the cheapest task with a mistake in it."""
    (found,) = (m for m in course.mutants(task_named("gradients")) if m.id == id)
    return RIGHT.replace(found.replace, found.by)


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.yml")), ids=lambda path: str(path.stem))
def test_a_workflow_trusts_nobody(path: Path) -> None:
    """Nothing typed by a person is text of a script, actions are pinned, rights are stated."""
    text = path.read_text(encoding="utf-8")
    workflow = yaml.safe_load(text)
    assert workflow["permissions"] == {}
    for job in workflow["jobs"].values():
        assert set(job["permissions"].items()) <= {("contents", "read")}
        for step in [job, *job.get("steps", ())]:
            assert "${{" not in step.get("run", "")
            used = step.get("uses", "$/")
            assert used.startswith("$/") or re.fullmatch(r"[\w/-]+@[0-9a-f]{40}", used), used
    if path.stem == "judge":
        assert "secrets" not in text and workflow["jobs"]["judge"]["permissions"] == {}


def test_a_class_is_graded_from_push_to_gradebook(tmp_path: Path, course: Course) -> None:
    """Right, wrong, hostile and late; and nothing secret is near what students wrote."""
    needs_sandbox()
    school = School(tmp_path)
    predictions = (EXAMPLE / "predictions.csv").read_bytes()
    ann = school.student("ann").commit({FILE: RIGHT, "06_simpsons/submission.csv": predictions})
    wrong = course.mutants(task_named("gradients"))[0].id
    school.student("bob").commit({FILE: mutant(course, wrong)})
    eve = school.student("eve")
    eve.commit({FILE: RIGHT})
    hiding(eve.work / "03_gradients")
    eve.commit({".github/workflows/grade.yml": "on: push\njobs: {}\n", "roster.csv": "eve"})
    tardy = school.student("tardy")
    tardy.commit({FILE: STUB})
    tardy.commit({FILE: RIGHT}, DUE + HOUR)
    site = school.site()
    rows = run(site)
    assert {name: row["gradients"] for name, row in rows.items()} == {
        "ann": "10",
        "bob": rows["bob"]["gradients"],
        "eve": "10",
        "tardy": "0",
    }
    assert 0 < float(rows["bob"]["gradients"]) < 10
    assert (rows["ann"]["simpsons"], rows["ann"]["points"]) == ("13", "23")
    published = tmp_path / "artifacts/published"
    report = json.loads((published / "ann.json").read_text(encoding="utf-8"))
    assert (report["commit"], report["points"]) == (ann, 23)
    result = json.loads((published / "classroom50/ann/result.json").read_text(encoding="utf-8"))
    assert (result["score"], result["max-score"]) == (23, 65)
    assert "/school/cnn-all-ann" in result["commit"]
    assert verify(read_data(published / "ann.json"), KEY)
    for name in school.names:  # each the own report, and on its own branch
        given = eve.git("-C", str(tmp_path / f"org/cnn-{name}"), "show", f"{BRANCH}:report.json")
        assert given.strip() == (published / f"{name}.json").read_text(encoding="utf-8").strip()
    no_secret_beside_student_code(site)
    assert steps(site) == every_step() - {"judge.yml/judge: Screen"}
    assert "0.00" in printed(site, "judge.yml/judge: Cost")


@pytest.mark.slow
def test_thirty_repositories(tmp_path: Path, course: Course) -> None:
    """Right, wrong, hostile, late and force-pushed ones; on a CPU, then with a GPU's jobs."""
    needs_sandbox()
    school = School(tmp_path)
    expected: dict[str, float] = {}
    for number in range(5):
        school.student(f"right-{number}").commit({FILE: f"# {number}\n{RIGHT}"})
        expected[f"right-{number}"] = 10
    names = [mutant.id for mutant in course.mutants(task_named("gradients"))[:8]]
    for number, id in enumerate(names):
        school.student(f"wrong-{number}").commit({FILE: mutant(course, id)})
    chosen = [attack for attack in all_attacks() if attack.id in QUICK]
    assert len(chosen) == len(QUICK)
    for attack in chosen:
        text = (ROOT / attack.base / FILE).read_text(encoding="utf-8") + PRELUDE + attack.text
        school.student(f"attack-{attack.id}").commit({FILE: text})
    tardy, forced = [], []
    for number in range(3):
        tardy.append(school.student(f"tardy-{number}"))
        tardy[-1].commit({FILE: STUB})
        tardy[-1].commit({FILE: RIGHT}, DUE + HOUR)
        forced.append(school.student(f"forced-{number}"))
        forced[-1].commit({FILE: RIGHT})
        expected |= {f"tardy-{number}": 0, f"forced-{number}": 10}
    assert len(school.names) == 30
    site = school.site()
    site.secrets["AUTOGRADER_GRADEBOOK"] = f"sqlite:///{tmp_path}/gradebook.db"
    first = points(run(site))
    assert {name: first[name] for name in expected} == expected
    assert all(0 <= first[f"wrong-{number}"] < 10 for number in range(8))
    assert all(first[f"attack-{attack.id}"] <= attack.honest for attack in chosen)
    said = "".join(out + error for _, out, error in site.ran)
    assert "BREACH" not in said and "##[" not in said
    for repository in forced:  # the old commit is gone, the new one says that it is older
        repository.git("checkout", "-q", "--orphan", "other")
        repository.commit({FILE: STUB}, DUE - 2 * HOUR)
    assert points(run(site, **{"gpu-runner": "gpu-large"})) == first
    assert steps(site) == every_step()
    assert printed(site, "judge.yml/judge: Cost").startswith("cpu: ")
    assert "cuda: " in printed(site, "judge.yml/judge: Cost")
    rows = run(site, only="org/cnn-tardy-1 forced-1", late=True)
    late = {name: row["gradients"] for name, row in rows.items() if row["gradients"]}
    assert late == {"tardy-1": "9", "forced-1": "0"}  # a day begun; what a date says is no proof
    no_secret_beside_student_code(site)


def points(rows: dict[str, dict[str, str]]) -> dict[str, float]:
    return {name: float(row["gradients"]) for name, row in rows.items()}


def every_step() -> set[str]:
    """Every run: step of the staff workflows."""
    found = set()
    for workflow in ("grade.yml", "judge.yml"):
        jobs = yaml.safe_load((FOLDER / workflow).read_text(encoding="utf-8"))["jobs"]
        for name, job in jobs.items():
            rows = [step for step in job.get("steps", ()) if "run" in step]
            found |= {f"{workflow}/{name}: {step['name']}" for step in rows}
    return found


def steps(site: Site) -> set[str]:
    return {title for title, _, _ in site.ran}


def printed(site: Site, step: str) -> str:
    return "".join(out for title, out, _ in site.ran if title == step)


def no_secret_beside_student_code(site: Site) -> None:
    """What judge gets: no key, no truth, no roster, no address, in no file and no variable."""
    right = (EXAMPLE / "truth.csv").read_text(encoding="utf-8").splitlines()
    guessed = (EXAMPLE / "predictions.csv").read_text(encoding="utf-8").splitlines()
    truth = sorted(set(right) - set(guessed))  # rows that nobody could hand in
    for path in (site.folder / "artifacts/handover").rglob("*"):
        if path.is_file() and not path.is_symlink():
            text = path.read_bytes()
            assert not any(secret.encode() in text for secret in (KEY, *truth)), path
            assert b"[deadlines]" not in text or path.suffix == ".md", path
    seen = {name: "\0".join(values) for name, values in site.seen.items()}
    assert KEY in seen["grade.yml/collect"] and truth[0] in seen["grade.yml/publish"]
    assert KEY not in seen["judge.yml/judge"] and truth[0] not in seen["judge.yml/judge"]
