"""What commands have in common: options, and what their values mean."""

import json
import os
import sys
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from autograder.errors import UsageError

if TYPE_CHECKING:
    from autograder.course.settings import Rules
    from autograder.course.tasks import Task


class Lang(StrEnum):
    """Languages of texts for learners."""

    en = "en"
    ru = "ru"


class Device(StrEnum):
    """Where student networks are run."""

    auto = "auto"
    cpu = "cpu"
    cuda = "cuda"


class Sandbox(StrEnum):
    """How student code is kept apart."""

    auto = "auto"
    bwrap = "bwrap"
    none = "none"


class EngineName(StrEnum):
    """What runs many submissions."""

    local = "local"
    ray = "ray"


LangOption = Annotated[
    Lang | None, typer.Option(help="Language of the texts; default: that of the system.")
]
CourseOption = Annotated[
    Path | None, typer.Option(help="Folder with course.toml; default: here or above.")
]
TaskOption = Annotated[
    list[str] | None, typer.Option("--task", help="Only this task (may be repeated).")
]
RosterOption = Annotated[
    Path | None, typer.Option("--roster", metavar="CSV", help="roster.csv: who is who.")
]
TruthOption = Annotated[
    Path | None, typer.Option("--truth", metavar="CSV", help="The homework's right classes.")
]
PublicOption = Annotated[
    Path | None, typer.Option("--public", metavar="CSV", help="Score only these Ids of it.")
]
ImagesOption = Annotated[
    Path | None,
    typer.Option("--images", metavar="DIR", help="Test pictures, to predict some again."),
]
RunsOption = Annotated[
    Path | None,
    typer.Option("--runs", metavar="DIR", help="Run folders too large for git, by name."),
]
JobsOption = Annotated[
    int, typer.Option("--jobs", min=1, help="Submissions graded at the same time.")
]
NamesOption = Annotated[bool, typer.Option("--names", help="Name submissions in class.html.")]
SandboxOption = Annotated[Sandbox, typer.Option(help="How student code is isolated.")]


def chosen_tasks(names: list[str] | None) -> "list[Task]":
    """The tasks named, each once."""
    from autograder.course.tasks import task_named

    return list({task_named(name).name: task_named(name) for name in names or []}.values())


def device_of(device: Device) -> str:
    """cpu or cuda: what is asked for, or what is there.

    Raises:
        UsageError: it is asked for and not there.
    """
    if device is Device.cpu:
        return "cpu"
    import subprocess

    # Asked in another process: the grader itself does not load torch.
    code = "import torch; print(torch.cuda.is_available())"
    if device is Device.auto and not any(
        Path(place).exists() for place in ("/dev/nvidia0", "/dev/nvidiactl", "/dev/dxg")
    ):
        return "cpu"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    if found.stdout.strip() == "True":
        return "cuda"
    if device is Device.cuda:
        raise UsageError("--device cuda: torch finds no GPU here; use --device cpu")
    return "cpu"


def isolation(sandbox: Sandbox) -> str:
    """none, or bwrap where student code can be isolated here.

    Raises:
        UsageError: it cannot; the text says what to install or enable.
    """
    if sandbox is Sandbox.none:
        return "none"
    from autograder.sandbox.bubblewrap import probe

    probe()
    return "bwrap"


def course_key(out: Path | None) -> str:
    """The secret that makes the seeds: from the environment, or drawn once for a folder."""
    import secrets

    from autograder.files import write
    from autograder.report.folder import BATCH

    key = os.environ.get("AUTOGRADER_KEY")
    if key:
        return key
    if out is None:
        return secrets.token_hex(16)
    batch = out / BATCH
    if batch.is_file():
        try:
            seed = json.loads(batch.read_text(encoding="utf-8"))["seed"]
            if not isinstance(seed, str) or len(seed) != 32:
                raise ValueError("no seed in it")
            return seed
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise UsageError(f"{batch}: cannot be read ({error!r}); delete it") from None
    key = secrets.token_hex(16)
    write(batch, json.dumps({"seed": key}) + "\n")
    return key


def out_folder(out: str | None) -> Path | None:
    """The folder of --out, made at once: nobody wants to hear after an hour that it cannot be."""
    from autograder.submission.fetching import is_url

    if out is None:
        return None
    if is_url(out):
        raise UsageError(f"--out {out}: give a folder, and copy it to that URL afterwards")
    folder = Path(out)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"--out {out}: no folder can be made there: {error.strerror}") from None
    return folder


def places_of(submissions: list[str], out: Path | None) -> list[str]:
    """Each submission once; the output folder may lie among them."""
    from autograder.submission.fetching import is_url

    # Links stay apart: a link to another's folder is a submission of its own.
    found: dict[str, str] = {}
    for place in submissions:
        found.setdefault(place if is_url(place) else os.path.abspath(place), place)
    if out is not None and len(found) > 1:
        found.pop(os.path.abspath(out), None)
    return list(found.values())


def homework_rules(own: "Rules", **given: Path | None) -> "Rules":
    """The homework's rules: of course.toml, where the command line says nothing else."""
    chosen = {name: path for name, path in given.items() if path is not None}
    rules = replace(own, **chosen)  # type: ignore[arg-type]  # fields that hold a path
    paths = {name: path for name, path in vars(rules).items() if isinstance(path, Path)}
    for name, path in paths.items():
        if not path.exists():
            where = "" if path in given.values() else "course.toml, [homework] "
            raise UsageError(f"{where}{name}: there is no {path}")
    return replace(rules, **{name: path.absolute() for name, path in paths.items()})  # type: ignore[arg-type]


def complain(text: str, code: int) -> None:
    """Say what is wrong, and end with an exit code."""
    sys.stdout.flush()
    print(f"autograder: {text}", file=sys.stderr)
    raise SystemExit(code)
