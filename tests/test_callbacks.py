"""Callbacks: what each does, and that the moments and the logs are those of Keras."""

from __future__ import annotations

import contextlib
import http.server
import io
import json
import sys
import threading
import types
import warnings

import numpy as np
import pytest
from rich.console import Console

import polykeras as keras
from polykeras import callbacks, layers, optimizers
from polykeras.callbacks import progress
from polykeras.errors import ArgumentError, StateError

RANDOM = np.random.default_rng(3)
X = RANDOM.normal(size=(40, 3)).astype("float32")
Y = (X @ [[1.0], [-2.0], [0.5]] + 0.3).astype("float32")


def line(optimizer=None, **options) -> keras.Model:
    keras.set_random_seed(1)
    model = keras.Sequential([layers.Input((3,)), layers.Dense(1)])
    model.compile(optimizer or optimizers.SGD(0.1), "mse", **options)
    return model


def fit(model, *given, epochs=5, **options):
    keras.set_random_seed(2)  # the same order of samples, whatever was drawn before
    return model.fit(X, Y, batch_size=20, epochs=epochs, verbose=0, callbacks=list(given), **options).history


class Scripted(callbacks.Callback):
    """Gives the logs of each epoch a number that is known beforehand."""

    def __init__(self, values, name="score"):
        super().__init__()
        self.values, self.name = values, name

    def on_epoch_end(self, epoch, logs=None):
        logs[self.name] = self.values[epoch]


# When and with what -------------------------------------------------------------------------------------


class Watching(callbacks.Callback):
    """Writes down what is called, with the keys of the logs."""

    def __init__(self):
        super().__init__()
        self.seen = []
        for name in dir(callbacks.Callback):
            if name.startswith("on_"):
                setattr(self, name, self._noting(name))

    def _noting(self, name):
        def note(*args, logs=None):
            if args and (isinstance(args[-1], dict) or args[-1] is None):
                *args, logs = args
            self.seen.append((name, *args, sorted(logs or {})))

        return note


METRICS = ["loss", "mae"]
BATCHES = [  # as Keras 3.15.1 was seen to call them, for two batches
    *[("on_train_batch_begin", 0, []), ("on_train_batch_end", 0, METRICS)],
    *[("on_train_batch_begin", 1, []), ("on_train_batch_end", 1, METRICS)],
]
VALIDATION = [("on_test_begin", []), ("on_test_batch_begin", 0, []), ("on_test_batch_end", 0, METRICS)]
VALIDATION += [("on_test_end", METRICS)]
ALL_LOGS = [*METRICS, "val_loss", "val_mae"]


def test_moments_and_logs_are_those_of_keras():
    watching, model = Watching(), line(metrics=["mae"])
    model.fit(X, Y, 20, 2, 0, [watching], validation_data=(X[:5], Y[:5]), validation_freq=2)
    assert watching.seen == [
        *[("on_train_begin", []), ("on_epoch_begin", 0, []), *BATCHES, ("on_epoch_end", 0, METRICS)],
        *[("on_epoch_begin", 1, []), *BATCHES, *VALIDATION, ("on_epoch_end", 1, ALL_LOGS)],
        ("on_train_end", ALL_LOGS),
    ]
    watching.seen.clear()
    model.evaluate(X[:5], Y[:5], verbose=0, callbacks=[watching])
    assert watching.seen == VALIDATION
    watching.seen.clear()
    model.predict(X[:5], verbose=0, callbacks=[watching])
    outputs = ("on_predict_batch_end", 0, ["outputs"])
    assert watching.seen == [
        ("on_predict_begin", []),
        ("on_predict_batch_begin", 0, []),
        outputs,
        ("on_predict_end", []),
    ]


def test_what_asks_for_no_batches_is_not_called_for_any():
    given = [
        callbacks.EarlyStopping("loss"),
        callbacks.ReduceLROnPlateau("loss"),
        callbacks.LearningRateScheduler(lambda epoch, rate: rate),
        callbacks.CSVLogger("unused.csv"),
        callbacks.ModelCheckpoint("unused.keras"),
        callbacks.TensorBoard("unused"),
        callbacks.SwapEMAWeights(),
        callbacks.RemoteMonitor(),
        callbacks.History(),
    ]
    listed = callbacks.CallbackList(given)
    assert not listed.listens_at("on_train_batch_begin")
    assert not listed.listens_at("on_train_batch_end")
    for one in (callbacks.ModelCheckpoint("unused.keras", save_freq=2), callbacks.TensorBoard("x", update_freq=1)):
        assert callbacks.CallbackList([one]).listens_at("on_train_batch_end")


# Stopping -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "values", "epochs"),
    [
        ({"patience": 0, "mode": "min"}, [3, 2, 2.5, 1, 1], 3),
        ({"patience": 2, "mode": "min"}, [3, 2, 2.5, 2.5, 1], 4),
        ({"patience": 2, "mode": "max"}, [1, 2, 3, 4, 5], 5),
        ({"patience": 2, "mode": "min", "min_delta": 2}, [5, 4, 4, 0, 0], 3),
        ({"patience": 1, "mode": "min", "start_from_epoch": 3}, [1, 2, 3, 4, 5, 6], 5),
        ({"patience": 2, "mode": "min", "baseline": 0.5}, [5, 4, 3, 2, 1], 5),
        ({"patience": 2, "mode": "max"}, [float("nan")] * 5, 2),
    ],
)
def test_early_stopping_waits_as_told(options, values, epochs):
    found = fit(line(), Scripted(values), callbacks.EarlyStopping("score", **options), epochs=len(values))
    assert len(found["loss"]) == epochs


def test_early_stopping_restores_the_best_weights(backend):
    kept = []
    keep = callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: kept.append(model.get_weights()))
    stopping = callbacks.EarlyStopping("score", patience=2, mode="min", restore_best_weights=True)
    model = line()
    fit(model, Scripted([3, 1, 2, 2, 2]), keep, stopping)
    assert stopping.stopped_epoch == 3
    assert stopping.best_epoch == 1
    for found, expected in zip(model.get_weights(), kept[1], strict=True):
        np.testing.assert_array_equal(found, expected)


def test_the_direction_is_that_of_the_metric():
    model = line(metrics=["mae", keras.metrics.R2Score(name="fit")])
    for monitor, expected in (("val_loss", "min"), ("mae", "min"), ("val_fit", "max")):
        stopping = callbacks.EarlyStopping(monitor, patience=3)
        fit(model, stopping, epochs=1, validation_data=(X, Y))
        assert stopping.best is not None
        assert stopping._found_mode() == expected
    with pytest.raises(ArgumentError, match=r"'score' is good or bad\. Give mode='max'"):
        fit(model, Scripted([1]), callbacks.EarlyStopping("score"), epochs=1)
    with pytest.warns(UserWarning, match="no 'val_loss' to stop early by; the logs have loss"):
        fit(line(), callbacks.EarlyStopping(), epochs=1)
    with pytest.warns(UserWarning, match="got 'least'"):
        callbacks.EarlyStopping(mode="least")


def test_a_loss_that_is_not_a_number_ends_training(backend, capsys):
    bad = Y.copy()
    bad[:20] = np.inf
    model = line()
    found = model.fit(X, bad, 10, 5, 0, [callbacks.TerminateOnNaN()], shuffle=False).history
    assert len(found["loss"]) == 1
    assert int(model.optimizer.iterations) == 1
    assert "Batch 0: the loss is inf" in capsys.readouterr().out
    with pytest.raises(RuntimeError, match="after batch 0"):
        line().fit(X, bad, 10, 5, 0, [callbacks.TerminateOnNaN(raise_error=True)], shuffle=False)
    assert issubclass(StateError, RuntimeError)


# Learning rates -----------------------------------------------------------------------------------------


def test_schedules_of_epochs(backend, capsys):
    found = fit(line(), callbacks.LearningRateScheduler(lambda epoch, rate: rate / 2, verbose=1), epochs=3)
    np.testing.assert_allclose(found["learning_rate"], [0.05, 0.025, 0.0125], rtol=1e-6)  # float32
    assert "Epoch 1: LearningRateScheduler sets learning_rate to 0.05" in capsys.readouterr().out
    found = fit(line(), callbacks.LearningRateScheduler(lambda epoch: 0.5 ** (epoch + 1)), epochs=3)
    assert found["learning_rate"] == [0.5, 0.25, 0.125]
    with pytest.raises(ArgumentError, match="to return a float; got 1 for epoch 0"):
        fit(line(), callbacks.LearningRateScheduler(lambda epoch: 1))


def test_plateaus(backend):
    plateau = callbacks.ReduceLROnPlateau("score", 0.5, 1, mode="min", cooldown=2, min_lr=0.15, min_delta=0)
    found = fit(line(optimizers.SGD(0.5)), Scripted([3, 3, 3, 3, 3, 3, 3]), plateau, epochs=7)
    # After the second epoch without a better number; then a pause of one, and no less than the smallest.
    np.testing.assert_allclose(found["learning_rate"], [0.5, 0.5, 0.25, 0.25, 0.15, 0.15, 0.15], rtol=1e-6)
    with pytest.raises(ArgumentError, match=r"factor to be less than 1; got 1\.5"):
        callbacks.ReduceLROnPlateau(factor=1.5)
    with pytest.raises(ArgumentError, match="unknown arguments epsilon"):
        callbacks.ReduceLROnPlateau(epsilon=1e-3)


# Averages -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("on_epoch", [False, True])
def test_averages_in_place_of_weights(backend, on_epoch):
    options = {"use_ema": True, "ema_momentum": 0.5}
    expected, model = line(optimizers.SGD(0.1, **options)), line(optimizers.SGD(0.1, **options))
    plain = fit(expected, epochs=4)
    seen = []
    after = callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: seen.append(model.get_weights()))
    found = fit(model, callbacks.SwapEMAWeights(on_epoch), after, epochs=4, validation_data=(X, Y))
    assert found["loss"] == plain["loss"]  # training goes on with the weights, not their averages
    for one, other in zip(model.get_weights(), expected.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    assert found["val_loss"][-1] == pytest.approx(expected.evaluate(X, Y, verbose=0), rel=1e-6)
    if on_epoch:
        np.testing.assert_array_equal(seen[-1][0], expected.get_weights()[0])


def test_averages_survive_an_early_end():
    model = line(optimizers.SGD(0.1, use_ema=True, ema_momentum=0.5))
    seen = []
    after = callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: seen.append(model.get_weights()))
    stopping = callbacks.EarlyStopping("score", mode="min")
    fit(model, Scripted([1, 2, 3]), callbacks.SwapEMAWeights(True), after, stopping, epochs=3)
    assert len(seen) == 2
    np.testing.assert_array_equal(model.get_weights()[0], seen[-1][0])
    with pytest.raises(ArgumentError, match="use_ema=True"):
        fit(line(), callbacks.SwapEMAWeights(), validation_data=(X, Y))


def test_averages_under_a_scaled_loss():
    inner = optimizers.SGD(0.1, use_ema=True, ema_momentum=0.5)
    model, expected = (
        line(optimizers.LossScaleOptimizer(inner)),
        line(optimizers.SGD(0.1, use_ema=True, ema_momentum=0.5)),
    )
    fit(model)
    fit(expected)
    np.testing.assert_allclose(model.get_weights()[0], expected.get_weights()[0], rtol=1e-5)  # scales are powers of two


# Files and servers --------------------------------------------------------------------------------------


def test_numbers_in_a_file(tmp_path):
    file = tmp_path / "log.csv"
    found = fit(line(), callbacks.CSVLogger(file, ";"), epochs=2, validation_data=(X, Y))
    lines = file.read_text().splitlines()
    assert lines[0] == "epoch;loss;val_loss"
    assert lines[2] == f"1;{found['loss'][1]};{found['val_loss'][1]}"
    fit(line(), callbacks.CSVLogger(file, ";", append=True), epochs=1)
    assert file.read_text().splitlines()[3].endswith(";NA")
    assert len(file.read_text().splitlines()) == 4
    fit(line(), callbacks.CSVLogger(file), epochs=1)
    assert file.read_text().splitlines()[0] == "epoch,loss,val_loss"
    with_lists = callbacks.CSVLogger(file)
    with_lists.on_train_begin()
    with_lists.on_epoch_end(0, {"scores": np.array([1.0, 2.0])})
    with_lists.on_train_end()
    assert '"""[1.0, 2.0]"""' in file.read_text()


class Saved:
    """Stands for a model that can be saved."""

    metrics = ()

    def __init__(self):
        self.files = []

    def save(self, file, overwrite):
        self.files.append(file)

    save_weights = save


def run(callback, values, batches=(0, 1, 2)):
    callback.set_model(Saved())
    callback.on_train_begin()
    for epoch, value in enumerate(values):
        callback.on_epoch_begin(epoch)
        for batch in batches:
            callback.on_train_batch_end(batch, {"loss": value})
        callback.on_epoch_end(epoch, {"loss": value, "val_loss": value})
    return [file.rsplit("/")[-1] for file in callback.model.files]


def test_models_are_saved_when_they_are_to(tmp_path, capsys):
    def checkpoint(name, **options):
        return callbacks.ModelCheckpoint(tmp_path / "deep" / name, **options)

    assert run(checkpoint("{epoch:02d}_{val_loss:.1f}.keras"), [3, 2]) == ["01_3.0.keras", "02_2.0.keras"]
    best = checkpoint("{epoch}.keras", save_best_only=True, verbose=1)
    assert run(best, [3, 2, 2.5, float("nan"), 1]) == ["1.keras", "2.keras", "5.keras"]
    assert "Epoch 3: val_loss is not better than 2" in capsys.readouterr().out
    known = checkpoint("{epoch}.keras", save_best_only=True, initial_value_threshold=2)
    assert run(known, [3, 1]) == ["2.keras"]
    often = checkpoint("{epoch}_{batch}.weights.h5", save_weights_only=True, save_freq=2)
    assert run(often, [3, 2]) == ["1_2.weights.h5", "2_1.weights.h5", "2_3.weights.h5"]
    stretches = checkpoint("{epoch}_{batch}.keras", save_freq=3)
    assert run(stretches, [3, 2], batches=(1, 3, 4)) == ["1_4.keras", "2_2.keras", "2_5.keras"]
    assert (tmp_path / "deep").is_dir()


def test_mistakes_about_files(tmp_path):
    for make, message in (
        (lambda: callbacks.ModelCheckpoint("model.zip"), r"end in \.keras or \.h5"),
        (lambda: callbacks.ModelCheckpoint("model.keras", save_weights_only=True), r"end in \.weights\.h5"),
        (lambda: callbacks.ModelCheckpoint("model.keras", save_freq="batch"), "save_freq to be 'epoch'"),
        (lambda: run(callbacks.ModelCheckpoint("{acc}.keras"), [1]), "a place for 'acc'; there are loss, val_loss"),
        (lambda: callbacks.TensorBoard(profile_batch=3), "torch.profiler"),
        (lambda: callbacks.TensorBoard(update_freq=0), "update_freq"),
    ):
        with pytest.raises(ArgumentError, match=message):
            make()
    (tmp_path / "a.keras").mkdir()
    with pytest.raises(ArgumentError, match="is a folder"):
        run(callbacks.ModelCheckpoint(tmp_path / "a.keras"), [1])


@contextlib.contextmanager
def server(status=200):
    """A server that writes down what it is sent."""
    received = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            received.append((self.path, self.headers["Content-Type"], self.headers.get("X-Key"), body))
            self.send_response(status)
            self.end_headers()

        def log_message(self, *args):
            pass

    serving = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=serving.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{serving.server_port}", received
    finally:
        serving.shutdown()
        serving.server_close()


def test_numbers_are_sent_to_a_server():
    with server() as (address, received):
        monitor = callbacks.RemoteMonitor(address, headers={"X-Key": "1"}, send_as_json=True)
        found = fit(line(), monitor, epochs=2)
        path, kind, key, body = received[1]
        assert (path, kind, key) == ("/publish/epoch/end/", "application/json", "1")
        assert json.loads(body) == {"epoch": 1, "loss": found["loss"][1]}
        callbacks.RemoteMonitor(address, "/here").on_epoch_end(0, {"loss": np.float32(0.5)})
        assert received[2][0] == "/here"
        assert received[2][3] == "data=%7B%22epoch%22%3A+0%2C+%22loss%22%3A+0.5%7D"
    with pytest.warns(UserWarning, match="cannot reach http://127.0.0.1"):
        callbacks.RemoteMonitor(address).on_epoch_end(0, {})
    with server(500) as (address, _), pytest.warns(UserWarning, match="answers 500"):
        callbacks.RemoteMonitor(address).on_epoch_end(0, {})


def events_of(folder):
    loading = pytest.importorskip("tensorboard.backend.event_processing.event_file_loader")
    (file,) = folder.glob("events*")
    return [event for event in loading.EventFileLoader(str(file)).Load() if event.HasField("summary")]


def test_what_tensorboard_shows(tmp_path, backend):
    util = pytest.importorskip("tensorboard.util.tensor_util")
    keras.set_random_seed(1)
    model = keras.Sequential([layers.Input((3,)), layers.Dense(4), layers.Dense(1)])
    model.compile("sgd", "mse")
    board = callbacks.TensorBoard(
        tmp_path, histogram_freq=1, write_images=True, write_steps_per_second=True, update_freq="batch"
    )
    found = fit(model, board, epochs=2, validation_data=(X, Y))
    shown = {}
    for event in events_of(tmp_path / "train"):
        for value in event.summary.value:
            shown.setdefault(value.tag, {})[event.step] = util.make_ndarray(value.tensor)
    np.testing.assert_allclose([shown["epoch_loss"][0], shown["epoch_loss"][1]], found["loss"], rtol=1e-6)
    assert list(shown["batch_loss"]) == [1, 2, 3, 4]
    assert shown["epoch_learning_rate"][1] == pytest.approx(0.01)
    assert shown["epoch_steps_per_second"][1] > 0
    assert shown[f"{model.layers[0].kernel.path}/histogram"][1].sum() > 0
    width, height, image = shown[f"{model.layers[0].kernel.path}/image"][1]
    assert (width, height) == (b"4", b"3")
    assert image.startswith(b"\x89PNG")
    assert b"Dense" in shown["keras"][0].item()
    tags = {value.tag for event in events_of(tmp_path / "validation") for value in event.summary.value}
    assert {"epoch_loss", "evaluation_loss_vs_iterations", "batch_loss"} <= tags


def test_embeddings_for_the_projector(tmp_path):
    pytest.importorskip("tensorboard")
    model = keras.Sequential([layers.Embedding(5, 2, name="words"), layers.Flatten(), layers.Dense(1)])
    model.compile("sgd", "mse")
    names = tmp_path / "names.tsv"
    board = callbacks.TensorBoard(tmp_path / "logs", embeddings_freq=1, embeddings_metadata=names)
    x = np.zeros((4, 3), "int32")
    model.fit(x, np.zeros((4, 1)), verbose=0)
    model.fit(x, np.zeros((4, 1)), verbose=0, callbacks=[board])
    text = (tmp_path / "logs" / "train" / "projector_config.pbtxt").read_text()
    assert 'tensor_path: "words.tsv"' in text
    assert f'metadata_path: "{names}"' in text
    table = np.loadtxt(tmp_path / "logs" / "train" / "words.tsv", delimiter="\t")
    np.testing.assert_allclose(table, model.layers[0].weights[0].numpy(), rtol=1e-6)  # eight digits are written
    with pytest.raises(ArgumentError, match="there are words; got wrods"):
        fit(model, callbacks.TensorBoard(tmp_path, embeddings_freq=1, embeddings_metadata={"wrods": names}))


def test_logs_stay_on_the_device_until_somebody_reads_them():
    read = []

    class Lazy(callbacks.Callback):
        takes_arrays = True

        def on_train_batch_end(self, batch, logs=None):
            read.append(type(logs["loss"]))

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fit(line(), Lazy(), epochs=1)
    assert not any(kind is float for kind in read)


def test_a_history_is_drawn(tmp_path):
    pytest.importorskip("matplotlib")
    model = line(metrics=["mae"])
    record = model.fit(X, Y, epochs=4, verbose=0, validation_data=(X, Y), validation_freq=2)
    figure = record.plot()
    assert [axes.get_title() for axes in figure.axes] == ["loss", "mae"]
    training, validation = figure.axes[0].lines
    np.testing.assert_array_equal(training.get_ydata(), record.history["loss"])
    assert list(training.get_xdata()) == [1, 2, 3, 4]
    assert list(validation.get_xdata()) == [2, 4]
    figure.savefig(tmp_path / "history.png")
    assert len(record.plot(["mae"]).axes) == 1
    with pytest.raises(ArgumentError, match="no accuracy in the history, which has loss, mae"):
        record.plot(["accuracy"])
    with pytest.raises(ArgumentError, match="fit a model first"):
        callbacks.History().plot()


def test_in_a_notebook_a_bar_becomes_a_line(monkeypatch):
    shown = []

    class Handle:
        def __init__(self):
            self.place = len(shown)

        def update(self, content, raw):
            shown[self.place].append(content)

    def display(content, raw, display_id):
        handle = Handle()
        shown.append([content])
        return handle

    notebook = types.ModuleType("IPython.display")
    monkeypatch.setattr(notebook, "display", display, raising=False)
    monkeypatch.setitem(sys.modules, "IPython.display", notebook)
    monkeypatch.setattr(progress, "INTERVAL", 0)
    model = keras.Sequential([layers.Dense(1)])
    model.compile("sgd", "mse")
    logger = callbacks.ProgbarLogger(Console(force_jupyter=True))
    model.fit(np.ones((4, 2)), np.ones((4, 1)), batch_size=1, epochs=2, verbose=0, callbacks=[logger])
    assert len(shown) == 2
    assert [content["text/plain"].split()[3] for content in shown[1][:4]] == ["1/4", "2/4", "3/4", "4/4"]
    assert shown[1][-1]["text/plain"].startswith("Epoch 2/2: 4 steps")
    assert shown[1][-1]["text/html"].startswith("<pre>Epoch 2/2: 4 steps")


@pytest.mark.parametrize("method", ["fit", "evaluate"])
def test_an_error_takes_the_bar_away_and_shows_the_cursor_again(method):
    written = io.StringIO()
    logger = callbacks.ProgbarLogger(Console(file=written, force_terminal=True))

    def stop(batch, logs):
        raise ValueError("stop")

    stopping = callbacks.LambdaCallback(on_train_batch_end=stop)
    stopping.on_test_batch_end = stop
    with pytest.raises(ValueError, match="stop"):
        getattr(line(), method)(np.ones((4, 3)), np.ones((4, 1)), verbose=0, callbacks=[stopping, logger])
    hidden, shown = "\x1b[?25l", "\x1b[?25h"
    assert written.getvalue().rindex(hidden) < written.getvalue().rindex(shown)
