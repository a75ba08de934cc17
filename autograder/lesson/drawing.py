"""The lesson's diagrams: layers as boxes, neurons as circles, connections as arrows."""

from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle, FancyArrowPatch, Polygon, Rectangle

BLUE, RED, GREEN, GOLD = "#3b78c2", "#d1495b", "#3a9d74", "#e0a526"
GREY, INK, VIOLET = "#8a8f98", "#1c2128", "#8d5fb0"
STAGES = (GOLD, VIOLET, GREEN, RED, BLUE)


def bare(figure: Figure, width: float, height: float, equal: bool = False) -> Axes:
    """Axes without ticks, with coordinates of their own."""
    axes = figure.subplots()
    axes.set(xlim=(0, width), ylim=(0, height))
    axes.axis("off")
    if equal:
        axes.set_aspect("equal")
    return axes


def arrow(axes: Axes, start: Any, end: Any, colour: str = GREY, bend: float = 0.0) -> None:
    """An arrow, straight or bent."""
    style = f"arc3,rad={bend}"
    patch = FancyArrowPatch(
        start, end, arrowstyle="-|>", mutation_scale=11, color=colour, lw=1.6,
        connectionstyle=style, shrinkA=0, shrinkB=0,
    )  # fmt: skip
    axes.add_patch(patch)


def cuboid(axes: Axes, x: float, y: float, w: float, h: float, depth: float, colour: str) -> None:
    """A box in oblique projection, standing on y."""
    front = [(x, y), (x + w, y), (x + w, y + h), (x, y + h)]
    side = [(x + w, y), (x + w + depth, y + depth), (x + w + depth, y + h + depth), (x + w, y + h)]
    top = [(x, y + h), (x + w, y + h), (x + w + depth, y + h + depth), (x + depth, y + h + depth)]
    for points, strength in ((front, 0.9), (side, 0.6), (top, 0.45)):
        axes.add_patch(Polygon(points, facecolor=colour, alpha=strength, edgecolor="white", lw=0.6))


def network(figure: Figure, layers: Sequence[tuple[str, int, int]]) -> None:
    """A network as boxes: (kind, maps, size) of what each layer gives.

    Kinds: input, conv, pool, fc. Boxes are as high as the maps and as thick as their number, on
    scales that let small and large ones be seen.
    """
    colours = {"input": GREY, "conv": BLUE, "pool": RED, "fc": GREEN}
    axes = bare(figure, 100, 33)
    axes.set_ylim(-4, 32)
    thick = [0.4 + (maps**0.5) / 9 for kind, maps, _ in layers if kind != "fc"]
    thick += [1.2 for kind, _, _ in layers if kind == "fc"]
    deep = [3.4 * (size / 227) ** 0.6 if size > 1 else 0.3 for _, _, size in layers]
    gap = (98 - sum(thick) - sum(deep)) / len(layers)
    x, last, written = 1.0, None, -10.0
    for (kind, maps, size), w, d in zip(layers, thick, deep, strict=True):
        high = 22 * (size / 227) ** 0.6 if size > 1 else 2.5 + 13 * maps / 4096
        cuboid(axes, x, 6, w, high, d, colours[kind])
        text = f"{maps}\n{size}×{size}" if size > 1 else f"{maps}"
        # Where maps keep their size, boxes of one kind share a caption.
        if kind != "pool" and (kind, maps, size) != last:
            low = 4.8 if x - written > 6 else 4.8 - 4.2
            axes.text(x + w / 2, low, text, ha="center", va="top", fontsize=8, color=INK)
            written = x
        last = kind, maps, size
        x += w + d + gap


def timeline(axes: Axes, rows: Sequence[tuple[int, str, float, int]], human: float) -> None:
    """Error by year with the winner's name and number of layers (0: not a network)."""
    for year, name, error, layers in rows:
        axes.bar(year, error, 0.62, color=BLUE if layers else GREY)
        axes.text(year, error + 0.5, f"{error:g} %", ha="center", fontsize=9, weight="bold")
        axes.text(year, -1.2, f"{year}\n{name}", ha="center", va="top", fontsize=8.5)
        if layers:
            axes.text(
                year, error / 2, str(layers), ha="center", va="center", color="white", fontsize=9
            )
    axes.axhline(human, color=RED, lw=1.4, ls="--")
    axes.set(xticks=[], ylim=(0, 32), xlim=(rows[0][0] - 0.6, rows[-1][0] + 1.6))
    axes.spines[["top", "right", "bottom"]].set_visible(False)


def neurons(figure: Figure, skip: bool) -> None:
    """The lesson's net: three neurons in a row and the loss; with or without x1 going around."""
    axes = bare(figure, 100, 26, equal=True)
    names = ["$x$", "$x_1$", "$x_2$", "$x_3'$" if skip else "$x_3$", "$L$"]
    for index, name in enumerate(names):
        x = 8 + 21 * index
        colour = GREY if index in (0, 4) else BLUE
        axes.add_patch(Circle((x, 10), 4.3, facecolor=colour, edgecolor="none", alpha=0.9))
        axes.text(x, 10, name, ha="center", va="center", color="white", fontsize=15)
        if index < 4:
            arrow(axes, (x + 4.8, 10), (x + 16.2, 10), INK)
        if index < 3:
            axes.text(x + 10.5, 11.4, f"$w_{index + 1}$", ha="center", fontsize=13)
    if skip:
        arrow(axes, (29, 14.6), (71, 14.6), RED, bend=-0.28)
        axes.text(50, 22.2, "$+\\,x_1$", ha="center", color=RED, fontsize=13)


def formulas(figure: Figure, rows: Sequence[tuple[str, str, bool]]) -> None:
    """Captions and formulas, one under the other; those that matter in a red frame."""
    axes = bare(figure, 100, 10 * len(rows))
    for index, (caption, formula, framed) in enumerate(rows):
        y = 10 * (len(rows) - index) - 5
        axes.text(1, y, caption, va="center", fontsize=11)
        box = {"boxstyle": "round,pad=0.4", "edgecolor": RED, "facecolor": "none", "lw": 2}
        axes.text(38, y, formula, va="center", fontsize=15, bbox=box if framed else None)


def stack(axes: Axes, x: float, y: float, count: int, colours: Sequence[str]) -> None:
    """Maps of one layer, one behind the other."""
    for index in reversed(range(count)):
        shift = 1.1 * index
        colour = colours[index % len(colours)]
        axes.add_patch(
            Rectangle((x + shift, y + shift), 9, 9, facecolor=colour, edgecolor="white", lw=0.8)
        )


def four_convolutions(
    figure: Figure, connection: str, words: tuple[str, str], size: int = 32
) -> None:
    """The lesson's four convolutions with six maps; connection: none, add or concat."""
    axes = bare(figure, 126, 40, equal=True)
    maps, layer = words
    for index in range(4):
        x = 8 + 31 * index
        joined = 12 if connection == "concat" and index == 3 else 6
        if index == 3 and connection != "none":
            axes.text(x - 6.5, 13.5, "+" if connection == "add" else "⧺", ha="center", va="center",
                      fontsize=17, color=RED, weight="bold")  # fmt: skip
            note = f"{joined} {maps}"
            axes.text(x - 6.5, 7.5, note, ha="center", va="top", fontsize=8.5, color=RED)
        stack(axes, x, 9, 6, (BLUE,) if index != 0 else (GOLD,))
        axes.text(x + 7, 5.5, f"{layer} {index + 1}", ha="center", va="top", fontsize=10)
        axes.text(x + 7, 1.8, f"6 × {size}×{size}", ha="center", va="top", fontsize=8.5)
        if index < 3:
            far = x + (20.5 if index == 2 and connection != "none" else 29)
            arrow(axes, (x + 16, 13.5), (far, 13.5), INK)
    if connection != "none":
        arrow(axes, (15, 24.5), (94.5, 16.5), RED, bend=-0.4)


def residual_stages(
    figure: Figure, blocks: Sequence[int], convs: int, words: Sequence[str]
) -> None:
    """A ResNet as a row of coloured layers with an arc for each shortcut; dashed: projection."""
    axes = bare(figure, 100, 30)
    axes.set_ylim(2, 26)
    total = 2 + convs * sum(blocks)
    step = 96 / total
    x = 2.0
    axes.add_patch(Rectangle((x, 8), step * 0.72, 9, facecolor=STAGES[0]))
    axes.text(x, 19, words[0], fontsize=8, rotation=40, ha="left", va="bottom")
    x += step
    for stage, count in enumerate(blocks):
        first = x
        for block in range(count):
            start = x - 0.28 * step
            for _ in range(convs):
                axes.add_patch(Rectangle((x, 8), step * 0.72, 9, facecolor=STAGES[stage + 1]))
                x += step
            arc = FancyArrowPatch(
                (start, 17.4), (x - 0.28 * step, 17.4), arrowstyle="-|>", mutation_scale=7,
                connectionstyle="arc3,rad=-0.75", color=INK, lw=1.1,
                ls="--" if stage and not block else "-",
            )  # fmt: skip
            axes.add_patch(arc)
        axes.text((first + x) / 2, 6.6, words[stage + 1], ha="center", va="top", fontsize=9)
    axes.add_patch(Rectangle((x, 8), step * 0.72, 9, facecolor=GREY))
    axes.text(x, 19, words[5], fontsize=8, rotation=40, ha="center", va="bottom")


def dense_block(
    figure: Figure, layers: int, inputs: int, growth: int, words: Sequence[str]
) -> None:
    """A dense block: every layer sees all maps before it; under each, how many maps it sees."""
    axes = bare(figure, 100, 34)
    step = 90 / (layers + 1)
    for index in range(layers + 1):
        x = 6 + step * index
        colour = GOLD if index == 0 else STAGES[1 + (index - 1) % 4]
        axes.add_patch(Rectangle((x - 2, 8), 4, 8, facecolor=colour))
        seen = inputs + growth * (index - 1)
        text = words[0].format(n=inputs) if index == 0 else words[1].format(n=seen, k=growth)
        axes.text(x, 6.6, text, ha="center", va="top", fontsize=9)
        for other in range(index):
            start, bend = (6 + step * other, 16.4), -0.42 if index - other > 1 else 0.0
            if index - other == 1:
                arrow(axes, (start[0] + 2.3, 12), (x - 2.3, 12), INK)
            else:
                arrow(axes, start, (x, 16.4), GREY, bend)
