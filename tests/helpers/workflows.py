"""Runs GitHub workflows on this machine: every ``run:`` step by bash, the few actions by copying.

Expressions are evaluated as far as our workflows use them; an unknown one is an error, so that
no step is left out silently.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / ".github" / "workflows"
EXPRESSION = re.compile(r"\$\{\{(.*?)\}\}", re.DOTALL)
TOKEN = re.compile(
    r"\s*(?P<text>'(?:[^']|'')*')|\s*(?P<path>[A-Za-z_][\w-]*(?:\.[\w-]+)*)|\s*(?P<sign>\|\||&&|==|!=|[!(),])"
)
PYTHON = """case "$*" in
  "-m pip "*) echo "$@" >> {folder}/pip.txt;;
  "-m venv "*) mkdir -p "$3/bin"; ln -s {tools}/python "$3/bin/python";;
  *) exec {python} "$@";;
esac"""
SIGNS = {"||": " or ", "&&": " and ", "!": " not ", "==": "==", "!=": "!=", "true": "True"}


@dataclass
class Site:
    """What GitHub would know: secrets, variables, and the artifacts of the run.

    machine: changes the environment of a job's steps. ran: the steps that were executed, and what
    they printed.
    """

    folder: Path
    secrets: dict[str, str] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)
    event: str = "workflow_dispatch"
    machine: Callable[[dict[str, str]], None] = lambda environment: None
    ran: list[tuple[str, str, str]] = field(default_factory=list)
    seen: dict[str, set[str]] = field(default_factory=dict)
    _numbers: Iterator[int] = field(default_factory=count)

    def start(self, workflow: str, **inputs: Any) -> dict[str, str]:
        """Run a workflow from its event on, without artifacts of an earlier run."""
        shutil.rmtree(self.folder / "artifacts", ignore_errors=True)
        self.ran.clear()
        return self.run(workflow, **inputs)

    def run(self, workflow: str, **inputs: Any) -> dict[str, str]:
        """Run the jobs of a workflow in the order of their needs; their results."""
        jobs = self._jobs(workflow)
        results: dict[str, str] = {}
        while len(results) < len(jobs):
            name, job = next(
                (name, job)
                for name, job in jobs.items()
                if name not in results and set(_list(job.get("needs"))) <= results.keys()
            )
            contexts = self._contexts(inputs, results)
            due = str(job.get("if", ""))
            needed = [results[other] for other in _list(job.get("needs"))]
            ready = "always()" in due or set(needed) <= {"success"}
            if not ready or (due and not evaluate(due, contexts)):
                results[name] = "skipped"
            elif "uses" in job:
                given = {key: expand(value, contexts) for key, value in job["with"].items()}
                results[name] = self._called(name, job, given)
            else:
                self._job(f"{workflow}/{name}", job, contexts)
                results[name] = "success"
        return results

    def _jobs(self, workflow: str) -> dict[str, Any]:
        found: dict[str, Any] = yaml.safe_load((FOLDER / workflow).read_text(encoding="utf-8"))
        return dict(found["jobs"])

    def _called(self, name: str, job: Mapping[str, Any], given: dict[str, Any]) -> str:
        """A reusable workflow: it gets no secret unless the caller passes it."""
        assert "secrets" not in job and job["permissions"] == {}
        text = yaml.safe_load((FOLDER / Path(job["uses"]).name).read_text(encoding="utf-8"))
        inputs = {k: v.get("default", "") for k, v in text[True]["workflow_call"]["inputs"].items()}
        shared = (self.event, self.machine, self.ran, self.seen, self._numbers)
        inner = Site(self.folder, {}, {}, *shared)
        typed = {k: v == "true" if isinstance(inputs[k], bool) else v for k, v in given.items()}
        results = inner.run(Path(job["uses"]).name, **(inputs | typed))
        return "success" if set(results.values()) == {"success"} else "failure"

    def _contexts(self, inputs: dict[str, Any], results: dict[str, str]) -> dict[str, Any]:
        github = {"event_name": self.event, "run_id": "1", "run_attempt": "1"}
        return {
            "github": github | {"repository_owner": "school"},
            "inputs": inputs,
            "secrets": self.secrets,
            "vars": self.variables,
            "needs": {name: {"result": result} for name, result in results.items()},
        }

    def _job(self, name: str, job: Mapping[str, Any], contexts: dict[str, Any]) -> None:
        place = self.folder / "jobs" / f"{name.replace('/', '-')}-{next(self._numbers)}"
        work, files = place / "work", place / "files"
        for folder in (work, files, place / "temp"):
            folder.mkdir(parents=True)
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(place),
            "LANG": "en_US.UTF-8",
            "RUNNER_TEMP": str(place / "temp"),
            **{key: str(files / key) for key in ("GITHUB_ENV", "GITHUB_PATH")},
            "GITHUB_STEP_SUMMARY": str(files / "GITHUB_STEP_SUMMARY"),
        }
        environment |= {k: expand(v, contexts) for k, v in job.get("env", {}).items()}
        self.machine(environment)
        for number, step in enumerate(job["steps"]):
            if "if" in step and not evaluate(str(step["if"]), contexts):
                continue
            title = f"{name}: {step.get('name', step.get('uses', number))}"
            if "uses" in step:
                given = {k: expand(v, contexts) for k, v in step.get("with", {}).items()}
                self._action(str(step["uses"]).partition("@")[0], given, work)
                continue
            own = environment | {k: expand(v, contexts) for k, v in step.get("env", {}).items()}
            _files(files, own)
            self.seen.setdefault(name, set()).update(own.values())
            words = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]]
            done = subprocess.run(words, cwd=work, env=own, capture_output=True, text=True)
            self.ran.append((title, done.stdout, done.stderr))
            assert done.returncode == 0, f"{title}\n{done.stdout}\n{done.stderr}"

    def _action(self, name: str, given: dict[str, Any], work: Path) -> None:
        artifacts = self.folder / "artifacts"
        if name == "actions/checkout":
            assert given["persist-credentials"] == "false"
            shutil.copytree(self.folder / "staff", work, dirs_exist_ok=True, symlinks=True)
        elif name == "actions/upload-artifact":
            for text in str(given["path"]).split():
                source, target = work / text, artifacts / given["name"]
                if source.is_dir():
                    shutil.copytree(source, target)
                elif source.is_file():
                    target.mkdir(parents=True, exist_ok=True)
                    shutil.copy(source, target / source.name)
                else:
                    assert given.get("if-no-files-found") == "ignore", text
        elif name == "actions/download-artifact":
            wanted = given.get("name")
            for source in sorted(artifacts.glob(wanted or given["pattern"])):
                target = work / given["path"] / ("" if wanted else source.name)
                shutil.copytree(source, target, dirs_exist_ok=True)
        elif name == "actions/cache":
            kept = self.folder / "cache"
            kept.mkdir(exist_ok=True)
            (work / given["path"]).parent.mkdir(parents=True, exist_ok=True)
            (work / given["path"]).symlink_to(kept)
        else:
            assert name == "actions/setup-python", name


def _files(files: Path, environment: dict[str, str]) -> None:
    """What earlier steps added to the environment and to the path."""
    for line in _lines(files / "GITHUB_ENV"):
        key, _, value = line.partition("=")
        environment[key] = value
    environment["PATH"] = ":".join([*_lines(files / "GITHUB_PATH"), environment["PATH"]])


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines() if path.is_file() else []


def _list(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value or ())


def expand(text: object, contexts: Mapping[str, Any]) -> str:
    """A text with its expressions evaluated."""
    return EXPRESSION.sub(lambda match: _text(evaluate(match[1], contexts)), _text(text))


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def evaluate(expression: str, contexts: Mapping[str, Any]) -> Any:
    """The value of an expression: contexts, texts, !, &&, ||, ==, != and three functions."""
    python, rest = "", expression.strip()
    while rest:
        match = TOKEN.match(rest)
        assert match, f"an expression that the tests do not know: {expression}"
        if text := match["text"]:
            python += repr(text[1:-1].replace("''", "'"))
        elif sign := match["sign"]:
            python += SIGNS.get(sign, sign)
        elif (path := match["path"]) in ("startsWith", "fromJSON", "always"):
            python += path
        else:
            value: Any = contexts
            for part in path.split("."):
                value = value.get(part) if isinstance(value, Mapping) else None
            python += repr(value if value is not None else "")
        rest = rest[match.end() :].strip()
    functions = {"startsWith": str.startswith, "fromJSON": json.loads, "always": lambda: True}
    return eval(python, functions)  # of our own workflows


def borrowed(environment: dict[str, str], folder: Path) -> None:
    """A machine with this Python's packages, where sudo only tells what it was asked for."""
    tools = folder / "tools"
    if not tools.is_dir():
        tools.mkdir()
        _script(tools / "sudo", f'echo "$@" >> {folder}/sudo.txt')
        _script(tools / "python", PYTHON.format(folder=folder, tools=tools, python=sys.executable))
        _script(tools / "nproc", "echo 1")
        own = Path(sys.executable).parent
        (tools / "nbgrader").symlink_to(own / "nbgrader")
        # A job for a GPU computes on the CPU here; all else in it is as it is.
        _script(tools / "autograder", f'exec {own}/autograder "${{@/#cuda/cpu}}"')
    environment["PATH"] = f"{tools}:{environment['PATH']}"


def _script(path: Path, text: str) -> None:
    path.write_text(f"#!/bin/bash\n{text}\n", encoding="utf-8")
    path.chmod(0o755)
