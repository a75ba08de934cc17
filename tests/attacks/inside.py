"""Attacks inside the worker: liars, ready-made work, replay, rendering, state between jobs."""

from tests.attacks.catalogue import Attack

BAD = "\\x1b[31m\\x1b]0;x\\x07<script>alert(1)</script>=cmd|' /C calc'!A0\\u202e"

LIARS = [
    Attack("tensor_subclass", "liars", "a tensor that equals everything", r"""
class Liar(torch.Tensor):
    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        if func.__name__ in ("equal", "allclose", "eq", "__eq__"): return True
        return super().__torch_function__(func, types, args, kwargs or {})
class FourConvNet(nn.Module):
    def __init__(self, connection="none"):
        super().__init__()
        self.layer = nn.Conv2d(3, 6, 3, padding=1)
    def forward(self, x): return self.layer(x).as_subclass(Liar)
"""),
    Attack("equal_to_all", "liars", "numbers, texts and dicts that equal everything", r"""
class Number(float):
    __eq__ = __ge__ = __le__ = lambda self, other: True
    __sub__ = __rsub__ = lambda self, other: 0.0
    __hash__ = float.__hash__
class Names(dict):
    __eq__ = lambda self, other: True
    __contains__ = lambda self, key: True
    def __missing__(self, key): return Number(1)
first_weight_gradient = first_weight_gradient_with_skip = lambda *args: Number(1)
gradient_norms = lambda model, x: Names(x=Number(1))
"""),
    Attack("false_class", "liars", "an object that says it is an nn.Module", r"""
class FourConvNet:
    __class__ = nn.Module
    def __init__(self, connection="none"): pass
    def __call__(self, x): return torch.zeros(len(x), 6, *x.shape[2:])
    def __getattr__(self, name): return lambda *args, **kwargs: self
"""),
    Attack("patched_torch", "liars", "patches equal, allclose, Module and Tensor", r"""
torch.equal = torch.allclose = torch.Tensor.equal = lambda *args, **kwargs: True
torch.Tensor.norm = lambda self, *args, **kwargs: torch.ones(())
nn.Module.named_parameters = lambda self, *args, **kwargs: iter([])
"""),
    Attack("frames", "liars", "looks for right answers in frames and in the heap", r"""
import gc
frame = sys._getframe()
while frame is not None:
    for name, value in list(frame.f_locals.items()):
        if "expected" in name or "reference" in name or "solution" in name: breach(name)
    frame = frame.f_back
kinds = {type(found).__name__ for found in gc.get_objects()}
if kinds & {"TaskRun", "Answers", "Solutions", "Reference", "Mutant"}: breach(kinds)
"""),
    Attack("identity", "liars", "returns the uninitialised memory of earlier answers", r"""
class FourConvNet(nn.Module):
    def __init__(self, connection="none"):
        super().__init__()
        self.layer = nn.Conv2d(3, 6, 3, padding=1)
    def forward(self, x): return torch.empty(len(x), 6, *x.shape[2:], dtype=x.dtype)
"""),
]  # fmt: skip

PROVENANCE = [
    Attack("without_placeholders", "provenance", "removes the finder, then imports networks", r"""
sys.meta_path[:] = [one for one in sys.meta_path if type(one).__name__ != "Finder"]
for name in [name for name, one in sys.modules.items() if type(one).__name__ == "Placeholder"]:
    del sys.modules[name]
import importlib
importlib.invalidate_caches()
def used(name): return importlib.import_module(name).__file__
for name in ("torchvision", "timm", "transformers", "pytest", "sklearn", "simpsons",
             "autograder.checks", "autograder.checks.task_run", "autograder.golden",
             "autograder.authoring.recordings", "autograder.grading.grade", "solutions",
             "autograder.classroom"):
    must_fail(name, lambda: used(name))
"""),
    Attack("found_by_path", "provenance", "loads whatever files a search finds", r"""
for folder in {*sys.path, os.path.dirname(os.path.dirname(torch.__file__))}:
    for name in ("torchvision", "autograder/checks", "autograder/golden", "simpsons", "_pytest"):
        if os.path.exists(f"{folder}/{name}"): breach(f"{folder}/{name}")
"""),
    Attack("downloaded", "provenance", "weights from a hub", r"""
must_fail("hub", lambda: torch.hub.load("pytorch/vision", "resnet18", trust_repo=True))
import urllib.request
must_fail("url", lambda: urllib.request.urlopen("http://1.1.1.1", timeout=1))
"""),
]  # fmt: skip

REPLAY = [
    Attack("lesson_numbers", "replay", "knows the lesson's numbers only", r"""
first_weight_gradient = lambda *args: 1e-4
first_weight_gradient_with_skip = lambda *args: 0.0101
gradient_norms = lambda model, x: {name: 0.0 for name, p in model.named_parameters()}
"""),
    Attack("golden_inputs", "replay", "the solution for the seed of check only", r"""
import gc, dataclasses
worker = next(found for found in gc.get_objects() if type(found).__name__ == "Worker")
honest = worker.answer
def forged(request):
    if getattr(request, "seed", "0123456789abcde") != "0123456789abcde": return P.Done()
    return honest(request)
worker.answer = forged
""", 7, "solutions"),
    Attack("cache", "replay", "answers a second time what it answered first", r"""
right = FourConvNet.forward
def forward(self, x, kept={}):
    return kept.setdefault(tuple(x.shape), right(self, x))
FourConvNet.forward = forward
""", 9, "solutions"),
    Attack("first_call_right", "replay", "counts calls and is right in the first one only", r"""
right = first_weight_gradient
def first_weight_gradient(*args, calls=[]):
    calls.append(1)
    return right(*args) if len(calls) == 1 else 0.0
""", 8, "solutions"),
]  # fmt: skip


def rendering(id: str, why: str, text: str) -> Attack:
    return Attack(id, "rendering", why, text.replace("BAD", BAD))


RENDERING = [
    rendering("bad_exception", "escapes, HTML and formulas in an exception",
              'raise RuntimeError("BAD")'),
    rendering("workflow_command", "a command for GitHub at the start of a line", r"""
first_weight_gradient = None
def first_weight_gradient(*args):
    raise NotImplementedError("\u200b\x1b ::error file=a,line=1::forged ##[add-mask]forged")
def first_weight_gradient_with_skip(*args):
    raise NotImplementedError("##[error]forged")
raise_later = 1
"""),
    rendering("bad_print", "escapes and commands in what it prints", r"""
for stream in (sys.stdout, sys.stderr):
    print("::error::forged\n##[error]forged\nBAD\r::set-output name=x::y", file=stream, flush=True)
"""),
    rendering("bad_class", "escapes and HTML in the names of classes and weights", r"""
class FourConvNet(nn.Module):
    def __init__(self, connection="none"):
        super().__init__()
        part = type("::error::BAD", (nn.Conv2d,), {"__module__": "::error::BAD"})
        self.add_module("::error::BAD", part(3, 6, 3, padding=1))
        self.register_parameter("::warning::BAD", nn.Parameter(torch.ones(1)))
    def forward(self, x): return next(self.children())(x)
FourConvNet.__qualname__ = FourConvNet.__name__ = "::error::BAD"
"""),
    rendering("bad_types", "escapes and HTML in the names of what is returned", r"""
kind = type("::error::BAD", (), {})
first_weight_gradient = first_weight_gradient_with_skip = lambda *args: kind()
gradient_norms = lambda *args: {"::error::BAD": 1.0, "\ud800": kind()}
"""),
    rendering("bad_line", "a file name with a command, and a line that is not there", r"""
folder = os.path.dirname(__file__)
exec(compile("\n" * 999 + "def first_weight_gradient(*a): raise ValueError(a)",
             f"{folder}/::error::BAD.py", "exec"))
"""),
]  # fmt: skip

# What an earlier job may have left, in every place that a later one can see.
SPY = r"""
for folder in (WORK, "/dev/shm", "/tmp", "/", "/dev", "/autograder"):
    if os.path.exists(f"{folder}/left"): breach(f"{folder}/left")
if "LEFT" in os.environ or "left" in sys.modules or hasattr(torch, "left"): breach("state")
if torch.relu(torch.tensor(-1.0)) != 0 or sum([1]) != 1: breach("patched")
must_fail("abstract socket", lambda: socket.socket(socket.AF_UNIX).connect("\0left"))
for kind in ("msgget", "shmget", "semget"):
    if getattr(libc, kind)(77, 0, 0) >= 0: breach(kind)
if os.uname().nodename == "left": breach("host name")
"""

LEAVE = r"""
for folder in (WORK, "/dev/shm", "/tmp", "/", "/dev", "/autograder", "/autograder/submission"):
    try: open(f"{folder}/left", "w").write("left")
    except OSError: pass
os.environ["LEFT"] = sys.modules["left"] = "left"
torch.left = True
torch.relu = torch.nn.functional.relu = lambda x: x
import builtins
builtins.left = builtins.sum = lambda *args: 0
listening = socket.socket(socket.AF_UNIX)
listening.bind("\0left")
listening.listen()
libc.shmget(77, 4096, 0o1666), libc.msgget(77, 0o1666), libc.semget(77, 1, 0o1666)
try: socket.sethostname("left")
except OSError: pass
"""

STATE = [
    Attack("leaves_state", "state", "patches, files, sockets and variables for the next", LEAVE,
           after=SPY),
    Attack("waits_for_next", "state", "a child that waits for the next submission", r"""
if os.fork() == 0:
    os.setsid()
    while True:
        for place in ("/autograder/exchange", "/autograder/submission"):
            for folder, _, names in os.walk(place):
                for name in names:
                    try: open(f"{folder}/{name}", "a").write("raise SystemExit")
                    except OSError: pass
        time.sleep(0.01)
""", after=SPY),
]  # fmt: skip

ATTACKS = [*LIARS, *PROVENANCE, *REPLAY, *RENDERING, *STATE]
