"""VGG: the accepted variant, and typical mistakes. Text patches of vgg.py."""

from autograder.course.mutants import Accepted, Mutant, edited

ACCEPTED = [
    Accepted(
        "no_bias_before_batch_norm",
        replace="nn.Conv2d(maps, out_channels, kernel_size=3, padding=1)",
        by="nn.Conv2d(maps, out_channels, kernel_size=3, padding=1, bias=not batch_norm)",
    ),
]

MAPS = "            maps = in_channels if index == 0 else out_channels\n"
CONV = "            layers.append(nn.Conv2d(maps, out_channels, kernel_size=3, padding=1))\n"
NORM = """            if batch_norm:
                layers.append(nn.BatchNorm2d(out_channels))
"""
RELU = "            layers.append(nn.ReLU())\n"
POOL = "        layers.append(nn.MaxPool2d(kernel_size=2, stride=2))\n"
LOOP = f"        for index in range(num_convs):\n{MAPS}{CONV}{NORM}{RELU}"
BODY = LOOP + POOL
ONCE = "        if batch_norm:\n            layers.append(nn.BatchNorm2d(out_channels))\n"
FORWARD = "        maps: Tensor = self.layers(x)  # (B, out_channels, H // 2, W // 2)\n"

CLASSIFIER = """            nn.Linear(512 * 7 * 7, 4096),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(4096, 4096),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(4096, num_classes),
"""
HEAD = """        logits: Tensor = self.classifier(torch.flatten(maps, 1))  # (B, num_classes)
        return logits
"""
REFUSAL = '            raise ValueError(f"depth must be one of {sorted(num_convs)}, not {depth}")\n'

WITH = "vgg.block_with_batch_norm"
WITHOUT = "vgg.block_without_batch_norm"
SHAPE = "vgg.output_shape.VGGBlock"
COUNT = "vgg.parameter_count.VGGBlock"
NET_WITH = "vgg.network_with_batch_norm"
NET_WITHOUT = "vgg.network_without_batch_norm"
NET_COUNT = "vgg.parameter_count.VGG"

BLOCK = [
    Mutant(
        "no_padding",
        "The convolutions of the block have no padding, so the maps shrink.",
        hint="In the lesson's picture, do neighbouring blue boxes have the same size? Compute the size of a 12x8 map after a 3x3 convolution without padding.",
        ru=(
            "У свёрток в блоке нет паддинга, и карты уменьшаются.",
            "Одинаковы ли на слайде размеры соседних синих прямоугольников? Посчитай размер карты 12x8 после свёртки 3x3 без паддинга.",
        ),
        idea="padding",
        replace="kernel_size=3, padding=1)",
        by="kernel_size=3)",
        fails=SHAPE,
        message="shape.wrong",
        also=(
            ("kernel_size=3, padding=1)", "kernel_size=3, padding=index % 2)"),
            ("kernel_size=3, padding=1)", "kernel_size=3, padding=2)"),
        ),
    ),
    Mutant(
        "no_pooling",
        "The block does not halve the maps: max pooling is missing or keeps the size.",
        hint="The red box of the lesson's picture halves height and width. Print the shape before and after your block.",
        ru=(
            "Блок не уменьшает карты вдвое: max pooling нет или он сохраняет размер.",
            "Красный прямоугольник на слайде уменьшает высоту и ширину вдвое. Напечатай размер до и после своего блока.",
        ),
        idea="pooling",
        replace=POOL,
        by="",
        fails=SHAPE,
        message="shape.wrong",
        also=(
            (POOL, POOL.replace("kernel_size=2, stride=2", "kernel_size=2, stride=1")),
            (POOL, POOL.replace("kernel_size=2, stride=2", "kernel_size=3, stride=1, padding=1")),
        ),
    ),
    Mutant(
        "pooling_after_every_convolution",
        "Pooling follows every convolution instead of coming once at the end of the block.",
        hint="How many red boxes has one block of the lesson's picture, and how many blue ones? Print the shape after each layer for num_convs=3.",
        ru=(
            "Пулинг стоит после каждой свёртки, а не один раз в конце блока.",
            "Сколько на слайде красных прямоугольников в одном блоке и сколько синих? Напечатай размер после каждого слоя при num_convs=3.",
        ),
        idea="pooling",
        replace=BODY,
        by=LOOP + "    " + POOL,
        fails=SHAPE,
        message="shape.wrong",
    ),
    Mutant(
        "average_pooling",
        "The block pools with the average instead of the maximum.",
        hint="Take the four numbers 0, 0, 0 and 8. What does the pooling of the lesson make of them, and what does yours?",
        ru=(
            "В блоке пулинг берёт среднее, а не максимум.",
            "Возьми четыре числа: 0, 0, 0 и 8. Что из них сделает пулинг из урока и что твой?",
        ),
        idea="pooling",
        replace="nn.MaxPool2d(kernel_size=2, stride=2)",
        by="nn.AvgPool2d(kernel_size=2, stride=2)",
        fails=WITHOUT,
        message="equal.output",
    ),
    Mutant(
        "pooling_3x3",
        "The pooling window is 3x3 instead of 2x2.",
        hint="AlexNet has overlapping 3x3 windows, VGG not. Which kernel does the lesson state for the red boxes?",
        ru=(
            "Окно пулинга 3x3, а не 2x2.",
            "Перекрывающиеся окна 3x3 — у AlexNet, а не у VGG. Какое ядро урок называет для красных прямоугольников?",
        ),
        idea="pooling",
        replace="nn.MaxPool2d(kernel_size=2, stride=2)",
        by="nn.MaxPool2d(kernel_size=3, stride=2, padding=1)",
        fails="vgg.output_shape.VGGBlock",
        message="shape.wrong",
    ),
    Mutant(
        "pooling_first",
        "Max pooling stands at the beginning of the block instead of the end.",
        hint="The first block of VGG should look at the full 224x224 picture. What size do your first convolutions see?",
        ru=(
            "Max pooling стоит в начале блока, а не в конце.",
            "Первый блок VGG должен видеть картинку целиком, 224x224. Какой размер видят твои первые свёртки?",
        ),
        idea="pooling",
        replace=BODY,
        by=POOL + LOOP,
        fails=WITHOUT,
        message="equal.output",
    ),
    Mutant(
        "relu_missing",
        "The block has no ReLU at all.",
        hint="Three convolutions in a row without anything non-linear are one convolution. What follows each blue box?",
        ru=(
            "В блоке вообще нет ReLU.",
            "Три свёртки подряд без нелинейности — это одна свёртка. Что идёт после каждой из них?",
        ),
        idea="nonlinearity",
        replace=RELU,
        by="",
        fails=WITHOUT,
        message="equal.output",
    ),
    Mutant(
        "one_relu",
        "The block has ReLU only once, before the pooling, instead of after every convolution.",
        hint="Print your block for num_convs=3: how many ReLUs are there, and how many convolutions? Look at the indentation of your loop.",
        ru=(
            "В блоке только одна ReLU, перед пулингом, а нужна после каждой свёртки.",
            "Напечатай блок при num_convs=3: сколько там ReLU и сколько свёрток? Посмотри на отступы в цикле.",
        ),
        idea="nonlinearity",
        replace=RELU,
        by="        layers.append(nn.ReLU())\n",
        fails=WITH,
        message="equal.output",
    ),
    Mutant(
        "last_relu_missing",
        "There is no ReLU after the last convolution of the block.",
        hint="Print the smallest value that your block returns. Max pooling alone lets negative numbers through.",
        ru=(
            "После последней свёртки блока нет ReLU.",
            "Напечатай наименьшее значение на выходе блока. Сам по себе max pooling отрицательные числа пропускает.",
        ),
        idea="nonlinearity",
        replace=RELU,
        by="            if index < num_convs - 1:\n                layers.append(nn.ReLU())\n",
        fails=WITHOUT,
        message="equal.output",
    ),
    Mutant(
        "first_relu_missing",
        "There is no ReLU after the first convolution of the block.",
        hint="Print your block for num_convs=3 and read it from the top: what follows the first convolution, what the second?",
        ru=(
            "После первой свёртки блока нет ReLU.",
            "Напечатай блок при num_convs=3 и прочитай сверху вниз: что идёт после первой свёртки, а что после второй?",
        ),
        idea="nonlinearity",
        replace=RELU,
        by="            if index > 0:\n                layers.append(nn.ReLU())\n",
        fails=WITHOUT,
        message="equal.output",
    ),
    Mutant(
        "other_activation",
        "The block uses another activation than ReLU.",
        hint="Feed a negative number to your activation: what comes out? The lesson's VGG uses ReLU.",
        ru=(
            "В блоке стоит не ReLU, а другая функция активации.",
            "Подай своей функции активации отрицательное число: что получится? В VGG из урока стоит ReLU.",
        ),
        idea="nonlinearity",
        replace=RELU,
        by="            layers.append(nn.LeakyReLU())\n",
        fails=WITHOUT,
        message="equal.output",
        also=tuple(
            (RELU, f"            layers.append(nn.{name}())\n")
            for name in ("GELU", "ELU", "SiLU", "Sigmoid", "Tanh")
        ),
    ),
    Mutant(
        "batch_norm_after_relu",
        "BatchNorm stands after ReLU.",
        hint="What should BatchNorm see: the output of the convolution or what ReLU left of it? The task states the order in its first sentence.",
        ru=(
            "BatchNorm стоит после ReLU.",
            "Что должен видеть BatchNorm: выход свёртки или то, что от него оставила ReLU? Порядок назван в первой же фразе задания.",
        ),
        idea="batch_norm_place",
        replace=NORM + RELU,
        by=RELU + NORM,
        fails=WITH,
        message="equal.output",
    ),
    Mutant(
        "batch_norm_once",
        "The block has BatchNorm only once instead of after every convolution.",
        hint="Print your block for num_convs=3: how many convolutions, how many BatchNorms? Look at the indentation of your loop.",
        ru=(
            "BatchNorm в блоке только один, а нужен после каждой свёртки.",
            "Напечатай блок при num_convs=3: сколько там свёрток и сколько BatchNorm? Посмотри на отступы в цикле.",
        ),
        idea="batch_norm_place",
        replace=NORM,
        by="            if batch_norm and index == 0:\n                layers.append(nn.BatchNorm2d(out_channels))\n",
        fails=COUNT,
        message="parameters.too_few",
        also=(
            (
                NORM,
                "            if batch_norm and index == num_convs - 1:\n                layers.append(nn.BatchNorm2d(out_channels))\n",
            ),
            (BODY, edited(BODY, (NORM, ""), (POOL, ONCE + POOL))),
            (BODY, edited(BODY, (NORM, ""), (POOL, POOL + ONCE))),
        ),
    ),
    Mutant(
        "batch_norm_never",
        "The block has no BatchNorm even with batch_norm=True.",
        hint="Compare the number of parameters for batch_norm=True and False. Which line of your block reads that argument?",
        ru=(
            "BatchNorm в блоке нет даже при batch_norm=True.",
            "Сравни число параметров при batch_norm=True и False. Какая строка блока смотрит на этот аргумент?",
        ),
        idea="arguments",
        replace=NORM,
        by="",
        fails=COUNT,
        message="parameters.too_few",
    ),
    Mutant(
        "batch_norm_always",
        "The block has BatchNorm even with batch_norm=False.",
        hint="VGG was published without BatchNorm, so both must be possible. Which line of your block reads that argument?",
        ru=(
            "BatchNorm в блоке есть даже при batch_norm=False.",
            "VGG опубликовали без BatchNorm, поэтому нужны оба варианта. Какая строка блока смотрит на этот аргумент?",
        ),
        idea="arguments",
        replace="            if batch_norm:\n                layers",
        by="            if True:\n                layers",
        fails=COUNT,
        message="parameters.too_many",
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
        replace="nn.BatchNorm2d(out_channels)",
        by="nn.BatchNorm2d(out_channels, eps=1e-3)",
        fails=WITH,
        message="equal.output",
        also=tuple(
            ("nn.BatchNorm2d(out_channels)", f"nn.BatchNorm2d(out_channels, {other})")
            for other in ("eps=1e-4", "momentum=0.01", "momentum=0.9", "momentum=0.99")
        ),
    ),
    Mutant(
        "no_bias",
        "The convolutions have no bias even without BatchNorm.",
        hint="Leaving the bias out is right where BatchNorm follows. What replaces it with batch_norm=False?",
        ru=(
            "У свёрток нет смещения (bias) даже без BatchNorm.",
            "Убирать смещение можно, когда дальше стоит BatchNorm. А что его заменит при batch_norm=False?",
        ),
        idea="bias_before_batch_norm",
        lesson="recap",
        replace="kernel_size=3, padding=1)",
        by="kernel_size=3, padding=1, bias=False)",
        fails=COUNT,
        message="parameters.too_few",
        also=(("kernel_size=3, padding=1)", "kernel_size=3, padding=1, bias=batch_norm)"),),
    ),
    Mutant(
        "kernel_size",
        "The convolutions of the block are not 3x3.",
        hint="All filters of VGG have one size; that is the paper's main idea. Two of them in a row see as much as one 5x5: with how many weights?",
        ru=(
            "Свёртки в блоке не 3x3.",
            "У всех фильтров VGG один размер, и в этом главная идея статьи. Две такие свёртки подряд видят столько же, сколько одна 5x5; а сколько у них весов?",
        ),
        idea="layer_sizes",
        replace="kernel_size=3, padding=1)",
        by="kernel_size=5, padding=2)",
        fails=COUNT,
        message="parameters.too_many",
        also=(("kernel_size=3, padding=1)", "kernel_size=1)"),),
    ),
    Mutant(
        "width_changes_late",
        "The number of maps changes in the last convolution of the block instead of the first.",
        hint="Print in_channels and out_channels of every convolution for 4 maps in, 6 out and num_convs=3. Which convolution should make 6 of 4?",
        ru=(
            "Число карт меняет последняя свёртка блока, а должна первая.",
            "Напечатай in_channels и out_channels каждой свёртки для 4 карт на входе, 6 на выходе и num_convs=3. Какая свёртка должна из 4 карт сделать 6?",
        ),
        idea="layer_sizes",
        replace=BODY,
        by=edited(
            BODY,
            (MAPS, "            maps = out_channels if index == num_convs - 1 else in_channels\n"),
            ("nn.Conv2d(maps, out_channels,", "nn.Conv2d(in_channels, maps,"),
            ("nn.BatchNorm2d(out_channels)", "nn.BatchNorm2d(maps)"),
        ),
        fails=COUNT,
        message="parameters.too_few",
    ),
    Mutant(
        "number_of_convolutions",
        "The block does not have num_convs convolutions.",
        hint="Print your block for num_convs=1, 2 and 3 and count. Does the first convolution stand outside your loop?",
        ru=(
            "Свёрток в блоке не num_convs.",
            "Напечатай блок при num_convs=1, 2 и 3 и сосчитай свёртки. Не стоит ли первая свёртка вне цикла?",
        ),
        idea="arguments",
        replace=LOOP,
        by=edited(LOOP, ("range(num_convs)", "range(num_convs + 1)")),
        fails=COUNT,
        message="parameters.too_many",
        also=(
            (LOOP, edited(LOOP, ("range(num_convs)", "range(max(1, num_convs - 1))"))),
            (LOOP, edited(LOOP, ("range(num_convs)", "range(2)"))),
        ),
    ),
    Mutant(
        "layers_shared",
        "One convolution (or BatchNorm) is made once and used several times, so the layers share their weights.",
        hint="Print the number of parameters for num_convs=2 and 3. Should it stay the same when a convolution is added?",
        ru=(
            "Свёртка (или BatchNorm) создана один раз и используется несколько раз: веса у слоёв общие.",
            "Напечатай число параметров при num_convs=2 и 3. Может ли оно не измениться, если добавить свёртку?",
        ),
        idea="registered_layers",
        replace=LOOP,
        by=edited(
            LOOP,
            (
                "        for index",
                "        same = nn.Conv2d(out_channels, out_channels, kernel_size=3, padding=1)\n        for index",
            ),
            (
                CONV,
                "            first = nn.Conv2d(in_channels, out_channels, kernel_size=3, padding=1)\n            layers.append(first if index == 0 else same)\n",
            ),
            (MAPS, ""),
        ),
        fails=COUNT,
        message="parameters.too_few",
        also=(
            (
                LOOP,
                edited(
                    LOOP,
                    (
                        "        for index",
                        "        norm = nn.BatchNorm2d(out_channels)\n        for index",
                    ),
                    ("layers.append(nn.BatchNorm2d(out_channels))", "layers.append(norm)"),
                ),
            ),
        ),
    ),
    Mutant(
        "dropout_in_block",
        "There is a dropout in the block.",
        hint="Call the block twice in train mode on the same input. After which layers does the lesson have dropout: convolutions or fully connected ones?",
        ru=(
            "Внутри блока есть dropout.",
            "Вызови блок дважды в режиме train на одном и том же входе. После каких слоёв в уроке стоит dropout: свёрточных или полносвязных?",
        ),
        idea="dropout_place",
        replace=POOL,
        by=POOL + "        layers.append(nn.Dropout(0.5))\n",
        fails=WITHOUT,
        message="equal.output",
        also=(
            *(
                (POOL, f"{POOL}        layers.append(nn.Dropout({rate}))\n")
                for rate in (0.1, 0.2, 0.25, 0.3)
            ),
            (POOL, POOL + "        layers.append(nn.Dropout2d(0.5))\n"),
            (RELU, RELU + "            layers.append(nn.Dropout(0.5))\n"),
        ),
    ),
    Mutant(
        "plain_list",
        "The layers stand in a plain Python list, where PyTorch does not see them.",
        evidence="hidden",
        hint="Print the number of parameters of your block. How does PyTorch learn that a list holds layers?",
        ru=(
            "Слои лежат в обычном списке Python, и PyTorch их не видит.",
            "Напечатай число параметров блока. Откуда PyTorch узнаёт, что в списке лежат слои?",
        ),
        idea="registered_layers",
        replace=f"""        self.layers = nn.Sequential(*layers)
        # END SOLUTION

    def forward(self, x: Tensor) -> Tensor:
        # TODO: (B, in_channels, H, W) -> (B, out_channels, H // 2, W // 2)
        # BEGIN SOLUTION
{FORWARD}""",
        by="""        self.layers = layers

    def forward(self, x: Tensor) -> Tensor:
        maps = x
        for layer in self.layers:
            maps = layer(maps)
""",
        fails=COUNT,
        message="parameters.too_few",
    ),
    Mutant(
        "input_changed_in_place",
        "The block changes its own input in place.",
        evidence="input_changed",
        hint="Keep a copy of the input, call the block, compare. Which of your operations writes into a tensor instead of making a new one?",
        ru=(
            "Блок портит свой вход: что-то записывается прямо в x.",
            "Сохрани копию входа, вызови блок и сравни. Какая твоя операция пишет в старый тензор, а не создаёт новый?",
        ),
        idea="in_place",
        replace=FORWARD,
        by="        maps: Tensor = self.layers(x.relu_())\n",
        fails=WITHOUT,
        message="equal.output",
    ),
]

NETWORK = [
    Mutant(
        "dropout_missing",
        "Only one of the two dropouts of the network is there, or none.",
        hint="After which fully connected layers does the lesson have dropout? Print your network and count.",
        ru=(
            "В сети только один из двух dropout или нет ни одного.",
            "После каких полносвязных слоёв в уроке стоит dropout? Напечатай сеть и сосчитай.",
        ),
        idea="dropout_place",
        replace=CLASSIFIER,
        by=edited(
            CLASSIFIER,
            (
                "            nn.Dropout(dropout),\n            nn.Linear(4096, num_classes)",
                "            nn.Linear(4096, num_classes)",
            ),
        ),
        fails=NET_WITH,
        message="equal.output",
        also=(
            (
                CLASSIFIER,
                edited(
                    CLASSIFIER,
                    (
                        "            nn.Dropout(dropout),\n            nn.Linear(4096, 4096)",
                        "            nn.Linear(4096, 4096)",
                    ),
                ),
            ),
            (CLASSIFIER, CLASSIFIER.replace("            nn.Dropout(dropout),\n", "")),
        ),
    ),
    Mutant(
        "dropout_before_linear",
        "Dropout stands before the fully connected layers: the flattened maps are dropped, the second layer's output is not.",
        hint="Some libraries put it there for AlexNet; the lesson asks for it after the ReLU of the first two fully connected layers. What does your first dropout switch off?",
        ru=(
            "Dropout стоит перед полносвязными слоями: выключаются вытянутые в вектор карты, а не выход второго слоя.",
            "Некоторые библиотеки ставят его так в AlexNet, а урок — после ReLU каждого из первых двух полносвязных слоёв. Что выключает твой первый dropout?",
        ),
        idea="dropout_place",
        replace=CLASSIFIER,
        by=edited(
            CLASSIFIER,
            (
                "            nn.Linear(512 * 7 * 7, 4096),\n",
                "            nn.Dropout(dropout),\n            nn.Linear(512 * 7 * 7, 4096),\n",
            ),
            (
                "            nn.Dropout(dropout),\n            nn.Linear(4096, num_classes)",
                "            nn.Linear(4096, num_classes)",
            ),
        ),
        fails=NET_WITH,
        message="equal.output",
    ),
    Mutant(
        "dropout_too_much",
        "There are more than two dropouts in the network.",
        hint="Print the network and count. Is there one before the first fully connected layer, or after the logits?",
        ru=(
            "Dropout в сети больше двух.",
            "Напечатай сеть и сосчитай. Нет ли лишнего перед первым полносвязным слоем или после логитов?",
        ),
        idea="dropout_place",
        replace=CLASSIFIER,
        by="            nn.Dropout(dropout),\n" + CLASSIFIER,
        fails=NET_WITH,
        message="equal.output",
        also=((CLASSIFIER, CLASSIFIER + "            nn.Dropout(dropout),\n"),),
    ),
    Mutant(
        "dropout_in_eval",
        "Dropout stays on in eval mode.",
        evidence="random",
        hint="Call eval() and run the network twice on one picture. The functional form of dropout has to be told the mode.",
        ru=(
            "Dropout работает и в режиме eval.",
            "Вызови eval() и пропусти одну и ту же картинку дважды. Функциональной форме dropout надо сообщить режим.",
        ),
        idea="dropout_place",
        lesson="recap",
        replace=HEAD,
        by=edited(
            HEAD, ("torch.flatten(maps, 1)", "nn.functional.dropout(torch.flatten(maps, 1))")
        ),
        fails=NET_WITHOUT,
        message="equal.output",
    ),
    Mutant(
        "fully_connected_relu_missing",
        "ReLU is missing after a fully connected layer.",
        hint="ReLU follows every layer but the last. Read your classifier aloud: what follows 4096 the first time, and the second?",
        ru=(
            "После полносвязного слоя нет ReLU.",
            "ReLU стоит после каждого слоя, кроме последнего. Прочитай свой классификатор вслух: что идёт после первых 4096 нейронов и после вторых?",
        ),
        idea="nonlinearity",
        replace=CLASSIFIER,
        by=edited(CLASSIFIER, ("4096, 4096),\n            nn.ReLU(),\n", "4096, 4096),\n")),
        fails=NET_WITHOUT,
        message="equal.output",
        also=(
            (
                CLASSIFIER,
                edited(CLASSIFIER, ("7 * 7, 4096),\n            nn.ReLU(),\n", "7 * 7, 4096),\n")),
            ),
            (CLASSIFIER, CLASSIFIER.replace("            nn.ReLU(),\n", "")),
        ),
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
        fails=NET_WITHOUT,
        message="equal.output",
        also=((HEAD, edited(HEAD, ("return logits", "return logits.log_softmax(dim=1)"))),),
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
        fails=NET_WITHOUT,
        message="equal.output",
    ),
    Mutant(
        "convolutions_of_a_depth",
        "The number of convolutions in the blocks of a depth is not that of the paper's table 1.",
        evidence="counts",
        hint="Add up: the convolutions of all five blocks plus three fully connected layers give the depth. Then compare the order with the columns A, B, D and E (C is another network).",
        ru=(
            "Числа свёрток в блоках для одной из глубин не такие, как в таблице 1 статьи.",
            "Сложи: свёртки всех пяти блоков и три полносвязных слоя дают глубину. Потом сверь порядок со столбцами A, B, D и E (C — другая сеть).",
        ),
        idea="table_of_depths",
        replace="16: (2, 2, 3, 3, 3)",
        by="16: (2, 2, 3, 3, 2)",
        fails="vgg.depths",
        message="parameters.too_few",
        also=(
            ("16: (2, 2, 3, 3, 3)", "16: (3, 3, 3, 2, 2)"),
            ("19: (2, 2, 4, 4, 4)", "19: (2, 2, 4, 4, 3)"),
            ("19: (2, 2, 4, 4, 4)", "19: (3, 3, 3, 3, 4)"),
            ("13: (2, 2, 2, 2, 2)", "13: (1, 2, 2, 2, 3)"),
            ("13: (2, 2, 2, 2, 2)", "13: (1, 1, 2, 3, 3)"),
            ("11: (1, 1, 2, 2, 2)", "11: (1, 2, 2, 2, 1)"),
            ("11: (1, 1, 2, 2, 2)", "11: (2, 2, 2, 1, 1)"),
        ),
    ),
    Mutant(
        "widths_of_blocks",
        "The blocks do not have 64, 128, 256, 512 and 512 maps.",
        hint="The number of maps doubles from block to block, up to a limit. Which limit, according to table 1?",
        ru=(
            "В блоках не 64, 128, 256, 512 и 512 карт.",
            "Число карт от блока к блоку удваивается, но до предела. До какого, судя по таблице 1?",
        ),
        idea="layer_sizes",
        replace="widths = (64, 128, 256, 512, 512)",
        by="widths = (64, 128, 256, 256, 512)",
        fails="vgg.depths",
        message="parameters.too_few",
        also=(
            ("widths = (64, 128, 256, 512, 512)", "widths = (64, 128, 512, 512, 512)"),
            ("widths = (64, 128, 256, 512, 512)", "widths = (32, 64, 128, 256, 512)"),
        ),
    ),
    Mutant(
        "fully_connected_sizes",
        "The fully connected layers are not 25088, 4096, 4096 and num_classes: one is missing or has another width.",
        hint="VGG-16 has 13 convolutions: how many fully connected layers make it 16? Which widths does table 1 state?",
        ru=(
            "Полносвязные слои не 25088, 4096, 4096 и num_classes: одного нет или ширина другая.",
            "В VGG-16 тринадцать свёрток: сколько полносвязных слоёв нужно до 16? Какие ширины указаны в таблице 1?",
        ),
        idea="layer_sizes",
        replace=CLASSIFIER,
        by=edited(
            CLASSIFIER,
            (
                "            nn.Linear(4096, 4096),\n            nn.ReLU(),\n            nn.Dropout(dropout),\n",
                "",
            ),
        ),
        fails=NET_COUNT,
        message="parameters.too_few",
        also=(
            (
                CLASSIFIER,
                edited(
                    CLASSIFIER,
                    (
                        "nn.Linear(512 * 7 * 7, 4096)",
                        "nn.Unflatten(1, (512, 7, 7)), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(512, 4096)",
                    ),
                ),
            ),
            (
                CLASSIFIER,
                edited(
                    CLASSIFIER,
                    ("nn.Linear(4096, 4096)", "nn.Linear(4096, 1024)"),
                    ("nn.Linear(4096, num_classes)", "nn.Linear(1024, num_classes)"),
                ),
            ),
            (
                CLASSIFIER,
                edited(
                    CLASSIFIER,
                    ("7 * 7, 4096)", "7 * 7, 2048)"),
                    ("nn.Linear(4096, 4096)", "nn.Linear(2048, 4096)"),
                ),
            ),
        ),
    ),
    Mutant(
        "batch_norm_not_passed_on",
        "The network does not tell its blocks whether to use BatchNorm.",
        hint="Build the network with batch_norm=False and print it. Who should hear of that argument?",
        ru=(
            "Сеть не сообщает своим блокам, нужен ли BatchNorm.",
            "Создай сеть с batch_norm=False и напечатай её. Кто должен узнать об этом аргументе?",
        ),
        idea="arguments",
        replace="VGGBlock(in_channels, out_channels, count, batch_norm)",
        by="VGGBlock(in_channels, out_channels, count)",
        fails=NET_COUNT,
        message="parameters.too_many",
        also=(
            (
                "VGGBlock(in_channels, out_channels, count, batch_norm)",
                "VGGBlock(in_channels, out_channels, count, False)",
            ),
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
        replace="self.features(x)  #",
        by="self.features(x).detach()  #",
        fails="vgg.every_parameter_learns.VGG",
        message="gradient.dead",
    ),
    Mutant(
        "num_classes_ignored",
        "The last layer always has 1000 outputs: num_classes is ignored.",
        hint="Build the network for 10 classes and print the shape of the answer. Where is 1000 written as a number?",
        ru=(
            "У последнего слоя всегда 1000 выходов: аргумент num_classes не используется.",
            "Создай сеть на 10 классов и напечатай размер ответа. Где у тебя число 1000 написано прямо в коде?",
        ),
        idea="arguments",
        replace=CLASSIFIER,
        by=edited(CLASSIFIER, ("num_classes", "1000")),
        fails="vgg.output_shape.VGG",
        message="shape.wrong",
    ),
    Mutant(
        "depth_not_refused",
        "An unknown depth is not refused: the network is built silently or another error comes.",
        hint="Ask for depth 12. Who finds out, and when, that such a network is not in the table?",
        ru=(
            "Неизвестная глубина не отвергается: сеть молча создаётся или падает с другой ошибкой.",
            "Попроси глубину 12. Кто и когда узнает, что такой сети в таблице нет?",
        ),
        idea="refuse",
        replace=REFUSAL,
        by="            depth = 16\n",
        fails="vgg.refuses.VGG",
        message="refuses.nothing",
        also=(
            (f"        if depth not in num_convs:\n{REFUSAL}", ""),
            (REFUSAL, '            raise NotImplementedError("no such depth")\n'),
        ),
    ),
]

MUTANTS = [*BLOCK, *NETWORK]
