"""What a file does beside its classes costs its classes nothing, and what it does not is named."""

from collections.abc import Iterator

import numpy as np
import pytest

from autograder.observe import protocol
from autograder.observe.profiles import Profile
from autograder.observe.protocol import Answer, Fault
from autograder.observe.session import LocalSession
from tests.conftest import until

NET = """
import torch
from torch import nn
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(2, 2, bias=False)
        nn.init.eye_(self.layer.weight)
    def forward(self, x):
        print("при")
        return self.layer(x)
"""


@pytest.fixture(scope="module")
def session() -> Iterator[LocalSession]:
    session = LocalSession(Profile(cpu_seconds=1.5, wall_factor=400))
    session.ask(protocol.Close(0))
    yield session
    session.close()


def opened(session: LocalSession, text: str | bytes) -> Answer:
    session.place({"net.py": text if isinstance(text, bytes) else text.encode()})
    return session.ask(protocol.Open("net", session.path("net.py")))


def ran(session: LocalSession) -> list[float]:
    built = session.ask(protocol.Build("net", "Net", {}))
    assert isinstance(built, protocol.Built), built
    outcome = session.ask(protocol.Run(built.handle, np.ones((1, 2), np.float32)))
    assert isinstance(outcome, protocol.Outcome), outcome
    assert outcome.dtype == "float32"
    return [float(value) for value in outcome.output[0]]


@pytest.mark.parametrize(
    "text",
    [
        "import sys, io\nsys.stdout = io.TextIOWrapper(sys.stdout.buffer, encoding='utf-8')\n",
        "import sys, codecs\nsys.stdout = codecs.getwriter('utf-8')(sys.stdout.detach())\n",
        "import sys\nsys.stdout = open(1, 'w', encoding='utf-8')\nsys.stdout = None\n",
        "import sys, os\nsys.stdout = sys.stderr = open(os.devnull, 'w')\nsys.stdout.close()\n",
        "class Tee:\n    def write(self, text): pass\nimport sys\nsys.stdout = Tee()\n",
        "import torch\ntorch.set_default_dtype(torch.float64)\n",
        "import torch\ntorch.set_default_device('cpu')\ntorch.set_grad_enabled(False)\n",
        "import torch\ntorch.set_num_interop_threads(2)\n",
        "import torch\ntorch.use_deterministic_algorithms(True)\ntorch.set_num_threads(2)\n",
        "import warnings, numpy\nwarnings.simplefilter('error')\nnumpy.seterr(all='raise')\n",
        "import builtins\nbuiltins.open = builtins.sum = builtins.max = builtins.print = None\n",
        "import threading, time\nthreading.Thread(target=time.sleep, args=(60,)).start()\n",
        "import sys\nassert sys.argv == ['net.py']\nsys.argv.append('--epochs')\n",
    ],
)
def test_what_a_file_makes_of_its_process_stays_its_own(session: LocalSession, text: str) -> None:
    assert opened(session, text + NET) == protocol.Done()
    assert ran(session) == [1.0, 1.0]
    assert until(lambda: "при" in session.printed())


@pytest.mark.parametrize(
    "text",
    [
        "import captum, d2l.torch as d2l\nfrom kaggle.api import KaggleApi as A\nx: A | None = 1\n",
        "from torch.utils.tensorboard import SummaryWriter\nwriter = SummaryWriter('runs')\n",
        "import torchvision\nv = torchvision.__version__\nassert v > '0', print(v)\n",
        "import matplotlib.pyplot as plt\nplt.rcParams['figure.figsize'] = (8, 6)\nplt.ion()\n",
        "from jaxtyping import Float, jaxtyped\n@jaxtyped\ndef f(x: Float['b c']) -> 'x': pass\n",
        "import pydantic\nclass Settings(pydantic.BaseModel, frozen=True):\n    lr: float = 0.1\n",
        "from huggingface_hub import PyTorchModelHubMixin as Mixin\nfrom torch import nn\n"
        "class Other(nn.Module, Mixin):\n    pass\nOther()\n",
        "try:\n    from apex.normalization import FusedLayerNorm as Norm\nexcept ImportError:\n"
        "    from torch.nn import LayerNorm as Norm\nNorm(2)\n",
        "import timm\nassert not isinstance(1, timm.layers.DropPath)\n",
        "from typing import Optional\nimport gym\ndef f(a: Optional[gym.Env], b: 1 | gym.A): 0\n",
        "!pip install torchinfo\n%matplotlib inline\nget_ipython().system('ls')\n",
    ],
)
def test_absent_packages_cost_nothing(session: LocalSession, text: str) -> None:
    assert opened(session, text + NET) == protocol.Done()
    assert ran(session) == [1.0, 1.0]


@pytest.mark.parametrize(
    "use",
    [
        "tqdm.tqdm([1])", "for _ in tqdm.tqdm: pass", "tqdm.x + 1", "int(tqdm.x)", "len(tqdm.x)",
        "Bar()",
    ],
)  # fmt: skip
def test_a_package_that_is_used_is_named(session: LocalSession, use: str) -> None:
    head = "import tqdm\nclass Bar(tqdm.tqdm): pass\n"
    body = f"def Net():\n    {use}\n"
    assert opened(session, head + body) == protocol.Done()
    fault = session.ask(protocol.Build("net", "Net", {}))
    assert isinstance(fault, Fault)
    assert (fault.kind, fault.line) == ("import", 4)
    assert "tqdm is not available while grading" in fault.message


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("Net().cuda()", "CUDA"),
        ("name = input('name? ')", "EOF"),
        ("import argparse; argparse.ArgumentParser().parse_args(['--lr'])", "SystemExit"),
        ("while True: Net()(torch.ones(1, 2))", "TookTooLong"),
        ("for _ in range(9):\n    import time; time.sleep(60)", "TookTooLong"),
        ("raise NotImplementedError('later')", "later"),
    ],
)
def test_what_stands_above_a_line_that_stops_is_there(
    session: LocalSession, line: str, told: str
) -> None:
    fault = opened(session, f"{NET}def last(): pass\n{line}\nclass Below: pass\n")
    assert isinstance(fault, Fault)
    number = NET.count("\n") + 2 + line.count("\n")
    assert (fault.kind, fault.file, fault.line) == ("stopped", "net.py", number)
    assert told in fault.message
    assert ran(session) == [1.0, 1.0]
    assert session.ask(protocol.Build("net", "Below", {})) == fault


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le"])
def test_utf16_is_named_as_such(session: LocalSession, encoding: str) -> None:
    fault = opened(session, NET.encode(encoding))
    assert isinstance(fault, Fault)
    assert fault.kind == "encoding"
    assert "UTF-16" in fault.message


LAZY = """
import torch
from torch import nn
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.LazyConv2d(4, 3), nn.LazyBatchNorm2d(), nn.ReLU(),
                                 nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.LazyLinear(5))
    def forward(self, x):
        return self.net(x)
"""


@pytest.mark.parametrize("lean", [False, True])
@pytest.mark.parametrize("shape", [[2, 3, 8, 8], []])
def test_layers_that_wait_for_an_input_are_called_once(
    session: LocalSession, shape: list[int], lean: bool
) -> None:
    assert opened(session, LAZY) == protocol.Done()
    built = session.ask(protocol.Build("net", "Net", {}, lean=lean))
    assert isinstance(built, protocol.Built)
    found = session.ask(protocol.Describe(built.handle, shape))
    assert isinstance(found, protocol.Description), found
    shapes = [weight.shape for weight in found.weights]
    assert [4, 3, 3, 3] in shapes and [5, 4] in shapes


def test_layers_that_wait_take_the_size_that_fits_their_arguments(session: LocalSession) -> None:
    text = """
import torch
from torch import nn
class Net(nn.Module):
    def __init__(self, maps):
        super().__init__()
        self.norm, self.conv = nn.LazyBatchNorm2d(), nn.Conv2d(maps, 2, 1)
    def forward(self, x):
        return self.conv(self.norm(x))
"""
    assert opened(session, text) == protocol.Done()
    handles = []
    for maps in (4, 5, 4):
        built = session.ask(protocol.Build("net", "Net", {"maps": maps}))
        assert isinstance(built, protocol.Built)
        handles.append(built.handle)
    for handle, maps in zip(handles[:2], (4, 5), strict=True):
        found = session.ask(protocol.Describe(handle, [2, maps, 3, 3]))
        assert isinstance(found, protocol.Description), found
    assert session.ask(protocol.Load(handles[2], "0")) == protocol.Done()
    assert session.ask(protocol.Copy(handles[0], handles[2])) == protocol.Done()


def test_a_module_may_look_at_its_initial_weights(session: LocalSession) -> None:
    text = """
import torch
from torch import nn
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(4000, 3000)
        weight = self.layer.weight
        assert 0.9 < weight.std() * 4000**0.5 * 3**0.5 < 1.1, weight.std()
        assert weight.mean().abs() < 1e-3
        torch.nn.init.trunc_normal_(weight, std=0.02)
        assert 0.015 < weight.std() < 0.02
    def forward(self, x):
        return x
"""
    assert opened(session, text) == protocol.Done()
    assert ran(session) == [1.0, 1.0]


def test_compiled_code_runs_as_it_is_written(session: LocalSession) -> None:
    text = NET + "Net.forward = torch.compile(mode='max-autotune')(Net.forward)\n"
    assert opened(session, text + "Plain = Net\ndef Net(): return torch.compile(Plain())\n")
    assert ran(session) == [1.0, 1.0]
