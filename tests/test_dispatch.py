"""What ops take and give: arrays of frameworks, host data, and how calls are explained that cannot be."""

from __future__ import annotations

import inspect
import pathlib
import re
import traceback
import typing

import numpy as np
import pytest

import polykeras
import polykeras.conformance.cases  # enters them
from polykeras import ops, source
from polykeras.backend import load, using
from polykeras.conformance.case import CASES
from polykeras.errors import CallError, DTypeError, MixedBackendsError, OpError, ShapeError
from polykeras.op import OPS

FRAMEWORKS = [name for name in polykeras.available() if name != "numpy"]
PAIRS = [(one, other) for one in FRAMEWORKS for other in FRAMEWORKS if one < other]


def test_native_tensors_in_and_out(backend):
    x = backend.asarray([[1.0, -2.0]])
    with using("numpy"):  # the home of the arrays decides, not the backend in use
        assert type(ops.relu(x)) is type(x)
        assert type(ops.add(x, np.float32(1))) is type(x)
        assert type(ops.add([[1.0, 1.0]], x)) is type(x)
        assert type(ops.concatenate([x, np.ones((1, 2), "float32")])) is type(x)


@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_two_homes_in_a_call_are_an_error(one, other):
    x, y = load(one).asarray([1.0]), load(other).asarray([1.0])
    message = rf"add: arrays of {one} and {other} met in one call.*polykeras.convert\(x, \"{one}\"\)"
    with pytest.raises(MixedBackendsError, match=message):
        ops.add(x, y)
    with pytest.raises(MixedBackendsError, match="concatenate: arrays of"):
        ops.concatenate([x, y])


@pytest.mark.parametrize("source", polykeras.available())
def test_conversion_keeps_values_and_dtype(backend, source):
    for dtype in ("bool", "int64", "bfloat16", "float32", "float64"):
        x = load(source).asarray(np.array([[0, 1], [1, 1]]).astype(load("numpy").dtypes[dtype]))
        converted = polykeras.convert({"x": [x]}, backend)["x"][0]
        assert isinstance(converted, backend.array_types)
        assert backend.dtype(converted) == dtype
        assert ops.convert_to_numpy(converted).tolist() == [[0, 1], [1, 1]]


@pytest.mark.parametrize("name", [name for name in FRAMEWORKS if name == "jax"])  # the one that may compile for it
def test_host_data_come_without_a_program_and_are_copied(name):
    backend, seen = load(name), []
    monitoring = pytest.importorskip("jax").monitoring

    def see(event, *_, **__):
        seen.append(event)

    monitoring.register_event_duration_secs_listener(see)
    try:
        for size in (1, 37, 40_009):
            host = np.zeros(size)
            x = backend.asarray(host)
            host += 1
            assert not np.asarray(x).any()
        assert not [event for event in seen if "compile" in event]
        backend.compile(lambda x: [x * 2.0], (), 0, True)(x)
        assert [event for event in seen if "compile" in event]  # else nothing was seen
    finally:
        monitoring.unregister_event_duration_listener(see)


@pytest.mark.parametrize("name", [name for name in FRAMEWORKS if name == "torch"])  # whose arrays can be written to
def test_conversion_shares_memory(name):
    x = np.arange(6.0)
    tensor = polykeras.convert(x, name)
    back = polykeras.convert(tensor, "numpy")
    tensor[0] = 7.0
    assert x[0] == back[0] == 7.0


def test_what_is_no_array_is_named(backend):
    for wrong, name in ((object(), "builtins.object"), ("text", "builtins.str"), (pathlib.Path(), "pathlib")):
        with pytest.raises(DTypeError, match=rf"add: expected arrays, numbers, or nested lists of them; got a {name}"):
            ops.add(wrong, 1.0)


def test_mistakes_are_explained_in_the_same_words(backend):
    x = backend.asarray(np.ones((2, 3), "float32"))
    with pytest.raises(ShapeError, match=r"matmul: .*\(2, 3\).*\(2, 3\)"):
        ops.matmul(x, x)
    with pytest.raises(ShapeError, match=r"add: shapes \(2, 3\) and \(2,\) do not broadcast"):
        ops.add(x, np.ones(2, "float32"))
    with pytest.raises(ShapeError, match=r"reshape: an array of shape \(2, 3\) has 6 elements"):
        ops.reshape(x, (4, 2))


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (
            lambda a, b: ops.concatenate(a, b),
            r"concatenate: expected axis .*; got an array float32\(2, 3\). Put all .*xs",
        ),
        (lambda a, b: ops.stack(a, b), r"stack: expected axis .* Put all arrays into one list, which is x: stack\("),
        (
            lambda a, b: ops.concatenate([1.0], [2.0]),
            r"concatenate: expected axis to be a whole number; got \[2.0\]. Put",
        ),
        (lambda a, b: ops.softmax(a, "rows"), "softmax: expected an axis to be a whole number; got 'rows'."),
        (lambda a, b: ops.tril(a, k="low"), "tril: expected k to be a whole number; got 'low'."),
        (
            lambda a, b: ops.zeros(2, dtype=a),
            r"zeros: expected dtype to be a dtype, such as .* got an array float32\(2, 3\)",
        ),
        (lambda a, b: ops.zeros("ab"), r"zeros: expected sizes to be whole numbers from 0; got \(a, b\)."),
        (lambda a, b: ops.map(3, a), "map: expected a function; got 3."),
        (lambda a, b: ops.vjp(3, a), "vjp: expected a function; got 3."),
        (lambda a, b: ops.jvp(b, [a], [b]), r"jvp: expected a function; got an array float32\(2, 3\)."),
        (lambda a, b: ops.grad("sum"), "grad: expected a function; got 'sum'."),
        (lambda a, b: ops.jacobian(None), "jacobian: expected a function; got None."),
        (lambda a, b: ops.custom_gradient(3), "custom_gradient: expected a function; got 3."),
        (lambda a, b: polykeras.remat(3), "remat: expected a function; got 3."),
        (lambda a, b: polykeras.compile(3), "compile: expected a function; got 3."),
        (lambda a, b: ops.hstack(3), "hstack: expected a list of arrays; got 3."),
        (lambda a, b: ops.while_loop(lambda x: x, lambda x: x, a), r"while_loop: expected cond .* shape \(2, 3\)"),
        (lambda a, b: ops.switch(a, [ops.negative], b), "switch: expected index to be integers; got float32"),
        (lambda a, b: ops.random.normal((2,), seed="a"), "normal: expected seed to be an integer, .*; got 'a'"),
        (lambda a, b: ops.allclose(a, b, rtol="low"), "allclose: expected rtol to be a number; got 'low'"),
    ],
)
def test_arguments_of_the_wrong_kind_are_named(backend, call, words):
    a, b = backend.asarray(np.ones((2, 3), "float32")), backend.asarray(np.zeros((2, 3), "float32"))
    with pytest.raises((CallError, DTypeError, ShapeError), match=words):
        call(a, b)
    assert issubclass(CallError, TypeError)
    assert issubclass(CallError, ValueError)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: ops.einsum("ij,jk", np.ones((2, 3)), np.ones((2, 3))), "einsum: axis 'j' has size 3"),
        (lambda: ops.swish("text"), "swish: expected arrays"),
        (lambda: ops.absolute("text"), "absolute: expected arrays"),
        (lambda: ops.ravel("text"), "ravel: expected arrays"),
        (lambda: ops.identity(2, dtype="real"), "identity: expected a dtype"),
        (lambda: ops.conv1d(np.ones((1, 4, 2)), np.ones((3, 5, 1))), "conv1d: "),
        (lambda: polykeras.random.bernoulli((2,), dtype="real"), "bernoulli: expected a dtype"),
        (lambda: ops.tanh_shrink("text"), "tanh_shrink: expected arrays"),
        (lambda: ops.unique(np.ones(3), size=2, fill_value=[1.0, 2.0]), r"unique: in broadcast_to, an array of shape"),
    ],
)
def test_errors_bear_the_name_that_was_called(backend, call, words):
    with pytest.raises(OpError, match=f"^{words}"):
        call()


WRONG = {"int": "rows", "bool": "rows", "float": "rows", "str": 1.5, "Axes": "rows", "Shape": "rows", "DType": 1.5}


def test_no_wrong_argument_goes_unnamed(backend):
    """Each parameter of each op in turn is something that it cannot be."""
    unnamed = []
    for name, case in CASES.items():
        names = [parameter.name for parameter in case.op.parameters]
        if name not in dir(ops) or case.function is not None:
            continue
        sample = next(s for s in case.samples if len(s.args) + len(s.params) <= len(names))
        args = case.arguments(sample, (sample.dtypes or case.dtypes)[0])
        arguments = {**dict(zip(names, args, strict=False)), **sample.params}
        for parameter in case.op.parameters:
            wrong = object() if parameter.is_array else WRONG.get(parameter.kind)
            if wrong is None or (parameter.kind == "bool" and backend.traces):  # there anything will do, at some cost
                continue
            public = getattr(ops, name)
            function = public if list(inspect.signature(public).parameters) == names else case.op.function
            try:
                function(**{**arguments, parameter.name: wrong})
            except OpError as error:
                unnamed += [] if str(error).startswith(f"{name}: ") else [(name, parameter.name, str(error))]
            except Exception as error:
                unnamed.append((name, parameter.name, repr(error)))
    assert not unnamed


def test_missing_and_surplus_arguments_are_python_s_own_errors():
    with pytest.raises(TypeError, match=r"add.*missing 1 required positional argument: 'x2'"):
        ops.add(1.0)
    with pytest.raises(TypeError, match="unexpected keyword argument 'x3'"):
        ops.add(1.0, 2.0, x3=1)


SHOWN = sorted(name for name, value in vars(ops).items() if callable(value) and not name.startswith("_"))


@pytest.mark.parametrize("name", SHOWN)
def test_public_functions_explain_themselves(name):
    function = getattr(ops, name)
    documentation, parameters = inspect.getdoc(function) or "", inspect.signature(function).parameters
    if not re.search("as `[a-z_]+`", documentation.partition("\n")[0]):  # else there is more of it there
        assert [name for name in parameters if f"{name}:" not in documentation] == []
        assert "Returns:" in documentation
    assert ">>>" in documentation or "window" in parameters  # those serve the convolutions and poolings


def test_the_parts_of_ops_are_there_but_not_shown():
    shown = set(dir(ops))
    assert {"add", "einsum", "conv2d", "value_and_grad", "nn"} <= shown
    assert all(callable(getattr(ops, name)) or name in ("image", "linalg", "nn", "numpy", "random") for name in shown)
    parts = {name for name in SHOWN if name not in shown}
    assert {"run_branch", "window_sum", "contract", "as_array"} <= parts
    assert not {name for name in shown if name.startswith(("window_", "_"))}


@pytest.mark.parametrize("name", sorted(OPS))
def test_generated_functions_have_the_signature_of_their_row(name):
    op = OPS[name]
    assert list(inspect.signature(op.function, follow_wrapped=False).parameters) == [p.name for p in op.parameters]


def test_functions_of_one_source_are_compiled_once_and_keep_their_names():
    lines = ["def {}(x, y=_y):\n", "    half = x / 2\n", "    return half / y\n"]
    compiled = source._compiled.cache_info().misses
    functions = [
        source.function_like(name, "".join(lines).format(name), {"_y": y}) for name, y in {"one": 1, "other": 2}.items()
    ]
    assert source._compiled.cache_info().misses == compiled + 1
    assert [function(8) for function in functions] == [4, 2]
    assert [function.__name__ for function in functions] == ["one", "other"]
    with pytest.raises(ZeroDivisionError) as failure:
        functions[1](1, 0)
    last = traceback.extract_tb(failure.tb)[-1]
    assert (last.name, last.lineno, last.line) == ("other", 3, "return half / y")


def test_help_shows_defaults():
    assert str(inspect.signature(ops.add)).startswith("(x1")
    assert inspect.signature(ops.softmax).parameters["axis"].default == -1
    assert typing.get_type_hints(ops.take_along_axis)


def test_lists_are_arrays_and_keep_their_kind(backend):
    assert backend.dtype(ops.add([1, 2], [3, 4])) == "int32"
    assert backend.dtype(ops.add([1, 2], 0.5)) == "float32"
    assert backend.dtype(ops.array([2**40])) == "int64"
    with pytest.raises(DTypeError, match="expected numbers that int8 can hold; got"):
        ops.array([300], dtype="int8")
    with pytest.raises((OpError, ValueError)):
        ops.array([[1, 2], [3]])
