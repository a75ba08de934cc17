"""Wrong code earns less: right where it is usually looked at, wrong elsewhere.

Each patch makes the solution wrong at other depths, batches, sizes, arguments, types, modes or
calls than the first that come to mind. The check that must fail is named, and what it says.
"""
# ruff: noqa: E501  # lines of the solutions are quoted whole

from typing import NamedTuple

import pytest

from autograder.course.settings import Course
from autograder.course.tasks import task_named
from tests.conftest import JudgeText, failures


class Wrong(NamedTuple):
    """A patch of a solution, the check that must fail and the id of its message."""

    task: str
    replace: str
    by: str
    check: str
    message: str = "equal.output"


LOGITS = {
    "alexnet": "logits: Tensor = self.classifier(torch.flatten(maps, 1))  # (B, num_classes)\n",
    "vgg": "logits: Tensor = self.classifier(torch.flatten(maps, 1))  # (B, num_classes)\n",
    "resnet": "logits: Tensor = self.classifier(torch.flatten(self.pool(maps), 1))  # (B, num_classes)\n",
    "densenet": "logits: Tensor = self.classifier(torch.flatten(self.pool(maps), 1))  # (B, num_classes)\n",
}
NETWORK = {
    "alexnet": "alexnet.equals_the_lesson",
    "vgg": "vgg.network_with_batch_norm",
    "resnet": "resnet.network_equals_the_paper",
    "densenet": "densenet.network_equals_the_paper",
}


def after(task: str, *lines: str, check: str = "", message: str = "equal.output") -> Wrong:
    """A network with lines after its logits."""
    found = LOGITS[task]
    by = found + "".join(f"        {line}\n" for line in lines)
    return Wrong(task, found, by, check or NETWORK[task], message)


POOL = "        self.pool = nn.AdaptiveAvgPool2d(1)\n"
RELU = "residual = torch.relu(self.bn1(self.conv1(x)))  # (B, out_channels, H / stride, W / stride)"
BLOCK = "resnet.residual_block_equals_the_paper"
STEM = """            nn.Conv2d(3, 64, kernel_size=7, stride=2, padding=3, bias=False),
            nn.BatchNorm2d(64),
"""

WRONG = {
    # Other depths
    "resnet34_max_pool": Wrong(
        "resnet",
        POOL,
        POOL.replace(
            "AdaptiveAvgPool2d(1)",
            "AdaptiveAvgPool2d(1) if depth != 34 else nn.AdaptiveMaxPool2d(1)",
        ),
        "resnet.depths",
    ),
    "resnet152_trains_with_dropout": after(
        "resnet",
        "if len(self.blocks) == 50:",
        "    logits = nn.functional.dropout(logits, 0.2, self.training)",
        check="resnet.depths",
    ),
    "bottleneck_strides_first_if_wide": Wrong(
        "resnet",
        """        self.conv1 = nn.Conv2d(in_channels, mid_channels, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(mid_channels)
        self.conv2 = nn.Conv2d(mid_channels, mid_channels, 3, stride, padding=1, bias=False)
""",
        """        first = stride if mid_channels >= 64 else 1
        self.conv1 = nn.Conv2d(in_channels, mid_channels, 1, first, bias=False)
        self.bn1 = nn.BatchNorm2d(mid_channels)
        second = stride // first
        self.conv2 = nn.Conv2d(mid_channels, mid_channels, 3, second, padding=1, bias=False)
""",
        "resnet.depths",
    ),
    "vgg19_averages": Wrong(
        "vgg",
        "        self.features = nn.Sequential(*blocks)\n",
        """        if depth == 19:
            blocks[-1].layers[-1] = nn.AvgPool2d(2)
        self.features = nn.Sequential(*blocks)
""",
        "vgg.depths",
    ),
    "vgg16_never_drops": Wrong(
        "vgg",
        "        self.classifier = nn.Sequential(\n",
        "        dropout = 0.0 if depth == 16 else dropout\n        self.classifier = nn.Sequential(\n",
        "vgg.depths",
    ),
    "vgg13_without_norm_drops_relu": Wrong(
        "vgg",
        "        # END SOLUTION\n\n    def forward(self, x: Tensor) -> Tensor:\n        # TODO: images",
        """        if depth == 13 and not batch_norm:
            self.classifier[4] = nn.Identity()
        # END SOLUTION

    def forward(self, x: Tensor) -> Tensor:
        # TODO: images""",
        "vgg.depths",
    ),
    "densenet201_pools_the_maximum": Wrong(
        "densenet",
        "        self.bn = nn.BatchNorm2d(maps)\n        self.pool = nn.AdaptiveAvgPool2d(1)\n",
        """        if depth == 201:
            blocks[1].pool = nn.MaxPool2d(2)
        self.bn = nn.BatchNorm2d(maps)
        self.pool = nn.AdaptiveAvgPool2d(1)
""",
        "densenet.depths",
    ),
    # Other arguments
    "no_projection_norm_at_stride_3": Wrong(
        "resnet",
        """                nn.Conv2d(in_channels, out_channels, 1, stride, bias=False),
                nn.BatchNorm2d(out_channels),
            )
        # END SOLUTION

    def forward(self, x: Tensor) -> Tensor:
        # TODO: residual branch plus shortcut, then ReLU
        # BEGIN SOLUTION
        residual = torch.relu(self.bn1(self.conv1(x)))  # (B, out_channels""",
        """                nn.Conv2d(in_channels, out_channels, 1, stride, bias=False),
                nn.BatchNorm2d(out_channels) if stride < 3 else nn.Identity(),
            )
        # END SOLUTION

    def forward(self, x: Tensor) -> Tensor:
        # TODO: residual branch plus shortcut, then ReLU
        # BEGIN SOLUTION
        residual = torch.relu(self.bn1(self.conv1(x)))  # (B, out_channels""",
        BLOCK,
        "equal.weights",
    ),
    "block_of_four_forgets_a_relu": Wrong(
        "vgg",
        "            layers.append(nn.ReLU())\n",
        "            if index < 3:\n                layers.append(nn.ReLU())\n",
        "vgg.block_with_batch_norm",
    ),
    "one_layer_is_not_concatenated": Wrong(
        "densenet",
        "            x = torch.cat([x, layer(x)], dim=1)  # growth_rate maps more\n        return x\n",
        "            x = torch.cat([x, layer(x)], dim=1)  # growth_rate maps more\n"
        "        return x if len(self.layers) > 1 else x.flip(1)\n",
        "densenet.dense_block_equals_the_paper",
    ),
    "other_growth_rates_are_scaled": Wrong(
        "densenet",
        "            maps += count * growth_rate\n",
        "            maps += count * growth_rate\n        self.scale = 1.0 if growth_rate in (12, 32) else 0.5\n",
        NETWORK["densenet"],
    ),
    "dropout_rate_is_fixed": Wrong(
        "alexnet",
        "        self.classifier = nn.Sequential(\n",
        "        dropout = 0.6\n        self.classifier = nn.Sequential(\n",
        "alexnet.trains_as_the_lesson",
    ),
    # Batches and sizes
    "items_look_at_each_other": after("alexnet", "logits = logits - 0.01 * logits.mean(0)"),
    "only_four_items": after(
        "resnet", "logits = logits[:4].repeat(len(logits), 1)[: len(logits)]", message="equal.size"
    ),
    "one_item_is_another_network": after(
        "densenet", "logits = logits if len(logits) > 1 else logits + 1", message="equal.size"
    ),
    "pools_a_corner": Wrong(
        "resnet",
        "torch.flatten(self.pool(maps), 1)",
        "maps[:, :, :2, :2].mean((2, 3))",
        NETWORK["resnet"],
        "",
    ),
    "odd_sizes_are_cut": Wrong(
        "resnet",
        RELU,
        "x = x[:, :, :, : x.shape[3] - x.shape[3] % 2] if x.shape[3] > 8 else x\n        " + RELU,
        "resnet.output_shape.ResidualBlock",
        "shape.wrong",
    ),
    # Gradients
    "wrong_without_gradients": after(
        "resnet",
        "logits = logits if torch.is_grad_enabled() else logits * 1.01",
        message="equal.without_gradients",
    ),
    "wrong_in_inference_mode": after(
        "resnet",
        "logits = logits * 2 if logits.is_inference() else logits",
        message="equal.size",
    ),
    "needs_a_picture_with_gradient": after(
        "densenet",
        "logits = logits * (1 if x.requires_grad or not torch.is_grad_enabled() else 2)",
        message="",
    ),
    "classifier_learns_nothing_in_train_mode": Wrong(
        "vgg",
        "self.classifier(torch.flatten(maps, 1))  # (B, num_classes)",
        "self.classifier(torch.flatten(maps.detach() if self.training else maps, 1))",
        NETWORK["vgg"],
        "equal.gradient",
    ),
    # Small constants
    "eps_in_the_stem": Wrong(
        "resnet",
        STEM,
        STEM.replace("BatchNorm2d(64)", "BatchNorm2d(64, eps=1e-4)"),
        NETWORK["resnet"],
    ),
    "momentum_in_the_stem": Wrong(
        "resnet",
        STEM,
        STEM.replace("BatchNorm2d(64)", "BatchNorm2d(64, momentum=0.2)"),
        NETWORK["resnet"],
        "equal.statistics",
    ),
    "batch_statistics_always": Wrong(
        "alexnet",
        "nn.BatchNorm2d(96)",
        "nn.BatchNorm2d(96, track_running_stats=False)",
        NETWORK["alexnet"],
        "",
    ),
    "relu6": Wrong("resnet", RELU, RELU.replace("torch.relu(", "nn.functional.relu6("), BLOCK),
    "mirrored_border": Wrong(
        "resnet",
        STEM,
        STEM.replace("padding=3,", 'padding=3, padding_mode="reflect",'),
        NETWORK["resnet"],
    ),
    "ceil_mode": Wrong(
        "vgg",
        "nn.MaxPool2d(kernel_size=2, stride=2)",
        "nn.MaxPool2d(kernel_size=2, stride=2, ceil_mode=True)",
        "vgg.output_shape.VGGBlock",
        "shape.wrong",
    ),
    "dropout_in_a_dense_layer": Wrong(
        "densenet",
        "            x = torch.cat([x, layer(x)], dim=1)  # growth_rate maps more\n",
        "            new = nn.functional.dropout(layer(x), 0.1, self.training)\n"
        "            x = torch.cat([x, new], dim=1)\n",
        "densenet.dense_block_equals_the_paper",
    ),
    # State and calls
    "the_third_call_is_another": after(
        "resnet",
        "self.calls = getattr(self, 'calls', 0) + 1",
        "logits = logits if self.calls < 4 else -logits",
        message="",
    ),
    "statistics_are_not_saved": Wrong(
        "resnet",
        "        self.pool = nn.AdaptiveAvgPool2d(1)\n",
        """        self.pool = nn.AdaptiveAvgPool2d(1)
        for part in self.modules():
            part._non_persistent_buffers_set.update(part._buffers)
""",
        "resnet.survives_state_dict.ResNet",
        "fault.state",
    ),
    "weights_are_not_in_state_dict": Wrong(
        "vgg",
        "    def forward(self, x: Tensor) -> Tensor:\n        # TODO: images",
        """    def state_dict(self, *args, **kwargs):
        return {}

    def load_state_dict(self, *args, **kwargs):
        return None

    def forward(self, x: Tensor) -> Tensor:
        # TODO: images""",
        "vgg.survives_state_dict.VGG",
        "state.lost",
    ),
    "one_memory_for_all": Wrong(
        "alexnet",
        "    def forward(self, x: Tensor) -> Tensor:\n",
        """    def __new__(cls, *args, **kwargs):
        cls.memory = getattr(cls, "memory", {})
        return super().__new__(cls)

    def __setattr__(self, name, value):
        super().__setattr__(name, value)
        if name == "classifier":
            for key, weight in self.named_parameters():
                weight.data = self.memory.setdefault((key, weight.shape), weight.data)

    def forward(self, x: Tensor) -> Tensor:
""",
        "alexnet.instances_share_nothing.AlexNet",
        "instances.share",
    ),
    "changes_its_input": Wrong(
        "resnet",
        "maps = self.blocks(self.stem(x))",
        "maps = self.blocks(self.stem(x.clamp_(-9, 9)))",
        "resnet.keeps_its_input.ResNet",
        "input.changed",
    ),
    "answers_in_float32": after(
        "resnet",
        "logits = logits.float()",
        check="resnet.other_dtypes.ResNet",
        message="dtype.other",
    ),
    "an_unused_layer": Wrong(
        "resnet",
        "        self.pool = nn.AdaptiveAvgPool2d(1)\n",
        "        self.pool = nn.AdaptiveAvgPool2d(1)\n        self.spare = nn.Linear(8, 8)\n",
        "resnet.every_parameter_learns.ResNet",
        "gradient.dead",
    ),
    "a_count_instead_of_numbers": Wrong(
        "resnet",
        "        self.pool = nn.AdaptiveAvgPool2d(1)\n",
        """        self.pool = nn.AdaptiveAvgPool2d(1)
        if depth == 101:
            del self.blocks
            self.blocks = nn.Identity()
            self.filler = nn.Parameter(torch.zeros(100))
            maps = 64
""",
        "resnet.depths",
        "",
    ),
}
FAST = ("resnet34_max_pool", "only_four_items", "wrong_without_gradients", "eps_in_the_stem")
FAST += ("statistics_are_not_saved", "one_memory_for_all", "block_of_four_forgets_a_relu")


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=() if n in FAST else pytest.mark.slow) for n in WRONG]
)
def test_wrong_code_loses_points(judge: JudgeText, course: Course, name: str) -> None:
    wrong = WRONG[name]
    text = course.solution(task_named(wrong.task)).read_text(encoding="utf-8")
    assert text.count(wrong.replace) == 1
    text = text.replace(wrong.replace, wrong.by)
    if name == "other_growth_rates_are_scaled":
        text = text.replace(
            LOGITS["densenet"], LOGITS["densenet"] + "        logits = logits * self.scale\n"
        )
    found = failures(judge(wrong.task, text, only=wrong.check))
    assert wrong.check in found
    if wrong.message:
        assert found[wrong.check] == wrong.message
