"""Layers that prepare data: Keras's numbers, adaptation, pipelines, and what belongs to images."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import polykeras
from polykeras import Input, Model, layers, ops
from polykeras.backend import available, using
from polykeras.errors import ArgumentError, SerializationError, StateError
from polykeras.layers.preprocessing import bounding_boxes
from polykeras.layers.preprocessing.fingerprints import fingerprints, keyed_hashes

RECORDED = json.loads((Path(__file__).parent / "recorded_preparation.json").read_text())
"""What Keras 3.15.1 gives, rounded to five places."""
PICTURE = (127.5 + 127.5 * np.sin(np.arange(90.0) ** 1.5)).reshape(1, 6, 5, 3).astype("float32")
BOXES = np.array([[[1, 1, 4, 5], [0, 2, 3, 3]]], "float32")
TEXTS = ["Hello, World! hello", "Foo's bar-baz  qux.", "Émile ÇA va\tt\nn"]

with_tensorflow = pytest.mark.skipif("tensorflow" not in available(), reason="needs tf.data")
with_torch = pytest.mark.skipif("torch" not in available(), reason="needs a DataLoader")


def numbers(x):
    return np.asarray(ops.convert_to_numpy(x))


def titled(entry):
    return entry["layer"]


# Keras's numbers -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("entry", RECORDED["images"], ids=titled)
def test_images_become_what_keras_makes_of_them(entry):
    options = {"bounding_box_format": "xyxy"} if "boxes" in entry else {}
    layer = getattr(layers, entry["layer"])(**entry["config"], **options)
    drawn = {name: np.asarray(x) for name, x in entry["transformation"].items()}
    drawn["input_shape"] = PICTURE.shape
    # values go up to 255, positions are computed in other precisions, and what was recorded is rounded
    np.testing.assert_allclose(numbers(layer.transform_images(PICTURE, drawn)), entry["images"], rtol=0, atol=2e-3)
    if "boxes" in entry:
        given = {"boxes": BOXES, "labels": np.ones((1, 2))}
        boxes = layer.transform_bounding_boxes(given, drawn)["boxes"]
        np.testing.assert_allclose(numbers(boxes), entry["boxes"], rtol=0, atol=1e-4)


@pytest.mark.parametrize("entry", RECORDED["sounds"], ids=titled)
def test_sounds_become_what_keras_makes_of_them(entry):
    sound = np.sin(np.arange(400.0) ** 1.3).astype("float32").reshape(entry["shape"])
    found = numbers(getattr(layers, entry["layer"])(**entry["config"])(sound))
    # float32 transforms of some 60 numbers; decibels of small powers magnify their rounding
    np.testing.assert_allclose(found, entry["result"], rtol=1e-4, atol=2e-3)


@pytest.mark.parametrize("entry", RECORDED["bounds"])
def test_bins_have_the_bounds_that_keras_finds(entry):
    layer = layers.Discretization(num_bins=entry["num_bins"])
    layer.adapt(np.sin(np.arange(600.0)).reshape(200, 3))
    assert layer.bin_boundaries == pytest.approx(entry["bounds"], rel=1e-6)  # float32
    again = layers.Discretization.from_config(layer.get_config())
    assert again.bin_boundaries == layer.bin_boundaries
    again.adapt([0.0, 1.0])
    assert again.bin_boundaries != layer.bin_boundaries


@pytest.mark.parametrize("entry", RECORDED["texts"])
def test_texts_become_what_keras_makes_of_them(entry):
    config = {name: tuple(x) if isinstance(x, list) else x for name, x in entry["config"].items()}
    layer = layers.TextVectorization(**config)
    layer.adapt(TEXTS)
    assert layer.get_vocabulary() == entry["vocabulary"]
    for one in (layer, layers.deserialize(json.loads(json.dumps(layers.serialize(layer))))):
        np.testing.assert_allclose(numbers(one([*TEXTS, "hello zzz"])), entry["result"], rtol=0, atol=1e-5)


@pytest.mark.parametrize("entry", RECORDED["lookups"], ids=titled)
def test_categories_become_what_keras_makes_of_them(entry, backend):
    layer = getattr(layers, entry["layer"])(**entry["config"])
    inputs = entry["inputs"]
    given = [np.array(x) for x in inputs] if entry["layer"] == "HashedCrossing" else inputs
    np.testing.assert_allclose(numbers(layer(given)), entry["result"], rtol=0, atol=1e-5)
    again = layers.deserialize(json.loads(json.dumps(layers.serialize(layer))))
    np.testing.assert_array_equal(numbers(again(given)), numbers(layer(given)))


def test_hashes_are_those_of_the_world():
    sizes = [0, 1, 2, 3, 4, 7, 8, 9, 16, 17, 31, 32, 33, 50, 64, 65, 100, 127, 128, 129, 200, 1000]
    strings = [bytes((7 * place + size) % 256 for place in range(size)) for size in sizes]
    assert [hex(x) for x in fingerprints(strings)] == RECORDED["fingerprints"]
    assert [int(x) % (2**31 - 1) for x in keyed_hashes(strings, (133, 137))] == RECORDED["keyed"]


def test_siphash_has_the_answers_of_its_authors():
    key = int.from_bytes(bytes(range(8)), "little"), int.from_bytes(bytes(range(8, 16)), "little")
    assert hex(keyed_hashes([bytes(range(15))], key)[0]) == "0xa129ca6149be45e5"


# Adaptation ------------------------------------------------------------------------------------------------

DATA = np.arange(24.0).reshape(6, 4) ** 1.5


class Batches:
    """Data that can be indexed by batch."""

    def __len__(self):
        return 3

    def __getitem__(self, place):
        return DATA[2 * place : 2 * place + 2]


@pytest.mark.parametrize("data", [DATA, DATA.tolist(), Batches(), "generator"], ids=["array", "list", "batches", "gen"])
def test_layers_adapt_to_whatever_gives_batches(data, backend):
    layer = layers.Normalization()
    layer.adapt((DATA[start : start + 2] for start in (0, 2, 4)) if isinstance(data, str) else data)
    found = numbers(layer(DATA))
    assert layer.mean.home is backend
    np.testing.assert_allclose(found.mean(0), 0, atol=1e-5)  # float32
    np.testing.assert_allclose(found.std(0), 1, atol=1e-5)


@with_torch
def test_a_data_loader_is_adapted_to(backend):
    from_loader = polykeras.convert(DATA, "torch")
    loader = __import__("torch").utils.data.DataLoader(from_loader, batch_size=2)
    layer = layers.Normalization()
    layer.adapt(loader)
    np.testing.assert_allclose(layer.mean.numpy(), DATA.mean(0), rtol=1e-6)


def test_data_has_to_be_there():
    with pytest.raises(ArgumentError, match="got none"):
        layers.Normalization().adapt(iter([]))
    with pytest.raises(ArgumentError, match="batches that are one array"):
        layers.Normalization().adapt(iter([(DATA, DATA)]))
    with pytest.raises(StateError, match="vocabulary"):
        layers.StringLookup()(["a"])


def test_a_vocabulary_comes_from_a_file_but_never_from_one_that_a_configuration_names(tmp_path):
    path = tmp_path / "words.txt"
    path.write_text("a\nb\n")
    layer = layers.StringLookup(vocabulary=str(path))
    assert layer.get_vocabulary() == ["[UNK]", "a", "b"]
    assert layer.get_config()["vocabulary"] == ["a", "b"]
    for kind in (layers.StringLookup, layers.IntegerLookup, layers.TextVectorization):
        config = {**kind().get_config(), "vocabulary": str(path)}
        with pytest.raises(SerializationError, match="names a vocabulary file"):
            kind.from_config(config)


def test_assets_that_keras_wrote_are_read(tmp_path):
    (tmp_path / "vocabulary.txt").write_text("[UNK]\nb\na")
    layer = layers.StringLookup()
    layer.load_assets(tmp_path)
    assert layer.get_vocabulary() == ["[UNK]", "b", "a"]


def test_words_come_back():
    layer = layers.StringLookup(vocabulary=["a", "b"], invert=True)
    assert layer([[0, 2, 9]]).tolist() == [["[UNK]", "b", "[UNK]"]]


# Pipelines -------------------------------------------------------------------------------------------------


@with_tensorflow
def test_layers_run_in_a_pipeline_of_tensorflow_whatever_the_backend(backend):
    tf = __import__("tensorflow")
    images = np.random.default_rng(0).uniform(0, 255, (4, 6, 5, 3)).astype("float32")
    augment = [layers.RandomFlip(seed=1), layers.RandomRotation(0.2, seed=2), layers.RandomContrast(0.3, seed=3)]
    pipeline = layers.Pipeline([*augment, layers.Resizing(4, 4), layers.Rescaling(1 / 255)])
    normal = layers.Normalization()
    normal.adapt(images)
    data = tf.data.Dataset.from_tensor_slices(images).batch(2).map(lambda x: normal(pipeline(x)))
    found = [batch.numpy() for batch in data]

    with using("numpy"):
        again = layers.Pipeline.from_config(pipeline.get_config())
        wanted = [numbers(normal(again(images[start : start + 2]))) for start in (0, 2)]
    for f, w in zip(found, wanted, strict=True):
        np.testing.assert_allclose(f, w, rtol=0, atol=1e-5)  # float32 of values up to some units


@with_tensorflow
def test_strings_run_in_a_pipeline_of_tensorflow(backend):
    tf = __import__("tensorflow")
    layer = layers.TextVectorization(output_sequence_length=4)
    data = tf.data.Dataset.from_tensor_slices(["a b", "b c b"]).batch(2)
    layer.adapt(data)
    mapped = data.map(layer)
    assert mapped.element_spec.shape.as_list() == [None, 4]
    assert next(iter(mapped)).numpy().tolist() == [[4, 2, 0, 0], [2, 3, 2, 0]]


# What belongs to images ------------------------------------------------------------------------------------

MOVES = [
    layers.RandomFlip(seed=1, bounding_box_format="xyxy"),
    layers.RandomRotation(0.1, "constant", "nearest", seed=2, bounding_box_format="xyxy"),
    layers.RandomZoom(0.3, 0.3, "constant", "nearest", seed=3, bounding_box_format="xyxy"),
    layers.RandomTranslation(0.2, 0.2, "constant", "nearest", seed=4, bounding_box_format="xyxy"),
    layers.RandomShear(0.2, 0.2, "nearest", "constant", seed=5, bounding_box_format="xyxy"),
    layers.RandomPerspective((1.0, 1.0), 0.3, "nearest", seed=6, bounding_box_format="xyxy"),
    layers.RandomCrop(50, 60, seed=7, bounding_box_format="xyxy"),
    layers.CenterCrop(50, 60, bounding_box_format="xyxy"),
    layers.CenterCrop(90, 40, bounding_box_format="xyxy"),
    layers.Resizing(40, 80, "nearest", bounding_box_format="xyxy"),
    layers.Resizing(40, 80, "nearest", crop_to_aspect_ratio=True, bounding_box_format="xyxy"),
    layers.Resizing(40, 80, "nearest", pad_to_aspect_ratio=True, bounding_box_format="xyxy"),
]


@pytest.mark.parametrize("layer", MOVES, ids=lambda layer: layer.name)
def test_boxes_and_masks_go_where_the_picture_goes(layer):
    image = np.zeros((1, 60, 70, 1), "float32")
    image[0, 20:40, 25:50] = 255.0
    data = {
        "images": image,
        "segmentation_masks": (image > 0).astype("int32"),
        "bounding_boxes": {"boxes": np.array([[[25.0, 20.0, 50.0, 40.0]]]), "labels": np.array([[3]])},
        "labels": np.array([7]),
    }
    found = layer(data, training=True)
    inside = numbers(found["images"])[0, :, :, 0] > 127
    assert (inside == (numbers(found["segmentation_masks"])[0, :, :, 0] > 0)).mean() > 0.99  # linear at the edges
    rows, columns = np.nonzero(inside)
    seen = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
    # a pixel is where its middle is: a turned edge is off by one, and an edge of the result by its width
    np.testing.assert_allclose(numbers(found["bounding_boxes"]["boxes"])[0, 0], seen, atol=2.0)
    assert numbers(found["bounding_boxes"]["labels"]).tolist() == [[3]]
    assert numbers(found["labels"]).tolist() == [7]
    one = {name: x[0] for name, x in data.items() if name != "bounding_boxes"}
    assert numbers(layer(one, training=True)["images"]).shape == numbers(found["images"]).shape[1:]


def test_boxes_need_a_format():
    data = {"images": PICTURE, "bounding_boxes": {"boxes": BOXES, "labels": np.ones((1, 2))}}
    with pytest.raises(ArgumentError, match="expected bounding_box_format"):
        layers.RandomFlip()(data)


@pytest.mark.parametrize("name", [*bounding_boxes.FORMATS, *bounding_boxes.RELATIVE])
def test_formats_of_boxes_lead_back(name):
    there = bounding_boxes.convert_format(BOXES, "xyxy", name, 10, 20)
    back = bounding_boxes.convert_format(there, name, "xyxy", 10, 20)
    np.testing.assert_allclose(numbers(back), BOXES, atol=1e-5)  # float32


def test_mixed_images_have_mixed_labels():
    images = np.stack([np.full((4, 4, 1), value, "float32") for value in (0.0, 1.0)])
    data = {"images": images, "labels": np.eye(2, dtype="float32")}
    for layer in (layers.MixUp(alpha=1.0, seed=3), layers.CutMix(seed=3)):
        found = layer(data)
        share = numbers(found["images"]).mean((1, 2, 3))
        # a rectangle has a whole number of pixels: up to a row and a column of four more or less
        slack = 1e-6 if isinstance(layer, layers.MixUp) else 0.6
        np.testing.assert_allclose(share, numbers(found["labels"])[:, 1], atol=slack)
        np.testing.assert_allclose(numbers(found["labels"]).sum(1), 1, atol=1e-6)


def test_nothing_is_drawn_in_inference_and_draws_go_on(backend):
    layer = layers.RandomBrightness(0.5, seed=5)
    np.testing.assert_array_equal(numbers(layer(PICTURE, training=False)), PICTURE)
    first, second = numbers(layer(PICTURE)), numbers(layer(PICTURE))
    assert (first != second).any()
    with using("numpy"):
        again = layers.RandomBrightness(0.5, seed=5)
        np.testing.assert_allclose(numbers(again(PICTURE)), first, rtol=0, atol=1e-4)  # an ulp of 255 in float32
        np.testing.assert_allclose(numbers(again(PICTURE)), second, rtol=0, atol=1e-4)


def test_draws_have_their_distributions():
    frame = np.zeros((2000, 2, 2, 1), "float32")

    def drawn(layer, name):
        return numbers(layer.get_random_transformation(frame)[name]).reshape(2000, -1)[:, 0]

    half = 4 * 0.5 / np.sqrt(2000)  # four standard deviations of a share
    assert abs(drawn(layers.RandomFlip(seed=1), "flips").mean() - 0.5) < half
    assert abs(drawn(layers.RandomGrayscale(0.3, seed=1), "should_apply").mean() - 0.3) < half
    assert abs(drawn(layers.RandomInvert(1.0, seed=1), "apply_inversion").mean() - 0.5) < half
    angles = drawn(layers.RandomRotation((-0.1, 0.2), seed=1), "angle")
    assert -36 <= angles.min() < -35
    assert 71 < angles.max() <= 72
    assert set(drawn(layers.RandomPosterization((2, 5), seed=1), "shift_factor")) == {4, 5, 6}


def test_spectrograms_of_sounds_of_any_length(backend):
    inputs = Input((None, 2))
    model = Model(inputs, layers.STFTSpectrogram("stft", 32, 16, 32)(inputs))
    for length in (100, 70):
        sound = np.random.default_rng(0).normal(size=(3, length, 2)).astype("float32")
        alone = layers.STFTSpectrogram("stft", 32, 16, 32)(sound)
        np.testing.assert_allclose(model.predict(sound, verbose=0), ops.convert_to_numpy(alone), rtol=1e-5, atol=1e-5)
