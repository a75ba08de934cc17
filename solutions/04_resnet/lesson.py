# %% [markdown] lang="en" anchors="resnet-intro"
# # 4. ResNet
#
# **Lesson block:** ResNet (about 8 of the 50 min) · **Your file:** `resnet.py`
#
# ResNet is an ordinary convolutional network with many layers and many skip connections. This is
# ResNet-34. Each bar is a layer with weights; within one colour the maps have one size, and where the
# colour changes the size halves. Every arc is a skip connection, called **shortcut** here; dashed ones
# carry a 1×1 convolution, of which more below.

# %% [markdown] lang="ru" anchors="resnet-intro"
# # 4. ResNet
#
# **Блок урока:** ResNet (около 8 из 50 мин) · **Твой файл:** `resnet.py`
#
# ResNet — обычная свёрточная сеть с большим количеством слоёв и множеством skip connections. Перед тобой
# ResNet-34. Каждая полоска — слой с весами; внутри одного цвета карты одного размера, а там, где цвет
# меняется, размер становится вдвое меньше. Каждая дуга — остаточная связь, здесь она называется
# **shortcut**; на пунктирных стоит свёртка 1×1, о ней ниже.

# %% lang="en" tags=["labels"]
labels = {
    "stages.alt": "ResNet-34 as a row of 34 coloured bars: a 7×7 convolution, stages of 6, 8, 12 and 6 convolutions with 64, 128, 256 and 512 maps, and one fully connected layer; an arc over every two convolutions.",
    "stem": "7×7, /2",
    "stage1": "64 maps, 56×56",
    "stage2": "128, 28×28",
    "stage3": "256, 14×14",
    "stage4": "512, 7×7",
    "fc": "fc 1000",
    "residual.alt": "Three rows of maps of your residual block: what comes in, what the two convolutions add, and what goes out.",
    "in": "input x",
    "branch": "F(x)",
    "out": "F(x) + x",
    "curves.alt": "Training loss of two networks with 49 convolutions and BatchNorm on drawn characters: with skips and plain.",
    "loss": "training loss",
    "step": "steps",
    "plain": "plain, 49 layers",
    "skip": "skip, 49 layers",
    "short": "plain, 7 layers",
    "family.alt": "Bars: millions of parameters of ResNet-18, 34, 50, 101 and 152, all below AlexNet and VGG-16.",
    "millions": "parameters, millions",
    "maps.alt": "Rows of activation maps of your ResNet-18 on a drawn character, getting coarser stage by stage.",
    "conv": "conv",
}

# %% lang="ru" tags=["labels"]
labels = {
    "stages.alt": "ResNet-34 как ряд из 34 цветных полосок: свёртка 7×7, группы из 6, 8, 12 и 6 свёрток с 64, 128, 256 и 512 картами и один полносвязный слой; над каждыми двумя свёртками дуга.",
    "stem": "7×7, /2",
    "stage1": "64 карты, 56×56",
    "stage2": "128, 28×28",
    "stage3": "256, 14×14",
    "stage4": "512, 7×7",
    "fc": "fc 1000",
    "residual.alt": "Три строки карт твоего остаточного блока: вход, то, что прибавляют две свёртки, и выход.",
    "in": "вход x",
    "branch": "F(x)",
    "out": "F(x) + x",
    "curves.alt": "Лосс при обучении двух сетей из 49 свёрток с BatchNorm на нарисованных персонажах: со связями и без.",
    "loss": "лосс при обучении",
    "step": "шаги",
    "plain": "без связей, 49 слоёв",
    "skip": "со связями, 49 слоёв",
    "short": "без связей, 7 слоёв",
    "family.alt": "Столбцы: миллионы параметров ResNet-18, 34, 50, 101 и 152; у всех меньше, чем у AlexNet и VGG-16.",
    "millions": "параметры, млн",
    "maps.alt": "Строки карт активации твоей ResNet-18 для нарисованного персонажа: от этапа к этапу всё грубее.",
    "conv": "свёртка",
}

# %%
import torch
from autograder.lesson import drawing, measure
from torch import nn

with lesson.picture("stages", 2.9) as figure:
    words = [labels[key] for key in ("stem", "stage1", "stage2", "stage3", "stage4", "fc")]
    drawing.residual_stages(figure, (3, 4, 6, 3), 2, words)

# %% [markdown] lang="en" anchors="erratum-resnet"
# > **In the paper.** The family is 18, 34, 50, 101 and 152 layers; there is no ResNet-49 and no ResNet-100.
# > The 34 are 33 convolutions and the fully connected layer. And there is no pooling between the colours:
# > the first convolution of a stage has **stride 2**. Max pooling occurs once, right after the first layer
# > (He et al., 2015, section 3.3 and table 1).

# %% [markdown] lang="ru" anchors="erratum-resnet"
# > **В статье.** В семействе 18, 34, 50, 101 и 152 слоя; ни ResNet-49, ни ResNet-100 нет. 34 — это 33 свёртки
# > и полносвязный слой. И между цветами нет пулинга: у первой свёртки каждой группы **страйд 2**. Max
# > pooling один, сразу после первого слоя (He et al., 2015, раздел 3.3 и таблица 1).

# %% [markdown] lang="en" anchors="why-residual"
# ## Why "residual"?
#
# The block's output is $F(x) + x$. Layers 2 and 3 need not carry everything that layer 1 found through
# themselves: it arrives by the shortcut anyway. They only have to find what is **missing**, the rest, the
# *residual* $F(x)$. That is easier. If nothing is missing, they need only learn to output zero.
#
# > **In the paper.** "Residual" is $F(x)$, what the layers learn; the connection is the *shortcut*. The
# > lesson's "residual connection" is common usage for it.

# %% [markdown] lang="ru" anchors="why-residual"
# ## Почему связь «остаточная»?
#
# Выход блока — $F(x) + x$. Слоям 2 и 3 не нужно «тащить» через себя всё, что нашёл слой 1: это и так
# придёт по связи. Им нужно найти только то, чего **не хватает**, — остаток (*residual*) $F(x)$. Это
# проще. Если всего хватает, им достаточно научиться выдавать ноль.
#
# > **В статье.** «Residual» — это $F(x)$, то, что учат слои; сама связь называется *shortcut*. «Остаточная
# > связь» из урока — распространённое название.

# %% lang="en" answer="resnet_residual"
# What do layers 2 and 3 have to learn, and why is that easier than without the shortcut?
residual = """
# BEGIN SOLUTION
Only what is missing from the maps of layer 1: the difference F(x) between what is wanted and what is
already there. If x is good already, it is enough to make F(x) zero.
# END SOLUTION
"""

# %% lang="ru" answer="resnet_residual"
# Что должны выучить слои 2 и 3 и почему это проще, чем без связи?
residual = """
# BEGIN SOLUTION
Только то, чего нет на картах слоя 1: разницу F(x) между нужным и тем, что уже есть. Если x и так
хорош, достаточно сделать F(x) нулём.
# END SOLUTION
"""

# %% test="resnet_residual" points=1
lesson.credit(residual)

# %% [markdown] lang="en" anchors="resnet.residual_block_is_built resnet.residual_block_equals_the_paper projection"
# ## The block, and the projection
#
# The residual branch is convolution 3×3, BatchNorm, ReLU, convolution 3×3, BatchNorm; then the shortcut is
# added; ReLU comes last, **after** the sum.
#
# Where a stage begins, the shapes do not match: the branch gives twice as many maps of half the size.
# Adding is impossible, unless the shortcut changes the shape too. It does so in the cheapest way, by a
# **projection**: a 1×1 convolution with the same stride (and BatchNorm). A 1×1 convolution looks at one
# pixel only and mixes its maps: a small fully connected layer for every pixel. It is needed when the
# number of maps changes *or* the stride is not 1.

# %% [markdown] lang="ru" anchors="resnet.residual_block_is_built resnet.residual_block_equals_the_paper projection"
# ## Блок и проекция
#
# Остаточная ветвь — свёртка 3×3, BatchNorm, ReLU, свёртка 3×3, BatchNorm; затем прибавляется shortcut;
# последний ReLU стоит **после** суммы.
#
# В начале каждой группы размеры не совпадают: ветвь выдаёт вдвое больше карт вдвое меньшего размера.
# Складывать нельзя — разве что shortcut тоже изменит размер. Он делает это самым дешёвым способом,
# **проекцией**: свёрткой 1×1 с тем же страйдом (и BatchNorm). Свёртка 1×1 смотрит на один пиксель и
# смешивает его карты: маленький полносвязный слой в каждом пикселе. Она нужна, если меняется число карт
# *или* страйд не 1.

# %%
with lesson.picture("residual", 3.4) as figure:
    torch.manual_seed(1)
    block = lesson.own().ResidualBlock(8, 8).eval()
    x = torch.relu(nn.Conv2d(3, 8, 3, padding=1)(measure.as_tensor(measure.character(96))))
    with torch.no_grad():
        out = block(x)
    rows = (("in", x), ("branch", out - x), ("out", out))  # where ReLU cut, F(x) shows as -x
    for row, (name, maps) in zip(figure.subplots(3, 8), rows):
        for axes, one in zip(row, maps[0].detach()):
            axes.imshow(one.numpy())
            axes.set(xticks=[], yticks=[])
        row[0].set_ylabel(labels[name], fontsize=10)

# %% [markdown] lang="en" anchors="identity-easy"
# And "easy to do nothing" can be tried: with all BatchNorm scales set to zero, F(x) is zero and the block
# hands its input on. A plain block would hand on nothing at all.

# %% [markdown] lang="ru" anchors="identity-easy"
# А «легко ничего не делать» можно проверить: если все масштабы BatchNorm равны нулю, F(x) равно нулю, и
# блок просто передаёт свой вход дальше. Обычный блок не передал бы вообще ничего.

# %%
with lesson.live():
    block = lesson.own().ResidualBlock(8, 8).eval()
    for module in block.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.zeros_(module.weight)
    with torch.no_grad():
        print("block(x) == x:", torch.equal(block(x), x))

# %% [markdown] lang="en" anchors="resnet.bottleneck_block_is_built resnet.bottleneck_block_equals_the_paper bottleneck"
# ## The bottleneck
#
# From 50 layers on, two 3×3 convolutions on 256 maps would be expensive. The **bottleneck** makes the maps
# few first, convolves, and makes them many again: 1×1 (256 → 64), 3×3 (64 → 64, it carries the stride),
# 1×1 (64 → 256). Each with BatchNorm; ReLU after the first two, and after the sum.
#
# > **Note.** The authors' own code had the stride in the first 1×1; most libraries moved it to the 3×3, and
# > so do we.
#
# Count the weights of the convolutions (no bias), and those of a projection 64 → 128.

# %% [markdown] lang="ru" anchors="resnet.bottleneck_block_is_built resnet.bottleneck_block_equals_the_paper bottleneck"
# ## Бутылочное горлышко (bottleneck)
#
# Начиная с 50 слоёв две свёртки 3×3 на 256 картах были бы слишком дорогими. **Bottleneck** сначала делает
# карт мало, сворачивает и снова делает много: 1×1 (256 → 64), 3×3 (64 → 64, здесь страйд), 1×1
# (64 → 256). После каждой BatchNorm; ReLU после первых двух и после суммы.
#
# > **Примечание.** В коде авторов страйд стоял в первой свёртке 1×1; в библиотеках его перенесли в 3×3, и мы
# > делаем так же.
#
# Посчитай веса свёрток (без bias) и веса проекции 64 → 128.

# %% answer="resnet_weights"
weights = {
    # BEGIN SOLUTION
    "two 3x3 on 256 maps": 2 * 9 * 256 * 256,
    "bottleneck 256-64-64-256": 256 * 64 + 9 * 64 * 64 + 64 * 256,
    "projection 64-128": 64 * 128,
    # END SOLUTION
}


# %% test="resnet_weights" points=2
def weights_of(*layers):
    return sum(nn.Conv2d(a, b, k, bias=False, device="meta").weight.numel() for a, b, k in layers)


expected = {
    "two 3x3 on 256 maps": weights_of((256, 256, 3), (256, 256, 3)),
    "bottleneck 256-64-64-256": weights_of((256, 64, 1), (64, 64, 3), (64, 256, 1)),
    "projection 64-128": weights_of((64, 128, 1)),
}
lesson.compare(weights if isinstance(weights, dict) else {}, expected, points=2)

# %% [markdown] lang="en" anchors="resnet.depths resnet.network_equals_the_paper global-average-pooling"
# ## Global average pooling, and the whole network
#
# VGG has 124 million weights in its fully connected layers. ResNet replaces them by **global average
# pooling**: of each of the 512 last maps only the mean is kept, 512 numbers, and one small layer
# 512 → classes. It costs nothing, and pictures of any size fit.
#
# | layers | block | blocks in the four stages |
# |---|---|---|
# | 18 | residual | 2, 2, 2, 2 |
# | 34 | residual | 3, 4, 6, 3 |
# | 50 | bottleneck | 3, 4, 6, 3 |
# | 101 | bottleneck | 3, 4, 23, 3 |
# | 152 | bottleneck | 3, 8, 36, 3 |
#
# Before the stages: 7×7 convolution, stride 2, padding 3, to 64 maps, BatchNorm, ReLU, 3×3 max pooling,
# stride 2, padding 1. Write `ResNet`.

# %% [markdown] lang="ru" anchors="resnet.depths resnet.network_equals_the_paper global-average-pooling"
# ## Global average pooling и вся сеть
#
# У VGG 124 миллиона весов в полносвязных слоях. ResNet заменяет их на **global average pooling**: от каждой
# из 512 последних карт остаётся только среднее, 512 чисел, и один небольшой слой 512 → классы. Весов для
# этого не нужно, и подходит картинка любого размера.
#
# | слоёв | блок | блоков в четырёх группах |
# |---|---|---|
# | 18 | residual | 2, 2, 2, 2 |
# | 34 | residual | 3, 4, 6, 3 |
# | 50 | bottleneck | 3, 4, 6, 3 |
# | 101 | bottleneck | 3, 4, 23, 3 |
# | 152 | bottleneck | 3, 8, 36, 3 |
#
# Перед группами: свёртка 7×7, страйд 2, паддинг 3, 64 карты, BatchNorm, ReLU, max pooling 3×3, страйд 2,
# паддинг 1. Напиши `ResNet`.

# %%
with lesson.picture("family", 2.8) as figure:
    sizes = {"AlexNet": 62.4, "VGG-16": 138.4}
    for depth in (18, 34, 50, 101, 152):
        sizes[f"ResNet-{depth}"] = measure.count(lambda: lesson.own().ResNet(depth)) / 1e6
    axes = figure.subplots()
    bars = axes.bar(
        list(sizes), list(sizes.values()), color=[drawing.GREY] * 2 + [drawing.BLUE] * 5
    )
    axes.bar_label(bars, [f"{size:.1f}" for size in sizes.values()])
    axes.set_ylabel(labels["millions"])
    axes.margins(y=0.12)

# %%
with lesson.picture("maps", 4.6) as figure:
    torch.manual_seed(0)
    net = lesson.own().ResNet(18, num_classes=42)
    maps = measure.maps_of(net, measure.as_tensor(measure.character(224, who=20, seed=4)))
    chosen = [0, 4, 9, 14, len(maps) - 1]
    titles = [f"{labels['conv']} {n + 1}\n{tuple(maps[n].shape[1:])}" for n in chosen]
    measure.show_maps(figure, [maps[n] for n in chosen], titles, each=8)

# %% [markdown] lang="en" anchors="loss-curves"
# ## Does it train better?
#
# Three small networks with BatchNorm learn to tell six drawn characters apart, same data, same steps:
# plain with 7 layers, plain with 49, and 49 with skips. (Measured now, on your machine; another seed
# gives other wiggles.)

# %% [markdown] lang="ru" anchors="loss-curves"
# ## А учится ли она лучше?
#
# Три маленькие сети с BatchNorm учатся различать шесть нарисованных персонажей, данные и шаги одни и те
# же: 7 слоёв без связей, 49 без связей и 49 со связями. (Измеряется сейчас, на твоей машине; с другим
# seed кривые будут другими.)

# %% tags=["long"]
with lesson.picture("curves", 3.0) as figure:
    images, classes = measure.characters(classes=6, each=20, side=16)
    axes = figure.subplots()
    settings = (
        ("short", 7, False, drawing.GREY),
        ("plain", 49, False, drawing.RED),
        ("skip", 49, True, drawing.BLUE),
    )
    for name, depth, skip, colour in settings:
        losses = measure.train_deep(depth, skip, images, classes, steps=100)
        axes.plot(measure.smooth(losses), color=colour, label=labels[name])
    axes.set(xlabel=labels["step"], ylabel=labels["loss"], ylim=(0, None))
    axes.legend(fontsize=9)

# %% [markdown] lang="en" anchors="beyond-human next-densenet"
# With 152 layers ResNet made 3.57 % errors in 2015, fewer than the one person who was tested (5.1 %). Today
# skip connections are in nearly every deep network.
#
# Next: `05_densenet`, the same idea without the sum.

# %% [markdown] lang="ru" anchors="beyond-human next-densenet"
# Со 152 слоями ResNet сделала в 2015 году 3,57 % ошибок — меньше, чем тот единственный человек, которого
# проверяли (5,1 %). Сегодня остаточные связи есть почти в каждой глубокой сети.
#
# Дальше — `05_densenet`: та же идея, но без сложения.
