"""The sandbox: what a job sees, what it may use, that nothing of it is left, and who refuses."""

import importlib.util
import os
import re
import secrets
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from autograder.course.tasks import task_named
from autograder.errors import UsageError
from autograder.observe import frames, protocol
from autograder.observe.pipes import WALL
from autograder.observe.profiles import MIB, Profile, profile_for
from autograder.observe.protocol import Answer, Fault
from autograder.observe.session import LocalSession
from autograder.sandbox import bubblewrap, mounts, seccomp, warm
from autograder.sandbox.warm import WarmWorkers
from tests.conftest import HANG, ROOT, needs_sandbox

SMALL = Profile(  # so much wall time that it never ends anything
    cpu_seconds=2, total_seconds=3, wall_factor=100, memory=700 * MIB, disk=16 * MIB, printed=MIB
)
HOMEWORK = profile_for(Profile(), task_named("simpsons").allowed, "cpu")


@pytest.fixture(scope="module")
def workers() -> WarmWorkers:
    return needs_sandbox()


def run(workers: WarmWorkers, text: str, profile: Profile = SMALL) -> Answer:
    """Load a text as a student's file, then call its function answer(), if it has one."""
    session = workers.session(profile, {"net.py": text.encode()})
    try:
        loaded = session.ask(protocol.Open("net", session.path("net.py")))
        if isinstance(loaded, Fault) or "def answer" not in text:
            return loaded
        return session.ask(protocol.Call("net", "answer", []))
    finally:
        session.close()


def said(workers: WarmWorkers, expression: str, profile: Profile = SMALL) -> object:
    """The value of an expression in a job, as text."""
    text = f"import glob, os, sys\ndef answer():\n    return str(({expression}))\n"
    answer = run(workers, text, profile)
    assert isinstance(answer, protocol.Returned), answer
    return answer.value


def test_a_job_sees_its_own_files_and_no_others(workers: WarmWorkers) -> None:
    assert said(workers, "os.listdir('/autograder/submission')") == "['net.py']"
    assert said(workers, "os.listdir('/autograder/exchange')") == "[]"
    assert said(workers, "os.listdir('/autograder/work')") == "[]"
    assert said(workers, f"os.path.exists({str(ROOT / 'solutions')!r})") == "False"
    own = "[os.path.basename(f) for f in glob.glob(os.path.dirname(sys.modules['autograder'].__file__) + '/*')]"  # noqa: E501
    assert set(re.findall(r"'(\w+)'", str(said(workers, own)))) == {"observe", "sandbox"}
    assert said(workers, "os.getuid(), os.getpid()") == "(1000, 2)"
    assert "AUTOGRADER" not in str(said(workers, "dict(os.environ)"))


def test_a_job_has_no_rights(workers: WarmWorkers) -> None:
    status = str(said(workers, "open('/proc/self/status').read()"))
    assert re.search(r"CapEff:\s*0+\b", status)
    assert re.search(r"NoNewPrivs:\s*1", status)
    assert re.search(r"Seccomp:\s*2", status)


@pytest.mark.parametrize(
    "code",
    [
        "__import__('socket').socket()",
        "__import__('ctypes').CDLL(None).unshare(0x10000000) and 1 / 0",
        "__import__('ctypes').CDLL(None).ptrace(16, 1, 0, 0) and 1 / 0",
        "__import__('ctypes').CDLL(None).memfd_create(b'x', 0) < 0 and 1 / 0",
        "__import__('ctypes').CDLL(None).mount(b'x', b'/tmp', b'tmpfs', 0, 0) and 1 / 0",
        "open('/proc/sys/kernel/core_pattern', 'w')",
        "open('/proc/1/mem', 'rb')",
        "os.readlink('/proc/1/fd/0')",
        "open('/autograder/submission/new', 'w')",
        "open('/dev/new', 'w')",
        "open('/new', 'w')",
        "open(os.path.dirname(os.path.dirname(__import__('torch').__file__)) + '/new', 'w')",
        "os.mknod('/autograder/work/disk', 0o60600, os.makedev(8, 0))",
        "os.setuid(0)",
    ],
)
def test_what_is_refused(workers: WarmWorkers, code: str) -> None:
    answer = run(workers, f"import os\ndef answer():\n    {code}\n")
    assert isinstance(answer, Fault), code
    assert answer.kind in ("error", "import")


# It does not end where it is told to.
BUSY = "while True:\n    try:\n        while True: sum([1])\n    except: pass\n"


@pytest.mark.parametrize(
    ("text", "kind", "what"),
    [
        ("x = [bytearray(1 << 24) for _ in range(200)]\n", "memory", ""),
        # Shared memory in no file stays, uncounted, when a process lets go of it.
        ("import mmap\nm = mmap.mmap(-1, 1 << 31)\n", "error", "Error"),
        ("import os, time\nwhile True:\n    if not os.fork(): time.sleep(600)\n", "", "process"),
        (
            f"import signal\nsignal.signal(signal.SIGXCPU, signal.SIG_IGN)\n{BUSY}",
            "timeout",
            "",
        ),
        (BUSY, "timeout", ""),
        ("while True: pass\n", "error", "TookTooLong"),
        ("import os\nwhile True: os.write(1, b'x' * 65536)\n", "output", ""),
        ("open('/autograder/work/x', 'wb').write(bytes(1 << 25))\n", "error", "OSError"),
        ("import os\nos._exit(0)\n", "died", "exit code 0"),
        ("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)\n", "died", "signal 9"),
    ],
)
def test_limits(workers: WarmWorkers, text: str, kind: str, what: str) -> None:
    answer = run(workers, text)
    assert isinstance(answer, Fault), text
    assert answer.kind == kind or not kind
    assert what in answer.message or not kind
    assert answer.message != WALL
    assert said(workers, "1 + 1") == "2", "the next job is served"


def test_nothing_is_left_for_the_next_job(workers: WarmWorkers) -> None:
    marks = "[open(p + '/mark', 'w').close() for p in ('/autograder/work', '/dev/shm')]"
    said(workers, f"{marks} and setattr(__import__('torch'), 'mark', 1)")
    found = "[os.listdir(p) for p in ('/autograder/work', '/dev/shm')]"
    assert said(workers, f"{found}, hasattr(__import__('torch'), 'mark')") == "([[], []], False)"


def test_a_daemon_dies_with_its_job(workers: WarmWorkers) -> None:
    mark = f"marked-{secrets.token_hex(8)}"  # other suites may run on this machine
    lives = f"open('/autograder/work/lives', 'w'); import time; time.sleep({HANG})"
    text = (
        "import os, time\n"
        "def answer():\n"
        "    if not os.fork():\n"
        "        os.setsid()\n"
        "        if not os.fork():\n"
        f"            os.execv('/proc/self/exe', [{mark!r}, '-c', {lives!r}])\n"
        "        os._exit(0)\n"
        "    while not os.path.exists('/autograder/work/lives'): time.sleep(0.01)\n"
        "    return 1\n"
    )
    assert isinstance(run(workers, text, replace(SMALL, memory=2048 * MIB)), protocol.Returned)
    assert not [p for p in Path("/proc").glob("[0-9]*/cmdline") if mark.encode() in read(p)]


def read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def test_a_closed_session_leaves_no_file(workers: WarmWorkers) -> None:
    session = workers.session(SMALL, {"net.py": b""})
    folder = session.folder
    assert folder.is_dir()
    session.close()
    assert not folder.exists()


def test_files_placed_later_are_seen(workers: WarmWorkers) -> None:
    session = workers.session(SMALL, {})
    try:
        session.place({"later/net.py": b"x = 1\n"})
        answer = session.ask(protocol.Open("net", session.path("later/net.py")))
    finally:
        session.close()
    assert answer == protocol.Done()


def test_torchvision_is_for_the_homework_only(workers: WarmWorkers) -> None:
    code = "str(__import__('importlib.util').util.find_spec('torchvision') is not None)"
    bare = "import sys\nsys.meta_path[:] = [f for f in sys.meta_path if 'autograder' not in type(f).__module__]\n"  # noqa: E501
    text = f"{bare}def answer():\n    return {code}\n"
    answer = run(workers, text)
    assert isinstance(answer, protocol.Returned)
    assert answer.value == "False"
    if importlib.util.find_spec("torchvision") is None:
        pytest.skip("torchvision is not installed")
    answer = run(workers, text, HOMEWORK)
    assert isinstance(answer, protocol.Returned), answer
    assert answer.value == "True"


def test_answers_are_those_of_a_cold_worker(workers: WarmWorkers) -> None:
    """Warm and sandboxed or cold and not: the same numbers to the last bit."""
    content = (ROOT / "solutions" / "04_resnet" / "resnet.py").read_bytes()
    args = {"in_channels": 6, "out_channels": 10, "stride": 2}
    x = np.random.RandomState(0).standard_normal((3, 6, 12, 8))
    outcomes = []
    for session in (
        workers.session(Profile(), {"resnet.py": content}),
        LocalSession(Profile(), {"resnet.py": content}),
    ):
        try:
            session.ask(protocol.Open("resnet", session.path("resnet.py")))
            built = session.ask(protocol.Build("resnet", "ResidualBlock", args, "float64"))
            assert isinstance(built, protocol.Built)
            session.ask(protocol.Load(built.handle, "7"))
            outcomes.append(session.ask(protocol.Run(built.handle, x, "train", True, "7")))
        finally:
            session.close()
    assert frames.encode(outcomes[0]) == frames.encode(outcomes[1])


def test_cold_jobs_are_isolated_too(workers: WarmWorkers, monkeypatch: pytest.MonkeyPatch) -> None:
    cold = WarmWorkers()
    ask = warm.Warm.ask

    def refuse(self: warm.Warm, request: dict[str, object], pipes: list[int]) -> dict[str, object]:
        if "job" in request and not self.alone:
            return ask(self, {"end": "nothing"}, [])  # as where it may not make namespaces
        return ask(self, request, pipes)

    monkeypatch.setattr(warm.Warm, "ask", refuse)
    cold.check()
    try:
        seen = f"os.listdir('/autograder/submission'), os.path.exists({str(ROOT / 'solutions')!r})"
        assert said(cold, seen) == "(['net.py'], False)"
        text = "import os, time\nwhile True:\n    if not os.fork(): time.sleep(600)\n"
        answer = run(cold, text, replace(SMALL, wall_factor=1))  # its children hold the pipes
        assert isinstance(answer, Fault)
    finally:
        cold.close()


def test_a_parent_that_died_is_replaced(workers: WarmWorkers) -> None:
    assert said(workers, "1") == "1"
    for parent in workers._parents.values():
        parent._process.kill()
        parent._process.wait()
    assert said(workers, "2") == "2"


def test_without_bubblewrap_it_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(UsageError, match="apt-get install bubblewrap"):
        WarmWorkers().check()


@pytest.mark.parametrize(
    "text", ["bwrap: setting up uid map: Permission denied", "bwrap: No permissions to create new namespace"]  # noqa: E501
)  # fmt: skip
def test_without_user_namespaces_the_remedy_is_named(text: str) -> None:
    if os.uname().sysname == "Linux":
        assert "sysctl" in bubblewrap.refusal(text)


def test_only_what_is_allowed_is_mounted() -> None:
    words = " ".join(mounts.arguments(()))
    assert "/torch " in words
    assert "/numpy " in words
    for name in ("torchvision", "pytest", "autograder/checks", "golden", "solutions", "simpsons"):
        assert name not in words, name


def test_the_filter_knows_both_machines() -> None:
    for machine in seccomp.ARCHITECTURES:
        program = seccomp.program(machine)
        assert len(program) % 8 == 0
        assert len(program) // 8 < 256  # jumps are bytes
        allowed = seccomp.program(machine, frozenset({"memfd_create"}))
        assert len(allowed) == len(program) - 16


def test_the_table_of_limits_is_true() -> None:
    text = (ROOT / "docs" / "limits.md").read_text(encoding="utf-8")
    rows = {
        cells[1].strip(): cells[2:5]
        for cells in (r.split("|") for r in text.splitlines())
        if len(cells) == 7
    }
    cuda = profile_for(Profile(), (), "cuda")
    for column, profile in enumerate((Profile(), HOMEWORK, cuda)):
        told = {name: cells[column].strip() for name, cells in rows.items()}
        assert told["CPU time of a request (s)"] == f"{profile.cpu_seconds:g}"
        assert (
            told["wall time of a request (s)"] == f"{profile.cpu_seconds * profile.wall_factor:g}"
        )
        assert told["CPU time of a job (s)"] == f"{profile.total_seconds:g}"
        assert told["memory (MiB)"] == str(profile.memory // MIB)
        assert told["data segment of a process (MiB)"] == str(profile.data // MIB or "none")
        assert told["processes"] == str(profile.processes)
        assert told["open files"] == str(profile.files)
        assert told["disk, in memory (MiB)"] == str(profile.disk // MIB)
        assert told["printed (MiB)"] == str(profile.printed // MIB)


def test_a_gpu_gets_its_devices(monkeypatch: pytest.MonkeyPatch) -> None:
    assert profile_for(Profile(), (), "cuda").data == 0
    monkeypatch.setattr(mounts, "CUDA_DEVICES", ("tty",))
    assert "/dev/tty" in mounts.arguments((), cuda=True)
    assert "/dev/tty" not in mounts.arguments(())
