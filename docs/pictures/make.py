"""Make the pictures of the README anew: python docs/pictures/make.py (Chromium is needed).

A residual block with a typical mistake is checked and graded, a network is trained on drawn
pictures for the demo; what the programs show is kept.
"""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
from playwright.sync_api import sync_playwright
from rich.console import Console
from rich.text import Text

from autograder.course.settings import find_course, patched
from autograder.course.tasks import task_named

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
BIN = Path(sys.executable).parent
MISTAKE = "relu_before_sum"


def main() -> None:
    """Write check.svg, report.png and demo.png."""
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        folder = Path(name)
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium") or shutil.which("chromium-browser")
        )
        page = browser.new_page(viewport={"width": 1000, "height": 760}, device_scale_factor=1.25)
        submission = with_a_mistake(folder)
        terminal(submission)
        report(submission, page)
        demo(folder, page)
        browser.close()


def with_a_mistake(folder: Path) -> Path:
    """The reference's ResNet with a typical mistake in its block."""
    course, task = find_course(ROOT), task_named("resnet")
    mutant = next(mutant for mutant in course.mutants(task) if mutant.id == MISTAKE)
    source = course.solution(task).read_text(encoding="utf-8")
    place = folder / "ivanova" / task.folder / task.file
    place.parent.mkdir(parents=True)
    text = patched(source, mutant.replace, mutant.by, mutant.id)
    place.write_text(text, encoding="utf-8")
    return folder / "ivanova"


def run(*command: object, cwd: Path = ROOT) -> str:
    """What a command prints, colours included."""
    environment = {**os.environ, "FORCE_COLOR": "1", "COLUMNS": "100"}
    line = [str(word) for word in command]
    done = subprocess.run(line, cwd=cwd, env=environment, capture_output=True, text=True)
    if done.returncode > 1:
        raise SystemExit(f"{line}: {done.stderr}")
    return done.stdout


def terminal(submission: Path) -> None:
    """What a student sees."""
    shown = run(BIN / "autograder", "check", "resnet", "--lang", "en", cwd=submission)
    with Path(os.devnull).open("w") as nowhere:
        console = Console(record=True, width=100, file=nowhere)
        console.print(Text.from_ansi(f"$ autograder check resnet\n{shown.rstrip()}"))
        svg = console.export_svg(title="autograder check")
    (HERE / "check.svg").write_text(svg, encoding="utf-8")


def report(submission: Path, page: Any) -> None:
    """What a teacher sends back."""
    path = submission / "report.html"
    grade = ["grade", submission.name, "--task", "resnet", "--lang", "en", "--html", path]
    run(BIN / "autograder", *grade, "--course", ROOT, cwd=submission.parent)
    page.goto(path.as_uri())
    page.screenshot(path=HERE / "report.png")


def demo(folder: Path, page: Any) -> None:
    """Train the reference on drawn pictures and show it one."""
    home = folder / "solutions" / "06_simpsons"
    shutil.copytree(ROOT / "solutions", home.parent)
    run(BIN / "simpsons", "synthesize", "--out", folder / "drawn", "--seed", "1")
    run(BIN / "simpsons", "prepare", "--zip", folder / "drawn", "--out", folder / "prepared")
    train = ["train.py", "--data", folder / "prepared", "--out", "run", "--epochs", "12"]
    run(sys.executable, *train, "--batch-size", "64", cwd=home)
    with serving(home) as url:
        page.goto(f"{url}/en/")
        page.locator("button.gallery-item, .gallery-item").nth(1).click()
        page.locator(".heatmap img").wait_for(timeout=60_000)
        page.wait_for_timeout(1500)
        page.screenshot(path=HERE / "demo.png")


@contextmanager
def serving(home: Path) -> Iterator[str]:
    """The demo, until the picture is taken."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "app.py", "--checkpoint", "run", "--port", str(port)]
    process = subprocess.Popen(command, cwd=home, stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    try:
        for _ in range(600):
            with suppress(httpx.HTTPError):
                httpx.get(f"{url}/health", timeout=5)
                break
            time.sleep(0.2)
        yield url
    finally:
        process.terminate()
        process.wait(30)


if __name__ == "__main__":
    main()
