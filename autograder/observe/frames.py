"""Frames: how a message goes through a pipe, and how one that comes is checked.

A frame is ``b"AG1\\n"``, the length of the header (unsigned 32 bit, big endian), the header
(UTF-8 JSON) and the bytes of the tensors, one after the other. The header is
``{"type": name, "fields": {...}, "tensors": [{"dtype": ..., "shape": [...]}, ...]}``; inside
the fields a tensor stands as ``{"$tensor": index}``. Each side knows the types it may receive;
anything else is a ProtocolError, and so is a field of another type, a tensor of another size, or
a frame above the limits. Nothing is ever pickled.
"""

import dataclasses
import functools
import json
import math
import struct
import types
import typing
from collections.abc import Callable
from typing import Any, Literal

import numpy as np

MAGIC = b"AG1\n"
MAX_HEADER = 4 << 20
MAX_TENSORS = 256 << 20
MAX_INT = 2**53  # what a float holds exactly
PLAIN = frozenset({int, str, bool, float, type(None)})
DTYPES = {name: np.dtype(name) for name in ("float32", "float64", "int64", "uint8", "bool")}

Array = np.ndarray[Any, np.dtype[Any]]


class ProtocolError(Exception):
    """The other side sent something that is not a valid frame."""


def encode(message: object) -> bytes:
    """Make one frame of a request or an answer."""
    tensors: list[Array] = []
    fields = _pack(message, tensors)
    header = json.dumps(
        {
            "type": type(message).__name__,
            "fields": fields,
            "tensors": [{"dtype": str(t.dtype), "shape": list(t.shape)} for t in tensors],
        }
    ).encode()
    parts = [MAGIC, struct.pack(">I", len(header)), header]
    return b"".join(parts + [np.ascontiguousarray(t).tobytes() for t in tensors])


def decode(read: Callable[[int], bytes], allowed: tuple[type, ...]) -> Any:
    """Read one frame with read(n) -> exactly n bytes and return one of the allowed types.

    Raises:
        ProtocolError: the frame is not valid.
        EOFError: raised by read where the stream ended.
    """
    if read(len(MAGIC)) != MAGIC:
        raise ProtocolError("the frame does not start as one")
    (length,) = struct.unpack(">I", read(4))
    if length > MAX_HEADER:
        raise ProtocolError(f"a header of {length} bytes is too large")
    try:
        header = json.loads(read(length).decode())
        name, fields, specs = header["type"], header["fields"], header["tensors"]
        if set(header) != {"type", "fields", "tensors"} or not isinstance(specs, list):
            raise ProtocolError("the header has other keys than type, fields and tensors")
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ProtocolError(f"the header is not valid: {type(error).__name__}") from None
    sizes = [_tensor_size(spec) for spec in specs]
    if sum(sizes) > MAX_TENSORS:
        raise ProtocolError(f"tensors of {sum(sizes)} bytes are too large")
    tensors = [
        np.frombuffer(read(size), DTYPES[spec["dtype"]]).reshape(spec["shape"])
        for spec, size in zip(specs, sizes, strict=True)
    ]
    by_name = {t.__name__: t for t in allowed}
    if not isinstance(name, str) or name not in by_name:
        raise ProtocolError("the frame has a type that is not expected here")
    try:
        return _reader(by_name[name])(fields, tensors)
    except RecursionError:
        raise ProtocolError("the fields are nested too deeply") from None


def _tensor_size(spec: Any) -> int:
    if not (
        isinstance(spec, dict)
        and isinstance(spec.get("dtype"), str)
        and spec["dtype"] in DTYPES
        and isinstance(spec.get("shape"), list)
        and len(spec["shape"]) <= 8
        and all(type(n) is int and 0 <= n <= MAX_TENSORS for n in spec["shape"])
    ):
        raise ProtocolError("a tensor has no valid dtype and shape")
    if math.prod(n for n in spec["shape"] if n) > MAX_TENSORS:
        raise ProtocolError("a tensor has more dimensions than NumPy can hold")
    return math.prod(spec["shape"]) * DTYPES[spec["dtype"]].itemsize


def _pack(value: Any, tensors: list[Array]) -> Any:
    kind = type(value)
    if kind in PLAIN:
        return value
    if isinstance(value, np.ndarray):
        tensors.append(value)
        return {"$tensor": len(tensors) - 1}
    if isinstance(value, dict):
        return {key: _pack(item, tensors) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_pack(item, tensors) for item in value]
    if dataclasses.is_dataclass(kind):
        return {name: _pack(getattr(value, name), tensors) for name in _names(kind)}
    return value


@functools.cache
def _names(message: type) -> tuple[str, ...]:
    return tuple(f.name for f in dataclasses.fields(message))


Reader = Callable[[Any, "list[Array]"], Any]


@functools.cache
def _reader(expected: Any) -> Reader:
    """A function that rebuilds values of a type from JSON, or raises ProtocolError."""
    origin, args = typing.get_origin(expected), typing.get_args(expected)
    if expected is Any:
        return _read_any
    if expected in PLAIN:
        return functools.partial(_read_plain, expected)
    if origin is types.UnionType:
        (inner,) = (_reader(arg) for arg in args if arg is not type(None))
        return lambda value, tensors: None if value is None else inner(value, tensors)
    if origin is Literal:
        return functools.partial(_read_choice, args)
    if origin is np.ndarray:
        return _read_array
    if origin is list:
        return functools.partial(_read_list, _reader(args[0]))
    if origin is dict:
        return functools.partial(_read_dict, _reader(args[1]))
    hints = typing.get_type_hints(expected)
    return functools.partial(
        _read_message, expected, {key: _reader(kind) for key, kind in hints.items()}
    )


def _read_plain(expected: type, value: Any, tensors: list[Array]) -> Any:
    kind = type(value)
    if kind is expected:
        return _bounded(value) if kind is int else value
    if expected is float and kind is int:
        try:
            return float(value)
        except OverflowError:
            return math.inf
    raise _unpromised()


def _read_choice(choices: tuple[Any, ...], value: Any, tensors: list[Array]) -> Any:
    if not isinstance(value, str) or value not in choices:
        raise ProtocolError("a field has a value that is not allowed")
    return value


def _read_array(value: Any, tensors: list[Array]) -> Any:
    array = _read_any(value, tensors)
    if not isinstance(array, np.ndarray):
        raise ProtocolError("a field should be a tensor")
    return array


def _read_list(item: Reader, value: Any, tensors: list[Array]) -> Any:
    if not isinstance(value, list):
        raise _unpromised()
    return [item(one, tensors) for one in value]


def _read_dict(item: Reader, value: Any, tensors: list[Array]) -> Any:
    if not isinstance(value, dict):
        raise _unpromised()
    return {key: item(one, tensors) for key, one in value.items()}


def _read_message(
    message: type, readers: dict[str, Reader], value: Any, tensors: list[Array]
) -> Any:
    if not isinstance(value, dict):
        raise _unpromised()
    if value.keys() != readers.keys():
        raise ProtocolError("a message has other fields than promised")
    return message(**{key: readers[key](item, tensors) for key, item in value.items()})


def _read_any(value: Any, tensors: list[Array]) -> Any:
    if isinstance(value, dict):
        if set(value) == {"$tensor"}:
            index = value["$tensor"]
            if type(index) is not int or not 0 <= index < len(tensors):
                raise ProtocolError("a field names a tensor that is not there")
            return tensors[index]
        return {key: _read_any(item, tensors) for key, item in value.items()}
    if isinstance(value, list):
        return [_read_any(item, tensors) for item in value]
    return _bounded(value)


def _unpromised() -> ProtocolError:
    return ProtocolError("a field has another type than promised")


def _bounded(value: Any) -> Any:
    if type(value) is int and abs(value) > MAX_INT:
        raise ProtocolError("a whole number is too large")
    return value
