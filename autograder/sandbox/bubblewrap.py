"""The command that starts Python under bubblewrap, and why that may not work here."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from autograder.errors import UsageError
from autograder.observe.profiles import (
    ENVIRONMENT,
    EXCHANGE,
    SUBMISSION,
    WORK,
    WRITABLE,
    Profile,
)
from autograder.sandbox import mounts

PROBE = 60.0  # seconds
CUDA_NAMES = ("CUDA_VISIBLE_DEVICES", "LD_LIBRARY_PATH")
INSTALL = "install it (Debian, Ubuntu: sudo apt-get install bubblewrap)"
ENABLE = (
    "this system does not let users make namespaces: sudo sysctl -w "
    "kernel.apparmor_restrict_unprivileged_userns=0 (Ubuntu) or "
    "kernel.unprivileged_userns_clone=1 (Debian), or run the container with "
    "--security-opt seccomp=unconfined"
)


def bubblewrap(profile: Profile, exchange: Path, alone: bool, arguments: list[str]) -> list[str]:
    """The command that starts Python with these arguments where it sees what a profile allows."""
    words = ["bwrap", "--unshare-all", "--uid", "1000", "--gid", "1000", "--hostname", "sandbox"]
    words += ["--die-with-parent", "--new-session", "--clearenv"]
    words += mounts.arguments(profile.allowed, cuda=profile.cuda)
    if alone:
        words += ["--ro-bind", str(exchange), SUBMISSION]
    else:
        # For the namespaces of each job; gone before student code runs.
        words += ["--cap-add", "CAP_SYS_ADMIN", "--ro-bind", str(exchange), EXCHANGE]
    for place in (SUBMISSION, *WRITABLE, "/tmp"):  # noqa: S108  # it stays empty
        words += ["--dir", place]
    for place in ("/", *(words[i + 1] for i, word in enumerate(words) if word == "--tmpfs")):
        words += ["--remount-ro", place]  # jobs would share what one of them wrote there
    # The parent's own; every other job mounts one over it.
    words += [word for p in WRITABLE for word in ("--size", str(profile.disk), "--tmpfs", p)]
    environment = ENVIRONMENT | {"PATH": "/usr/bin", "HOME": WORK, "TMPDIR": WORK}
    if profile.cuda:
        environment |= {name: os.environ[name] for name in CUDA_NAMES if name in os.environ}
    words += [word for name, value in environment.items() for word in ("--setenv", name, value)]
    return [*words, "--chdir", "/", sys.executable, "-I", *arguments]


def probe() -> None:
    """Try in a moment whether bubblewrap works here at all.

    Raises:
        UsageError: it does not; the text says what to install or enable.
    """
    if sys.platform != "linux" or shutil.which("bwrap") is None:
        raise UsageError(refusal("bwrap: not found"))
    with tempfile.TemporaryDirectory() as folder:
        command = bubblewrap(Profile(), Path(folder), True, ["-S", "-c", "pass"])
        done = subprocess.run(command, capture_output=True, text=True, timeout=PROBE)
    if done.returncode:
        raise UsageError(refusal(done.stderr.strip()))


def refusal(text: str) -> str:
    """Why nothing can be isolated here, and what to do."""
    if sys.platform != "linux":
        remedy = "bubblewrap runs on Linux only: grade there, or in a container"
    elif "not found" in text:
        remedy = f"bubblewrap is missing: {INSTALL}"
    elif "namespace" in text or "uid map" in text or "Operation not permitted" in text:
        remedy = ENABLE
    else:
        remedy = f"the sandbox did not start: {text or 'it said nothing'}"
    return (
        f"student code cannot be isolated here: {remedy}. "
        "Code that you trust can be graded with --sandbox none"
    )
