# %% [markdown] lang="en" anchors="consolidation"
# # 6. What we know, and the Simpsons
#
# **Lesson blocks:** consolidation (15 min), reflection (8 min), homework (5 min) ·
# **Your files:** `model.py`, `augment.py`, `train.py`, `predict.py`
#
# First the four questions of the lesson. A sentence or two each; there is credit for any answer.

# %% [markdown] lang="ru" anchors="consolidation"
# # 6. Что мы знаем — и Симпсоны
#
# **Блоки урока:** закрепление (15 мин), рефлексия (8 мин), домашнее задание (5 мин) ·
# **Твои файлы:** `model.py`, `augment.py`, `train.py`, `predict.py`
#
# Сначала четыре вопроса урока. По одному-два предложения; балл даётся за любой ответ.

# %% lang="en" tags=["labels"]
labels = {
    "augment.alt": "A drawn character eight times: as it is, and changed seven times by your augment().",
    "original": "original",
    "size.alt": "Bars: parameters of your network, and the limit of 24 million that fits into 95 MB.",
    "yours": "your network",
    "limit": "limit (95 MB)",
    "millions": "parameters, millions",
    "maps.alt": "Rows of activation maps of your network on a 64×64 drawn character.",
    "conv": "conv",
    "curves.alt": "Left: training loss falling over a few epochs of your train_one_epoch on drawn characters. Right: share of right answers on pictures not trained on.",
    "loss": "training loss",
    "epoch": "epoch",
    "right": "share of right answers",
    "finetune.alt": "Share of right answers on new characters over the epochs: a network that was pretrained on other characters, and the same network from random weights.",
    "pretrained": "pretrained on other characters",
    "scratch": "from random weights",
    "f1.alt": "A staircase: points from 1 at F1 0.83 to 15 at 0.97.",
    "points": "points",
}

# %% lang="ru" tags=["labels"]
labels = {
    "augment.alt": "Нарисованный персонаж восемь раз: как есть и семь раз изменённый твоей augment().",
    "original": "как есть",
    "size.alt": "Столбцы: параметры твоей сети и предел в 24 миллиона, который помещается в 95 МБ.",
    "yours": "твоя сеть",
    "limit": "предел (95 МБ)",
    "millions": "параметры, млн",
    "maps.alt": "Строки карт активации твоей сети для нарисованного персонажа 64×64.",
    "conv": "свёртка",
    "curves.alt": "Слева: лосс при обучении падает за несколько эпох твоей train_one_epoch на нарисованных персонажах. Справа: доля верных ответов на картинках, которых не было в обучении.",
    "loss": "лосс при обучении",
    "epoch": "эпоха",
    "right": "доля верных ответов",
    "finetune.alt": "Доля верных ответов на новых персонажах по эпохам: сеть, предобученная на других персонажах, и та же сеть со случайными весами.",
    "pretrained": "предобучена на других",
    "scratch": "со случайных весов",
    "f1.alt": "Лестница: от 1 балла при F1 0,83 до 15 баллов при 0,97.",
    "points": "баллы",
}

# %% lang="en" answer="simpsons_which"
# Which CNN architectures are there?
which = """
# BEGIN SOLUTION
AlexNet, VGG, ResNet, DenseNet (and LeNet, GoogLeNet and many since).
# END SOLUTION
"""

# %% lang="ru" answer="simpsons_which"
# Какие архитектуры CNN существуют?
which = """
# BEGIN SOLUTION
AlexNet, VGG, ResNet, DenseNet (а ещё LeNet, GoogLeNet и многие более новые).
# END SOLUTION
"""

# %% test="simpsons_which" points=1
lesson.credit(which)

# %% lang="en" answer="simpsons_features"
# What is special about working with each of them?
features = """
# BEGIN SOLUTION
AlexNet: large filters, most weights in the fully connected layers. VGG: 3x3 blocks, easy to vary, heavy.
ResNet: any depth, shortcut with projection, pooling over the whole map. DenseNet: narrow layers, few
weights, much memory for the joined maps.
# END SOLUTION
"""

# %% lang="ru" answer="simpsons_features"
# В чём особенности работы с каждой из них?
features = """
# BEGIN SOLUTION
AlexNet: большие фильтры, почти все веса в полносвязных слоях. VGG: блоки 3x3, легко менять, тяжёлая.
ResNet: любая глубина, связь с проекцией, пулинг по всей карте. DenseNet: узкие слои, мало весов, много
памяти на соединённые карты.
# END SOLUTION
"""

# %% test="simpsons_features" points=1
lesson.credit(features)

# %% lang="en" answer="simpsons_problems"
# Which problems come up when working with convolutional networks?
problems = """
# BEGIN SOLUTION
Vanishing (or growing) gradients, degradation of deep plain networks, overfitting on little data, cost.
# END SOLUTION
"""

# %% lang="ru" answer="simpsons_problems"
# Какие проблемы возникают при работе со свёрточными нейросетями?
problems = """
# BEGIN SOLUTION
Затухание (или рост) градиентов, деградация глубоких сетей без связей, переобучение при малых данных, цена.
# END SOLUTION
"""

# %% test="simpsons_problems" points=1
lesson.credit(problems)

# %% lang="en" answer="simpsons_methods"
# Which methods help against them?
methods = """
# BEGIN SOLUTION
Skip connections (sum or concatenation), BatchNorm, good initialisation; dropout, augmentation, fine-tuning
and a lighter network against overfitting; bottlenecks and global average pooling against cost.
# END SOLUTION
"""

# %% lang="ru" answer="simpsons_methods"
# Какие методы борьбы с ними существуют?
methods = """
# BEGIN SOLUTION
Skip connections (сумма или конкатенация), BatchNorm, хорошая инициализация; dropout, аугментация, дообучение
и более лёгкая сеть против переобучения; bottleneck и global average pooling против цены.
# END SOLUTION
"""

# %% test="simpsons_methods" points=1
lesson.credit(methods)

# %% [markdown] lang="en" anchors="question-task"
# ### Question (your teacher reads this one, 2 points)
#
# A nursery wants to sort 800 photographs of its plants into 5 kinds on an old laptop. Which architecture do
# you take, trained how, and why not one of the others?

# %% [markdown] lang="ru" anchors="question-task"
# ### Вопрос (этот ответ читает преподаватель, 2 балла)
#
# Питомник хочет разложить 800 фотографий своих растений на 5 видов на старом ноутбуке. Какую архитектуру ты
# возьмёшь, как обучишь и почему не какую-нибудь другую?

# %% [markdown] lang="en" manual="simpsons_task" points=2
# <!-- BEGIN SOLUTION -->
# A small ResNet (18) pretrained on ImageNet, with a new last layer for 5 classes, fine-tuned: 800 pictures
# are too few to train millions of weights from nothing. VGG and AlexNet are heavier (138 and 62 million
# weights), a deeper ResNet is slower and overfits sooner. Augmentation helps.
#
# Rubric: 1 point for an architecture that fits the size of data and machine, 1 point for fine-tuning (or
# another way to cope with few pictures) with a reason. Any architecture is fine if the reason holds.
# <!-- END SOLUTION -->

# %% [markdown] lang="ru" manual="simpsons_task" points=2
# <!-- BEGIN SOLUTION -->
# Небольшую ResNet (18), предобученную на ImageNet, с новым последним слоем на 5 классов, и дообучить: 800
# картинок мало, чтобы учить миллионы весов с нуля. VGG и AlexNet тяжелее (138 и 62 миллиона весов), более
# глубокая ResNet медленнее и скорее переобучится. Поможет аугментация.
#
# Критерии: 1 балл за архитектуру по размеру данных и машины, 1 балл за дообучение (или другой способ
# справиться с малым числом картинок) с обоснованием. Годится любая архитектура, если обоснование верно.
# <!-- END SOLUTION -->

# %% [markdown] lang="en" anchors="fine-tuning"
# ## Fine-tuning
#
# A network that has seen ImageNet knows edges, textures, eyes, wheels. **Fine-tuning** keeps its layers,
# replaces the last one (1000 classes → yours), and trains on with a small learning rate. With little data
# this is nearly always better than starting from random weights. The homework offers it: `python train.py
# --pretrained resnet18 …` (needs network once, for the weights).
#
# A small experiment without network: a network learns 24 drawn characters, then gets a new last layer and
# six characters it has never seen, eight pictures of each. The other one starts from random weights.

# %% [markdown] lang="ru" anchors="fine-tuning"
# ## Дообучение
#
# Сеть, видевшая ImageNet, знает границы, текстуры, глаза, колёса. При **дообучении** (*fine-tuning*) её слои
# сохраняют, последний заменяют (1000 классов → твои) и учат дальше с маленьким learning rate. Когда данных
# мало, это почти всегда лучше, чем начинать со случайных весов. В домашнем задании это тоже есть: `python
# train.py --pretrained resnet18 …` (сеть нужна один раз, для весов).
#
# Маленький опыт без сети: модель выучивает 24 нарисованных персонажа, потом получает новый последний слой и
# шесть персонажей, которых не видела, по восемь картинок. Другая начинает со случайных весов.

# %%
import torch
from autograder.lesson import drawing, measure
from torch import nn

# %% tags=["long"]
with lesson.picture("finetune", 2.8) as figure:
    axes = figure.subplots()
    for name, colour in (("scratch", drawing.GREY), ("pretrained", drawing.BLUE)):
        shares = measure.fine_tune(pretrained=name == "pretrained")
        axes.plot(range(1, len(shares) + 1), shares, marker=".", color=colour, label=labels[name])
    axes.set(xlabel=labels["epoch"], ylabel=labels["right"], ylim=(0, 1))
    axes.legend(fontsize=9)

# %% [markdown] lang="en" anchors="simpsons.f1 homework-story"
# ## Homework: the Simpsons
#
# The television company FOX needs your help. The Simpsons have been on the air for more than 25 years, and
# a great deal of video has piled up. Drawing technology changed, and the characters with it: Homer of 2018
# is not quite Homer of 1989. Classify the inhabitants of Springfield; no need to introduce them.
# Competition: [journey-springfield](https://www.kaggle.com/competitions/journey-springfield).
#
# What counts is the F1 score on the public part of the test pictures: 0.97 is 15 points, 0.96 is 14, and so
# on down to 0.83 for 1 point.

# %% [markdown] lang="ru" anchors="simpsons.f1 homework-story"
# ## Домашнее задание: Симпсоны
#
# Телекомпании FOX нужна твоя помощь. «Симпсоны» идут на экранах больше 25 лет, и накопилось очень много
# видеоматериала. Персонажи менялись вместе с технологиями рисования, и Гомер 2018 года не очень похож на
# Гомера 1989-го. Классифицируй жителей Спрингфилда; представлять каждого, думаем, нет смысла.
# Соревнование: [journey-springfield](https://www.kaggle.com/competitions/journey-springfield).
#
# Засчитывается F1 на публичной части тестовых картинок: 0,97 — 15 баллов, 0,96 — 14 и так далее до 0,83 за
# 1 балл.

# %%
with lesson.picture("f1", 2.2) as figure:
    from fractions import Fraction

    from autograder.submission.scoring import points_for

    axes = figure.subplots()
    scores = [Fraction(n, 1000) for n in range(800, 1001)]
    axes.step(
        [float(s) for s in scores],
        [points_for(s) for s in scores],
        where="post",
        color=drawing.BLUE,
    )
    axes.set(xlabel="F1", ylabel=labels["points"], yticks=range(0, 16, 3))

# %% [markdown] lang="en" anchors="homework-steps"
# Step by step (`TASK.md` has the details):
#
# 1. `simpsons download --out kaggle`, or `class.zip` from your teacher, or `simpsons synthesize --out drawn`
#    for a first try; then `simpsons prepare`.
# 2. Write `model.py`: build with *your* blocks, `own_task("resnet").ResidualBlock`.
# 3. `augment.py`, `train.py`, `predict.py`; `autograder check simpsons` finds the mistakes that cost points
#    without an error.
# 4. `python train.py --data …`, `python predict.py …`, hand in `submission.csv`.
#
# > **Note.** The lesson recommends a GPU on Colab, "on your processor you cannot train even a simple CNN".
# > That was so; with small pictures and a network that fits them two cores are enough today (the README has
# > measured times). A GPU is still much faster.

# %% [markdown] lang="ru" anchors="homework-steps"
# По шагам (подробности в `TASK.ru.md`):
#
# 1. `simpsons download --out kaggle`, или `class.zip` от преподавателя, или для первой пробы `simpsons
#    synthesize --out drawn`; затем `simpsons prepare`.
# 2. Напиши `model.py`: строй из *своих* блоков, `own_task("resnet").ResidualBlock`.
# 3. `augment.py`, `train.py`, `predict.py`; `autograder check simpsons` найдёт ошибки, которые стоят баллов, но
#    не видны.
# 4. `python train.py --data …`, `python predict.py …`, сдай `submission.csv`.
#
# > **Примечание.** Урок советует GPU в Colab: «у себя на процессоре вы не сможете обучить даже простую CNN».
# > Для маленьких картинок и подходящей сети сегодня хватает двух ядер (измеренное время — в README). С GPU
# > всё равно намного быстрее.

# %% [markdown] lang="en" anchors="homework-augment homework-model"
# ## Your augmentation, your network

# %% [markdown] lang="ru" anchors="homework-augment homework-model"
# ## Твоя аугментация, твоя сеть

# %%
with lesson.picture("augment", 2.0) as figure:
    image = measure.character(64, who=5, seed=8)
    batch = (measure.as_tensor(image) * 255).to(torch.uint8).repeat(7, 1, 1, 1)
    changed = lesson.own(file="augment.py").augment(batch, torch.Generator().manual_seed(0))
    for index, axes in enumerate(figure.subplots(1, 8)):
        axes.axis("off")
        axes.imshow(image if index == 0 else changed[index - 1].permute(1, 2, 0).numpy())
        if index == 0:
            axes.set_title(labels["original"], fontsize=9)

# %%
with lesson.picture("size", 1.7) as figure:
    million = measure.count(lambda: lesson.own().build_model(42)) / 1e6
    axes = figure.subplots()
    bars = axes.barh(
        [labels["yours"], labels["limit"]], [million, 24], color=[drawing.BLUE, drawing.GREY]
    )
    axes.bar_label(bars, [f"{million:.2f}", "24"], padding=4)
    axes.set(xlabel=labels["millions"], xlim=(0, max(27, 1.1 * million)))

# %%
with lesson.picture("maps", 3.8) as figure:
    torch.manual_seed(0)
    net = lesson.own().build_model(42)
    maps = measure.maps_of(net, measure.as_tensor(image))
    chosen = sorted({round(k * (len(maps) - 1) / 3) for k in range(4)})
    titles = [f"{labels['conv']} {n + 1}\n{tuple(maps[n].shape[1:])}" for n in chosen]
    measure.show_maps(figure, [maps[n] for n in chosen], titles, each=8)

# %% [markdown] lang="en" anchors="homework-curves"
# ## Loss curves
#
# Your `train_one_epoch` and your network on twelve drawn characters. Falling loss but flat answers? Then the
# network learns the pictures by heart. No falling at all? Look at the order: zero the gradients, forward,
# loss, backward, step.

# %% [markdown] lang="ru" anchors="homework-curves"
# ## Кривые обучения
#
# Твоя `train_one_epoch` и твоя сеть на двенадцати нарисованных персонажах. Лосс падает, а ответы не лучше? Сеть
# учит картинки наизусть (переобучение). Не падает совсем? Проверь порядок: обнулить градиенты, прямой проход,
# лосс, backward, шаг.

# %% tags=["long"]
with lesson.picture("curves", 2.8) as figure:
    images, classes = measure.characters(classes=12, each=20, side=64)
    learned = torch.arange(len(classes)) % 20 < 15
    torch.manual_seed(0)
    net = lesson.own().build_model(12)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.02, momentum=0.9)
    losses, shares = [], []
    for _ in range(5):
        order = torch.randperm(int(learned.sum())).split(20)
        batches = [(images[learned][rows], classes[learned][rows]) for rows in order]
        losses.append(
            lesson.own(file="train.py").train_one_epoch(
                net, batches, optimizer, nn.CrossEntropyLoss()
            )
        )
        found = lesson.own(file="predict.py").predict(net, [images[~learned]])
        shares.append((found == classes[~learned]).float().mean().item())
    left, right = figure.subplots(1, 2)
    left.plot(range(1, 6), losses, marker=".", color=drawing.BLUE)
    left.set(xlabel=labels["epoch"], ylabel=labels["loss"], ylim=(0, None), xticks=range(1, 6))
    right.plot(range(1, 6), shares, marker=".", color=drawing.GREEN)
    right.set(xlabel=labels["epoch"], ylabel=labels["right"], ylim=(0, 1), xticks=range(1, 6))

# %% [markdown] lang="en" anchors="reflection"
# ## Reflection (not graded; write if you like)
#
# - What have I learned?
# - Which difficulties did I meet?
# - Which knowledge do I lack to understand this more deeply?
# - Have I reached the goals I set?

# %% [markdown] lang="ru" anchors="reflection"
# ## Рефлексия (не оценивается; пиши, если хочешь)
#
# - Чему я научился?
# - С какими трудностями я столкнулся?
# - Каких знаний мне не хватает для более глубокого понимания изученного материала?
# - Достиг ли я поставленных целей и задач?

# %% [markdown] lang="en" anchors="links"
# ## To read on
#
# - [msu.ai: CNN architectures](https://msu.ai/109_cnn_architectures) (in Russian): the lesson's topic once more.
# - [Habr: Deep Learning, part 3, CNN architectures](https://habr.com/ru/post/511372/) (in Russian): more networks.
# - [python-school.ru: what convolutional networks are](https://python-school.ru/wiki/convolutional-neural-network/)
#   (in Russian): if convolutions themselves are still hazy.
# - The papers: Krizhevsky et al. 2012 (AlexNet), [Simonyan, Zisserman 2014](https://arxiv.org/abs/1409.1556) (VGG),
#   [He et al. 2015](https://arxiv.org/abs/1512.03385) (ResNet), [Huang et al. 2016](https://arxiv.org/abs/1608.06993)
#   (DenseNet).

# %% [markdown] lang="ru" anchors="links"
# ## Что почитать
#
# - [msu.ai: архитектуры CNN](https://msu.ai/109_cnn_architectures) — тема урока ещё раз.
# - [Habr: Deep Learning, часть 3, архитектуры CNN](https://habr.com/ru/post/511372/) — больше сетей.
# - [python-school.ru: что такое свёрточные сети](https://python-school.ru/wiki/convolutional-neural-network/) — если
#   сами свёртки ещё не очень понятны.
# - Статьи (на английском): Krizhevsky et al. 2012 (AlexNet), [Simonyan, Zisserman 2014](https://arxiv.org/abs/1409.1556)
#   (VGG), [He et al. 2015](https://arxiv.org/abs/1512.03385) (ResNet), [Huang et al. 2016](https://arxiv.org/abs/1608.06993)
#   (DenseNet).
