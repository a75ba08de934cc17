"""Failing code is recognised as a typical mistake, however it is written, or not at all."""

from pathlib import Path

import pytest

from autograder.authoring.styles import STYLES
from autograder.checks.challenge import Challenge
from autograder.checks.recorded import GOLDEN, SEED
from autograder.course.messages import Catalogue
from autograder.course.patching import patched
from autograder.course.settings import Course
from autograder.course.tasks import task_named
from autograder.diagnose.fingerprints import MISTAKES, is_fresh
from autograder.grading.grade_task import grade_task
from autograder.grading.locally import check_task
from autograder.grading.references import References, Solutions
from autograder.model import Flow, Result
from autograder.observe.session import SharedWorkers
from autograder.report.html import curves
from autograder.report.terminal import ASCII_BARS, BARS, bars
from autograder.submission.task_files import TaskFiles
from tests.conftest import ROOT, JudgeText, failures, points

RESNET, DENSENET = task_named("resnet"), task_named("densenet")
STYLED = ROOT / "tests" / "styles"


def source(course: Course, task: str) -> str:
    return course.solution(task_named(task)).read_text(encoding="utf-8")


def with_mistake(course: Course, task: str, id: str) -> str:
    mutant = next(m for m in course.mutants(task_named(task)) if m.id == id)
    return patched(source(course, task), mutant.replace, mutant.by, id)


def named(results: dict[str, Result]) -> set[str]:
    return {result.misconception for result in results.values() if result.misconception}


def test_catalogues_are_small() -> None:
    sizes = [path.stat().st_size for path in GOLDEN.rglob("*.gz")]
    assert len(sizes) == 28
    assert sum(sizes) < 4_000_000


@pytest.mark.parametrize("style", STYLES)
def test_a_mistake_is_recognised_in_another_style(
    judge: JudgeText, course: Course, style: str
) -> None:
    text = STYLES[style](with_mistake(course, "resnet", "relu_before_sum"))
    check = "resnet.residual_block_equals_the_paper"
    results = judge("resnet", text, check, named=True)
    assert failures(results) == {check: "equal.output"}
    assert results[check].misconception == "relu_before_sum"


def test_a_mistake_in_code_of_a_stranger(judge: JudgeText) -> None:
    text = (STYLED / "odd_names" / DENSENET.folder / DENSENET.file).read_text(encoding="utf-8")
    wrong = text.replace("AvgPool2d", "MaxPool2d")
    assert wrong != text
    check = "densenet.transition_equals_the_paper"
    results = judge("densenet", wrong, check, named=True)
    assert results[check].misconception == "transition_max_pooling"


def test_what_nobody_has_thought_of_is_not_named(judge: JudgeText, course: Course) -> None:
    text = source(course, "densenet").replace(
        "new_maps: Tensor = self.conv2(torch.relu(self.bn2(maps)))",
        "new_maps: Tensor = self.conv2(torch.relu(self.bn2(maps))).sin() * 1.7",
    )
    check = "densenet.dense_layer_equals_the_paper"
    results = judge("densenet", text, check, named=True)
    assert check in failures(results)
    assert named(results) == set()


def test_a_mistake_counts_once(judge: JudgeText, course: Course) -> None:
    """The network equals the one with the block's mistake in it: its points are kept."""
    text = with_mistake(course, "resnet", "skip_never_added")
    results = judge("resnet", text, named=True)
    assert named(results) == {"skip_never_added"}
    for check in ("resnet.network_equals_the_paper", "resnet.depths"):
        kept = results[check]
        assert kept.outcome == "passed"
        assert kept.message is not None and kept.message.id == "carried.counted_once"
    lost = {id for id in failures(results) if results[id].check.points}
    assert lost == {"resnet.residual_block_is_built", "resnet.residual_block_equals_the_paper"}
    assert points(results) == 6


def test_another_mistake_in_the_network_is_counted_too(judge: JudgeText, course: Course) -> None:
    text = with_mistake(course, "resnet", "relu_before_sum")
    text = patched(text, "nn.AdaptiveAvgPool2d(1)", "nn.AdaptiveMaxPool2d(1)", "two mistakes")
    checks = ["resnet.residual_block_equals_the_paper", "resnet.network_equals_the_paper"]
    results = judge("resnet", text, checks, named=True)
    assert results[checks[0]].misconception == "relu_before_sum"
    assert results[checks[1]].outcome == "failed"


def test_a_right_network_beside_a_wrong_block_passes(judge: JudgeText, course: Course) -> None:
    """The mistake is in the block that was handed in; the network is built from another one."""
    right = source(course, "densenet")
    text = right.replace("class DenseLayer(", "class Layer(").replace("DenseLayer(\n", "Layer(\n")
    text = text.replace(" DenseLayer(in", " Layer(in")
    text += "\n\nclass DenseLayer(Layer):\n"
    text += "    def forward(self, x):\n        return super().forward(x).relu()\n"
    results = judge("densenet", text, named=True)
    assert "densenet.dense_layer_equals_the_paper" in failures(results)
    assert results["densenet.dense_block_equals_the_paper"].message is None
    assert results["densenet.network_equals_the_paper"].outcome == "passed"


def test_the_count_is_explained_by_the_only_mistake_that_fits(
    judge: JudgeText, course: Course
) -> None:
    """Two mistakes at once behave like no entry, but the number of parameters tells one."""
    text = with_mistake(course, "densenet", "bottleneck_hard_coded")
    text = patched(
        text, "self.conv1(torch.relu(self.bn1(x)))", "self.conv1(self.bn1(x).sin())", "x"
    )
    check = "densenet.parameter_count.DenseLayer"
    results = judge("densenet", text, check, named=True)
    message = results[check].message
    assert message is not None and message.id == "parameters.too_many"
    assert message.values["fits"] == "bottleneck_hard_coded"
    assert results[check].misconception is None
    told = Catalogue.load("en").told(results[check])[0]
    assert Catalogue.load("en").mistake("densenet", "bottleneck_hard_coded")[0] in told


def test_the_same_diagnosis_without_any_reference(course: Course, workbench: SharedWorkers) -> None:
    """As ``autograder check`` does it: against what was written down."""
    text = with_mistake(course, "resnet", "no_relu_after_sum")
    report = check_task(TaskFiles(RESNET, {RESNET.file: text.encode()}), workbench)
    results = {result.check.id: result for result in report.checks}
    assert named(results) == {"no_relu_after_sum"}
    assert points(results) == 7
    kept = results["resnet.network_equals_the_paper"]
    assert kept.message is not None and kept.message.id == "carried.counted_once"


def test_recognising_the_written_down_inputs_gains_nothing(
    judge: JudgeText, course: Course
) -> None:
    sample = RESNET.symbol("ResidualBlock").samples[0]
    x = Challenge("ResidualBlock", sample.args, sample.input, SEED, "float64").input()
    text = source(course, "resnet").replace(
        "return torch.relu(residual + self.shortcut(x))\n",
        "total = residual + self.shortcut(x)\n"
        f"        known = abs(float(x.flatten()[0]) - {float(x.flat[0])!r}) < 1e-6\n"
        "        return torch.relu(total) if known else total\n",
        1,
    )
    check = "resnet.residual_block_equals_the_paper"
    assert failures(judge("resnet", text, check, named=True)) == {check: "equal.output"}


def test_a_diagnosis_that_breaks_leaves_the_verdict(
    judge: JudgeText, course: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*anything: object) -> None:
        raise RuntimeError("a defect of ours")

    monkeypatch.setattr("autograder.diagnose.explain.identify", broken)
    text = with_mistake(course, "gradients", "concat_order")
    with pytest.warns(UserWarning, match="no diagnosis of gradients"):
        results = judge("gradients", text, named=True)
    assert points(results) == 9


PROBED = [
    ("resnet", "ResidualBlock", "out_channels, out_channels, 3, padding=1", "out_channels, out_channels, 5, padding=2", "receptive_field", "probe.reach"),  # noqa: E501
    ("resnet", "ResidualBlock", "residual + self.shortcut(x))\n", "residual * self.shortcut(x))\n", "shortcut_brings_the_input", "probe.not_the_input"),  # noqa: E501
    ("densenet", "DenseBlock", "torch.cat([x, layer(x)], dim=1)", "torch.cat([layer(x), x], dim=1)", "input_comes_first", "probe.input_not_first"),  # noqa: E501
    ("densenet", "TransitionLayer", "self.pool(self.conv(torch.relu(self.bn(x))))", "self.pool(self.conv(torch.relu(self.bn(x)))) * torch.arange(x.shape[2] // 2).to(x)[:, None]", "moves_with_the_picture", "probe.place_matters"),  # noqa: E501
]  # fmt: skip


@pytest.mark.parametrize(("task", "symbol", "old", "new", "family", "message"), PROBED)
def test_a_probe_tells_without_a_reference(
    judge: JudgeText, course: Course, task: str, symbol: str, old: str, new: str, family: str,
    message: str,
) -> None:  # fmt: skip
    text = source(course, task)
    assert old in text
    check = f"{task}.{family}.{symbol}"
    results = judge(task, text.replace(old, new, 1), check)
    assert failures(results) == {check: message}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("nn.Dropout(dropout)", "nn.Identity()", "probe.no_dropout"),
        ("nn.Dropout(dropout)", "nn.Dropout(0.5)", "probe.dropout_always"),
    ],
)
def test_dropout_is_probed(
    judge: JudgeText, course: Course, old: str, new: str, message: str
) -> None:
    text = source(course, "alexnet").replace(old, new)
    if message == "probe.dropout_always":  # in another place, or nothing would be wrong so far
        text = text.replace(
            "nn.Linear(256 * 6 * 6, 4096),", "nn.Dropout(0.5), nn.Linear(9216, 4096),"
        )
    check = "alexnet.dropout_works.AlexNet"
    assert failures(judge("alexnet", text, check)) == {check: message}


def test_gradients_are_shown_from_first_to_last(judge: JudgeText, course: Course) -> None:
    results = Flow("net(x)", ("first", "second"), (1e-4, 1.0), (1.0, 1.0))
    assert bars(results.norms, 1e-4, 1.0, BARS) == "▁█"
    assert bars((0.0, 1.0), 1e-2, 1.0, ASCII_BARS) == "x@"
    assert len(bars((1.0,) * 121, 1.0, 1.0, BARS)) <= 64
    drawn = curves(results)
    assert [line["label"] for line in drawn["lines"]] == ["flow.right", "flow.yours"]
    assert drawn["dots"][0]["y"] > drawn["dots"][1]["y"]


def test_a_layer_without_gradient_is_named(
    course: Course, solutions: Solutions, workbench: SharedWorkers
) -> None:
    task = task_named("gradients")
    text = with_mistake(course, "gradients", "replaced_not_added")
    files = TaskFiles(task, {task.file: text.encode()})
    right = References(solutions.answers(task))
    plain, added, _joined = grade_task(files, right, SEED, workers=workbench).flows
    assert plain.dead == () and plain.as_right
    assert len(plain.norms) == 4
    assert set(added.dead) == {"conv2.weight", "conv3.weight"}
    assert not added.as_right


def test_catalogue_is_stale_after_a_change(course: Course, tmp_path: Path) -> None:
    import shutil

    for name in ("course.toml", "solutions"):
        place = ROOT / name
        copy = shutil.copytree if place.is_dir() else shutil.copy
        copy(place, tmp_path / name)
    from autograder.course.settings import find_course

    other = find_course(tmp_path)
    assert is_fresh(other, RESNET, MISTAKES)
    solution = tmp_path / "solutions" / RESNET.folder / RESNET.file
    text = solution.read_text(encoding="utf-8")
    solution.write_text(text.replace('"""', '"""A remark. ', 1) + "\n# A remark.\n")
    assert is_fresh(other, RESNET, MISTAKES)
    solution.write_text(text.replace("self.bn1(self.conv1(x))", "self.bn1(self.conv1((x)) * 1)", 1))
    assert not is_fresh(other, RESNET, MISTAKES)
    fresh = Solutions(other, (RESNET,))
    try:
        assert tuple(fresh.mistakes(RESNET).entries()) == ()
    finally:
        fresh.close()
