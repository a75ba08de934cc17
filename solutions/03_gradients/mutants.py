"""Gradients: typical mistakes. Text patches of gradients.py."""

from autograder.course.mutants import Mutant, edited

PRODUCT = "    return dL_dx3 * dx3_dx2 * dx2_dx1 * dx1_dw1\n"
WITH_SKIP = "    return dL_dx3 * (dx3_dx2 * dx2_dx1 + 1) * dx1_dw1\n"
NORMS = """    weights = {name: p for name, p in model.named_parameters() if p.ndim >= 2}
    norms = dict.fromkeys(weights, 0.0)
    learning = {name: p for name, p in weights.items() if p.requires_grad}
    total = model(x).sum()
    if learning and total.requires_grad:
        # torch.autograd.grad returns the gradients and leaves every .grad alone.
        gradients = torch.autograd.grad(total, list(learning.values()), allow_unused=True)
        for name, gradient in zip(learning, gradients, strict=True):
            if gradient is not None:
                norms[name] = gradient.norm().item()
    return norms
"""
NORM = "norms[name] = gradient.norm().item()"
BACKWARD = "gradients = torch.autograd.grad(total, list(learning.values()), allow_unused=True)"
LAYERS = """        self.conv1 = nn.Conv2d(3, 6, kernel_size=3, padding=1)
        self.conv2 = nn.Conv2d(6, 6, kernel_size=3, padding=1)
        self.conv3 = nn.Conv2d(6, 6, kernel_size=3, padding=1)
        maps = 12 if connection == "concat" else 6
        self.conv4 = nn.Conv2d(maps, 6, kernel_size=3, padding=1)
"""
FORWARD = """        first = torch.relu(self.conv1(x))  # (B, 6, H, W)
        second = torch.relu(self.conv2(first))  # (B, 6, H, W)
        third = torch.relu(self.conv3(second))  # (B, 6, H, W)
        if self.connection == "add":
            third = first + third
        if self.connection == "concat":
            third = torch.cat([first, third], dim=1)  # (B, 12, H, W)
        return torch.relu(self.conv4(third))  # (B, 6, H, W)
"""
NET = f"""{LAYERS}        # END SOLUTION

    def forward(self, x: Tensor) -> Tensor:
        # TODO: (B, 3, H, W) -> (B, 6, H, W)
        # BEGIN SOLUTION
{FORWARD}"""
ADD = "third = first + third"
CAT = "third = torch.cat([first, third], dim=1)"

CHAIN = "gradients.chain_rule"
CHAIN_SKIP = "gradients.chain_rule_with_skip"
MEASURED = "gradients.gradient_norms"
ALONE = "gradients.model_is_left_alone"
NET_ADD = "gradients.net_add"
NET_CONCAT = "gradients.net_concat"
NET_PLAIN = "gradients.net_plain"

CHAIN_RULE = [
    Mutant(
        "sum_of_factors",
        "The derivatives along the way are added instead of multiplied.",
        hint="If every layer doubles a small change, by how much does a chain of three layers change it: 2 + 2 + 2 or 2 * 2 * 2?",
        ru=(
            "Производные вдоль пути складываются, а не перемножаются.",
            "Если каждый слой удваивает маленькое изменение, во что его превратит цепочка из трёх слоёв: в 2 + 2 + 2 или в 2 * 2 * 2 раза больше?",
        ),
        idea="chain_rule",
        lesson="vanishing_gradients",
        replace=PRODUCT,
        by="    return dL_dx3 + dx3_dx2 + dx2_dx1 + dx1_dw1\n",
        fails=CHAIN,
        message="value.number",
        also=(
            (PRODUCT, "    return dL_dx3 * dx3_dx2 + dx2_dx1 * dx1_dw1\n"),
            (PRODUCT, "    return dL_dx3 * (dx3_dx2 + dx2_dx1 + dx1_dw1)\n"),
            (PRODUCT, "    return dL_dx3 * (dx3_dx2 + dx2_dx1) * dx1_dw1\n"),
            (PRODUCT, "    return (dL_dx3 + dx3_dx2 + dx2_dx1 + dx1_dw1) / 4\n"),
        ),
    ),
    Mutant(
        "factor_missing",
        "One of the four factors of the chain rule is missing.",
        hint="Walk from the loss back to w1 and name the derivative of every step: L, x3, x2, x1, w1. How many steps are there, and how many factors do you multiply?",
        ru=(
            "В правиле производной сложной функции не хватает одного из четырёх множителей.",
            "Пройди от лосса назад к w1 и назови производную каждого шага: L, x3, x2, x1, w1. Сколько шагов и сколько множителей у тебя?",
        ),
        idea="chain_rule",
        lesson="vanishing_gradients",
        replace=PRODUCT,
        by="    return dL_dx3 * dx3_dx2 * dx2_dx1\n",
        fails=CHAIN,
        message="value.number",
        also=(
            (PRODUCT, "    return dx3_dx2 * dx2_dx1 * dx1_dw1\n"),
            (PRODUCT, "    return dL_dx3 * dx2_dx1 * dx1_dw1\n"),
            (PRODUCT, "    return dL_dx3 * dx3_dx2 * dx1_dw1\n"),
            (PRODUCT, "    return dL_dx3 * dx3_dx2\n"),
            (PRODUCT, "    return dL_dx3 * dx1_dw1\n"),
        ),
    ),
    Mutant(
        "wrong_sign",
        "The derivative has the opposite sign: the minus of the update rule is already in it.",
        hint="The minus stands in the update, w1 minus alpha times the derivative. The function is asked for the derivative alone; what is its sign for four positive factors?",
        ru=(
            "У производной обратный знак: в неё уже попал минус из формулы обновления веса.",
            "Минус стоит в формуле обновления: w1 минус альфа умножить на производную. А функция должна вернуть саму производную; какой у неё знак при четырёх положительных множителях?",
        ),
        idea="chain_rule",
        lesson="vanishing_gradients",
        replace=PRODUCT,
        by="    return -dL_dx3 * dx3_dx2 * dx2_dx1 * dx1_dw1\n",
        fails=CHAIN,
        message="value.number",
    ),
    Mutant(
        "factors_divided",
        "Some of the derivatives are divided instead of multiplied.",
        hint="Write dL/dx3 times dx3/dx2 as fractions: what cancels, and what remains? Does anything stay below the line?",
        ru=(
            "Часть производных делится, а не умножается.",
            "Запиши dL/dx3 умножить на dx3/dx2 как дроби: что сократится и что останется? Нужно ли вообще на что-то делить?",
        ),
        idea="chain_rule",
        lesson="vanishing_gradients",
        replace=PRODUCT,
        by="    return dL_dx3 / dx3_dx2 / dx2_dx1 / dx1_dw1\n",
        fails=CHAIN,
        message="value.number",
        also=((PRODUCT, "    return dL_dx3 * dx3_dx2 * dx2_dx1 / dx1_dw1\n"),),
    ),
    Mutant(
        "lesson_number_only",
        "The lesson's number is returned whatever the arguments are.",
        hint="Call your function with 1, 2, 3 and 4. Should the answer be the same as for four times 0.1?",
        ru=(
            "При любых аргументах возвращается число из урока.",
            "Вызови свою функцию с числами 1, 2, 3 и 4. Должен ли ответ быть таким же, как для четырёх 0.1?",
        ),
        idea="chain_rule",
        lesson="vanishing_gradients",
        replace=PRODUCT,
        by="    return 1e-4\n",
        fails=CHAIN,
        message="value.number",
        also=((PRODUCT, "    return dL_dx3**4\n"),),
    ),
    Mutant(
        "floats_only",
        "The arguments are turned into plain numbers, so tensors do not work.",
        hint="Call your function with four tensors of two elements. Multiplication works for tensors by itself; what in your function does not?",
        ru=(
            "Аргументы превращаются в обычные числа, и с тензорами функция не работает.",
            "Вызови функцию с четырьмя тензорами из двух элементов. Умножение с тензорами работает само; что в твоей функции не работает?",
        ),
        idea="chain_rule",
        lesson="vanishing_gradients",
        replace=PRODUCT,
        by="    return float(dL_dx3) * float(dx3_dx2) * float(dx2_dx1) * float(dx1_dw1)\n",
        fails=CHAIN,
        message="fault.value",
    ),
    Mutant(
        "elements_summed",
        "For tensors the elements are summed or multiplied as matrices, instead of element by element.",
        hint="Call your function with tensors of shape (2, 3) and print the shape of the answer. Each element is a network of its own.",
        ru=(
            "Для тензоров элементы складываются или перемножаются как матрицы, а нужно поэлементно.",
            "Вызови функцию с тензорами размера (2, 3) и напечатай размер ответа. Каждый элемент — это как бы отдельная сеть.",
        ),
        idea="chain_rule",
        lesson="vanishing_gradients",
        replace=PRODUCT,
        by="    product = dL_dx3 * dx3_dx2 * dx2_dx1 * dx1_dw1\n    return product.sum() if isinstance(product, Tensor) else product\n",
        fails=CHAIN,
        message="value.not_a_tensor",
        also=(
            (
                PRODUCT,
                "    product = dL_dx3 * dx3_dx2 * dx2_dx1 * dx1_dw1\n    return product.mean() if isinstance(product, Tensor) else product\n",
            ),
        ),
    ),
]

CHAIN_RULE_WITH_SKIP = [
    Mutant(
        "one_added_to_product",
        "The second way is added to the whole product, without the factors that both ways share.",
        hint="Both ways begin at w1 and end at the loss. Which derivatives lie on the short way too? For four times 0.1 the answer should be 0.0101.",
        ru=(
            "Второй путь прибавлен ко всему произведению, без множителей, общих для обоих путей.",
            "Оба пути начинаются в w1 и заканчиваются в лоссе. Какие производные лежат и на коротком пути? Для четырёх 0.1 должно получиться 0.0101.",
        ),
        idea="two_paths",
        lesson="skip_connection",
        replace=WITH_SKIP,
        by="    return dL_dx3 * dx3_dx2 * dx2_dx1 * dx1_dw1 + 1\n",
        fails=CHAIN_SKIP,
        message="value.number",
        also=(
            (WITH_SKIP, "    return dL_dx3 * dx3_dx2 * dx2_dx1 * dx1_dw1 + dx1_dw1\n"),
            (WITH_SKIP, "    return dL_dx3 * dx3_dx2 * dx2_dx1 * dx1_dw1 + dL_dx3\n"),
            (WITH_SKIP, "    return dL_dx3 * (dx3_dx2 * dx2_dx1 * dx1_dw1 + 1)\n"),
            (WITH_SKIP, "    return (dL_dx3 * dx3_dx2 * dx2_dx1 + 1) * dx1_dw1\n"),
        ),
    ),
    Mutant(
        "one_added_to_one_factor",
        "The one of the shortcut is added to a single factor, not to the product dx3/dx2 * dx2/dx1.",
        hint="x3' = w3 * x2 + x1, and x2 depends on x1 as well. Differentiate x3' by x1: which part is there without the shortcut, and what is added to it?",
        ru=(
            "Единица от skip connection прибавлена к одному множителю, а не к произведению dx3/dx2 * dx2/dx1.",
            "x3' = w3 * x2 + x1, причём x2 тоже зависит от x1. Продифференцируй x3' по x1: что было без skip connection и что к этому прибавилось?",
        ),
        idea="two_paths",
        lesson="skip_connection",
        replace=WITH_SKIP,
        by="    return dL_dx3 * (dx3_dx2 + 1) * dx2_dx1 * dx1_dw1\n",
        fails=CHAIN_SKIP,
        message="value.number",
        also=(
            (WITH_SKIP, "    return dL_dx3 * dx3_dx2 * (dx2_dx1 + 1) * dx1_dw1\n"),
            (WITH_SKIP, "    return dL_dx3 * (dx3_dx2 + 1) * (dx2_dx1 + 1) * dx1_dw1\n"),
            (WITH_SKIP, "    return (dL_dx3 + 1) * dx3_dx2 * dx2_dx1 * dx1_dw1\n"),
            (WITH_SKIP, "    return dL_dx3 * dx3_dx2 * dx2_dx1 * (dx1_dw1 + 1)\n"),
            (WITH_SKIP, "    return dL_dx3 * (dx3_dx2 + dx2_dx1) * dx1_dw1\n"),
            (WITH_SKIP, "    return dL_dx3 * (dx3_dx2 + dx2_dx1 + 1) * dx1_dw1\n"),
        ),
    ),
    Mutant(
        "rounded_gain",
        "The gain of the shortcut is taken as a fixed factor (100 or 101), as in the lesson's example.",
        hint="The gain is 101 only where every factor is 0.1. What does your function give for four times 0.5, and what does the formula in the red frame give?",
        ru=(
            "Выигрыш от skip connection взят как готовое число (100 или 101) из примера урока.",
            "В 101 раз градиент растёт, только если все множители равны 0.1. Что даёт твоя функция для четырёх 0.5, а что — формула в красной рамке?",
        ),
        idea="two_paths",
        lesson="skip_connection",
        replace=WITH_SKIP,
        by="    return 100 * dL_dx3 * dx3_dx2 * dx2_dx1 * dx1_dw1\n",
        fails=CHAIN_SKIP,
        message="value.number",
        also=(
            (WITH_SKIP, "    return 101 * dL_dx3 * dx3_dx2 * dx2_dx1 * dx1_dw1\n"),
            (WITH_SKIP, "    return 0.0101\n"),
            (WITH_SKIP, "    return 0.01\n"),
        ),
    ),
    Mutant(
        "skip_ignored",
        "The derivative is the one without the shortcut.",
        hint="Compare your two functions for four times 0.1: should they give the same? x1 reaches x3' in two ways now.",
        ru=(
            "Возвращается та же производная, что и без skip connection.",
            "Сравни две свои функции для четырёх 0.1: должны ли они дать одно и то же? Теперь x1 попадает в x3' двумя путями.",
        ),
        idea="two_paths",
        lesson="skip_connection",
        replace=WITH_SKIP,
        by=PRODUCT,
        fails=CHAIN_SKIP,
        message="value.number",
    ),
    Mutant(
        "long_way_forgotten",
        "Only the short way is counted: the product through layers 2 and 3 is lost.",
        hint="The shortcut adds a way, it does not close the old one. What remains of your answer when dx3/dx2 becomes larger?",
        ru=(
            "Учтён только короткий путь, а произведение через слои 2 и 3 потеряно.",
            "Skip connection добавляет путь, но старый не закрывает. Изменится ли твой ответ, если dx3/dx2 станет больше?",
        ),
        idea="two_paths",
        lesson="skip_connection",
        replace=WITH_SKIP,
        by="    return dL_dx3 * dx1_dw1\n",
        fails=CHAIN_SKIP,
        message="value.number",
    ),
    Mutant(
        "skip_subtracted",
        "The one of the shortcut is subtracted, or the result has the wrong sign.",
        hint="In x3' the first layer's output is added. What is the derivative of x1 by x1, with its sign?",
        ru=(
            "Единица от skip connection вычитается, или у результата неверный знак.",
            "В x3' выход первого слоя прибавляется. Чему равна производная x1 по x1, с учётом знака?",
        ),
        idea="two_paths",
        lesson="skip_connection",
        replace=WITH_SKIP,
        by="    return dL_dx3 * (dx3_dx2 * dx2_dx1 - 1) * dx1_dw1\n",
        fails=CHAIN_SKIP,
        message="value.number",
        also=(
            (WITH_SKIP, "    return dL_dx3 * (1 - dx3_dx2 * dx2_dx1) * dx1_dw1\n"),
            (WITH_SKIP, "    return -dL_dx3 * (dx3_dx2 * dx2_dx1 + 1) * dx1_dw1\n"),
        ),
    ),
    Mutant(
        "shared_factor_missing",
        "A factor that both ways share, dL/dx3' or dx1/dw1, is missing.",
        hint="In the lesson's formula something stands before the brackets and something after them. Which of the two is absent in yours?",
        ru=(
            "Нет множителя, общего для обоих путей: dL/dx3' или dx1/dw1.",
            "В формуле урока что-то стоит перед скобкой и что-то после неё. Чего из этого нет у тебя?",
        ),
        idea="two_paths",
        lesson="skip_connection",
        replace=WITH_SKIP,
        by="    return dL_dx3 * (dx3_dx2 * dx2_dx1 + 1)\n",
        fails=CHAIN_SKIP,
        message="value.number",
        also=(
            (WITH_SKIP, "    return (dx3_dx2 * dx2_dx1 + 1) * dx1_dw1\n"),
            (WITH_SKIP, "    return dx3_dx2 * dx2_dx1 + 1\n"),
        ),
    ),
]

GRADIENT_NORMS = [
    Mutant(
        "biases_listed",
        "Parameters with one dimension, such as biases and BatchNorm, are listed too.",
        hint="Print the names you return. Which of them have only one dimension, and which ones does the task ask for?",
        ru=(
            "В списке есть и параметры с одним измерением: смещения (bias) и BatchNorm.",
            "Напечатай имена, которые ты возвращаешь. У каких из них только одно измерение и какие нужны по заданию?",
        ),
        idea="gradient_norm",
        replace="if p.ndim >= 2}",
        by="}",
        fails=MEASURED,
        message="norms.extra",
        also=(
            ("if p.ndim >= 2}", 'if "bias" not in name}'),
            ("if p.ndim >= 2}", 'if name.endswith("weight")}'),
        ),
    ),
    Mutant(
        "linear_left_out",
        "Only the weights of convolutions are listed, the fully connected layers are left out.",
        hint="How many dimensions has the weight of a fully connected layer? The task says two or more.",
        ru=(
            "В списке только веса свёрток, полносвязных слоёв нет.",
            "Сколько измерений у весов полносвязного слоя? В задании сказано: два и больше.",
        ),
        idea="gradient_norm",
        replace="if p.ndim >= 2}",
        by="if p.ndim > 2}",
        fails=MEASURED,
        message="norms.missing",
    ),
    Mutant(
        "unused_left_out",
        "Weights that no gradient reaches, unused or frozen, are left out instead of getting 0.0.",
        hint="Which layer would you look for when a network does not learn: one with a norm of 0.0 or one that is not in the list?",
        ru=(
            "Веса, до которых градиент не доходит (неиспользуемые или замороженные), пропущены, а должны получить 0.0.",
            "Сеть не учится, и ты ищешь виноватый слой. Что поможет больше: строка с нормой 0.0 или отсутствие строки?",
        ),
        idea="gradient_norm",
        replace="    norms = dict.fromkeys(weights, 0.0)\n",
        by="    norms = {}\n",
        fails=MEASURED,
        message="norms.missing",
        also=(("if p.ndim >= 2}", "if p.ndim >= 2 and p.requires_grad}"),),
    ),
    Mutant(
        "none_not_expected",
        "A weight without a gradient makes the function crash: its gradient is None.",
        hint="Try a model with a layer that forward() does not use, or with a frozen one. What is its gradient, and what should your answer be?",
        ru=(
            "На весе без градиента функция падает: вместо градиента там None.",
            "Попробуй модель со слоем, который forward() не использует, или с замороженным. Чему равен его градиент и что нужно ответить?",
        ),
        idea="gradient_norm",
        replace="            if gradient is not None:\n",
        by="            if True:\n",
        fails=MEASURED,
        message="fault.error",
    ),
    Mutant(
        "norm_of_weight",
        "The norm of the weight is returned, not the norm of its gradient.",
        hint="Multiply the model's output by ten: the gradients grow tenfold. Do your numbers?",
        ru=(
            "Возвращается норма самого веса, а не его градиента.",
            "Умножь выход модели на десять: градиенты вырастут в десять раз. А твои числа?",
        ),
        idea="gradient_norm",
        replace=NORM,
        by="norms[name] = weights[name].norm().item()",
        fails=MEASURED,
        message="norms.wrong",
        also=((NORM, "norms[name] = (weights[name] * gradient).norm().item()"),),
    ),
    Mutant(
        "other_norm",
        "The number is not the L2 norm of the gradient: it is its square, the largest value, a sum or a mean of absolute values.",
        hint="Take a gradient of 3 and 4. Its L2 norm is 5. What do you get: 25, 4, 7 or 3.5?",
        ru=(
            "Это не L2-норма градиента, а её квадрат, наибольшее значение, сумма или среднее модулей.",
            "Возьми градиент из чисел 3 и 4. Его L2-норма равна 5. А что получается у тебя: 25, 4, 7 или 3.5?",
        ),
        idea="gradient_norm",
        replace=NORM,
        by="norms[name] = gradient.square().sum().item()",
        fails=MEASURED,
        message="norms.wrong",
        also=(
            (NORM, "norms[name] = gradient.abs().max().item()"),
            (NORM, "norms[name] = gradient.abs().sum().item()"),
            (NORM, "norms[name] = gradient.abs().mean().item()"),
            (NORM, "norms[name] = gradient.square().mean().sqrt().item()"),
            (NORM, "norms[name] = gradient.square().mean().item()"),
            (NORM, "norms[name] = gradient.sum().item()"),
            (NORM, "norms[name] = abs(gradient.sum().item())"),
            (NORM, "norms[name] = gradient.mean().item()"),
            (NORM, "norms[name] = gradient.std().item()"),
            (NORM, "norms[name] = gradient.max().item()"),
            (NORM, "norms[name] = gradient.norm(1).item()  # L1"),
        ),
    ),
    Mutant(
        "mean_instead_of_sum",
        "The backward pass starts from the mean (or another function) of the output instead of its sum.",
        hint="Divide one of your norms by the expected one. Is the quotient the same for every layer, and which number is it one over?",
        ru=(
            "Обратный проход начинается не с суммы выходов, а со среднего (или с другой функции).",
            "Раздели одну из своих норм на ожидаемую. Одинаково ли частное для всех слоёв и чему равна единица, делённая на него?",
        ),
        idea="gradient_norm",
        replace="total = model(x).sum()",
        by="total = model(x).mean()",
        fails=MEASURED,
        message="norms.wrong",
        also=(
            ("total = model(x).sum()", "total = model(x).square().sum()"),
            ("total = model(x).sum()", "total = model(x).square().mean()"),
            ("total = model(x).sum()", "total = model(x).norm()"),
            ("total = model(x).sum()", "total = model(x).sum() / len(x)"),
            ("total = model(x).sum()", "total = -model(x).sum() * 2"),
            ("total = model(x).sum()", "total = model(x)[0].sum()"),
        ),
    ),
    Mutant(
        "gradients_left_behind",
        "backward() leaves its gradients in the model: the .grad of its parameters is changed.",
        hint="Print the .grad of a parameter before and after your function. Which function of torch.autograd gives gradients without storing them?",
        ru=(
            "backward() оставляет градиенты в модели: .grad её параметров меняется.",
            "Напечатай .grad какого-нибудь параметра до и после своей функции. Какая функция из torch.autograd выдаёт градиенты, нигде их не сохраняя?",
        ),
        idea="leave_no_trace",
        replace="        " + BACKWARD + "\n",
        by="""        total.backward()
        gradients = [p.grad for p in learning.values()]
""",
        fails=ALONE,
        message="norms.model_changed",
        also=(
            (
                NORMS,
                edited(
                    NORMS,
                    (
                        "    total = model(x).sum()\n",
                        "    model.zero_grad()\n    total = model(x).sum()\n",
                    ),
                    (
                        BACKWARD,
                        "total.backward()\n        gradients = [p.grad for p in learning.values()]",
                    ),
                ),
            ),
        ),
    ),
    Mutant(
        "gradients_erased",
        "The gradients that the model had before the call are erased (zero_grad).",
        hint="Someone may call your function in the middle of training. What is in .grad before the call, and what after it?",
        ru=(
            "Градиенты, которые были у модели до вызова, стираются (zero_grad).",
            "Твою функцию могут вызвать посреди обучения. Что лежит в .grad до вызова и что после?",
        ),
        idea="leave_no_trace",
        replace="    return norms\n",
        by="    model.zero_grad()\n    return norms\n",
        fails=ALONE,
        message="norms.model_changed",
        also=(
            (
                NORMS,
                edited(
                    NORMS,
                    (
                        "    total = model(x).sum()\n",
                        "    model.zero_grad()\n    total = model(x).sum()\n",
                    ),
                    (
                        BACKWARD,
                        "total.backward()\n        gradients = [p.grad for p in learning.values()]",
                    ),
                    ("    return norms\n", "    model.zero_grad()\n    return norms\n"),
                ),
            ),
            (
                NORMS,
                edited(
                    NORMS,
                    (
                        BACKWARD,
                        "total.backward()\n        gradients = [p.grad for p in learning.values()]",
                    ),
                    ("    return norms\n", "    model.zero_grad()\n    return norms\n"),
                ),
            ),
        ),
    ),
    Mutant(
        "gradients_accumulated",
        "Gradients that the model had before are counted too: backward() adds to .grad.",
        hint="Call your function twice on the same model and input. Why is the second answer larger?",
        ru=(
            "В норму попадают и старые градиенты модели: backward() прибавляет к .grad.",
            "Вызови свою функцию дважды с той же моделью и тем же входом. Почему второй ответ больше?",
        ),
        idea="leave_no_trace",
        replace=NORMS,
        by=edited(
            NORMS,
            (
                BACKWARD,
                """kept = {p: None if p.grad is None else p.grad.clone() for p in model.parameters()}
        total.backward()
        gradients = [None if p.grad is None else p.grad.clone() for p in learning.values()]
        for p, grad in kept.items():
            p.grad = grad""",
            ),
        ),
        fails=ALONE,
        message="norms.accumulated",
    ),
    Mutant(
        "mode_changed",
        "The function switches the model to train or eval mode and computes in that mode or leaves it there.",
        hint="Print model.training before and after. BatchNorm and dropout compute something else in the other mode; which mode does the task ask for?",
        ru=(
            "Функция переключает модель в режим train или eval и считает в нём или так и оставляет.",
            "Напечатай model.training до и после. В другом режиме BatchNorm и dropout считают по-другому; какой режим нужен по заданию?",
        ),
        idea="leave_no_trace",
        replace="    norms = dict.fromkeys(weights, 0.0)\n",
        by="    norms = dict.fromkeys(weights, 0.0)\n    model.train()\n",
        fails=MEASURED,
        message="norms.wrong",
    ),
    Mutant(
        "left_in_eval_mode",
        "The model is switched to eval mode and not put back.",
        hint="Measure on a model in train mode and print model.training afterwards. What would the next training step do without knowing?",
        ru=(
            "Модель переключена в режим eval и обратно не возвращена.",
            "Измерь модель в режиме train и потом напечатай model.training. Что, ни о чём не подозревая, сделает следующий шаг обучения?",
        ),
        idea="leave_no_trace",
        replace="    norms = dict.fromkeys(weights, 0.0)\n",
        by="    norms = dict.fromkeys(weights, 0.0)\n    model.eval()\n",
        fails=ALONE,
        message="norms.model_changed",
    ),
    Mutant(
        "tensors_returned",
        "The dictionary holds tensors or lists where one number for each weight is asked for.",
        hint="Print the type of one value. What turns a tensor with one element into a Python number?",
        ru=(
            "В словаре лежат тензоры или списки, а нужно по одному числу на каждый вес.",
            "Напечатай тип одного из значений. Что превращает тензор из одного элемента в число Python?",
        ),
        idea="gradient_norm",
        replace=NORM,
        by="norms[name] = gradient",
        fails=MEASURED,
        message="norms.not_a_number",
        also=((NORM, "norms[name] = gradient.flatten(1).norm(dim=1).tolist()"),),
    ),
    Mutant(
        "order_lost",
        "The weights are not in the order of named_parameters().",
        hint="The picture of vanishing gradients runs from the first layer to the last. In which order do your names stand?",
        ru=(
            "Веса идут не в порядке named_parameters().",
            "График затухания идёт от первого слоя к последнему. В каком порядке стоят твои имена?",
        ),
        idea="gradient_norm",
        replace="    return norms\n",
        by="    return dict(reversed(norms.items()))\n",
        fails=MEASURED,
        message="norms.order",
        also=(
            (
                "    return norms\n",
                "    return dict(sorted(norms.items(), key=lambda item: item[1]))\n",
            ),
        ),
    ),
    Mutant(
        "names_of_layers",
        "The keys are not the names of named_parameters(): they are names of layers or numbers.",
        hint="Print the names that named_parameters() gives and your keys side by side. What do yours lack?",
        ru=(
            "Ключи — не имена из named_parameters(), а имена слоёв или номера.",
            "Напечатай рядом имена из named_parameters() и свои ключи. Чего не хватает твоим?",
        ),
        idea="gradient_norm",
        replace="    return norms\n",
        by='    return {name.removesuffix(".weight"): norm for name, norm in norms.items()}\n',
        fails=MEASURED,
        message="norms.missing",
        also=(("    return norms\n", "    return dict(enumerate(norms.values()))\n"),),
    ),
]

FOUR_CONVOLUTIONS = [
    Mutant(
        "add_wrong_layer",
        'FourConvNet("add") adds the maps of layer 2 instead of layer 1.',
        hint="Draw the four boxes and the arrow of the lesson's picture. Where does the arrow start?",
        ru=(
            'FourConvNet("add") прибавляет карты слоя 2, а не слоя 1.',
            "Нарисуй четыре прямоугольника и стрелку со слайда. Где стрелка начинается?",
        ),
        idea="shortcut",
        lesson="skip_connection",
        replace=ADD,
        by="third = second + third",
        fails=NET_ADD,
        message="equal.output",
        also=((ADD, "third = first + second + third"),),
    ),
    Mutant(
        "replaced_not_added",
        'FourConvNet("add") gives layer 4 the maps of layer 1 or of the wrong layer only, nothing is added.',
        hint="After backward() print the gradients of layers 2 and 3. What would layer 4 have to receive so that they get one?",
        ru=(
            'В FourConvNet("add") слой 4 получает карты одного лишь слоя 1 или не того слоя: ничего не складывается.',
            "После backward() напечатай градиенты слоёв 2 и 3. Что должен получить слой 4, чтобы градиент до них дошёл?",
        ),
        idea="shortcut",
        lesson="skip_connection",
        replace=ADD,
        by="third = first",
        fails=NET_ADD,
        message="equal.output",
        also=((ADD, "third = second"), (ADD, "third = first + second")),
    ),
    Mutant(
        "add_ignored",
        'FourConvNet("add") computes the same as "none": nothing of layer 1 reaches layer 4.',
        hint='Give the nets "none" and "add" the same weights and compare their answers. Which line makes them differ?',
        ru=(
            'FourConvNet("add") считает то же, что и "none": от слоя 1 до слоя 4 ничего не доходит.',
            'Дай сетям "none" и "add" одинаковые веса и сравни ответы. В какой строке они должны разойтись?',
        ),
        idea="shortcut",
        lesson="skip_connection",
        replace="            third = first + third\n",
        by="            first = first + third\n",
        fails=NET_ADD,
        message="equal.output",
    ),
    Mutant(
        "relu_after_add",
        'FourConvNet("add") adds before the ReLU of a layer: not the maps of both layers after ReLU are added.',
        hint='"Maps" are counted after ReLU. At the moment of your sum, which of the two terms has already been through ReLU?',
        ru=(
            'FourConvNet("add") складывает до ReLU: складываются не карты обоих слоёв после ReLU.',
            "Картами активации называют то, что вышло из ReLU. Какое из слагаемых в момент сложения уже прошло через ReLU?",
        ),
        idea="relu_after_sum",
        lesson="skip_connection",
        replace=FORWARD,
        by=edited(
            FORWARD,
            (
                "        third = torch.relu(self.conv3(second))  # (B, 6, H, W)\n",
                "        third = self.conv3(second)\n",
            ),
            (ADD, "third = torch.relu(first + third)"),
            (
                '        if self.connection == "concat":\n            third = torch.cat([first, third], dim=1)',
                '        elif self.connection == "none":\n            third = torch.relu(third)\n        else:\n            third = torch.cat([first, torch.relu(third)], dim=1)',
            ),
        ),
        fails=NET_ADD,
        message="equal.output",
        also=(
            (ADD, "third = self.conv1(x) + third"),
            (ADD, "third = first + self.conv3(second)"),
            (ADD, "third = self.conv1(x) + self.conv3(second)"),
            (ADD, "third = torch.relu(self.conv1(x) + self.conv3(second))"),
        ),
    ),
    Mutant(
        "added_too_late",
        'FourConvNet("add") adds the maps of layer 1 after layer 4 instead of before it.',
        hint="Layer 4 should see the sum. Draw where the arrow of the lesson's picture ends: before box 4 or behind it?",
        ru=(
            'FourConvNet("add") прибавляет карты слоя 1 после слоя 4, а не перед ним.',
            "Слой 4 должен увидеть сумму. Нарисуй, где на слайде заканчивается стрелка: перед четвёртым прямоугольником или за ним?",
        ),
        idea="shortcut",
        lesson="skip_connection",
        replace=FORWARD,
        by=edited(
            FORWARD,
            ('        if self.connection == "add":\n            third = first + third\n', ""),
            (
                "        return torch.relu(self.conv4(third))",
                '        fourth = torch.relu(self.conv4(third))\n        return fourth + first if self.connection == "add" else fourth',
            ),
        ),
        fails=NET_ADD,
        message="equal.output",
        also=(
            (
                FORWARD,
                edited(
                    FORWARD,
                    (
                        '        if self.connection == "add":\n            third = first + third\n',
                        "",
                    ),
                    (
                        "        return torch.relu(self.conv4(third))",
                        '        fourth = self.conv4(third)\n        return torch.relu(fourth + first if self.connection == "add" else fourth)',
                    ),
                ),
            ),
        ),
    ),
    Mutant(
        "added_too_early",
        'FourConvNet("add") feeds the sum into layer 3 instead of layer 4.',
        hint="Which layer of the lesson's picture receives the sum? In your forward, which convolution is the first to see it?",
        ru=(
            'FourConvNet("add") подаёт сумму в слой 3, а не в слой 4.',
            "Какой слой на слайде получает сумму? Какая свёртка в твоём forward первой её видит?",
        ),
        idea="shortcut",
        lesson="skip_connection",
        replace=FORWARD,
        by=edited(
            FORWARD,
            (
                "        third = torch.relu(self.conv3(second))",
                '        if self.connection == "add":\n            second = first + second\n        third = torch.relu(self.conv3(second))',
            ),
            ('        if self.connection == "add":\n            third = first + third\n', ""),
        ),
        fails=NET_ADD,
        message="equal.output",
    ),
    Mutant(
        "add_multiplied",
        'FourConvNet("add") multiplies, subtracts or averages the maps instead of adding them.',
        hint="Where layer 3 is silent (all zeros), the maps of layer 1 should pass unchanged. Do they in your net?",
        ru=(
            'FourConvNet("add") умножает, вычитает или усредняет карты, а не складывает.',
            "Там, где слой 3 молчит (одни нули), карты слоя 1 должны пройти без изменений. А в твоей сети?",
        ),
        idea="add_or_concat",
        lesson="skip_connection",
        replace=ADD,
        by="third = first * third",
        fails=NET_ADD,
        message="equal.output",
        also=(
            (ADD, "third = third - first"),
            (ADD, "third = first - third"),
            (ADD, "third = (first + third) / 2"),
            (ADD, "third = torch.maximum(first, third)"),
        ),
    ),
    Mutant(
        "add_and_concat_swapped",
        'The net confuses "add" and "concat": it concatenates where it should add, or the other way round.',
        hint="How many maps should layer 4 receive for each of the two words? Print in_channels of layer 4 for both.",
        ru=(
            'Сеть путает "add" и "concat": конкатенирует там, где надо складывать, или наоборот.',
            "Сколько карт должен получить слой 4 для каждого из этих слов? Напечатай in_channels слоя 4 в обоих случаях.",
        ),
        idea="add_or_concat",
        lesson="skip_connection",
        replace=NET,
        by=edited(
            NET,
            ('maps = 12 if connection == "concat"', 'maps = 12 if connection == "add"'),
            ('if self.connection == "add"', 'if self.connection == "CONCAT"'),
            ('if self.connection == "concat"', 'if self.connection == "add"'),
            ('if self.connection == "CONCAT"', 'if self.connection == "concat"'),
        ),
        fails="gradients.parameter_count.FourConvNet",
        message="parameters.too_many",
        also=(
            (
                NET,
                edited(
                    NET,
                    ('maps = 12 if connection == "concat"', 'maps = 12 if connection != "none"'),
                    (ADD, CAT),
                ),
            ),
            (
                NET,
                edited(NET, ('maps = 12 if connection == "concat" else 6', "maps = 6"), (CAT, ADD)),
            ),
        ),
    ),
    Mutant(
        "concat_order",
        'FourConvNet("concat") puts the maps of layer 3 before those of layer 1.',
        hint="The task says whose six maps come first. Which channels of layer 4's weights meet the maps of layer 1 in your net?",
        ru=(
            'FourConvNet("concat") ставит карты слоя 3 перед картами слоя 1.',
            "В задании сказано, чьи шесть карт идут первыми. Какие каналы весов слоя 4 у тебя встречают карты слоя 1?",
        ),
        idea="concat_order",
        lesson="skip_connection",
        replace=CAT,
        by="third = torch.cat([third, first], dim=1)",
        fails=NET_CONCAT,
        message="equal.output",
    ),
    Mutant(
        "concat_wrong_layer",
        'FourConvNet("concat") joins the maps of the wrong layers.',
        hint="Twelve maps is right, but whose are they? Compare the two names in your concatenation with the lesson's sentence.",
        ru=(
            'FourConvNet("concat") соединяет карты не тех слоёв.',
            "Двенадцать карт — это верно, но чьи они? Сверь два имени в своей конкатенации с фразой из урока.",
        ),
        idea="shortcut",
        lesson="skip_connection",
        replace=CAT,
        by="third = torch.cat([second, third], dim=1)",
        fails=NET_CONCAT,
        message="equal.output",
        also=(
            (CAT, "third = torch.cat([first, second], dim=1)"),
            (CAT, "third = torch.cat([third, third], dim=1)"),
            (CAT, "third = torch.cat([first, first], dim=1)"),
            (CAT, "third = torch.cat([third, second], dim=1)"),
        ),
    ),
    Mutant(
        "concat_before_relu",
        'FourConvNet("concat") joins maps before their ReLU.',
        hint='"Maps" are counted after ReLU. Print the smallest value among the twelve maps that layer 4 receives.',
        ru=(
            'FourConvNet("concat") соединяет карты до ReLU.',
            "Картами активации называют то, что вышло из ReLU. Напечатай наименьшее значение среди двенадцати карт, которые получает слой 4.",
        ),
        idea="nonlinearity",
        lesson="skip_connection",
        replace=CAT,
        by="third = torch.cat([first, self.conv3(second)], dim=1)",
        fails=NET_CONCAT,
        message="equal.output",
        also=(
            (CAT, "third = torch.cat([self.conv1(x), third], dim=1)"),
            (CAT, "third = torch.cat([self.conv1(x), self.conv3(second)], dim=1)"),
        ),
    ),
    Mutant(
        "concat_dimension",
        "The maps are joined along another dimension than the channels, or layer 4 does not expect twelve maps.",
        hint="The shape is (B, C, H, W). Print the shape after joining: which number should have become 12, and what does layer 4 expect?",
        ru=(
            "Карты соединяются не по измерению каналов, или слой 4 не ждёт двенадцати карт.",
            "Размер — (B, C, H, W). Напечатай размер после конкатенации: какое число должно было стать равным 12 и чего ждёт слой 4?",
        ),
        idea="concat_order",
        lesson="skip_connection",
        replace=CAT,
        by="third = torch.cat([first, third], dim=0)",
        fails="gradients.is_written.FourConvNet",
        message="fault.error",
        also=(
            (CAT, "third = torch.cat([first, third], dim=2)"),
            (CAT, "third = torch.cat([first, third], dim=-1)"),
            (LAYERS, edited(LAYERS, ('12 if connection == "concat" else 6', "6"))),
        ),
    ),
    Mutant(
        "last_relu_missing",
        "There is no ReLU after layer 4.",
        hint="The task promises maps after ReLU. Print the smallest value of the answer.",
        ru=(
            "После слоя 4 нет ReLU.",
            "В задании обещаны карты активации после ReLU. Напечатай наименьшее значение в ответе.",
        ),
        idea="nonlinearity",
        replace="return torch.relu(self.conv4(third))",
        by="return self.conv4(third)",
        fails=NET_PLAIN,
        message="equal.output",
    ),
    Mutant(
        "relu_missing",
        "One of the first three layers has no ReLU.",
        hint="Print the smallest value after each of the layers. After which one is it negative?",
        ru=(
            "После одного из первых трёх слоёв нет ReLU.",
            "Напечатай наименьшее значение после каждого слоя. После какого оно отрицательное?",
        ),
        idea="nonlinearity",
        replace="torch.relu(self.conv2(first))",
        by="self.conv2(first)",
        fails=NET_PLAIN,
        message="equal.output",
        also=(
            ("torch.relu(self.conv1(x))", "self.conv1(x)"),
            ("torch.relu(self.conv3(second))", "self.conv3(second)"),
            (
                FORWARD,
                edited(
                    FORWARD,
                    ("torch.relu(self.conv1(x))", "self.conv1(x)"),
                    ("torch.relu(self.conv2(first))", "self.conv2(first)"),
                    ("torch.relu(self.conv3(second))", "self.conv3(second)"),
                ),
            ),
        ),
    ),
    Mutant(
        "no_relu",
        "The net has no ReLU at all.",
        hint="Four convolutions without anything between them are one convolution. Where should ReLU stand, and how many times?",
        ru=(
            "В сети вообще нет ReLU.",
            "Четыре свёртки, между которыми ничего нет, — это одна свёртка. Где должна стоять ReLU и сколько раз?",
        ),
        idea="nonlinearity",
        replace=FORWARD,
        by=FORWARD.replace("torch.relu", ""),
        fails=NET_PLAIN,
        message="equal.output",
    ),
    Mutant(
        "no_padding",
        "The convolutions have no padding, so the maps of layer 1 and layer 3 have different sizes.",
        hint="Compute the size of a 12x10 map after each 3x3 convolution without padding. Can layers 1 and 3 be added then?",
        ru=(
            "У свёрток нет паддинга, и карты слоёв 1 и 3 разного размера.",
            "Посчитай размер карты 12x10 после каждой свёртки 3x3 без паддинга. Можно ли тогда сложить слои 1 и 3?",
        ),
        idea="padding",
        lesson="skip_connection",
        replace=LAYERS,
        by=LAYERS.replace(", padding=1", ""),
        fails="gradients.is_written.FourConvNet",
        message="fault.error",
        also=(
            (
                LAYERS,
                edited(
                    LAYERS,
                    (
                        "conv3 = nn.Conv2d(6, 6, kernel_size=3, padding=1)",
                        "conv3 = nn.Conv2d(6, 6, kernel_size=3)",
                    ),
                ),
            ),
        ),
    ),
    Mutant(
        "padding_missing_once",
        "Layer 1 or layer 4 has no padding, so the answer is smaller than the picture.",
        hint="Compare the height and width of input and answer. Which of the four layers makes the maps smaller?",
        ru=(
            "У слоя 1 или слоя 4 нет паддинга, и ответ меньше картинки.",
            "Сравни высоту и ширину входа и ответа. Какой из четырёх слоёв уменьшает карты?",
        ),
        idea="padding",
        lesson="skip_connection",
        replace=LAYERS,
        by=edited(
            LAYERS,
            ("nn.Conv2d(maps, 6, kernel_size=3, padding=1)", "nn.Conv2d(maps, 6, kernel_size=3)"),
        ),
        fails="gradients.output_shape.FourConvNet",
        message="shape.wrong",
        also=(
            (
                LAYERS,
                edited(
                    LAYERS,
                    ("nn.Conv2d(3, 6, kernel_size=3, padding=1)", "nn.Conv2d(3, 6, kernel_size=3)"),
                ),
            ),
        ),
    ),
    Mutant(
        "no_bias",
        "The convolutions have no bias.",
        hint="Six parameters are missing for every layer. There is no BatchNorm in this net; what does a convolution need then?",
        ru=(
            "У свёрток нет смещения (bias).",
            "Не хватает по шесть параметров на слой. BatchNorm в этой сети нет; что тогда нужно свёртке?",
        ),
        idea="bias_before_batch_norm",
        lesson="recap",
        replace=LAYERS,
        by=LAYERS.replace("padding=1)", "padding=1, bias=False)"),
        fails="gradients.parameter_count.FourConvNet",
        message="parameters.too_few",
    ),
    Mutant(
        "convolution_reused",
        "One convolution is used for two layers, so they share their weights.",
        hint="Print the names of the parameters and which of them get a gradient. Are there four convolutions, each used once?",
        ru=(
            "Одна свёртка используется для двух слоёв, и веса у них общие.",
            "Напечатай имена параметров и у каких есть градиент. Есть ли в сети четыре свёртки и каждая ли используется один раз?",
        ),
        idea="registered_layers",
        replace="torch.relu(self.conv3(second))",
        by="torch.relu(self.conv2(second))",
        fails=NET_PLAIN,
        message="equal.output",
        also=(
            (
                NET,
                edited(
                    NET,
                    ("        self.conv3 = nn.Conv2d(6, 6, kernel_size=3, padding=1)\n", ""),
                    ("torch.relu(self.conv3(second))", "torch.relu(self.conv2(second))"),
                ),
            ),
        ),
    ),
    Mutant(
        "layers_in_plain_list",
        "The convolutions stand in a plain Python list, where PyTorch does not see them.",
        hint="Print the number of parameters of your net. How does PyTorch learn that a list holds layers?",
        ru=(
            "Свёртки лежат в обычном списке Python, и PyTorch их не видит.",
            "Напечатай число параметров своей сети. Откуда PyTorch узнаёт, что в списке лежат слои?",
        ),
        idea="registered_layers",
        replace=NET,
        by=edited(
            NET,
            (
                "self.conv1 = nn.Conv2d(3, 6, kernel_size=3, padding=1)",
                "self.convs = [nn.Conv2d(3, 6, kernel_size=3, padding=1)]",
            ),
            (
                "self.conv2 = nn.Conv2d(6, 6, kernel_size=3, padding=1)",
                "self.convs += [nn.Conv2d(6, 6, kernel_size=3, padding=1)]",
            ),
            (
                "self.conv3 = nn.Conv2d(6, 6, kernel_size=3, padding=1)",
                "self.convs += [nn.Conv2d(6, 6, kernel_size=3, padding=1)]",
            ),
            (
                "self.conv4 = nn.Conv2d(maps, 6, kernel_size=3, padding=1)",
                "self.convs += [nn.Conv2d(maps, 6, kernel_size=3, padding=1)]",
            ),
            ("self.conv1(x)", "self.convs[0](x)"),
            ("self.conv2(first)", "self.convs[1](first)"),
            ("self.conv3(second)", "self.convs[2](second)"),
            ("self.conv4(third)", "self.convs[3](third)"),
        ),
        fails="gradients.parameter_count.FourConvNet",
        message="parameters.too_few",
    ),
    Mutant(
        "connection_detached",
        "The maps of layer 1 are cut off from the graph (detach, .data or no_grad) on the way to layer 4.",
        hint='Compare the gradient of layer 1 for "none" and "add". The numbers forward are right; what is missing on the way back?',
        ru=(
            "По пути к слою 4 карты слоя 1 отрезаны от графа (detach, .data или no_grad).",
            'Сравни градиент слоя 1 для "none" и "add". Вперёд числа верные; чего не хватает на обратном пути?',
        ),
        idea="gradient_path",
        lesson="vanishing_gradients",
        replace=ADD,
        by="third = first.detach() + third",
        fails=NET_ADD,
        message="equal.input_gradient",
        also=((ADD, "third = first + third.detach()"),),
    ),
    Mutant(
        "batch_norm_added",
        "The net has BatchNorm after its convolutions.",
        hint="The lesson's four layers are convolution and ReLU only. By how many parameters is your count too high?",
        ru=(
            "В сети после свёрток стоит BatchNorm.",
            "Четыре слоя из урока — это только свёртка и ReLU. На сколько параметров у тебя больше?",
        ),
        idea="batch_norm_place",
        lesson="skip_connection",
        replace=NET,
        by=edited(
            NET,
            (
                "        self.conv1 = ",
                "        self.norms = nn.ModuleList(nn.BatchNorm2d(6) for _ in range(4))\n        self.conv1 = ",
            ),
            ("torch.relu(self.conv1(x))", "torch.relu(self.norms[0](self.conv1(x)))"),
            ("torch.relu(self.conv2(first))", "torch.relu(self.norms[1](self.conv2(first)))"),
            ("torch.relu(self.conv3(second))", "torch.relu(self.norms[2](self.conv3(second)))"),
            ("torch.relu(self.conv4(third))", "torch.relu(self.norms[3](self.conv4(third)))"),
        ),
        fails="gradients.parameter_count.FourConvNet",
        message="parameters.too_many",
    ),
    Mutant(
        "connection_not_refused",
        "An unknown connection is not refused: the net is built silently or another error comes.",
        hint='Ask for connection="multiply". Who finds out, and when, that there is no such connection?',
        ru=(
            "Неизвестное connection не отвергается: сеть молча создаётся или падает с другой ошибкой.",
            'Попроси connection="multiply". Кто и когда узнает, что такой связи нет?',
        ),
        idea="refuse",
        replace="""            raise ValueError(f'connection must be "none", "add" or "concat", not {connection!r}')
""",
        by="""            connection = "none"
""",
        fails="gradients.refuses.FourConvNet",
        message="refuses.nothing",
        also=(
            (
                """            raise ValueError(f'connection must be "none", "add" or "concat", not {connection!r}')
""",
                '            raise KeyError("no such connection")\n',
            ),
        ),
    ),
]

MUTANTS = [*CHAIN_RULE, *CHAIN_RULE_WITH_SKIP, *GRADIENT_NORMS, *FOUR_CONVOLUTIONS]
