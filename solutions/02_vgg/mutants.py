"""VGG: the accepted variant, and typical mistakes. Text patches of vgg.py."""

from autograder.mutants import Accepted, Mutant

ACCEPTED = [
    Accepted(
        "no_bias_before_batch_norm",
        replace="nn.Conv2d(maps, out_channels, kernel_size=3, padding=1)",
        by="nn.Conv2d(maps, out_channels, kernel_size=3, padding=1, bias=not batch_norm)",
    ),
]

MUTANTS = [
    Mutant(
        "no_padding",
        "The convolutions have no padding, so the maps shrink.",
        replace="kernel_size=3, padding=1)",
        by="kernel_size=3)",
        fails="vgg.output_shape.VGGBlock",
        message="shape.wrong",
    ),
    Mutant(
        "no_pooling",
        "The block does not end with max pooling.",
        replace="        layers.append(nn.MaxPool2d(kernel_size=2, stride=2))\n",
        by="",
        fails="vgg.output_shape.VGGBlock",
        message="shape.wrong",
    ),
    Mutant(
        "average_pooling",
        "The block averages instead of taking the maximum.",
        replace="nn.MaxPool2d(kernel_size=2, stride=2)",
        by="nn.AvgPool2d(kernel_size=2, stride=2)",
        fails="vgg.block_without_batch_norm",
        message="equal.output",
    ),
    Mutant(
        "relu_missing",
        "No ReLU between the convolutions.",
        replace="            layers.append(nn.ReLU())\n",
        by="",
        fails="vgg.block_without_batch_norm",
        message="equal.output",
    ),
    Mutant(
        "one_relu",
        "ReLU only once, before the pooling.",
        replace="            layers.append(nn.ReLU())\n",
        by="        layers.append(nn.ReLU())\n",
        fails="vgg.block_with_batch_norm",
        message="equal.output",
    ),
    Mutant(
        "batch_norm_after_relu",
        "BatchNorm stands after ReLU.",
        replace="""            if batch_norm:
                layers.append(nn.BatchNorm2d(out_channels))
            layers.append(nn.ReLU())
""",
        by="""            layers.append(nn.ReLU())
            if batch_norm:
                layers.append(nn.BatchNorm2d(out_channels))
""",
        fails="vgg.block_with_batch_norm",
        message="equal.output",
    ),
    Mutant(
        "batch_norm_always",
        "BatchNorm is there even with batch_norm=False.",
        replace="            if batch_norm:\n                layers",
        by="            if True:\n                layers",
        fails="vgg.parameter_count.VGGBlock",
        message="parameters.too_many",
    ),
    Mutant(
        "no_bias",
        "The convolutions have no bias even without BatchNorm.",
        replace="kernel_size=3, padding=1)",
        by="kernel_size=3, padding=1, bias=False)",
        fails="vgg.parameter_count.VGGBlock",
        message="parameters.too_few",
    ),
    Mutant(
        "plain_list",
        "The layers stand in a plain list, where PyTorch does not see them.",
        replace="""        self.layers = nn.Sequential(*layers)
        # END SOLUTION

    def forward(self, x: Tensor) -> Tensor:
        # TODO: (B, in_channels, H, W) -> (B, out_channels, H // 2, W // 2)
        # BEGIN SOLUTION
        maps: Tensor = self.layers(x)  # (B, out_channels, H // 2, W // 2)
""",
        by="""        self.layers = layers

    def forward(self, x: Tensor) -> Tensor:
        maps = x
        for layer in self.layers:
            maps = layer(maps)
""",
        fails="vgg.parameter_count.VGGBlock",
        message="parameters.too_few",
    ),
    Mutant(
        "dropout_missing",
        "The network has only one dropout.",
        replace="            nn.Dropout(dropout),\n            nn.Linear(4096, num_classes)",
        by="            nn.Linear(4096, num_classes)",
        fails="vgg.network_with_batch_norm",
        message="equal.output",
    ),
    Mutant(
        "softmax_on_logits",
        "The network ends with softmax instead of logits.",
        replace="        return logits\n",
        by="        return logits.softmax(dim=1)\n",
        fails="vgg.network_without_batch_norm",
        message="equal.output",
    ),
    Mutant(
        "depth_16_as_c",
        "VGG-16 has only two convolutions in the last block.",
        replace="16: (2, 2, 3, 3, 3)",
        by="16: (2, 2, 3, 3, 2)",
        fails="vgg.depths",
        message="parameters.too_few",
    ),
    Mutant(
        "depth_not_refused",
        "An unknown depth silently becomes 16.",
        replace='            raise ValueError(f"depth must be one of {sorted(num_convs)}, not {depth}")',
        by="            depth = 16",
        fails="vgg.refuses.VGG",
        message="refuses.nothing",
    ),
    Mutant(
        "batch_norm_not_passed_on",
        "The network does not tell its blocks whether to use BatchNorm.",
        replace="VGGBlock(in_channels, out_channels, count, batch_norm)",
        by="VGGBlock(in_channels, out_channels, count)",
        fails="vgg.parameter_count.VGG",
        message="parameters.too_many",
    ),
]
