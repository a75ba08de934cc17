"""Gradients: the chain rule with and without a skip connection, norms, and FourConvNet."""

import math
from typing import Any

import numpy as np

from autograder.checks.families import BUILT, SOUND, check_equal
from autograder.checks.promise import expect, fail, promise
from autograder.checks.subject import Subject
from autograder.observe.draw import random_state

TOLD = {
    "plain": "model",
    "unused": "model_with_unused_layer",
    "frozen": "model_with_frozen_layer",
}


@promise(points=2, after="is_written", symbol="first_weight_gradient")
def test_chain_rule(subject: Subject) -> None:
    """first_weight_gradient is the chain rule of the three-neuron network."""
    check_chain_rule(subject)


@promise(points=2, after="is_written", symbol="first_weight_gradient_with_skip")
def test_chain_rule_with_skip(subject: Subject) -> None:
    """first_weight_gradient_with_skip is the chain rule with the way around added."""
    check_chain_rule(subject)


def calls(function: str, seed: str) -> list[list[Any]]:
    """The arguments that a function of this task is called with."""
    if function == "gradient_norms":
        return [probe_arguments(seed, kind) for kind in (*TOLD, "busy")]
    random = random_state(seed, "chain rule")
    numbers = [round(float(n), 3) for n in random.uniform(0.2, 2.0, 4)]
    tensors = [random.uniform(-2, 2, (2, 3)) for _ in range(4)]
    return [[0.1, 0.1, 0.1, 0.1], numbers, tensors]


def check_chain_rule(subject: Subject) -> None:
    """Compare with the reference on the lesson's numbers, drawn numbers and drawn tensors."""
    for args in calls(subject.symbol.name, subject.seed):
        words = [str(a) if isinstance(a, float) else "tensor" for a in args]
        call = f"{subject.symbol.name}({', '.join(words)})"
        got = subject.student.call(subject.symbol.name, list(args), call)
        right = subject.reference.call(subject.symbol.name, list(args))
        if not isinstance(args[0], float):
            alike = isinstance(got.value, np.ndarray) and got.value.shape == (2, 3)
            expect(alike, "value.not_a_tensor", call=call, got=got.kind)
            expect(close(got.value, right.value), "value.tensor", call=call)
        else:
            number = as_number(got.value)
            if number is None:
                fail("value.not_a_number", call=call, got=got.kind)
            expected = float(right.value)
            values = {"got": f"{number:.6g}", "expected": f"{expected:.6g}"}
            expect(close(number, expected), "value.number", call=call, **values)


def as_number(value: Any) -> float | None:
    if isinstance(value, np.ndarray) and value.size == 1:
        return float(value.reshape(-1)[0])
    return float(value) if type(value) in (int, float) else None


def close(got: Any, expected: Any) -> bool:
    return bool(np.allclose(got, expected, rtol=1e-5, atol=1e-12))


@promise(points=2, after="is_written", symbol="gradient_norms")
def test_gradient_norms(subject: Subject) -> None:
    """gradient_norms names every weight, in order, with the norm of its gradient."""
    for kind in TOLD:
        args = probe_arguments(subject.seed, kind)
        call = f"gradient_norms({TOLD[kind]}, x)"
        got = subject.student.call("gradient_norms", args, call).value
        right = subject.reference.call("gradient_norms", args).value
        expect(isinstance(got, dict), "norms.not_a_dict", call=call)
        missing = [name for name in right if name not in got]
        expect(not missing, "norms.missing", call=call, names=", ".join(missing))
        extra = [name for name in got if name not in right]
        expect(not extra, "norms.extra", call=call, names=", ".join(extra))
        expect(list(got) == list(right), "norms.order", call=call)
        for name, expected in right.items():
            number = as_number(got[name])
            if number is None:
                fail("norms.not_a_number", call=call, name=name)
            alike = math.isclose(number, expected, rel_tol=1e-4, abs_tol=1e-12)
            values = {"got": f"{number:.6g}", "expected": f"{expected:.6g}", "name": name}
            expect(alike, "norms.wrong", call=call, **values)


def probe_arguments(seed: str, kind: str) -> list[Any]:
    x = random_state(seed, "probe").standard_normal((2, 3, 6, 5))
    return [{"$probe": kind, "seed": seed}, x]


@promise(points=1, after="gradient_norms", symbol="gradient_norms")
def test_model_is_left_alone(subject: Subject) -> None:
    """gradient_norms leaves the model's gradients and its training flag as they were."""
    for kind in ("plain", "busy"):
        args = probe_arguments(subject.seed, kind)
        returned = subject.student.call("gradient_norms", args)
        right = subject.reference.call("gradient_norms", args).value
        changed = returned.model_changed
        expect(not changed, "norms.model_changed", what=changed)
        got = returned.value
        alike = isinstance(got, dict) and all(
            close(as_number(got.get(name)) or 0.0, norm) for name, norm in right.items()
        )
        expect(alike, "norms.accumulated")


@promise(points=1, symbol="FourConvNet", members=(*BUILT, "refuses"))
def test_net_is_built(subject: Subject) -> None:
    """FourConvNet has the promised shape, weights and gradients."""


@promise(points=1, after="output_shape", symbol="FourConvNet", members=SOUND)
def test_net_add(subject: Subject) -> None:
    """FourConvNet("add") gives layer 4 the sum of the maps of layers 1 and 3."""
    check_equal(subject, chosen=lambda trial: trial.args["connection"] == "add")


@promise(points=1, after="output_shape", symbol="FourConvNet", members=SOUND)
def test_net_concat(subject: Subject) -> None:
    """FourConvNet("concat") gives layer 4 twelve maps, the six of layer 1 first."""
    check_equal(subject, chosen=lambda trial: trial.args["connection"] == "concat")


@promise(points=0, after="output_shape", symbol="FourConvNet", members=SOUND)
def test_net_plain(subject: Subject) -> None:
    """FourConvNet("none") is four convolutions with ReLU, one after the other."""
    check_equal(subject, chosen=lambda trial: trial.args["connection"] == "none")
