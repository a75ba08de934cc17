"""Typical first mistakes get the message that names them."""

import pytest

from tests.conftest import ROOT, JudgeText, failures

RESNET = (ROOT / "solutions" / "04_resnet" / "resnet.py").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("right", "wrong", "check", "message"),
    [
        # A layer in a plain list: told as missing parameters, not as a mixed dtype.
        (
            "        self.bn1 = nn.BatchNorm2d(out_channels)\n",
            "        self.hidden = [nn.BatchNorm2d(out_channels)]\n        self.bn1 = self.call\n",
            "parameter_count",
            "parameters.too_few",
        ),
        # A misspelt forward is an error, not "not written yet".
        ("    def forward(self, x", "    def foward(self, x", "is_written", "fault.error"),
        # A forgotten super().__init__().
        ("        super().__init__()\n", "", "is_written", "fault.error"),
        # A tuple instead of a tensor.
        (
            "        return torch.relu(residual + self.shortcut(x))\n",
            "        return residual, x\n",
            "is_written",
            "fault.not_a_tensor",
        ),
        # Training code without a guard.
        ("class ResidualBlock", "open('data.csv')\n\n\nclass ResidualBlock", "", "fault.error"),
    ],
)
def test_the_first_message(
    judge: JudgeText, right: str, wrong: str, check: str, message: str
) -> None:
    text = RESNET.replace(right, wrong, 1)
    assert text != RESNET
    text = text.replace(
        "    def forward",
        "    def call(self, x):\n        return self.hidden[0](x)\n\n    def forward",
        1,
    )
    id = f"resnet.{check}.ResidualBlock" if check else "resnet.loads"
    assert next(iter(failures(judge("resnet", text, only=id)).items())) == (
        id,
        message,
    )
