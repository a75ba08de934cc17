"""The worker: the only code that imports a submission. It answers questions with data.

Started as ``python -I -m autograder.observe.worker``, or forked from a warm parent, it takes
the pipe on its standard input and output, hands the student's code a standard output that
leads to the log instead, limits its memory, and serves requests until the pipe ends. It judges
nothing.
"""

import gc
import os
import sys
from collections.abc import Sequence

import numpy as np
import torch

from autograder.observe import frames, placeholders, protocol
from autograder.observe.answering import Worker
from autograder.observe.own_state import OwnState
from autograder.observe.sample_networks import Probe

LOAD_SHARE = 2 / 3  # of the CPU time of a request, for what a file does while it loads


def limit(memory: int, cpu_seconds: float) -> None:
    """Bound this process where the system can: data segment now, CPU time from now on."""
    try:
        import resource
    except ImportError:  # Windows: the client's wall-clock limit has to do
        return
    used = resource.getrusage(resource.RUSAGE_SELF)
    seconds = int(used.ru_utime + used.ru_stime + cpu_seconds) + 1
    wanted = {resource.RLIMIT_CPU: seconds, resource.RLIMIT_CORE: 0}
    if sys.platform == "linux" and memory:
        wanted[resource.RLIMIT_DATA] = memory
    for kind, value in wanted.items():
        hard = resource.getrlimit(kind)[1]  # the machine's own limit may be lower
        soft = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(kind, (soft, hard))


def serve(memory: int, cpu_seconds: float, allowed: Sequence[str]) -> None:
    """Serve requests on standard input and output until they end."""
    incoming, outgoing = os.dup(0), os.dup(1)
    os.set_inheritable(incoming, False)
    os.set_inheritable(outgoing, False)
    state = OwnState()  # what the student prints goes to the log, not into the protocol
    gc.freeze()  # the collector need not look at all of torch again and again
    folders: set[str] = set()
    placeholders.install(folders, {"torch", "numpy", *allowed})
    worker = Worker(folders, load_seconds=LOAD_SHARE * cpu_seconds)

    def read(count: int) -> bytes:
        data = bytearray()
        while len(data) < count:
            chunk = os.read(incoming, min(count - len(data), 1 << 20))
            if not chunk:
                raise EOFError
            data += chunk
        return bytes(data)

    while True:
        try:
            request = frames.decode(read, protocol.REQUESTS)
        except EOFError:
            return
        limit(memory, cpu_seconds)
        answer = worker.answer(request)
        state.restore()
        view = memoryview(frames.encode(answer))
        while view:
            view = view[os.write(outgoing, view) :]


def warm_up() -> None:
    """Do once what every worker would do first; what is forked from here inherits it."""
    torch.set_num_threads(1)
    worker = Worker(set())
    worker.adopt("warm", {"Probe": lambda: Probe("plain", "0")})
    x = np.ones((2, 3, 8, 8), np.float32)
    handle = 0
    for dtype in ("float32", "float64", "bfloat16"):
        for lean in (True, False):
            worker.answer(protocol.Build("warm", "Probe", {}, dtype, lean=lean))
            handle += 1
            worker.answer(protocol.Describe(handle, list(x.shape)))
        worker.answer(protocol.Load(handle, "0"))
        answer = worker.answer(protocol.Run(handle, x, "train", backward=True))
        assert isinstance(answer, protocol.Outcome), answer


if __name__ == "__main__":
    serve(int(sys.argv[1]), float(sys.argv[2]), sys.argv[3:])
