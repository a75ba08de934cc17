"""ResNet: typical mistakes. Text patches of resnet.py."""

from autograder.mutants import Mutant

RESIDUAL_SUM = """        residual = self.bn2(self.conv2(residual))
        return torch.relu(residual + self.shortcut(x))
"""
BOTTLENECK_SUM = """        residual = self.bn3(self.conv3(residual))  # (B, 4 * mid, H / stride, W / stride)
        return torch.relu(residual + self.shortcut(x))
"""
BLOCK = "resnet.residual_block_equals_the_paper"

MUTANTS = [
    Mutant(
        "no_relu_after_sum",
        "ReLU after the sum is missing.",
        replace=RESIDUAL_SUM,
        by="        return self.bn2(self.conv2(residual)) + self.shortcut(x)\n",
        fails=BLOCK,
        message="equal.output",
    ),
    Mutant(
        "relu_before_sum",
        "ReLU stands before the sum instead of after it.",
        replace=RESIDUAL_SUM,
        by="        return torch.relu(self.bn2(self.conv2(residual))) + self.shortcut(x)\n",
        fails=BLOCK,
        message="equal.output",
    ),
    Mutant(
        "skip_never_added",
        "The shortcut is made but never added.",
        replace=RESIDUAL_SUM,
        by="        return torch.relu(self.bn2(self.conv2(residual)))\n",
        fails="resnet.every_parameter_learns.ResidualBlock",
        message="gradient.dead",
    ),
    Mutant(
        "shortcut_multiplied",
        "The shortcut is multiplied instead of added.",
        replace=RESIDUAL_SUM,
        by="        return torch.relu(self.bn2(self.conv2(residual)) * self.shortcut(x))\n",
        fails=BLOCK,
        message="equal.output",
    ),
    Mutant(
        "branch_detached",
        "The residual branch is detached.",
        replace=RESIDUAL_SUM,
        by="""        residual = self.bn2(self.conv2(residual))
        return torch.relu(residual.detach() + self.shortcut(x))
""",
        fails="resnet.every_parameter_learns.ResidualBlock",
        message="gradient.dead",
    ),
    Mutant(
        "input_changed_in_place",
        "The block adds to its own input in place.",
        replace=RESIDUAL_SUM,
        by="""        residual = self.bn2(self.conv2(residual))
        shortcut = self.shortcut(x)
        shortcut += residual
        return torch.relu(shortcut)
""",
        fails="resnet.keeps_its_input.ResidualBlock",
        message="input.changed",
    ),
    Mutant(
        "relu_between_missing",
        "ReLU between the two convolutions is missing.",
        replace="torch.relu(self.bn1(self.conv1(x)))  # (B, out_channels",
        by="self.bn1(self.conv1(x))  # (B, out_channels",
        fails=BLOCK,
        message="equal.output",
    ),
    Mutant(
        "one_batch_norm_for_both",
        "Both convolutions share one BatchNorm.",
        replace=RESIDUAL_SUM,
        by="""        residual = self.bn1(self.conv2(residual))
        return torch.relu(residual + self.shortcut(x))
""",
        fails="resnet.every_parameter_learns.ResidualBlock",
        message="gradient.dead",
    ),
    Mutant(
        "bias_before_batch_norm",
        "The first convolution keeps its bias although BatchNorm follows.",
        replace="nn.Conv2d(in_channels, out_channels, 3, stride, padding=1, bias=False)",
        by="nn.Conv2d(in_channels, out_channels, 3, stride, padding=1)",
        fails="resnet.parameter_count.ResidualBlock",
        message="parameters.too_many",
    ),
    Mutant(
        "batch_norm_defaults_changed",
        "BatchNorm has another momentum than PyTorch's default.",
        replace="        self.bn2 = nn.BatchNorm2d(out_channels)\n",
        by="        self.bn2 = nn.BatchNorm2d(out_channels, momentum=0.01)\n",
        fails=BLOCK,
        message="equal.statistics",
    ),
    Mutant(
        "batch_norm_eps_changed",
        "BatchNorm has another eps than PyTorch's default.",
        replace="        self.bn2 = nn.BatchNorm2d(out_channels)\n",
        by="        self.bn2 = nn.BatchNorm2d(out_channels, eps=1e-3)\n",
        fails=BLOCK,
        message="equal.output",
    ),
    Mutant(
        "stride_in_second_convolution",
        "The second convolution carries the stride instead of the first.",
        replace="""3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(out_channels)
        self.conv2 = nn.Conv2d(out_channels, out_channels, 3, padding=1, bias=False)""",
        by="""3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(out_channels)
        self.conv2 = nn.Conv2d(out_channels, out_channels, 3, stride, padding=1, bias=False)""",
        fails=BLOCK,
        message="equal.output",
    ),
    Mutant(
        "projection_forgotten_for_stride",
        "No projection where only the stride changes the shape.",
        replace="""        self.bn2 = nn.BatchNorm2d(out_channels)
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or in_channels != out_channels:
""",
        by="""        self.bn2 = nn.BatchNorm2d(out_channels)
        self.shortcut: nn.Module = nn.Identity()
        if in_channels != out_channels:
""",
        fails="resnet.is_written.ResidualBlock",
        message="fault.error",
    ),
    Mutant(
        "shortcut_without_batch_norm",
        "The projection has no BatchNorm.",
        replace="""        self.bn2 = nn.BatchNorm2d(out_channels)
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or in_channels != out_channels:
            self.shortcut = nn.Sequential(
                nn.Conv2d(in_channels, out_channels, 1, stride, bias=False),
                nn.BatchNorm2d(out_channels),
            )
""",
        by="""        self.bn2 = nn.BatchNorm2d(out_channels)
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or in_channels != out_channels:
            self.shortcut = nn.Conv2d(in_channels, out_channels, 1, stride, bias=False)
""",
        fails="resnet.parameter_count.ResidualBlock",
        message="parameters.too_few",
    ),
    Mutant(
        "projection_always",
        "The shortcut is a projection even where the shape does not change.",
        replace="""        self.bn2 = nn.BatchNorm2d(out_channels)
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or in_channels != out_channels:
""",
        by="""        self.bn2 = nn.BatchNorm2d(out_channels)
        self.shortcut: nn.Module = nn.Identity()
        if True:
""",
        fails="resnet.parameter_count.ResidualBlock",
        message="parameters.too_many",
    ),
    Mutant(
        "bottleneck_stride_in_first",
        "The first 1x1 convolution carries the stride (the paper's own first version).",
        replace="""        self.conv1 = nn.Conv2d(in_channels, mid_channels, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(mid_channels)
        self.conv2 = nn.Conv2d(mid_channels, mid_channels, 3, stride, padding=1, bias=False)
""",
        by="""        self.conv1 = nn.Conv2d(in_channels, mid_channels, 1, stride, bias=False)
        self.bn1 = nn.BatchNorm2d(mid_channels)
        self.conv2 = nn.Conv2d(mid_channels, mid_channels, 3, padding=1, bias=False)
""",
        fails="resnet.bottleneck_block_equals_the_paper",
        message="equal.output",
    ),
    Mutant(
        "bottleneck_relu_before_sum",
        "The bottleneck has ReLU before the sum instead of after it.",
        replace=BOTTLENECK_SUM,
        by="        return torch.relu(self.bn3(self.conv3(residual))) + self.shortcut(x)\n",
        fails="resnet.bottleneck_block_equals_the_paper",
        message="equal.output",
    ),
    Mutant(
        "bottleneck_expansion",
        "The bottleneck widens to 2 instead of 4 times mid_channels.",
        replace="out_channels = 4 * mid_channels",
        by="out_channels = 2 * mid_channels",
        fails="resnet.output_shape.BottleneckBlock",
        message="shape.wrong",
    ),
    Mutant(
        "no_stem_pooling",
        "The stem has no max pooling.",
        replace="            nn.MaxPool2d(kernel_size=3, stride=2, padding=1),\n",
        by="",
        fails="resnet.network_equals_the_paper",
        message="equal.output",
    ),
    Mutant(
        "stem_relu_missing",
        "The stem has no ReLU.",
        replace="            nn.ReLU(),\n            nn.MaxPool2d(kernel_size=3",
        by="            nn.MaxPool2d(kernel_size=3",
        fails="resnet.network_equals_the_paper",
        message="equal.output",
    ),
    Mutant(
        "stages_not_halving",
        "The last three stages do not halve the maps.",
        replace="stride = 2 if stage > 0 and index == 0 else 1",
        by="stride = 1",
        fails="resnet.network_equals_the_paper",
        message="equal.output",
    ),
    Mutant(
        "max_instead_of_average",
        "Global max pooling instead of global average pooling.",
        replace="nn.AdaptiveAvgPool2d(1)",
        by="nn.AdaptiveMaxPool2d(1)",
        fails="resnet.network_equals_the_paper",
        message="equal.output",
    ),
    Mutant(
        "stage_sizes_swapped",
        "ResNet-34 has the blocks of its second and third stage swapped.",
        replace="34: (3, 4, 6, 3)",
        by="34: (3, 6, 4, 3)",
        fails="resnet.depths",
        message="parameters.too_few",
    ),
    Mutant(
        "depth_not_refused",
        "An unknown depth silently becomes 18.",
        replace='            raise ValueError(f"depth must be one of {sorted(num_blocks)}, not {depth}")',
        by="            depth = 18",
        fails="resnet.refuses.ResNet",
        message="refuses.nothing",
    ),
]
