# %% [markdown] lang="en" anchors="gradients-intro"
# # 3. Vanishing gradients and the skip connection
#
# **Lesson block:** why depth failed, and what helps (about 15 of the 50 min) · **Your file:** `gradients.py`
#
# The lesson's smallest deep network: three layers of one neuron each, no activation, no bias.
#
# $$x_1 = w_1 x, \qquad x_2 = w_2 x_1, \qquad x_3 = w_3 x_2, \qquad \text{loss } L(x_3)$$

# %% [markdown] lang="ru" anchors="gradients-intro"
# # 3. Затухание градиентов и остаточная связь
#
# **Блок урока:** почему глубина не помогла и что помогает (около 15 из 50 мин) · **Твой файл:** `gradients.py`
#
# Самая маленькая глубокая сеть, как в уроке: три слоя по одному нейрону, без функций активации и без
# смещений (bias).
#
# $$x_1 = w_1 x, \qquad x_2 = w_2 x_1, \qquad x_3 = w_3 x_2, \qquad \text{лосс } L(x_3)$$

# %% lang="en" tags=["labels"]
labels = {
    "neurons.alt": "A chain of five circles: x, x1, x2, x3 and the loss L; the arrows between the first four carry the weights w1, w2, w3.",
    "rule.alt": "Formulas: the update of w3, w2 and w1; the gradient of w1, in a red frame, is a product of four derivatives.",
    "update": "every weight",
    "w3": "for $w_3$: two factors",
    "w2": "for $w_2$: three factors",
    "w1": "for $w_1$: four factors",
    "neurons_skip.alt": "The same chain with a red arc from x1 to x3: x1 is added to the third neuron's output.",
    "frames.alt": "Two framed formulas. Plain: the product of four derivatives, 0.0001 if each is 0.1. With the skip connection: a one is added to the product of the middle two, 0.0101.",
    "plain": "without skip",
    "skip": "with skip",
    "values": "all derivatives 0.1",
    "power.alt": "Lines on a logarithmic scale: factor to the power of depth plus one, for factors 0.1, 0.5, 0.9, 1 and 1.1, over depths 3 to 50.",
    "depth": "layers",
    "product": "product of the factors",
    "measured.alt": "Four measured curves on a logarithmic scale: the norm of the first layer's gradient over 3 to 50 layers. Plain without BatchNorm falls to zero; with skip it stays; with BatchNorm plain grows, with skip it stays.",
    "norm": "gradient norm of layer 1",
    "s_plain": "plain, no BatchNorm",
    "s_skip": "skip, no BatchNorm",
    "s_plain_bn": "plain, BatchNorm",
    "s_skip_bn": "skip, BatchNorm",
    "four.alt": "Four convolutions in a row, each drawn as a stack of six maps 32×32.",
    "four_add.alt": "Four convolutions; a red arc carries the six maps of layer 1 to a plus sign before layer 4.",
    "maps": "maps",
    "layer": "layer",
    "sum.alt": "Three rows of six maps: layer 1, layer 3, and their sum, map by map.",
    "first": "layer 1",
    "third": "layer 3",
    "sum": "sum",
}

# %% lang="ru" tags=["labels"]
labels = {
    "neurons.alt": "Цепочка из пяти кружков: x, x1, x2, x3 и лосс L; на стрелках между первыми четырьмя веса w1, w2, w3.",
    "rule.alt": "Формулы обновления w3, w2 и w1; градиент w1 в красной рамке — произведение четырёх производных.",
    "update": "любой вес",
    "w3": "для $w_3$: два множителя",
    "w2": "для $w_2$: три множителя",
    "w1": "для $w_1$: четыре множителя",
    "neurons_skip.alt": "Та же цепочка с красной дугой от x1 к x3: x1 прибавляется к выходу третьего нейрона.",
    "frames.alt": "Две формулы в рамках. Без связи: произведение четырёх производных, 0,0001, если каждая равна 0,1. С остаточной связью: к произведению двух средних прибавлена единица, 0,0101.",
    "plain": "без связи",
    "skip": "со связью",
    "values": "все производные 0,1",
    "power.alt": "Линии в логарифмической шкале: множитель в степени «глубина плюс один» для множителей 0,1, 0,5, 0,9, 1 и 1,1 при глубине от 3 до 50.",
    "depth": "слоёв",
    "product": "произведение множителей",
    "measured.alt": "Четыре измеренные кривые в логарифмической шкале: норма градиента первого слоя при 3–50 слоях. Без BatchNorm и связей она падает до нуля, со связями сохраняется; с BatchNorm без связей растёт, со связями сохраняется.",
    "norm": "норма градиента слоя 1",
    "s_plain": "без связей, без BatchNorm",
    "s_skip": "со связями, без BatchNorm",
    "s_plain_bn": "без связей, с BatchNorm",
    "s_skip_bn": "со связями, с BatchNorm",
    "four.alt": "Четыре свёртки подряд, каждая нарисована стопкой из шести карт 32×32.",
    "four_add.alt": "Четыре свёртки; красная дуга несёт шесть карт слоя 1 к знаку «плюс» перед слоем 4.",
    "maps": "карт",
    "layer": "слой",
    "sum.alt": "Три строки по шесть карт: слой 1, слой 3 и их сумма, карта за картой.",
    "first": "слой 1",
    "third": "слой 3",
    "sum": "сумма",
}

# %%
import torch
from autograder.lesson import drawing, measure
from torch import nn

with lesson.picture("neurons", 2.3) as figure:
    drawing.neurons(figure, skip=False)

# %% [markdown] lang="en" anchors="backprop chain-rule"
# ## Backpropagation, by hand
#
# Training moves every weight against its derivative; α is the learning rate:
#
# $$w \leftarrow w - \alpha \, \frac{dL}{dw}$$
#
# The loss depends on $w_3$ through $x_3$; on $w_2$ through $x_3$ and $x_2$; on $w_1$ through all of them. The
# chain rule turns each way into a product, and the earlier the layer, the longer the product.

# %% [markdown] lang="ru" anchors="backprop chain-rule"
# ## Обратное распространение ошибки (back propagation) вручную
#
# Обучение сдвигает каждый вес против его производной; α — это learning rate:
#
# $$w \leftarrow w - \alpha \, \frac{dL}{dw}$$
#
# От $w_3$ лосс зависит через $x_3$; от $w_2$ — через $x_3$ и $x_2$; от $w_1$ — через все. Правило
# производной сложной функции превращает путь в произведение: чем раньше слой, тем оно длиннее.

# %%
D = r"\dfrac{d%s}{d%s}"
d = lambda *pairs: r"\cdot".join(D % tuple(pair.split("/")) for pair in pairs)
with lesson.picture("rule", 3.8) as figure:
    drawing.formulas(
        figure,
        [
            (labels["w3"], f"$w_3 - \\alpha\\,{d('L/x_3', 'x_3/w_3')}$", False),
            (labels["w2"], f"$w_2 - \\alpha\\,{d('L/x_3', 'x_3/x_2', 'x_2/w_2')}$", False),
            (
                labels["w1"],
                f"$w_1 - \\alpha\\,{d('L/x_3', 'x_3/x_2', 'x_2/x_1', 'x_1/w_1')}$",
                True,
            ),
        ],
    )

# %% [markdown] lang="en" anchors="gradients.chain_rule write-chain-rule"
# ## Write it: the plain net
#
# Work the product out on paper, then write `first_weight_gradient` in `gradients.py`: it gets the four
# derivatives and returns $dL/dw_1$. The next cell compares your function with PyTorch, which
# differentiates the three neurons by itself (the loss is $L = x_3^2$).

# %% [markdown] lang="ru" anchors="gradients.chain_rule write-chain-rule"
# ## Напиши: сеть без связи
#
# Проделай вычисления на бумаге, затем напиши `first_weight_gradient` в `gradients.py`: функция получает
# четыре производные и возвращает $dL/dw_1$. Следующая ячейка сравнивает её с PyTorch, который сам
# дифференцирует три нейрона (лосс $L = x_3^2$).


# %%
def three_neurons(skip, x=1.5, w2=0.4, w3=-0.3):
    w1 = torch.tensor(0.7, requires_grad=True)
    x1 = w1 * x
    x3 = w3 * (w2 * x1) + (x1 if skip else 0)
    (x3**2).backward()
    return w1.grad.item(), (2 * x3.item(), w3, w2, x)  # dL/dx3, dx3/dx2, dx2/dx1, dx1/dw1


with lesson.live():
    by_torch, factors = three_neurons(skip=False)
    print(
        "autograd:",
        round(by_torch, 6),
        " you:",
        round(lesson.own().first_weight_gradient(*factors), 6),
    )
    print(f"0.1, 0.1, 0.1, 0.1 → {lesson.own().first_weight_gradient(0.1, 0.1, 0.1, 0.1):.4g}")

# %% [markdown] lang="en" anchors="vanishing"
# In training these derivatives are often well below one. Four times 0.1 gives 0.0001, one
# ten-thousandth, and then comes α, which is small too: $w_1$ hardly moves. With fifty layers the product
# has 51 factors. That is the **vanishing gradient**: the first layers of a deep network hardly learn.

# %% [markdown] lang="ru" anchors="vanishing"
# При обучении эти производные часто заметно меньше единицы. Четыре раза по 0,1 — это 0,0001, одна
# десятитысячная, а потом ещё α, тоже маленькое: $w_1$ почти не меняется. При пятидесяти слоях в
# произведении 51 множитель. Это и есть **затухание градиентов**: начальные слои глубокой сети почти не
# обучаются.

# %%
with lesson.picture("power", 2.8) as figure:
    axes = figure.subplots()
    depths = list(range(3, 51))
    for factor in (1.1, 1.0, 0.9, 0.5, 0.1):
        axes.plot(depths, [factor ** (depth + 1) for depth in depths], label=f"{factor:g}")
    axes.set(yscale="log", xlabel=labels["depth"], ylabel=labels["product"], ylim=(1e-55, 1e5))
    axes.legend(fontsize=8, ncols=5, loc="lower left")

# %% [markdown] lang="en" anchors="skip-connection gradients.chain_rule_with_skip"
# ## The skip connection
#
# Add the first neuron's output to the third one's: $x_3' = w_3 x_2 + x_1$. That is a **skip
# connection**: a way around some layers. What is $dL/dw_1$ now? $x_1$ reaches $x_3'$ along two ways, and
# derivatives of two ways are **added**: one way brings $\frac{dx_3}{dx_2}\frac{dx_2}{dx_1}$, the other
# one brings 1. Work it out yourself, then write `first_weight_gradient_with_skip`.

# %% [markdown] lang="ru" anchors="skip-connection gradients.chain_rule_with_skip"
# ## Остаточная связь (skip connection)
#
# Прибавим к выходу третьего нейрона выход первого: $x_3' = w_3 x_2 + x_1$. Это и есть **skip
# connection**: связь в обход нескольких слоёв. Чему теперь равно $dL/dw_1$? $x_1$ приходит в $x_3'$ двумя
# путями, а производные двух путей **складываются**: один даёт $\frac{dx_3}{dx_2}\frac{dx_2}{dx_1}$,
# другой даёт 1. Проделай вычисления, затем напиши `first_weight_gradient_with_skip`.

# %%
with lesson.picture("neurons_skip", 2.3) as figure:
    drawing.neurons(figure, skip=True)

# %%
with lesson.live():
    by_torch, factors = three_neurons(skip=True)
    own = lesson.own().first_weight_gradient_with_skip
    print("autograd:", round(by_torch, 6), " you:", round(own(*factors), 6))
    plain, skip = lesson.own().first_weight_gradient(*[0.1] * 4), own(*[0.1] * 4)
    print(f"0.1, 0.1, 0.1, 0.1 → {plain:.4g} / {skip:.4g} = 1 : {skip / plain:.4g}")

# %%
with lesson.picture("frames", 3.0) as figure:
    middle = f"{D % ('x_3', 'x_2')}\\cdot{D % ('x_2', 'x_1')}"
    whole = f"$\\dfrac{{dL}}{{dx_3'}}\\cdot\\left({middle}+1\\right)\\cdot{D % ('x_1', 'w_1')}$"
    drawing.formulas(
        figure,
        [
            (labels["plain"], f"${d('L/x_3', 'x_3/x_2', 'x_2/x_1', 'x_1/w_1')}$", True),
            (labels["skip"], whole, True),
            (
                labels["values"],
                r"$0.1^4 = 0.0001\qquad 0.1\cdot(0.1\cdot 0.1+1)\cdot 0.1 = 0.0101$",
                False,
            ),
        ],
    )

# %% [markdown] lang="en" anchors="erratum-hundred"
# > **Exactly.** 0.0101 is *about* one hundredth, and the gain is 101 times rather than 100. On the right
# > stands $dL/dx_3'$, for the loss now gets $x_3'$. The last factor $dx_1/dw_1$ is simply the input $x$
# > and need not be small. And a skip is no guarantee: there are weights for which the gradient is zero
# > *because* of it.

# %% [markdown] lang="ru" anchors="erratum-hundred"
# > **Точно.** 0,0101 — это *примерно* одна сотая, и выигрыш не в 100 раз, а в 101. Слева (до связи) —
# > одна десятитысячная. Справа стоит $dL/dx_3'$: лосс теперь получает $x_3'$. Последний множитель
# > $dx_1/dw_1$ — это просто вход $x$, маленьким он быть не обязан. И связь ничего не гарантирует: бывают
# > веса, при которых градиент равен нулю именно *из-за* неё.

# %% [markdown] lang="en" anchors="zero-product"
# Which product $w_3 w_2$ makes the gradient with the skip connection exactly zero?

# %% [markdown] lang="ru" anchors="zero-product"
# При каком произведении $w_3 w_2$ градиент с остаточной связью в точности равен нулю?

# %% answer="gradients_zero"
product = (
    # BEGIN SOLUTION
    -1
    # END SOLUTION
)

# %% test="gradients_zero" points=1
found = None
if isinstance(product, (int, float)):
    found = abs(three_neurons(skip=True, w2=0.5, w3=product / 0.5)[0]) < 1e-6
lesson.compare({"w3·w2": found}, {"w3·w2": True}, points=1)

# %% [markdown] lang="en" anchors="gradients.gradient_norms gradients.model_is_left_alone measured"
# ## Measured, not only derived
#
# Three neurons are a sketch. Write `gradient_norms`, which tells how strong a gradient reaches every
# weight of a real network; it must leave the model as it found it. The cell below uses it on networks of
# 3 to 50 convolutions (3×3, six maps, ReLU) **at initialisation**, with PyTorch's default weights:
# plain or with a skip around every two layers, with or without BatchNorm. Each point is the median of
# three networks.

# %% [markdown] lang="ru" anchors="gradients.gradient_norms gradients.model_is_left_alone measured"
# ## Не только выведено, но и измерено
#
# Три нейрона — набросок. Напиши `gradient_norms`: она говорит, какой градиент доходит до каждого веса
# настоящей сети, и оставляет модель такой, какой она была. Ячейка ниже применяет её к сетям из 3–50
# свёрток (3×3, шесть карт, ReLU) **сразу после инициализации**, с весами PyTorch по умолчанию: без связей
# или со связью вокруг каждых двух слоёв, с BatchNorm или без него. Точка — медиана трёх сетей.

# %% tags=["long"]
settings = {
    "s_plain": (False, False),
    "s_skip": (True, False),
    "s_plain_bn": (False, True),
    "s_skip_bn": (True, True),
}
with lesson.picture("measured", 3.8) as figure:
    x = measure.as_tensor(measure.character(32))
    axes = figure.subplots()
    depths = (3, 7, 13, 19, 29, 39, 49)
    for (name, (skip, norm)), colour in zip(
        settings.items(), (drawing.RED, drawing.BLUE, drawing.GOLD, drawing.GREEN)
    ):
        medians = []
        for depth in depths:
            norms = []
            for seed in range(3):
                torch.manual_seed(seed)
                net = measure.DeepNet(depth, skip, norm)
                norms.append(next(iter(lesson.own().gradient_norms(net, x).values())))
            medians.append(sorted(norms)[1])
        shown = [max(value, 1e-30) for value in medians]  # zero has no place on this scale
        axes.plot(depths, shown, marker="o", color=colour, label=labels[name])
    axes.set(yscale="log", xlabel=labels["depth"], ylabel=labels["norm"])
    axes.legend(fontsize=8)

# %% [markdown] lang="en" anchors="reading-the-plot erratum-degradation"
# Read it carefully:
#
# - Without BatchNorm the plain network's gradient vanishes; at 49 layers nothing is left that a 32-bit
#   number can hold (drawn at the bottom). The skip connection keeps it alive.
# - **With BatchNorm it does not vanish.** In the plain network it even *grows* with depth; with skips it
#   stays put.
# - The weights matter as well: with He's initialisation instead of PyTorch's, the plain net's gradient
#   falls slowly only (replace `DeepNet(depth, skip, norm)` by `DeepNet(depth, skip, norm, he=True)`).
#
# > **In the paper.** The authors of ResNet say so themselves: their plain networks had BatchNorm and
# > healthy gradients, and still the 34-layer one was worse than the 18-layer one, in training too. They
# > call it *degradation* and leave the reason open. Skip connections help in both cases: against
# > vanishing where it happens, and with optimisation where it does not.
# > (He et al., 2015, [arXiv:1512.03385](https://arxiv.org/abs/1512.03385), sections 1 and 4.1.)

# %% [markdown] lang="ru" anchors="reading-the-plot erratum-degradation"
# Читать внимательно:
#
# - Без BatchNorm градиент сети без связей затухает; при 49 слоях не остаётся ничего, что помещается в
#   32-битное число (нарисовано у нижнего края). Остаточная связь его сохраняет.
# - **С BatchNorm он не затухает.** В сети без связей он с глубиной даже *растёт*, со связями почти не
#   меняется.
# - Веса тоже важны: с инициализацией Хе вместо обычной градиент сети без связей падает лишь медленно
#   (замени `DeepNet(depth, skip, norm)` на `DeepNet(depth, skip, norm, he=True)`).
#
# > **В статье.** Авторы ResNet пишут об этом сами: в их сетях без связей был BatchNorm и здоровые
# > градиенты, и всё же 34 слоя оказались хуже 18, в том числе на обучающих данных. Они называют это
# > *деградацией* и оставляют причину открытой. Остаточные связи помогают в обоих случаях: против
# > затухания, где оно есть, и в оптимизации, где его нет.
# > (He et al., 2015, [arXiv:1512.03385](https://arxiv.org/abs/1512.03385), разделы 1 и 4.1.)

# %% [markdown] lang="en" anchors="question-skip"
# ### Question (your teacher reads this one, 2 points)
#
# In your own words: why can the first layers of a deep plain network stop learning, and what does a
# skip connection change about it? Use the product of derivatives, and one thing that you saw in the
# measured plot.

# %% [markdown] lang="ru" anchors="question-skip"
# ### Вопрос (этот ответ читает преподаватель, 2 балла)
#
# Своими словами: почему начальные слои глубокой сети без связей могут перестать учиться и что меняет
# остаточная связь? Сошлись на произведение производных и на что-нибудь, что видно на измеренном графике.

# %% [markdown] lang="en" manual="gradients_why" points=2
# <!-- BEGIN SOLUTION -->
# The derivative by the first weight is a product with one factor for each layer; factors below one
# make it vanish, so w1 moves by almost nothing. The skip connection adds a way without factors: in the
# formula a one is added inside the product, so part of the gradient arrives undiminished. In the plot the
# plain curve without BatchNorm falls to zero while the one with skips stays level; with BatchNorm it
# does not vanish in either.
#
# Rubric: 1 point for the product of small factors, 1 point for the added way (the one in the sum)
# together with an observation from the plot.
# <!-- END SOLUTION -->

# %% [markdown] lang="ru" manual="gradients_why" points=2
# <!-- BEGIN SOLUTION -->
# Производная по первому весу — произведение, в котором по множителю на слой; если они меньше единицы,
# оно затухает, и w1 почти не меняется. Остаточная связь добавляет путь без множителей: в формуле внутри
# произведения прибавляется единица, и часть градиента доходит без потерь. На графике кривая без связей
# и без BatchNorm падает до нуля, со связями держится; с BatchNorm затухания нет ни там, ни там.
#
# Критерии: 1 балл за произведение малых множителей, 1 балл за дополнительный путь (единицу в сумме)
# вместе с наблюдением по графику.
# <!-- END SOLUTION -->

# %% [markdown] lang="en" anchors="four-convolutions padding"
# ## From neurons to convolutions
#
# Four convolutional layers, 3×3, six maps each. A skip from layer 1 to layer 3 means: layer 4 gets the
# maps of layer 1 **plus** the maps of layer 3. Two conditions: both have equally many maps, and the maps
# are equally large. Are they? Without padding every 3×3 filter eats a rim.

# %% [markdown] lang="ru" anchors="four-convolutions padding"
# ## От нейронов к свёрткам
#
# Четыре свёрточных слоя 3×3, в каждом шесть карт. Связь между слоями 1 и 3 значит: слой 4 получает карты
# слоя 1 **плюс** карты слоя 3. Условий два: карт у обоих поровну и карты одинакового размера. Так ли это?
# Без паддинга каждый фильтр 3×3 съедает край.

# %%
with lesson.picture("four", 3.0) as figure:
    drawing.four_convolutions(figure, "none", (labels["maps"], labels["layer"]))

# %% [markdown] lang="en" anchors="padding-sizes"
# A 32×32 picture goes through four 3×3 convolutions **without** padding. Which side has the map after
# layers 1, 2, 3 and 4? And which padding keeps 32?

# %% [markdown] lang="ru" anchors="padding-sizes"
# Картинка 32×32 проходит четыре свёртки 3×3 **без** паддинга. Какая сторона у карты после слоёв 1, 2, 3
# и 4? И какой паддинг сохраняет 32?

# %% answer="gradients_padding"
sides = {
    # BEGIN SOLUTION
    "layer 1": 30,
    "layer 2": 28,
    "layer 3": 26,
    "layer 4": 24,
    "padding": 1,
    # END SOLUTION
}

# %% test="gradients_padding" points=1
expected, x = {}, torch.empty(1, 1, 32, 32, device="meta")
for number in range(1, 5):
    x = nn.Conv2d(1, 1, 3, device="meta")(x)
    expected[f"layer {number}"] = x.shape[-1]
expected["padding"] = next(
    p
    for p in range(5)
    if nn.Conv2d(1, 1, 3, padding=p, device="meta")(torch.empty(1, 1, 32, 32, device="meta")).shape[
        -1
    ]
    == 32
)
lesson.compare(sides if isinstance(sides, dict) else {}, expected, points=1)

# %% [markdown] lang="en" anchors="gradients.net_is_built gradients.net_add gradients.net_concat four-conv-net"
# ## Write it: FourConvNet
#
# With padding 1 all maps are 32×32 and can be added, **element by element, map by map**: the first map
# of layer 1 to the first of layer 3, and so on. Write `FourConvNet` with `connection="none"`, `"add"` and
# `"concat"`. The last one does not add but puts the maps side by side, twelve of them, layer 1's six
# first: the idea of DenseNet (notebook 5). "Maps" means after ReLU, here and everywhere.

# %% [markdown] lang="ru" anchors="gradients.net_is_built gradients.net_add gradients.net_concat four-conv-net"
# ## Напиши: FourConvNet
#
# С паддингом 1 все карты 32×32, и их можно складывать — **поэлементно, карта с картой**: первая карта
# слоя 1 с первой картой слоя 3 и так далее. Напиши `FourConvNet` для `connection="none"`, `"add"` и
# `"concat"`. Последняя не складывает, а ставит карты рядом: двенадцать карт, сначала шесть карт слоя 1.
# Это идея DenseNet (блокнот 5). «Карты» — это всегда карты после ReLU.

# %%
with lesson.picture("four_add", 3.0) as figure:
    drawing.four_convolutions(figure, "add", (labels["maps"], labels["layer"]))

# %%
with lesson.picture("sum", 3.6) as figure:
    torch.manual_seed(2)
    net = lesson.own().FourConvNet("add")
    for parameter in net.parameters():
        if parameter.ndim > 1:
            nn.init.kaiming_normal_(parameter)  # PyTorch's own weights would leave layer 3 dark
    first, _, third, _ = (
        torch.relu(m) for m in measure.maps_of(net, measure.as_tensor(measure.character(96)))
    )
    grid = figure.subplots(3, 6)
    for row, maps, name in zip(grid, (first, third, first + third), ("first", "third", "sum")):
        for axes, one in zip(row, maps[0]):
            axes.imshow(one.numpy(), vmin=0, vmax=(first + third).max().item())
            axes.set(xticks=[], yticks=[])
        row[0].set_ylabel(labels[name], fontsize=10)

# %% [markdown] lang="en" anchors="skips-elsewhere"
# Skip connections are not only for pictures. Every block of a transformer, and so every large language
# model, adds its input to its output; the U-Nets that draw pictures concatenate instead.
#
# Next: `04_resnet`, a network made of this idea.

# %% [markdown] lang="ru" anchors="skips-elsewhere"
# Остаточные связи нужны не только картинкам. Каждый блок трансформера, а значит и любой большой языковой
# модели, прибавляет свой вход к выходу; сети U-Net, которые рисуют картинки, их конкатенируют.
#
# Дальше — `04_resnet`: сеть, построенная на этой идее.
