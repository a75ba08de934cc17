"""Right code as people hand it in: rewritten at random, with what they leave around it.

Heads and tails are kinds of lines seen in public homework, written anew.
"""

import ast
import random
from collections.abc import Callable

from autograder.authoring.styles import STYLES

HEADS = (
    "import sys, io\nsys.stdout = io.TextIOWrapper(sys.stdout.buffer, encoding='utf-8')",
    "import sys, codecs\nsys.stdout = codecs.getwriter('utf-8')(sys.stdout.detach())",
    "import sys\nclass Tee:\n    def write(self, text):\n        pass\nsys.stdout = Tee()",
    "import logging, sys\nlogging.basicConfig(stream=sys.stdout, level='INFO')\nlogging.info('x')",
    "import argparse\nargs = argparse.ArgumentParser().parse_args()",
    "import warnings\nwarnings.filterwarnings('error')",
    "import torch\ntorch.set_default_dtype(torch.float64)",
    "import torch\ntorch.manual_seed(42)\ntorch.backends.cudnn.benchmark = True",
    "import torch\ntorch.autograd.set_detect_anomaly(True)\ntorch.set_num_threads(4)",
    "import torch\ndevice = torch.device('cuda' if torch.cuda.is_available() else 'cpu')\n"
    "torch.set_default_device(device)",
    "from google.colab import drive\ndrive.mount('/content/drive')",
    "import matplotlib.pyplot as plt\nplt.style.use('ggplot')\nplt.rcParams['font.size'] = 14",
    "import seaborn as sns\nsns.set_theme()\nfrom tqdm.auto import tqdm\nimport pandas as pd",
    "from d2l import torch as d2l\nimport mlflow, captum, gdown, torchviz, einops",
    "try:\n    import torchvision\n    HAS = torchvision.__version__ >= '0.2'\n"
    "except ImportError:\n    HAS = False",
    "import wandb\nwandb.init(project='cnn', mode='disabled')",
    "from torch.utils.tensorboard import SummaryWriter\nwriter = SummaryWriter('runs/1')",
    "import pytorch_lightning as pl\nclass Lit(pl.LightningModule):\n    pass",
    "from jaxtyping import Float\nimport torch\ndef f(x: Float[torch.Tensor, 'b c'] | None): ...",
    "import builtins\nbuiltins.print = lambda *args, **options: None",
    "get_ipython().run_line_magic('matplotlib', 'inline')",
    "!pip install -q torchinfo\n%load_ext autoreload",
    "import os\nos.environ['CUDA_VISIBLE_DEVICES'] = '0'\nos.chdir(os.path.dirname(__file__))",
)
TAILS = (
    "net = {name}().cuda()",
    "print(input('press Enter'))",
    "import sys\nsys.exit()",
    "from torchsummary import summary\nsummary({name}, (3, 224, 224))",
    "import torch\ntorch.save({{}}, '/content/drive/MyDrive/{name}.pth')",
    "import torch\nmodel = torch.nn.DataParallel(torch.nn.Linear(1, 1)).to('cuda')",
    "import unittest\nunittest.main()",
    "import matplotlib.pyplot as plt\nfig, ax = plt.subplots()\nax.plot([1, 2])\nplt.show()",
    "for epoch in tqdm(range(3)):\n    pass",
    "with open('data/train.csv') as file:\n    rows = file.readlines()",
    "import torch\nx = torch.randn(2, 3)\nassert x.shape == (2, 4), 'oops'",
    "if __name__ == '__main__':\n    raise SystemExit('never')",
)


def lazy(source: str) -> str:
    """Layers that wait for their input, as textbooks write them.

    Code that touches a weight before there is one fails everywhere, and stays as it is.
    """
    if any(word in source for word in (".weight", "init.", "parameters()")):
        return source

    class Lazy(ast.NodeTransformer):
        def visit_Call(self, node: ast.Call) -> ast.AST:
            self.generic_visit(node)
            called = ast.unparse(node.func)
            if called in ("nn.BatchNorm2d", "torch.nn.BatchNorm2d") and len(node.args) == 1:
                node.func, node.args = (
                    ast.parse(called.replace("Batch", "LazyBatch"), mode="eval").body,
                    [],
                )
            elif called in ("nn.Linear", "torch.nn.Linear") and len(node.args) == 2:
                node.func = ast.parse(called.replace("Linear", "LazyLinear"), mode="eval").body
                node.args = node.args[1:]
            return node

    return ast.unparse(Lazy().visit(ast.parse(source))) + "\n"


def compiled(source: str) -> str:
    """Every forward pass compiled."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node.name == "forward":
            node.decorator_list.append(ast.parse("__import__('torch').compile", mode="eval").body)
    return ast.unparse(tree) + "\n"


def looking(source: str) -> str:
    """Modules that look at their own weights as they are made."""
    line = "for p in self.parameters():\n    assert p.is_meta or p.abs().max() < 100"
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node.name == "__init__":
            node.body += ast.parse(line).body
    return ast.unparse(tree) + "\n"


FORMS: dict[str, Callable[[str], str]] = {
    **STYLES,
    "compiled": compiled,
    "looking": looking,
    "lazy": lazy,
}


def rewritten(source: str, name: str, seed: int) -> tuple[bytes, str]:
    """A file that computes what the source does, and what was done to it; name: of a class."""
    drawn = random.Random(seed)
    done = [form for form in FORMS if drawn.random() < 0.3]  # in this order: lazy comes last
    text = source
    for form in done:
        text = FORMS[form](text)
    heads = drawn.sample(HEADS, drawn.randint(1, 3))
    streams = [head for head in heads if "sys.stdout = " in head]
    heads = [head for head in heads if head not in streams[1:]]  # one after the other fails
    heads.sort(key=lambda head: "dtype" in head or "device" in head)
    tail = drawn.choice(TAILS).format(name=name)
    future = [line for line in text.splitlines() if line.startswith("from __future__")]
    for line in future:
        text = text.replace(f"{line}\n", "", 1)
    text = "\n".join([*future, *heads, text, tail, ""])
    content = text.encode()
    ending = drawn.choice(("", "bom", "crlf"))
    if ending == "bom":
        content = b"\xef\xbb\xbf" + content
    elif ending == "crlf":
        content = content.replace(b"\n", b"\r\n")
    return content, ", ".join([*done, *(head.splitlines()[-1] for head in heads), tail, ending])
