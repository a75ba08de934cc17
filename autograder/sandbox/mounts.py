"""Which files of this machine a sandbox shows: the interpreter and a few packages, read-only.

Everything is allow-listed: a package is there if a task may use it or if such a package requires
it. Of this package only the worker's side is there: no checks, no golden data.
"""

import functools
import re
import site
import sys
import sysconfig
from collections.abc import Iterable, Iterator
from importlib import metadata, resources
from pathlib import Path

ALWAYS = ("torch", "numpy")
DISTRIBUTION = "cnn-autograder"
OWN = ("__init__.py", "observe", "sandbox")  # of the package autograder
SYSTEM = ("/usr/lib", "/usr/lib32", "/usr/lib64", "/lib", "/lib32", "/lib64")
HUGE = "/sys/kernel/mm/transparent_hugepage"  # malloc asks whether there are large pages
# torch asks which instructions the processor has; the loader where libraries are.
FACTS = ("/etc/ld.so.cache", "/sys/devices/system/cpu", "/usr/share/zoneinfo", HUGE)
DEVICES = ("null", "full", "random", "urandom")  # not zero: mapped shared, nothing counts it
CUDA_DEVICES = ("nvidia*", "nvidia-caps/*", "dxg")
REQUIREMENT = re.compile(r"[A-Za-z0-9._-]+")


def arguments(allowed: Iterable[str], cuda: bool = False) -> list[str]:
    """Arguments for bubblewrap that mount what a job may read."""
    words: list[str] = []
    for place in (*SYSTEM, *FACTS):
        words += _same(Path(place))
    prefixes = {Path(sys.base_prefix).resolve(), Path(sys.base_prefix), Path(sys.prefix)}
    prefixes -= {Path("/usr")}
    for prefix in sorted(prefixes):
        words += ["--ro-bind", str(prefix), str(prefix)]
    for path in sorted({Path(sys.executable), Path(sys.executable).resolve()}):
        if not any(path.is_relative_to(prefix) for prefix in prefixes):
            words += _same(path)
    for folder in sorted(_package_folders()):
        if Path(folder).is_dir():
            words += ["--tmpfs", folder]
    for path in _entries((*ALWAYS, *allowed)):
        words += ["--ro-bind", str(path), str(path)]
    home = sysconfig.get_path("purelib")
    own = Path(str(resources.files("autograder")))
    for name in OWN:
        words += ["--ro-bind", str(own / name), f"{home}/autograder/{name}"]
    if "simpsons" in allowed:
        words += ["--ro-bind", str(resources.files("simpsons")), f"{home}/simpsons"]
    # Not --dev: its terminals would cost the warm parent the right to isolate jobs.
    words += ["--proc", "/proc", "--tmpfs", "/dev"]
    for pattern in (*DEVICES, *(CUDA_DEVICES if cuda else ())):
        for device in sorted(Path("/dev").glob(pattern)):
            if not device.is_dir():
                words += ["--dev-bind", str(device), str(device)]
    return [*words, "--symlink", "/proc/self/fd", "/dev/fd"]


def _same(path: Path) -> list[str]:
    """Mount a path where it is; a link stays one."""
    if path.is_symlink() and path.is_dir():
        return ["--symlink", str(path.readlink()), str(path)]
    return ["--ro-bind", str(path), str(path)] if path.exists() else []


def _package_folders() -> set[str]:
    """Every folder with installed packages, which an empty one hides."""
    found = {sysconfig.get_path(name) for name in ("purelib", "platlib")}
    found |= {*site.getsitepackages(), *site.getsitepackages([sys.base_prefix])}
    found |= {"/usr/lib/python3/dist-packages"}
    return found


@functools.cache
def _entries(packages: tuple[str, ...]) -> list[Path]:
    """The files and folders in site-packages that belong to packages or what they require."""
    by_package = metadata.packages_distributions()
    waiting = [name for package in packages for name in by_package.get(package, [])]
    if "simpsons" in packages:
        waiting.append(DISTRIBUTION)  # an editable install does not list its packages
    seen: set[str] = set()
    found: set[Path] = set()
    while waiting:
        name = _normal(waiting.pop())
        if name in seen:
            continue
        seen.add(name)
        try:
            distribution = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            continue
        waiting += _required(distribution)
        if name != DISTRIBUTION:
            found |= set(_tops(distribution))
    return sorted(found)


def _required(distribution: metadata.Distribution) -> Iterator[str]:
    for line in distribution.requires or []:
        match = REQUIREMENT.match(line)
        if match and "extra ==" not in line:
            yield match[0]


def _tops(distribution: metadata.Distribution) -> Iterator[Path]:
    record = distribution.read_text("RECORD") or ""
    for top in {re.split(r"[/,]", line, maxsplit=1)[0].strip('"') for line in record.splitlines()}:
        path = Path(str(distribution.locate_file(top)))
        if top not in ("", "..", "__pycache__") and path.exists():
            yield path


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
