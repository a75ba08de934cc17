"""The warm parent: imports torch once, then forks a freshly isolated job for each submission.

Started by bubblewrap as ``python -I -m autograder.sandbox.zygote DESCRIPTOR PACKAGE…``. It reads
requests (JSON datagrams on the descriptor) one at a time and answers each:

- ``{"job": name, "allowed": […], "limits": {…}, "alone": …}`` with three pipes attached, the
  job's standard input, output and error: ``{"started": true}``. alone: this parent is for one job
  only, which need not be isolated from others.
- ``{"end": name, "grace": seconds}``: ``{"ended": how}``, when every process of the job is dead.

It has seen no submission: a job inherits nothing of another. A job is two processes: the first
of its PID namespace, which watches (memory, CPU time, number of processes) and cannot be reached
by student code, and the worker.
"""

import contextlib
import gc
import json
import os
import resource
import signal
import socket
import sys
import time
from importlib import import_module
from typing import Any

from autograder.observe import profiles, worker
from autograder.sandbox import isolate

POLL = 0.02  # seconds between two looks at a job
PAGE = resource.getpagesize()
TICKS = os.sysconf("SC_CLK_TCK")


class Zygote:
    """Forks jobs and ends them; alone in its process, without threads."""

    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._jobs: dict[str, tuple[int, int]] = {}  # process, report of its end
        self._home = os.open("/proc/self/ns/pid", os.O_RDONLY)

    def serve(self) -> None:
        """Answer requests until the other side is gone."""
        while True:
            text, pipes, _, _ = socket.recv_fds(self._control, 1 << 16, 3)
            if not text:
                return
            request = json.loads(text)
            if "end" in request:
                answer: dict[str, Any] = {"ended": self._end(request["end"], request["grace"])}
            else:
                answer = {"started": self._start(request, pipes)}
            self._control.send(json.dumps(answer).encode())

    def _start(self, request: dict[str, Any], pipes: list[int]) -> bool:
        report, told = os.pipe()
        if not request["alone"]:
            # Only children get the new PID namespace; back to our own first, for the next job.
            isolate.setns(self._home, isolate.CLONE_NEWPID)
            isolate.unshare(isolate.CLONE_NEWPID)
        process = os.fork()
        if process == 0:
            try:
                self._control.close()
                run_job(request, pipes, told)
            finally:
                os._exit(1)
        for descriptor in (*pipes, told):
            os.close(descriptor)
        self._jobs[request["job"]] = process, report
        return True

    def _end(self, name: str, grace: float) -> str:
        if name not in self._jobs:
            return "over"
        process, report = self._jobs.pop(name)
        patience = time.monotonic() + grace
        ended = 0
        while not ended and time.monotonic() < patience:
            ended, _ = os.waitpid(process, os.WNOHANG)
            time.sleep(0.0 if ended else 0.002)
        if not ended:
            os.kill(process, signal.SIGKILL)
            os.waitpid(process, 0)  # the kernel lets it go when its whole namespace is dead
        with os.fdopen(report) as file:
            return file.read()


def run_job(request: dict[str, Any], pipes: list[int], told: int) -> None:
    """The first process of a job: isolate, start the worker, watch it, tell how it ended."""
    limits = request["limits"]
    os.setsid()  # a signal to the process group would reach our parent from any namespace
    # The only signal with a handler here, so the only one that student code could send.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        if request["alone"]:
            os.chdir(profiles.WORK)
        else:
            isolate.own_view(request["job"], limits)
        isolate.prctl(isolate.PR_SET_DUMPABLE, 0)  # its descriptors are nobody else's
        usage = Usage()
        worker_process = os.fork()
        if worker_process == 0:
            isolate.prctl(isolate.PR_SET_DUMPABLE, 1)
            signal.signal(signal.SIGINT, signal.default_int_handler)
            os.setsid()
            os.close(told)
            run_worker(request, pipes)
        for descriptor in pipes:
            os.close(descriptor)
        isolate.drop_privileges(frozenset())
    except BaseException as error:
        how = f"broke {type(error).__name__}: {error}"
    else:
        how = watch(worker_process, limits, usage)
    os.write(told, how.encode())
    os._exit(0)


def run_worker(request: dict[str, Any], pipes: list[int]) -> None:
    """The worker: it has its pipes and nothing else, and no way back."""
    code = 1
    try:
        for number, descriptor in enumerate(pipes):
            os.dup2(descriptor, number)
        os.closerange(3, 4096)
        limits = request["limits"]
        isolate.bound(limits)
        isolate.drop_privileges(frozenset(limits["calls"]))
        worker.serve(limits["data"], limits["cpu_seconds"], request["allowed"])
        code = 0
    except SystemExit as error:
        code = error.code if isinstance(error.code, int) else 1
    finally:
        os._exit(code)


def watch(worker_process: int, limits: dict[str, Any], usage: "Usage") -> str:
    """Wait for the worker; end it where the job as a whole uses too much. Returns how it ended."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})
    while True:
        process, status = os.waitpid(-1, os.WNOHANG)
        if process == worker_process:
            code = os.waitstatus_to_exitcode(status)
            return f"signal {-code}" if code < 0 else f"exit {code}"
        if process:
            continue  # an orphan
        used = usage.measure()
        over = [name for name, value in used.items() if limits[name] and value > limits[name]]
        if over:
            return f"limit {over[0]}"
        signal.sigtimedwait({signal.SIGCHLD}, POLL)


class Usage:
    """What the processes of this PID namespace use, without those that are there now.

    CPU time of a process that ended between two looks is not known: it counts as one POLL.
    """

    def __init__(self) -> None:
        self._ours = {name for name in os.listdir("/proc") if name.isdigit()}
        self._ticks: dict[tuple[str, bytes], int] = {}  # by process and when it started
        self._numbers = os.open("/proc/loadavg", os.O_RDONLY)
        self._first = self._last_number()

    def _last_number(self) -> int:
        """The number that the newest process or thread got."""
        return int(os.pread(self._numbers, 100, 0).split()[-1])

    def measure(self) -> dict[str, float]:
        """The number of processes and threads, bytes of memory, seconds of CPU time ever used."""
        count, memory = 0, 0
        for name in os.listdir("/proc"):
            if not name.isdigit() or name in self._ours:
                continue
            try:
                with open(f"/proc/{name}/stat", "rb") as file:
                    fields = file.read().rpartition(b") ")[2].split()
                memory += resident(name, fields[0])
            except (OSError, IndexError, ValueError):  # it ended just now
                continue
            threads = int(fields[17])
            count += threads
            self._ticks[name, fields[19]] = int(fields[11]) + int(fields[12])
        seconds = sum(self._ticks.values()) / TICKS
        seen = len(self._ticks) + count
        seconds += max(0, self._last_number() - self._first - seen) * POLL
        return {"processes": count, "memory": memory * PAGE, "total_seconds": seconds}


def resident(process: str, state: bytes) -> int:
    """Pages of memory of a process; where its first thread ended, other threads know."""
    if state != b"Z":
        with open(f"/proc/{process}/statm", "rb") as file:
            return int(file.read().split()[1])
    found = 0
    for thread in os.listdir(f"/proc/{process}/task"):
        with contextlib.suppress(OSError), open(f"/proc/{process}/task/{thread}/statm") as file:
            found = max(found, int(file.read().split()[1]))
    return found


def main() -> None:
    """Import what every job needs, say that we are ready, serve."""
    control = socket.socket(fileno=int(sys.argv[1]))
    for name in sys.argv[2:]:
        with contextlib.suppress(ImportError):
            import_module(name)
    worker.warm_up()
    gc.collect()
    gc.freeze()  # the collector of a job need not look at all of torch
    control.send(json.dumps({"ready": time.process_time()}).encode())
    Zygote(control).serve()


if __name__ == "__main__":
    main()
