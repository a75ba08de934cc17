"""A worker answers or says why not, whatever the student's file does."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from autograder.checks.answers import Answers
from autograder.checks.challenge import GaveUp, NoAnswer
from autograder.observe import protocol
from autograder.observe.pipes import WALL
from autograder.observe.profiles import Profile
from autograder.observe.protocol import Answer, Fault
from autograder.observe.session import LocalSession
from tests.conftest import HANG, until

Ask = Callable[[str], Answer]

MODULE = "import torch\nfrom torch import nn\nclass Net(nn.Module):\n"


@pytest.fixture(scope="module")
def session() -> Iterator[LocalSession]:
    session = LocalSession(Profile(cpu_seconds=20, wall_factor=30))
    yield session
    session.close()


def opened(session: LocalSession, text: str | bytes) -> Answer:
    content = text if isinstance(text, bytes) else text.encode()
    session.place({"net.py": content})
    return session.ask(protocol.Open("net", str(session.folder / "net.py")))


def run(session: LocalSession, text: str) -> Answer:
    """Open the text, build Net() and run it on ones."""
    answer = opened(session, text)
    if isinstance(answer, Fault):
        return answer
    built = session.ask(protocol.Build("net", "Net", {}))
    if not isinstance(built, protocol.Built):
        return built
    return session.ask(protocol.Run(built.handle, np.ones((1, 2), np.float32)))


@pytest.mark.parametrize(
    ("text", "kind", "line"),
    [
        ("def f(:\n", "syntax", 1),
        ("x = 1\n  y = 2\n", "syntax", 2),
        ("import torch.nowhere_to_be_found\n", "import", 1),
        ("import torch\n1 / 0\n", "error", 2),
        ("raise SystemExit(0)\n", "error", 1),
        ("raise KeyboardInterrupt\n", "error", 1),
        (b"# \xe9\xe8\nx = '\xff'\n", "encoding", 0),
        (b"x = 1\n\0\n", "syntax", 0),
    ],
)
def test_a_file_that_does_not_load(
    session: LocalSession, text: str | bytes, kind: str, line: int
) -> None:
    fault = opened(session, text)
    assert isinstance(fault, Fault)
    assert fault.kind == kind
    assert not line or (fault.file, fault.line) == ("net.py", line)


@pytest.mark.parametrize("text", [b"\xef\xbb\xbfx = 1\r\n\ty = 2\r\n".replace(b"\t", b""), b""])
def test_bom_crlf_and_nothing_load(session: LocalSession, text: bytes) -> None:
    assert isinstance(opened(session, text), protocol.Done)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ("    def forward(self, x):\n        return 1\n", "not_a_tensor"),
        ("    def forward(self, x):\n        pass\n", "not_a_tensor"),
        ("    def forward(self, x):\n        return x @ x\n", "error"),
        ("    def forward(self, x):\n        raise ValueError('no')\n", "value"),
        ("    def forward(self, x):\n        raise NotImplementedError('net: x')\n", "not_written"),
        ("    def forward(self):\n        return 1\n", "error"),
        ("    def __init__(self, a):\n        super().__init__()\n", "signature"),
        ("    pass\n", "error"),
        ("    def forward(self, x):\n        return torch.empty(10**14)\n", "memory"),
    ],
)
def test_a_network_that_does_not_run(session: LocalSession, body: str, kind: str) -> None:
    fault = run(session, MODULE + body)
    assert isinstance(fault, Fault)
    assert fault.kind == kind


def test_other_things_than_modules(session: LocalSession) -> None:
    fault = run(session, "Net = dict\n")
    assert fault == Fault("not_a_module", "dict")
    missing = run(session, "")
    assert missing == Fault("missing_symbol", "Net")


def test_prints_do_not_reach_the_protocol(session: LocalSession) -> None:
    text = "import os, sys\nprint('hello \\x1b[31m')\nos.write(1, b'AG1 forged')\n" + MODULE
    outcome = run(session, text + "    def forward(self, x):\n        print(x)\n        return x\n")
    assert isinstance(outcome, protocol.Outcome)
    assert until(lambda: "forged" in session.printed())
    assert "hello" in session.printed()
    assert "\x1b" not in session.printed()


def test_other_packages_import_but_do_not_work(session: LocalSession) -> None:
    text = "import torchvision.models as m\nfrom tqdm import tqdm\nimport sklearn\n" + MODULE
    works = run(session, text + "    def forward(self, x):\n        return x\n")
    assert isinstance(works, protocol.Outcome)
    fault = run(session, text + "    def forward(self, x):\n        return m.resnet18()(x)\n")
    assert isinstance(fault, Fault)
    assert fault.kind == "import"
    assert "torchvision" in fault.message
    base = run(session, text + "    pass\nclass Net(m.ResNet):\n    pass\n")
    assert isinstance(base, Fault)
    assert base.kind == "import"


def test_a_tensor_subclass_is_sent_as_plain_numbers(session: LocalSession) -> None:
    text = MODULE + (
        "    def forward(self, x):\n        return Liar(x)\n"
        "class Liar(torch.Tensor):\n"
        "    @classmethod\n"
        "    def __torch_function__(cls, f, t, a=(), k=None):\n"
        "        return super().__torch_function__(f, t, a, k or {})\n"
    )
    outcome = run(session, text)
    assert isinstance(outcome, protocol.Outcome)
    assert outcome.output.tolist() == [[1.0, 1.0]]


def test_helpers_beside_the_file_can_be_imported(session: LocalSession) -> None:
    session.place({"my_blocks.py": b"import torch\nONE = 1\n", "torch.py": b"raise SystemExit\n"})
    answer = opened(session, "import torch\nfrom my_blocks import ONE\nassert torch.ones\n")
    assert isinstance(answer, protocol.Done)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("import os\nos._exit(0)\n", "died"),
        ("import os\nos.kill(os.getpid(), 9)\n", "died"),
        ("import os\nos.close(0)\nos.closerange(3, 100)\n", "died"),
        ("while True:\n    try:\n        while True: sum([1])\n    except: pass\n", "timeout"),
        (f"import time\ntime.sleep({HANG})\n", "timeout"),
    ],
)
def test_a_worker_that_ends(text: str, kind: str) -> None:
    if sys.platform == "win32" and "while" in text:
        pytest.skip("CPU time is limited on POSIX only; wall time ends this on Windows")
    session = LocalSession(Profile(cpu_seconds=1, wall_factor=HANG))
    try:
        assert isinstance(opened(session, "x = 1\n"), protocol.Done)
        if "sleep" in text:  # torch is imported: from here a short limit is not the machine's fault
            session._wall = 1.0
        fault = opened(session, text)
        assert isinstance(fault, Fault)
        assert fault.kind == kind
        assert (fault.message == WALL) == ("sleep" in text)
        assert not session.alive
        assert session.ask(protocol.Close(1)) == Fault("died")
    finally:
        session.close()
    assert not session.folder.exists()


def test_a_forged_answer_is_refused() -> None:
    forge = (
        "import os\n"
        "for fd in range(3, 20):\n"
        "    try:\n        os.write(fd, b'AG1\\n\\x00\\x00\\x00\\x02{}')\n"
        "    except OSError:\n        pass\n"
    )
    session = LocalSession(Profile())
    try:
        fault = opened(session, forge)
        assert isinstance(fault, Fault)
        assert fault.kind == "protocol"
    finally:
        session.close()


def test_the_environment_is_scrubbed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUTOGRADER_KEY", "secret")
    session = LocalSession(Profile())
    try:
        text = "import os\nassert 'AUTOGRADER_KEY' not in os.environ\n"
        assert isinstance(opened(session, text), protocol.Done)
        assert isinstance(
            opened(session, f"assert {str(Path.cwd())!r} not in __import__('sys').path\n"),
            protocol.Done,
        )
    finally:
        session.close()


def asked(text: str, wall: float = HANG) -> Answers:
    """Answers whose first worker, once torch is imported, gets so many seconds for a request."""
    walls = iter([wall])

    def opens() -> tuple[LocalSession, str]:
        session = LocalSession(Profile(wall_factor=40), {"net.py": text.encode()})
        session.ask(protocol.Close(0))
        session._wall = next(walls, HANG)
        return session, str(session.folder / "net.py")

    return Answers("net", opens)


def test_wall_time_is_given_a_second_time(tmp_path: Path) -> None:
    """The first worker is too late, as on a busy machine; the second one answers."""
    seen = tmp_path / "seen"
    text = (
        "import time, pathlib\n"
        f"seen = pathlib.Path({str(seen)!r})\n"
        "if not seen.exists():\n    seen.touch()\n    time.sleep(30)\n"
    )
    late = asked(text, wall=3.0)
    try:
        late.open()
        assert late.deaths == 1
    finally:
        late.close()


def test_after_two_deaths_the_rest_is_not_asked() -> None:
    dying = asked("import os\nos._exit(1)\n")
    try:
        for _ in range(2):
            with pytest.raises(NoAnswer):
                dying.open()
        with pytest.raises(GaveUp):
            dying.open()
    finally:
        dying.close()
