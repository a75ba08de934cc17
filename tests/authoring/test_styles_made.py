"""A solution rewritten into another style is right where it was and wrong where it was."""

import ast
from typing import Any

import pytest

from autograder.authoring.styles import STYLES
from autograder.course.mutants import Mutant
from autograder.course.patching import patched
from autograder.course.settings import Course
from autograder.course.tasks import task_named
from tests.conftest import LESSON, JudgeText, failures, points

LARGE = ("alexnet", "vgg")
TASKS = [
    pytest.param(task.name, marks=pytest.mark.slow if task.name in LARGE else ()) for task in LESSON
]
# One of each kind: plain functions, a plain list, in place, detached, arguments, expressions.
HANDFUL = {
    "gradients": ("floats_only", "unused_left_out", "concat_order"),
    "resnet": ("input_changed_in_place", "branch_detached", "batch_norm_defaults_changed"),
    "densenet": ("layers_in_plain_list", "input_not_in_output", "transition_max_pooling"),
}


def source(course: Course, task: str) -> str:
    return course.solution(task_named(task)).read_text(encoding="utf-8")


def wrong(course: Course, task: str, mutant: Mutant) -> list[str]:
    """The solution with the mistake, at its place and at the others it may stand at."""
    places = [(mutant.replace, mutant.by), *mutant.also]
    return [patched(source(course, task), *place, mutant.id) for place in places]


def words(text: str) -> set[str]:
    """Every name and attribute in a program."""
    nodes = list(ast.walk(ast.parse(text)))
    names = {node.id for node in nodes if isinstance(node, ast.Name)}
    return names | {node.attr for node in nodes if isinstance(node, ast.Attribute)}


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("style", STYLES)
def test_reference_gets_full_points(
    course: Course, judge: JudgeText, style: str, task: str
) -> None:
    results = judge(task, STYLES[style](source(course, task)))
    assert failures(results) == {}
    assert points(results) == 10


@pytest.mark.parametrize("task", [task.name for task in LESSON])
def test_every_style_changes_what_it_says(course: Course, task: str) -> None:
    text = source(course, task)
    assert kept(text)
    assert not kept(text) & kept(STYLES["renamed"](text))
    assert "._modules" in STYLES["renamed"](text)
    written = STYLES["functional"](text)
    assert not [name for name in ("Conv2d", "Linear", "BatchNorm2d") if f"nn.{name}(" in written]
    stateless = {"ReLU", "MaxPool2d", "AvgPool2d", "AdaptiveAvgPool2d", "Dropout", "Flatten"}
    assert not stateless & words(written)
    said = STYLES["expressions"](text)
    assert not {"ReLU", "AdaptiveAvgPool2d"} & words(said)
    assert "torch.relu(" not in said
    assert "nn.ModuleDict()" in said


def kept(text: str) -> set[str]:
    """Every name of self.name."""
    nodes = ast.walk(ast.parse(text))
    found = {n.attr for n in nodes if isinstance(n, ast.Attribute) and is_self(n.value)}
    return found - {"_modules", "_parameters"}


def is_self(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id == "self"


@pytest.mark.slow
@pytest.mark.parametrize("task", [task.name for task in LESSON])
def test_every_mistake_can_be_rewritten(course: Course, task: str) -> None:
    for mutant in course.mutants(task_named(task)):
        for text in wrong(course, task, mutant):
            for style in STYLES.values():
                made = style(text)
                compile(made, mutant.id, "exec")
                assert made != text


@pytest.mark.parametrize(("task", "id"), [(t, id) for t, ids in HANDFUL.items() for id in ids])
def test_a_mistake_stays_the_same_mistake(
    course: Course, judge: JudgeText, task: str, id: str
) -> None:
    (mutant,) = [m for m in course.mutants(task_named(task)) if m.id == id]
    stays_the_same(course, judge, task, mutant)


@pytest.mark.slow
@pytest.mark.parametrize("task", [task.name for task in LESSON])
def test_every_mistake_stays_the_same_mistake(course: Course, judge: JudgeText, task: str) -> None:
    for mutant in course.mutants(task_named(task)):
        stays_the_same(course, judge, task, mutant)


def stays_the_same(course: Course, judge: JudgeText, task: str, mutant: Mutant) -> None:
    for number, text in enumerate(wrong(course, task, mutant)):
        plain = failures(judge(task, text, only=mutant.fails))
        assert number or plain == {mutant.fails: mutant.message}
        for style, rewrite in STYLES.items():
            made = failures(judge(task, rewrite(text), only=mutant.fails))
            assert made == plain, f"{mutant.id}, {style}"


HARD = """
from __future__ import annotations
import torch
from torch import Tensor, nn

class Block(nn.Module):
    expansion = 2
    def __init__(self, maps: int, size: int = 3) -> None:
        super().__init__()
        made = [nn.Conv2d(maps, maps, size, padding="same", groups=2, bias=i > 0) for i in (0, 1)]
        self.made = nn.Sequential(*made, nn.Softmax(dim=1))
        self.norm = nn.BatchNorm2d(maps, momentum=0.3, eps=0.1)
        self.register_buffer("scale", torch.full((1,), 2.0))
        self.act = lambda x: nn.functional.relu(x) * self.scale
        self.pool = nn.MaxPool2d(2, ceil_mode=True)
        self.maps = 2 * maps
        self.head = nn.Linear(maps, self.expansion * maps, bias=False)

    def join(self, maps, other=None):
        return torch.cat([maps, maps if other is None else other], 1)

    def forward(self, x):
        maps = [layer(x) for layer in self.made[:2]]
        with torch.no_grad():
            still = self.norm(x).detach()
        x = nn.functional.dropout(x, 0.5, self.training) + self.act(maps[0]) * maps[1]
        x = self.join(self.pool(x), other=getattr(self, "pool")(still.relu()))
        seen = [1] + [self.maps] * sum(isinstance(m, (nn.Conv2d, nn.Softmax)) for m in self.made)
        x = x[:, : x.shape[1] // 2].flatten(2).mean(2).softmax(dim=1)
        return self.head(x) + 0.01 * sum(seen)
"""


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("style", STYLES)
def test_other_code_computes_the_same(style: str, training: bool) -> None:
    """Lambdas, comprehensions, no_grad, buffers, slices and arguments of every kind."""
    torch = pytest.importorskip("torch")
    found = []
    for text in (HARD, STYLES[style](HARD)):
        space: dict[str, Any] = {"__name__": "hard"}
        exec(compile(text, "hard", "exec"), space)
        block = space["Block"](4).train(training)
        for tensor in (*block.parameters(), *block.buffers()):
            # The same numbers whatever the name; the last matrix may stand the other way round.
            if tensor.is_floating_point():
                turned = tensor.shape == (4, 8)
                numbers = torch.linspace(0.1, 2, tensor.numel())
                tensor.data.copy_(numbers.view(8, 4).t() if turned else numbers.view(tensor.shape))
        x = torch.linspace(-3, 3, 200).view(2, 4, 5, 5).requires_grad_()
        torch.manual_seed(0)
        out = block(x)
        (out * torch.linspace(0, 1, out.numel()).view_as(out)).sum().backward()
        sums = sorted(b.sum().item() for b in block.buffers() if b.is_floating_point())
        found.append((out.detach(), x.grad, torch.tensor(sums)))
    for got, expected in zip(*found, strict=True):
        assert torch.allclose(got, expected, rtol=1e-4, atol=1e-6)
        assert expected.abs().max() > 0


UNSAFE = """
import torch
from torch import nn

class Odd(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = Even()
        self.second = nn.Sequential(nn.ReLU(), nn.Flatten())

    def forward(self, x):
        kept = torch.relu(self.first(x))
        return kept.flatten(1) + self.second(x)

class Even(nn.Module):
    def __init__(self):
        super().__init__()
        for i in range(2):
            setattr(self, f"layer{i}", nn.Identity())

    def forward(self, x):
        x += 1
        return getattr(self, "layer1")(self.layer0(x))

def is_linear(layer):
    return type(layer) is nn.Linear, isinstance(layer, nn.Linear), nn.Linear(1, 1).weight.shape
"""


@pytest.mark.parametrize("style", STYLES)
def test_what_is_not_safe_is_left_alone(style: str) -> None:
    """Inputs changed in place, names put together while running, classes asked for."""
    torch = pytest.importorskip("torch")
    found = []
    for text in (UNSAFE, STYLES[style](UNSAFE)):
        space: dict[str, Any] = {"__name__": "unsafe"}
        exec(compile(text, "unsafe", "exec"), space)
        x = torch.linspace(-3, 3, 24).view(2, 3, 2, 2)
        found.append((space["Odd"]()(x), x, space["is_linear"](torch.nn.Linear(1, 1))))
    (out, x, kinds), (got, changed, kinds_of_it) = found
    assert torch.equal(out, got)
    assert torch.equal(x, changed)
    assert kinds == kinds_of_it == (True, True, (1, 1))
