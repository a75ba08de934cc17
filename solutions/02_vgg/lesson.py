# %% [markdown] lang="en" anchors="vgg-intro"
# # 2. VGG, and where depth stopped helping
#
# **Lesson block:** VGG (about 12 of the 50 min) · **Your file:** `vgg.py`
#
# VGG is made of the parts you know from AlexNet: convolutions, max pooling, fully connected layers,
# ReLU, dropout. Blue boxes are convolutions, red ones max pooling; below a convolution stands how many
# maps of which size it gives. This is the version with 16 layers.

# %% [markdown] lang="ru" anchors="vgg-intro"
# # 2. VGG и почему глубина перестала помогать
#
# **Блок урока:** VGG (около 12 из 50 мин) · **Твой файл:** `vgg.py`
#
# VGG состоит из тех же деталей, что AlexNet: свёртки, max pooling, полносвязные слои, ReLU, dropout.
# Синие параллелепипеды — свёртки, красные — max pooling; под свёрткой написано, сколько карт активации
# и какого размера она выдаёт. Это вариант с 16 слоями.

# %% lang="en" tags=["labels"]
labels = {
    "boxes.alt": "VGG-16 as boxes: five groups of blue convolutions, each followed by a red pooling; maps from 64×224×224 to 512×14×14, then three fully connected layers.",
    "field.alt": "Left: one 5×5 filter covers 5×5 pixels. Right: a 3×3 filter whose nine inputs are 3×3 fields themselves covers the same 5×5 pixels.",
    "one5": "one 5×5",
    "two3": "two 3×3, one after the other",
    "blocks.alt": "Five rows of activation maps: the picture of a drawn character gets half as large after each VGG block, from 112×112 to 7×7.",
    "block": "block",
    "depths.alt": "Bars: parameters of VGG-11, 13, 16 and 19; the convolutions are a thin part, the fully connected layers about 124 million in each.",
    "convs": "convolutions",
    "fcs": "fully connected",
    "millions": "parameters, millions",
    "experiment.alt": "Three bar charts for two plans of blocks, before and after your change: convolution parameters, receptive field and time of one picture.",
    "before": "VGG-11",
    "yours": "your plan",
    "p": "millions of parameters",
    "r": "receptive field, pixels",
    "t": "ms for one picture 128×128",
    "guess": "your guess was",
}

# %% lang="ru" tags=["labels"]
labels = {
    "boxes.alt": "Схема VGG-16: пять групп синих свёрток, после каждой красный пулинг; карты от 64×224×224 до 512×14×14, затем три полносвязных слоя.",
    "field.alt": "Слева: один фильтр 5×5 накрывает 5×5 пикселей. Справа: фильтр 3×3, каждый из девяти входов которого сам видит 3×3, накрывает те же 5×5.",
    "one5": "один 5×5",
    "two3": "два 3×3 друг за другом",
    "blocks.alt": "Пять строк карт активации: после каждого блока VGG картинка персонажа вдвое меньше, от 112×112 до 7×7.",
    "block": "блок",
    "depths.alt": "Столбцы: параметры VGG-11, 13, 16 и 19; свёртки — тонкая часть, полносвязные слои — около 124 миллионов в каждой.",
    "convs": "свёртки",
    "fcs": "полносвязные слои",
    "millions": "параметры, млн",
    "experiment.alt": "Три диаграммы для двух наборов блоков, до и после твоего изменения: параметры свёрток, рецептивное поле и время на картинку.",
    "before": "VGG-11",
    "yours": "твой план",
    "p": "параметры, млн",
    "r": "рецептивное поле, пикс.",
    "t": "мс на картинку 128×128",
    "guess": "твоё предсказание",
}

# %%
import torch
from autograder.lesson import drawing, measure
from torch import nn

boxes, size = [("input", 3, 224)], 224
for width, convs in zip((64, 128, 256, 512, 512), (2, 2, 3, 3, 3)):
    boxes += [("conv", width, size)] * convs + [("pool", width, size // 2)]
    size //= 2
boxes += [("fc", 4096, 1), ("fc", 4096, 1), ("fc", 1000, 1)]
with lesson.picture("boxes", 3.4) as figure:
    drawing.network(figure, boxes)

# %% [markdown] lang="en" anchors="question-vgg"
# ### Question
#
# The parts are AlexNet's. What, then, makes VGG better? Find two differences in the picture.

# %% [markdown] lang="ru" anchors="question-vgg"
# ### Вопрос
#
# Детали те же, что у AlexNet. Что же делает VGG эффективнее? Найди на схеме два отличия.

# %% lang="en" answer="vgg_better"
better = """
# BEGIN SOLUTION
All filters are 3x3, and there are more convolutional layers: 8 to 16 instead of 5. Besides, the
structure is regular: blocks, after each of which the map is half as large.
# END SOLUTION
"""

# %% lang="ru" answer="vgg_better"
better = """
# BEGIN SOLUTION
Все фильтры 3x3, и свёрточных слоёв больше: от 8 до 16 вместо 5. Кроме того, устройство логичное:
блоки, после каждого из которых карта вдвое меньше.
# END SOLUTION
"""

# %% test="vgg_better" points=1
lesson.credit(better)

# %% [markdown] lang="en" anchors="why-3x3"
# ## Why 3×3?
#
# Recall the last module: large filters with large steps skip detail, small ones do not. But there is a
# better reason. Two 3×3 convolutions, one after the other, see the same 5×5 pixels as one 5×5
# convolution: the **receptive field** is the same.

# %% [markdown] lang="ru" anchors="why-3x3"
# ## Почему 3×3?
#
# Вспомни прошлый модуль: большие фильтры с большим шагом пропускают детали, маленькие — нет. Но есть
# причина важнее. Две свёртки 3×3 подряд видят те же 5×5 пикселей, что и одна свёртка 5×5: у них
# одинаковое **рецептивное поле**.

# %%
with lesson.picture("field", 2.6) as figure:
    for axes, name in zip(figure.subplots(1, 2), ("one5", "two3")):
        axes.set(xlim=(-0.2, 5.2), ylim=(-0.2, 5.2), aspect="equal")
        axes.axis("off")
        axes.set_title(labels[name], fontsize=10)
        for x in range(5):
            for y in range(5):
                inner = name == "two3" and 1 <= x <= 3 and 1 <= y <= 3
                colour = drawing.RED if inner else drawing.BLUE
                axes.add_patch(drawing.Rectangle((x, y), 0.94, 0.94, color=colour, alpha=0.75))

# %% [markdown] lang="en" anchors="weights-3x3"
# Now count. Let every layer have C = 64 maps in and 64 out, no bias. A k×k convolution then has
# k · k · C · C weights. How many weights has
#
# - one 5×5 convolution, and how many have two 3×3 in a row;
# - one 7×7 convolution, and how many have three 3×3 in a row?

# %% [markdown] lang="ru" anchors="weights-3x3"
# Теперь посчитай. Пусть у каждого слоя C = 64 карты на входе и 64 на выходе, bias нет. Тогда в свёртке
# k×k ровно k · k · C · C весов. Сколько весов
#
# - у одной свёртки 5×5 и сколько у двух свёрток 3×3 подряд;
# - у одной свёртки 7×7 и сколько у трёх свёрток 3×3 подряд?

# %% answer="vgg_weights"
weights = {
    # BEGIN SOLUTION
    "5x5": 25 * 64**2,
    "two 3x3": 18 * 64**2,
    "7x7": 49 * 64**2,
    "three 3x3": 27 * 64**2,
    # END SOLUTION
}


# %% test="vgg_weights" points=1
def weights_of(kernel, layers):
    convs = [nn.Conv2d(64, 64, kernel, bias=False, device="meta") for _ in range(layers)]
    return sum(conv.weight.numel() for conv in convs)


expected = {
    "5x5": weights_of(5, 1),
    "two 3x3": weights_of(3, 2),
    "7x7": weights_of(7, 1),
    "three 3x3": weights_of(3, 3),
}
lesson.compare(weights if isinstance(weights, dict) else {}, expected, points=1)

# %% [markdown] lang="en" anchors="erratum-3x3"
# > **In the paper.** That is the argument: the same field with fewer weights (it counts three 3×3 against
# > one 7×7, 27C² against 49C²; for 5×5 it is 18C² against 25C²), and one more ReLU in between, which makes
# > the function richer. "Small details" are not mentioned.
# > (Simonyan, Zisserman, 2014, [arXiv:1409.1556](https://arxiv.org/abs/1409.1556), section 2.3.)

# %% [markdown] lang="ru" anchors="erratum-3x3"
# > **В статье.** Это и есть довод: то же поле, но весов меньше (там сравнивают три 3×3 с одной 7×7: 27C²
# > и 49C²; для 5×5 это 18C² и 25C²), и между свёртками ещё один ReLU, то есть функция богаче. О «мелких
# > деталях» там речи нет.
# > (Simonyan, Zisserman, 2014, [arXiv:1409.1556](https://arxiv.org/abs/1409.1556), раздел 2.3.)

# %% [markdown] lang="en" anchors="vgg.block_is_built vgg.block_with_batch_norm vgg.block_without_batch_norm vgg-blocks"
# ## Blocks
#
# AlexNet has no system; VGG has one. A **block** is some 3×3 convolutions with padding 1, each followed
# by ReLU (in the lesson with BatchNorm before it), and then one 2×2 max pooling with stride 2.
#
# - Padding 1 keeps the size: (224 + 2·1 − 3) / 1 + 1 = 224. So neighbouring blue boxes are equal.
# - Pooling halves it: 224 → 112 → 56 → 28 → 14 → 7.
#
# So you can experiment as with building bricks: one more block, one more convolution in a block. Write
# `VGGBlock` in `vgg.py` now; the next cell runs five of yours, one after the other.

# %% [markdown] lang="ru" anchors="vgg.block_is_built vgg.block_with_batch_norm vgg.block_without_batch_norm vgg-blocks"
# ## Блоки
#
# В AlexNet нет системы, в VGG она есть. **Блок** — это несколько свёрток 3×3 с паддингом 1, после каждой
# ReLU (в уроке перед ним батч-нормализация), и в конце один max pooling 2×2 со страйдом 2.
#
# - Паддинг 1 сохраняет размер: (224 + 2·1 − 3) / 1 + 1 = 224. Поэтому соседние синие блоки одинаковы.
# - Пулинг уменьшает его вдвое: 224 → 112 → 56 → 28 → 14 → 7.
#
# Поэтому экспериментировать легко, как с кубиками: добавить блок, добавить в блок свёртку. Напиши сейчас
# `VGGBlock` в `vgg.py`; следующая ячейка запускает пять твоих блоков подряд.

# %%
image = measure.character(224, who=12, seed=5)
with lesson.picture("blocks", 5.2) as figure:
    torch.manual_seed(0)
    VGGBlock = lesson.own().VGGBlock
    x, maps, before = measure.as_tensor(image), [], 3
    for width in (16, 32, 64, 128, 128):  # a quarter of VGG's widths: faster
        x = VGGBlock(before, width, num_convs=1)(x)
        maps, before = [*maps, x.detach()], width
    titles = [f"{labels['block']} {n}\n{m.shape[2]}×{m.shape[3]}" for n, m in enumerate(maps, 1)]
    measure.show_maps(figure, maps, titles, each=8)

# %% [markdown] lang="en" anchors="vgg.depths vgg.network_with_batch_norm vgg.network_without_batch_norm vgg-variants"
# ## The variants
#
# | layers | convolutions in the five blocks |
# |---|---|
# | 11 | 1, 1, 2, 2, 2 |
# | 13 | 2, 2, 2, 2, 2 |
# | 16 | 2, 2, 3, 3, 3 |
# | 19 | 2, 2, 4, 4, 4 |
#
# "Layers" are those with weights: convolutions and the three fully connected ones. The blocks have
# 64, 128, 256, 512 and 512 maps. Then come 25088 → 4096 → 4096 → classes, with dropout after the ReLU of
# the first two. Write `VGG`; another depth must be refused with `ValueError`.

# %% [markdown] lang="ru" anchors="vgg.depths vgg.network_with_batch_norm vgg.network_without_batch_norm vgg-variants"
# ## Варианты
#
# | слоёв | свёрток в пяти блоках |
# |---|---|
# | 11 | 1, 1, 2, 2, 2 |
# | 13 | 2, 2, 2, 2, 2 |
# | 16 | 2, 2, 3, 3, 3 |
# | 19 | 2, 2, 4, 4, 4 |
#
# «Слои» — те, у которых есть веса: свёртки и три полносвязных. В блоках 64, 128, 256, 512 и 512 карт.
# Дальше 25088 → 4096 → 4096 → классы, с dropout после ReLU первых двух. Напиши `VGG`; любую другую
# глубину надо отвергнуть: `ValueError`.

# %%
with lesson.picture("depths", 2.6) as figure:
    convs, fcs = [], []
    for depth in (11, 13, 16, 19):
        with torch.device("meta"):
            net = lesson.own().VGG(depth=depth, batch_norm=False)
        kinds = {nn.Conv2d: 0, nn.Linear: 0}
        for module in net.modules():
            if type(module) in kinds:
                kinds[type(module)] += sum(p.numel() for p in module.parameters())
        convs, fcs = [*convs, kinds[nn.Conv2d] / 1e6], [*fcs, kinds[nn.Linear] / 1e6]
    axes = figure.subplots()
    rows = [f"VGG-{depth}" for depth in (11, 13, 16, 19)]
    axes.barh(rows, convs, color=drawing.BLUE, label=labels["convs"])
    bars = axes.barh(rows, fcs, left=convs, color=drawing.GREEN, label=labels["fcs"])
    axes.bar_label(bars, [f"{c:.1f} + {f:.1f}" for c, f in zip(convs, fcs)], padding=4, fontsize=9)
    axes.set(xlim=(0, 215), xlabel=labels["millions"])
    axes.invert_yaxis()
    axes.legend(loc="lower right", fontsize=8)

# %% [markdown] lang="en" anchors="erratum-vgg"
# > **In the paper.** VGG was published without BatchNorm, a year too early for it; VGG-BN came later.
# > In the competition of 2014 VGG was second with 7.3 % (top-5), behind GoogLeNet. The deep variants did
# > not start from random weights at first: their outer layers were copied from the trained VGG-11.
# > (Simonyan, Zisserman, 2014, sections 2.1, 3.1, 4.5.)

# %% [markdown] lang="ru" anchors="erratum-vgg"
# > **В статье.** VGG опубликована без батч-нормализации: её тогда ещё не было, VGG-BN появилась позже.
# > В конкурсе 2014 года VGG стала второй с 7,3 % (top-5), после GoogLeNet. Глубокие варианты сначала
# > обучали не со случайных весов: крайние слои брали из обученной VGG-11.
# > (Simonyan, Zisserman, 2014, разделы 2.1, 3.1, 4.5.)

# %% [markdown] lang="en" anchors="vgg-experiment"
# ## Experiment: predict, then see
#
# `plan` says how many convolutions each block has. Change it: add a convolution, or a sixth block.
# *Before* you run the cell, write your guess: how many million parameters will the convolutions have?
# Then look: did the receptive field grow? Did the time?

# %% [markdown] lang="ru" anchors="vgg-experiment"
# ## Эксперимент: предскажи и проверь
#
# `plan` — сколько свёрток в каждом блоке. Измени его: добавь свёртку или шестой блок. *До* запуска
# запиши предсказание: сколько миллионов параметров будет у свёрток? Потом посмотри: выросло ли
# рецептивное поле? А время?

# %%
plan = (1, 1, 2, 2, 2, 1)  # change me
guess = None  # millions of parameters

with lesson.picture("experiment", 2.6) as figure:
    results = []
    for chosen in ((1, 1, 2, 2, 2), plan):
        widths = (64, 128, 256, 512, 512, 512, 512)[: len(chosen)]
        blocks = [
            lesson.own().VGGBlock(before, width, convs)
            for before, width, convs in zip((3, *widths), widths, chosen)
        ]
        body = nn.Sequential(*blocks)
        layers = [step for convs in chosen for step in [(3, 1)] * convs + [(2, 2)]]
        million = sum(p.numel() for p in body.parameters()) / 1e6
        time = measure.seconds(body, torch.rand(1, 3, 128, 128))
        results.append((million, measure.receptive_field(layers), 1000 * time))
    for axes, name, values in zip(figure.subplots(1, 3), "prt", zip(*results)):
        bars = axes.bar(
            [labels["before"], labels["yours"]], values, color=[drawing.GREY, drawing.BLUE]
        )
        axes.bar_label(bars, [f"{value:.4g}" for value in values])
        axes.set_title(labels[name], fontsize=10)
        axes.margins(y=0.15)
    if guess is not None:
        print(labels["guess"], guess)

# %% [markdown] lang="en" anchors="deeper-failed"
# ## Then simply deeper?
#
# AlexNet was good. With more convolutions and 3×3 filters came VGG, and it was better. Nothing else had
# changed. So people added more blocks, and it did not work: beyond some depth the networks became
# *worse*, on the training pictures too, as if they did not learn. And yet ResNet has 152 layers and
# 3.57 % error. How?

# %% [markdown] lang="ru" anchors="deeper-failed"
# ## Значит, просто ещё глубже?
#
# AlexNet была хороша. Добавили свёрток, взяли фильтры 3×3 — получили VGG, и она лучше. Больше ничего не
# меняли. Тогда добавили ещё блоков, и ничего не вышло: с какой-то глубины сети становились *хуже*, причём
# и на обучающих картинках, как будто они не обучались. И всё же в ResNet 152 слоя и 3,57 % ошибок. Как?

# %% lang="en" answer="vgg_deeper"
# Your guess: what could go wrong in a very deep network, and how might one get around it?
guess_deeper = """
# BEGIN SOLUTION
The gradient of the first layers is a product of very many factors; if they are smaller than one it
vanishes, and the first layers hardly learn. One could let the signal go around some layers.
# END SOLUTION
"""

# %% lang="ru" answer="vgg_deeper"
# Твоя догадка: что может пойти не так в очень глубокой сети и как это можно обойти?
guess_deeper = """
# BEGIN SOLUTION
Градиент первых слоёв — произведение очень многих множителей; если они меньше единицы, он затухает, и
первые слои почти не учатся. Можно пустить сигнал в обход нескольких слоёв.
# END SOLUTION
"""

# %% test="vgg_deeper" points=1
lesson.credit(guess_deeper)

# %% [markdown] lang="en" anchors="next-gradients"
# Next: `03_gradients`, three neurons and a pencil.

# %% [markdown] lang="ru" anchors="next-gradients"
# Дальше — `03_gradients`: три нейрона и карандаш.
