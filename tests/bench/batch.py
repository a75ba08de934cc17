"""How fast a class is graded: one submission warm, ratios against others, the curve to 1 000.

    python tests/bench/batch.py [-n RUNS] [--curve 10 100 1000] [--jobs N]

Everything is measured in one run on the same submissions: styles of writing and typical mistakes,
each made different from all others. nbgrader takes part where it is installed.
"""

import argparse
import importlib.util
import json
import multiprocessing
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path

from autograder.checks.challenge import GaveUp, NoAnswer
from autograder.checks.families import check_count
from autograder.checks.promise import Failed
from autograder.checks.recorded import SEED
from autograder.checks.subject import Subject
from autograder.checks.task_run import planned
from autograder.course.patching import patched
from autograder.course.settings import Course, find_course
from autograder.course.tasks import Sample, all_tasks
from autograder.grading.batch import Grader, Plan
from autograder.grading.grade_task import ask_student, grade_task
from autograder.grading.references import References, Solutions
from autograder.observe import frames, protocol
from autograder.observe.profiles import Profile
from autograder.sandbox.warm import SandboxedSession, Warm, WarmWorkers
from autograder.submission.task_files import read_submission

ROOT = Path(__file__).parents[2]
STYLES = ROOT / "tests" / "styles"
LESSON = tuple(task for task in all_tasks() if task.reference)
SMALL = ("block", "function")


def submissions(course: Course, folder: Path, count: int) -> list[Path]:
    """Distinct submissions: half of the tasks right in some style, half with a mistake."""
    texts: dict[str, list[str]] = {}
    for task in LESSON:
        source = course.solution(task).read_text(encoding="utf-8")
        right = [
            source,
            *(
                p.read_text("utf-8")
                for p in sorted(STYLES.glob(f"*/{task.folder}/*.py"))
                if p.parent.parent.name not in ("odd", "torchvision")
            ),
        ]
        wrong = [patched(source, m.replace, m.by, m.id) for m in course.mutants(task)]
        texts[task.name] = [
            t for pair in zip(right * len(wrong), wrong, strict=False) for t in pair
        ]
    made = []
    for number in range(count):
        for place, task in enumerate(LESSON):
            file = folder / f"s{number:04d}" / task.folder / task.file
            file.parent.mkdir(parents=True)
            chosen = texts[task.name][(number + place) % len(texts[task.name])]
            file.write_text(f"{chosen}\nRENAMED_{number} = {number}\n", encoding="utf-8")
        made.append(folder / f"s{number:04d}")
    return made


class Blocks:
    """Judges the blocks of every task and the counts of all depths, and nothing else."""

    def __init__(self, course: Course) -> None:
        self._solutions = Solutions(course, LESSON)
        self._workers = WarmWorkers()
        self._workers.check()

    def grade(self, place: str) -> None:
        for files in read_submission(Path(place), LESSON):
            task = files.task
            right = References(self._solutions.answers(task))
            small = {symbol.name for symbol in task.symbols if symbol.kind in SMALL} | {""}
            ids = [check.id for check in planned(task) if check.symbol in small]
            grade_task(files, right, SEED, workers=self._workers, only=ids)
            student = ask_student(files, self._workers, Profile(), "cpu")
            for symbol in task.symbols:
                subject = Subject(task, symbol, student, list(right.right), SEED)
                for args in symbol.counted:
                    with suppress(Failed, NoAnswer, GaveUp):
                        check_count(subject, Sample(args, ()))
            student.close()
            self._solutions.forget(task)

    def close(self) -> None:
        self._workers.close()
        self._solutions.close()


def everything(course: Course) -> Grader:
    return Grader(Plan(course, LESSON, None, "key", "cpu", (), sandbox="bwrap"))


def timed(work: Callable[[], object], runs: int, warm: int = 1) -> list[float]:
    found = []
    for run in range(runs + warm):
        start = time.perf_counter()
        work()
        if run >= warm:
            found.append(time.perf_counter() - start)
    return found


def row(name: str, seconds: list[float], base: float | None = None) -> float:
    median = statistics.median(seconds)
    ratio = f"{median / base:.2f}" if base else ""
    spread = f"{min(seconds):.3f} - {max(seconds):.3f}"
    print(f"| {name} | {len(seconds)} | {median:.3f} s | {spread} | {ratio} |", flush=True)
    return median


def descendants() -> Iterator[tuple[str, int]]:
    """Names and peak memory (MB) of all processes started by this one."""
    parents: dict[int, int] = {}
    peaks: dict[int, tuple[str, int]] = {}
    for status in Path("/proc").glob("[0-9]*/status"):
        with suppress(OSError, KeyError, ValueError):
            fields = dict(line.split(":", 1) for line in status.read_text().splitlines())
            number = int(fields["Pid"])
            parents[number] = int(fields["PPid"])
            peaks[number] = fields["Name"].strip(), int(fields.get("VmHWM", "0 kB").split()[0])
    for number in peaks:
        at = number
        while at not in (0, os.getpid()):
            at = parents.get(at, 0)
        if at and number != os.getpid():
            yield peaks[number][0], peaks[number][1] // 1024


def overhead(runs: int) -> None:
    """A job from its start to its end with one question between, isolated and not."""
    parent = Warm(Profile())

    def isolated() -> None:
        session = SandboxedSession(parent, Profile())
        session.ask(protocol.Close(0))
        session.close()

    def plain() -> None:
        ends = [os.pipe() for _ in range(3)]
        limits = vars(Profile()) | {"calls": ()}
        request = {"job": "x", "allowed": (), "limits": limits, "alone": True}
        parent.ask(request, [ends[0][0], ends[1][1], ends[2][1]])
        os.write(ends[0][1], frames.encode(protocol.Close(0)))
        frames.decode(lambda n: os.read(ends[1][0], n), protocol.ANSWERS)
        parent.ask({"end": "x", "grace": 0}, [])
        for pair in ends:
            for descriptor in pair:
                os.close(descriptor)

    base = row("a warm job, not isolated", timed(plain, runs, 3))
    found = row("a warm job in the sandbox", timed(isolated, runs, 3), base)
    print(f"\nthe sandbox adds {1000 * (found - base):.1f} ms to a warm job\n")
    parent.close()


NOTEBOOK_CELL = """
import torch
torch.set_num_threads(1)
from pathlib import Path
from autograder.checks import recorded
from autograder.grading.locally import Debugger
from autograder.grading.grade_task import grade_task
from autograder.grading.references import References
from autograder.submission.task_files import read_task
from autograder.course.tasks import task_named
task = task_named("{task}")
files = read_task(Path(r"{file}").parent, task)
right = References(recorded.load(task))
workers = Debugger(Path(r"{file}").parent.parent)
report = grade_task(files, right, recorded.SEED, workers=workers{only})
assert all(r.outcome == "passed" for r in report.checks)
"""


def nbgrader(folders: list[Path], runs: int, blocks: bool) -> float | None:
    """Seconds a submission of nbgrader autograde, with a cell for each task running the checks."""
    if importlib.util.find_spec("nbgrader") is None:
        print("| nbgrader autograde | 0 | is not installed (pip install '.[notebooks]') | | |")
        return None
    import nbformat
    from nbformat.v4 import new_code_cell, new_notebook

    root = Path(tempfile.mkdtemp())
    grade = {"grade": True, "locked": True, "schema_version": 3, "solution": False, "task": False}
    for where in (root / "source", *(root / "submitted" / f.name for f in folders)):
        submission = folders[0] if where.name == "source" else folders[0].parent / where.name
        cells = []
        for task in LESSON:
            ids = [
                c.id for c in planned(task) if not c.symbol or task.symbol(c.symbol).kind in SMALL
            ]
            text = NOTEBOOK_CELL.format(
                task=task.name,
                file=submission / task.folder / task.file,
                only=f", only={ids!r}" if blocks else "",
            )
            meta = {"nbgrader": {**grade, "grade_id": task.name, "points": 10}}
            cells.append(new_code_cell(text, metadata=meta))
        (where / "ps1").mkdir(parents=True)
        book = new_notebook(cells=cells)
        book.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
        nbformat.write(book, where / "ps1" / "lesson.ipynb")
    tool = [sys.executable, "-m", "nbgrader"]
    options = ["ps1", "--ExecutePreprocessor.timeout=600"]
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"  # it calls alembic
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PATH": path}

    def run(*words: str) -> None:
        done = subprocess.run(
            [*tool, *words], cwd=root, capture_output=True, text=True, env=environment
        )
        if done.returncode:
            sys.exit(f"nbgrader {words}: {done.stderr[-2000:]}")

    run("generate_assignment", "ps1", "--force", "--create")
    times = timed(lambda: run("autograde", *options, "--force"), runs, 0)
    shutil.rmtree(root)
    name = "nbgrader autograde, blocks" if blocks else "nbgrader autograde, everything"
    return row(f"{name}, a submission", [t / len(folders) for t in times])


def one(course: Course, folder: Path, runs: int) -> None:
    """One submission at a time, ratios."""
    right = folder / "right"
    for task in LESSON:
        shutil.copytree(course.solution(task).parent, right / task.folder)
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(cores)})
    print(
        "| on one core, sandboxed and warm | n | median | spread | ratio |\n|---|---|---|---|---|"
    )
    medians = {}
    for name, grader in (("blocks and counts", Blocks(course)), ("everything", everything(course))):
        medians[name] = row(name, timed(lambda g=grader: g.grade(str(right)), runs, 2))  # type: ignore[misc]
        peaks = sorted(descendants(), key=lambda pair: pair[1])
        print(f"|   peak memory of a process | | {peaks[-1][1]} MB ({peaks[-1][0]}) | | |")
        grader.close()
    words = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "--submission",
        str(right),
    ]

    def cold() -> None:
        done = subprocess.run(words, capture_output=True, text=True, cwd=folder)
        assert done.returncode == 0, done.stdout[-2000:]

    pytest = row(
        "everything, cold pytest without sandbox",
        timed(cold, max(2, runs // 3), 0),
        medians["everything"],
    )
    print(f"\nthroughput against cold pytest: {pytest / medians['everything']:.1f} times\n")
    copies = []
    for number in range(3):
        copies.append(Path(shutil.copytree(right, folder / f"nb{number}")))
    for name, blocks in (("everything", False), ("blocks and counts", True)):
        found = nbgrader(copies, 1, blocks)
        if found is not None:
            print(f"\nthroughput against nbgrader, {name}: {found / medians[name]:.1f} times\n")
    overhead(3 * runs)
    os.sched_setaffinity(0, cores)


def _blocks(places: list[str]) -> None:
    grader = Blocks(find_course(ROOT))
    for place in places:
        grader.grade(place)
    grader.close()


def curve(course: Course, folder: Path, counts: list[int], jobs: int, blocks: bool) -> None:
    """Seconds and memory for many submissions, in processes."""
    print(
        "| submissions | what | jobs | seconds | a submission | parent MB |\n"
        "|---|---|---|---|---|---|"
    )
    for count in counts:
        made = submissions(course, folder / f"class{count}{blocks}", count)
        start = time.perf_counter()
        if blocks:
            parts = [[str(p) for p in made[k::jobs]] for k in range(jobs)]
            with multiprocessing.get_context("spawn").Pool(jobs) as pool:
                pool.map(_blocks, parts)
            memory = ""
        else:
            words = ["grade", *map(str, made), "--out", str(folder / f"out{count}")]
            words += [w for task in LESSON for w in ("--task", task.name)]
            code = "import resource, sys; from autograder.cli.main import app; app(sys.argv[1:], standalone_mode=False); print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"  # noqa: E501
            done = subprocess.run(
                [sys.executable, "-c", code, *words, "--jobs", str(jobs), "--device", "cpu"],
                cwd=ROOT, capture_output=True, text=True,
            )  # fmt: skip
            assert done.returncode == 0, done.stderr[-2000:]
            memory = str(int(done.stdout.split()[-1]) // 1024)
            reports = list((folder / f"out{count}").glob("s*.json"))
            assert len(reports) == count
            assert all(json.loads(r.read_text())["points"] is not None for r in reports)
        seconds = time.perf_counter() - start
        what = "blocks and counts" if blocks else "everything"
        each = f"{seconds / count:.2f} s"
        print(f"| {count} | {what} | {jobs} | {seconds:.0f} s | {each} | {memory} |", flush=True)
        shutil.rmtree(folder / f"class{count}{blocks}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-n", type=int, default=6, help="counted runs")
    parser.add_argument("--curve", type=int, nargs="*", help="numbers of submissions")
    parser.add_argument("--blocks", action="store_true", help="the curve of blocks and counts")
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)))
    args = parser.parse_args()
    names = ", ".join(f"{name} {version(name)}" for name in ("torch", "numpy", "pytest"))
    print(f"{platform.platform()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    print(f"{names}\n")
    course = find_course(ROOT)
    with tempfile.TemporaryDirectory() as folder:
        if args.curve is None:
            one(course, Path(folder), args.n)
        else:
            curve(course, Path(folder), args.curve, args.jobs, args.blocks)


if __name__ == "__main__":
    main()
