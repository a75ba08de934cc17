"""DenseNet: typical mistakes. Text patches of densenet.py."""

from autograder.course.mutants import Mutant, edited

LAYER_LAYERS = """        width = bottleneck * growth_rate
        self.bn1 = nn.BatchNorm2d(in_channels)
        self.conv1 = nn.Conv2d(in_channels, width, kernel_size=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, growth_rate, kernel_size=3, padding=1, bias=False)
"""
LAYER_FORWARD = """        maps = self.conv1(torch.relu(self.bn1(x)))  # (B, bottleneck * growth_rate, H, W)
        new_maps: Tensor = self.conv2(torch.relu(self.bn2(maps)))  # (B, growth_rate, H, W)
        return new_maps
"""
LAYER = f"""{LAYER_LAYERS}        # END SOLUTION

    def forward(self, x: Tensor) -> Tensor:
        # TODO: (B, in_channels, H, W) -> (B, growth_rate, H, W)
        # BEGIN SOLUTION
{LAYER_FORWARD}"""

BLOCK_LAYERS = """        self.layers = nn.ModuleList(
            DenseLayer(in_channels + index * growth_rate, growth_rate, bottleneck)
            for index in range(num_layers)
        )
"""
BLOCK_FORWARD = """        for layer in self.layers:
            x = torch.cat([x, layer(x)], dim=1)  # growth_rate maps more
        return x
"""
BLOCK = f"""{BLOCK_LAYERS}        # END SOLUTION

    def forward(self, x: Tensor) -> Tensor:
        # TODO: concatenate, do not add
        # BEGIN SOLUTION
{BLOCK_FORWARD}"""

TRANSITION_LAYERS = """        self.bn = nn.BatchNorm2d(in_channels)
        self.conv = nn.Conv2d(in_channels, out_channels, kernel_size=1, bias=False)
        self.pool = nn.AvgPool2d(kernel_size=2, stride=2)
"""
TRANSITION_FORWARD = "        maps: Tensor = self.pool(self.conv(torch.relu(self.bn(x))))\n"
TRANSITION = f"""{TRANSITION_LAYERS}        # END SOLUTION

    def forward(self, x: Tensor) -> Tensor:
        # TODO: (B, in_channels, H, W) -> (B, out_channels, H // 2, W // 2)
        # BEGIN SOLUTION
{TRANSITION_FORWARD}"""

STEM = """            nn.Conv2d(3, maps, kernel_size=7, stride=2, padding=3, bias=False),
            nn.BatchNorm2d(maps),
            nn.ReLU(),
            nn.MaxPool2d(kernel_size=3, stride=2, padding=1),
"""
BLOCKS = """            if index > 0:
                blocks.append(TransitionLayer(maps, maps // 2))
                maps = maps // 2
            blocks.append(DenseBlock(maps, count, growth_rate))
            maps += count * growth_rate
"""
LAST = """        self.bn = nn.BatchNorm2d(maps)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.classifier = nn.Linear(maps, num_classes)
        # END SOLUTION

    def forward(self, x: Tensor) -> Tensor:
        # TODO: images (B, 3, H, W) -> logits (B, num_classes)
        # BEGIN SOLUTION
        maps = torch.relu(self.bn(self.blocks(self.stem(x))))  # (B, maps, H / 32, W / 32)
"""
HEAD = """        logits: Tensor = self.classifier(torch.flatten(self.pool(maps), 1))  # (B, num_classes)
        return logits
"""
NEW = "self.conv2(torch.relu(self.bn2(maps)))"
FIRST = "self.conv1(torch.relu(self.bn1(x)))"
THREE = "kernel_size=3, padding=1, bias=False)"

EQUAL_LAYER = "densenet.dense_layer_equals_the_paper"
EQUAL_BLOCK = "densenet.dense_block_equals_the_paper"
EQUAL_TRANSITION = "densenet.transition_equals_the_paper"
EQUAL = "densenet.network_equals_the_paper"
LAYER_COUNT = "densenet.parameter_count.DenseLayer"
NET_COUNT = "densenet.parameter_count.DenseNet"

DENSE_LAYER = [
    Mutant(
        "layer_returns_everything",
        "DenseLayer returns its input together with the new maps instead of the new maps only.",
        hint="torchvision and many others join the maps in the block, some in the layer; the lesson asks for the block. How many maps should come out of the layer for growth_rate=3?",
        ru=(
            "DenseLayer возвращает вход вместе с новыми картами, а не только новые карты.",
            "Одни соединяют карты в блоке, другие прямо в слое; урок просит делать это в блоке. Сколько карт должно выйти из слоя при growth_rate=3?",
        ),
        idea="new_maps",
        replace="        return new_maps\n",
        by="        return torch.cat([x, new_maps], dim=1)\n",
        fails="densenet.output_shape.DenseLayer",
        message="shape.wrong",
        also=(("        return new_maps\n", "        return torch.cat([new_maps, x], dim=1)\n"),),
    ),
    Mutant(
        "bottleneck_hard_coded",
        "The width of the 1x1 convolution is always 4 * growth_rate: the argument bottleneck is ignored.",
        hint="Build the layer with bottleneck=2 and print the shape after the 1x1 convolution. Where is the 4 written as a number?",
        ru=(
            "Ширина свёртки 1x1 всегда 4 * growth_rate: аргумент bottleneck не используется.",
            "Создай слой с bottleneck=2 и напечатай размер после свёртки 1x1. Где четвёрка написана прямо в коде?",
        ),
        idea="arguments",
        replace="width = bottleneck * growth_rate",
        by="width = 4 * growth_rate",
        fails=LAYER_COUNT,
        message="parameters.too_many",
    ),
    Mutant(
        "width_of_layer",
        "The 1x1 convolution does not make bottleneck * growth_rate maps: its width follows from something else.",
        hint="The paper's section 3 says in 'Bottleneck layers' how many maps the 1x1 convolution produces. Does that number depend on in_channels?",
        ru=(
            "Свёртка 1x1 делает не bottleneck * growth_rate карт: её ширина взята из чего-то другого.",
            "В разделе 3 статьи, в абзаце «Bottleneck layers», сказано, сколько карт делает свёртка 1x1. Зависит ли это число от in_channels?",
        ),
        idea="layer_sizes",
        replace="width = bottleneck * growth_rate",
        by="width = bottleneck * in_channels",
        fails=LAYER_COUNT,
        message="parameters.too_many",
        also=(
            ("width = bottleneck * growth_rate", "width = growth_rate"),
            ("width = bottleneck * growth_rate", "width = in_channels"),
            ("width = bottleneck * growth_rate", "width = in_channels // bottleneck"),
        ),
    ),
    Mutant(
        "no_bottleneck",
        "The layer is only BatchNorm, ReLU and the 3x3 convolution: the 1x1 bottleneck is missing.",
        hint="Count the convolutions of one layer in the paper's table 1. What is each pair in brackets?",
        ru=(
            "Слой — только BatchNorm, ReLU и свёртка 3x3, а узкого места (bottleneck) со свёрткой 1x1 нет.",
            "Сосчитай свёртки одного слоя в таблице 1 статьи. Что стоит парой в скобках?",
        ),
        idea="layer_sizes",
        replace=LAYER,
        by=edited(
            LAYER,
            ("        width = bottleneck * growth_rate\n", ""),
            ("        self.conv1 = nn.Conv2d(in_channels, width, kernel_size=1, bias=False)\n", ""),
            ("        self.bn2 = nn.BatchNorm2d(width)\n", ""),
            ("nn.Conv2d(width, growth_rate", "nn.Conv2d(in_channels, growth_rate"),
            (f"        maps = {FIRST}  # (B, bottleneck * growth_rate, H, W)\n", ""),
            (NEW, "self.conv2(torch.relu(self.bn1(x)))"),
        ),
        fails=LAYER_COUNT,
        message="parameters.too_few",
    ),
    Mutant(
        "kernels_of_layer",
        "The kernel sizes of the layer are not 1x1 first and 3x3 second.",
        hint="The 1x1 convolution makes the many maps fewer before the costly one looks at them. Which of your two convolutions is the costly one?",
        ru=(
            "Ядра в слое не такие: должна быть сначала свёртка 1x1, потом 3x3.",
            "Свёртка 1x1 сокращает число карт, прежде чем на них посмотрит дорогая свёртка. Какая из твоих двух свёрток дорогая?",
        ),
        idea="layer_sizes",
        replace=LAYER_LAYERS,
        by=edited(
            LAYER_LAYERS,
            ("kernel_size=3, padding=1", "kernel_size=1"),
            ("width, kernel_size=1", "width, kernel_size=3, padding=1"),
        ),
        fails=LAYER_COUNT,
        message="parameters.too_many",
        also=(
            (
                LAYER_LAYERS,
                edited(LAYER_LAYERS, ("width, kernel_size=1", "width, kernel_size=3, padding=1")),
            ),
            (LAYER_LAYERS, edited(LAYER_LAYERS, ("kernel_size=3, padding=1", "kernel_size=1"))),
        ),
    ),
    Mutant(
        "first_relu_missing",
        "There is no ReLU before the 1x1 convolution.",
        hint="The paper's composite function has three parts, in the order of section 3. Which of them reach your 1x1 convolution?",
        ru=(
            "Перед свёрткой 1x1 нет ReLU.",
            "Составная функция в разделе 3 статьи состоит из трёх частей. Какие из них у тебя стоят перед свёрткой 1x1?",
        ),
        idea="nonlinearity",
        replace=FIRST,
        by="self.conv1(self.bn1(x))",
        fails=EQUAL_LAYER,
        message="equal.output",
    ),
    Mutant(
        "second_relu_missing",
        "There is no ReLU before the 3x3 convolution.",
        hint="Print the smallest value that enters the 3x3 convolution. What should have happened to the negative ones?",
        ru=(
            "Перед свёрткой 3x3 нет ReLU.",
            "Напечатай наименьшее значение, которое входит в свёртку 3x3. Что должно было случиться с отрицательными?",
        ),
        idea="nonlinearity",
        replace=NEW,
        by="self.conv2(self.bn2(maps))",
        fails=EQUAL_LAYER,
        message="equal.output",
    ),
    Mutant(
        "no_relu_in_layer",
        "The layer has no ReLU at all.",
        hint="Without anything non-linear the two convolutions are one. What stands between BatchNorm and convolution in section 3 of the paper?",
        ru=(
            "В слое вообще нет ReLU.",
            "Без нелинейности две свёртки равны одной. Что в разделе 3 статьи стоит между BatchNorm и свёрткой?",
        ),
        idea="nonlinearity",
        replace=LAYER_FORWARD,
        by=edited(
            LAYER_FORWARD, (FIRST, "self.conv1(self.bn1(x))"), (NEW, "self.conv2(self.bn2(maps))")
        ),
        fails=EQUAL_LAYER,
        message="equal.output",
    ),
    Mutant(
        "extra_relu_in_layer",
        "The new maps go through one more ReLU after the 3x3 convolution.",
        hint="The next layer begins with BatchNorm and ReLU of its own. What is lost when the new maps lose their negative values before that?",
        ru=(
            "После свёртки 3x3 новые карты проходят через ещё одну ReLU.",
            "Следующий слой и так начинается с BatchNorm и ReLU. Что пропадёт, если новые карты потеряют отрицательные значения ещё до этого?",
        ),
        idea="pre_activation",
        replace="        return new_maps\n",
        by="        return torch.relu(new_maps)\n",
        fails=EQUAL_LAYER,
        message="equal.output",
    ),
    Mutant(
        "relu_before_batch_norm",
        "In the layer ReLU stands before BatchNorm.",
        hint="The order in the paper's section 3 is a sentence of three words. Compare it with yours, from the input on.",
        ru=(
            "В слое ReLU стоит раньше BatchNorm.",
            "Порядок в разделе 3 статьи задан одной фразой из трёх слов. Сверь её со своим порядком, начиная от входа.",
        ),
        idea="pre_activation",
        replace=FIRST,
        by="self.conv1(self.bn1(torch.relu(x)))",
        fails=EQUAL_LAYER,
        message="equal.output",
        also=(
            (NEW, "self.conv2(self.bn2(torch.relu(maps)))"),
            (
                LAYER_FORWARD,
                edited(
                    LAYER_FORWARD,
                    (FIRST, "self.conv1(self.bn1(torch.relu(x)))"),
                    (NEW, "self.conv2(self.bn2(torch.relu(maps)))"),
                ),
            ),
        ),
    ),
    Mutant(
        "convolution_first_in_layer",
        "The layer is written as convolution, BatchNorm, ReLU, as in ResNet.",
        hint="In DenseNet the convolution comes last, so that every layer normalises the joined maps for itself. How many maps should the first BatchNorm have?",
        ru=(
            "Слой записан как свёртка, BatchNorm, ReLU, то есть как в ResNet.",
            "В DenseNet свёртка стоит последней: каждый слой сам нормирует соединённые карты. Сколько карт должно быть у первого BatchNorm?",
        ),
        idea="pre_activation",
        replace=LAYER,
        by=edited(
            LAYER,
            ("self.bn1 = nn.BatchNorm2d(in_channels)", "self.bn1 = nn.BatchNorm2d(width)"),
            ("self.bn2 = nn.BatchNorm2d(width)", "self.bn2 = nn.BatchNorm2d(growth_rate)"),
            (FIRST, "torch.relu(self.bn1(self.conv1(x)))"),
            (NEW, "torch.relu(self.bn2(self.conv2(maps)))"),
        ),
        fails=EQUAL_LAYER,
        message="equal.weights",
        also=(
            (
                LAYER,
                edited(
                    LAYER,
                    ("self.bn1 = nn.BatchNorm2d(in_channels)", "self.bn1 = nn.BatchNorm2d(width)"),
                    ("self.bn2 = nn.BatchNorm2d(width)", "self.bn2 = nn.BatchNorm2d(growth_rate)"),
                    (FIRST, "torch.relu(self.bn1(self.conv1(x)))"),
                    (NEW, "self.bn2(self.conv2(maps))"),
                ),
            ),
        ),
    ),
    Mutant(
        "batch_norm_missing_in_layer",
        "A BatchNorm of the layer is not applied.",
        hint="Two convolutions, and before each of them BatchNorm and ReLU. Print which BatchNorm weights get a gradient, and count the parameters.",
        ru=(
            "Один из BatchNorm слоя не применяется.",
            "Свёрток две, и перед каждой стоят BatchNorm и ReLU. Напечатай, какие веса BatchNorm получают градиент, и посчитай параметры.",
        ),
        idea="batch_norm_place",
        replace=NEW,
        by="self.conv2(torch.relu(maps))",
        fails=EQUAL_LAYER,
        message="equal.output",
        also=(
            (FIRST, "self.conv1(torch.relu(x))"),
            (
                LAYER,
                edited(
                    LAYER,
                    ("        self.bn2 = nn.BatchNorm2d(width)\n", ""),
                    (NEW, "self.conv2(torch.relu(maps))"),
                ),
            ),
            (
                LAYER,
                edited(
                    LAYER,
                    ("        self.bn1 = nn.BatchNorm2d(in_channels)\n", ""),
                    (FIRST, "self.conv1(torch.relu(x))"),
                ),
            ),
            (
                LAYER,
                edited(
                    LAYER,
                    ("        self.bn1 = nn.BatchNorm2d(in_channels)\n", ""),
                    (FIRST, "self.conv1(torch.relu(x))"),
                    ("        self.bn2 = nn.BatchNorm2d(width)\n", ""),
                    (NEW, "self.conv2(torch.relu(maps))"),
                ),
            ),
        ),
    ),
    Mutant(
        "no_padding",
        "The 3x3 convolution has no padding, so the new maps are smaller than the old ones.",
        hint="The block will join old and new maps side by side. Which sizes must agree for that, and what does a 3x3 convolution do to the size?",
        ru=(
            "У свёртки 3x3 нет паддинга, и новые карты меньше старых.",
            "Блок соединит старые и новые карты. Какие размеры для этого должны совпадать и что делает с размером свёртка 3x3?",
        ),
        idea="padding",
        lesson="skip_connection",
        replace=THREE,
        by="kernel_size=3, bias=False)",
        fails="densenet.output_shape.DenseLayer",
        message="shape.wrong",
        also=(
            (
                LAYER_LAYERS,
                edited(LAYER_LAYERS, ("width, kernel_size=1", "width, kernel_size=1, padding=1")),
            ),
        ),
    ),
    Mutant(
        "bias_kept",
        "A convolution of the layer has a bias.",
        hint="By how much is the parameter count too high? In DenseNet every convolution's maps go through a BatchNorm later; what remains of a constant there?",
        ru=(
            "У свёртки слоя есть смещение (bias).",
            "На сколько больше параметров, чем нужно? В DenseNet карты каждой свёртки потом проходят через BatchNorm; что там останется от константы?",
        ),
        idea="bias_before_batch_norm",
        lesson="recap",
        replace=THREE,
        by="kernel_size=3, padding=1)",
        fails=LAYER_COUNT,
        message="parameters.too_many",
        also=(
            (LAYER_LAYERS, edited(LAYER_LAYERS, ("kernel_size=1, bias=False)", "kernel_size=1)"))),
            (LAYER_LAYERS, LAYER_LAYERS.replace(", bias=False", "")),
        ),
    ),
    Mutant(
        "dropout_in_layer",
        "There is a dropout in the layer.",
        hint="The paper uses dropout only for small data sets without augmentation; the lesson's DenseNet has none. Call the layer twice in train mode and compare.",
        ru=(
            "В слое есть dropout.",
            "В статье dropout нужен только для маленьких наборов данных без аугментации; в DenseNet из урока его нет. Вызови слой дважды в режиме train и сравни.",
        ),
        idea="dropout_place",
        replace="        return new_maps\n",
        by="        return nn.functional.dropout(new_maps, 0.2, self.training)\n",
        fails=EQUAL_LAYER,
        message="equal.output",
        also=tuple(
            (
                "        return new_maps\n",
                f"        return nn.functional.dropout(new_maps, {rate}, self.training)\n",
            )
            for rate in (0.1, 0.3, 0.5)
        ),
    ),
    Mutant(
        "batch_norm_settings",
        "BatchNorm has another eps or momentum than PyTorch's defaults.",
        hint="Print one of your BatchNorms and a fresh BatchNorm2d side by side. The task asks for PyTorch's own settings.",
        ru=(
            "У BatchNorm другие eps или momentum, не те, что в PyTorch по умолчанию.",
            "Напечатай рядом свой BatchNorm и обычный BatchNorm2d. В задании нужны настройки PyTorch по умолчанию.",
        ),
        idea="batch_norm_settings",
        lesson="recap",
        replace=LAYER_LAYERS,
        by=LAYER_LAYERS.replace("m2d(in_channels)", "m2d(in_channels, eps=1e-3)").replace(
            "m2d(width)", "m2d(width, eps=1e-3)"
        ),
        fails=EQUAL_LAYER,
        message="equal.output",
        also=tuple(
            (
                LAYER_LAYERS,
                LAYER_LAYERS.replace("m2d(in_channels)", f"m2d(in_channels, {other})").replace(
                    "m2d(width)", f"m2d(width, {other})"
                ),
            )
            for other in (
                "eps=1e-4",
                "momentum=0.01",
                "momentum=0.9",
                "momentum=0.99",
                "eps=1e-3, momentum=0.01",
            )
        ),
    ),
    Mutant(
        "layer_detached",
        "The layer cuts its input or its new maps off from the graph (detach, .data or no_grad).",
        hint="DenseNet is built so that the gradient reaches every layer directly. After backward(), does the layer's input get a gradient?",
        ru=(
            "Слой отрезает вход или новые карты от графа (detach, .data или no_grad).",
            "DenseNet устроена так, чтобы градиент доходил до каждого слоя напрямую. Получает ли вход слоя градиент после backward()?",
        ),
        idea="gradient_path",
        lesson="vanishing_gradients",
        replace=FIRST,
        by="self.conv1(torch.relu(self.bn1(x.detach())))",
        fails=EQUAL_LAYER,
        message="equal.input_gradient",
        also=(
            ("        return new_maps\n", "        return new_maps.detach()\n"),
            (NEW, "self.conv2(torch.relu(self.bn2(maps.detach())))"),
        ),
    ),
]

DENSE_BLOCK = [
    Mutant(
        "new_maps_first",
        "The block puts the new maps before the old ones.",
        hint="The order of maps is part of the promise: what comes first in the docstring? Compare the first channels of the output with the input.",
        ru=(
            "Блок ставит новые карты перед старыми.",
            "Порядок карт — часть задания: что, судя по описанию, идёт первым? Сравни первые каналы выхода со входом.",
        ),
        idea="concat_order",
        replace="x = torch.cat([x, layer(x)], dim=1)",
        by="x = torch.cat([layer(x), x], dim=1)",
        fails=EQUAL_BLOCK,
        message="equal.output",
    ),
    Mutant(
        "new_maps_in_reverse",
        "Inside the block the maps stand in another order: the layers' new maps are reversed or the input is at the end.",
        hint="Number the maps by the layer that made them and print the order in which your block joins them.",
        ru=(
            "Внутри блока карты идут в другом порядке: новые карты слоёв перевёрнуты или вход стоит в конце.",
            "Пронумеруй карты по слоям, которые их сделали, и напечатай порядок, в котором их соединяет блок.",
        ),
        idea="concat_order",
        replace=BLOCK_FORWARD,
        by="""        seen = [x]
        for layer in self.layers:
            seen.append(layer(torch.cat(seen, dim=1)))
        return torch.cat([seen[0], *reversed(seen[1:])], dim=1)
""",
        fails=EQUAL_BLOCK,
        message="equal.output",
        also=(
            (
                BLOCK_FORWARD,
                """        seen = [x]
        for layer in self.layers:
            seen.append(layer(torch.cat(seen, dim=1)))
        return torch.cat([*seen[1:], seen[0]], dim=1)
""",
            ),
            (
                BLOCK_FORWARD,
                """        seen = [x]
        for layer in self.layers:
            seen.append(layer(torch.cat(seen, dim=1)))
        return torch.cat(seen[::-1], dim=1)
""",
            ),
            (
                BLOCK_FORWARD,
                """        start, new = x, x[:, :0]
        for layer in self.layers:
            new = torch.cat([new, layer(torch.cat([new, start], dim=1))], dim=1)
        return torch.cat([start, new], dim=1)
""",
            ),
        ),
    ),
    Mutant(
        "input_not_in_output",
        "The block returns only the new maps, without its input.",
        hint="Add up the promise: in_channels + num_layers * growth_rate maps. Which of the two terms is missing in your output?",
        ru=(
            "Блок возвращает только новые карты, без входа.",
            "В задании обещано in_channels + num_layers * growth_rate карт. Какого из двух слагаемых нет в твоём выходе?",
        ),
        idea="new_maps",
        replace=BLOCK_FORWARD,
        by="""        maps = x.shape[1]
        for layer in self.layers:
            x = torch.cat([x, layer(x)], dim=1)
        return x[:, maps:]
""",
        fails="densenet.output_shape.DenseBlock",
        message="shape.wrong",
    ),
    Mutant(
        "last_maps_only",
        "The block returns only the maps of its last layer.",
        hint="Everything a block has seen goes on to the transition. How many maps should that be, and how many do you return?",
        ru=(
            "Блок возвращает только карты последнего слоя.",
            "Дальше, в переход (transition), идёт всё, что накопил блок. Сколько это карт и сколько возвращаешь ты?",
        ),
        idea="new_maps",
        replace=BLOCK_FORWARD,
        by="""        new = x
        for layer in self.layers:
            new = layer(x)
            x = torch.cat([x, new], dim=1)
        return new
""",
        fails="densenet.output_shape.DenseBlock",
        message="shape.wrong",
    ),
    Mutant(
        "last_layer_forgotten",
        "The maps of the last layer are not in the output: they are not made or not joined.",
        hint="Count the concatenations of your forward for num_layers=3. How many new groups of maps come out?",
        ru=(
            "На выходе нет карт последнего слоя: он не создан или его карты не присоединены.",
            "Сосчитай конкатенации в forward при num_layers=3. Сколько групп новых карт выходит из блока?",
        ),
        idea="new_maps",
        replace=BLOCK_FORWARD,
        by=edited(BLOCK_FORWARD, ("in self.layers", "in self.layers[:-1]")),
        fails="densenet.output_shape.DenseBlock",
        message="shape.wrong",
        also=(
            (BLOCK_LAYERS, edited(BLOCK_LAYERS, ("range(num_layers)", "range(num_layers - 1)"))),
        ),
    ),
    Mutant(
        "one_layer_too_many",
        "The block has one layer more than num_layers.",
        hint="Print the number of maps that come out and compare it with in_channels + num_layers * growth_rate. By how much is it too high?",
        ru=(
            "В блоке на один слой больше, чем num_layers.",
            "Напечатай число карт на выходе и сравни с in_channels + num_layers * growth_rate. На сколько оно больше?",
        ),
        idea="new_maps",
        replace=BLOCK_LAYERS,
        by=edited(BLOCK_LAYERS, ("range(num_layers)", "range(num_layers + 1)")),
        fails="densenet.output_shape.DenseBlock",
        message="shape.wrong",
    ),
    Mutant(
        "layers_see_last_only",
        "A layer does not see all maps before it, only the input and the maps of the last layer.",
        hint="In the paper's figure 1, how many arrows enter the fourth layer? Which of them are zero or absent in your block?",
        ru=(
            "Слой видит не все карты до него, а только вход и карты последнего слоя.",
            "Сколько стрелок входит в четвёртый слой на рисунке 1 статьи? Каких из них нет в твоём блоке?",
        ),
        idea="new_maps",
        replace=BLOCK_FORWARD,
        by="""        seen = [x]
        for layer in self.layers:
            old = [x] + [torch.zeros_like(maps) for maps in seen[1:-1]] + seen[1:][-1:]
            seen.append(layer(torch.cat(old, dim=1)))
        return torch.cat(seen, dim=1)
""",
        fails=EQUAL_BLOCK,
        message="equal.output",
    ),
    Mutant(
        "layers_see_input_only",
        "Every layer of the block sees only the block's input, not the maps of the layers before it.",
        hint="Print in_channels of every layer: should all be equal? Follow the arrows between the layers in the paper's figure 1.",
        ru=(
            "Каждый слой блока видит только вход блока, а карт предыдущих слоёв не видит.",
            "Напечатай in_channels каждого слоя: должны ли они быть одинаковыми? Проследи стрелки между слоями на рисунке 1 статьи.",
        ),
        idea="new_maps",
        replace=BLOCK,
        by=edited(
            BLOCK,
            ("in_channels + index * growth_rate, growth_rate", "in_channels, growth_rate"),
            (
                BLOCK_FORWARD,
                "        return torch.cat([x, *(layer(x) for layer in self.layers)], dim=1)\n",
            ),
        ),
        fails="densenet.parameter_count.DenseBlock",
        message="parameters.too_few",
    ),
    Mutant(
        "layers_in_a_chain",
        "The layers stand in a chain: each one sees only the new maps of the layer before it.",
        hint="Such a block is an ordinary network. What makes the fourth layer of the paper's figure 1 see the first layer's maps directly?",
        ru=(
            "Слои идут цепочкой: каждый видит только новые карты предыдущего.",
            "Такой блок — обычная сеть. Благодаря чему четвёртый слой на рисунке 1 статьи напрямую видит карты первого?",
        ),
        idea="new_maps",
        replace=BLOCK,
        by=edited(
            BLOCK,
            (
                "in_channels + index * growth_rate, growth_rate",
                "growth_rate if index else in_channels, growth_rate",
            ),
            (
                BLOCK_FORWARD,
                """        seen = [x]
        for layer in self.layers:
            seen.append(layer(seen[-1]))
        return torch.cat(seen, dim=1)
""",
            ),
        ),
        fails="densenet.parameter_count.DenseBlock",
        message="parameters.too_few",
        also=(
            (
                BLOCK,
                edited(
                    BLOCK,
                    (
                        "in_channels + index * growth_rate, growth_rate",
                        "growth_rate if index else in_channels, growth_rate",
                    ),
                    (
                        BLOCK_FORWARD,
                        """        new = x
        for layer in self.layers:
            new = layer(new)
        return torch.cat([x, new], dim=1)
""",
                    ),
                ),
            ),
            (
                BLOCK,
                edited(
                    BLOCK,
                    (
                        "in_channels + index * growth_rate, growth_rate",
                        "growth_rate if index else in_channels, growth_rate",
                    ),
                    (
                        BLOCK_FORWARD,
                        "        for layer in self.layers:\n            x = layer(x)\n        return x\n",
                    ),
                ),
            ),
        ),
    ),
    Mutant(
        "add_instead_of_concat",
        "The new maps are added to the old ones instead of being concatenated.",
        hint="Adding keeps the number of maps, joining lets it grow. Which one is DenseNet, according to the lesson, and which one is ResNet?",
        ru=(
            "Новые карты складываются со старыми, а не конкатенируются.",
            "При сложении число карт не меняется, при конкатенации растёт. Что из этого, по уроку, DenseNet, а что ResNet?",
        ),
        idea="add_or_concat",
        replace=BLOCK,
        by=edited(
            BLOCK,
            ("in_channels + index * growth_rate, growth_rate", "in_channels, in_channels"),
            ("torch.cat([x, layer(x)], dim=1)", "x + layer(x)"),
        ),
        fails="densenet.output_shape.DenseBlock",
        message="shape.wrong",
    ),
    Mutant(
        "maps_not_joined",
        "Old and new maps are not joined along the channels: they are added, or concatenated along another dimension.",
        hint="The shape is (B, C, H, W). Which of the four numbers should grow, and at which place does it stand when you count from zero?",
        ru=(
            "Старые и новые карты соединяются не по каналам: они складываются или конкатенируются по другому измерению.",
            "Размер — (B, C, H, W). Какое из четырёх чисел должно расти и на каком месте оно стоит, если считать с нуля?",
        ),
        idea="add_or_concat",
        replace=BLOCK_FORWARD,
        by=edited(BLOCK_FORWARD, ("dim=1", "dim=0")),
        fails="densenet.is_written.DenseBlock",
        message="fault.error",
        also=(
            (
                BLOCK_FORWARD,
                edited(BLOCK_FORWARD, ("torch.cat([x, layer(x)], dim=1)", "x + layer(x)")),
            ),
            (BLOCK_FORWARD, edited(BLOCK_FORWARD, ("dim=1", "dim=2"))),
            (BLOCK_FORWARD, edited(BLOCK_FORWARD, ("dim=1", "dim=-1"))),
        ),
    ),
    Mutant(
        "growth_miscounted",
        "The number of maps a layer expects does not grow by growth_rate from layer to layer.",
        hint="Make a table for in_channels=5 and growth_rate=3: how many maps does each layer receive? Compare it with in_channels of your layers.",
        ru=(
            "Число карт, которое ждёт слой, растёт от слоя к слою не на growth_rate.",
            "Составь таблицу для in_channels=5 и growth_rate=3: сколько карт получает каждый слой? Сравни с in_channels своих слоёв.",
        ),
        idea="new_maps",
        replace=BLOCK_LAYERS,
        by=edited(BLOCK_LAYERS, ("in_channels + index * growth_rate,", "in_channels,")),
        fails="densenet.is_written.DenseBlock",
        message="fault.error",
        also=(
            (
                BLOCK_LAYERS,
                edited(BLOCK_LAYERS, ("index * growth_rate,", "(index + 1) * growth_rate,")),
            ),
            (
                BLOCK_LAYERS,
                edited(
                    BLOCK_LAYERS,
                    ("in_channels + index * growth_rate,", "in_channels * (index + 1),"),
                ),
            ),
        ),
    ),
    Mutant(
        "bottleneck_not_passed_on",
        "The block does not pass bottleneck on to its layers.",
        hint="Build the block with bottleneck=2 and print the number of parameters. Who should hear of that argument?",
        ru=(
            "Блок не передаёт bottleneck своим слоям.",
            "Создай блок с bottleneck=2 и напечатай число параметров. Кто должен узнать об этом аргументе?",
        ),
        idea="arguments",
        replace=BLOCK_LAYERS,
        by=edited(BLOCK_LAYERS, ("growth_rate, bottleneck)", "growth_rate)")),
        fails="densenet.parameter_count.DenseBlock",
        message="parameters.too_many",
    ),
    Mutant(
        "layers_in_plain_list",
        "The layers stand in a plain Python list, where PyTorch does not see them.",
        evidence="hidden",
        hint="Print the number of parameters of the block. How does PyTorch learn that a list holds layers?",
        ru=(
            "Слои лежат в обычном списке Python, и PyTorch их не видит.",
            "Напечатай число параметров блока. Откуда PyTorch узнаёт, что в списке лежат слои?",
        ),
        idea="registered_layers",
        replace=BLOCK_LAYERS,
        by="""        self.layers = [
            DenseLayer(in_channels + index * growth_rate, growth_rate, bottleneck)
            for index in range(num_layers)
        ]
""",
        fails="densenet.parameter_count.DenseBlock",
        message="parameters.too_few",
    ),
    Mutant(
        "block_detached",
        "The block cuts maps off from the graph (detach, .data or no_grad) when it joins them.",
        hint="After backward() compare the gradient of the first layer's weights with what every later layer should send back to it.",
        ru=(
            "При соединении блок отрезает карты от графа (detach, .data или no_grad).",
            "После backward() посмотри на градиент весов первого слоя. Доходит ли до него то, что должны вернуть следующие слои?",
        ),
        idea="gradient_path",
        lesson="vanishing_gradients",
        replace=BLOCK_FORWARD,
        by=edited(BLOCK_FORWARD, ("[x, layer(x)]", "[x.detach(), layer(x)]")),
        fails=EQUAL_BLOCK,
        message="equal.input_gradient",
        also=(
            (BLOCK_FORWARD, edited(BLOCK_FORWARD, ("[x, layer(x)]", "[x, layer(x.detach())]"))),
            (BLOCK_FORWARD, edited(BLOCK_FORWARD, ("[x, layer(x)]", "[x, layer(x).detach()]"))),
        ),
    ),
]

TRANSITION_LAYER = [
    Mutant(
        "transition_max_pooling",
        "The transition pools with the maximum instead of the average.",
        hint="The transition passes on what the block has gathered. Which pooling does the paper name in 'Pooling layers', section 3?",
        ru=(
            "В переходе (transition) берётся максимум, а не среднее.",
            "Переход передаёт дальше то, что накопил блок. Какой пулинг назван в разделе 3 статьи, в абзаце «Pooling layers»?",
        ),
        idea="pooling",
        replace="nn.AvgPool2d(kernel_size=2, stride=2)",
        by="nn.MaxPool2d(kernel_size=2, stride=2)",
        fails=EQUAL_TRANSITION,
        message="equal.output",
    ),
    Mutant(
        "transition_without_pooling",
        "The transition does not halve the size: pooling is missing or keeps the size.",
        hint="Print the shape before and after. Between two dense blocks the size is halved; which layer of the transition should do that?",
        ru=(
            "Переход не уменьшает размер вдвое: пулинга нет или он сохраняет размер.",
            "Напечатай размер до и после. Между двумя плотными блоками размер уменьшается вдвое; какой слой перехода это делает?",
        ),
        idea="pooling",
        replace=TRANSITION_FORWARD,
        by=edited(
            TRANSITION_FORWARD,
            ("self.pool(self.conv(torch.relu(self.bn(x))))", "self.conv(torch.relu(self.bn(x)))"),
        ),
        fails="densenet.output_shape.TransitionLayer",
        message="shape.wrong",
        also=(
            (
                TRANSITION_LAYERS,
                edited(
                    TRANSITION_LAYERS,
                    ("kernel_size=2, stride=2", "kernel_size=3, stride=1, padding=1"),
                ),
            ),
        ),
    ),
    Mutant(
        "transition_pooling_3x3",
        "The pooling of the transition has a 3x3 window instead of 2x2.",
        hint="The size comes out right with padding, but the averages differ. Which window does table 1 state in the rows 'Transition Layer'?",
        ru=(
            "У пулинга в переходе окно 3x3, а не 2x2.",
            "С паддингом размер выходит верным, но средние другие. Какое окно указано в строках «Transition Layer» таблицы 1?",
        ),
        idea="pooling",
        replace=TRANSITION_LAYERS,
        by=edited(
            TRANSITION_LAYERS, ("kernel_size=2, stride=2", "kernel_size=3, stride=2, padding=1")
        ),
        fails="densenet.output_shape.TransitionLayer",
        message="shape.wrong",
    ),
    Mutant(
        "transition_strided",
        "The convolution of the transition carries a stride instead of the pooling.",
        hint="A 1x1 convolution with stride 2 never sees three of four pixels. What does averaging do with them?",
        ru=(
            "Размер в переходе уменьшает страйд свёртки, а не пулинг.",
            "Свёртка 1x1 со страйдом 2 не видит трёх пикселей из четырёх. Что с ними делает усреднение?",
        ),
        idea="pooling",
        replace=TRANSITION_LAYERS,
        by=edited(
            TRANSITION_LAYERS,
            ("kernel_size=1, bias", "kernel_size=1, stride=2, bias"),
            ("nn.AvgPool2d(kernel_size=2, stride=2)", "nn.Identity()"),
        ),
        fails="densenet.output_shape.TransitionLayer",
        message="shape.wrong",
    ),
    Mutant(
        "transition_convolution_first",
        "The transition is written as convolution, BatchNorm, ReLU, as in ResNet.",
        hint="How many maps has the BatchNorm of your transition: as many as come in, or as go out? Compare with the order in section 3 of the paper.",
        ru=(
            "Переход записан как свёртка, BatchNorm, ReLU, то есть как в ResNet.",
            "Сколько карт у BatchNorm в твоём переходе: сколько входит или сколько выходит? Сверь порядок с разделом 3 статьи.",
        ),
        idea="pre_activation",
        replace=TRANSITION,
        by=edited(
            TRANSITION,
            ("nn.BatchNorm2d(in_channels)", "nn.BatchNorm2d(out_channels)"),
            ("self.conv(torch.relu(self.bn(x)))", "torch.relu(self.bn(self.conv(x)))"),
        ),
        fails=EQUAL_TRANSITION,
        message="equal.weights",
        also=(
            (
                TRANSITION,
                edited(
                    TRANSITION,
                    ("nn.BatchNorm2d(in_channels)", "nn.BatchNorm2d(out_channels)"),
                    ("self.conv(torch.relu(self.bn(x)))", "self.bn(self.conv(x))"),
                ),
            ),
        ),
    ),
    Mutant(
        "transition_relu_missing",
        "The transition has no ReLU: BatchNorm is followed by the convolution at once.",
        hint="torchvision has the ReLU there, the task asks for it too. What stands between BatchNorm and convolution everywhere in DenseNet?",
        ru=(
            "В переходе нет ReLU: сразу после BatchNorm идёт свёртка.",
            "ReLU там есть и в torchvision, и в задании. Что в DenseNet всюду стоит между BatchNorm и свёрткой?",
        ),
        idea="nonlinearity",
        replace=TRANSITION_FORWARD,
        by=edited(TRANSITION_FORWARD, ("torch.relu(self.bn(x))", "self.bn(x)")),
        fails=EQUAL_TRANSITION,
        message="equal.output",
    ),
    Mutant(
        "transition_batch_norm_missing",
        "The transition has no BatchNorm, or it is made and not applied.",
        hint="Count the parameters of your transition: what besides the convolution should have weights there?",
        ru=(
            "В переходе нет BatchNorm, или он создан, но не применяется.",
            "Посчитай параметры перехода: у чего ещё, кроме свёртки, там должны быть веса?",
        ),
        idea="batch_norm_place",
        replace=TRANSITION,
        by=edited(
            TRANSITION, ("        self.bn = nn.BatchNorm2d(in_channels)\n", ""), ("self.bn(x)", "x")
        ),
        fails=EQUAL_TRANSITION,
        message="equal.weights",
        also=(
            (TRANSITION_FORWARD, edited(TRANSITION_FORWARD, ("self.bn(x)", "x"))),
            (
                TRANSITION,
                edited(
                    TRANSITION,
                    ("        self.bn = nn.BatchNorm2d(in_channels)\n", ""),
                    ("torch.relu(self.bn(x))", "x"),
                ),
            ),
        ),
    ),
    Mutant(
        "transition_relu_before_batch_norm",
        "In the transition ReLU stands before BatchNorm.",
        hint="Say the order of your transition aloud and compare it with the one of DenseLayer. Which word comes first in the paper?",
        ru=(
            "В переходе ReLU стоит раньше BatchNorm.",
            "Произнеси порядок слоёв перехода вслух и сравни с порядком в DenseLayer. Какое слово в статье стоит первым?",
        ),
        idea="pre_activation",
        replace=TRANSITION_FORWARD,
        by=edited(TRANSITION_FORWARD, ("torch.relu(self.bn(x))", "self.bn(torch.relu(x))")),
        fails=EQUAL_TRANSITION,
        message="equal.output",
    ),
    Mutant(
        "transition_extra_relu",
        "The transition has one more ReLU after the convolution or the pooling.",
        hint="The next block begins with BatchNorm and ReLU. What does one more ReLU before that take away?",
        ru=(
            "В переходе стоит ещё одна ReLU, после свёртки или пулинга.",
            "Следующий блок и так начинается с BatchNorm и ReLU. Что отнимет ещё одна ReLU перед ними?",
        ),
        idea="pre_activation",
        replace=TRANSITION_FORWARD,
        by=edited(
            TRANSITION_FORWARD,
            (
                "self.pool(self.conv(torch.relu(self.bn(x))))",
                "torch.relu(self.pool(self.conv(torch.relu(self.bn(x)))))",
            ),
        ),
        fails=EQUAL_TRANSITION,
        message="equal.output",
        also=(
            (
                TRANSITION_FORWARD,
                edited(
                    TRANSITION_FORWARD,
                    (
                        "self.pool(self.conv(torch.relu(self.bn(x))))",
                        "self.pool(torch.relu(self.conv(torch.relu(self.bn(x)))))",
                    ),
                ),
            ),
        ),
    ),
    Mutant(
        "transition_bias",
        "The convolution of the transition has a bias.",
        hint="Your count is too high by out_channels. No convolution of DenseNet has a bias; why is it not needed?",
        ru=(
            "У свёртки в переходе есть смещение (bias).",
            "Параметров больше ровно на out_channels. Ни у одной свёртки DenseNet нет смещения; почему оно не нужно?",
        ),
        idea="bias_before_batch_norm",
        lesson="recap",
        replace=TRANSITION_LAYERS,
        by=edited(TRANSITION_LAYERS, (", bias=False", "")),
        fails="densenet.parameter_count.TransitionLayer",
        message="parameters.too_many",
    ),
    Mutant(
        "transition_convolution_3x3",
        "The convolution of the transition is 3x3 instead of 1x1.",
        hint="The transition only mixes maps. Does it need neighbouring pixels for that? Compare with the rows 'Transition Layer' of table 1.",
        ru=(
            "В переходе стоит свёртка 3x3, а не 1x1.",
            "Переход только смешивает карты. Нужны ли ему для этого соседние пиксели? Сверь со строками «Transition Layer» таблицы 1.",
        ),
        idea="layer_sizes",
        replace=TRANSITION_LAYERS,
        by=edited(TRANSITION_LAYERS, ("kernel_size=1", "kernel_size=3, padding=1")),
        fails="densenet.parameter_count.TransitionLayer",
        message="parameters.too_many",
    ),
    Mutant(
        "transition_width_ignored",
        "The transition does not use out_channels: it always makes half of the maps, or keeps their number.",
        hint="Build the transition with 5 maps in and 7 out and print the shape. Where should out_channels stand?",
        ru=(
            "Переход не использует out_channels: всегда делает половину карт или сохраняет их число.",
            "Создай переход с 5 картами на входе и 7 на выходе и напечатай размер. Где должно стоять out_channels?",
        ),
        idea="arguments",
        replace=TRANSITION_LAYERS,
        by=edited(
            TRANSITION_LAYERS, ("(in_channels, out_channels,", "(in_channels, in_channels // 2,")
        ),
        fails="densenet.output_shape.TransitionLayer",
        message="shape.wrong",
        also=(
            (
                TRANSITION_LAYERS,
                edited(
                    TRANSITION_LAYERS, ("(in_channels, out_channels,", "(in_channels, in_channels,")
                ),
            ),
        ),
    ),
]

WHOLE_NETWORK = [
    Mutant(
        "no_compression",
        "The transitions of the network keep the number of maps instead of halving it.",
        hint="Print the number of maps after every transition of DenseNet-121. What is the compression of the paper's section 3, and which value does it take?",
        ru=(
            "Переходы в сети сохраняют число карт, а должны уменьшать его вдвое.",
            "Напечатай число карт после каждого перехода в DenseNet-121. Что такое compression в разделе 3 статьи и чему он равен?",
        ),
        idea="layer_sizes",
        replace=BLOCKS,
        by=edited(
            BLOCKS,
            ("TransitionLayer(maps, maps // 2)", "TransitionLayer(maps, maps)"),
            ("                maps = maps // 2\n", ""),
        ),
        fails=NET_COUNT,
        message="parameters.too_many",
    ),
    Mutant(
        "compression_to_growth",
        "The transitions shrink to another number of maps than one half.",
        hint="For DenseNet-121 the transitions give 128, 256 and 512 maps. What do yours give, and what do you divide by?",
        ru=(
            "Переходы уменьшают число карт не вдвое.",
            "В DenseNet-121 после переходов 128, 256 и 512 карт. Сколько у тебя и на что ты делишь?",
        ),
        idea="layer_sizes",
        replace=BLOCKS,
        by=edited(
            BLOCKS,
            ("TransitionLayer(maps, maps // 2)", "TransitionLayer(maps, maps // 4)"),
            ("                maps = maps // 2\n", "                maps = maps // 4\n"),
        ),
        fails=NET_COUNT,
        message="parameters.too_few",
        also=(
            (
                BLOCKS,
                edited(
                    BLOCKS,
                    ("TransitionLayer(maps, maps // 2)", "TransitionLayer(maps, 2 * growth_rate)"),
                    (
                        "                maps = maps // 2\n",
                        "                maps = 2 * growth_rate\n",
                    ),
                ),
            ),
        ),
    ),
    Mutant(
        "transition_after_last_block",
        "A transition also follows the last block.",
        hint="Four blocks: how many transitions stand between them? Compare the maps before the classifier with the paper's 7x7 for 224x224 pictures.",
        ru=(
            "Переход стоит и после последнего блока.",
            "Блоков четыре: сколько переходов между ними? Сравни размер карт перед классификатором с 7x7 из статьи для картинки 224x224.",
        ),
        idea="table_of_depths",
        replace=BLOCKS,
        by="""            blocks.append(DenseBlock(maps, count, growth_rate))
            maps += count * growth_rate
            blocks.append(TransitionLayer(maps, maps // 2))
            maps = maps // 2
""",
        fails=NET_COUNT,
        message="parameters.too_many",
    ),
    Mutant(
        "no_transitions",
        "There is no transition between the blocks.",
        hint="Print the size and number of maps after every block. What keeps both from growing out of hand in the paper's figure 2?",
        ru=(
            "Между блоками нет переходов (transition).",
            "Напечатай размер и число карт после каждого блока. Что на рисунке 2 статьи не даёт им разрастись?",
        ),
        idea="table_of_depths",
        replace=BLOCKS,
        by="""            blocks.append(DenseBlock(maps, count, growth_rate))
            maps += count * growth_rate
""",
        fails=NET_COUNT,
        message="parameters.too_many",
    ),
    Mutant(
        "last_relu_missing",
        "There is no ReLU between the last BatchNorm and the global pooling.",
        hint="torchvision calls it in forward, where it is easily overlooked. Can the numbers that enter your global pooling be negative?",
        ru=(
            "Между последним BatchNorm и глобальным пулингом нет ReLU.",
            "В torchvision она вызывается в forward, и её легко не заметить. Могут ли числа, которые входят в твой глобальный пулинг, быть отрицательными?",
        ),
        idea="pre_activation",
        replace="torch.relu(self.bn(self.blocks(self.stem(x))))",
        by="self.bn(self.blocks(self.stem(x)))",
        fails=EQUAL,
        message="equal.output",
        also=(
            (
                LAST + HEAD,
                edited(
                    LAST + HEAD,
                    (
                        "torch.relu(self.bn(self.blocks(self.stem(x))))",
                        "self.bn(self.blocks(self.stem(x)))",
                    ),
                    (
                        "torch.flatten(self.pool(maps), 1)",
                        "torch.relu(torch.flatten(self.pool(maps), 1))",
                    ),
                ),
            ),
        ),
    ),
    Mutant(
        "last_batch_norm_missing",
        "The last BatchNorm, after the last block, is missing or not applied.",
        hint="In a pre-activation network something must normalise the maps after the last convolution. How many parameters does your count lack?",
        ru=(
            "Последнего BatchNorm, после последнего блока, нет, или он не применяется.",
            "В сети с предактивацией карты после последней свёртки тоже надо нормировать. Скольких параметров у тебя не хватает?",
        ),
        idea="pre_activation",
        replace=LAST,
        by=edited(
            LAST,
            ("        self.bn = nn.BatchNorm2d(maps)\n", ""),
            ("self.bn(self.blocks(self.stem(x)))", "self.blocks(self.stem(x))"),
        ),
        fails=EQUAL,
        message="equal.weights",
        also=(
            (
                LAST,
                edited(LAST, ("self.bn(self.blocks(self.stem(x)))", "self.blocks(self.stem(x))")),
            ),
            (
                LAST,
                edited(
                    LAST,
                    ("        self.bn = nn.BatchNorm2d(maps)\n", ""),
                    ("torch.relu(self.bn(self.blocks(self.stem(x))))", "self.blocks(self.stem(x))"),
                ),
            ),
        ),
    ),
    Mutant(
        "stem_width",
        "The stem has a fixed number of maps whatever the growth rate.",
        hint="64 maps are right for growth_rate=32. What do they become for growth_rate=12, according to the task?",
        ru=(
            "У первой свёртки число карт задано раз и навсегда, каким бы ни был growth_rate.",
            "64 карты верны при growth_rate=32. А сколько их должно быть при growth_rate=12, судя по заданию?",
        ),
        idea="arguments",
        replace="maps = 2 * growth_rate\n",
        by="maps = 64\n",
        fails=NET_COUNT,
        message="parameters.too_many",
        also=(
            ("maps = 2 * growth_rate\n", "maps = growth_rate\n"),
            ("maps = 2 * growth_rate\n", "maps = 16\n"),
        ),
    ),
    Mutant(
        "growth_rate_not_passed_on",
        "The blocks always grow by 32 maps: growth_rate is not passed on.",
        hint="Build the network with growth_rate=12 and print the number of maps after the first block.",
        ru=(
            "Блоки всегда растут на 32 карты: growth_rate им не передаётся.",
            "Создай сеть с growth_rate=12 и напечатай число карт после первого блока.",
        ),
        idea="arguments",
        replace=BLOCKS,
        by=edited(
            BLOCKS,
            ("DenseBlock(maps, count, growth_rate)", "DenseBlock(maps, count, 32)"),
            ("count * growth_rate", "count * 32"),
        ),
        fails=NET_COUNT,
        message="parameters.too_many",
    ),
    Mutant(
        "stem_relu_missing",
        "The stem has no ReLU.",
        hint="Which four layers does the task list for the stem? Print the smallest value that enters the first block.",
        ru=(
            "В начале сети (stem) нет ReLU.",
            "Какие четыре слоя названы в задании для начала сети? Напечатай наименьшее значение, которое входит в первый блок.",
        ),
        idea="stem",
        replace=STEM,
        by=edited(STEM, ("            nn.ReLU(),\n", "")),
        fails=EQUAL,
        message="equal.output",
    ),
    Mutant(
        "stem_without_batch_norm",
        "The first convolution of the network has no BatchNorm.",
        hint="Here the convolution does come first, once in the whole network. What follows it in the task's description of the stem?",
        ru=(
            "После первой свёртки сети нет BatchNorm.",
            "Здесь, один раз на всю сеть, свёртка и правда стоит первой. Что идёт за ней в описании начала сети в задании?",
        ),
        idea="stem",
        replace=STEM,
        by=edited(STEM, ("            nn.BatchNorm2d(maps),\n", "")),
        fails=EQUAL,
        message="equal.weights",
        also=(
            (
                STEM,
                edited(
                    STEM,
                    ("            nn.BatchNorm2d(maps),\n", ""),
                    ("            nn.ReLU(),\n", ""),
                ),
            ),
        ),
    ),
    Mutant(
        "stem_bias",
        "The first convolution of the network has a bias.",
        hint="Your count is too high by the number of the stem's maps. What follows that convolution and cancels a constant?",
        ru=(
            "У первой свёртки сети есть смещение (bias).",
            "Параметров больше ровно на число карт первой свёртки. Что стоит после неё и убирает константу?",
        ),
        idea="bias_before_batch_norm",
        lesson="recap",
        replace=STEM,
        by=edited(STEM, (", bias=False", "")),
        fails=NET_COUNT,
        message="parameters.too_many",
    ),
    Mutant(
        "no_stem_pooling",
        "The stem has no max pooling.",
        hint="Print the size of the maps that enter the first block for a 224x224 picture and compare with the row 'Dense Block (1)' of table 1.",
        ru=(
            "В начале сети (stem) нет max pooling.",
            "Напечатай размер карт на входе первого блока для картинки 224x224 и сверь со строкой «Dense Block (1)» таблицы 1.",
        ),
        idea="stem",
        replace=STEM,
        by=edited(STEM, ("            nn.MaxPool2d(kernel_size=3, stride=2, padding=1),\n", "")),
        fails=EQUAL,
        message="equal.output",
    ),
    Mutant(
        "stem_pooling_kind",
        "The pooling of the stem is not 3x3 max pooling with stride 2 and padding 1.",
        hint="Compare kernel, stride, padding and kind of your first pooling with the row 'Pooling' of table 1.",
        ru=(
            "Пулинг в начале сети — не max pooling 3x3 со страйдом 2 и паддингом 1.",
            "Сверь ядро, страйд, паддинг и вид первого пулинга со строкой «Pooling» таблицы 1.",
        ),
        idea="stem",
        replace=STEM,
        by=edited(
            STEM,
            (
                "nn.MaxPool2d(kernel_size=3, stride=2, padding=1)",
                "nn.MaxPool2d(kernel_size=2, stride=2)",
            ),
        ),
        fails=EQUAL,
        message="equal.output",
        also=(
            (
                STEM,
                edited(
                    STEM,
                    (
                        "nn.MaxPool2d(kernel_size=3, stride=2, padding=1)",
                        "nn.MaxPool2d(kernel_size=3, stride=2)",
                    ),
                ),
            ),
            (
                STEM,
                edited(
                    STEM,
                    (
                        "nn.MaxPool2d(kernel_size=3, stride=2, padding=1)",
                        "nn.AvgPool2d(kernel_size=3, stride=2, padding=1)",
                    ),
                ),
            ),
            (
                STEM,
                edited(
                    STEM,
                    (
                        "nn.MaxPool2d(kernel_size=3, stride=2, padding=1)",
                        "nn.AvgPool2d(kernel_size=2, stride=2)",
                    ),
                ),
            ),
        ),
    ),
    Mutant(
        "stem_small",
        "The stem is a 3x3 convolution, as for small pictures, instead of 7x7 with stride 2.",
        hint="The paper does that for CIFAR; the task asks for the network of table 1. What stands in the row 'Convolution'?",
        ru=(
            "В начале сети стоит свёртка 3x3, как для маленьких картинок, а не 7x7 со страйдом 2.",
            "В статье так сделано для CIFAR, а задание просит сеть из таблицы 1. Что там в строке «Convolution»?",
        ),
        idea="stem",
        replace=STEM,
        by=edited(STEM, ("kernel_size=7, stride=2, padding=3", "kernel_size=3, padding=1")),
        fails=NET_COUNT,
        message="parameters.too_few",
        also=(
            (
                STEM,
                edited(
                    STEM,
                    ("kernel_size=7, stride=2, padding=3", "kernel_size=3, padding=1"),
                    ("            nn.MaxPool2d(kernel_size=3, stride=2, padding=1),\n", ""),
                ),
            ),
        ),
    ),
    Mutant(
        "stem_padding",
        "The 7x7 convolution of the stem does not have padding 3.",
        hint="For a 224x224 picture the first convolution should give 112x112. Which padding does the arithmetic need with kernel 7 and stride 2?",
        ru=(
            "У свёртки 7x7 в начале сети паддинг не равен 3.",
            "Для картинки 224x224 первая свёртка должна дать 112x112. Какой паддинг для этого нужен при ядре 7 и страйде 2?",
        ),
        idea="padding",
        lesson="recap",
        replace=STEM,
        by=edited(STEM, ("stride=2, padding=3", "stride=2")),
        fails="densenet.output_shape.DenseNet",
        message="fault.error",
        also=((STEM, edited(STEM, ("stride=2, padding=3", "stride=2, padding=1"))),),
    ),
    Mutant(
        "max_instead_of_average",
        "The network ends with global max pooling instead of global average pooling.",
        hint="Table 1 names the last pooling in the row 'Classification Layer'. Which number does yours keep of each map?",
        ru=(
            "В конце сети стоит глобальный max pooling, а не глобальный average pooling.",
            "Последний пулинг назван в строке «Classification Layer» таблицы 1. Какое число твой пулинг оставляет от каждой карты?",
        ),
        idea="pooling",
        replace="nn.AdaptiveAvgPool2d(1)",
        by="nn.AdaptiveMaxPool2d(1)",
        fails=EQUAL,
        message="equal.output",
    ),
    Mutant(
        "fixed_pooling",
        "The last pooling has a fixed size or is missing, so the network works for one size of picture only.",
        hint="Try a 64x64 picture: how large are the maps before the classifier? A global pooling should not depend on it.",
        ru=(
            "У последнего пулинга задан размер, или пулинга нет, и сеть работает только с картинками одного размера.",
            "Попробуй картинку 64x64: какого размера карты перед классификатором? Глобальный пулинг не должен от этого зависеть.",
        ),
        idea="pooling",
        replace="nn.AdaptiveAvgPool2d(1)",
        by="nn.AvgPool2d(7)",
        fails="densenet.is_written.DenseNet",
        message="fault.error",
        also=(("nn.AdaptiveAvgPool2d(1)", "nn.Identity()"),),
    ),
    Mutant(
        "softmax_on_logits",
        "The network ends with softmax (or another function) instead of returning logits.",
        hint="Sum the answers for one picture: is it always one? What will the classification loss of PyTorch do with them once more?",
        ru=(
            "Сеть заканчивается softmax (или другой функцией), а должна возвращать логиты.",
            "Сложи ответы для одной картинки: всегда ли выходит единица? Что с ними ещё раз сделает лосс для классификации в PyTorch?",
        ),
        idea="logits",
        replace=HEAD,
        by=edited(HEAD, ("return logits", "return logits.softmax(dim=1)")),
        fails=EQUAL,
        message="equal.output",
        also=(
            (HEAD, edited(HEAD, ("return logits", "return logits.log_softmax(dim=1)"))),
            (HEAD, edited(HEAD, ("return logits", "return logits.sigmoid()"))),
        ),
    ),
    Mutant(
        "relu_on_logits",
        "ReLU follows the last fully connected layer.",
        hint="Print the logits of a few pictures: are many exactly zero? An unlikely class should be allowed a negative number.",
        ru=(
            "После последнего полносвязного слоя стоит ReLU.",
            "Напечатай логиты для нескольких картинок: много ли там точных нулей? У маловероятного класса число имеет право быть отрицательным.",
        ),
        idea="logits",
        replace=HEAD,
        by=edited(HEAD, ("return logits", "return torch.relu(logits)")),
        fails=EQUAL,
        message="equal.output",
    ),
    Mutant(
        "dropout_before_classifier",
        "There is a dropout before the classifier.",
        hint="AlexNet and VGG have dropout between huge fully connected layers. How many such layers has DenseNet? Call it twice in train mode.",
        ru=(
            "Перед классификатором стоит dropout.",
            "В AlexNet и VGG dropout стоит между огромными полносвязными слоями. Сколько таких слоёв в DenseNet? Вызови сеть дважды в режиме train.",
        ),
        idea="dropout_place",
        replace=HEAD,
        by=edited(
            HEAD,
            (
                "torch.flatten(self.pool(maps), 1)",
                "nn.functional.dropout(torch.flatten(self.pool(maps), 1), 0.5, self.training)",
            ),
        ),
        fails=EQUAL,
        message="equal.output",
        also=(
            (
                HEAD,
                edited(
                    HEAD,
                    (
                        "torch.flatten(self.pool(maps), 1)",
                        "nn.functional.dropout(torch.flatten(self.pool(maps), 1), 0.2, self.training)",
                    ),
                ),
            ),
        ),
    ),
    Mutant(
        "block_sizes_wrong",
        "The number of layers in the blocks of a depth is not that of the paper's table 1.",
        evidence="counts",
        hint="Add up: two convolutions in each layer, one in each transition, the first one and the classifier give the depth. Then compare the order of the four numbers with table 1.",
        ru=(
            "Числа слоёв в блоках для одной из глубин не такие, как в таблице 1 статьи.",
            "Сложи: по две свёртки в слое, по одной в переходе, первая свёртка и классификатор дают глубину. Потом сверь порядок четырёх чисел с таблицей 1.",
        ),
        idea="table_of_depths",
        replace="169: (6, 12, 32, 32)",
        by="169: (6, 12, 32, 16)",
        fails="densenet.depths",
        message="parameters.too_few",
        also=(
            ("201: (6, 12, 48, 32)", "201: (6, 12, 32, 48)"),
            ("201: (6, 12, 48, 32)", "201: (6, 12, 36, 24)"),
            ("169: (6, 12, 32, 32)", "169: (6, 12, 36, 24)"),
            ("201: (6, 12, 48, 32)", "201: (6, 12, 64, 48)"),
            ("121: (6, 12, 24, 16)", "121: (6, 12, 24, 12)"),
            ("121: (6, 12, 24, 16)", "121: (6, 12, 16, 24)"),
        ),
    ),
    Mutant(
        "features_detached",
        "The maps are cut off from the graph (detach, .data or no_grad) before the classifier, so the convolutions do not learn.",
        hint="After backward() print the gradient of the first convolution. Where between it and the loss does the way back end?",
        ru=(
            "Перед классификатором карты отрезаны от графа (detach, .data или no_grad), и свёртки не учатся.",
            "После backward() напечатай градиент первой свёртки. Где между ней и лоссом обрывается обратный путь?",
        ),
        idea="gradient_path",
        lesson="vanishing_gradients",
        replace="self.bn(self.blocks(self.stem(x)))",
        by="self.bn(self.blocks(self.stem(x)).detach())",
        fails="densenet.every_parameter_learns.DenseNet",
        message="gradient.dead",
    ),
    Mutant(
        "blocks_in_plain_list",
        "The blocks stand in a plain Python list, where PyTorch does not see them.",
        evidence="hidden",
        hint="Print the names of all parameters: which part of the network is absent? How does PyTorch find layers inside a module?",
        ru=(
            "Блоки лежат в обычном списке Python, и PyTorch их не видит.",
            "Напечатай имена всех параметров: какой части сети там нет? Как PyTorch находит слои внутри модуля?",
        ),
        idea="registered_layers",
        replace="        self.blocks = nn.Sequential(*blocks)\n",
        by="        self.blocks = lambda maps: nn.Sequential(*blocks)(maps)\n",
        fails=NET_COUNT,
        message="parameters.too_few",
    ),
    Mutant(
        "num_classes_ignored",
        "The classifier always has 1000 outputs: num_classes is ignored.",
        hint="Build the network for 10 classes and print the shape of the answer. Where is 1000 written as a number?",
        ru=(
            "У классификатора всегда 1000 выходов: аргумент num_classes не используется.",
            "Создай сеть на 10 классов и напечатай размер ответа. Где у тебя число 1000 написано прямо в коде?",
        ),
        idea="arguments",
        replace="nn.Linear(maps, num_classes)",
        by="nn.Linear(maps, 1000)",
        fails="densenet.output_shape.DenseNet",
        message="shape.wrong",
    ),
    Mutant(
        "depth_not_refused",
        "An unknown depth is not refused: the network is built silently or another error comes.",
        hint="Ask for depth 100. Who finds out, and when, that such a network is not in the table?",
        ru=(
            "Неизвестная глубина не отвергается: сеть молча создаётся или падает с другой ошибкой.",
            "Попроси глубину 100. Кто и когда узнает, что такой сети в таблице нет?",
        ),
        idea="refuse",
        replace='            raise ValueError(f"depth must be one of {sorted(num_layers)}, not {depth}")',
        by="            depth = 121",
        fails="densenet.refuses.DenseNet",
        message="refuses.nothing",
        also=(
            (
                '        if depth not in num_layers:\n            raise ValueError(f"depth must be one of {sorted(num_layers)}, not {depth}")\n',
                "",
            ),
            (
                '            raise ValueError(f"depth must be one of {sorted(num_layers)}, not {depth}")',
                '            raise NotImplementedError("no such depth")',
            ),
        ),
    ),
]

MUTANTS = [*DENSE_LAYER, *DENSE_BLOCK, *TRANSITION_LAYER, *WHOLE_NETWORK]
