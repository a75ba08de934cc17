"""AlexNet: the accepted variant, and typical mistakes. Text patches of alexnet.py."""

from autograder.mutants import Accepted, Mutant

ACCEPTED = [
    Accepted(
        "batch_norm_after_relu",
        replace="""            nn.BatchNorm2d(96),
            nn.ReLU(),
            nn.MaxPool2d(kernel_size=3, stride=2),  # (B, 96, 27, 27)
            nn.Conv2d(96, 256, kernel_size=5, padding=2),  # (B, 256, 27, 27)
            nn.BatchNorm2d(256),
            nn.ReLU(),
""",
        by="""            nn.ReLU(),
            nn.BatchNorm2d(96),
            nn.MaxPool2d(kernel_size=3, stride=2),  # (B, 96, 27, 27)
            nn.Conv2d(96, 256, kernel_size=5, padding=2),  # (B, 256, 27, 27)
            nn.ReLU(),
            nn.BatchNorm2d(256),
""",
    ),
]

MUTANTS = [
    Mutant(
        "dropout_before_linear",
        "Dropout stands before the fully connected layers, as in torchvision.",
        replace="""            nn.Linear(256 * 6 * 6, 4096),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(4096, 4096),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(4096, num_classes),
""",
        by="""            nn.Dropout(dropout),
            nn.Linear(256 * 6 * 6, 4096),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(4096, 4096),
            nn.ReLU(),
            nn.Linear(4096, num_classes),
""",
        fails="alexnet.trains_as_the_lesson",
        message="equal.output",
    ),
    Mutant(
        "second_dropout_missing",
        "Only one of the two dropouts is there.",
        replace="""            nn.Dropout(dropout),
            nn.Linear(4096, num_classes),
""",
        by="""            nn.Linear(4096, num_classes),
""",
        fails="alexnet.trains_as_the_lesson",
        message="equal.output",
    ),
    Mutant(
        "dropout_in_eval",
        "F.dropout is called without training=self.training and stays on in eval mode.",
        replace="self.classifier(torch.flatten(maps, 1))",
        by="self.classifier(nn.functional.dropout(torch.flatten(maps, 1)))",
        fails="alexnet.equals_the_lesson",
        message="equal.output",
    ),
    Mutant(
        "softmax_on_logits",
        "The network ends with softmax instead of logits.",
        replace="        return logits\n",
        by="        return logits.softmax(dim=1)\n",
        fails="alexnet.equals_the_lesson",
        message="equal.output",
    ),
    Mutant(
        "relu_on_logits",
        "ReLU follows the last fully connected layer.",
        replace="            nn.Linear(4096, num_classes),\n",
        by="            nn.Linear(4096, num_classes),\n            nn.ReLU(),\n",
        fails="alexnet.equals_the_lesson",
        message="equal.output",
    ),
    Mutant(
        "no_batch_norm",
        "The first layer has no BatchNorm.",
        replace="            nn.BatchNorm2d(96),\n",
        by="",
        fails="alexnet.parameters",
        message="parameters.too_few",
    ),
    Mutant(
        "batch_norm_everywhere",
        "The third convolution has a BatchNorm too.",
        replace="nn.Conv2d(256, 384, kernel_size=3, padding=1),",
        by="nn.Conv2d(256, 384, kernel_size=3, padding=1), nn.BatchNorm2d(384),",
        fails="alexnet.parameters",
        message="parameters.too_many",
    ),
    Mutant(
        "batch_norm_after_pooling",
        "BatchNorm stands after the pooling of its layer.",
        replace="""            nn.BatchNorm2d(96),
            nn.ReLU(),
            nn.MaxPool2d(kernel_size=3, stride=2),  # (B, 96, 27, 27)
""",
        by="""            nn.ReLU(),
            nn.MaxPool2d(kernel_size=3, stride=2),  # (B, 96, 27, 27)
            nn.BatchNorm2d(96),
""",
        fails="alexnet.equals_the_lesson",
        message="equal.output",
    ),
    Mutant(
        "padding_in_first_convolution",
        "The first convolution has padding 2, as for pictures of 224x224.",
        replace="nn.Conv2d(3, 96, kernel_size=11, stride=4)",
        by="nn.Conv2d(3, 96, kernel_size=11, stride=4, padding=2)",
        fails="alexnet.activation_maps",
        message="maps.size",
    ),
    Mutant(
        "pooling_2x2",
        "The last max pooling is 2x2 instead of 3x3: the sizes stay, the maps do not.",
        replace="nn.MaxPool2d(kernel_size=3, stride=2),  # (B, 256, 6, 6)",
        by="nn.MaxPool2d(kernel_size=2, stride=2),",
        fails="alexnet.equals_the_lesson",
        message="equal.output",
    ),
    Mutant(
        "narrow_first_layer",
        "The first convolution has 64 maps, as in torchvision.",
        replace="""            nn.Conv2d(3, 96, kernel_size=11, stride=4),  # (B, 96, 55, 55)
            nn.BatchNorm2d(96),
            nn.ReLU(),
            nn.MaxPool2d(kernel_size=3, stride=2),  # (B, 96, 27, 27)
            nn.Conv2d(96, 256,""",
        by="""            nn.Conv2d(3, 64, kernel_size=11, stride=4),
            nn.BatchNorm2d(64),
            nn.ReLU(),
            nn.MaxPool2d(kernel_size=3, stride=2),
            nn.Conv2d(64, 256,""",
        fails="alexnet.activation_maps",
        message="maps.size",
    ),
    Mutant(
        "features_detached",
        "The maps are detached, so that the convolutions do not learn.",
        replace="self.features(x)  #",
        by="self.features(x).detach()  #",
        fails="alexnet.every_parameter_learns.AlexNet",
        message="gradient.dead",
    ),
]
