# %% [markdown] lang="en" anchors="densenet-intro"
# # 5. DenseNet, and which network for which task
#
# **Lesson block:** DenseNet (about 5 of the 50 min), consolidation begins · **Your file:** `densenet.py`
#
# DenseNet is not on the ImageNet timeline, yet it is one of the popular architectures. Its idea is the skip
# connection in another style: maps are not added, they are **concatenated**. In the lesson's net of four
# convolutions the fourth layer gets twelve maps, six of layer 1 and six of layer 3.

# %% [markdown] lang="ru" anchors="densenet-intro"
# # 5. DenseNet и какую сеть для какой задачи
#
# **Блок урока:** DenseNet (около 5 из 50 мин), начало закрепления · **Твой файл:** `densenet.py`
#
# DenseNet нет на таймлайне ImageNet, но это одна из популярных архитектур. Её идея — skip connection в
# другом стиле: карты активации не складываются, а **конкатенируются**. В нашей сети из четырёх свёрток
# четвёртый слой получает двенадцать карт: шесть из слоя 1 и шесть из слоя 3.

# %% lang="en" tags=["labels"]
labels = {
    "concat.alt": "Four convolutions; a red arc carries the six maps of layer 1 to a joining sign before layer 4, which gets 12 maps.",
    "maps": "maps",
    "layer": "layer",
    "dense.alt": "A dense block: six inputs and four layers; arcs lead from each layer to every later one, which see 6, 12, 18 and 24 maps.",
    "input": "{n} maps",
    "sees": "sees {n}\ngives {k}",
    "new.alt": "Rows of maps: what your dense block got (three colours) and the new maps of each of its layers, after what came before.",
    "got": "input",
    "new": "layer {n}",
    "grow.alt": "A staircase: the number of maps along DenseNet-121, growing by 32 with every layer and halved by each of three transitions.",
    "number": "maps",
    "depth": "dense layers",
    "choose.alt": "A scatter of AlexNet, VGG-16, ResNet-18 and DenseNet-121: millions of parameters across, milliseconds for one picture upwards, both measured.",
    "millions": "parameters, millions",
    "ms": "ms for one picture 224×224",
}

# %% lang="ru" tags=["labels"]
labels = {
    "concat.alt": "Четыре свёртки; красная дуга несёт шесть карт слоя 1 к знаку соединения перед слоем 4, который получает 12 карт.",
    "maps": "карт",
    "layer": "слой",
    "dense.alt": "Плотный блок: шесть карт на входе и четыре слоя; от каждого слоя дуги ведут ко всем следующим, они видят 6, 12, 18 и 24 карты.",
    "input": "{n} карт",
    "sees": "видит {n}\nдаёт {k}",
    "new.alt": "Строки карт: что получил твой плотный блок (три цвета) и новые карты каждого его слоя, после всех предыдущих.",
    "got": "вход",
    "new": "слой {n}",
    "grow.alt": "Лестница: число карт вдоль DenseNet-121; с каждым слоем на 32 больше, и трижды вдвое меньше на переходах.",
    "number": "карт",
    "depth": "плотных слоёв",
    "choose.alt": "Точки AlexNet, VGG-16, ResNet-18 и DenseNet-121: по горизонтали миллионы параметров, по вертикали миллисекунды на картинку, всё измерено.",
    "millions": "параметры, млн",
    "ms": "мс на картинку 224×224",
}

# %%
import torch
from autograder.lesson import drawing, measure
from torch import nn

with lesson.picture("concat", 3.0) as figure:
    drawing.four_convolutions(figure, "concat", (labels["maps"], labels["layer"]))

# %% [markdown] lang="en" anchors="erratum-eighteen"
# > **In the paper.** Twelve is the lesson's simplification, and `FourConvNet("concat")` follows it. In a
# > real DenseNet *every* layer sees the maps of *all* layers before it: the fourth one would see eighteen,
# > of layers 1, 2 and 3 (Huang et al., 2016, [arXiv:1608.06993](https://arxiv.org/abs/1608.06993),
# > section 3).

# %% [markdown] lang="ru" anchors="erratum-eighteen"
# > **В статье.** Двенадцать — упрощение урока, и `FourConvNet("concat")` ему следует. В настоящей DenseNet
# > *каждый* слой видит карты *всех* слоёв до него: четвёртый видел бы восемнадцать, из слоёв 1, 2 и 3
# > (Huang et al., 2016, [arXiv:1608.06993](https://arxiv.org/abs/1608.06993), раздел 3).

# %% [markdown] lang="en" anchors="densenet.dense_block_is_built densenet.dense_block_equals_the_paper growth-rate"
# ## The dense block and its growth rate
#
# Every layer of a dense block sees the block's input and all maps made since, and adds a few new ones, as
# many as the **growth rate** *k* says. So a layer may be narrow (k = 32 in the paper, 6 in the picture):
# nothing that was found before is lost, it need not be found again. After L layers there are
# `inputs + L · k` maps, the input first, then the new ones in order.

# %% [markdown] lang="ru" anchors="densenet.dense_block_is_built densenet.dense_block_equals_the_paper growth-rate"
# ## Плотный блок и скорость роста
#
# Каждый слой плотного блока видит вход блока и все карты, появившиеся с тех пор, и добавляет немного новых:
# сколько, говорит **скорость роста** (*growth rate*) *k*. Поэтому слой может быть узким (k = 32 в статье, 6 на
# рисунке): найденное раньше не теряется, его не надо искать заново. После L слоёв карт `вход + L · k`:
# сначала вход, потом новые по порядку.

# %%
with lesson.picture("dense", 3.2) as figure:
    drawing.dense_block(figure, 4, 6, 6, (labels["input"], labels["sees"]))

# %% [markdown] lang="en" anchors="densenet.dense_layer_is_built densenet.dense_layer_equals_the_paper pre-activation"
# ## The layer: pre-activation and bottleneck
#
# A dense layer is BatchNorm, ReLU, 1×1 convolution, BatchNorm, ReLU, 3×3 convolution. Note the order:
#
# - **Pre-activation**: BatchNorm and ReLU stand *before* the convolution. The same maps are read by many
#   later layers, and each of them scales and cuts them in its own way.
# - **Bottleneck**: the 1×1 convolution first squeezes all maps seen so far into 4·k, so the expensive 3×3
#   has the same small work in every layer.
# - The layer returns **only its k new maps**. Joining them to the others is the block's work.

# %% [markdown] lang="ru" anchors="densenet.dense_layer_is_built densenet.dense_layer_equals_the_paper pre-activation"
# ## Слой: предактивация и bottleneck
#
# Плотный слой — это BatchNorm, ReLU, свёртка 1×1, BatchNorm, ReLU, свёртка 3×3. Обрати внимание на порядок:
#
# - **Предактивация** (*pre-activation*): BatchNorm и ReLU стоят *перед* свёрткой. Одни и те же карты читают
#   многие следующие слои, и каждый масштабирует и обрезает их по-своему.
# - **Bottleneck**: свёртка 1×1 сначала сжимает все карты, которые видит слой, до 4·k, и у дорогой свёртки 3×3
#   в каждом слое одинаково немного работы.
# - Слой возвращает **только свои k новых карт**. Присоединить их к остальным — дело блока.

# %%
with lesson.picture("new", 4.2) as figure:
    torch.manual_seed(3)
    block = lesson.own().DenseBlock(3, num_layers=4, growth_rate=6)
    x = measure.as_tensor(measure.character(96, who=30, seed=2))
    with torch.no_grad():
        maps = block(x)[0]
    grid = figure.subplots(5, 6)
    for index, row in enumerate(grid):
        part = maps[:3] if index == 0 else maps[3 + 6 * (index - 1) : 3 + 6 * index]
        for axes in row:
            axes.set(xticks=[], yticks=[])
            axes.axis("on" if len(part) == 6 else "off")
        for axes, one in zip(row, part):
            axes.axis("on")
            axes.imshow(one.numpy())
        name = labels["new"].format(n=index) if index else labels["got"]
        row[0].set_ylabel(name, fontsize=10)

# %% [markdown] lang="en" anchors="densenet.transition_equals_the_paper transition"
# ## The transition
#
# Inside a block all maps must be equally large, or they could not be joined. Between blocks stands a
# **transition**: BatchNorm, ReLU, 1×1 convolution to half as many maps, 2×2 *average* pooling. It keeps the
# number of maps in check and halves their size.
#
# DenseNet-121: growth rate 32; the first convolution gives 64 maps; blocks of 6, 12, 24 and 16 layers;
# each transition halves the maps. How many maps leave the four blocks?

# %% [markdown] lang="ru" anchors="densenet.transition_equals_the_paper transition"
# ## Переход
#
# Внутри блока все карты одного размера, иначе их не соединить. Между блоками стоит **переход**
# (*transition*): BatchNorm, ReLU, свёртка 1×1, оставляющая вдвое меньше карт, и *average* pooling 2×2. Он не
# даёт числу карт вырасти и вдвое уменьшает их размер.
#
# DenseNet-121: скорость роста 32; первая свёртка даёт 64 карты; блоки из 6, 12, 24 и 16 слоёв; каждый переход
# оставляет половину карт. Сколько карт выходит из каждого из четырёх блоков?

# %% answer="densenet_maps"
maps_after = {
    # BEGIN SOLUTION
    "block 1": 256,
    "block 2": 512,
    "block 3": 1024,
    "block 4": 1024,
    # END SOLUTION
}

# %% test="densenet_maps" points=2
x, expected = torch.empty(1, 64, 56, 56, device="meta"), {}
for number, layers in enumerate((6, 12, 24, 16), start=1):
    if number > 1:
        x = nn.Conv2d(x.shape[1], x.shape[1] // 2, 1, device="meta")(x)
    for _ in range(layers):
        x = torch.cat([x, nn.Conv2d(x.shape[1], 32, 1, device="meta")(x)], dim=1)
    expected[f"block {number}"] = x.shape[1]
lesson.compare(maps_after if isinstance(maps_after, dict) else {}, expected, points=2)

# %% [markdown] lang="en" anchors="densenet.depths densenet.network_equals_the_paper write-densenet"
# ## The whole network
#
# A stem as in ResNet (with 2k maps), four dense blocks with three transitions, then BatchNorm, ReLU, global
# average pooling and one fully connected layer. Depth 121 has blocks of (6, 12, 24, 16) layers, 169 of
# (6, 12, 32, 32), 201 of (6, 12, 48, 32). Why 121? Two convolutions in each of 58 layers, three
# transitions, the stem, the classifier. Write it in `densenet.py`.

# %% [markdown] lang="ru" anchors="densenet.depths densenet.network_equals_the_paper write-densenet"
# ## Вся сеть
#
# Начало как в ResNet (с 2k картами), четыре плотных блока с тремя переходами, затем BatchNorm, ReLU, global
# average pooling и один полносвязный слой. При глубине 121 в блоках (6, 12, 24, 16) слоёв, при 169 —
# (6, 12, 32, 32), при 201 — (6, 12, 48, 32). Почему 121? По две свёртки в каждом из 58 слоёв, три перехода,
# первая свёртка и классификатор. Напиши её в `densenet.py`.

# %%
with lesson.picture("grow", 2.6) as figure:
    with torch.device("meta"):
        net = lesson.own().DenseNet(121)
    seen = [
        m.in_channels
        for m in net.modules()
        if isinstance(m, nn.Conv2d) and m.kernel_size == (1, 1) and m.out_channels == 128
    ]
    axes = figure.subplots()
    axes.step(range(1, len(seen) + 1), seen, where="mid", color=drawing.BLUE)
    axes.set(xlabel=labels["depth"], ylabel=labels["number"])
    print(sum(p.numel() for p in net.parameters()))

# %% [markdown] lang="en" anchors="choosing measured-sizes"
# ## Which one for my task?
#
# Hardly anybody invents an architecture. Take one that has proved itself; which one depends on the task and
# on the data: the simpler the task and the fewer the pictures, the lighter the network, so that it does not
# learn the training pictures by heart. Below are *your* networks, measured on this machine.

# %% [markdown] lang="ru" anchors="choosing measured-sizes"
# ## Какую сеть для моей задачи?
#
# Почти никто не придумывает архитектуру сам. Берут ту, что себя показала, а какую — зависит от задачи и
# данных: чем проще задача и меньше картинок, тем легче нужна сеть, чтобы она не выучила обучающие картинки
# наизусть (не переобучилась). Ниже *твои* сети, измеренные на этой машине.

# %% tags=["long"]
with lesson.picture("choose", 3.2) as figure:
    axes = figure.subplots()
    rows = (
        ("alexnet", "AlexNet", {}, 227),
        ("vgg", "VGG", {"depth": 16}, 224),
        ("resnet", "ResNet", {"depth": 18}, 224),
        ("densenet", "DenseNet", {"depth": 121}, 224),
    )
    for (task, name, args, side), colour in zip(rows, drawing.STAGES):
        network = getattr(lesson.own(task), name)
        million = measure.count(lambda: network(**args)) / 1e6
        ms = 1000 * measure.seconds(network(**args), torch.rand(1, 3, side, side), repeats=1)
        full = f"{name}-{args['depth']}" if args else name
        print(f"{full:14}{million:8.1f} M {ms:8.0f} ms")
        axes.scatter(million, ms, s=70, color=colour)
        axes.annotate(
            f"{full}: {million:.1f} M",
            (million, ms),
            xytext=(8, -13 if name == "ResNet" else 4),
            textcoords="offset points",
        )
    axes.set(xlabel=labels["millions"], ylabel=labels["ms"], xlim=(0, 175))
    axes.set_ylim(0, 1.2 * axes.get_ylim()[1])

# %% [markdown] lang="en" anchors="question-choose erratum-small-data"
# ### Question
#
# The lesson says: for MNIST or CIFAR "the simplest network, AlexNet" will do. Look at the measurement: is
# AlexNet the *light* one? What would you take for ten thousand small pictures?
#
# > **Note.** Few layers does not mean few weights: AlexNet has 62 million, ResNet-18 11.7 million, and most
# > of AlexNet's sit in the fully connected layers. And a processor without GPU *can* train a small network:
# > the homework does.

# %% [markdown] lang="ru" anchors="question-choose erratum-small-data"
# ### Вопрос
#
# В уроке сказано: для MNIST или CIFAR подойдёт и самая простая сеть AlexNet. Посмотри на измерения: AlexNet —
# это *лёгкая* сеть? Что бы ты взял для десяти тысяч маленьких картинок?
#
# > **Примечание.** Мало слоёв — не значит мало весов: у AlexNet 62 миллиона, у ResNet-18 11,7 миллиона, и
# > почти все веса AlexNet — в полносвязных слоях. И обучить небольшую сеть процессор без GPU *может*: в
# > домашнем задании так и делают.

# %% lang="en" answer="densenet_small"
small = """
# BEGIN SOLUTION
No: of the four it has the second most weights. For small simple pictures a small ResNet or DenseNet, or
a few convolutions with global average pooling, is lighter, and the stem need not shrink the picture much.
# END SOLUTION
"""

# %% lang="ru" answer="densenet_small"
small = """
# BEGIN SOLUTION
Нет: из четырёх у неё второе место по числу весов. Для маленьких простых картинок легче небольшая ResNet или
DenseNet либо несколько свёрток с global average pooling, и начало сети не должно сильно их уменьшать.
# END SOLUTION
"""

# %% test="densenet_small" points=1
lesson.credit(small)

# %% [markdown] lang="en" anchors="question-problems"
# ### Question
#
# Which problem do deep convolutional networks have, and how is it solved?

# %% [markdown] lang="ru" anchors="question-problems"
# ### Вопрос
#
# Какие проблемы есть у свёрточных нейросетей? Как их решить?

# %% lang="en" answer="densenet_problems"
problems = """
# BEGIN SOLUTION
Vanishing gradients (and degradation: deeper plain networks train worse). Skip connections help; ResNet adds
the maps, DenseNet concatenates them. BatchNorm and good initialisation help too.
# END SOLUTION
"""

# %% lang="ru" answer="densenet_problems"
problems = """
# BEGIN SOLUTION
Затухание градиентов (и деградация: глубокие сети без связей учатся хуже). Помогает skip connection: ResNet
складывает карты, DenseNet конкатенирует. Помогают и BatchNorm, и хорошая инициализация.
# END SOLUTION
"""

# %% test="densenet_problems" points=1
lesson.credit(problems)
