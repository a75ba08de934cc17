"""The homework: the network, augmentation, the two loops, the file, and its F1.

Only the F1 scores. The other checks explain: each names a mistake that students of the
competition really made and that costs them points without a word from Python.
"""

from typing import Literal

import numpy as np

from autograder.checks.challenge import GaveUp, NoAnswer, run_text, shape_text
from autograder.checks.compare import distance
from autograder.checks.families import listed
from autograder.checks.prediction import drawn_pictures, honest, reproduce
from autograder.checks.programs import ProgramAnswers
from autograder.checks.promise import Failed, Held, Scored, expect, fail, promise
from autograder.checks.subject import Subject
from autograder.observe import protocol
from autograder.observe.draw import random_state
from autograder.observe.frames import Array
from autograder.observe.protocol import Rehearsed
from autograder.submission.homework import Homework, Reproduced, class_names
from autograder.submission.scoring import MAX_POINTS, points_for

BATCHES = (6, 6, 4)  # pictures in the batches of a rehearsal
SIDE = 8
Loop = Literal["predict", "train_one_epoch"]
MAX_BYTES = 95 << 20
SIZE = 64
PICTURES = 24  # of the rehearsal of predict.py


@promise(after="is_written", symbol="build_model")
def test_network_output(subject: Subject) -> None:
    """build_model(num_classes) makes a network with one output for each class."""
    for sample in subject.symbol.samples:
        got = subject.description(sample).output
        expected = [sample.input[0], sample.args["num_classes"]]
        call = run_text("build_model", sample.args, sample.input)
        values = {"got": shape_text(got), "expected": shape_text(expected)}
        expect(got == expected, "shape.wrong", call=call, **values)


@promise(after="network_output", symbol="build_model")
def test_network_returns_logits(subject: Subject) -> None:
    """The network returns logits: the softmax is part of the loss."""
    sample = subject.symbol.samples[0]
    challenge = subject.challenge(sample, dtype="float32")
    output = subject.student.outcome(subject.symbol, challenge, {}).output
    check_logits(output, "logits.network")


def check_logits(output: Array, id: str) -> None:
    """Fail if the rows are probabilities or their logarithms."""
    softmax = bool((output >= 0).all()) and bool(np.allclose(output.sum(1), 1, atol=1e-3))
    expect(not softmax, id, function="softmax")
    with np.errstate(over="ignore"):
        total = np.exp(output).sum(1)
    logarithms = bool((output <= 0).all()) and bool(np.allclose(total, 1, atol=1e-3))
    expect(not logarithms, id, function="log_softmax")


@promise(after="network_output", symbol="build_model")
def test_network_learns(subject: Subject) -> None:
    """Every parameter of the network gets a gradient."""
    sample = subject.symbol.samples[0]
    challenge = subject.challenge(sample, dtype="float32", mode="train", backward=True)
    outcome = subject.student.outcome(subject.symbol, challenge, {})
    call = run_text("build_model", sample.args, sample.input)
    expect(bool(outcome.gradients), "gradient.no_parameters", call=call)
    dead = [name for name, trace in outcome.gradients.items() if trace.norm == 0]
    expect(not dead, "gradient.dead", call=call, names=listed(dead))


@promise(after="network_output", symbol="build_model")
def test_network_fits_git(subject: Subject) -> None:
    """The checkpoint of the network is small enough for git."""
    sample = subject.symbol.samples[0]
    weights = subject.description(sample).weights
    size = 4 * sum(abs(int(np.prod(weight.shape))) for weight in weights)
    expect(size <= MAX_BYTES, "checkpoint.too_large", got=round(size / 1e6), limit=95)


@promise(after="is_written", symbol="augment")
def test_augment_keeps_the_form(subject: Subject) -> None:
    """augment returns new pictures of the same shape and type, and leaves its input alone."""
    batch = pictures(subject)
    got, changed = augmented(subject, batch, 1)
    expect(not changed, "augment.changes_input")
    expected = shape_text(batch.shape)
    alike = got.shape == batch.shape
    expect(alike, "augment.shape", got=shape_text(got.shape), expected=expected)
    expect(str(got.dtype) == "uint8", "augment.dtype", got=str(got.dtype))


@promise(after="augment_keeps_the_form", symbol="augment")
def test_augment_follows_the_generator(subject: Subject) -> None:
    """augment draws all its randomness from the generator it is given."""
    batch = pictures(subject)
    first, second = (augmented(subject, batch, 1)[0] for _ in range(2))
    expect(bool(np.array_equal(first, second)), "augment.not_repeatable")


@promise(after="augment_keeps_the_form", symbol="augment")
def test_augment_varies(subject: Subject) -> None:
    """augment changes pictures, and not all of them in the same way."""
    batch = pictures(subject)
    batch[:] = batch[:1]  # one picture twelve times: what differs is the change
    found = [augmented(subject, batch, number)[0] for number in range(4)]
    unchanged = all(np.array_equal(one, batch) for one in found)
    expect(not unchanged, "augment.does_nothing")
    alike = all((one == one[:1]).all() for one in found)
    expect(not alike, "augment.all_alike")


def pictures(subject: Subject) -> Array:
    """Random uint8 pictures with a plain gradient below, so that any change shows."""
    random = random_state(subject.seed, "pictures")
    return random.randint(0, 256, (12, 3, SIZE, SIZE)).astype(np.uint8)


def augmented(subject: Subject, batch: Array, number: int) -> tuple[Array, bool]:
    """What augment returns, and whether it changed its input."""
    call = f"augment(x{shape_text(batch.shape)}, generator)"
    returned = subject.student.call("augment", [batch, {"$generator": number}], call)
    if not isinstance(returned.value, np.ndarray):
        fail("value.not_a_tensor", call=call, got=returned.kind)
    return returned.value, returned.input_changed


@promise(after="is_written", symbol="predict")
def test_predict_in_eval_mode(subject: Subject) -> None:
    """predict puts the network into eval mode first."""
    training = [step for step in rehearsed(subject, "predict").steps if step.training]
    expect(not training, "predict.no_eval")


@promise(after="is_written", symbol="predict")
def test_predict_builds_no_graph(subject: Subject) -> None:
    """predict computes no gradients."""
    graphs = [step for step in rehearsed(subject, "predict").steps if step.graph]
    expect(not graphs, "predict.graph")


@promise(after="is_written", symbol="predict")
def test_predict_leaves_pictures_alone(subject: Subject) -> None:
    """predict gives the network the pictures as they come: the numbers training saw."""
    given, _ = rehearsal(subject)
    seen = [step.input for step in rehearsed(subject, "predict").steps]
    expect(bool(seen), "predict.network_unused")
    if same(seen, given):
        return
    again = [step.input for step in rehearsed(subject, "predict", again=True).steps]
    id = "normalised" if same(seen, again) else "augmented"
    if id == "normalised" and same([-x for x in seen], [-x[..., ::-1] for x in given]):
        id = "augmented"  # mirrored, every time
    fail(f"predict.{id}")


@promise(after="predict_leaves_pictures_alone", symbol="predict")
def test_predict_in_order(subject: Subject) -> None:
    """predict returns the most likely class of every picture, in their order."""
    found = rehearsed(subject, "predict")
    right = np.concatenate([logits.argmax(1) for logits in found.logits])
    value = found.value
    if not isinstance(value, np.ndarray):
        fail("predict.not_a_tensor", got=found.kind)
    expected = shape_text(right.shape)
    expect(
        value.shape == right.shape, "predict.shape", got=shape_text(value.shape), expected=expected
    )
    expect(found.kind == "int64", "predict.dtype", got=found.kind)
    if np.array_equal(value, right):
        return
    shuffled = np.array_equal(np.sort(value), np.sort(right))
    fail("predict.shuffled" if shuffled else "predict.other_class")


@promise(after="predict_in_order", symbol="predict")
def test_predict_reads_the_config(subject: Subject) -> None:
    """predict.py takes classes and normalisation from the run folder's config.json."""
    check_program(subject)


def check_program(subject: Subject) -> None:
    """Run predict.py with a config, and with two others that must change nothing but names."""
    first = program(subject, reverse=False, lift=0)
    expect(bool(first), "program.empty")
    wanted = {f"img{number}" for number in range(PICTURES)}
    expect(set(first) == wanted, "program.ids", got=", ".join(list(first)[:3]))
    lifted = program(subject, reverse=False, lift=130)
    moved = sum(first[name] != lifted.get(name) for name in first)
    expect(moved <= PICTURES // 10, "program.normalisation", count=moved, n=PICTURES)
    classes = class_names()
    opposite = dict(zip(classes, reversed(classes), strict=True))
    other = program(subject, reverse=True, lift=0)
    moved = sum(opposite.get(first[name]) != other.get(name) for name in first)
    expect(moved == 0, "program.class_order", count=moved, n=PICTURES)


def program(subject: Subject, reverse: bool, lift: int) -> dict[str, str]:
    """Class by Id as predict.py writes them for a random network and random pictures.

    reverse: the config lists the classes the other way round. lift: pictures and the mean of
    the config are both brighter by so much, which changes nothing for code that reads it.
    """
    classes = class_names()

    def checkpoint(handle: int, folder: str) -> protocol.Checkpoint:
        mean = [round(m + lift / 255, 6) for m in (0.2, 0.25, 0.3)]
        order = classes[::-1] if reverse else classes
        return protocol.Checkpoint(handle, folder, SIZE, mean, [0.2, 0.25, 0.3], order)

    network = subject.task.symbol("build_model")
    pictures = drawn_pictures(subject.seed, PICTURES, lift)
    args = {"num_classes": len(classes)}
    return programs(subject).program(network, args, checkpoint, subject.seed, pictures)


@promise(after="is_written", symbol="recipe")
def test_recipe_is_written(subject: Subject) -> None:
    """recipe() returns a Recipe."""
    kind = subject.student.call("recipe", [], "recipe()").kind
    expect(kind == "Recipe", "recipe.other", got=kind)


@promise(after="is_written", symbol="train_one_epoch")
def test_training_in_train_mode(subject: Subject) -> None:
    """train_one_epoch puts the network into train mode first."""
    steps = rehearsed(subject, "train_one_epoch").steps
    expect(bool(steps), "train.network_unused")
    expect(all(step.training for step in steps), "train.no_train_mode")


@promise(after="is_written", symbol="train_one_epoch")
def test_training_moves_weights(subject: Subject) -> None:
    """train_one_epoch improves the network after every batch."""
    found = rehearsed(subject, "train_one_epoch")
    expect(found.moved, "train.weights_stay")
    used = sum(step.loss is not None for step in found.steps)
    expect(used == len(BATCHES), "train.batches", got=used, expected=len(BATCHES))


@promise(after="training_moves_weights", symbol="train_one_epoch")
def test_training_zeroes_gradients(subject: Subject) -> None:
    """The gradients of one batch are gone before those of the next are computed."""
    stale = [step for step in rehearsed(subject, "train_one_epoch").steps if step.stale]
    expect(not stale, "train.stale_gradients")


@promise(after="training_moves_weights", symbol="train_one_epoch")
def test_loss_gets_logits(subject: Subject) -> None:
    """The loss gets the network's logits as they are."""
    found = rehearsed(subject, "train_one_epoch")
    for step, logits in zip(found.steps, found.logits, strict=False):
        if step.loss_input is None or step.loss_input.shape != logits.shape:
            continue
        check_logits(step.loss_input, "logits.loss")
        expect(distance(step.loss_input, logits) < 1e-3, "logits.changed")


@promise(after="training_moves_weights", symbol="train_one_epoch")
def test_training_sees_what_prediction_sees(subject: Subject) -> None:
    """train_one_epoch and predict give the network the same numbers."""
    given, _ = rehearsal(subject)
    seen = [step.input for step in rehearsed(subject, "train_one_epoch").steps]
    expect(same(seen, given), "train.other_numbers")


@promise(after="training_moves_weights", symbol="train_one_epoch")
def test_mean_loss_is_a_number(subject: Subject) -> None:
    """train_one_epoch returns the mean loss as a number and keeps no graph."""
    found = rehearsed(subject, "train_one_epoch")
    kept = max((step.kept for step in found.steps), default=0)
    expect(not found.attached and not kept, "train.keeps_graph")
    value = found.value
    if isinstance(value, np.ndarray) and value.size == 1:
        value = float(value.reshape(-1)[0])
    if type(value) not in (int, float):
        fail("train.not_a_number", got=found.kind)
    losses = [step.loss for step in found.steps if step.loss is not None]
    # The mean over batches and that over pictures are both right.
    sizes = BATCHES[: len(losses)]
    right = (float(np.mean(losses)), float(np.average(losses, weights=sizes)))
    near = any(abs(value - one) <= 1e-3 * abs(one) for one in right)
    expect(near, "train.other_loss", got=f"{value:.4g}", expected=f"{right[0]:.4g}")


def rehearsal(subject: Subject) -> tuple[list[Array], list[Array]]:
    """Pictures and labels of a rehearsal."""
    random = random_state(subject.seed, "rehearsal")
    noise = [random.standard_normal((n, 3, SIDE, SIDE)) for n in BATCHES]
    # Means far apart: no two neighbours get the same class by accident.
    images = [batch + random.uniform(-3, 3, (len(batch), 3, 1, 1)) for batch in noise]
    labels = [random.randint(0, 5, n).astype(np.int64) for n in BATCHES]
    return [batch.astype(np.float32) for batch in images], labels


def rehearsed(subject: Subject, function: Loop, again: bool = False) -> Rehearsed:
    """What the function did in a rehearsal; asked for once unless again."""
    images, labels = rehearsal(subject)
    call = f"{function}(model, batches{'' if function == 'predict' else ', optimizer, loss_fn'})"
    labels = labels if function == "train_one_epoch" else []
    return programs(subject).rehearse(function, images, labels, subject.seed, call, again)


def same(ours: list[Array], theirs: list[Array]) -> bool:
    """Whether these are the same pictures in the same order, however they were batched."""
    if not ours or any(part.shape[1:] != theirs[0].shape[1:] for part in ours):
        return False
    a, b = np.concatenate(ours), np.concatenate(theirs)
    return a.shape == b.shape and bool(np.allclose(a, b, rtol=1e-2, atol=1e-2))


@promise(symbol="train_one_epoch")
def test_reproduced(subject: Subject) -> None:
    """submission.csv is what the submitted network predicts."""
    homework = wanted(subject)
    found = reproduction(subject, homework)
    if found.id in ("yes", "no"):
        values = {"equal": found.equal, "n": found.n}
        expect(found.id == "yes", "homework.not_reproduced", **values)
    else:
        raise Held(f"homework.{found.id}", points=False)


@promise(points=MAX_POINTS, symbol="train_one_epoch")
def test_f1(subject: Subject) -> None:
    """The F1 of submission.csv: 0.83 gives 1 point, every further 0.01 one more, 0.97 all 15."""
    homework = wanted(subject)
    if homework.truth is None:
        raise Held("homework.no_truth")
    if homework.problem == "homework.otherwise":
        raise Held(homework.problem, text=homework.problem_text)
    if homework.problem:
        fail(homework.problem, text=homework.problem_text)
    score = homework.score()
    again = reproduction(subject, homework)
    if again.id == "no":
        raise Held("homework.not_reproduced", equal=again.equal, n=again.n)
    if again.id != "yes" and homework.rules.checkpoint == "required":
        expect(again.id != "no_checkpoint", "homework.checkpoint_required")
        raise Held(f"homework.{again.id}")
    try:
        measured = honest(homework, programs(subject))
    except NoAnswer as error:
        raise predict_failed(error) from None
    f1 = score.exact
    if homework.rules.metric == "honest":
        if measured is None:
            expect(bool(homework.run), "homework.honest_missing")
            raise Held("homework.no_honest")
        f1 = measured.exact
    stated = homework.stated_honest()
    raise Scored(
        points_for(f1),
        f"homework.f1_{homework.rules.metric}",
        f1=score.shown,
        correct=score.correct,
        n=score.n,
        honest=measured.shown if measured is not None else stated or "?",
        honest_kind="measured" if measured is not None else "stated" if stated else "unknown",
        verified=again.id,
    )


def programs(subject: Subject) -> ProgramAnswers:
    """The student, who can be asked to run programs."""
    assert isinstance(subject.student, ProgramAnswers)
    return subject.student


def wanted(subject: Subject) -> Homework:
    """What there is to score."""
    if subject.homework is None:
        raise Held("homework.only_graded", points=False)
    return subject.homework


def reproduction(subject: Subject, homework: Homework) -> Reproduced:
    """What predicting again shows, by a program that uses the network it is given."""
    try:
        found = reproduce(homework, programs(subject), subject.seed)
    except NoAnswer as error:
        raise predict_failed(error) from None
    if found.id == "yes":
        try:
            check_program(subject)
        except (Failed, NoAnswer, GaveUp):
            # Equal predictions mean little where predict.py does not use the network it is given.
            raise Held("homework.other_program") from None
    return found


def predict_failed(error: NoAnswer) -> Held:
    """The points wait: whether the file or the program is at fault is the teacher's to see."""
    return Held("homework.predict_failed", text=error.fault.message, at=error.at)
