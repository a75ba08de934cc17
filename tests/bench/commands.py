"""Speed and memory: medians and spreads, and ratios measured in one run (make bench)."""

import argparse
import os
import platform
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-m", "autograder.cli"]


def seconds(words: list[str], runs: int) -> list[float]:
    """Wall seconds of a command, over several runs after one that does not count."""
    found = []
    for run in range(runs + 1):
        start = time.perf_counter()
        done = subprocess.run(words, cwd=ROOT, capture_output=True)
        if done.returncode:
            sys.exit(f"{words} failed: {done.stderr.decode()}")
        if run:
            found.append(time.perf_counter() - start)
    return found


def peak_memory(words: list[str]) -> float | None:
    """The largest process of a command in MB, as the system accounts for it."""
    if sys.platform != "linux":
        return None
    code = (
        "import resource, subprocess, sys; subprocess.run(sys.argv[1:], capture_output=True);"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )
    done = subprocess.run([sys.executable, "-c", code, *words], cwd=ROOT, capture_output=True)
    return int(done.stdout) / 1024


def row(name: str, times: list[float], memory: float | None, base: float) -> None:
    median = statistics.median(times)
    spread = f"{min(times):.2f} - {max(times):.2f}"
    size = "" if memory is None else f"{memory:.0f} MB"
    print(f"| {name} | {median:.2f} s | {spread} | {median / base:.2f} | {size} |", flush=True)


def big_tables(folder: Path, rows: int) -> tuple[str, str]:
    """Predictions and truth of many rows."""
    from simpsons.classes import CLASSES

    draw = random.Random(0)
    paths = folder / "truth.csv", folder / "predictions.csv"
    for path in paths:
        lines = (f"img{i}.jpg,{draw.choice(CLASSES)}\n" for i in range(rows))
        path.write_text("Id,Expected\n" + "".join(lines))
    return str(paths[0]), str(paths[1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-n", type=int, default=5, help="counted runs of each command")
    runs = parser.parse_args().n
    names = ", ".join(f"{name} {version(name)}" for name in ("torch", "numpy", "pytest"))
    print(f"{platform.platform()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    print(f"{names}; n = {runs}\n")
    print("| command | median | spread | against import torch | peak memory, largest process |")
    print("|---|---|---|---|---|")
    bare = [sys.executable, "-c", "import torch"]
    imports = seconds(bare, runs)
    base = statistics.median(imports)
    row("import torch", imports, peak_memory(bare), base)
    commands: list[tuple[str, list[str]]] = [
        (f"check {task}", ["check", task, "--dir", "solutions"])
        for task in ("gradients", "alexnet", "vgg", "resnet", "densenet")
    ]
    commands.append(("grade, five tasks", ["grade", "solutions", "--device", "cpu"]))
    folder = Path(tempfile.mkdtemp())
    try:
        truth, predictions = big_tables(folder, 1_000_000)
        commands.append(("score, 10^6 rows", ["score", predictions, "--truth", truth]))
        for name, words in commands:
            row(name, seconds(COMMAND + words, runs), peak_memory(COMMAND + words), base)
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
