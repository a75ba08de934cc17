"""DenseNet: typical mistakes. Text patches of densenet.py."""

from autograder.mutants import Mutant

MUTANTS = [
    Mutant(
        "layer_returns_everything",
        "DenseLayer returns its input with the new maps instead of the new maps only.",
        replace="        return new_maps\n",
        by="        return torch.cat([x, new_maps], dim=1)\n",
        fails="densenet.output_shape.DenseLayer",
        message="shape.wrong",
    ),
    Mutant(
        "bottleneck_hard_coded",
        "The factor 4 is hard-coded, the argument bottleneck is ignored.",
        replace="width = bottleneck * growth_rate",
        by="width = 4 * growth_rate",
        fails="densenet.parameter_count.DenseLayer",
        message="parameters.too_many",
    ),
    Mutant(
        "first_relu_missing",
        "No ReLU before the 1x1 convolution.",
        replace="self.conv1(torch.relu(self.bn1(x)))",
        by="self.conv1(self.bn1(x))",
        fails="densenet.dense_layer_equals_the_paper",
        message="equal.output",
    ),
    Mutant(
        "relu_before_batch_norm",
        "ReLU stands before BatchNorm.",
        replace="self.conv1(torch.relu(self.bn1(x)))",
        by="self.conv1(self.bn1(torch.relu(x)))",
        fails="densenet.dense_layer_equals_the_paper",
        message="equal.output",
    ),
    Mutant(
        "second_batch_norm_missing",
        "The second BatchNorm is made but not used.",
        replace="self.conv2(torch.relu(self.bn2(maps)))",
        by="self.conv2(torch.relu(maps))",
        fails="densenet.every_parameter_learns.DenseLayer",
        message="gradient.dead",
    ),
    Mutant(
        "no_padding",
        "The 3x3 convolution has no padding.",
        replace="kernel_size=3, padding=1, bias=False)",
        by="kernel_size=3, bias=False)",
        fails="densenet.output_shape.DenseLayer",
        message="shape.wrong",
    ),
    Mutant(
        "bias_kept",
        "The 3x3 convolution has a bias.",
        replace="kernel_size=3, padding=1, bias=False)",
        by="kernel_size=3, padding=1)",
        fails="densenet.parameter_count.DenseLayer",
        message="parameters.too_many",
    ),
    Mutant(
        "new_maps_first",
        "The new maps are put before the old ones.",
        replace="x = torch.cat([x, layer(x)], dim=1)",
        by="x = torch.cat([layer(x), x], dim=1)",
        fails="densenet.dense_block_equals_the_paper",
        message="equal.output",
    ),
    Mutant(
        "input_not_in_output",
        "The block returns only the new maps, without its input.",
        replace="        for layer in self.layers:\n            x = torch.cat([x, layer(x)], dim=1)  # growth_rate maps more\n        return x\n",
        by="        maps = x.shape[1]\n        for layer in self.layers:\n            x = torch.cat([x, layer(x)], dim=1)\n        return x[:, maps:]\n",
        fails="densenet.output_shape.DenseBlock",
        message="shape.wrong",
    ),
    Mutant(
        "layers_see_last_only",
        "Each layer sees the input and the maps of the last layer, not of all.",
        replace="        for layer in self.layers:\n            x = torch.cat([x, layer(x)], dim=1)  # growth_rate maps more\n        return x\n",
        by="""        seen = [x]
        for layer in self.layers:
            old = [x] + [torch.zeros_like(maps) for maps in seen[1:-1]] + seen[1:][-1:]
            seen.append(layer(torch.cat(old, dim=1)))
        return torch.cat(seen, dim=1)
""",
        fails="densenet.dense_block_equals_the_paper",
        message="equal.output",
    ),
    Mutant(
        "layers_in_plain_list",
        "The layers stand in a plain list, where PyTorch does not see them.",
        replace="""        self.layers = nn.ModuleList(
            DenseLayer(in_channels + index * growth_rate, growth_rate, bottleneck)
            for index in range(num_layers)
        )
""",
        by="""        self.layers = [
            DenseLayer(in_channels + index * growth_rate, growth_rate, bottleneck)
            for index in range(num_layers)
        ]
""",
        fails="densenet.parameter_count.DenseBlock",
        message="parameters.too_few",
    ),
    Mutant(
        "transition_max_pooling",
        "The transition takes the maximum instead of the average.",
        replace="nn.AvgPool2d(kernel_size=2, stride=2)",
        by="nn.MaxPool2d(kernel_size=2, stride=2)",
        fails="densenet.transition_equals_the_paper",
        message="equal.output",
    ),
    Mutant(
        "transition_convolution_first",
        "The transition is convolution, BatchNorm, ReLU.",
        replace="""        self.bn = nn.BatchNorm2d(in_channels)
        self.conv = nn.Conv2d(in_channels, out_channels, kernel_size=1, bias=False)
        self.pool = nn.AvgPool2d(kernel_size=2, stride=2)
        # END SOLUTION

    def forward(self, x: Tensor) -> Tensor:
        # TODO: (B, in_channels, H, W) -> (B, out_channels, H // 2, W // 2)
        # BEGIN SOLUTION
        maps: Tensor = self.pool(self.conv(torch.relu(self.bn(x))))
""",
        by="""        self.bn = nn.BatchNorm2d(out_channels)
        self.conv = nn.Conv2d(in_channels, out_channels, kernel_size=1, bias=False)
        self.pool = nn.AvgPool2d(kernel_size=2, stride=2)

    def forward(self, x: Tensor) -> Tensor:
        maps: Tensor = self.pool(torch.relu(self.bn(self.conv(x))))
""",
        fails="densenet.parameter_count.TransitionLayer",
        message="parameters.too_few",
    ),
    Mutant(
        "no_compression",
        "The transitions keep the number of maps.",
        replace="""                blocks.append(TransitionLayer(maps, maps // 2))
                maps = maps // 2
""",
        by="                blocks.append(TransitionLayer(maps, maps))\n",
        fails="densenet.parameter_count.DenseNet",
        message="parameters.too_many",
    ),
    Mutant(
        "last_relu_missing",
        "No ReLU after the last BatchNorm.",
        replace="torch.relu(self.bn(self.blocks(self.stem(x))))",
        by="self.bn(self.blocks(self.stem(x)))",
        fails="densenet.network_equals_the_paper",
        message="equal.output",
    ),
    Mutant(
        "stem_width",
        "The stem has 64 maps whatever the growth rate.",
        replace="maps = 2 * growth_rate\n",
        by="maps = 64\n",
        fails="densenet.parameter_count.DenseNet",
        message="parameters.too_many",
    ),
    Mutant(
        "depth_not_refused",
        "An unknown depth silently becomes 121.",
        replace='            raise ValueError(f"depth must be one of {sorted(num_layers)}, not {depth}")',
        by="            depth = 121",
        fails="densenet.refuses.DenseNet",
        message="refuses.nothing",
    ),
]
