"""What the tests of the homework's data share: drawn pictures, and small ways to spoil them."""

import csv
import shutil
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from simpsons.synthetic import synthesize

TRAIN, TEST = "train/simpsons_dataset", "testset/testset"


def zip_folder(folder: Path, out: Path, change: dict[str, bytes | None] | None = None) -> Path:
    """Zip a folder; change replaces or adds files by name, None leaves them out."""
    files = {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in (files | (change or {})).items():
            if content is not None:
                archive.writestr(name, content)
    return out


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def nothing_was_written(tmp_path: Path) -> bool:
    return not [path for path in tmp_path.iterdir() if path.name.startswith((".", "out"))]


def run_command(main: Callable[[], None], *words: object) -> int:
    """Run a command line as the console does; returns the exit code."""
    before, sys.argv = sys.argv, ["simpsons", *map(str, words)]
    try:
        main()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    finally:
        sys.argv = before
    return 0


@pytest.fixture(scope="session")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in the competition's layout; read-only."""
    out = tmp_path_factory.mktemp("drawn") / "competition"
    synthesize(out, per_class=3, test=45)
    return out


@pytest.fixture(scope="session")
def drawn_zip(drawn: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same as a zip; read-only."""
    return zip_folder(drawn, tmp_path_factory.mktemp("zip") / "competition.zip")


@pytest.fixture
def own(drawn: Path, tmp_path: Path) -> Path:
    """A copy of the folder that a test may change."""
    return Path(shutil.copytree(drawn, tmp_path / "own"))
