"""A folder that is all a Hugging Face Space needs: what is run, both packages, the versions."""

import shutil
import sys
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version
from importlib.resources import files
from pathlib import Path

from simpsons.errors import DataError
from simpsons.run import OWN, load_config

RUN_FILES = ("model.safetensors", "config.json", "calibration.json")
DEMO_NEEDS = ("torch", "numpy", "pillow", "safetensors", "captum", "scikit-learn")
LEFT_OUT = ("__pycache__", "golden", "*.pyc", "*.po")
DEMO_README = """---
title: Who of the Simpsons is it?
sdk: gradio
sdk_version: {gradio}
app_file: app.py
---

A network trained in a course on CNN architectures names the character in a picture.
"""


def demo_space(out: Path, app: Path, run: Path) -> None:
    """Write a demo with its network, the student's files that it uses, and both packages.

    Raises:
        DataError: out holds something already, or cannot be written.
    """
    new_folder(out)
    needs = list(DEMO_NEEDS)
    if load_config(run).architecture != OWN:
        needs.append("torchvision")
    # Only what was loaded to build the network: nothing else of the student's is published.
    places = [getattr(module, "__file__", None) for module in list(sys.modules.values())]
    loaded = {Path(place).resolve() for place in places if place}
    home = app.parent
    own = [p for p in loaded if home == p.parent or home.parent == p.parent.parent]
    try:
        for path in {app, *own}:
            folder = out if path.parent == home else out / path.parent.name
            folder.mkdir(exist_ok=True)
            shutil.copy(path, folder)
        (out / "run").mkdir()
        for name in RUN_FILES:
            if (run / name).is_file():
                shutil.copy(run / name, out / "run")
        copy_packages(out)
        (out / "requirements.txt").write_text(requirements(needs), "utf-8")
        text = DEMO_README.format(gradio=version("gradio"))
        (out / "README.md").write_text(text, "utf-8")
    except OSError as error:
        raise DataError(f"{out}: cannot be written: {error.strerror or error}") from None


def new_folder(out: Path) -> None:
    """Make an empty folder.

    Raises:
        DataError: something is there.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise DataError(f"{out} is not an empty folder: name a new one, or remove it first")
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(f"{out}: cannot be written: {error.strerror or error}") from None


def copy_packages(out: Path) -> None:
    """The packages simpsons and autograder, as they are installed."""
    for name in ("simpsons", "autograder"):
        source = Path(str(files(name)))
        shutil.copytree(source, out / name, ignore=shutil.ignore_patterns(*LEFT_OUT))


def requirements(names: Iterable[str]) -> str:
    """The versions that are installed here, as a requirements.txt."""
    lines = []
    for name in names:
        try:
            number = version(name.partition("[")[0]).partition("+")[0]  # 2.13.0+cpu is one build
        except PackageNotFoundError:
            raise DataError(f"{name} is not installed: pip install {name}") from None
        lines.append(f"{name}=={number}\n")
    return "".join(lines)
