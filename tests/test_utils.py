"""Small helpers, and folders, time series and arrays as data."""

from __future__ import annotations

import io
import wave

import numpy as np
import pytest

import polykeras as keras
from polykeras import layers, ops, preprocessing, utils
from polykeras.errors import ArgumentError, ConfigError
from polykeras.training.pipeline import Pipeline
from polykeras.utils.audio_folders import read_wave, resampled


def test_every_name_is_there():
    for name in utils.__all__:
        assert getattr(utils, name) is not None, name
    assert utils.Sequence is utils.PyDataset
    assert preprocessing.sequence.pad_sequences is utils.pad_sequences


# Arrays ----------------------------------------------------------------------------------------------------


def test_classes_as_rows(backend):
    expected = [[[0, 1, 0], [0, 0, 1]]]
    assert utils.to_categorical([[1, 2]]).tolist() == expected
    assert utils.to_categorical(np.array([[[1], [2]]]), 3).tolist() == expected
    native = utils.to_categorical(ops.array([[1, 2]]))
    assert ops.is_tensor(native)
    assert ops.convert_to_numpy(native).tolist() == expected
    with pytest.raises(ArgumentError, match=r"from 0 to 1; got some from 0 to 2.*num_classes=3"):
        utils.to_categorical([0, 2], 2)


def test_vectors_of_length_one(backend):
    x = np.array([[3.0, 4.0], [0.0, 0.0], [1.0, 0.0]])
    assert utils.normalize(x).tolist() == [[0.6, 0.8], [0, 0], [1, 0]]
    np.testing.assert_allclose(utils.normalize(x, axis=0, order=1)[:, 0], [0.75, 0, 0.25])
    np.testing.assert_allclose(ops.convert_to_numpy(utils.normalize(ops.array(x))), utils.normalize(x), rtol=1e-6)


def test_sequences_are_padded_and_cut():
    sequences = [[1], [2, 3], [4, 5, 6], []]
    assert utils.pad_sequences(sequences).tolist() == [[0, 0, 1], [0, 2, 3], [4, 5, 6], [0, 0, 0]]
    found = utils.pad_sequences(sequences, 2, "float32", "post", "post", -1)
    assert found.tolist() == [[1, -1], [2, 3], [4, 5], [-1, -1]]
    assert utils.pad_sequences([["a"], ["b", "c"]], dtype=object, value="").tolist() == [["", "a"], ["b", "c"]]
    assert utils.pad_sequences([np.ones((1, 2)), np.ones((2, 2))]).shape == (2, 2, 2)
    assert utils.pad_sequences([]).shape == (0, 0)
    for arguments, message in (
        ({"padding": "front"}, "'pre' or 'post'; got 'front'"),
        ({"value": "x"}, "dtype=object"),
    ):
        with pytest.raises(ArgumentError, match=message):
            utils.pad_sequences(sequences, **arguments)
    with pytest.raises(ArgumentError, match="list of sequences"):
        utils.pad_sequences([1, 2])


def test_settings_as_attributes():
    config = utils.Config(rate=0.5)
    config.units = 3
    config["name"] = "a"
    assert config.as_dict() == {"rate": 0.5, "units": 3, "name": "a"}
    assert (config.get("none", 1), config.pop("name"), "name" in config, list(config.keys())) == (
        *(1, "a", False),
        ["rate", "units"],
    )
    config.freeze()
    for change in (lambda: setattr(config, "rate", 1), lambda: config.update(a=1), lambda: config.pop("rate")):
        with pytest.raises(ConfigError, match="unfreeze"):
            change()
    config.unfreeze()
    config.update(rate=1)
    with pytest.raises(AttributeError, match="did you mean 'units'"):
        _ = config.unit


def test_the_inputs_of_a_graph():
    a, b, c = layers.Input((2,)), layers.Input((2,)), layers.Input((2,))
    hidden = layers.Dense(2)(layers.Add()([a, b]))
    assert list(map(id, utils.get_source_inputs(hidden + a))) == [id(a), id(b)]
    assert list(map(id, utils.get_source_inputs([c, hidden]))) == [id(c), id(a), id(b)]


# Images ----------------------------------------------------------------------------------------------------


@pytest.fixture
def picture():
    pytest.importorskip("PIL")
    return np.random.default_rng(0).integers(0, 255, (6, 9, 3)).astype("uint8")


def test_images_go_to_files_and_come_back(picture, tmp_path):
    for shape, mode in (((6, 9, 3), "rgb"), ((6, 9, 1), "grayscale"), ((6, 9, 4), "rgba")):
        x = np.resize(picture, shape)
        utils.save_img(tmp_path / "a.png", x, scale=False)
        found = utils.img_to_array(utils.load_img(tmp_path / "a.png", mode))
        np.testing.assert_array_equal(found, x)
        assert found.dtype == "float32"
    first = utils.array_to_img(picture.transpose(2, 0, 1), "channels_first", scale=False)
    np.testing.assert_array_equal(utils.img_to_array(first, "channels_first"), picture.transpose(2, 0, 1))
    with pytest.warns(UserWarning, match="no transparency"):
        utils.save_img(tmp_path / "a.jpg", np.resize(picture, (6, 9, 4)))
    scaled = utils.img_to_array(utils.array_to_img(np.linspace(-1, 3, 12).reshape(2, 2, 3)))
    assert (scaled.min(), scaled.max()) == (0, 255)


def test_images_of_another_size(picture, tmp_path):
    content = io.BytesIO()
    utils.save_img(content, picture, file_format="png", scale=False)
    assert utils.load_img(content, target_size=(3, 3)).size == (3, 3)
    cut = utils.load_img(content, target_size=(6, 6), keep_aspect_ratio=True)
    np.testing.assert_array_equal(utils.img_to_array(cut), picture[:, 1:7])
    resized = preprocessing.image.smart_resize(picture.astype("float32"), (6, 6))
    np.testing.assert_allclose(resized, picture[:, 1:7], rtol=1e-6)
    assert preprocessing.image.smart_resize(ops.ones((2, 8, 4, 1)), (2, 2)).shape == (2, 2, 2, 1)


@pytest.mark.parametrize(
    ("mistake", "message"),
    [
        (lambda: utils.array_to_img(np.ones((2, 2))), r"three axes, one image; got shape \(2, 2\)"),
        (lambda: utils.array_to_img(np.ones((2, 2, 5))), "1, 3 or 4 channels; got 5"),
        (lambda: utils.array_to_img(np.ones((2, 2, 3)), "last"), "data_format.*'last'"),
        (lambda: utils.load_img("x.png", "cmyk"), "color_mode.*'cmyk'"),
        (lambda: preprocessing.image.smart_resize(np.ones((2, 2)), (2, 2)), "an image or a batch"),
    ],
)
def test_mistakes_with_images(mistake, message):
    pytest.importorskip("PIL")
    with pytest.raises(ArgumentError, match=message):
        mistake()


# Folders ---------------------------------------------------------------------------------------------------


@pytest.fixture
def folders(tmp_path):
    """Images, texts and sounds of two classes, five files each."""
    pytest.importorskip("PIL")
    for number in range(10):
        name, kind = f"{number}", "cats" if number < 5 else "dogs"
        for folder in ("images", "texts", "sounds"):
            (tmp_path / folder / kind).mkdir(parents=True, exist_ok=True)
        utils.save_img(tmp_path / "images" / kind / f"{name}.png", np.full((4, 6, 3), number), scale=False)
        (tmp_path / "texts" / kind / f"{name}.txt").write_text(f"número {number}", encoding="utf-8")
        with wave.open(str(tmp_path / "sounds" / kind / f"{name}.wav"), "wb") as file:
            file.setparams((1, 2, 8000, 0, "NONE", ""))
            file.writeframes(np.full(3 + number, 1000 * number, "<i2").tobytes())
    return tmp_path


def test_folders_of_images(folders):
    data = utils.image_dataset_from_directory(
        folders / "images", image_size=(2, 3), batch_size=4, shuffle=False, verbose=False
    )
    assert data.class_names == ["cats", "dogs"]
    assert [path[-10:] for path in data.file_paths[4:6]] == ["cats/4.png", "dogs/5.png"]
    x, y = zip(*data, strict=True)
    assert [part.shape for part in x] == [(4, 2, 3, 3), (4, 2, 3, 3), (2, 2, 3, 3)]
    np.testing.assert_allclose(np.concatenate(x)[:, 0, 0, 0], range(10), atol=1e-5)
    assert np.concatenate(y).tolist() == [0] * 5 + [1] * 5
    assert (x[0].dtype, y[0].dtype) == ("float32", "int32")
    model = keras.Sequential([layers.Flatten(), layers.Dense(2, "softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy")
    assert len(model.fit(data.map(lambda x, y: (x / 255, y)), epochs=2, verbose=0).history["loss"]) == 2


def test_folders_are_split_and_shuffled(folders, capsys):
    def make(**options):
        return utils.image_dataset_from_directory(folders / "images", image_size=2, seed=7, **options)

    training, validation = make(validation_split=0.3, subset="both")
    assert "Found 10 files of 2 classes" in capsys.readouterr().out
    assert sorted(training.file_paths + validation.file_paths) == sorted(make(batch_size=None).file_paths)
    assert validation.file_paths == make(validation_split=0.3, subset="validation").file_paths
    assert training.file_paths == make(validation_split=0.3, subset="training").file_paths
    first, second = ([int(x[0, 0, 0] + 0.5) for x in make(batch_size=None, label_mode=None)] for _ in range(2))
    assert first == second
    samples = make(batch_size=None, label_mode=None)
    passes = [[int(x[0, 0, 0] + 0.5) for x in samples] for _ in range(2)]
    assert passes[0] == first != passes[1]
    assert sorted(passes[1]) == list(range(10))


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"label_mode": "binary"}, [[0.0]] * 5 + [[1.0]] * 5),
        ({"label_mode": "categorical", "class_names": ["dogs", "cats"]}, [[1.0, 0.0]] * 5 + [[0.0, 1.0]] * 5),
        ({"labels": list(range(10))}, list(range(10))),
    ],
)
def test_labels_of_folders(folders, options, expected):
    (batch,) = utils.text_dataset_from_directory(folders / "texts", shuffle=False, verbose=False, **options)
    assert batch[1].tolist() == expected


def test_folders_of_texts_and_sounds(folders):
    (texts,) = utils.text_dataset_from_directory(folders / "texts", labels=None, shuffle=False, verbose=False)
    assert texts.tolist() == [f"número {number}" for number in range(10)]
    (cut,) = utils.text_dataset_from_directory(
        folders / "texts", None, None, max_length=3, shuffle=False, verbose=False
    )
    assert cut[0] == "nú"
    ((x, _),) = utils.audio_dataset_from_directory(folders / "sounds", shuffle=False, verbose=False)
    assert x.shape == (10, 12, 1)
    np.testing.assert_array_equal(x[2, :, 0], [2000 / 32768] * 5 + [0] * 7)
    ((x, _),) = utils.audio_dataset_from_directory(
        folders / "sounds", sampling_rate=16000, output_sequence_length=4, shuffle=False, verbose=False
    )
    assert x.shape == (10, 8, 1)


def test_sounds_of_every_width_and_rate(tmp_path):
    wanted = np.sin(np.linspace(0, 20, 200)) * 0.9
    for width, dtype in ((1, "u1"), (2, "<i2"), (4, "<i4"), (3, "<i4")):
        numbers = np.round(wanted * 2 ** (8 * width - 1)) + (128 if width == 1 else 0)
        content = numbers.astype(dtype).tobytes()
        if width == 3:
            content = np.frombuffer(content, "u1").reshape(-1, 4)[:, :3].tobytes()
        with wave.open(str(tmp_path / "a.wav"), "wb") as file:
            file.setparams((2, width, 100, 0, "NONE", ""))
            file.writeframes(content)
        found, rate = read_wave(str(tmp_path / "a.wav"))
        assert (found.shape, rate) == ((100, 2), 100)
        np.testing.assert_allclose(found.ravel(), wanted, atol=2.0 ** (1 - 8 * width) + 1e-7)  # half a unit of each
    times = np.arange(64) / 64
    for length in (32, 33, 128, 127, 64):
        wave_of = [np.cos(2 * np.pi * 5 * t) for t in (times, np.arange(length) / length)]
        np.testing.assert_allclose(resampled(wave_of[0][:, None], length)[:, 0], wave_of[1], atol=1e-6)
    (tmp_path / "bad.wav").write_bytes(b"no sound")
    with pytest.raises(ArgumentError, match="no WAV file"):
        read_wave(str(tmp_path / "bad.wav"))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"label_mode": "one_hot"}, "label_mode.*'one_hot'"),
        ({"labels": "names"}, "'inferred', a list.*'names'"),
        ({"labels": [1]}, "a label for each of 10 files.*got 1"),
        ({"labels": [0] * 10, "class_names": ["cats"]}, "inferred"),
        ({"class_names": ["birds"]}, "no folder 'birds'; folders are cats, dogs"),
        ({"class_names": ["cats"], "label_mode": "binary"}, "two classes; found cats"),
        ({"validation_split": 0.2}, "both validation_split and subset"),
        ({"validation_split": 2.0, "subset": "both"}, "between 0 and 1; got 2.0"),
        ({"validation_split": 0.5, "subset": "test"}, "subset.*'test'"),
        ({"format": "grain"}, "'tf', which gives a data set for all backends"),
    ],
)
def test_mistakes_with_folders(folders, options, message):
    with pytest.raises(ArgumentError, match=message):
        utils.text_dataset_from_directory(folders / "texts", verbose=False, **options)


def test_folders_that_are_empty_or_not_there(folders):
    with pytest.raises(ArgumentError, match=r"found no files.*png"):
        utils.image_dataset_from_directory(folders / "texts", verbose=False)
    with pytest.raises(ArgumentError, match="there is no"):
        utils.image_dataset_from_directory(folders / "none", verbose=False)


# Time series, splits and pipelines -------------------------------------------------------------------------


def test_windows_of_a_time_series():
    series = np.arange(20)
    make = utils.timeseries_dataset_from_array
    (x,) = make(series, None, 3, 4, 2)
    assert x.tolist() == [[0, 2, 4], [4, 6, 8], [8, 10, 12], [12, 14, 16]]
    ((x, y),) = make(series[:-3], series[3:], 3, start_index=2, end_index=7)
    assert (x.tolist(), y.tolist()) == ([[2, 3, 4], [3, 4, 5], [4, 5, 6]], [5, 6, 7])
    assert [len(x) for x in make(series, None, 5, batch_size=6)] == [6, 6, 4]
    assert len(make(series, None, 5, batch_size=None)) == 16
    shuffled = np.concatenate(list(make(series, None, 2, shuffle=True, seed=1)))
    assert sorted(shuffled[:, 0]) == list(range(19)) != shuffled[:, 0].tolist()
    for options, message in (
        ({"sampling_rate": 0}, "sampling_rate from 1 to below 20.*got 0"),
        ({"start_index": 9, "end_index": 3}, "start_index below end_index"),
        ({"sequence_length": 0}, "sequence_length to be from 1"),
    ):
        with pytest.raises(ArgumentError, match=message):
            make(series, None, **{"sequence_length": 2, **options})


def test_data_in_two_parts():
    x, y = np.arange(10), -np.arange(10)
    left, right = utils.split_dataset((x, y), 0.7)
    assert [list(map(int, sample)) for sample in right] == [[7, -7], [8, -8], [9, -9]]
    assert len(left) == 7
    left, right = utils.split_dataset(x, right_size=4, left_size=2, shuffle=True, seed=3)
    assert (len(left), len(right)) == (2, 4)
    assert not {int(a) for a in left} & {int(b) for b in right}
    assert [int(a) for a in utils.split_dataset(x, 3, shuffle=True, seed=3)[0]][:2] == [int(a) for a in left]
    for options, message in (
        ({}, "got neither"),
        ({"left_size": 1.5}, "left_size.*1.5"),
        ({"left_size": 8, "right_size": 8}, "no two parts of 10"),
    ):
        with pytest.raises(ArgumentError, match=message):
            utils.split_dataset(x, **options)


@pytest.mark.parametrize("name", keras.available())
def test_data_of_a_framework_in_two_parts(name):
    with keras.using(name):
        left, right = utils.split_dataset(ops.arange(5), 0.4)
    assert ([int(x) for x in left], len(right)) == ([0, 1], 3)


def test_pipelines():
    numbers = Pipeline.of_arrays(np.arange(7))
    assert [x.tolist() for x in numbers.batch(3)] == [[0, 1, 2], [3, 4, 5], [6]]
    assert [x.tolist() for x in numbers.batch(3, drop_remainder=True)] == [[0, 1, 2], [3, 4, 5]]
    assert [int(x) for x in numbers.skip(2).take(3).map(lambda x: x * 2)] == [4, 6, 8]
    assert [int(x) for x in numbers.take(2).repeat(2)] == [0, 1, 0, 1]
    calls = []
    cached = numbers.map(lambda x: calls.append(x) or x).cache().prefetch(2)
    assert [int(x) for x in cached] == [int(x) for x in cached]
    assert len(calls) == 7
    fixed = numbers.shuffle(10, seed=1, reshuffle_each_iteration=False)
    assert [int(x) for x in fixed] == [int(x) for x in fixed]
    batches = numbers.shuffle(seed=1).batch(7)
    assert next(iter(batches)).tolist() != next(iter(batches)).tolist()
    with pytest.raises(IndexError):
        numbers[7]


def test_pipelines_are_shuffled_in_each_epoch_the_same_on_every_backend():
    orders = []
    for name in keras.available():
        seen = []
        with keras.using(name):
            keras.set_random_seed(3)
            samples = Pipeline.of_arrays((np.arange(6.0)[:, None], np.zeros((6, 1)))).shuffle()
            data = samples.map(lambda x, y, seen=seen: (seen.append(float(x[0])) or x, y)).batch(2)
            model = keras.Sequential([layers.Dense(1)])
            model.compile("sgd", "mse")
            model.fit(data, epochs=2, verbose=0)
        orders.append(seen)
        assert sorted(seen[:6]) == sorted(seen[6:]) == list(range(6))
        assert seen[:6] != seen[6:]
    assert orders == [orders[0]] * len(orders)


# Progress --------------------------------------------------------------------------------------------------


def run_bar(**options) -> utils.Progbar:
    bar = utils.Progbar(4, **options)
    for step in range(1, 5):
        bar.update(step, [("loss", np.float32(step)), ("rate", step)])
    return bar


def test_a_bar_shows_means_and_what_is_to_be_shown_as_it_is(capsys):
    assert run_bar(stateful_metrics=["rate"]).means() == {"loss": 2.5, "rate": 4.0}
    assert run_bar(stateless_metrics=["rate"], verbose=0).means() == {"loss": 4.0, "rate": 2.5}
    shown = capsys.readouterr().out
    assert shown.count("\n") == 1
    assert shown.startswith("4/4  ━━━━━━━━━━━━━━━━━━━━")
    assert "loss: 2.5  rate: 4" in shown
    bar = utils.Progbar(None, verbose=2)
    bar.add(3, [("loss", 1.0)])
    bar.update(3, [("loss", 7.0)], finalize=True)
    assert "3/Unknown" in (shown := capsys.readouterr().out)
    assert "loss: 7" in shown
    with pytest.raises(ArgumentError, match="got both"):
        run_bar(stateful_metrics=[], stateless_metrics=[])


def test_a_bar_is_drawn_again_and_again_in_a_terminal(monkeypatch):
    terminal = io.StringIO()
    terminal.isatty = lambda: True  # type: ignore[method-assign]
    monkeypatch.setattr("sys.stdout", terminal)
    run_bar(interval=0)
    assert terminal.getvalue().count("\r") == 4
    assert terminal.getvalue().count("\n") == 1
    assert "━━━━━───" in terminal.getvalue()
