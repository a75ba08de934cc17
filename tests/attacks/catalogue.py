"""Attack submissions: what each tries, and the points that honest work of its text would earn.

A text is added to the stub of a task, or to its solution. Where something forbidden works, the
text itself says so: it raises BREACH, which no report may contain.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

Prepare = Callable[[Path], None]

PRELUDE = r"""
import ctypes, os, resource, signal, socket, sys, threading, time
libc = ctypes.CDLL(None, use_errno=True)
P = sys.modules["autograder.observe.protocol"]
F = sys.modules["autograder.observe.frames"]
WORK = "/autograder/work"
def breach(what):
    raise RuntimeError(f"BREACH: {what}"[:200])
def must_fail(what, action):
    try:
        found = action()
    except BaseException:
        return
    breach(f"{what}: {found!r}")
def descriptors():
    return [int(name) for name in os.listdir("/proc/self/fd") if int(name) > 2]
def spin(seconds):
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass
"""

# The student's file finds the worker in its own process and answers in its place.
TAKE_OVER = """
import dataclasses, gc, sys
import numpy as np
worker = next(o for o in gc.get_objects() if type(o).__name__ == "Worker")
honest = worker.answer
P = sys.modules["autograder.observe.protocol"]
F = sys.modules["autograder.observe.frames"]
replace = dataclasses.replace
def forge(request, answer):
    kind = type(answer).__name__
    {forge}
    return answer
def forged(request):
    answer = honest(request)
    if isinstance(answer, P.Tried):
        also = {name: [forge(request, one) for one in getattr(answer, name)]
                for name in ("outcomes", "casts")}
        if answer.reloaded: also["reloaded"] = forge(request, answer.reloaded)
        answer = replace(answer, description=forge(request, answer.description), **also)
    return forge(request, answer)
worker.answer = forged
"""


@dataclass(frozen=True)
class Attack:
    """One submission.

    text follows the stub, or the solution if base says so. honest: points that it may earn at
    most. after: the text of another submission, graded next, which must find no trace of it.
    prepare: what else to put into the task's folder. waits: only wall time can end it.
    """

    id: str
    kind: str
    why: str
    text: str = ""
    honest: float = 0.0
    base: str = "assignments"
    task: str = "gradients"
    after: str = ""
    prepare: Prepare | None = None
    waits: bool = False


def forgery(id: str, why: str, forge: str, honest: float = 0.0) -> Attack:
    """An attack that answers in the worker's place; beside the solution if honest is not 0."""
    base = "solutions" if honest else "assignments"
    return Attack(id, "channel", why, TAKE_OVER.replace("{forge}", forge), honest, base)


CHANNEL = [
    Attack("noise", "channel", "noise on every descriptor", r"""
for number in descriptors():
    try: os.write(number, b"\0noise" * 99)
    except OSError: pass
"""),
    Attack("early_answers", "channel", "valid answers before anything was asked", r"""
frames = F.encode(P.Done()) + F.encode(P.Returned(1e-4, "float")) * 5
for number in descriptors():
    try: os.write(number, frames)
    except OSError: pass
"""),
    Attack("late_answers", "channel", "a thread that keeps writing answers", r"""
def write():
    while True:
        for number in descriptors():
            try: os.write(number, F.encode(P.Done()))
            except OSError: pass
threading.Thread(target=write, daemon=True).start()
"""),
    Attack("truncated", "channel", "half a frame, then the end of the pipe", r"""
frame = F.encode(P.Returned("x" * 100, "str"))
for number in descriptors():
    try: os.write(number, frame[:50])
    except OSError: pass
os.closerange(0, 256)
"""),
    Attack("oversized", "channel", "a header that says four gigabytes", r"""
for number in descriptors():
    try: os.write(number, F.MAGIC + b"\xff" * 4 + b"x" * 1000)
    except OSError: pass
"""),
    Attack("deep_json", "channel", "JSON nested a million times", r"""
import struct
text = b'{"type":"Done","tensors":[],"fields":' + b"[" * 2_000_000
for number in descriptors():
    try: os.write(number, F.MAGIC + struct.pack(">I", len(text)) + text)
    except OSError: pass
"""),
    Attack("never_ending", "channel", "an answer byte by byte, without end", r"""
import struct
for number in descriptors():
    try: os.write(number, F.MAGIC + struct.pack(">I", 1 << 20))
    except OSError: pass
while True:
    for number in descriptors():
        try: os.write(number, b" ")
        except OSError: pass
    time.sleep(0.05)
""", waits=True),
    Attack("thief", "channel", "reads the questions before the worker does", r"""
def read():
    while True:
        for number in descriptors():
            try: os.read(number, 1 << 16)
            except OSError: pass
threading.Thread(target=read, daemon=True).start()
""", waits=True),
    forgery("forged_wall", "says that wall time ran out, to be asked again",
            'return P.Fault("timeout", "wall")'),
    forgery("forged_protocol", "says that the grader is at fault",
            'return P.Fault("protocol", "the grader broke")'),
    forgery("special_numbers", "NaN, negative and 1e308 as results",
            'if kind == "Returned": return replace(answer, value='
            '[float("nan"), -1e308, {"x": float("inf")}])', 3),
    forgery("endless_shape", "a weight with so many dimensions that their product takes hours",
            'if kind == "Description": return replace(answer, weights=['
            "replace(answer.weights[0], shape=[2**53 - 1] * 200_000)])", 7),
    forgery("many_weights", "thousands of weights",
            'if kind == "Description": return replace(answer, weights=['
            "replace(answer.weights[0], name=str(i)) for i in range(3_000)])", 9),
    forgery("large_answers", "many megabytes in every answer",
            'if kind == "Outcome": return replace(answer, shape=[3 << 22], '
            "output=np.ones(3 << 22))", 7),
]  # fmt: skip

EXITS = [
    Attack("exit_0", "exits", "ends the process as if all was well", "os._exit(0)"),
    Attack("sys_exit", "exits", "sys.exit while it is imported", "sys.exit(0)"),
    Attack("system_exit", "exits", "SystemExit in every function", r"""
def first_weight_gradient(*args): raise SystemExit(0)
def first_weight_gradient_with_skip(*args): raise KeyboardInterrupt
def gradient_norms(*args): raise GeneratorExit
"""),
    Attack("atexit", "exits", "atexit and a good exit code", r"""
import atexit
atexit.register(os._exit, 0)
sys.exit(0)
"""),
    Attack("segfault", "exits", "reads address zero", "ctypes.string_at(0)"),
    Attack("suicide", "exits", "SIGKILL for itself", "os.kill(os.getpid(), signal.SIGKILL)"),
    Attack("exit_later", "exits", "right until the third function", r"""
def gradient_norms(*args): os._exit(0)
""", 7, "solutions"),
    Attack("raises_a_liar", "exits", "an exception that cannot be printed", r"""
class Liar(Exception):
    def __str__(self): os._exit(0)
raise Liar
"""),
    Attack("kill_all", "exits", "signals to the parent, the group and everybody", r"""
for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGKILL):
    for target in (1, os.getppid()):
        try: os.kill(target, number)
        except OSError: pass
time.sleep(0.2)
try: os.kill(-1, signal.SIGKILL)
except OSError: pass
os.killpg(0, signal.SIGKILL)
"""),
]  # fmt: skip


def all_attacks() -> list[Attack]:
    """The whole catalogue."""
    from tests.attacks import inside, outside, submitted

    return [*CHANNEL, *EXITS, *inside.ATTACKS, *outside.ATTACKS, *submitted.ATTACKS]
