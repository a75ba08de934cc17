"""Namespaces, mounts, capabilities and limits of one job, asked of Linux directly.

Runs inside the sandbox, standard library only. Python 3.11 has no os.unshare; the flags are
those of unshare(2), mount(2), prctl(2) and capset(2).
"""

import ctypes
import os
import resource
import struct
from collections.abc import Mapping
from typing import Any

from autograder.observe.profiles import EXCHANGE, SUBMISSION, WORK, WRITABLE
from autograder.sandbox import seccomp

CLONE_NEWNS, CLONE_NEWUTS, CLONE_NEWIPC = 0x20000, 0x4000000, 0x8000000
CLONE_NEWPID, CLONE_NEWNET = 0x20000000, 0x40000000
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC = 1, 2, 4, 8
MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = 32, 4096, 16384, 1 << 18
PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_NO_NEW_PRIVS = 1, 4, 38
PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL = 47, 4
CAPABILITY_VERSION_3 = 0x20080522

INODES = 20_000


def libc() -> ctypes.CDLL:
    """The C library, with errno kept."""
    return ctypes.CDLL(None, use_errno=True)


def _check(done: int, what: str) -> None:
    if done:
        raise OSError(ctypes.get_errno(), f"{what}: {os.strerror(ctypes.get_errno())}")


def unshare(flags: int) -> None:
    """Leave the namespaces of these kinds for new ones."""
    _check(libc().unshare(flags), "unshare")


def setns(descriptor: int, kind: int) -> None:
    """Go (back) to the namespace that a file of /proc/PID/ns stands for."""
    _check(libc().setns(descriptor, kind), "setns")


def prctl(option: int, *values: int) -> None:
    """Set a property of this process."""
    padded = [ctypes.c_ulong(value) for value in (*values, 0, 0, 0, 0)[:4]]
    _check(libc().prctl(option, *padded), f"prctl {option}")


def mount(source: str, target: str, kind: str, flags: int, options: str = "") -> None:
    """Mount a file system of a kind, or change how one is mounted."""
    words = (source.encode(), target.encode(), kind.encode(), ctypes.c_ulong(flags))
    _check(libc().mount(*words, options.encode()), f"mount {target}")


def own_view(folder: str, limits: Mapping[str, Any]) -> None:
    """Give this process, the first of a new PID namespace, a view that no other job shares.

    Its files are those in the exchange's folder of that name; it may write in memory only.
    """
    unshare(CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWNET)
    mount("none", "/", "", MS_REC | MS_PRIVATE)
    safe = MS_NOSUID | MS_NODEV
    mount(f"{EXCHANGE}/{folder}", SUBMISSION, "", MS_BIND)
    mount("none", SUBMISSION, "", MS_REMOUNT | MS_BIND | MS_RDONLY | safe)
    mount("none", EXCHANGE, "tmpfs", MS_RDONLY | safe, "size=4k")
    for place in WRITABLE:
        options = f"size={limits['disk']},nr_inodes={INODES},mode=0700"
        mount("none", place, "tmpfs", safe, options)
    mount("proc", "/proc", "proc", safe | MS_NOEXEC)
    with open("/proc/self/oom_score_adj", "w") as file:
        file.write("1000")  # where memory runs out, the kernel ends this first
    mount("none", "/proc", "", MS_REMOUNT | MS_BIND | MS_RDONLY | safe | MS_NOEXEC)
    os.chdir(WORK)


def bound(limits: Mapping[str, Any]) -> None:
    """Set the limits that a process carries; its children have them too."""
    wanted = {
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_NOFILE: limits["files"],
        resource.RLIMIT_FSIZE: limits["disk"],
        resource.RLIMIT_NPROC: limits["processes"],
        resource.RLIMIT_MSGQUEUE: 0,
    }
    if limits["data"]:
        wanted[resource.RLIMIT_DATA] = limits["data"]
        with open("/proc/self/statm") as file:
            mapped = int(file.read().split()[0]) * resource.getpagesize()
        # Pages that are only read cost no data, but the tables of them are memory, too.
        wanted[resource.RLIMIT_AS] = mapped + 2 * limits["data"]
    for kind, value in wanted.items():
        hard = resource.getrlimit(kind)[1]
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(kind, (value, value))


def drop_privileges(allow: frozenset[str] | None) -> None:
    """Give up every capability for good; filter system calls unless allow is None."""
    prctl(PR_SET_NO_NEW_PRIVS, 1)
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL)
    header, nothing = struct.pack("=Ii", CAPABILITY_VERSION_3, 0), bytes(24)
    _check(libc().capset(header, nothing), "capset")
    if allow is not None:
        seccomp.install(allow)
