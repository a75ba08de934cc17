"""Measure the homework on real data: time to 15 points, honest F1. Not a test; see make proof.

    python tests/bench/homework.py DATA [--seeds 3] [--first-try] [train.py options]

DATA is a prepared folder; --first-try measures the stub with only the missing lines filled in
instead of the reference. The test part's classes are those of the training pictures it
copies: for measuring only.
"""

import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

import torch

ROOT = Path(__file__).resolve().parents[2]
HOMEWORK = ROOT / "solutions" / "06_simpsons"
if "--first-try" in sys.argv:
    sys.path.insert(0, str(ROOT / "tests"))
    from minimal_homework import write_first_try

    sys.argv.remove("--first-try")
    HOMEWORK = write_first_try(Path(tempfile.mkdtemp()))
sys.path.insert(0, str(HOMEWORK))

import train  # noqa: E402  # found beside the other files of the homework
from simpsons import scores  # noqa: E402
from simpsons.data import load, unlabelled  # noqa: E402

TARGET = 0.97


def measure(data: Path, seed: int, options: list[str]) -> tuple[float, float, float, float]:
    """Seconds to the target, seconds in all, test F1 and honest F1 of one training."""
    found = load(data)
    rows, labels = scores.twin_labels(found)
    seconds: list[float] = []
    reached: list[tuple[float, float]] = []
    last: dict[str, Any] = {}
    save, epoch = train.run.save, train.Display.epoch

    def watched_epoch(display: Any, row: dict[str, Any]) -> None:
        seconds.append(row["seconds"])
        last.update(row)
        epoch(display, row)

    def watched_save(folder: Path, network: Any, config: Any) -> None:
        save(folder, network, config)
        network.eval()
        with torch.inference_mode():
            batches = unlabelled(found.test, rows, config.mean, config.std)
            guesses = torch.cat([network(images).argmax(1) for images in batches])
        reached.append((seconds[-1], scores.f1(labels, guesses)[0]))

    train.run.save, train.Display.epoch = watched_save, watched_epoch
    with tempfile.TemporaryDirectory() as out:
        sys.argv = ["train.py", "--data", str(data), "--out", out, "--seed", str(seed), *options]
        train.main()
    train.run.save, train.Display.epoch = save, epoch
    first = next((time for time, value in reached if value >= TARGET), float("nan"))
    print(f"seed {seed}: test F1 by epoch {[round(value, 4) for _, value in reached]}")
    return first, seconds[-1], reached[-1][1], last["honest_f1"]


def main() -> None:
    data, options = Path(sys.argv[1]), sys.argv[2:]
    seeds = 3
    if "--seeds" in options:
        place = options.index("--seeds")
        seeds = int(options[place + 1])
        del options[place : place + 2]
    found = [measure(data, seed, options) for seed in range(seeds)]
    names = (f"seconds to {TARGET}", "seconds in all", "test F1", "honest F1")
    for name, values in zip(names, zip(*found, strict=True), strict=True):
        middle = statistics.median(values)
        print(f"{name}: median {middle:.4g}, {min(values):.4g} to {max(values):.4g}, n = {seeds}")


if __name__ == "__main__":
    main()
