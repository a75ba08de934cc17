"""AlexNet: the accepted variant, and typical mistakes. Text patches of alexnet.py."""

from autograder.course.mutants import Accepted, Mutant, edited

LAYER_1 = """            nn.Conv2d(3, 96, kernel_size=11, stride=4),  # (B, 96, 55, 55)
            nn.BatchNorm2d(96),
            nn.ReLU(),
            nn.MaxPool2d(kernel_size=3, stride=2),  # (B, 96, 27, 27)
"""
LAYER_2 = """            nn.Conv2d(96, 256, kernel_size=5, padding=2),  # (B, 256, 27, 27)
            nn.BatchNorm2d(256),
            nn.ReLU(),
            nn.MaxPool2d(kernel_size=3, stride=2),  # (B, 256, 13, 13)
"""
LAYERS_3_TO_5 = """            nn.Conv2d(256, 384, kernel_size=3, padding=1),  # (B, 384, 13, 13)
            nn.ReLU(),
            nn.Conv2d(384, 384, kernel_size=3, padding=1),  # (B, 384, 13, 13)
            nn.ReLU(),
            nn.Conv2d(384, 256, kernel_size=3, padding=1),  # (B, 256, 13, 13)
            nn.ReLU(),
            nn.MaxPool2d(kernel_size=3, stride=2),  # (B, 256, 6, 6)
"""
FEATURES = LAYER_1 + LAYER_2 + LAYERS_3_TO_5
CLASSIFIER = """            nn.Linear(256 * 6 * 6, 4096),
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
NETWORK = f"""{FEATURES}        )
        self.classifier = nn.Sequential(
{CLASSIFIER}"""
POOL_1 = "            nn.MaxPool2d(kernel_size=3, stride=2),  # (B, 96, 27, 27)\n"
POOL_2 = "            nn.MaxPool2d(kernel_size=3, stride=2),  # (B, 256, 13, 13)\n"
POOL_5 = "            nn.MaxPool2d(kernel_size=3, stride=2),  # (B, 256, 6, 6)\n"
POOL = "nn.MaxPool2d(kernel_size=3, stride=2)"
LRN = "nn.LocalResponseNorm(5, alpha=1e-4, beta=0.75, k=2.0)"

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

EQUAL = "alexnet.equals_the_lesson"
TRAINS = "alexnet.trains_as_the_lesson"
MAPS = "alexnet.activation_maps"
COUNT = "alexnet.parameters"
BUILT = "alexnet.is_written.AlexNet"

MUTANTS = [
    Mutant(
        "dropout_before_linear",
        "Dropout stands before the fully connected layers, as in torchvision, not after the first two.",
        hint="torchvision has it otherwise; the lesson asks for dropout after the ReLU of each of the first two fully connected layers. What does your first dropout switch off?",
        ru=(
            "Dropout стоит перед полносвязными слоями, как в torchvision, а не после первых двух.",
            "В torchvision сделано иначе, а урок просит dropout после ReLU каждого из первых двух полносвязных слоёв. Что выключает твой первый dropout?",
        ),
        idea="dropout_place",
        replace=CLASSIFIER,
        by=edited(
            CLASSIFIER,
            (
                "            nn.Linear(256",
                "            nn.Dropout(dropout),\n            nn.Linear(256",
            ),
            (
                "            nn.Dropout(dropout),\n            nn.Linear(4096, num_classes)",
                "            nn.Linear(4096, num_classes)",
            ),
        ),
        fails=TRAINS,
        message="equal.output",
    ),
    Mutant(
        "dropout_missing",
        "Only one of the two dropouts is there, or none.",
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
        fails=TRAINS,
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
        "dropout_too_much",
        "There are more than two dropouts: one also stands before the first fully connected layer or after the logits.",
        hint="Print the network and count the dropouts. The lesson has exactly two; after which layers?",
        ru=(
            "Dropout больше двух: лишний стоит перед первым полносвязным слоем или после логитов.",
            "Напечатай сеть и сосчитай dropout. В уроке их ровно два; после каких слоёв?",
        ),
        idea="dropout_place",
        replace=CLASSIFIER,
        by="            nn.Dropout(dropout),\n" + CLASSIFIER,
        fails=TRAINS,
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
        fails=EQUAL,
        message="equal.output",
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
        also=((HEAD, edited(HEAD, ("return logits", "return logits.log_softmax(dim=1)"))),),
    ),
    Mutant(
        "relu_on_logits",
        "ReLU follows the last fully connected layer.",
        hint="The lesson says: ReLU after every layer but the very last. Print the logits; are many exactly zero?",
        ru=(
            "После последнего полносвязного слоя стоит ReLU.",
            "Урок говорит: ReLU есть у всех слоёв, кроме самого последнего. Напечатай логиты: много ли там точных нулей?",
        ),
        idea="logits",
        replace="            nn.Linear(4096, num_classes),\n",
        by="            nn.Linear(4096, num_classes),\n            nn.ReLU(),\n",
        fails=EQUAL,
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
        fails=EQUAL,
        message="equal.output",
        also=(
            (
                CLASSIFIER,
                edited(CLASSIFIER, ("6 * 6, 4096),\n            nn.ReLU(),\n", "6 * 6, 4096),\n")),
            ),
            (CLASSIFIER, CLASSIFIER.replace("            nn.ReLU(),\n", "")),
        ),
    ),
    Mutant(
        "convolution_relu_missing",
        "ReLU is missing after a convolution.",
        hint="Write down for each of the five convolutions what follows it. After which one is nothing non-linear?",
        ru=(
            "После одной из свёрток нет ReLU.",
            "Выпиши для каждой из пяти свёрток, что стоит за ней. После какой нет ничего нелинейного?",
        ),
        idea="nonlinearity",
        replace=LAYERS_3_TO_5,
        by=edited(
            LAYERS_3_TO_5,
            (
                "            nn.ReLU(),\n            nn.Conv2d(384, 384",
                "            nn.Conv2d(384, 384",
            ),
        ),
        fails=EQUAL,
        message="equal.output",
        also=(
            (
                LAYERS_3_TO_5,
                edited(
                    LAYERS_3_TO_5,
                    (
                        "            nn.ReLU(),\n            nn.Conv2d(384, 256",
                        "            nn.Conv2d(384, 256",
                    ),
                ),
            ),
            (
                LAYERS_3_TO_5,
                edited(
                    LAYERS_3_TO_5,
                    (
                        "            nn.ReLU(),\n            nn.MaxPool2d",
                        "            nn.MaxPool2d",
                    ),
                ),
            ),
            (LAYER_1, edited(LAYER_1, ("            nn.ReLU(),\n", ""))),
            (LAYER_2, edited(LAYER_2, ("            nn.ReLU(),\n", ""))),
            (FEATURES, FEATURES.replace("            nn.ReLU(),\n", "")),
        ),
    ),
    Mutant(
        "no_batch_norm",
        "Layer 1 or layer 2 has no BatchNorm.",
        hint="By how much is your parameter count too low: twice 96, twice 256, or both? A BatchNorm has two numbers for each map.",
        ru=(
            "В слое 1 или в слое 2 нет BatchNorm.",
            "На сколько у тебя меньше параметров: на дважды 96, на дважды 256 или на то и другое? У BatchNorm по два числа на каждую карту.",
        ),
        idea="batch_norm_place",
        replace=LAYER_1,
        by=edited(LAYER_1, ("            nn.BatchNorm2d(96),\n", "")),
        fails=COUNT,
        message="parameters.too_few",
        also=(
            (LAYER_2, edited(LAYER_2, ("            nn.BatchNorm2d(256),\n", ""))),
            (
                LAYER_1 + LAYER_2,
                edited(
                    LAYER_1 + LAYER_2,
                    ("            nn.BatchNorm2d(96),\n", ""),
                    ("            nn.BatchNorm2d(256),\n", ""),
                ),
            ),
        ),
    ),
    Mutant(
        "local_response_norm",
        "Layers 1 and 2 have the paper's local response normalisation instead of BatchNorm.",
        hint="That is what the paper of 2012 had; BatchNorm was invented three years later. Which of the two does the lesson name?",
        ru=(
            "В слоях 1 и 2 стоит локальная нормализация (LRN) из статьи, а не BatchNorm.",
            "В статье 2012 года так и было, BatchNorm придумали через три года. Какую из двух нормализаций называет урок?",
        ),
        idea="batch_norm_place",
        replace=LAYER_1 + LAYER_2,
        by=edited(
            LAYER_1 + LAYER_2,
            (
                "            nn.BatchNorm2d(96),\n            nn.ReLU(),\n",
                f"            nn.ReLU(),\n            {LRN},\n",
            ),
            (
                "            nn.BatchNorm2d(256),\n            nn.ReLU(),\n",
                f"            nn.ReLU(),\n            {LRN},\n",
            ),
        ),
        fails=EQUAL,
        message="equal.weights",
    ),
    Mutant(
        "batch_norm_everywhere",
        "A convolution after the second one has a BatchNorm too.",
        hint="Your parameter count is too high: by twice the maps of which layer? The lesson says 'between some of the layers'; the task says which.",
        ru=(
            "BatchNorm есть и у свёртки, которая идёт после второй.",
            "Параметров слишком много: на удвоенное число карт какого слоя? Урок говорит «между некоторыми слоями», а задание называет, между какими.",
        ),
        idea="batch_norm_place",
        replace=LAYERS_3_TO_5,
        by=edited(
            LAYERS_3_TO_5,
            (
                "nn.Conv2d(256, 384, kernel_size=3, padding=1),",
                "nn.Conv2d(256, 384, kernel_size=3, padding=1), nn.BatchNorm2d(384),",
            ),
        ),
        fails=COUNT,
        message="parameters.too_many",
        also=(
            (
                LAYERS_3_TO_5,
                edited(
                    LAYERS_3_TO_5,
                    (
                        "nn.Conv2d(384, 256, kernel_size=3, padding=1),",
                        "nn.Conv2d(384, 256, kernel_size=3, padding=1), nn.BatchNorm2d(256),",
                    ),
                ),
            ),
            (
                LAYERS_3_TO_5,
                edited(
                    LAYERS_3_TO_5,
                    (
                        "nn.Conv2d(256, 384, kernel_size=3, padding=1),",
                        "nn.Conv2d(256, 384, kernel_size=3, padding=1), nn.BatchNorm2d(384),",
                    ),
                    (
                        "nn.Conv2d(384, 384, kernel_size=3, padding=1),",
                        "nn.Conv2d(384, 384, kernel_size=3, padding=1), nn.BatchNorm2d(384),",
                    ),
                    (
                        "nn.Conv2d(384, 256, kernel_size=3, padding=1),",
                        "nn.Conv2d(384, 256, kernel_size=3, padding=1), nn.BatchNorm2d(256),",
                    ),
                ),
            ),
        ),
    ),
    Mutant(
        "batch_norm_after_pooling",
        "BatchNorm stands after the pooling of its layer.",
        hint="Before or after ReLU is your choice, but on which side of the pooling? Does BatchNorm see 55x55 or 27x27 maps in your first layer?",
        ru=(
            "BatchNorm стоит после пулинга своего слоя.",
            "До или после ReLU — на твой выбор, но с какой стороны от пулинга? Какие карты видит BatchNorm в твоём первом слое: 55x55 или 27x27?",
        ),
        idea="batch_norm_place",
        replace=LAYER_1,
        by=edited(
            LAYER_1,
            ("            nn.BatchNorm2d(96),\n", ""),
            (POOL_1, POOL_1 + "            nn.BatchNorm2d(96),\n"),
        ),
        fails=EQUAL,
        message="equal.output",
        also=(
            (
                LAYER_2,
                edited(
                    LAYER_2,
                    ("            nn.BatchNorm2d(256),\n", ""),
                    (POOL_2, POOL_2 + "            nn.BatchNorm2d(256),\n"),
                ),
            ),
            (
                LAYER_1 + LAYER_2,
                edited(
                    LAYER_1 + LAYER_2,
                    ("            nn.BatchNorm2d(96),\n", ""),
                    (POOL_1, POOL_1 + "            nn.BatchNorm2d(96),\n"),
                    ("            nn.BatchNorm2d(256),\n", ""),
                    (POOL_2, POOL_2 + "            nn.BatchNorm2d(256),\n"),
                ),
            ),
        ),
    ),
    Mutant(
        "no_bias",
        "The convolutions have no bias.",
        hint="In AlexNet every convolution has a bias, as the task says. How many parameters are missing, and how many maps do the five layers have together?",
        ru=(
            "У свёрток нет смещения (bias).",
            "В AlexNet смещение есть у каждой свёртки, так сказано в задании. Скольких параметров не хватает и сколько всего карт в пяти слоях?",
        ),
        idea="bias_before_batch_norm",
        lesson="recap",
        replace=LAYER_1 + LAYER_2,
        by=edited(
            LAYER_1 + LAYER_2,
            ("stride=4)", "stride=4, bias=False)"),
            ("padding=2)", "padding=2, bias=False)"),
        ),
        fails=COUNT,
        message="parameters.too_few",
        also=(
            (LAYER_1, edited(LAYER_1, ("stride=4)", "stride=4, bias=False)"))),
            (LAYERS_3_TO_5, LAYERS_3_TO_5.replace("padding=1)", "padding=1, bias=False)")),
            (
                FEATURES,
                FEATURES.replace("stride=4)", "stride=4, bias=False)")
                .replace("padding=2)", "padding=2, bias=False)")
                .replace("padding=1)", "padding=1, bias=False)"),
            ),
        ),
    ),
    Mutant(
        "two_groups",
        "Convolutions are split into two groups, as in the paper.",
        hint="The paper split its network over two graphics cards; the lesson asks for one whole network. Which argument of the convolution halves its weights?",
        ru=(
            "Свёртки разделены на две группы, как в статье.",
            "В статье сеть делили между двумя видеокартами, а урок просит одну целую сеть. Какой аргумент свёртки вдвое уменьшает число её весов?",
        ),
        idea="layer_sizes",
        replace=LAYER_2 + LAYERS_3_TO_5,
        by=edited(
            LAYER_2 + LAYERS_3_TO_5,
            ("padding=2)", "padding=2, groups=2)"),
            (
                "(384, 384, kernel_size=3, padding=1)",
                "(384, 384, kernel_size=3, padding=1, groups=2)",
            ),
            (
                "(384, 256, kernel_size=3, padding=1)",
                "(384, 256, kernel_size=3, padding=1, groups=2)",
            ),
        ),
        fails=COUNT,
        message="parameters.too_few",
        also=((LAYER_2, edited(LAYER_2, ("padding=2)", "padding=2, groups=2)"))),),
    ),
    Mutant(
        "padding_in_first_convolution",
        "The first convolution has padding, as for pictures of 224x224.",
        hint="The lesson's picture is 227x227. Compute the size after the first convolution with your padding and without: which gives 55?",
        ru=(
            "У первой свёртки есть паддинг, как для картинок 224x224.",
            "В уроке картинка 227x227. Посчитай размер после первой свёртки с твоим паддингом и без него: когда получится 55?",
        ),
        idea="padding",
        replace=LAYER_1,
        by=edited(LAYER_1, ("stride=4)", "stride=4, padding=2)")),
        fails=MAPS,
        message="maps.size",
    ),
    Mutant(
        "padding_elsewhere",
        "A convolution after the first one has another padding than the lesson's, so the maps have other sizes.",
        hint="Print the shape after every layer. After which convolution does the size change although the lesson's picture keeps it?",
        ru=(
            "У одной из свёрток после первой паддинг не такой, как в уроке, и размеры карт другие.",
            "Напечатай размер после каждого слоя. После какой свёртки он меняется, хотя на слайде остаётся прежним?",
        ),
        idea="padding",
        replace=NETWORK,
        by=edited(
            NETWORK, ("kernel_size=5, padding=2)", "kernel_size=5)"), ("256 * 6 * 6", "256 * 5 * 5")
        ),
        fails=COUNT,
        message="parameters.too_few",
        also=(
            (NETWORK, NETWORK.replace(", padding=1)", ")").replace("256 * 6 * 6", "256 * 3 * 3")),
        ),
    ),
    Mutant(
        "stride_of_first_convolution",
        "The first convolution does not have stride 4.",
        hint="Compute the size after an 11x11 convolution over 227 pixels with your stride. The lesson's picture says 55.",
        ru=(
            "У первой свёртки страйд не равен 4.",
            "Посчитай размер после свёртки 11x11 по 227 пикселям с твоим страйдом. На слайде написано 55.",
        ),
        idea="stride_place",
        replace=NETWORK,
        by=edited(NETWORK, ("stride=4)", "stride=3)"), ("256 * 6 * 6", "256 * 8 * 8")),
        fails=COUNT,
        message="parameters.too_many",
        also=(
            (
                NETWORK,
                edited(NETWORK, ("stride=4)", "stride=2)"), ("256 * 6 * 6", "256 * 12 * 12")),
            ),
        ),
    ),
    Mutant(
        "pooling_missing",
        "One of the three poolings is missing, and the fully connected layer was widened to fit.",
        hint="Which sizes do the boxes of the lesson's picture have: 55, 27, 13, 13, 13? Between which of them does the size change, and what comes after the fifth?",
        ru=(
            "Нет одного из трёх пулингов, а полносвязный слой под это расширен.",
            "Какие размеры у прямоугольников на слайде: 55, 27, 13, 13, 13? Где между ними размер меняется и что идёт после пятого?",
        ),
        idea="pooling",
        replace=NETWORK,
        by=edited(NETWORK, (POOL_5, ""), ("256 * 6 * 6", "256 * 13 * 13")),
        fails=COUNT,
        message="parameters.too_many",
        also=((NETWORK, edited(NETWORK, (POOL_2, ""), ("256 * 6 * 6", "256 * 13 * 13"))),),
    ),
    Mutant(
        "sizes_do_not_fit",
        "The maps do not have the size that the first fully connected layer expects: a stride, a padding or a pooling differs from the lesson's.",
        hint="Print the shape after every layer: 55, 27, 27, 13, 13, 13, 13, 6. Which layer is the first whose size is not in the lesson's picture?",
        ru=(
            "Размер карт не тот, которого ждёт первый полносвязный слой: страйд, паддинг или пулинг отличаются от урока.",
            "Напечатай размер после каждого слоя: 55, 27, 27, 13, 13, 13, 13, 6. У какого слоя размер впервые не такой, как на слайде?",
        ),
        idea="padding",
        replace=FEATURES,
        by=edited(FEATURES, (POOL_5, "")),
        fails=BUILT,
        message="fault.error",
        also=(
            (FEATURES, edited(FEATURES, (POOL_1, ""))),
            (FEATURES, edited(FEATURES, (POOL_2, ""))),
            (FEATURES, edited(FEATURES, ("stride=4)", "stride=2)"))),
            (FEATURES, edited(FEATURES, ("kernel_size=5, padding=2)", "kernel_size=5)"))),
            (FEATURES, FEATURES.replace(", padding=1)", ")")),
        ),
    ),
    Mutant(
        "pooling_2x2",
        "A max pooling has a 2x2 window instead of 3x3: the sizes may stay, the maps do not.",
        hint="AlexNet's windows overlap: kernel and stride are different numbers. What is your kernel?",
        ru=(
            "Окно max pooling 2x2, а не 3x3: размеры могут совпасть, а карты нет.",
            "В AlexNet окна пулинга перекрываются: ядро и страйд — разные числа. Какое ядро у тебя?",
        ),
        idea="pooling",
        replace=POOL_5,
        by=edited(POOL_5, (POOL, "nn.MaxPool2d(kernel_size=2, stride=2)")),
        fails=EQUAL,
        message="equal.output",
        also=(
            (POOL_1, edited(POOL_1, (POOL, "nn.MaxPool2d(kernel_size=2, stride=2)"))),
            (POOL_2, edited(POOL_2, (POOL, "nn.MaxPool2d(kernel_size=2, stride=2)"))),
            (FEATURES, FEATURES.replace(POOL, "nn.MaxPool2d(kernel_size=2, stride=2)")),
        ),
    ),
    Mutant(
        "average_pooling",
        "A pooling takes the average instead of the maximum.",
        hint="Take nine numbers, eight zeros and a nine. What does the lesson's MaxPooling make of them, and what does yours?",
        ru=(
            "Пулинг берёт среднее, а не максимум.",
            "Возьми девять чисел: восемь нулей и девятку. Что из них сделает MaxPooling из урока и что твой пулинг?",
        ),
        idea="pooling",
        replace=FEATURES,
        by=FEATURES.replace("nn.MaxPool2d", "nn.AvgPool2d"),
        fails=EQUAL,
        message="equal.output",
        also=(
            (POOL_5, edited(POOL_5, ("MaxPool2d", "AvgPool2d"))),
            (POOL_1, edited(POOL_1, ("MaxPool2d", "AvgPool2d"))),
        ),
    ),
    Mutant(
        "narrow_layers",
        "The convolutions do not have the lesson's numbers of maps, for example 64 and 192 as in torchvision.",
        hint="torchvision has a later, narrower variant; the lesson asks for the numbers under its picture. Read them from left to right and compare.",
        ru=(
            "Числа карт у свёрток не такие, как в уроке: например, 64 и 192, как в torchvision.",
            "В torchvision более поздний, узкий вариант, а урок просит числа, подписанные на слайде. Прочитай их слева направо и сравни.",
        ),
        idea="layer_sizes",
        replace=LAYER_1 + LAYER_2,
        by=edited(
            LAYER_1 + LAYER_2,
            ("(3, 96,", "(3, 64,"),
            ("m2d(96)", "m2d(64)"),
            ("(96, 256,", "(64, 256,"),
        ),
        fails=MAPS,
        message="maps.size",
        also=(
            (
                FEATURES,
                edited(
                    FEATURES,
                    ("(3, 96,", "(3, 64,"),
                    ("m2d(96)", "m2d(64)"),
                    ("(96, 256,", "(64, 192,"),
                    ("m2d(256)", "m2d(192)"),
                    ("(256, 384,", "(192, 384,"),
                    ("(384, 384,", "(384, 256,"),
                    (
                        "nn.Conv2d(384, 256, kernel_size=3, padding=1),  # (B, 256",
                        "nn.Conv2d(256, 256, kernel_size=3, padding=1),  # (B, 256",
                    ),
                ),
            ),
            (
                LAYERS_3_TO_5,
                edited(
                    LAYERS_3_TO_5,
                    ("(384, 384,", "(384, 256,"),
                    (
                        "nn.Conv2d(384, 256, kernel_size=3, padding=1),  # (B, 256",
                        "nn.Conv2d(256, 256, kernel_size=3, padding=1),  # (B, 256",
                    ),
                ),
            ),
        ),
    ),
    Mutant(
        "kernel_sizes",
        "A convolution has another kernel than the lesson's 11, 5, 3, 3, 3.",
        hint="The sizes of the maps can be right with another kernel and padding. Compare each kernel with the list in the task.",
        ru=(
            "У одной из свёрток ядро не такое, как в уроке: 11, 5, 3, 3, 3.",
            "С другим ядром и паддингом размеры карт тоже могут сойтись. Сверь каждое ядро со списком в задании.",
        ),
        idea="layer_sizes",
        replace=LAYER_2,
        by=edited(LAYER_2, ("kernel_size=5, padding=2", "kernel_size=3, padding=1")),
        fails=COUNT,
        message="parameters.too_few",
        also=(
            (
                LAYERS_3_TO_5,
                LAYERS_3_TO_5.replace(
                    "nn.Conv2d(256, 384, kernel_size=3, padding=1)",
                    "nn.Conv2d(256, 384, kernel_size=5, padding=2)",
                ),
            ),
        ),
    ),
    Mutant(
        "fully_connected_sizes",
        "The fully connected layers are not 9216, 4096, 4096 and num_classes: one is missing or has another width.",
        hint="The lesson counts three long boxes at the end. How many do you have, and which numbers stand below them?",
        ru=(
            "Полносвязные слои не 9216, 4096, 4096 и num_classes: одного нет или ширина другая.",
            "На слайде в конце три вытянутых прямоугольника. Сколько их у тебя и какие числа под ними подписаны?",
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
        fails=COUNT,
        message="parameters.too_few",
        also=(
            (
                CLASSIFIER,
                edited(
                    CLASSIFIER,
                    ("nn.Linear(4096, 4096)", "nn.Linear(4096, 1000)"),
                    ("nn.Linear(4096, num_classes)", "nn.Linear(1000, num_classes)"),
                ),
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
        fails="alexnet.every_parameter_learns.AlexNet",
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
        fails="alexnet.output_shape.AlexNet",
        message="shape.wrong",
    ),
]
