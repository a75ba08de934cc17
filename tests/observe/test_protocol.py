"""The wire: what goes in comes out, and nothing else gets through."""

import contextlib
import io
import json
import struct
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from autograder.observe import frames, protocol
from autograder.observe.frames import ProtocolError


def reader(data: bytes):
    stream = io.BytesIO(data)

    def read(count: int) -> bytes:
        found = stream.read(count)
        if len(found) < count:
            raise EOFError
        return found

    return read


def decode(data: bytes, allowed: tuple[type, ...] = protocol.ANSWERS) -> Any:
    return frames.decode(reader(data), allowed)


def frame(header: object, tensors: bytes = b"") -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return frames.MAGIC + struct.pack(">I", len(text)) + text + tensors


PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
ARRAYS = hnp.arrays(
    st.sampled_from([np.float32, np.float64]), hnp.array_shapes(max_dims=4, max_side=4)
)


@PATIENT
@given(ARRAYS, st.booleans(), st.dictionaries(st.text(max_size=5), st.floats(allow_nan=False)))
def test_an_outcome_survives(output: frames.Array, changed: bool, norms: dict[str, float]) -> None:
    traces = {name: protocol.Trace(norm, 1.0) for name, norm in norms.items()}
    sent = protocol.Outcome(list(output.shape), "float32", changed, output, gradients=traces)
    got = decode(frames.encode(sent))
    assert np.array_equal(got.output, output, equal_nan=True)
    assert got.output.dtype == output.dtype
    assert got.gradients == traces
    assert got.input_changed is changed
    assert got.input_gradient is None


@PATIENT
@given(st.binary(max_size=200))
def test_noise_is_never_an_answer(noise: bytes) -> None:
    with pytest.raises((ProtocolError, EOFError)):
        decode(noise)


@PATIENT
@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=3), st.lists))
def test_other_json_is_never_an_answer(value: object) -> None:
    with pytest.raises(ProtocolError):
        decode(frame(value))


@pytest.mark.parametrize(
    "header",
    [
        {"type": "Outcome", "fields": {}, "tensors": []},
        {"type": "Open", "fields": {"task": "a", "path": "b"}, "tensors": []},
        {"type": ["Done"], "fields": {}, "tensors": []},
        {"type": "Done", "fields": {"more": 1}, "tensors": []},
        {"type": "Done", "fields": {}, "tensors": [], "more": 1},
        {"type": "Built", "fields": {"handle": "1"}, "tensors": []},
        {"type": "Built", "fields": {"handle": True}, "tensors": []},
        {"type": "Done", "fields": {}, "tensors": [{"dtype": "object", "shape": [1]}]},
        {"type": "Done", "fields": {}, "tensors": [{"dtype": "float32", "shape": [-1]}]},
        {"type": "Done", "fields": {}, "tensors": [{"dtype": "float32", "shape": [1] * 9}]},
        {"type": "Done", "fields": {}, "tensors": [{"dtype": "float32", "shape": [1 << 30]}]},
        {
            "type": "Done",
            "fields": {},
            "tensors": [{"dtype": "bool", "shape": [0] + [1 << 28] * 7}],
        },
        {"type": "Done", "fields": {}, "tensors": [{"dtype": ["float32"], "shape": [1]}]},
        b"\xff\xfe",
        b"[" * 100_000,
    ],
)
def test_invalid_headers_are_refused(header: object) -> None:
    with pytest.raises(ProtocolError):
        decode(frame(header))


def test_deep_values_are_refused() -> None:
    value = "1"
    for _ in range(900):
        value = f"[{value}]"
    fields = f'{{"value": {value}, "kind": "list", "model_changed": "", "input_changed": false}}'
    text = f'{{"type": "Returned", "fields": {fields}, "tensors": []}}'
    # Refused, or small enough to hold: never another exception.
    with contextlib.suppress(ProtocolError):
        decode(frame(text.encode()))


def test_a_huge_header_is_refused_before_it_is_read() -> None:
    with pytest.raises(ProtocolError, match="too large"):
        decode(frames.MAGIC + struct.pack(">I", frames.MAX_HEADER + 1))


def test_a_tensor_that_is_not_there_is_refused() -> None:
    fields = {"value": {"$tensor": 3}, "kind": "x", "model_changed": "", "input_changed": False}
    with pytest.raises(ProtocolError, match="not there"):
        decode(frame({"type": "Returned", "fields": fields, "tensors": []}))


def test_a_truncated_frame_ends_the_stream() -> None:
    whole = frames.encode(protocol.Returned(np.ones(3), "Tensor"))
    for cut in (2, 6, 20, len(whole) - 1):
        with pytest.raises(EOFError):
            decode(whole[:cut])
