"""The student repository: what students get, ready to be a template on GitHub.

An export is written again over itself: a file that is as it was exported is replaced, one that
somebody changed stays. Which is which, the digests in .export.json tell.
"""

import hashlib
import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from packaging.requirements import InvalidRequirement, Requirement

from autograder import __version__
from autograder.authoring.build import SHEETS, assignments
from autograder.course.messages import LANGUAGES
from autograder.course.settings import Course
from autograder.errors import UsageError
from autograder.files import write
from autograder.report.lesson_links import NOTEBOOKS

RECORD = ".export.json"
PACKAGE = "cnn-autograder"
EVERYTHING = ("demo", "download", "notebooks", "train")  # the extras of requirements-all.txt
READMES = {"en": "README.md", "ru": "README.ru.md"}
WORKFLOW = "check.yml"
# Files of .github/student whose names would act where they lie.
PLACES = {
    WORKFLOW: f".github/workflows/{WORKFLOW}",
    "gitignore": ".gitignore",
    "gitattributes": ".gitattributes",
}


@dataclass
class Exported:
    """What an export did, by path. kept: changed since they were exported, so left alone."""

    written: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)


def export(course: Course, dest: Path, lang: str = "", grader: str = "") -> Exported:
    """Write the student repository, or bring an earlier export up to date.

    lang: the only language; empty for those of the course. grader: see requirement.

    Raises:
        UsageError: dest holds something else, or the grader cannot be named.
    """
    before = _record(dest)
    if not lang and len(course.languages) == 1:
        lang = course.languages[0]
    inside = (course.folder / "assignments", course.folder / "solutions")
    if any(place in (dest.resolve(), *dest.resolve().parents) for place in inside):
        raise UsageError(f"{dest}: would overwrite the course; choose another folder")
    with tempfile.TemporaryDirectory() as scratch:
        wanted = requirement(course, grader, Path(scratch)) | texts(course, lang)
    done = Exported()
    # Written first, so that an export that was interrupted can be taken up again.
    write(dest / RECORD, _to_json(before))
    for name, content in sorted(wanted.items()):
        there = _digest_of(dest, name)
        if there in ("", before.get(name, "")) and there != _digest(content):
            write(dest / name, content)
            done.written.append(name)
        elif there != _digest(content):
            done.kept.append(name)
    for name in sorted(before.keys() - wanted.keys()):
        if _digest_of(dest, name) == before[name] != "":
            (dest / name).unlink()
            done.removed.append(name)
    record = {name: _digest(content) for name, content in wanted.items() if name not in done.kept}
    write(dest / RECORD, _to_json(record | {k: before[k] for k in done.kept if k in before}))
    return done


def texts(course: Course, lang: str = "") -> dict[str, bytes]:
    """Every file but the grader, by its path in the repository.

    Raises:
        UsageError: a source is missing.
    """
    files = {f"assignments/{k}": v for k, v in assignments(course, lang or "en").items()}
    others = [other for other in LANGUAGES if lang and other != lang]
    left_out = {name for o in others for name in (SHEETS[o], NOTEBOOKS[o])}
    files = {k: v for k, v in files.items() if PurePosixPath(k).name not in left_out}
    folder = course.folder / ".github" / "student"
    for path in sorted(folder.glob("[!.]*")):
        files[PLACES.get(path.name, path.name)] = path.read_text(encoding="utf-8")
    for name in ("constraints.txt", "LICENSE"):
        files[name] = _source(course.folder / name)
    for name in (*READMES.values(), PLACES[WORKFLOW]):
        if name not in files:
            raise UsageError(f"{folder}: {name} is missing; restore it from the repository")
    if lang:
        own = files[READMES[lang]].splitlines(keepends=True)
        own = [line for line in own if "](README." not in line]  # the other language's
        files[READMES["en"]] = "".join(own).replace("\n\n\n", "\n\n")
        del files[READMES["ru"]]
    for name in READMES.values():
        if name in files:
            files[name] = files[name].replace("COURSE", course.name, 1)
    workflow = files[PLACES[WORKFLOW]]
    shown = lang or course.languages[0]
    files[PLACES[WORKFLOW]] = workflow.replace("--lang en", f"--lang {shown}")
    return {name: text.encode() for name, text in files.items()}


def requirement(course: Course, grader: str, scratch: Path) -> dict[str, bytes]:
    """The files that say which grader students install, and its wheel where it is one.

    grader: a requirement such as "cnn-autograder==0.1.0", or the path of a wheel; empty: a wheel
    built from the course's repository. A wheel lies in the students' repository, so they need
    nothing else; it holds no reference and no mutant.

    Raises:
        UsageError: it is neither, or no wheel can be built.
    """
    if not grader or (grader.endswith(".whl") and "://" not in grader):
        wheel = Path(grader) if grader else _build(course.folder, scratch)
        if not wheel.name.startswith(PACKAGE.replace("-", "_")) or not wheel.is_file():
            raise UsageError(f"--grader {grader}: there is no such wheel of {PACKAGE}")
        name = f"grader/{wheel.name}"
        lines = (f"./{name}", f"./{name}[{','.join(EVERYTHING)}]")
        files = {name: wheel.read_bytes()}
    else:
        lines, files = _pinned(grader), {}
    note = "# Made by `autograder export`. pip install -c constraints.txt -r "
    for name, line in zip(("requirements.txt", "requirements-all.txt"), lines, strict=True):
        files[name] = f"{note}{name}\n{line}\n".encode()
    return files


def _pinned(grader: str) -> tuple[str, str]:
    """A requirement that means one version, and the same with every extra students may need."""
    try:
        wanted = Requirement(grader)
    except InvalidRequirement as error:
        raise UsageError(
            f"--grader: {error}; give a wheel, {PACKAGE}=={__version__}, "
            f"or '{PACKAGE} @ git+https://…@COMMIT'"
        ) from None
    exact = any(s.operator in ("==", "===") and "*" not in s.version for s in wanted.specifier)
    if wanted.name != PACKAGE or not (exact or wanted.url):
        raise UsageError(f"--grader {grader}: pin it: {PACKAGE}=={__version__}, or @ URL")
    plain = str(wanted)
    wanted.extras |= set(EVERYTHING)
    return plain, str(wanted)


def _build(folder: Path, scratch: Path) -> Path:
    """Build the wheel of a course's repository."""
    words = ["wheel", "--no-deps", "--quiet", "--wheel-dir", str(scratch), str(folder)]
    done = subprocess.run([sys.executable, "-m", "pip", *words], capture_output=True, text=True)
    found = sorted(scratch.glob("*.whl"))
    if done.returncode or not found:
        said = (done.stderr.strip().splitlines() or ["pip says nothing"])[-1]
        raise UsageError(
            f"{folder}: no wheel can be built ({said}); give one, or a released version: "
            f"--grader FILE.whl, --grader {PACKAGE}=={__version__}"
        )
    return found[0]


def _record(dest: Path) -> dict[str, str]:
    """The digests of an earlier export; empty for a folder that is new or empty."""
    path = dest / RECORD
    if path.is_file():
        try:
            files = json.loads(path.read_text(encoding="utf-8"))["files"]
            return {str(name): str(digest) for name, digest in files.items()}
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise UsageError(f"{path}: cannot be read ({error!r}); restore it from git") from None
    if dest.exists() and (not dest.is_dir() or {p.name for p in dest.iterdir()} - {".git"}):
        raise UsageError(f"{dest}: holds something that is no export; name a new or empty folder")
    return {}


def _to_json(files: Mapping[str, str]) -> bytes:
    content = {"made_by": "autograder export", "files": files}
    return (json.dumps(content, indent=1, sort_keys=True) + "\n").encode()


def _digest_of(dest: Path, name: str) -> str | None:
    """The digest of a file; empty where there is none, None for what is no file of our own."""
    target = dest / name
    if target.is_symlink() or not target.resolve().is_relative_to(dest.resolve()):
        return None
    if target.is_file():
        return _digest(target.read_bytes())
    return None if target.exists() else ""


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _source(path: Path) -> str:
    if not path.is_file():
        raise UsageError(f"{path}: is missing; restore it from the repository")
    return path.read_text(encoding="utf-8")
