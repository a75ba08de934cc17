"""ResNet: typical mistakes. Text patches of resnet.py."""

from autograder.course.mutants import Mutant, edited

RESIDUAL_LAYERS = """        self.conv1 = nn.Conv2d(in_channels, out_channels, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(out_channels)
        self.conv2 = nn.Conv2d(out_channels, out_channels, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(out_channels)
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or in_channels != out_channels:
            self.shortcut = nn.Sequential(
                nn.Conv2d(in_channels, out_channels, 1, stride, bias=False),
                nn.BatchNorm2d(out_channels),
            )
"""
RESIDUAL_START = """        residual = torch.relu(self.bn1(self.conv1(x)))  # (B, out_channels, H / stride, W / stride)
"""
RESIDUAL_SUM = """        residual = self.bn2(self.conv2(residual))
        return torch.relu(residual + self.shortcut(x))
"""
BETWEEN = """        # END SOLUTION

    def forward(self, x: Tensor) -> Tensor:
        # TODO: residual branch plus shortcut, then ReLU
        # BEGIN SOLUTION
"""
RESIDUAL_FORWARD = RESIDUAL_START + RESIDUAL_SUM
RESIDUAL = RESIDUAL_LAYERS + BETWEEN + RESIDUAL_FORWARD

BOTTLENECK_LAYERS = """        out_channels = 4 * mid_channels
        self.conv1 = nn.Conv2d(in_channels, mid_channels, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(mid_channels)
        self.conv2 = nn.Conv2d(mid_channels, mid_channels, 3, stride, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(mid_channels)
        self.conv3 = nn.Conv2d(mid_channels, out_channels, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(out_channels)
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or in_channels != out_channels:
            self.shortcut = nn.Sequential(
                nn.Conv2d(in_channels, out_channels, 1, stride, bias=False),
                nn.BatchNorm2d(out_channels),
            )
"""
BOTTLENECK_START = """        residual = torch.relu(self.bn1(self.conv1(x)))  # (B, mid_channels, H, W)
        residual = torch.relu(self.bn2(self.conv2(residual)))  # (B, mid, H / stride, W / stride)
"""
BOTTLENECK_SUM = """        residual = self.bn3(self.conv3(residual))  # (B, 4 * mid, H / stride, W / stride)
        return torch.relu(residual + self.shortcut(x))
"""
BOTTLENECK_FORWARD = BOTTLENECK_START + BOTTLENECK_SUM
BOTTLENECK = BOTTLENECK_LAYERS + BETWEEN + BOTTLENECK_FORWARD

STEM = """            nn.Conv2d(3, 64, kernel_size=7, stride=2, padding=3, bias=False),
            nn.BatchNorm2d(64),
            nn.ReLU(),
            nn.MaxPool2d(kernel_size=3, stride=2, padding=1),
"""
STRIDE = "stride = 2 if stage > 0 and index == 0 else 1"
HEAD = "self.classifier(torch.flatten(self.pool(maps), 1))  # (B, num_classes)\n"
BLOCKS = """                if bottleneck:
                    blocks.append(BottleneckBlock(maps, width, stride))
                    maps = 4 * width
                else:
                    blocks.append(ResidualBlock(maps, width, stride))
                    maps = width
"""

CONV = "nn.Conv2d(in_channels, out_channels, 1, stride, bias=False)"
CONDITION = "if stride != 1 or in_channels != out_channels:"
PROJECTION = """            self.shortcut = nn.Sequential(
                nn.Conv2d(in_channels, out_channels, 1, stride, bias=False),
                nn.BatchNorm2d(out_channels),
            )
"""
OPTION_A = """        shortcut = x[:, :, :: self.stride, :: self.stride]
        new = residual.shape[1] - x.shape[1]
        return torch.relu(residual + nn.functional.pad(shortcut, (0, 0, 0, 0, 0, new)))
"""

BLOCK = "resnet.residual_block_equals_the_paper"
BUILD = "resnet.is_written.ResidualBlock"
COUNT = "resnet.parameter_count.ResidualBlock"
LEARNS = "resnet.every_parameter_learns.ResidualBlock"
WIDE = "resnet.bottleneck_block_equals_the_paper"
WIDE_BUILD = "resnet.is_written.BottleneckBlock"
WIDE_COUNT = "resnet.parameter_count.BottleneckBlock"
NETWORK = "resnet.network_equals_the_paper"
NET_COUNT = "resnet.parameter_count.ResNet"

RESIDUAL_BLOCK = [
    Mutant(
        "no_relu_after_sum",
        "The block returns the sum of branch and shortcut without ReLU.",
        hint="Find the last thing in the paper's figure 2: what stands below the plus? Print the smallest value your block returns; can it be negative there?",
        ru=(
            "Блок возвращает сумму ветви и shortcut, а ReLU после неё нет.",
            "Найди на рисунке 2 статьи последнее действие: что стоит под плюсом? Напечатай наименьшее значение на выходе блока: может ли оно там быть отрицательным?",
        ),
        idea="relu_after_sum",
        replace=RESIDUAL_SUM,
        by="        return self.bn2(self.conv2(residual)) + self.shortcut(x)\n",
        fails=BLOCK,
        message="equal.output",
    ),
    Mutant(
        "relu_before_sum",
        "ReLU is applied to the branch before the sum, and there is none after it.",
        hint="With ReLU there the branch can only add, never take away. In the paper's figure 2, is the second ReLU above or below the plus?",
        ru=(
            "ReLU применяется к ветви до сложения, а после суммы её нет.",
            "С такой ReLU ветвь умеет только прибавлять и никогда не вычитает. Посмотри на рисунок 2 статьи: вторая ReLU стоит до плюса или после?",
        ),
        idea="relu_after_sum",
        replace=RESIDUAL_SUM,
        by="        return torch.relu(self.bn2(self.conv2(residual))) + self.shortcut(x)\n",
        fails=BLOCK,
        message="equal.output",
    ),
    Mutant(
        "relu_twice",
        "ReLU is applied twice: to the branch before the sum and again after the sum.",
        hint="Count the ReLUs in the paper's figure 2 and in your forward. Can the branch, as you wrote it, ever make a map of the shortcut smaller?",
        ru=(
            "ReLU применяется дважды: к ветви до сложения и ещё раз после суммы.",
            "Сосчитай ReLU на рисунке 2 статьи и в своём forward. Может ли твоя ветвь хоть где-то уменьшить то, что пришло по shortcut?",
        ),
        idea="relu_after_sum",
        replace=RESIDUAL_SUM,
        by="""        residual = torch.relu(self.bn2(self.conv2(residual)))
        return torch.relu(residual + self.shortcut(x))
""",
        fails=BLOCK,
        message="equal.output",
    ),
    Mutant(
        "relu_on_shortcut",
        "The shortcut goes through a ReLU of its own before the sum.",
        hint="The shortcut should bring the input (or its projection) as it is. What happens to its negative values on your way?",
        ru=(
            "До сложения shortcut проходит через собственную ReLU.",
            "Shortcut должен принести вход (или его проекцию) без изменений. Что у тебя по дороге происходит с отрицательными значениями?",
        ),
        idea="relu_after_sum",
        replace=RESIDUAL_LAYERS,
        by=edited(
            RESIDUAL_LAYERS,
            (PROJECTION, PROJECTION.replace("(out_channels),", "(out_channels), nn.ReLU(),")),
        ),
        fails=BLOCK,
        message="equal.output",
        also=(
            (
                RESIDUAL_SUM,
                edited(RESIDUAL_SUM, ("self.shortcut(x)", "torch.relu(self.shortcut(x))")),
            ),
        ),
    ),
    Mutant(
        "skip_never_added",
        "The block returns only its residual branch: the shortcut is not added.",
        hint="Set all weights of the branch to zero in your mind: what should still come out of a residual block, and what comes out of yours?",
        ru=(
            "Блок возвращает только остаточную ветвь, shortcut к ней не прибавлен.",
            "Представь, что все веса ветви равны нулю. Что всё равно должно выйти из остаточного блока, а что выйдет из твоего?",
        ),
        idea="shortcut",
        lesson="skip_connection",
        replace=RESIDUAL_SUM,
        by="        return torch.relu(self.bn2(self.conv2(residual)))\n",
        fails=BLOCK,
        message="equal.output",
        also=(
            (
                RESIDUAL_SUM,
                "        self.shortcut(x)\n        return torch.relu(self.bn2(self.conv2(residual)))\n",
            ),
            (
                RESIDUAL,
                edited(
                    RESIDUAL,
                    ("        self.shortcut: nn.Module = nn.Identity()\n", ""),
                    (f"        {CONDITION}\n{PROJECTION}", ""),
                    ("residual + self.shortcut(x)", "residual"),
                ),
            ),
            (RESIDUAL_SUM, "        return self.bn2(self.conv2(residual))\n"),
        ),
    ),
    Mutant(
        "shortcut_only_if_projected",
        "The shortcut is added only where it is a projection; where the shape stays, nothing is added.",
        hint="Most blocks of ResNet keep the shape. What goes along the arrow around such a block in the paper's figure 3, the solid one?",
        ru=(
            "Shortcut прибавляется только там, где есть проекция; если размер не меняется, ничего не прибавлено.",
            "У большинства блоков ResNet размер не меняется. Что идёт по сплошной стрелке в обход такого блока на рисунке 3 статьи?",
        ),
        idea="shortcut",
        lesson="skip_connection",
        replace=RESIDUAL_SUM,
        by="""        residual = self.bn2(self.conv2(residual))
        if not isinstance(self.shortcut, nn.Identity):
            residual = residual + self.shortcut(x)
        return torch.relu(residual)
""",
        fails=BLOCK,
        message="equal.output",
    ),
    Mutant(
        "shortcut_multiplied",
        "Branch and shortcut are multiplied instead of added.",
        hint="With a sum a silent branch (all zeros) lets the input through. What does your block give when the branch is zero?",
        ru=(
            "Ветвь и shortcut перемножаются, а не складываются.",
            "При сложении «молчащая» ветвь (одни нули) пропускает вход дальше. Что выдаст твой блок, если ветвь равна нулю?",
        ),
        idea="add_or_concat",
        lesson="skip_connection",
        replace=RESIDUAL_SUM,
        by="        return torch.relu(self.bn2(self.conv2(residual)) * self.shortcut(x))\n",
        fails=BLOCK,
        message="equal.output",
    ),
    Mutant(
        "shortcut_subtracted",
        "The shortcut enters with a minus instead of a plus.",
        hint="What is the derivative of your block's output along the shortcut: plus one or minus one? Compare with the lesson's formula for x3'.",
        ru=(
            "Shortcut входит в сумму с минусом, а не с плюсом.",
            "Чему равна производная выхода блока вдоль shortcut: плюс единице или минус единице? Сравни с формулой x3' из урока.",
        ),
        idea="add_or_concat",
        lesson="skip_connection",
        replace="        residual = self.bn2(self.conv2(residual))\n        return torch.relu(residual + self.shortcut(x))\n",
        by="        residual = self.bn2(self.conv2(residual))\n        return torch.relu(residual - self.shortcut(x))\n",
        fails=BLOCK,
        message="equal.output",
        also=(
            (
                RESIDUAL_SUM,
                edited(
                    RESIDUAL_SUM, ("residual + self.shortcut(x)", "self.shortcut(x) - residual")
                ),
            ),
        ),
    ),
    Mutant(
        "concat_instead_of_add",
        "Branch and shortcut are concatenated, so the block returns twice as many maps.",
        hint="How many maps should the block return, and how many do you get? Which of the lesson's networks adds and which one concatenates?",
        ru=(
            "Карты ветви и shortcut конкатенируются, и карт на выходе вдвое больше.",
            "Сколько карт активации блок должен вернуть и сколько получилось? Какая сеть из урока складывает карты, а какая конкатенирует?",
        ),
        idea="add_or_concat",
        lesson="skip_connection",
        replace=RESIDUAL_SUM,
        by="""        residual = self.bn2(self.conv2(residual))
        return torch.relu(torch.cat([residual, self.shortcut(x)], dim=1))
""",
        fails="resnet.output_shape.ResidualBlock",
        message="shape.wrong",
        also=(
            (
                RESIDUAL_SUM,
                """        residual = self.bn2(self.conv2(residual))
        return torch.relu(torch.cat([self.shortcut(x), residual], dim=1))
""",
            ),
        ),
    ),
    Mutant(
        "branch_detached",
        "The residual branch is cut off from the graph (detach, .data or no_grad), so its weights do not learn.",
        hint="After backward() print the gradient of each of the block's weights. Where on the way back does it get lost?",
        ru=(
            "Остаточная ветвь отрезана от графа (detach, .data или no_grad), и её веса не учатся.",
            "После backward() напечатай градиент каждого веса блока. В каком месте на обратном пути он теряется?",
        ),
        idea="gradient_path",
        lesson="vanishing_gradients",
        replace=RESIDUAL_SUM,
        by="""        residual = self.bn2(self.conv2(residual))
        return torch.relu(residual.detach() + self.shortcut(x))
""",
        fails=LEARNS,
        message="gradient.dead",
        also=(
            (
                RESIDUAL_START,
                edited(RESIDUAL_START, ("(self.conv1(x)))", "(self.conv1(x))).detach()")),
            ),
        ),
    ),
    Mutant(
        "shortcut_detached",
        "The shortcut is cut off from the graph (detach, .data or no_grad): the numbers are right, but no gradient runs along it.",
        hint="The shortcut exists for the way back. Compare the gradient of the input with and without your shortcut: is the added one of the lesson's formula there?",
        ru=(
            "Shortcut отрезан от графа (detach, .data или no_grad): числа верные, но градиент по нему не идёт.",
            "Shortcut нужен прежде всего на обратном пути. Сравни градиент входа с твоим shortcut и без него: видна ли та самая единица из формулы урока?",
        ),
        idea="gradient_path",
        lesson="vanishing_gradients",
        replace=RESIDUAL_SUM,
        by=edited(RESIDUAL_SUM, ("self.shortcut(x)", "self.shortcut(x.detach())")),
        fails=BLOCK,
        message="equal.input_gradient",
        also=(
            (RESIDUAL_SUM, edited(RESIDUAL_SUM, ("self.shortcut(x)", "self.shortcut(x).detach()"))),
            (
                RESIDUAL_SUM,
                edited(
                    RESIDUAL_SUM,
                    (
                        "self.shortcut(x)",
                        "(x.detach() if isinstance(self.shortcut, nn.Identity) else self.shortcut(x))",
                    ),
                ),
            ),
        ),
    ),
    Mutant(
        "input_changed_in_place",
        "The block changes its own input: the sum or ReLU is written into x in place.",
        evidence="input_changed",
        hint="Keep a copy of the input, call the block, compare. When the shortcut is the input itself, what does an operation in place on it change?",
        ru=(
            "Блок портит свой вход: сумма или ReLU записывается прямо в x.",
            "Сохрани копию входа, вызови блок и сравни. Если shortcut — это сам вход, что меняет операция на месте?",
        ),
        idea="in_place",
        replace=RESIDUAL_SUM,
        by="""        residual = self.bn2(self.conv2(residual))
        shortcut = self.shortcut(x)
        shortcut += residual
        return torch.relu(shortcut)
""",
        fails="resnet.keeps_its_input.ResidualBlock",
        message="input.changed",
        also=(
            (
                RESIDUAL_SUM,
                """        residual = self.bn2(self.conv2(residual))
        shortcut = self.shortcut(x)
        shortcut += residual
        return torch.relu_(shortcut)
""",
            ),
        ),
    ),
    Mutant(
        "shortcut_from_changed_input",
        "The name x is written over in the branch, so the shortcut starts from maps that are already changed, not from the block's input.",
        hint="Which x does the shortcut get in your last line? Follow the name x through forward and note its shape after every line.",
        ru=(
            "Имя x в ветви перезаписано, и shortcut начинается не от входа блока, а от уже изменённых карт.",
            "Какой x попадает в shortcut в последней строке? Проследи за именем x в forward и запиши размер после каждой строки.",
        ),
        idea="shortcut",
        lesson="skip_connection",
        replace=RESIDUAL_FORWARD,
        by="""        x = torch.relu(self.bn1(self.conv1(x)))
        return torch.relu(self.bn2(self.conv2(x)) + self.shortcut(x))
""",
        fails=BUILD,
        message="fault.error",
        also=(
            (
                RESIDUAL_FORWARD,
                """        x = torch.relu(self.bn1(self.conv1(x)))
        x = self.bn2(self.conv2(x))
        return torch.relu(x + self.shortcut(x))
""",
            ),
            (RESIDUAL_SUM, edited(RESIDUAL_SUM, ("self.shortcut(x)", "self.shortcut(residual)"))),
        ),
    ),
    Mutant(
        "relu_between_missing",
        "There is no ReLU between the two convolutions.",
        hint="Two convolutions in a row without anything non-linear are one convolution. What stands between the two weight layers in the paper's figure 2?",
        ru=(
            "Между двумя свёртками нет ReLU.",
            "Две свёртки подряд без нелинейности — это одна свёртка. Что стоит между двумя слоями на рисунке 2 статьи?",
        ),
        idea="nonlinearity",
        replace="torch.relu(self.bn1(self.conv1(x)))  # (B, out_channels",
        by="self.bn1(self.conv1(x))  # (B, out_channels",
        fails=BLOCK,
        message="equal.output",
    ),
    Mutant(
        "other_activation",
        "The block uses another activation than ReLU.",
        hint="Feed a negative number to your activation: what comes out? The paper's block uses ReLU in both places.",
        ru=(
            "В блоке стоит не ReLU, а другая функция активации.",
            "Подай своей функции активации отрицательное число: что получится? В блоке из статьи в обоих местах стоит ReLU.",
        ),
        idea="nonlinearity",
        replace=RESIDUAL_FORWARD,
        by=RESIDUAL_FORWARD.replace("torch.relu", "nn.functional.leaky_relu"),
        fails=BLOCK,
        message="equal.output",
        also=(
            (RESIDUAL_FORWARD, RESIDUAL_FORWARD.replace("torch.relu", "nn.functional.gelu")),
            (RESIDUAL_FORWARD, RESIDUAL_FORWARD.replace("torch.relu", "nn.functional.elu")),
            (RESIDUAL_FORWARD, RESIDUAL_FORWARD.replace("torch.relu", "nn.functional.silu")),
            (RESIDUAL_FORWARD, RESIDUAL_FORWARD.replace("torch.relu", "torch.sigmoid")),
            (RESIDUAL_FORWARD, RESIDUAL_FORWARD.replace("torch.relu", "torch.tanh")),
        ),
    ),
    Mutant(
        "batch_norm_missing",
        "One of the branch's convolutions is not followed by BatchNorm.",
        hint="Count: two convolutions in the branch, how many BatchNorms are applied in your forward? Section 3.4 of the paper says after which layers it comes.",
        ru=(
            "После одной из свёрток ветви нет BatchNorm.",
            "Сосчитай: в ветви две свёртки, а сколько BatchNorm применяется в твоём forward? В разделе 3.4 статьи сказано, после каких слоёв он стоит.",
        ),
        idea="batch_norm_place",
        replace=RESIDUAL,
        by=edited(
            RESIDUAL,
            ("        self.bn1 = nn.BatchNorm2d(out_channels)\n", ""),
            ("self.bn1(self.conv1(x))", "self.conv1(x)"),
        ),
        fails=BLOCK,
        message="equal.weights",
        also=(
            (
                RESIDUAL,
                edited(
                    RESIDUAL,
                    ("        self.bn2 = nn.BatchNorm2d(out_channels)\n", ""),
                    ("self.bn2(self.conv2(residual))", "self.conv2(residual)"),
                ),
            ),
            (
                RESIDUAL,
                edited(
                    RESIDUAL,
                    ("        self.bn1 = nn.BatchNorm2d(out_channels)\n", ""),
                    ("        self.bn2 = nn.BatchNorm2d(out_channels)\n", ""),
                    ("self.bn1(self.conv1(x))", "self.conv1(x)"),
                    ("self.bn2(self.conv2(residual))", "self.conv2(residual)"),
                ),
            ),
            (RESIDUAL_START, edited(RESIDUAL_START, ("self.bn1(self.conv1(x))", "self.conv1(x)"))),
            (
                RESIDUAL_SUM,
                edited(RESIDUAL_SUM, ("self.bn2(self.conv2(residual))", "self.conv2(residual)")),
            ),
        ),
    ),
    Mutant(
        "one_batch_norm_for_both",
        "Both convolutions go through one and the same BatchNorm.",
        hint="A BatchNorm keeps the mean and variance of one layer. Whose statistics are in yours after a training step? Print which BatchNorm gets a gradient.",
        ru=(
            "Обе свёртки проходят через один и тот же BatchNorm.",
            "BatchNorm хранит среднее и дисперсию одного слоя. Чья статистика окажется в твоём после шага обучения? Напечатай, какой BatchNorm получает градиент.",
        ),
        idea="registered_layers",
        replace=RESIDUAL_SUM,
        by="""        residual = self.bn1(self.conv2(residual))
        return torch.relu(residual + self.shortcut(x))
""",
        fails=BLOCK,
        message="equal.output",
        also=(
            (
                RESIDUAL,
                edited(
                    RESIDUAL,
                    ("        self.bn2 = nn.BatchNorm2d(out_channels)\n", ""),
                    ("self.bn2(self.conv2(residual))", "self.bn1(self.conv2(residual))"),
                ),
            ),
        ),
    ),
    Mutant(
        "one_convolution_for_both",
        "One convolution is used twice, so both layers share their weights.",
        hint="Print the names of all parameters of your block. How many 3x3 weights are there, and how many does the paper's block have?",
        ru=(
            "Одна и та же свёртка используется дважды: у двух слоёв общие веса.",
            "Напечатай имена всех параметров блока. Сколько там весов 3x3 и сколько их в блоке из статьи?",
        ),
        idea="registered_layers",
        replace=RESIDUAL_SUM,
        by=edited(RESIDUAL_SUM, ("self.conv2(residual)", "self.conv1(residual)")),
        fails=BUILD,
        message="fault.error",
    ),
    Mutant(
        "relu_before_batch_norm",
        "In the branch ReLU stands before BatchNorm: convolution, ReLU, BatchNorm.",
        hint="What should BatchNorm normalise: the output of the convolution or what ReLU left of it? Compare the order with section 3.4 of the paper.",
        ru=(
            "В ветви ReLU стоит раньше BatchNorm: свёртка, ReLU, BatchNorm.",
            "Что должен нормировать BatchNorm: выход свёртки или то, что от него оставила ReLU? Сверь порядок с разделом 3.4 статьи.",
        ),
        idea="batch_norm_place",
        replace=RESIDUAL_START,
        by=edited(
            RESIDUAL_START,
            ("torch.relu(self.bn1(self.conv1(x)))", "self.bn1(torch.relu(self.conv1(x)))"),
        ),
        fails=BLOCK,
        message="equal.output",
        also=(
            (
                RESIDUAL_FORWARD,
                """        residual = self.bn1(torch.relu(self.conv1(x)))
        residual = self.bn2(torch.relu(self.conv2(residual)))
        return torch.relu(residual + self.shortcut(x))
""",
            ),
            (
                RESIDUAL_FORWARD,
                """        residual = self.bn1(torch.relu(self.conv1(x)))
        residual = self.bn2(torch.relu(self.conv2(residual)))
        return residual + self.shortcut(x)
""",
            ),
        ),
    ),
    Mutant(
        "batch_norm_after_sum",
        "The second BatchNorm is applied after the sum, so it normalises the shortcut too.",
        hint="The shortcut should carry the input past everything. What does your BatchNorm do to it?",
        ru=(
            "Второй BatchNorm стоит после суммы и нормирует заодно и shortcut.",
            "Shortcut должен провести вход мимо всех слоёв. Что с ним делает твой BatchNorm?",
        ),
        idea="batch_norm_place",
        replace=RESIDUAL_SUM,
        by="        return torch.relu(self.bn2(self.conv2(residual) + self.shortcut(x)))\n",
        fails=BLOCK,
        message="equal.output",
        also=(
            (
                RESIDUAL_SUM,
                "        return self.bn2(torch.relu(self.conv2(residual) + self.shortcut(x)))\n",
            ),
        ),
    ),
    Mutant(
        "pre_activation",
        "The branch is written as BatchNorm, ReLU, convolution: the pre-activation block of a later paper.",
        hint="That block is real, from the authors' paper of 2016; the lesson asks for the one of 2015. In its figure 2, what is the first thing that meets the input?",
        ru=(
            "Ветвь записана как BatchNorm, ReLU, свёртка: это блок с предактивацией из более поздней статьи.",
            "Такой блок есть, он из статьи тех же авторов 2016 года, но урок просит блок 2015 года. Что на его рисунке 2 первым встречает вход?",
        ),
        idea="pre_activation",
        replace=RESIDUAL,
        by=edited(
            RESIDUAL,
            (
                "        self.bn1 = nn.BatchNorm2d(out_channels)",
                "        self.bn1 = nn.BatchNorm2d(in_channels)",
            ),
            ("torch.relu(self.bn1(self.conv1(x)))", "self.conv1(torch.relu(self.bn1(x)))"),
            ("self.bn2(self.conv2(residual))", "self.conv2(torch.relu(self.bn2(residual)))"),
            ("torch.relu(residual + self.shortcut(x))", "residual + self.shortcut(x)"),
        ),
        fails=BLOCK,
        message="equal.output",
        also=(
            (
                RESIDUAL,
                edited(
                    RESIDUAL,
                    (
                        "        self.bn1 = nn.BatchNorm2d(out_channels)",
                        "        self.bn1 = nn.BatchNorm2d(in_channels)",
                    ),
                    ("torch.relu(self.bn1(self.conv1(x)))", "self.conv1(torch.relu(self.bn1(x)))"),
                    (
                        "self.bn2(self.conv2(residual))",
                        "self.conv2(torch.relu(self.bn2(residual)))",
                    ),
                ),
            ),
            (
                RESIDUAL,
                edited(
                    RESIDUAL,
                    (
                        "        self.bn1 = nn.BatchNorm2d(out_channels)",
                        "        self.bn1 = nn.BatchNorm2d(in_channels)",
                    ),
                    ("torch.relu(self.bn1(self.conv1(x)))", "self.conv1(torch.relu(self.bn1(x)))"),
                    (
                        "self.bn2(self.conv2(residual))",
                        "self.conv2(torch.relu(self.bn2(residual)))",
                    ),
                    ("torch.relu(residual + self.shortcut(x))", "residual + self.shortcut(x)"),
                    (PROJECTION, f"            self.shortcut = {CONV}\n"),
                ),
            ),
        ),
    ),
    Mutant(
        "bias_before_batch_norm",
        "A convolution keeps its bias although BatchNorm follows.",
        hint="Add the same number to every value of a map and take the mean away again: what is left of that number? Which argument of the convolution follows from it?",
        ru=(
            "У свёртки осталось смещение (bias), хотя сразу после неё стоит BatchNorm.",
            "Прибавь ко всем значениям карты одно и то же число, а потом вычти среднее: что останется от этого числа? Какой аргумент свёртки из этого следует?",
        ),
        idea="bias_before_batch_norm",
        lesson="recap",
        replace=RESIDUAL_LAYERS,
        by=edited(RESIDUAL_LAYERS, ("3, stride, padding=1, bias=False)", "3, stride, padding=1)")),
        fails=COUNT,
        message="parameters.too_many",
        also=(
            (
                RESIDUAL_LAYERS,
                edited(
                    RESIDUAL_LAYERS,
                    (
                        "(out_channels, out_channels, 3, padding=1, bias=False)",
                        "(out_channels, out_channels, 3, padding=1)",
                    ),
                ),
            ),
            (
                RESIDUAL_LAYERS,
                edited(
                    RESIDUAL_LAYERS,
                    ("3, stride, padding=1, bias=False)", "3, stride, padding=1)"),
                    (
                        "(out_channels, out_channels, 3, padding=1, bias=False)",
                        "(out_channels, out_channels, 3, padding=1)",
                    ),
                ),
            ),
            (RESIDUAL_LAYERS, edited(RESIDUAL_LAYERS, ("1, stride, bias=False)", "1, stride)"))),
            (RESIDUAL_LAYERS, RESIDUAL_LAYERS.replace(", bias=False", "")),
        ),
    ),
    Mutant(
        "batch_norm_defaults_changed",
        "BatchNorm has another momentum than PyTorch's default.",
        hint="Compare the running mean after one training step with that of a fresh BatchNorm2d. Note that PyTorch's momentum is the share of the new value; Keras counts the other way round.",
        ru=(
            "У BatchNorm другой momentum, не тот, что в PyTorch по умолчанию.",
            "Сравни running_mean после одного шага обучения с обычным BatchNorm2d. Заметь: в PyTorch momentum — это доля нового значения, а в Keras всё наоборот.",
        ),
        idea="batch_norm_settings",
        lesson="recap",
        replace="        self.bn2 = nn.BatchNorm2d(out_channels)\n",
        by="        self.bn2 = nn.BatchNorm2d(out_channels, momentum=0.01)\n",
        fails=BLOCK,
        message="equal.statistics",
        also=tuple(
            (
                RESIDUAL_LAYERS,
                RESIDUAL_LAYERS.replace(
                    "m2d(out_channels)", f"m2d(out_channels, momentum={value})"
                ),
            )
            for value in ("0.9", "0.99", "0.01", "0.05", "0.997")
        ),
    ),
    Mutant(
        "batch_norm_eps_changed",
        "BatchNorm has another eps than PyTorch's default.",
        hint="Which eps does a fresh BatchNorm2d print, and which one do yours print? The task asks for PyTorch's own.",
        ru=(
            "У BatchNorm другой eps, не тот, что в PyTorch по умолчанию.",
            "Какой eps печатает обычный BatchNorm2d и какой печатают твои? В задании нужен тот, что в PyTorch по умолчанию.",
        ),
        idea="batch_norm_settings",
        lesson="recap",
        replace="        self.bn2 = nn.BatchNorm2d(out_channels)\n",
        by="        self.bn2 = nn.BatchNorm2d(out_channels, eps=1e-3)\n",
        fails=BLOCK,
        message="equal.output",
        also=tuple(
            (
                RESIDUAL_LAYERS,
                RESIDUAL_LAYERS.replace("m2d(out_channels)", f"m2d(out_channels, eps={value})"),
            )
            for value in ("1e-3", "1e-4", "2e-5")
        ),
    ),
    Mutant(
        "dropout_in_block",
        "There is a dropout inside the block.",
        hint="Call the block twice in train mode on the same input: why are the answers different? Look for dropout in the paper's section 3.4.",
        ru=(
            "Внутри блока есть dropout.",
            "Вызови блок дважды в режиме train на одном и том же входе: почему ответы разные? Поищи dropout в разделе 3.4 статьи.",
        ),
        idea="dropout_place",
        replace=RESIDUAL_SUM,
        by="""        residual = nn.functional.dropout(residual, 0.5, self.training)
        residual = self.bn2(self.conv2(residual))
        return torch.relu(residual + self.shortcut(x))
""",
        fails=BLOCK,
        message="equal.output",
        also=(
            *(
                (
                    RESIDUAL_SUM,
                    f"        residual = nn.functional.dropout(residual, {rate}, self.training)\n{RESIDUAL_SUM}",
                )
                for rate in (0.1, 0.2, 0.25, 0.3)
            ),
            *(
                (
                    RESIDUAL_SUM,
                    edited(
                        RESIDUAL_SUM,
                        (
                            "(residual + self",
                            f"(nn.functional.dropout(residual, {rate}, self.training) + self",
                        ),
                    ),
                )
                for rate in (0.1, 0.2, 0.5)
            ),
        ),
    ),
    Mutant(
        "no_padding",
        "A 3x3 convolution of the branch has no padding, so the branch's maps become smaller than the shortcut's.",
        hint="Compute the size of a 8x10 map after a 3x3 convolution without padding, and then try to add it to the input. What did the lesson add to every layer before the skip connection?",
        ru=(
            "У свёртки 3x3 в ветви нет паддинга, и карты ветви получаются меньше, чем карты shortcut.",
            "Посчитай размер карты 8x10 после свёртки 3x3 без паддинга и попробуй сложить её со входом. Что урок добавил к каждому слою, прежде чем применить skip connection?",
        ),
        idea="padding",
        lesson="skip_connection",
        replace=RESIDUAL_LAYERS,
        by=RESIDUAL_LAYERS.replace(", padding=1", ""),
        fails=BUILD,
        message="fault.error",
        also=(
            (RESIDUAL_LAYERS, edited(RESIDUAL_LAYERS, ("3, stride, padding=1,", "3, stride,"))),
            (RESIDUAL_LAYERS, edited(RESIDUAL_LAYERS, ("3, padding=1,", "3,"))),
        ),
    ),
    Mutant(
        "stride_in_second_convolution",
        "The second convolution carries the stride instead of the first.",
        hint="Print the shape after each convolution with stride=2. In the paper's table 1, is the first layer of a stage already of the smaller size?",
        ru=(
            "Страйд стоит во второй свёртке, а не в первой.",
            "Напечатай размер после каждой свёртки при stride=2. Посмотри в таблицу 1 статьи: у первого слоя группы размер уже уменьшен?",
        ),
        idea="stride_place",
        replace=RESIDUAL_LAYERS,
        by=edited(
            RESIDUAL_LAYERS,
            ("3, stride, padding=1, bias=False)", "3, padding=1, bias=False)"),
            (
                "(out_channels, out_channels, 3, padding",
                "(out_channels, out_channels, 3, stride, padding",
            ),
        ),
        fails=BLOCK,
        message="equal.output",
    ),
    Mutant(
        "stride_ignored",
        "The argument stride has no effect in the branch: no 3x3 convolution gets it.",
        hint="Call the block with stride=1 and stride=2 and compare the output sizes. Where should the argument go?",
        ru=(
            "Аргумент stride не действует в ветви: ни одна свёртка 3x3 его не получает.",
            "Вызови блок с stride=1 и stride=2 и сравни размеры выхода. Куда этот аргумент должен попасть?",
        ),
        idea="stride_place",
        replace=RESIDUAL_LAYERS,
        by=RESIDUAL_LAYERS.replace(", 3, stride,", ", 3,").replace(", 1, stride,", ", 1,"),
        fails="resnet.output_shape.ResidualBlock",
        message="shape.wrong",
    ),
    Mutant(
        "sizes_differ_with_stride",
        "With a stride, branch and shortcut come out in different sizes: the stride stands in one of them only, or twice in one.",
        hint="Print the shape of the branch and of the shortcut for stride=2. Two tensors can only be added where all sizes agree; how often is each of them halved?",
        ru=(
            "При stride=2 у ветви и shortcut разные размеры: страйд стоит только в одном из них или в одном дважды.",
            "При stride=2 напечатай размер ветви и размер shortcut. Складывать поэлементно можно только тензоры одинакового размера; сколько раз уменьшается каждый?",
        ),
        idea="stride_place",
        replace=RESIDUAL_LAYERS,
        by=edited(RESIDUAL_LAYERS, ("1, stride, bias=False)", "1, bias=False)")),
        fails=BUILD,
        message="fault.error",
        also=(
            (RESIDUAL_LAYERS, edited(RESIDUAL_LAYERS, ("3, stride, padding", "3, padding"))),
            (
                RESIDUAL_LAYERS,
                edited(
                    RESIDUAL_LAYERS,
                    (
                        "(out_channels, out_channels, 3, padding",
                        "(out_channels, out_channels, 3, stride, padding",
                    ),
                ),
            ),
        ),
    ),
    Mutant(
        "projection_forgotten_for_stride",
        "The shortcut is a projection only where the number of maps changes, not where only the stride changes the size.",
        hint="Try the block with 6 maps in, 6 maps out and stride 2. What are the two shapes that you add?",
        ru=(
            "Проекция в shortcut есть только там, где меняется число карт, а когда размер меняет один лишь страйд, её нет.",
            "Попробуй блок, у которого 6 карт на входе, 6 на выходе и страйд 2. Какие два размера ты складываешь?",
        ),
        idea="projection",
        replace=RESIDUAL_LAYERS,
        by=edited(RESIDUAL_LAYERS, (CONDITION, "if in_channels != out_channels:")),
        fails=BUILD,
        message="fault.error",
    ),
    Mutant(
        "projection_forgotten_for_maps",
        "The shortcut is a projection only where the stride is not 1, not where only the number of maps changes.",
        hint="Try the block with 6 maps in, 10 maps out and stride 1. What are the two shapes that you add?",
        ru=(
            "Проекция в shortcut есть только при страйде больше 1, а когда меняется лишь число карт, её нет.",
            "Попробуй блок, у которого 6 карт на входе, 10 на выходе и страйд 1. Какие два размера ты складываешь?",
        ),
        idea="projection",
        replace=RESIDUAL_LAYERS,
        by=edited(RESIDUAL_LAYERS, (CONDITION, "if stride != 1:")),
        fails=BUILD,
        message="fault.error",
        also=(
            (
                RESIDUAL_LAYERS,
                edited(
                    RESIDUAL_LAYERS, (CONDITION, "if stride != 1 and in_channels != out_channels:")
                ),
            ),
        ),
    ),
    Mutant(
        "no_projection",
        "The shortcut is always the input itself, even where the branch changes the shape.",
        hint="What do the dotted arrows in the paper's figure 3 mean? Print the shapes of branch and shortcut where the block has a stride or another number of maps.",
        ru=(
            "Shortcut — всегда сам вход, даже там, где ветвь меняет размер.",
            "Что означают пунктирные стрелки на рисунке 3 статьи? Напечатай размеры ветви и shortcut там, где есть страйд или меняется число карт.",
        ),
        idea="projection",
        replace=RESIDUAL_LAYERS,
        by=edited(RESIDUAL_LAYERS, (f"        {CONDITION}\n{PROJECTION}", "")),
        fails=BUILD,
        message="fault.error",
    ),
    Mutant(
        "projection_always",
        "The shortcut is a projection even where the shape does not change.",
        hint="Count the parameters of a block with equal in and out and stride 1. Which shortcut has no parameters at all, and when is it enough?",
        ru=(
            "В shortcut стоит проекция даже там, где размер не меняется.",
            "Посчитай параметры блока с одинаковым числом карт и страйдом 1. У какого shortcut вообще нет параметров и когда его достаточно?",
        ),
        idea="projection",
        replace=RESIDUAL_LAYERS,
        by=edited(RESIDUAL_LAYERS, (CONDITION, "if True:")),
        fails=COUNT,
        message="parameters.too_many",
    ),
    Mutant(
        "shortcut_without_batch_norm",
        "The projection of the shortcut has no BatchNorm.",
        hint="List what follows each convolution of your block. Section 3.4 of the paper says it for every convolution; is the one in the shortcut an exception?",
        ru=(
            "После проекции в shortcut нет BatchNorm.",
            "Выпиши, что стоит после каждой свёртки твоего блока. В разделе 3.4 статьи это сказано про каждую; разве свёртка в shortcut — исключение?",
        ),
        idea="projection",
        replace=RESIDUAL_LAYERS,
        by=edited(RESIDUAL_LAYERS, (PROJECTION, f"            self.shortcut = {CONV}\n")),
        fails=BLOCK,
        message="equal.weights",
        also=(
            (
                RESIDUAL_LAYERS,
                edited(
                    RESIDUAL_LAYERS,
                    (
                        PROJECTION,
                        f"            self.shortcut = {CONV}\n".replace(", bias=False", ""),
                    ),
                ),
            ),
        ),
    ),
    Mutant(
        "projection_3x3",
        "The projection of the shortcut is a 3x3 convolution instead of 1x1.",
        hint="What must a projection change, and does it need neighbouring pixels for that? Compare the number of parameters of a 3x3 and a 1x1 convolution.",
        ru=(
            "Проекция в shortcut — свёртка 3x3, а не 1x1.",
            "Что должна изменить проекция, и нужны ли ей для этого соседние пиксели? Сравни число параметров свёрток 3x3 и 1x1.",
        ),
        idea="projection",
        replace=RESIDUAL_LAYERS,
        by=edited(RESIDUAL_LAYERS, ("1, stride, bias=False)", "3, stride, padding=1, bias=False)")),
        fails=COUNT,
        message="parameters.too_many",
    ),
    Mutant(
        "shortcut_zero_padded",
        "Where the shape changes, the shortcut has no weights: it takes or pools pixels and fills the missing maps with zeros (the paper's option A).",
        hint="The paper compares options A, B and C in section 4.1, table 3; the lesson asks for B. What has weights in B?",
        ru=(
            "Там, где меняется размер, у shortcut нет весов: он берёт или усредняет пиксели, а недостающие карты заполняет нулями (вариант A в статье).",
            "В разделе 4.1 и таблице 3 статьи сравнены варианты A, B и C; урок просит B. У чего в варианте B есть веса?",
        ),
        idea="projection",
        replace=RESIDUAL,
        by=edited(
            RESIDUAL,
            (f"        {CONDITION}\n{PROJECTION}", "        self.stride = stride\n"),
            ("        return torch.relu(residual + self.shortcut(x))\n", OPTION_A),
        ),
        fails=COUNT,
        message="parameters.too_few",
        also=(
            (
                RESIDUAL,
                edited(
                    RESIDUAL,
                    (f"        {CONDITION}\n{PROJECTION}", "        self.stride = stride\n"),
                    (
                        "        return torch.relu(residual + self.shortcut(x))\n",
                        OPTION_A.replace(
                            "x[:, :, :: self.stride, :: self.stride]",
                            "nn.functional.avg_pool2d(x, self.stride)",
                        ),
                    ),
                ),
            ),
            (
                RESIDUAL,
                edited(
                    RESIDUAL,
                    (f"        {CONDITION}\n{PROJECTION}", "        self.stride = stride\n"),
                    (
                        "        return torch.relu(residual + self.shortcut(x))\n",
                        OPTION_A.replace(
                            "x[:, :, :: self.stride, :: self.stride]",
                            "nn.functional.max_pool2d(x, self.stride)",
                        ),
                    ),
                ),
            ),
            (
                RESIDUAL,
                edited(
                    RESIDUAL,
                    (f"        {CONDITION}\n{PROJECTION}", "        self.stride = stride\n"),
                    (
                        "        return torch.relu(residual + self.shortcut(x))\n",
                        OPTION_A.replace(
                            "(0, 0, 0, 0, 0, new)", "(0, 0, 0, 0, new // 2, new - new // 2)"
                        ),
                    ),
                ),
            ),
        ),
    ),
    Mutant(
        "shortcut_pooled",
        "The projection of the shortcut halves the size by pooling before a 1x1 convolution without stride.",
        hint="That is ResNet-D, a later variant. In the paper, which operation of the shortcut carries the stride?",
        ru=(
            "В shortcut размер уменьшает пулинг, а за ним идёт свёртка 1x1 без страйда.",
            "Это более поздний вариант, ResNet-D. Какая операция в shortcut несёт страйд в самой статье?",
        ),
        idea="projection",
        replace=RESIDUAL_LAYERS,
        by=edited(
            RESIDUAL_LAYERS,
            (
                f"                {CONV}",
                f"                nn.AvgPool2d(stride), {CONV.replace(', stride', '')}",
            ),
        ),
        fails=BLOCK,
        message="equal.output",
        also=(
            (
                RESIDUAL_LAYERS,
                edited(
                    RESIDUAL_LAYERS,
                    (
                        f"                {CONV}",
                        f"                nn.MaxPool2d(stride), {CONV.replace(', stride', '')}",
                    ),
                ),
            ),
        ),
    ),
    Mutant(
        "no_relu",
        "The block has no ReLU at all, neither between the convolutions nor after the sum.",
        hint="Count the ReLUs in the paper's figure 2. What would a network of such blocks be if nothing in it were non-linear?",
        ru=(
            "В блоке вообще нет ReLU: ни между свёртками, ни после суммы.",
            "Сосчитай ReLU на рисунке 2 статьи. Чем была бы сеть из таких блоков, если в ней нет ничего нелинейного?",
        ),
        idea="nonlinearity",
        replace=RESIDUAL_FORWARD,
        by=RESIDUAL_FORWARD.replace("torch.relu", ""),
        fails=BLOCK,
        message="equal.output",
    ),
]

BOTTLENECK_BLOCK = [
    Mutant(
        "bottleneck_stride_in_first",
        "In the bottleneck the first 1x1 convolution carries the stride (the paper's own first version).",
        hint="A 1x1 convolution with stride 2 never looks at three pixels of four. The lesson, like torchvision, puts the stride where all pixels are seen; which convolution is that?",
        ru=(
            "В bottleneck страйд стоит в первой свёртке 1x1 (так было в первой версии статьи).",
            "Свёртка 1x1 со страйдом 2 даже не смотрит на три пикселя из четырёх. В уроке, как и в torchvision, страйд стоит там, где видны все пиксели. Какая это свёртка?",
        ),
        idea="stride_place",
        replace=BOTTLENECK_LAYERS,
        by=edited(
            BOTTLENECK_LAYERS,
            ("(in_channels, mid_channels, 1, bias", "(in_channels, mid_channels, 1, stride, bias"),
            ("3, stride, padding", "3, padding"),
        ),
        fails=WIDE,
        message="equal.output",
    ),
    Mutant(
        "bottleneck_stride_in_last",
        "In the bottleneck the last 1x1 convolution carries the stride.",
        hint="Print the shape after each of the three convolutions for stride=2. Which of them sees the neighbours of a pixel, so that nothing is lost when the size is halved?",
        ru=(
            "В bottleneck страйд стоит в последней свёртке 1x1.",
            "При stride=2 напечатай размер после каждой из трёх свёрток. Какая из них видит соседей пикселя, так что при уменьшении ничего не теряется?",
        ),
        idea="stride_place",
        replace=BOTTLENECK_LAYERS,
        by=edited(
            BOTTLENECK_LAYERS,
            ("3, stride, padding", "3, padding"),
            (
                "(mid_channels, out_channels, 1, bias",
                "(mid_channels, out_channels, 1, stride, bias",
            ),
        ),
        fails=WIDE,
        message="equal.output",
    ),
    Mutant(
        "bottleneck_sizes_differ",
        "With a stride, branch and shortcut of the bottleneck come out in different sizes: the stride stands in one of them only, or twice in one.",
        hint="With stride=2 print the sizes of the branch and of the shortcut just before the sum. How often is each of them halved?",
        ru=(
            "При stride=2 у ветви и shortcut в bottleneck разные размеры: страйд стоит только в одном из них или в одном дважды.",
            "При stride=2 напечатай размеры ветви и shortcut прямо перед сложением. Сколько раз уменьшается каждый из них?",
        ),
        idea="stride_place",
        replace=BOTTLENECK_LAYERS,
        by=edited(
            BOTTLENECK_LAYERS,
            ("(in_channels, mid_channels, 1, bias", "(in_channels, mid_channels, 1, stride, bias"),
        ),
        fails=WIDE_BUILD,
        message="fault.error",
        also=(
            (
                BOTTLENECK_LAYERS,
                edited(BOTTLENECK_LAYERS, ("1, stride, bias=False)", "1, bias=False)")),
            ),
            (BOTTLENECK_LAYERS, edited(BOTTLENECK_LAYERS, ("3, stride, padding", "3, padding"))),
            (
                BOTTLENECK_LAYERS,
                edited(
                    BOTTLENECK_LAYERS,
                    (
                        "(mid_channels, out_channels, 1, bias",
                        "(mid_channels, out_channels, 1, stride, bias",
                    ),
                ),
            ),
        ),
    ),
    Mutant(
        "bottleneck_no_relu_after_sum",
        "The bottleneck returns the sum of branch and shortcut without ReLU.",
        hint="Look at the right half of the paper's figure 5: what comes after the plus? Print the smallest value your block returns.",
        ru=(
            "Bottleneck возвращает сумму ветви и shortcut без ReLU.",
            "Посмотри на правую половину рисунка 5 статьи: что стоит после плюса? Напечатай наименьшее значение на выходе блока.",
        ),
        idea="relu_after_sum",
        replace=BOTTLENECK_SUM,
        by="        return self.bn3(self.conv3(residual)) + self.shortcut(x)\n",
        fails=WIDE,
        message="equal.output",
    ),
    Mutant(
        "bottleneck_relu_before_sum",
        "In the bottleneck ReLU is applied to the branch before the sum, and there is none after it.",
        hint="Three convolutions, but ReLU follows only two of them directly. Where does the paper's figure 5 put the third ReLU?",
        ru=(
            "В bottleneck ReLU применяется к ветви до сложения, а после суммы её нет.",
            "Свёрток три, но сразу за свёрткой ReLU стоит только у двух. Где на рисунке 5 статьи третья ReLU?",
        ),
        idea="relu_after_sum",
        replace=BOTTLENECK_SUM,
        by="        return torch.relu(self.bn3(self.conv3(residual))) + self.shortcut(x)\n",
        fails=WIDE,
        message="equal.output",
    ),
    Mutant(
        "bottleneck_relu_twice",
        "In the bottleneck ReLU follows the last convolution and again the sum.",
        hint="Count the ReLUs: the paper's bottleneck has three. Which of yours keeps the branch from ever lowering a value of the shortcut?",
        ru=(
            "В bottleneck ReLU стоит и после последней свёртки, и после суммы.",
            "Сосчитай ReLU: в bottleneck из статьи их три. Какая из твоих не даёт ветви уменьшить значение, пришедшее по shortcut?",
        ),
        idea="relu_after_sum",
        replace=BOTTLENECK_SUM,
        by="""        residual = torch.relu(self.bn3(self.conv3(residual)))
        return torch.relu(residual + self.shortcut(x))
""",
        fails=WIDE,
        message="equal.output",
    ),
    Mutant(
        "bottleneck_relu_missing",
        "In the bottleneck a ReLU between the convolutions is missing.",
        hint="Write down what follows each of the three convolutions in your forward. Between which two is nothing non-linear?",
        ru=(
            "В bottleneck между свёртками не хватает ReLU.",
            "Выпиши, что в твоём forward идёт после каждой из трёх свёрток. Между какими двумя нет ничего нелинейного?",
        ),
        idea="nonlinearity",
        replace=BOTTLENECK_START,
        by=edited(
            BOTTLENECK_START,
            ("torch.relu(self.bn2(self.conv2(residual)))", "self.bn2(self.conv2(residual))"),
        ),
        fails=WIDE,
        message="equal.output",
        also=(
            (
                BOTTLENECK_START,
                edited(
                    BOTTLENECK_START,
                    ("torch.relu(self.bn1(self.conv1(x)))", "self.bn1(self.conv1(x))"),
                ),
            ),
            (
                BOTTLENECK_START,
                edited(
                    BOTTLENECK_START,
                    ("torch.relu(self.bn1(self.conv1(x)))", "self.bn1(self.conv1(x))"),
                    (
                        "torch.relu(self.bn2(self.conv2(residual)))",
                        "self.bn2(self.conv2(residual))",
                    ),
                ),
            ),
        ),
    ),
    Mutant(
        "bottleneck_skip_never_added",
        "The bottleneck returns only its branch: the shortcut is not added.",
        hint="If the branch gave only zeros, what should come out of the block? Which line of your forward brings the input there?",
        ru=(
            "Bottleneck возвращает только ветвь, shortcut к ней не прибавлен.",
            "Если бы ветвь выдавала одни нули, что должно было бы выйти из блока? Какая строка forward приводит туда вход?",
        ),
        idea="shortcut",
        lesson="skip_connection",
        replace=BOTTLENECK_SUM,
        by="        return torch.relu(self.bn3(self.conv3(residual)))\n",
        fails=WIDE,
        message="equal.output",
        also=(
            (
                BOTTLENECK,
                edited(
                    BOTTLENECK,
                    ("        self.shortcut: nn.Module = nn.Identity()\n", ""),
                    (f"        {CONDITION}\n{PROJECTION}", ""),
                    ("residual + self.shortcut(x)", "residual"),
                ),
            ),
            (BOTTLENECK_SUM, "        return self.bn3(self.conv3(residual))\n"),
        ),
    ),
    Mutant(
        "bottleneck_concat",
        "In the bottleneck branch and shortcut are concatenated instead of added.",
        hint="The block promises 4 * mid_channels maps. How many do you return, and which of the lesson's networks joins maps that way?",
        ru=(
            "В bottleneck карты ветви и shortcut конкатенируются, а не складываются.",
            "Блок обещает 4 * mid_channels карт. Сколько возвращаешь ты и какая сеть из урока соединяет карты таким способом?",
        ),
        idea="add_or_concat",
        lesson="skip_connection",
        replace=BOTTLENECK_SUM,
        by="""        residual = self.bn3(self.conv3(residual))
        return torch.relu(torch.cat([residual, self.shortcut(x)], dim=1))
""",
        fails="resnet.output_shape.BottleneckBlock",
        message="shape.wrong",
    ),
    Mutant(
        "bottleneck_shortcut_from_changed_input",
        "In the bottleneck the name x is written over, so the shortcut does not start from the block's input.",
        hint="Which x does the shortcut get in your last line? Print its shape there and compare it with what came in.",
        ru=(
            "В bottleneck имя x перезаписано, и shortcut начинается не от входа блока.",
            "Какой x попадает в shortcut в последней строке? Напечатай там его размер и сравни с тем, что пришло на вход.",
        ),
        idea="shortcut",
        lesson="skip_connection",
        replace=BOTTLENECK_FORWARD,
        by=BOTTLENECK_FORWARD.replace("residual =", "x =")
        .replace("(residual)", "(x)")
        .replace("residual +", "x +"),
        fails=WIDE_BUILD,
        message="fault.error",
        also=(
            (
                BOTTLENECK_SUM,
                edited(BOTTLENECK_SUM, ("self.shortcut(x)", "self.shortcut(residual)")),
            ),
        ),
    ),
    Mutant(
        "bottleneck_batch_norm_missing",
        "In the bottleneck one of the three convolutions is not followed by BatchNorm.",
        hint="Three convolutions in the branch: how many BatchNorms are applied in your forward? Compare the list of parameters with that list of layers.",
        ru=(
            "В bottleneck после одной из трёх свёрток нет BatchNorm.",
            "В ветви три свёртки, а сколько BatchNorm применяется в твоём forward? Сверь список параметров с этим списком слоёв.",
        ),
        idea="batch_norm_place",
        replace=BOTTLENECK,
        by=edited(
            BOTTLENECK,
            ("        self.bn3 = nn.BatchNorm2d(out_channels)\n", ""),
            ("self.bn3(self.conv3(residual))", "self.conv3(residual)"),
        ),
        fails=WIDE,
        message="equal.weights",
        also=(
            (
                BOTTLENECK,
                edited(
                    BOTTLENECK,
                    ("        self.bn1 = nn.BatchNorm2d(mid_channels)\n", ""),
                    ("self.bn1(self.conv1(x))", "self.conv1(x)"),
                ),
            ),
            (
                BOTTLENECK,
                edited(
                    BOTTLENECK,
                    ("        self.bn2 = nn.BatchNorm2d(mid_channels)\n", ""),
                    ("self.bn2(self.conv2(residual))", "self.conv2(residual)"),
                ),
            ),
            (
                BOTTLENECK,
                edited(
                    BOTTLENECK,
                    ("        self.bn1 = nn.BatchNorm2d(mid_channels)\n", ""),
                    ("self.bn1(self.conv1(x))", "self.conv1(x)"),
                    ("        self.bn2 = nn.BatchNorm2d(mid_channels)\n", ""),
                    ("self.bn2(self.conv2(residual))", "self.conv2(residual)"),
                    ("        self.bn3 = nn.BatchNorm2d(out_channels)\n", ""),
                    ("self.bn3(self.conv3(residual))", "self.conv3(residual)"),
                ),
            ),
        ),
    ),
    Mutant(
        "bottleneck_one_batch_norm",
        "In the bottleneck two convolutions share one BatchNorm.",
        hint="Print the names of the block's parameters: how many BatchNorms are there, and which of them gets a gradient?",
        ru=(
            "В bottleneck две свёртки делят один BatchNorm.",
            "Напечатай имена параметров блока: сколько там BatchNorm и какой из них получает градиент?",
        ),
        idea="registered_layers",
        replace=BOTTLENECK_START,
        by=edited(
            BOTTLENECK_START, ("self.bn2(self.conv2(residual))", "self.bn1(self.conv2(residual))")
        ),
        fails=WIDE,
        message="equal.output",
        also=(
            (
                BOTTLENECK,
                edited(
                    BOTTLENECK,
                    ("        self.bn2 = nn.BatchNorm2d(mid_channels)\n", ""),
                    ("self.bn2(self.conv2(residual))", "self.bn1(self.conv2(residual))"),
                ),
            ),
        ),
    ),
    Mutant(
        "bottleneck_bias",
        "In the bottleneck a convolution keeps its bias although BatchNorm follows.",
        hint="By how much is your parameter count too high? That number is the number of maps of some convolution. What does BatchNorm do with a constant added to a map?",
        ru=(
            "В bottleneck у свёртки осталось смещение (bias), хотя за ней стоит BatchNorm.",
            "На сколько у тебя больше параметров, чем нужно? Это число карт какой-то свёртки. Что BatchNorm делает с константой, прибавленной ко всей карте?",
        ),
        idea="bias_before_batch_norm",
        lesson="recap",
        replace=BOTTLENECK_LAYERS,
        by=edited(
            BOTTLENECK_LAYERS,
            ("(in_channels, mid_channels, 1, bias=False)", "(in_channels, mid_channels, 1)"),
        ),
        fails=WIDE_COUNT,
        message="parameters.too_many",
        also=(
            (
                BOTTLENECK_LAYERS,
                edited(
                    BOTTLENECK_LAYERS,
                    ("3, stride, padding=1, bias=False)", "3, stride, padding=1)"),
                ),
            ),
            (
                BOTTLENECK_LAYERS,
                edited(
                    BOTTLENECK_LAYERS,
                    (
                        "(mid_channels, out_channels, 1, bias=False)",
                        "(mid_channels, out_channels, 1)",
                    ),
                ),
            ),
            (
                BOTTLENECK_LAYERS,
                edited(BOTTLENECK_LAYERS, ("1, stride, bias=False)", "1, stride)")),
            ),
            (
                BOTTLENECK_LAYERS,
                edited(
                    BOTTLENECK_LAYERS,
                    (
                        "(in_channels, mid_channels, 1, bias=False)",
                        "(in_channels, mid_channels, 1)",
                    ),
                    ("3, stride, padding=1, bias=False)", "3, stride, padding=1)"),
                    (
                        "(mid_channels, out_channels, 1, bias=False)",
                        "(mid_channels, out_channels, 1)",
                    ),
                ),
            ),
            (BOTTLENECK_LAYERS, BOTTLENECK_LAYERS.replace(", bias=False", "")),
        ),
    ),
    Mutant(
        "bottleneck_no_projection",
        "In the bottleneck the shortcut has no projection in a case where the shape changes.",
        hint="Two things can change the shape: the stride, and 4 * mid_channels differing from in_channels. Try your block with each of them alone.",
        ru=(
            "В bottleneck у shortcut нет проекции в одном из случаев, когда размер меняется.",
            "Размер могут изменить две причины: страйд и то, что 4 * mid_channels не равно in_channels. Проверь блок на каждой отдельно.",
        ),
        idea="projection",
        replace=BOTTLENECK_LAYERS,
        by=edited(BOTTLENECK_LAYERS, (CONDITION, "if in_channels != out_channels:")),
        fails=WIDE_BUILD,
        message="fault.error",
        also=(
            (BOTTLENECK_LAYERS, edited(BOTTLENECK_LAYERS, (CONDITION, "if stride != 1:"))),
            (
                BOTTLENECK_LAYERS,
                edited(
                    BOTTLENECK_LAYERS,
                    (CONDITION, "if stride != 1 and in_channels != out_channels:"),
                ),
            ),
            (
                BOTTLENECK_LAYERS,
                edited(BOTTLENECK_LAYERS, (f"        {CONDITION}\n{PROJECTION}", "")),
            ),
        ),
    ),
    Mutant(
        "bottleneck_projection_always",
        "In the bottleneck the shortcut is a projection even where the shape does not change.",
        hint="With 16 maps in, mid_channels=4 and stride 1 the input can be added as it is. With which number does your condition compare in_channels?",
        ru=(
            "В bottleneck проекция в shortcut есть даже там, где размер не меняется.",
            "При 16 картах на входе, mid_channels=4 и страйде 1 вход можно прибавить как есть. С каким числом твоё условие сравнивает in_channels?",
        ),
        idea="projection",
        replace=BOTTLENECK_LAYERS,
        by=edited(BOTTLENECK_LAYERS, (CONDITION, "if stride != 1 or in_channels != mid_channels:")),
        fails=WIDE_COUNT,
        message="parameters.too_many",
        also=((BOTTLENECK_LAYERS, edited(BOTTLENECK_LAYERS, (CONDITION, "if True:"))),),
    ),
    Mutant(
        "bottleneck_shortcut_without_batch_norm",
        "In the bottleneck the projection of the shortcut has no BatchNorm.",
        hint="Four convolutions with the projection: how many BatchNorms does your block have? Does the shortcut's convolution get one?",
        ru=(
            "В bottleneck после проекции в shortcut нет BatchNorm.",
            "Вместе с проекцией свёрток четыре: сколько у блока BatchNorm? Достался ли он свёртке в shortcut?",
        ),
        idea="projection",
        replace=BOTTLENECK_LAYERS,
        by=edited(BOTTLENECK_LAYERS, (PROJECTION, f"            self.shortcut = {CONV}\n")),
        fails=WIDE,
        message="equal.weights",
        also=(
            (
                BOTTLENECK_LAYERS,
                edited(
                    BOTTLENECK_LAYERS,
                    (
                        PROJECTION,
                        f"            self.shortcut = {CONV}\n".replace(", bias=False", ""),
                    ),
                ),
            ),
        ),
    ),
    Mutant(
        "bottleneck_expansion",
        "The bottleneck does not widen to 4 * mid_channels.",
        hint="Look at one bottleneck in the paper's table 1: 64, 64, 256. By what factor is the last number larger than the first?",
        ru=(
            "Bottleneck расширяет карты не до 4 * mid_channels.",
            "Посмотри на один bottleneck в таблице 1 статьи: 64, 64, 256. Во сколько раз последнее число больше первого?",
        ),
        idea="layer_sizes",
        replace="out_channels = 4 * mid_channels",
        by="out_channels = 2 * mid_channels",
        fails="resnet.output_shape.BottleneckBlock",
        message="shape.wrong",
        also=(("out_channels = 4 * mid_channels", "out_channels = mid_channels"),),
    ),
    Mutant(
        "bottleneck_kernels",
        "In the bottleneck the kernel sizes are not 1, 3 and 1.",
        hint="Which of the three convolutions in the paper's figure 5 is the costly one, and why do the other two surround it? Compare your kernel sizes with the figure.",
        ru=(
            "В bottleneck размеры ядер не 1, 3 и 1.",
            "Какая из трёх свёрток на рисунке 5 статьи дорогая и зачем её окружают две другие? Сверь размеры ядер с рисунком.",
        ),
        idea="layer_sizes",
        replace=BOTTLENECK_LAYERS,
        by=edited(
            BOTTLENECK_LAYERS,
            (
                "(in_channels, mid_channels, 1, bias",
                "(in_channels, mid_channels, 3, padding=1, bias",
            ),
            (
                "(mid_channels, out_channels, 1, bias",
                "(mid_channels, out_channels, 3, padding=1, bias",
            ),
        ),
        fails=WIDE_COUNT,
        message="parameters.too_many",
        also=(
            (
                BOTTLENECK_LAYERS,
                edited(
                    BOTTLENECK_LAYERS,
                    (
                        "(mid_channels, mid_channels, 3, stride, padding=1,",
                        "(mid_channels, mid_channels, 1, stride,",
                    ),
                ),
            ),
            (
                BOTTLENECK_LAYERS,
                edited(
                    BOTTLENECK_LAYERS,
                    (
                        "(in_channels, mid_channels, 1, bias",
                        "(in_channels, mid_channels, 3, padding=1, bias",
                    ),
                ),
            ),
            (
                BOTTLENECK_LAYERS,
                edited(
                    BOTTLENECK_LAYERS,
                    (
                        "(mid_channels, out_channels, 1, bias",
                        "(mid_channels, out_channels, 3, padding=1, bias",
                    ),
                ),
            ),
        ),
    ),
    Mutant(
        "bottleneck_padding",
        "In the bottleneck the padding is wrong: missing for the 3x3 convolution or given to a 1x1.",
        hint="A 1x1 convolution keeps the size without padding; what about 3x3? Print the shape after every convolution for stride=1.",
        ru=(
            "В bottleneck неверный паддинг: его нет у свёртки 3x3 или он есть у свёртки 1x1.",
            "Свёртка 1x1 сохраняет размер без паддинга, а свёртка 3x3? При stride=1 напечатай размер после каждой свёртки.",
        ),
        idea="padding",
        lesson="skip_connection",
        replace=BOTTLENECK_LAYERS,
        by=edited(BOTTLENECK_LAYERS, ("3, stride, padding=1,", "3, stride,")),
        fails=WIDE_BUILD,
        message="fault.error",
        also=(
            (
                BOTTLENECK_LAYERS,
                edited(
                    BOTTLENECK_LAYERS,
                    (
                        "(in_channels, mid_channels, 1, bias",
                        "(in_channels, mid_channels, 1, padding=1, bias",
                    ),
                ),
            ),
            (
                BOTTLENECK_LAYERS,
                edited(
                    BOTTLENECK_LAYERS,
                    (
                        "(mid_channels, out_channels, 1, bias",
                        "(mid_channels, out_channels, 1, padding=1, bias",
                    ),
                ),
            ),
        ),
    ),
    Mutant(
        "bottleneck_relu_before_batch_norm",
        "In the bottleneck ReLU stands before BatchNorm.",
        hint="Write one layer of your branch as a list of three words and compare the order with section 3.4 of the paper.",
        ru=(
            "В bottleneck ReLU стоит раньше BatchNorm.",
            "Запиши один слой ветви списком из трёх слов и сверь порядок с разделом 3.4 статьи.",
        ),
        idea="batch_norm_place",
        replace=BOTTLENECK_START,
        by=edited(
            BOTTLENECK_START,
            ("torch.relu(self.bn1(self.conv1(x)))", "self.bn1(torch.relu(self.conv1(x)))"),
            (
                "torch.relu(self.bn2(self.conv2(residual)))",
                "self.bn2(torch.relu(self.conv2(residual)))",
            ),
        ),
        fails=WIDE,
        message="equal.output",
    ),
    Mutant(
        "bottleneck_pre_activation",
        "The bottleneck is written as BatchNorm, ReLU, convolution: the pre-activation block of a later paper.",
        hint="That is the block of the paper of 2016. In the one of 2015, which layer is the first to meet the input, and what stands after the plus?",
        ru=(
            "Bottleneck записан как BatchNorm, ReLU, свёртка: это блок с предактивацией из более поздней статьи.",
            "Это блок из статьи 2016 года. Какой слой первым встречает вход в статье 2015 года и что стоит после плюса?",
        ),
        idea="pre_activation",
        replace=BOTTLENECK,
        by=edited(
            BOTTLENECK,
            ("self.bn1 = nn.BatchNorm2d(mid_channels)", "self.bn1 = nn.BatchNorm2d(in_channels)"),
            ("self.bn3 = nn.BatchNorm2d(out_channels)", "self.bn3 = nn.BatchNorm2d(mid_channels)"),
            ("torch.relu(self.bn1(self.conv1(x)))", "self.conv1(torch.relu(self.bn1(x)))"),
            (
                "torch.relu(self.bn2(self.conv2(residual)))",
                "self.conv2(torch.relu(self.bn2(residual)))",
            ),
            ("self.bn3(self.conv3(residual))", "self.conv3(torch.relu(self.bn3(residual)))"),
            ("torch.relu(residual + self.shortcut(x))", "residual + self.shortcut(x)"),
        ),
        fails=WIDE,
        message="equal.output",
    ),
    Mutant(
        "bottleneck_input_changed_in_place",
        "The bottleneck changes its own input: the sum is written into x in place.",
        evidence="input_changed",
        hint="Keep a copy of the input, call the block, compare. Which of your operations writes into a tensor instead of making a new one?",
        ru=(
            "Bottleneck портит свой вход: сумма записывается прямо в x.",
            "Сохрани копию входа, вызови блок и сравни. Какая твоя операция пишет в старый тензор, а не создаёт новый?",
        ),
        idea="in_place",
        replace=BOTTLENECK_SUM,
        by="""        residual = self.bn3(self.conv3(residual))
        shortcut = self.shortcut(x)
        shortcut += residual
        return torch.relu(shortcut)
""",
        fails="resnet.keeps_its_input.BottleneckBlock",
        message="input.changed",
    ),
    Mutant(
        "bottleneck_no_relu",
        "The bottleneck has no ReLU at all.",
        hint="Count the ReLUs in the right half of the paper's figure 5 and in your forward.",
        ru=(
            "В bottleneck вообще нет ReLU.",
            "Сосчитай ReLU в правой половине рисунка 5 статьи и в своём forward.",
        ),
        idea="nonlinearity",
        replace=BOTTLENECK_FORWARD,
        by=BOTTLENECK_FORWARD.replace("torch.relu", ""),
        fails=WIDE,
        message="equal.output",
    ),
    Mutant(
        "bottleneck_other_activation",
        "The bottleneck uses another activation than ReLU.",
        hint="Feed a negative number to your activation: what comes out? The paper's block uses ReLU in all three places.",
        ru=(
            "В bottleneck стоит не ReLU, а другая функция активации.",
            "Подай своей функции активации отрицательное число: что получится? В блоке из статьи во всех трёх местах стоит ReLU.",
        ),
        idea="nonlinearity",
        replace=BOTTLENECK_FORWARD,
        by=BOTTLENECK_FORWARD.replace("torch.relu", "nn.functional.leaky_relu"),
        fails=WIDE,
        message="equal.output",
        also=tuple(
            (BOTTLENECK_FORWARD, BOTTLENECK_FORWARD.replace("torch.relu", name))
            for name in (
                "nn.functional.gelu",
                "nn.functional.elu",
                "nn.functional.silu",
                "torch.sigmoid",
                "torch.tanh",
            )
        ),
    ),
    Mutant(
        "bottleneck_relu_on_shortcut",
        "In the bottleneck the shortcut goes through a ReLU of its own before the sum.",
        hint="The shortcut should bring the input (or its projection) as it is. What happens to its negative values on your way?",
        ru=(
            "В bottleneck shortcut до сложения проходит через собственную ReLU.",
            "Shortcut должен принести вход (или его проекцию) без изменений. Что у тебя по дороге происходит с отрицательными значениями?",
        ),
        idea="relu_after_sum",
        replace=BOTTLENECK_LAYERS,
        by=edited(
            BOTTLENECK_LAYERS,
            (PROJECTION, PROJECTION.replace("(out_channels),", "(out_channels), nn.ReLU(),")),
        ),
        fails=WIDE,
        message="equal.output",
        also=(
            (
                BOTTLENECK_SUM,
                edited(BOTTLENECK_SUM, ("self.shortcut(x)", "torch.relu(self.shortcut(x))")),
            ),
        ),
    ),
    Mutant(
        "bottleneck_not_added",
        "In the bottleneck branch and shortcut are multiplied or subtracted instead of added.",
        hint="If the branch gave only zeros, the input should pass unchanged to the last ReLU. Does it in your block?",
        ru=(
            "В bottleneck ветвь и shortcut перемножаются или вычитаются, а не складываются.",
            "Если ветвь выдаёт одни нули, вход должен без изменений дойти до последней ReLU. А в твоём блоке?",
        ),
        idea="add_or_concat",
        lesson="skip_connection",
        replace=BOTTLENECK_SUM,
        by=edited(BOTTLENECK_SUM, ("residual + self", "residual * self")),
        fails=WIDE,
        message="equal.output",
        also=(
            (BOTTLENECK_SUM, edited(BOTTLENECK_SUM, ("residual + self", "residual - self"))),
            (
                BOTTLENECK_SUM,
                edited(
                    BOTTLENECK_SUM, ("residual + self.shortcut(x)", "self.shortcut(x) - residual")
                ),
            ),
        ),
    ),
    Mutant(
        "bottleneck_detached",
        "In the bottleneck the branch or the shortcut is cut off from the graph (detach, .data or no_grad).",
        hint="The numbers forward may be right. After backward() compare the gradients of the input and of every weight: which way is closed?",
        ru=(
            "В bottleneck ветвь или shortcut отрезаны от графа (detach, .data или no_grad).",
            "Вперёд числа могут быть верными. После backward() посмотри на градиенты входа и каждого веса: какой путь закрыт?",
        ),
        idea="gradient_path",
        lesson="vanishing_gradients",
        replace=BOTTLENECK_SUM,
        by=edited(BOTTLENECK_SUM, ("self.shortcut(x)", "self.shortcut(x.detach())")),
        fails=WIDE,
        message="equal.input_gradient",
        also=(
            (
                BOTTLENECK_SUM,
                edited(
                    BOTTLENECK_SUM,
                    (
                        "self.shortcut(x)",
                        "(x.detach() if isinstance(self.shortcut, nn.Identity) else self.shortcut(x))",
                    ),
                ),
            ),
            (
                BOTTLENECK_SUM,
                edited(BOTTLENECK_SUM, ("self.shortcut(x)", "self.shortcut(x).detach()")),
            ),
            (
                BOTTLENECK_SUM,
                edited(BOTTLENECK_SUM, ("(residual + self", "(residual.detach() + self")),
            ),
        ),
    ),
    Mutant(
        "bottleneck_batch_norm_after_sum",
        "In the bottleneck the last BatchNorm is applied after the sum, so it normalises the shortcut too.",
        hint="The shortcut should carry the input past everything. What does your last BatchNorm do to it?",
        ru=(
            "В bottleneck последний BatchNorm стоит после суммы и нормирует заодно и shortcut.",
            "Shortcut должен провести вход мимо всех слоёв. Что с ним делает твой последний BatchNorm?",
        ),
        idea="batch_norm_place",
        replace=BOTTLENECK_SUM,
        by="        return torch.relu(self.bn3(self.conv3(residual) + self.shortcut(x)))\n",
        fails=WIDE,
        message="equal.output",
    ),
    Mutant(
        "bottleneck_batch_norm_settings",
        "In the bottleneck BatchNorm has another eps or momentum than PyTorch's defaults.",
        hint="Print one of your BatchNorms and a fresh BatchNorm2d side by side. The task asks for PyTorch's own settings.",
        ru=(
            "В bottleneck у BatchNorm другие eps или momentum, не те, что в PyTorch по умолчанию.",
            "Напечатай рядом свой BatchNorm и обычный BatchNorm2d. В задании нужны настройки PyTorch по умолчанию.",
        ),
        idea="batch_norm_settings",
        lesson="recap",
        replace=BOTTLENECK_LAYERS,
        by=BOTTLENECK_LAYERS.replace("m2d(mid_channels)", "m2d(mid_channels, eps=1e-3)").replace(
            "m2d(out_channels)", "m2d(out_channels, eps=1e-3)"
        ),
        fails=WIDE,
        message="equal.output",
        also=tuple(
            (
                BOTTLENECK_LAYERS,
                BOTTLENECK_LAYERS.replace(
                    "m2d(mid_channels)", f"m2d(mid_channels, {other})"
                ).replace("m2d(out_channels)", f"m2d(out_channels, {other})"),
            )
            for other in ("eps=1e-4", "momentum=0.01", "momentum=0.9", "momentum=0.99")
        ),
    ),
    Mutant(
        "bottleneck_dropout",
        "There is a dropout inside the bottleneck.",
        hint="Call the block twice in train mode on the same input: why are the answers different? Look for dropout in the paper's section 3.4.",
        ru=(
            "Внутри bottleneck есть dropout.",
            "Вызови блок дважды в режиме train на одном и том же входе: почему ответы разные? Поищи dropout в разделе 3.4 статьи.",
        ),
        idea="dropout_place",
        replace=BOTTLENECK_SUM,
        by=edited(
            BOTTLENECK_SUM,
            ("(residual + self", "(nn.functional.dropout(residual, 0.5, self.training) + self"),
        ),
        fails=WIDE,
        message="equal.output",
        also=tuple(
            (
                BOTTLENECK_SUM,
                edited(
                    BOTTLENECK_SUM,
                    (
                        "(residual + self",
                        f"(nn.functional.dropout(residual, {rate}, self.training) + self",
                    ),
                ),
            )
            for rate in (0.1, 0.2, 0.3)
        ),
    ),
    Mutant(
        "bottleneck_stride_ignored",
        "In the bottleneck the argument stride has no effect.",
        hint="Call the block with stride=1 and stride=2 and compare the output sizes. Where should the argument go?",
        ru=(
            "В bottleneck аргумент stride ни на что не влияет.",
            "Вызови блок с stride=1 и stride=2 и сравни размеры выхода. Куда этот аргумент должен попасть?",
        ),
        idea="stride_place",
        replace=BOTTLENECK_LAYERS,
        by=BOTTLENECK_LAYERS.replace(", 3, stride,", ", 3,").replace(", 1, stride,", ", 1,"),
        fails="resnet.output_shape.BottleneckBlock",
        message="shape.wrong",
    ),
    Mutant(
        "bottleneck_projection_kind",
        "In the bottleneck the projection of the shortcut is not a 1x1 convolution with the stride: it is 3x3 or pools first.",
        hint="The paper's option B needs no neighbouring pixels and no pooling. Which kernel and which stride has its one convolution?",
        ru=(
            "В bottleneck проекция в shortcut — не свёртка 1x1 со страйдом: она 3x3 или перед ней стоит пулинг.",
            "Варианту B из статьи не нужны ни соседние пиксели, ни пулинг. Какое ядро и какой страйд у его единственной свёртки?",
        ),
        idea="projection",
        replace=BOTTLENECK_LAYERS,
        by=edited(
            BOTTLENECK_LAYERS, ("1, stride, bias=False)", "3, stride, padding=1, bias=False)")
        ),
        fails=WIDE,
        message="equal.weights",
        also=tuple(
            (
                BOTTLENECK_LAYERS,
                edited(
                    BOTTLENECK_LAYERS,
                    (
                        f"                {CONV}",
                        f"                nn.{kind}Pool2d(stride), {CONV.replace(', stride', '')}",
                    ),
                ),
            )
            for kind in ("Avg", "Max")
        ),
    ),
]

WHOLE_NETWORK = [
    Mutant(
        "no_stem_pooling",
        "The stem has no max pooling.",
        hint="Print the size of the maps before the first stage for a 224x224 picture. Which size does the paper's table 1 state in the row conv2_x?",
        ru=(
            "В начале сети (stem) нет max pooling.",
            "Напечатай размер карт перед первой группой блоков для картинки 224x224. Какой размер указан в строке conv2_x таблицы 1 статьи?",
        ),
        idea="stem",
        replace="            nn.MaxPool2d(kernel_size=3, stride=2, padding=1),\n",
        by="",
        fails=NETWORK,
        message="equal.output",
    ),
    Mutant(
        "stem_pooling_kind",
        "The pooling of the stem is not 3x3 max pooling with stride 2 and padding 1.",
        hint="The size may come out right and the maps still differ. Compare kernel, stride, padding and kind of your pooling with table 1, row conv2_x.",
        ru=(
            "Пулинг в начале сети — не max pooling 3x3 со страйдом 2 и паддингом 1.",
            "Размер может получиться верным, а карты — другими. Сверь ядро, страйд, паддинг и вид пулинга со строкой conv2_x таблицы 1.",
        ),
        idea="stem",
        replace="nn.MaxPool2d(kernel_size=3, stride=2, padding=1)",
        by="nn.MaxPool2d(kernel_size=2, stride=2)",
        fails=NETWORK,
        message="equal.output",
        also=(
            (
                "nn.MaxPool2d(kernel_size=3, stride=2, padding=1)",
                "nn.MaxPool2d(kernel_size=3, stride=2)",
            ),
            (
                "nn.MaxPool2d(kernel_size=3, stride=2, padding=1)",
                "nn.AvgPool2d(kernel_size=3, stride=2, padding=1)",
            ),
            (
                "nn.MaxPool2d(kernel_size=3, stride=2, padding=1)",
                "nn.MaxPool2d(kernel_size=3, stride=1, padding=1)",
            ),
            (
                "nn.MaxPool2d(kernel_size=3, stride=2, padding=1)",
                "nn.MaxPool2d(kernel_size=3, stride=2, ceil_mode=True)",
            ),
            (
                "nn.MaxPool2d(kernel_size=3, stride=2, padding=1)",
                "nn.AvgPool2d(kernel_size=2, stride=2)",
            ),
        ),
    ),
    Mutant(
        "stem_relu_missing",
        "The stem has no ReLU.",
        hint="What follows the first convolution and its BatchNorm? Print the smallest value that enters the first stage.",
        ru=(
            "В начале сети (stem) нет ReLU.",
            "Что идёт после первой свёртки и её BatchNorm? Напечатай наименьшее значение, которое входит в первую группу блоков.",
        ),
        idea="stem",
        replace="            nn.ReLU(),\n            nn.MaxPool2d(kernel_size=3",
        by="            nn.MaxPool2d(kernel_size=3",
        fails=NETWORK,
        message="equal.output",
    ),
    Mutant(
        "stem_without_batch_norm",
        "The first convolution of the network has no BatchNorm.",
        hint="BatchNorm follows every convolution of ResNet. Is the very first one an exception in your code?",
        ru=(
            "После первой свёртки сети нет BatchNorm.",
            "В ResNet BatchNorm стоит после каждой свёртки. А после самой первой у тебя?",
        ),
        idea="stem",
        replace=STEM,
        by=edited(STEM, ("            nn.BatchNorm2d(64),\n", "")),
        fails=NETWORK,
        message="equal.weights",
        also=(
            (STEM, edited(STEM, ("            nn.BatchNorm2d(64),\n", ""), (", bias=False", ""))),
        ),
    ),
    Mutant(
        "stem_bias",
        "The first convolution of the network has a bias although BatchNorm follows.",
        hint="64 parameters too many: where in the network is something with 64 numbers that BatchNorm cancels?",
        ru=(
            "У первой свёртки сети есть смещение (bias), хотя за ней стоит BatchNorm.",
            "Лишние 64 параметра: где в сети есть 64 числа, которые BatchNorm всё равно убирает?",
        ),
        idea="bias_before_batch_norm",
        lesson="recap",
        replace=STEM,
        by=edited(STEM, (", bias=False", "")),
        fails=NET_COUNT,
        message="parameters.too_many",
    ),
    Mutant(
        "stem_small",
        "The stem is a 3x3 convolution, as for small pictures, instead of 7x7 with stride 2.",
        hint="Many CIFAR versions do that; the lesson asks for the network of table 1. What stands there in the row conv1?",
        ru=(
            "В начале сети стоит свёртка 3x3, как для маленьких картинок, а не 7x7 со страйдом 2.",
            "Так делают для CIFAR, а урок просит сеть из таблицы 1. Что там написано в строке conv1?",
        ),
        idea="stem",
        replace=STEM,
        by=edited(
            STEM,
            ("kernel_size=7, stride=2, padding=3", "kernel_size=3, stride=1, padding=1"),
            ("            nn.MaxPool2d(kernel_size=3, stride=2, padding=1),\n", ""),
        ),
        fails=NET_COUNT,
        message="parameters.too_few",
        also=(
            (
                STEM,
                edited(
                    STEM,
                    ("kernel_size=7, stride=2, padding=3", "kernel_size=3, stride=1, padding=1"),
                ),
            ),
            (
                STEM,
                edited(
                    STEM,
                    ("kernel_size=7, stride=2, padding=3", "kernel_size=3, stride=2, padding=1"),
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
        fails=NETWORK,
        message="equal.output",
        also=(
            (STEM, edited(STEM, ("stride=2, padding=3", "stride=2, padding=1"))),
            (STEM, edited(STEM, ("stride=2, padding=3", "stride=2, padding=2"))),
        ),
    ),
    Mutant(
        "stem_stride",
        "The 7x7 convolution of the stem does not have stride 2.",
        hint="Print the size of the maps after the first convolution for a 224x224 picture and compare it with the row conv1 of table 1.",
        ru=(
            "У свёртки 7x7 в начале сети страйд не равен 2.",
            "Напечатай размер карт после первой свёртки для картинки 224x224 и сверь со строкой conv1 таблицы 1.",
        ),
        idea="stem",
        replace=STEM,
        by=edited(STEM, ("kernel_size=7, stride=2", "kernel_size=7, stride=1")),
        fails=NETWORK,
        message="equal.output",
    ),
    Mutant(
        "stages_not_halving",
        "The last three stages do not halve the maps.",
        hint="Print the size of the maps after every stage and compare with the column 'output size' of table 1.",
        ru=(
            "Последние три группы блоков не уменьшают размер карт вдвое.",
            "Напечатай размер карт после каждой группы блоков и сверь со столбцом «output size» таблицы 1.",
        ),
        idea="stride_place",
        replace=STRIDE,
        by="stride = 1",
        fails=NETWORK,
        message="equal.output",
    ),
    Mutant(
        "pooling_between_stages",
        "The stages are halved by pooling between them instead of a stride in their first block.",
        hint="The lesson speaks of pooling between the colours; in the paper, table 1, there is only one max pooling. What does its caption say of the other stages?",
        ru=(
            "Размер между группами блоков уменьшает пулинг, а должен страйд в их первом блоке.",
            "В уроке сказано о пулинге между цветами, но в статье max pooling только один. Что написано под таблицей 1 о том, как уменьшается размер в остальных группах?",
        ),
        idea="stride_place",
        replace=f"                {STRIDE}\n",
        by="""                stride = 1
                if stage > 0 and index == 0:
                    blocks.append(nn.MaxPool2d(kernel_size=2, stride=2))
""",
        fails=NETWORK,
        message="equal.output",
        also=(
            (
                f"                {STRIDE}\n",
                """                stride = 1
                if stage > 0 and index == 0:
                    blocks.append(nn.MaxPool2d(kernel_size=3, stride=2, padding=1))
""",
            ),
            (
                f"                {STRIDE}\n",
                """                stride = 1
                if stage > 0 and index == 0:
                    blocks.append(nn.AvgPool2d(kernel_size=2, stride=2))
""",
            ),
        ),
    ),
    Mutant(
        "first_stage_halving",
        "The first stage halves the maps too.",
        hint="The pooling of the stem already halved the size. Which size do conv2_x and conv3_x have in table 1?",
        ru=(
            "Первая группа блоков тоже уменьшает размер карт вдвое.",
            "Размер уже уменьшил пулинг в начале сети. Какие размеры у conv2_x и conv3_x в таблице 1?",
        ),
        idea="stride_place",
        replace=STRIDE,
        by="stride = 2 if index == 0 else 1",
        fails=NETWORK,
        message="equal.weights",
    ),
    Mutant(
        "every_block_halving",
        "Every block of the last three stages halves the maps, not only the first one.",
        hint="Print the size after each block. How many layers of one colour in the paper's figure 3 are marked '/2'?",
        ru=(
            "Размер уменьшает каждый блок последних трёх групп, а не только первый в группе.",
            "Напечатай размер после каждого блока. У скольких слоёв одного цвета на рисунке 3 статьи есть пометка «/2»?",
        ),
        idea="stride_place",
        replace=STRIDE,
        by="stride = 2 if stage > 0 else 1",
        fails=NETWORK,
        message="equal.weights",
    ),
    Mutant(
        "last_block_halving",
        "The last block of a stage carries the stride, not the first one.",
        hint="In the paper's figure 3, is the layer marked '/2' at the beginning or at the end of a colour?",
        ru=(
            "Страйд стоит в последнем блоке группы, а не в первом.",
            "Где на рисунке 3 статьи стоит слой с пометкой «/2»: в начале цвета или в конце?",
        ),
        idea="stride_place",
        replace=STRIDE,
        by="stride = 2 if stage > 0 and index == count - 1 else 1",
        fails=NETWORK,
        message="equal.weights",
        also=((STRIDE, "stride = 2 if stage < 3 and index == count - 1 else 1"),),
    ),
    Mutant(
        "max_instead_of_average",
        "The network ends with global max pooling instead of global average pooling.",
        hint="The paper's table 1 names the pooling before the classifier. Which number does yours keep of each map: the largest or the mean?",
        ru=(
            "В конце сети стоит глобальный max pooling, а не глобальный average pooling.",
            "В таблице 1 назван пулинг перед классификатором. Какое число твой пулинг оставляет от каждой карты: наибольшее или среднее?",
        ),
        idea="pooling",
        replace="nn.AdaptiveAvgPool2d(1)",
        by="nn.AdaptiveMaxPool2d(1)",
        fails=NETWORK,
        message="equal.output",
    ),
    Mutant(
        "fixed_pooling",
        "The last pooling has a fixed size or is missing, so the network works for one size of picture only.",
        hint="Try a 64x64 picture. How large are the maps before the classifier for 64x64, and for 224x224? Global pooling should not care.",
        ru=(
            "У последнего пулинга задан размер, или пулинга нет, и сеть работает только с картинками одного размера.",
            "Попробуй картинку 64x64. Какого размера карты перед классификатором для 64x64 и для 224x224? Глобальному пулингу это должно быть безразлично.",
        ),
        idea="pooling",
        replace="nn.AdaptiveAvgPool2d(1)",
        by="nn.AvgPool2d(7)",
        fails="resnet.is_written.ResNet",
        message="fault.error",
        also=(
            ("nn.AdaptiveAvgPool2d(1)", "nn.Identity()"),
            ("nn.AdaptiveAvgPool2d(1)", "nn.AdaptiveAvgPool2d(7)"),
        ),
    ),
    Mutant(
        "softmax_on_logits",
        "The network ends with softmax (or another function) instead of returning logits.",
        hint="Sum the answers for one picture: is it always one? The loss of PyTorch for classification expects raw numbers; what would it do a second time?",
        ru=(
            "Сеть заканчивается softmax (или другой функцией), а должна возвращать логиты.",
            "Сложи ответы для одной картинки: всегда ли выходит единица? Лосс для классификации в PyTorch ждёт «сырые» числа; что он сделает ещё раз?",
        ),
        idea="logits",
        replace=HEAD + "        return logits\n",
        by=HEAD + "        return logits.softmax(dim=1)\n",
        fails=NETWORK,
        message="equal.output",
        also=(
            (HEAD + "        return logits\n", HEAD + "        return logits.log_softmax(dim=1)\n"),
            (HEAD + "        return logits\n", HEAD + "        return logits.sigmoid()\n"),
        ),
    ),
    Mutant(
        "relu_on_logits",
        "ReLU follows the last fully connected layer.",
        hint="Print the logits of a few pictures: are many exactly zero? A class that is unlikely should be allowed a negative number.",
        ru=(
            "После последнего полносвязного слоя стоит ReLU.",
            "Напечатай логиты для нескольких картинок: много ли там точных нулей? У маловероятного класса число должно иметь право быть отрицательным.",
        ),
        idea="logits",
        replace=HEAD + "        return logits\n",
        by=HEAD + "        return torch.relu(logits)\n",
        fails=NETWORK,
        message="equal.output",
    ),
    Mutant(
        "dropout_before_classifier",
        "There is a dropout before the classifier.",
        hint="AlexNet and VGG have dropout, but does the paper's section 3.4 use it in ResNet? Call the network twice in train mode.",
        ru=(
            "Перед классификатором стоит dropout.",
            "В AlexNet и VGG dropout есть, а использует ли его ResNet (раздел 3.4 статьи)? Вызови сеть дважды в режиме train.",
        ),
        idea="dropout_place",
        replace="self.classifier(torch.flatten(self.pool(maps), 1))",
        by="self.classifier(nn.functional.dropout(torch.flatten(self.pool(maps), 1), 0.5, self.training))",
        fails=NETWORK,
        message="equal.output",
        also=(
            (
                "self.classifier(torch.flatten(self.pool(maps), 1))",
                "self.classifier(nn.functional.dropout(torch.flatten(self.pool(maps), 1), 0.2, self.training))",
            ),
        ),
    ),
    Mutant(
        "stage_sizes_wrong",
        "The number of blocks in the stages of a depth is not that of the paper's table 1.",
        evidence="counts",
        hint="Add up your blocks: two (or three) convolutions each, plus the first convolution and the classifier, should give the depth. If it does, compare the order of the four numbers with table 1.",
        ru=(
            "Числа блоков в группах для одной из глубин не такие, как в таблице 1 статьи.",
            "Сложи: по две (или три) свёртки в каждом блоке, первая свёртка и классификатор должны дать глубину. Если сходится, сверь порядок четырёх чисел с таблицей 1.",
        ),
        idea="table_of_depths",
        replace="34: (3, 4, 6, 3)",
        by="34: (3, 6, 4, 3)",
        fails="resnet.depths",
        message="parameters.too_few",
        also=(
            (
                "            18: (2, 2, 2, 2),\n            34: (3, 4, 6, 3),\n            50: (3, 4, 6, 3),\n",
                "            18: (2, 2, 2, 2),\n            34: (3, 4, 6, 3),\n            50: (3, 6, 4, 3),\n",
            ),
            ("101: (3, 4, 23, 3)", "101: (3, 4, 22, 3)"),
            ("101: (3, 4, 23, 3)", "101: (3, 8, 23, 3)"),
            ("152: (3, 8, 36, 3)", "152: (3, 4, 36, 3)"),
            ("18: (2, 2, 2, 2)", "18: (3, 3, 3, 3)"),
            ("18: (2, 2, 2, 2)", "18: (1, 2, 2, 2)"),
        ),
    ),
    Mutant(
        "wrong_kind_of_block",
        "A depth uses the other kind of block: two 3x3 convolutions where the table has a bottleneck, or the other way round.",
        hint="In table 1, from which column on are there three convolutions in brackets instead of two?",
        ru=(
            "Для одной из глубин взят блок другого вида: две свёртки 3x3 там, где в таблице bottleneck, или наоборот.",
            "Посмотри в таблицу 1: начиная с какого столбца в скобках стоят три свёртки, а не две?",
        ),
        idea="table_of_depths",
        replace="bottleneck = depth >= 50",
        by="bottleneck = depth > 50",
        fails="resnet.depths",
        message="parameters.too_few",
        also=(
            ("bottleneck = depth >= 50", "bottleneck = depth >= 34"),
            ("bottleneck = depth >= 50", "bottleneck = False"),
        ),
    ),
    Mutant(
        "stage_widths",
        "The stages do not have 64, 128, 256 and 512 maps.",
        hint="When the size is halved, what happens to the number of maps? Read one row after the other in table 1.",
        ru=(
            "В группах блоков не 64, 128, 256 и 512 карт.",
            "Что происходит с числом карт, когда размер уменьшается вдвое? Прочитай таблицу 1 строка за строкой.",
        ),
        idea="layer_sizes",
        replace="zip((64, 128, 256, 512), num_blocks",
        by="zip((64, 128, 256, 256), num_blocks",
        fails=NET_COUNT,
        message="parameters.too_few",
        also=(
            ("zip((64, 128, 256, 512), num_blocks", "zip((64, 64, 64, 64), num_blocks"),
            ("zip((64, 128, 256, 512), num_blocks", "zip((16, 32, 64, 128), num_blocks"),
        ),
    ),
    Mutant(
        "blocks_shared",
        "The blocks of a stage are one and the same block used again.",
        hint="Multiplying a list repeats the same object. Print the number of parameters and compare it with the table of the task.",
        ru=(
            "Блоки внутри группы — это один и тот же блок, использованный несколько раз.",
            "Умножение списка повторяет один и тот же объект. Напечатай число параметров и сравни с заданием.",
        ),
        idea="registered_layers",
        replace=BLOCKS,
        by="""                if index > 1:
                    blocks.append(blocks[-1])
                elif bottleneck:
                    blocks.append(BottleneckBlock(maps, width, stride))
                    maps = 4 * width
                else:
                    blocks.append(ResidualBlock(maps, width, stride))
                    maps = width
""",
        fails="resnet.depths",
        message="parameters.too_few",
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
        "features_detached",
        "The maps are cut off from the graph (detach, .data or no_grad) before the classifier, so the convolutions do not learn.",
        hint="After backward() print the gradient of the first convolution. Where between it and the loss does the way back end?",
        ru=(
            "Перед классификатором карты отрезаны от графа (detach, .data или no_grad), и свёртки не учатся.",
            "После backward() напечатай градиент первой свёртки. Где между ней и лоссом обрывается обратный путь?",
        ),
        idea="gradient_path",
        lesson="vanishing_gradients",
        replace="self.blocks(self.stem(x))  #",
        by="self.blocks(self.stem(x)).detach()  #",
        fails="resnet.every_parameter_learns.ResNet",
        message="gradient.dead",
        also=(("self.blocks(self.stem(x))  #", "self.blocks(self.stem(x).detach())  #"),),
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
        fails="resnet.output_shape.ResNet",
        message="shape.wrong",
    ),
    Mutant(
        "depth_not_refused",
        "An unknown depth is not refused: the network is built silently or another error comes.",
        hint="Ask for depth 20. Who finds out, and when, that such a network is not in the table?",
        ru=(
            "Неизвестная глубина не отвергается: сеть молча создаётся или падает с другой ошибкой.",
            "Попроси глубину 20. Кто и когда узнает, что такой сети в таблице нет?",
        ),
        idea="refuse",
        replace='            raise ValueError(f"depth must be one of {sorted(num_blocks)}, not {depth}")',
        by="            depth = 18",
        fails="resnet.refuses.ResNet",
        message="refuses.nothing",
        also=(
            (
                '        if depth not in num_blocks:\n            raise ValueError(f"depth must be one of {sorted(num_blocks)}, not {depth}")\n',
                "",
            ),
            (
                '            raise ValueError(f"depth must be one of {sorted(num_blocks)}, not {depth}")',
                '            raise NotImplementedError("no such depth")',
            ),
            (
                '            raise ValueError(f"depth must be one of {sorted(num_blocks)}, not {depth}")',
                "            depth = 50",
            ),
        ),
    ),
]

MUTANTS = [*RESIDUAL_BLOCK, *BOTTLENECK_BLOCK, *WHOLE_NETWORK]
