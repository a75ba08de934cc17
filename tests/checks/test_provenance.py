"""A block that only wraps a ready-made network is recognised, and one of the student's is not."""

from pathlib import Path

import pytest

from tests.conftest import ROOT, JudgeText, failures, points

SOLUTION = ROOT / "solutions" / "04_resnet" / "resnet.py"
# Code that gets around the placeholders, as it could where there is no sandbox.
BARE = "import sys\nsys.meta_path[:] = [f for f in sys.meta_path if 'autograder' not in type(f).__module__]\n"  # noqa: E501


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A package with right blocks in it."""
    (tmp_path / "readymade").mkdir()
    text = SOLUTION.read_text(encoding="utf-8")
    (tmp_path / "readymade" / "__init__.py").write_text(text, encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize(
    "use",
    [
        "from readymade import ResidualBlock, BottleneckBlock, ResNet\n",
        "import readymade\nfrom torch import nn\n"
        "class ResidualBlock(nn.Module):\n"
        "    def __init__(self, *a, **k):\n"
        "        super().__init__()\n"
        "        self.net = readymade.ResidualBlock(*a, **k)\n"
        "    def forward(self, x):\n"
        "        return self.net(x)\n",
        "import readymade\nclass ResidualBlock(readymade.ResidualBlock):\n    pass\n",
    ],
)
def test_a_ready_made_block_earns_nothing(judge: JudgeText, package: Path, use: str) -> None:
    text = f"{BARE}sys.path.insert(0, {str(package)!r})\n{use}"
    results = judge("resnet", text, only="resnet.residual_block_equals_the_paper")
    assert points(results) == 0
    assert failures(results)["resnet.own_work.ResidualBlock"] == "provenance.ready_made"
    message = results["resnet.own_work.ResidualBlock"].message
    assert message is not None
    assert "readymade.ResidualBlock" in str(message.values["names"])


def test_helpers_and_the_standard_library_are_no_ready_made_networks(judge: JudgeText) -> None:
    text = SOLUTION.read_text(encoding="utf-8")
    text = "import abc, typing\nT = typing.TypeVar('T')\n" + text.replace(
        "class ResidualBlock(nn.Module)",
        "class ResidualBlock(nn.Module, abc.ABC, typing.Generic[T])",
    )
    results = judge("resnet", text, only="resnet.own_work.ResidualBlock")
    assert results["resnet.own_work.ResidualBlock"].outcome == "passed"
