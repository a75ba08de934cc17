"""A corpus of submissions, graded before and after a change: the reports must be the same.

python tests/helpers/corpus.py make DIR            write the submissions
python tests/helpers/corpus.py grade DIR OUT       grade them with one seed, as this checkout does
python tests/helpers/corpus.py compare OUT OTHER   name every difference but seconds and versions
"""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
SEED = "corpus"
TASKS = {
    "alexnet": "01_alexnet",
    "vgg": "02_vgg",
    "gradients": "03_gradients",
    "resnet": "04_resnet",
    "densenet": "05_densenet",
}
# How many of a task's typical mistakes, evenly spread over mutants.py.
MISTAKES = {"alexnet": 7, "vgg": 8, "gradients": 8, "resnet": 14, "densenet": 10}
HOMEWORK = "06_simpsons"
PASSING = ("seconds", "versions", "receipt", "submission", "commit")


def source(task: str) -> str:
    """The solution of a task."""
    return (ROOT / "solutions" / TASKS[task] / f"{task}.py").read_text(encoding="utf-8")


def broken() -> Iterator[tuple[str, str, bytes]]:
    """Files that do not do what a file should: (name, task, content)."""
    right = source("resnet")
    block = "class ResidualBlock"
    forward = "    def forward(self, x: Tensor) -> Tensor:\n"
    texts = {
        "empty": "",
        "syntax": right.replace(block, "def broken(:\n\n\n" + block, 1),
        "import": "import nowhere_to_be_found\n" + right,
        "prints": "print('x' * 1000)\n" + right,
        "exits": "import sys; sys.exit(0)\n" + right,
        "dies": "import os; os._exit(3)\n" + right,
        "renamed": right.replace("ResidualBlock", "ResBlock"),
        "no_init": right.replace("        super().__init__()\n", "", 1),
        "name_error": right.replace(forward, forward + "        undefined_name\n", 1),
        "returns_none": right.replace(forward, forward + "        return None\n", 1),
        "returns_text": right.replace(forward, forward + "        return 'x'\n", 1),
        "recursion": right.replace(forward, forward + "        self.forward(x)\n", 1),
        "loop": right.replace(forward, forward + "        while True: pass\n", 1),
        "crash": right.replace(forward, forward + "        __import__('os')._exit(3)\n", 1),
        "memory": right.replace(forward, forward + "        bytearray(1 << 36)\n", 1),
        "changes_input": right.replace(forward, forward + "        x.add_(1)\n", 1),
        "identity": right.replace(forward, forward + "        return x\n"),
        "detached": right.replace(forward, forward + "        x = x.detach()\n"),
        "no_grad": right.replace(forward, "    @torch.no_grad()\n" + forward),
        "not_a_class": right + "\nResidualBlock = 3\n",
        "a_function": right + "\nResNet = lambda *args, **kwargs: 7\n",
        "not_written": right.replace(forward, forward + "        raise NotImplementedError\n"),
        "value_error": right.replace(forward, forward + "        raise ValueError('no')\n", 1),
    }
    for name, text in texts.items():
        yield name, "resnet", text.encode()
    yield "cp1251", "resnet", ("# Привет\n" + right).encode("cp1251")
    yield "bom", "resnet", ("\ufeff" + right).encode()
    yield "null", "resnet", b"\0" * 100
    yield "too_large", "resnet", b"#" * (600 << 10)
    yield "wrong_chain", "gradients", source("gradients").replace("dx3_dx2", "dL_dx3").encode()


def submissions() -> Iterator[tuple[str, dict[str, bytes]]]:
    """Every submission: its name, and its files by path."""
    from autograder.course.patching import patched
    from autograder.course.settings import find_course
    from autograder.course.tasks import task_named
    from tests.attacks.catalogue import PRELUDE, all_attacks

    def file(task: str, content: bytes) -> dict[str, bytes]:
        return {f"{TASKS[task]}/{task}.py": content}

    for task in TASKS:
        yield f"solution_{task}", file(task, source(task).encode())
        stub = ROOT / "assignments" / TASKS[task] / f"{task}.py"
        yield f"stub_{task}", file(task, stub.read_bytes())
        for style in sorted((ROOT / "tests" / "styles").glob("*/01_alexnet")):
            path = style.parent / TASKS[task] / f"{task}.py"
            yield f"style_{task}_{style.parent.name}", file(task, path.read_bytes())
    for path in sorted((ROOT / "tests" / "styles" / "odd").glob("*.py")):
        task = path.stem.partition("_")[0]
        yield f"odd_{path.stem}", file(task, path.read_bytes())
    for name, task, content in broken():
        yield f"broken_{name}", file(task, content)
    course = find_course(ROOT)
    for task, count in MISTAKES.items():
        mutants = course.mutants(task_named(task))
        for mutant in mutants[:: -(-len(mutants) // count)]:
            text = patched(source(task), mutant.replace, mutant.by, mutant.id)
            yield f"mistake_{task}_{mutant.id}", file(task, text.encode())
    for attack in [attack for attack in all_attacks() if attack.kind == "channel"][:16]:
        text = (ROOT / attack.base / TASKS[attack.task] / f"{attack.task}.py").read_text()
        content = (text + PRELUDE + attack.text).encode()
        yield f"attack_{attack.id}", file(attack.task, content)
    for folder in ("solutions", "assignments"):
        names = ("model.py", "augment.py", "train.py", "predict.py")
        paths = [ROOT / folder / HOMEWORK / name for name in names]
        files = {f"{HOMEWORK}/{path.name}": path.read_bytes() for path in paths}
        files |= file("resnet", source("resnet").encode())
        truth = ROOT / "datasets" / "example" / "truth.csv"
        files[f"{HOMEWORK}/submission.csv"] = truth.read_bytes()
        yield f"homework_{folder}", files


def make(folder: Path) -> None:
    """Write every submission into a folder of its own."""
    sys.path.insert(0, str(ROOT))
    for name, files in submissions():
        for path, content in files.items():
            target = folder / name / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
    link = folder / "broken_link" / TASKS["resnet"] / "resnet.py"
    link.parent.mkdir(parents=True)
    link.symlink_to("/etc/passwd")
    (folder / "broken_missing" / TASKS["vgg"]).mkdir(parents=True)
    print(f"{len(list(folder.iterdir()))} submissions in {folder}")


def grade(folder: Path, out: Path) -> None:
    """Grade every submission with one seed."""
    shutil.rmtree(out, ignore_errors=True)
    places = [str(path) for path in sorted(folder.iterdir())]
    truth = ROOT / "datasets" / "example" / "truth.csv"
    words = [sys.executable, "-m", "autograder.cli", "grade", *places, "--out", str(out)]
    words += ["--seed", SEED, "--jobs", "2", "--lang", "ru", "--truth", str(truth)]
    words += ["--course", str(ROOT)]
    raise SystemExit(subprocess.run(words, cwd=ROOT).returncode)


def stripped(value: Any) -> Any:
    """A report without what differs from run to run."""
    if isinstance(value, dict):
        return {key: stripped(own) for key, own in value.items() if key not in PASSING}
    return [stripped(own) for own in value] if isinstance(value, list) else value


def differences(one: Any, other: Any, where: str) -> Iterator[str]:
    """Every place where two reports differ."""
    if isinstance(one, dict) and isinstance(other, dict):
        for key in {**one, **other}:
            yield from differences(one.get(key), other.get(key), f"{where}.{key}")
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for number, pair in enumerate(zip(one, other, strict=True)):
            yield from differences(*pair, f"{where}[{number}]")
    elif one != other:
        yield f"{where}: {one!r} -> {other!r}"


def compare(one: Path, other: Path) -> None:
    """Exit 1 if a report is not the same."""
    names = sorted({path.name for folder in (one, other) for path in folder.glob("*_*.json")})
    found = []
    for name in names:
        if not (one / name).is_file() or not (other / name).is_file():
            found.append(f"{name}: only in one of the folders")
            continue
        old, new = (
            stripped(json.loads((folder / name).read_text(encoding="utf-8")))
            for folder in (one, other)
        )
        found += list(differences(old, new, name.removesuffix(".json")))
    print("\n".join(found) or f"{len(names)} reports are the same")
    raise SystemExit(1 if found or not names else 0)


if __name__ == "__main__":
    commands: dict[str, Callable[..., None]] = {"make": make, "grade": grade, "compare": compare}
    commands[sys.argv[1]](*map(Path, sys.argv[2:]))
