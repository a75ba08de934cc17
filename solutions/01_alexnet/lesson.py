# %% [markdown] lang="en" anchors="imagenet goals"
# # 1. ImageNet and AlexNet
#
# **Lesson blocks:** welcome (5 min), goals (7 min), AlexNet (about 10 of the 50 min) · **Your file:** `alexnet.py`
#
# **ImageNet** is a large collection of labelled photographs. It has two versions: the whole one with
# about 15 million pictures in 21 thousand classes, and the one of the competition with about
# 1.5 million pictures (1.2 million of them for training) in 1000 classes. From 2010 on, teams
# competed each year to name the class of a picture they had not seen.
#
# Today you will
#
# - see how AlexNet is built, and then VGG, ResNet and DenseNet;
# - meet the tricks that let a network have 152 layers and still learn;
# - learn to choose an architecture for a task of your own instead of inventing one.
#
# Why know the classical architectures? Because hardly anybody designs a network from nothing: you
# take one that has proved itself, train it on your data, or fine-tune one that has already seen
# ImageNet (notebook 6).

# %% [markdown] lang="ru" anchors="imagenet goals"
# # 1. ImageNet и AlexNet
#
# **Блоки урока:** организационный (5 мин), цели (7 мин), AlexNet (около 10 из 50 мин) · **Твой файл:** `alexnet.py`
#
# **ImageNet** — большая база размеченных картинок. У неё две версии: полная, около 15 миллионов
# картинок и 21 тысяча классов, и версия для конкурса: около полутора миллионов картинок (из них
# 1,2 миллиона для обучения) и 1000 классов. С 2010 года команды каждый год соревновались, кто
# точнее назовёт класс картинки, которую сеть ещё не видела.
#
# Сегодня ты
#
# - узнаешь, как устроена сеть AlexNet, а затем VGG, ResNet и DenseNet;
# - познакомишься с приёмами, благодаря которым сеть из 152 слоёв всё-таки обучается;
# - научишься выбирать архитектуру под свою задачу, а не придумывать её с нуля.
#
# Зачем знать классические архитектуры? Почти никто не пишет сеть с нуля: берут ту, что себя уже
# показала, и обучают на своих данных — или дообучают ту, что уже видела ImageNet (блокнот 6).

# %% lang="en" tags=["labels"]
labels = {
    "timeline.alt": "Bars: error of the ImageNet winners from 2010 (28.2 %) to 2015 (3.57 %); a dashed line marks human level, 5.1 %.",
    "error": "top-5 error, %",
    "human": "one trained\nperson: 5.1 %",
    "not_a_network": "no network",
    "boxes.alt": "AlexNet as boxes: a 227×227 picture, five convolutions 96×55×55, 256×27×27, 384×13×13 twice, 256×13×13, and three fully connected layers 4096, 4096, 1000.",
    "stride.alt": "A drawn character at 227×227, sampled with stride 4, and sampled with stride 2.",
    "whole": "the picture, 227×227",
    "by_four": "every 4th pixel: 55×55",
    "by_two": "every 2nd pixel: 113×113",
    "filters.alt": "24 filters 11×11 of the first convolution as small colour squares.",
    "maps.alt": "Five rows of activation maps of AlexNet on a drawn character, from 55×55 to 13×13.",
    "conv": "conv",
    "weights.alt": "Bars: parameters of each AlexNet layer; the first fully connected layer holds most of them.",
    "millions": "parameters, millions",
    "fc": "FC",
    "dropout.alt": "The same eight values three times: as they are, and after dropout with two different draws, where half are zero and the others doubled.",
    "before": "before",
    "after": "dropout, draw {n}",
}

# %% lang="ru" tags=["labels"]
labels = {
    "timeline.alt": "Столбцы: ошибка победителей ImageNet с 2010 (28,2 %) по 2015 год (3,57 %); пунктир — уровень человека, 5,1 %.",
    "error": "ошибка top-5, %",
    "human": "один обученный\nчеловек: 5,1 %",
    "not_a_network": "не нейросеть",
    "boxes.alt": "Схема AlexNet: картинка 227×227, пять свёрток 96×55×55, 256×27×27, дважды 384×13×13, 256×13×13 и три полносвязных слоя 4096, 4096, 1000.",
    "stride.alt": "Нарисованный персонаж 227×227, он же с шагом 4 и с шагом 2.",
    "whole": "картинка, 227×227",
    "by_four": "каждый 4-й пиксель: 55×55",
    "by_two": "каждый 2-й пиксель: 113×113",
    "filters.alt": "24 фильтра 11×11 первой свёртки в виде цветных квадратиков.",
    "maps.alt": "Пять строк карт активации AlexNet для нарисованного персонажа: от 55×55 до 13×13.",
    "conv": "свёртка",
    "weights.alt": "Столбцы: параметры каждого слоя AlexNet; больше всего их в первом полносвязном слое.",
    "millions": "параметры, млн",
    "fc": "полносв.",
    "dropout.alt": "Одни и те же восемь значений: как есть и после dropout дважды; половина обнулена, остальные удвоены.",
    "before": "до",
    "after": "dropout, раз {n}",
}

# %% [markdown] lang="en" anchors="timeline"
# ## Every year a better network
#
# The winners of the competition. The first two, in 2010 and 2011, were not networks at all. In 2012
# the convolutional network **AlexNet** cut the error by about ten points at once, and every winner
# since has been a convolutional network. The number in a bar is the number of its layers.

# %% [markdown] lang="ru" anchors="timeline"
# ## Каждый год сеть лучше
#
# Победители конкурса. Первые две модели, в 2010 и 2011 годах, были вовсе не нейросетями. В 2012 году
# свёрточная сеть **AlexNet** сразу снизила ошибку примерно на десять процентных пунктов, и с тех пор
# каждый год побеждала свёрточная сеть. Число в столбце — сколько в ней слоёв.

# %%
from autograder.lesson import drawing, measure

winners = [  # year, winner, top-5 error in %, layers (0: not a network)
    (2010, "NEC-UIUC", 28.2, 0),
    (2011, "XRCE", 25.8, 0),
    (2012, "AlexNet", 16.4, 8),
    (2013, "ZFNet / Clarifai", 11.7, 8),
    (2014, "GoogLeNet", 6.7, 22),
    (2015, "ResNet", 3.57, 152),
]
with lesson.picture("timeline", 3.6) as figure:
    axes = figure.subplots()
    drawing.timeline(axes, winners, human=5.1)
    axes.text(2015.4, 5.5, labels["human"], color=drawing.RED, fontsize=9)
    axes.set_ylabel(labels["error"])

# %% [markdown] lang="en" anchors="erratum-timeline"
# > **In the paper.** These are **top-5** errors: an answer counts as right if the class is among five
# > guesses, and most winners are several networks that vote. AlexNet's entry of 2012 has 16.4 %, and
# > 15.3 % with extra training data (that is the "fifteen per cent" of the lesson). In 2014 GoogLeNet
# > won with 22 layers; VGG came second with 7.3 %. The winner of 2013 had 8 layers like AlexNet, so
# > "deeper every year" is too simple. Human level is *one* trained annotator.
# > (Russakovsky et al., 2015, [arXiv:1409.0575](https://arxiv.org/abs/1409.0575), sections 6.1
# > and 6.4; He et al., 2015, [arXiv:1512.03385](https://arxiv.org/abs/1512.03385), table 5.)

# %% [markdown] lang="ru" anchors="erratum-timeline"
# > **В статье.** Это ошибка **top-5**: ответ засчитан, если верный класс есть среди пяти названных, и
# > почти все победители — это несколько сетей, которые голосуют. У заявки AlexNet 2012 года 16,4 %,
# > а с дополнительными данными для обучения — 15,3 % (отсюда «пятнадцать процентов» урока). В 2014 году
# > победила GoogLeNet с 22 слоями; VGG стала второй с 7,3 %. В сети-победителе 2013 года 8 слоёв, как в
# > AlexNet, поэтому «каждый год глубже» — упрощение. Уровень человека — это *один* обученный разметчик.
# > (Russakovsky et al., 2015, [arXiv:1409.0575](https://arxiv.org/abs/1409.0575), разделы 6.1
# > и 6.4; He et al., 2015, [arXiv:1512.03385](https://arxiv.org/abs/1512.03385), таблица 5.)

# %% [markdown] lang="en" anchors="question-better"
# ### Question
#
# Thanks to what did the result improve year after year? One or two sentences between the quotes.

# %% [markdown] lang="ru" anchors="question-better"
# ### Вопрос
#
# Благодаря чему каждый год удавалось улучшить результат? Одно-два предложения между кавычками.

# %% lang="en" answer="alexnet_better"
better = """
# BEGIN SOLUTION
The networks had more and more layers: 8, then 19 and 22, then 152. With more convolutional layers
a network finds more, and more complex, patterns. But depth alone is not enough: it took tricks.
# END SOLUTION
"""

# %% lang="ru" answer="alexnet_better"
better = """
# BEGIN SOLUTION
В сетях становилось всё больше слоёв: 8, потом 19 и 22, потом 152. Чем больше свёрточных слоёв, тем
больше сложных паттернов находит сеть. Но одной глубины мало: понадобились дополнительные приёмы.
# END SOLUTION
"""

# %% test="alexnet_better" points=1
lesson.credit(better)

# %% [markdown] lang="en" anchors="recap-convolution"
# ## Recap: how large is a map?
#
# A convolution slides a filter of `kernel` × `kernel` over the picture, `stride` pixels at a time,
# after `padding` zeros were put around it. Each filter gives one **activation map**. How many places
# are there for the filter along one side of `size` pixels?
#
# $$\left\lfloor \frac{\text{size} + 2\cdot\text{padding} - \text{kernel}}{\text{stride}} \right\rfloor + 1$$
#
# Pooling follows the same formula. Write it as a function; you need it below and in every notebook.

# %% [markdown] lang="ru" anchors="recap-convolution"
# ## Вспомним: какого размера карта?
#
# Свёртка сдвигает фильтр `kernel` × `kernel` по картинке на `stride` пикселей за шаг, а вокруг картинки
# добавлено `padding` нулей с каждой стороны. Каждый фильтр даёт одну **карту активации**. Сколько мест
# для фильтра есть вдоль стороны в `size` пикселей?
#
# $$\left\lfloor \frac{\text{size} + 2\cdot\text{padding} - \text{kernel}}{\text{stride}} \right\rfloor + 1$$
#
# Для пулинга формула та же. Запиши её функцией: она понадобится ниже и в каждом блокноте.


# %% answer="alexnet_out_size"
def out_size(size, kernel, stride=1, padding=0):
    # BEGIN SOLUTION
    return (size + 2 * padding - kernel) // stride + 1
    # END SOLUTION


# %% test="alexnet_out_size" points=1
from torch import nn
import torch


def real(size, kernel, stride, padding):  # a convolution on the device "meta" only has a size
    layer = nn.Conv2d(1, 1, kernel, stride, padding, device="meta")
    return layer(torch.empty(1, 1, size, size, device="meta")).shape[-1]


cases = [(32, 3, 1, 1), (32, 3, 1, 0), (227, 11, 4, 0), (56, 1, 2, 0), (7, 7, 7, 3)]
lesson.compare(
    {f"out_size{case}": out_size(*case) for case in cases},
    {f"out_size{case}": real(*case) for case in cases},
    points=1,
)

# %% [markdown] lang="en" anchors="alexnet-boxes"
# ## AlexNet, box by box
#
# An ordinary convolutional network: five convolutions, three fully connected layers, nothing you do
# not know. The first box is the picture, 227×227 with three colours. The blue ones are convolutions
# (below: how many maps, of which size), the red ones max pooling, the green ones fully connected
# layers. The last one gives 1000 numbers, one for each class of ImageNet.

# %% [markdown] lang="ru" anchors="alexnet-boxes"
# ## AlexNet по прямоугольникам
#
# Обычная свёрточная сеть: пять свёрточных слоёв и три полносвязных, ничего незнакомого. Первый
# прямоугольник — картинка 227×227 с тремя цветами. Синие — свёртки (под ними: сколько карт и какого
# размера), красные — max pooling, зелёные — полносвязные слои. Последний выдаёт 1000 чисел, по одному
# на каждый класс ImageNet.

# %%
boxes = [
    ("input", 3, 227),
    ("conv", 96, 55),
    ("pool", 96, 27),
    ("conv", 256, 27),
    ("pool", 256, 13),
    ("conv", 384, 13),
    ("conv", 384, 13),
    ("conv", 256, 13),
    ("pool", 256, 6),
    ("fc", 4096, 1),
    ("fc", 4096, 1),
    ("fc", 1000, 1),
]
with lesson.picture("boxes", 3.4) as figure:
    drawing.network(figure, boxes)

# %% [markdown] lang="en" anchors="alexnet.activation_maps map-sizes"
# ## Your turn: the sizes of the maps
#
# | layer | kernel | stride | padding |
# |---|---|---|---|
# | convolution 1 | 11 | 4 | 0 |
# | max pooling | 3 | 2 | 0 |
# | convolution 2 | 5 | 1 | 2 |
# | max pooling | 3 | 2 | 0 |
# | convolutions 3, 4, 5 | 3 | 1 | 1 |
# | max pooling | 3 | 2 | 0 |
#
# Start from 227 and go down the table. What side has the map after each of the five convolutions, and
# how many numbers enter the first fully connected layer (256 maps after the last pooling)?

# %% [markdown] lang="ru" anchors="alexnet.activation_maps map-sizes"
# ## Твоя очередь: размеры карт
#
# | слой | ядро | страйд | паддинг |
# |---|---|---|---|
# | свёртка 1 | 11 | 4 | 0 |
# | max pooling | 3 | 2 | 0 |
# | свёртка 2 | 5 | 1 | 2 |
# | max pooling | 3 | 2 | 0 |
# | свёртки 3, 4, 5 | 3 | 1 | 1 |
# | max pooling | 3 | 2 | 0 |
#
# Начни с 227 и иди по таблице вниз. Какая сторона у карты после каждой из пяти свёрток и сколько чисел
# поступает в первый полносвязный слой (256 карт после последнего пулинга)?

# %% answer="alexnet_sizes"
sizes = {
    # BEGIN SOLUTION
    "conv1": 55,
    "conv2": 27,
    "conv3": 13,
    "conv4": 13,
    "conv5": 13,
    "fc1": 9216,
    # END SOLUTION
}

# %% test="alexnet_sizes" points=2
side, expected = 227, {}
for name, steps in [
    ("conv1", [(11, 4, 0)]),
    ("conv2", [(3, 2, 0), (5, 1, 2)]),
    ("conv3", [(3, 2, 0), (3, 1, 1)]),
    ("conv4", [(3, 1, 1)]),
    ("conv5", [(3, 1, 1)]),
]:
    for kernel, stride, padding in steps:
        side = real(side, kernel, stride, padding)
    expected[name] = side
expected["fc1"] = 256 * real(side, 3, 2, 0) ** 2
lesson.compare(sizes if isinstance(sizes, dict) else {}, expected, points=2)

# %% [markdown] lang="en" anchors="erratum-227"
# > **In the paper.** The paper says 224×224, but with an 11×11 filter, stride 4 and 55×55 maps the sums
# > come out with 227. Its network is split into two groups for two graphics cards, and where the lesson
# > has BatchNorm (which was only invented in 2015) it has *local response normalisation*. Nor was AlexNet
# > the very first successful convolutional network: LeNet read bank cheques in the 1990s. AlexNet is the
# > first to win ImageNet. (Krizhevsky et al., 2012, sections 3.2, 3.3, 3.5; LeCun et al., 1998.)

# %% [markdown] lang="ru" anchors="erratum-227"
# > **В статье.** Там написано 224×224, но с фильтром 11×11, страйдом 4 и картами 55×55 сходится только
# > 227. Сеть разделена на две группы для двух видеокарт, а на месте батч-нормализации из урока (её
# > придумали только в 2015 году) стоит *local response normalisation*. И AlexNet — не самая первая
# > успешная свёрточная сеть: LeNet читала банковские чеки ещё в 1990-х. AlexNet первой выиграла ImageNet.
# > (Krizhevsky et al., 2012, разделы 3.2, 3.3, 3.5; LeCun et al., 1998.)

# %% [markdown] lang="en" anchors="odd-stride"
# ## Why 11×11 with stride 4 is odd
#
# Large filters and a large stride look at few places: of 227×227 positions the first layer visits
# 55×55, one in seventeen. Look how much of a drawing survives if you look at every fourth pixel only
# (a filter blurs a little before it jumps, but what lies finer than its steps is mixed up). Today one
# takes small filters with small steps. AlexNet was early; nobody knew yet.

# %% [markdown] lang="ru" anchors="odd-stride"
# ## Почему 11×11 со страйдом 4 — это странно
#
# Большой фильтр с большим страйдом смотрит мало куда: из 227×227 положений первый слой посещает 55×55,
# одно из семнадцати. Посмотри, сколько остаётся от рисунка, если брать каждый четвёртый пиксель (фильтр
# перед прыжком немного размывает, но то, что мельче шага, смешивается). Сейчас берут маленькие фильтры
# и маленький шаг. AlexNet была из первых, тогда этого ещё не знали.

# %%
image = measure.character(227)
with lesson.picture("stride") as figure:
    left, middle, right = figure.subplots(1, 3)
    for axes, step, name in ((left, 1, "whole"), (middle, 4, "by_four"), (right, 2, "by_two")):
        axes.imshow(image.resize((227 // step, 227 // step), resample=0), interpolation="nearest")
        axes.set_title(labels[name], fontsize=10)
        axes.axis("off")

# %% [markdown] lang="en" anchors="alexnet.learns recap-parts"
# ## Recap: the other parts
#
# - **ReLU** replaces negative values by 0. It stands after every layer but the last.
# - **Max pooling** keeps the largest of 3×3 neighbours: the map shrinks, what matters stays.
# - **BatchNorm** shifts and scales each map so that over the batch it has mean 0 and spread 1, then
#   learns a scale and a shift of its own. In `eval` it uses averages remembered from training.
# - **Dropout** sets half of the values to zero, at random, in training only, and doubles the others, so
#   that the sum stays about the same. No neuron can rely on a single other one.

# %% [markdown] lang="ru" anchors="alexnet.learns recap-parts"
# ## Вспомним остальные детали
#
# - **ReLU** заменяет отрицательные значения нулём. Стоит после каждого слоя, кроме последнего.
# - **Max pooling** оставляет наибольшее из 3×3 соседних значений: карта меньше, важное остаётся.
# - **Батч-нормализация** сдвигает и растягивает каждую карту так, чтобы по батчу среднее было 0, а
#   разброс 1, и затем учит свои масштаб и сдвиг. В режиме `eval` берёт средние, запомненные в обучении.
# - **Dropout** случайно обнуляет половину значений, только при обучении, и удваивает остальные, чтобы
#   сумма почти не изменилась. Ни один нейрон не может положиться на какой-то один другой.

# %%
torch.manual_seed(1)
values = torch.tensor([3.0, 1.0, 4.0, 1.5, 5.0, 2.5, 2.0, 3.5])
drop = nn.Dropout(0.5)
with lesson.picture("dropout", 2.2) as figure:
    for number, axes in enumerate(figure.subplots(1, 3, sharey=True)):
        axes.bar(range(8), values if number == 0 else drop(values), color=drawing.BLUE)
        axes.set_title(
            labels["after"].format(n=number) if number else labels["before"], fontsize=10
        )
        axes.set_xticks([])

# %% [markdown] lang="en" anchors="alexnet.parameters alexnet.equals_the_lesson alexnet.trains_as_the_lesson write-alexnet"
# ## Write it
#
# Open `alexnet.py` beside this notebook and write the class `AlexNet`; `TASK.md` lists every promise.
# In a terminal, `autograder check alexnet` tells what is missing. Two places where people slip:
#
# - BatchNorm belongs to layers 1 and 2, before their pooling.
# - Dropout stands **after** the ReLU of the first two fully connected layers. (Many libraries put it
#   before these layers; here we follow the lesson.)
#
# The cells below use *your* class. Until it is there you see what the reference draws.

# %% [markdown] lang="ru" anchors="alexnet.parameters alexnet.equals_the_lesson alexnet.trains_as_the_lesson write-alexnet"
# ## Напиши её
#
# Открой `alexnet.py` рядом с этим блокнотом и напиши класс `AlexNet`; все обещания перечислены в
# `TASK.ru.md`. В терминале `autograder check alexnet` скажет, чего не хватает. Где чаще ошибаются:
#
# - Батч-нормализация стоит в слоях 1 и 2, перед их пулингом.
# - Dropout стоит **после** ReLU первых двух полносвязных слоёв. (Во многих библиотеках он стоит перед
#   ними; мы следуем уроку.)
#
# Ячейки ниже используют *твой* класс. Пока его нет, ты видишь рисунки эталонного решения.

# %%
with lesson.picture("weights", 2.8) as figure:
    with torch.device("meta"):  # sizes only: 62 million numbers need no memory here
        net = lesson.own().AlexNet()
    layers = [m for m in net.modules() if isinstance(m, (nn.Conv2d, nn.Linear))]
    names = [
        f"{labels['conv' if isinstance(m, nn.Conv2d) else 'fc']}\n{m.weight.shape[0]}"
        for m in layers
    ]
    counts = [sum(p.numel() for p in m.parameters()) / 1e6 for m in layers]
    axes = figure.subplots()
    bars = axes.bar(range(len(layers)), counts, color=drawing.BLUE)
    axes.bar_label(bars, [f"{count:.2f}" for count in counts], fontsize=9)
    axes.margins(y=0.15)
    axes.set_xticks(range(len(layers)), names, fontsize=8.5)
    axes.set_ylabel(labels["millions"])
    print(sum(p.numel() for p in net.parameters()))

# %% [markdown] lang="en" anchors="where-weights"
# Most of AlexNet's 62 million parameters sit in one place. Which one, and why? (Count the inputs and
# outputs of the first fully connected layer.) Keep this in mind until notebook 4, where one line
# makes almost all of them unnecessary.

# %% [markdown] lang="ru" anchors="where-weights"
# Почти все 62 миллиона параметров AlexNet сидят в одном месте. В каком и почему? (Посчитай входы и
# выходы первого полносвязного слоя.) Запомни это до блокнота 4: там одна строка сделает почти все эти
# параметры ненужными.

# %% [markdown] lang="en" anchors="activation-maps filters"
# ## What your network sees
#
# The activation maps of your five convolutions on a drawn character (a few of each), and the 11×11
# filters they start with. The weights are random still: even so the first maps look like the picture,
# and the deeper, the coarser. (After training, first-layer filters become edges and colour spots.)

# %% [markdown] lang="ru" anchors="activation-maps filters"
# ## Что видит твоя сеть
#
# Карты активации пяти твоих свёрток для нарисованного персонажа (по нескольку штук) и фильтры 11×11, с
# которых всё начинается. Веса пока случайные, и всё же первые карты похожи на картинку, а чем глубже,
# тем они грубее. (После обучения фильтры первого слоя становятся границами и цветными пятнами.)

# %%
with lesson.picture("maps", 5.2) as figure:
    torch.manual_seed(0)
    net = lesson.own().AlexNet(num_classes=42)
    maps = measure.maps_of(net, measure.as_tensor(image))
    titles = [f"{labels['conv']} {n}\n{tuple(m.shape[1:])}" for n, m in enumerate(maps, start=1)]
    measure.show_maps(figure, maps, titles, each=8)

# %%
with lesson.picture("filters", 1.8) as figure:
    first = next(m for m in net.modules() if isinstance(m, nn.Conv2d))
    measure.show_filters(figure, first.weight, count=24, columns=12)

# %% [markdown] lang="en" anchors="next-vgg"
# Next: `02_vgg`. AlexNet has no system: each layer has sizes of its own. VGG does.

# %% [markdown] lang="ru" anchors="next-vgg"
# Дальше — `02_vgg`. В AlexNet нет системы: у каждого слоя свои размеры. В VGG она есть.
