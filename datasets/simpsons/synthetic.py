"""Drawn stand-ins for the competition's pictures: 42 characters of our own, in its layout."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle, product
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import numpy as np
from numpy.random import Generator, default_rng
from PIL import Image, ImageDraw

from simpsons.classes import CLASSES
from simpsons.errors import DataError

Points = Sequence[tuple[float, float]]

INK, WHITE, LIPS, GOLD = "#261e22", "#fafaf5", "#b0343e", "#fad628"
SKINS = ("#f6d6aa", "#d69668", "#885a3e", "#9ecc96", "#baa4da")
DYES = ("#322a34", "#844e28", "#e2962c", "#dedee2", "#3c6cc8", "#ce4062")
# Half width, half height, power (2 is an ellipse, more is boxy), taper (positive: wide below).
HEADS: dict[str, tuple[float, float, float, float]] = {
    "round": (1.0, 1.0, 2, 0),
    "tall": (0.76, 1.2, 2.4, 0),
    "wide": (1.3, 0.85, 2.2, 0),
    "square": (0.95, 0.98, 7, 0),
    "pear": (0.95, 1.05, 2.2, 0.3),
}
HAIR = ("bald", "spikes", "bob", "afro", "bun", "tower", "tufts")
EYES = ("dots", "round", "sleepy", "slits")
MOUTHS = ("line", "open", "teeth", "lips")
PATTERNS = ("plain", "stripes", "dots", "tie", "vest")
EXTRAS = ("nothing", "glasses", "hat", "beard", "moustache", "earrings", "bow")
# Width and height of a picture, in shorter sides.
FORMATS = ((1.0, 1.0), (1.0, 1.5), (4 / 3, 1.0), (1.5, 1.0), (1.0, 1.25))
SUPERSAMPLING = 2
# With this seed at least three characters share each value of each trait.
CAST_SEED, TRAITS_APART = 0, 6
DUPLICATES, PARTLY_CROPPED, DISTRACTED = 0.03, 0.15, 0.3
README = """Synthetic pictures made by `simpsons synthesize`, drawn by a program.
They have no relation to the series' drawings and are free to use.
"""


class Character(NamedTuple):
    """What all pictures of one class share."""

    skin: str
    head: str
    hair: str
    dye: str
    eyes: str
    mouth: str
    cloth: str
    trim: str
    pattern: str
    extra: str


@dataclass(frozen=True)
class Pen:
    """Draws in a character's own coordinates: the head's centre is 0, its radius about 1."""

    draw: ImageDraw.ImageDraw
    scale: float
    origin: tuple[float, float]
    angle: float = 0.0
    mirrored: bool = False

    def place(self, points: Points) -> list[tuple[float, float]]:
        flip = -1 if self.mirrored else 1
        cos, sin = self.scale * np.cos(self.angle), self.scale * np.sin(self.angle)
        matrix = np.array([[flip * cos, flip * sin], [-sin, cos]])
        return [(float(x), float(y)) for x, y in np.asarray(points) @ matrix + self.origin]

    def shape(self, points: Points, fill: str) -> None:
        placed = self.place(points)
        self.draw.polygon(placed, fill=fill)
        self.draw.line([*placed, placed[0]], fill=INK, width=max(1, round(self.scale * 0.07)))

    def oval(self, x: float, y: float, rx: float, ry: float, fill: str) -> None:
        self.shape(blob(x, y, rx, ry), fill)

    def line(self, points: Points) -> None:
        self.draw.line(self.place(points), INK, max(1, round(self.scale * 0.11)), joint="curve")


def blob(x: float, y: float, rx: float, ry: float, power: float = 2, taper: float = 0) -> Points:
    """Return the outline of a superellipse, clockwise from its right end."""
    turns = np.linspace(0, 2 * np.pi, 28, endpoint=False)
    cos, sin = np.cos(turns), np.sin(turns)
    down = np.sign(sin) * np.abs(sin) ** (2 / power)
    right = np.sign(cos) * np.abs(cos) ** (2 / power) * (1 + taper * down)
    return [(x + rx * float(a), y + ry * float(b)) for a, b in zip(right, down, strict=True)]


def make_cast() -> list[Character]:
    """Return the characters in the order of CLASSES; any two differ in many traits."""
    shared = (SKINS, tuple(HEADS), HAIR, DYES, EYES, MOUTHS, DYES, DYES, PATTERNS, EXTRAS)
    cast: list[Character] = []
    for number in range(len(CLASSES)):
        rng = default_rng([CAST_SEED, number])
        while len(cast) == number:
            new = Character(*(options[int(rng.integers(len(options)))] for options in shared))
            apart = [sum(a != b for a, b in zip(new, old, strict=True)) for old in cast]
            if new.cloth != new.trim and min(apart, default=TRAITS_APART) >= TRAITS_APART:
                cast.append(new)
    return cast


def draw_character(pen: Pen, who: Character, rng: Generator) -> None:
    """Draw one figure; the generator decides its expression only."""
    rx, ry, power, taper = HEADS[who.head]
    if who.hair == "afro":
        pen.oval(0, -0.5 * ry, rx + 0.55, ry + 0.25, who.dye)
    elif who.hair == "bob":
        pen.shape(blob(0, 0.15, rx + 0.38, ry + 0.2, 4, 0.12), who.dye)
    draw_body(pen, who, ry + 0.15)
    for side in (-1, 1):
        pen.oval(side * rx * 0.97, 0.1, 0.2, 0.26, who.skin)
        if who.extra == "earrings":
            pen.oval(side * (rx + 0.08), 0.56, 0.2, 0.26, GOLD)
    outline = blob(0, 0, rx, ry, power, taper)
    pen.shape(outline, who.skin)
    draw_hair(pen, who, [(x * 1.05, y * 1.05) for x, y in outline if y < -0.4 * ry], rx, ry)
    if who.extra == "beard":
        chin = [(x * 1.06, y * 1.12) for x, y in outline if y > 0.2 * ry]
        pen.shape([*chin, (-rx * 0.45, 0.3 * ry), (rx * 0.45, 0.3 * ry)], who.dye)
    draw_face(pen, who, rng)
    draw_extra(pen, who, rx, ry)


def draw_body(pen: Pen, who: Character, top: float) -> None:
    """Draw neck, shoulders and clothes, far below the lower edge of the picture."""
    pen.oval(0, top - 0.1, 0.32, 0.5, who.skin)
    chest = [(-0.55, top), (0.55, top), (1, top + 0.4), (1.1, 9), (-1.1, 9), (-1, top + 0.4)]
    pen.shape(chest, who.cloth)
    if who.pattern == "stripes":
        for y in (0.55, 1.1, 1.65):
            pen.shape(blob(0, top + y, 1.02, 0.14, 20), who.trim)
    elif who.pattern == "dots":
        for row, x in product(range(3), (-0.62, 0, 0.62)):
            pen.oval(x + 0.12 * (-1) ** row, top + 0.4 + 0.52 * row, 0.17, 0.17, who.trim)
    elif who.pattern == "tie":
        pen.shape([(-0.45, top), (0.45, top), (0, top + 0.75)], WHITE)
        tip = [(0.26, 1.2 + top), (0, 1.5 + top), (-0.26, 1.2 + top)]
        pen.shape([(-0.1, top + 0.1), (0.1, top + 0.1), *tip], who.trim)
    elif who.pattern == "vest":
        for side in (-1, 1):
            arm = [(side, top + 0.4), (side * 1.1, 9), (side * 0.25, 9)]
            pen.shape([(side * 0.5, top + 0.05), *arm], who.trim)


def draw_hair(pen: Pen, who: Character, cap: Points, rx: float, ry: float) -> None:
    """Draw what lies before the head; cap is the outline of its upper part, left to right."""
    if who.hair == "spikes":
        pen.shape([(x * out, y * out) for (x, y), out in zip(cap, cycle((1, 1.55)))], who.dye)
    elif who.hair in ("bob", "bun", "tower"):
        pen.shape(cap, who.dye)
    if who.hair == "bun":
        pen.oval(0, -ry - 0.38, 0.48, 0.45, who.dye)
    elif who.hair == "tower":
        pen.shape(blob(0, -ry - 0.45, rx * 0.72, 0.85, 5, -0.12), who.dye)
    elif who.hair == "tufts":
        for side in (-1, 1):
            pen.oval(side * rx * 1.08, -0.3 * ry, 0.3, 0.42, who.dye)


def draw_face(pen: Pen, who: Character, rng: Generator) -> None:
    """Draw eyes, nose and mouth; gaze and mood differ from picture to picture."""
    gaze, mood = rng.uniform(-0.1, 0.1), rng.uniform(-0.12, 0.22)
    for x in (-0.36, 0.36):
        if who.eyes == "dots":
            pen.oval(x + gaze, -0.2, 0.1, 0.14, INK)
        elif who.eyes == "slits":
            pen.line([(x - 0.22, -0.28), (x, -0.16), (x + 0.22, -0.28)])
        else:
            pen.oval(x, -0.2, 0.31, 0.33, WHITE)
            pen.oval(x + gaze, -0.16, 0.08, 0.09, INK)
        if who.eyes == "sleepy":
            pen.shape([spot for spot in blob(x, -0.2, 0.33, 0.35) if spot[1] < -0.16], who.skin)
    pen.oval(0, 0.16, 0.16, 0.14, who.skin)
    smile = [(-0.4, 0.56 - mood), (-0.18, 0.6), (0.18, 0.6), (0.4, 0.56 - mood)]
    if who.mouth == "line":
        pen.line(smile)
    elif who.mouth == "lips":
        pen.shape(blob(0, 0.58, 0.34 + mood / 2, 0.15), LIPS)
    else:
        pen.shape([*smile, (0.2, 0.8), (-0.2, 0.8)], INK)
        if who.mouth == "teeth":
            pen.shape([(-0.2, 0.58), (0.2, 0.58), (0.2, 0.8), (-0.2, 0.8)], WHITE)


def draw_extra(pen: Pen, who: Character, rx: float, ry: float) -> None:
    """Draw what is worn on the head."""
    if who.extra == "hat":
        pen.shape(blob(0, -ry - 0.12, rx * 0.75, 0.6, 5), who.trim)
        pen.oval(0, -ry * 0.62, rx + 0.35, 0.17, who.trim)
    for side in (-1, 1):
        if who.extra == "glasses":
            pen.line([*blob(side * 0.4, -0.18, 0.37, 0.34), (side * 0.4 + 0.37, -0.18)])
            pen.line([(side * 0.77, -0.2), (side * rx, -0.25)])
        elif who.extra == "moustache":
            pen.shape([(0, 0.34), (side * 0.55, 0.36), (side * 0.62, 0.56), (0, 0.5)], who.dye)
        elif who.extra == "bow":
            pen.shape(blob(0.4 + side * 0.28, -ry * 0.9, 0.28, 0.28, 3), who.trim)


def draw_background(size: tuple[int, int], rng: Generator) -> Image.Image:
    """Return flat colour, a gradient, stripes, shapes, a sky with a meadow, or a room."""
    near, far = (tuple(int(v) for v in rng.integers(70, 245, 3)) for _ in range(2))
    image = Image.new("RGB", size, near)
    draw, (width, height) = ImageDraw.Draw(image), size
    kind = rng.choice(("flat", "gradient", "stripes", "shapes", "sky", "room"))
    if kind in ("gradient", "sky"):
        image.paste(far, mask=Image.linear_gradient("L").resize(size))
    if kind == "stripes":
        for x in range(-height, width, int(rng.integers(height // 6, height // 2))):
            draw.line([(x, 0), (x + int(rng.integers(height)), height)], far, height // 12)
    elif kind in ("shapes", "sky"):
        for _ in range(rng.integers(3, 7)):
            left, top = rng.uniform(0, width), rng.uniform(0, height / 2)
            box = (left, top, left + width / 4, top + height / 8)
            draw.ellipse(box, far if kind == "shapes" else WHITE)
    if kind in ("sky", "room"):
        draw.rectangle((0, int(height * rng.uniform(0.6, 0.8)), width, height), far)
    if kind == "room":
        left = width * rng.uniform(0, 0.7)
        draw.rectangle((left, height * 0.1, left + width / 4, height * 0.4), WHITE, INK, 3)
    return image


def draw_picture(who: Character, side: int, rng: Generator) -> Image.Image:
    """Return the character somewhere before something, in the light of the day."""
    short = side * SUPERSAMPLING
    width, height = (round(short * part) for part in FORMATS[rng.integers(len(FORMATS))])
    image = draw_background((width, height), rng)
    draw, scale = ImageDraw.Draw(image), 0.25 * short * rng.uniform(0.6, 1.1)
    spread = 0.5 if rng.random() < PARTLY_CROPPED else 0.2
    place = (width / 2 + short * rng.uniform(-spread, spread), height * rng.uniform(0.42, 0.56))
    pen = Pen(draw, scale, place, angle=rng.normal(0, 0.12), mirrored=bool(rng.random() < 0.5))
    draw_character(pen, who, rng)
    if rng.random() < DISTRACTED:
        corner = (width * float(rng.choice((0.1, 0.9))), height * rng.uniform(0.6, 0.95))
        thing = blob(0, 0, rng.uniform(0.4, 1), rng.uniform(0.4, 1), float(rng.choice((1, 2, 8))))
        Pen(draw, 0.2 * short, corner).shape(thing, DYES[rng.integers(len(DYES))])
    light = rng.uniform(0.65, 1.2) * rng.uniform(0.85, 1.15, 3)
    pixels = (np.asarray(image.reduce(SUPERSAMPLING)) * light).clip(0, 255)
    return Image.fromarray(pixels.astype(np.uint8))


def write_pictures(root: Path, truth: Sequence[str], per_class: int, side: int, seed: int) -> None:
    """Write both folders of pictures; truth tells the classes of the test pictures in order."""
    cast = dict(zip(CLASSES, make_cast(), strict=True))
    for number, name in enumerate(CLASSES):
        folder = root / "train" / "simpsons_dataset" / name
        folder.mkdir(parents=True)
        share = default_rng([seed, 0, number]).uniform(0.5, 1.5)
        for index in range(max(1, round(per_class * share))):
            rng = default_rng([seed, 1, number, index])
            # The real data has such twins: who splits it at random must look out for them.
            if index and rng.random() < DUPLICATES:
                light = float(rng.choice((0.93, 0.96, 1.04, 1.07)))
                with Image.open(folder / f"pic_{index - 1:04}.jpg") as before:
                    image = before.point([min(255, round(v * light)) for v in range(256)] * 3)
            else:
                image = draw_picture(cast[name], side, rng)
            image.save(folder / f"pic_{index:04}.jpg", quality=85)
    (root / "testset" / "testset").mkdir(parents=True)
    for index, name in enumerate(truth):
        image = draw_picture(cast[name], side, default_rng([seed, 2, index]))
        image.save(root / "testset" / "testset" / f"img{index}.jpg", quality=85)


def synthesize(
    out: Path, per_class: int = 24, test: int = 210, side: int = 96, seed: int = 0
) -> None:
    """Write 42 drawn characters in the competition's layout below out, and truth.csv beside it.

    Raises:
        DataError: out is there already and not empty.
    """
    out = out.resolve()
    if out.is_file() or (out.is_dir() and any(out.iterdir())):
        raise DataError(f"{out} is not an empty folder: name a new one, or remove it first.")
    truth = [CLASSES[n % len(CLASSES)] for n in default_rng([seed, 3]).permutation(test)]
    constant = ["bart_simpson"] * test
    out.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=f".{out.name}.", dir=out.parent) as temporary:
        root = Path(temporary) / "data"
        write_pictures(root, truth, per_class, side, seed)
        for file, labels in (("truth.csv", truth), ("sample_submission.csv", constant)):
            rows = [f"img{index}.jpg,{label}\n" for index, label in enumerate(labels)]
            (root / file).write_text("Id,Expected\n" + "".join(rows), "utf-8", newline="\n")
        (root / "README.txt").write_text(README, "utf-8", newline="\n")
        if out.exists():
            out.rmdir()
        root.rename(out)
