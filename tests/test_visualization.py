"""Pictures of images with classes and boxes."""

from __future__ import annotations

import numpy as np
import pytest

from polykeras import ops, visualization
from polykeras.errors import ArgumentError, DTypeError

IMAGES = np.full((2, 8, 10, 3), 100, "uint8")


@pytest.fixture
def figures():
    matplotlib = pytest.importorskip("matplotlib")
    before = matplotlib.get_backend()
    matplotlib.use("agg")
    yield
    matplotlib.use(before)


def test_pixels_have_the_colors_of_their_classes(backend):
    masks = np.zeros((2, 8, 10, 1), "int32")
    masks[:, :4], masks[:, 6:] = 1, -1
    draw = visualization.draw_segmentation_masks
    found = draw(ops.array(IMAGES), ops.array(masks), color_mapping={1: (200, 0, 100)}, alpha=0.5)
    assert found.dtype == "uint8"
    assert found[0, 0, 0].tolist() == [150, 50, 100]
    assert (found[:, 4:] == 100).all()
    plain = draw(IMAGES / 200, masks, blend=False)
    assert plain[0, 4, 0].tolist() == [0, 0, 0]
    assert plain[0, 6, 0].tolist() == [127, 127, 127]
    assert len({tuple(color) for color in draw(IMAGES, np.arange(160).reshape(2, 8, 10), blend=False)[0, 0]}) == 10
    assert (draw(IMAGES, masks, ignore_index=1, num_classes=2)[:, :4] == 100).all()


def test_images_in_rows_and_columns(figures, tmp_path):
    figure = visualization.plot_image_gallery(
        np.linspace(-1, 1, 5 * 48).reshape(5, 4, 4, 3),
        *([0, 1, 0, 1, 2], [0, 0, 0, 0, 0]),
        label_map={0: "cat", 1: "dog"},
        value_range=(-1, 1),
        path=tmp_path / "a.png",
    )
    assert (tmp_path / "a.png").stat().st_size > 100
    assert len(figure.axes) == 6
    titles = [place.get_title() for place in figure.axes[3:]]
    assert titles == ["Label: dog  Pred: cat", "Label: Unknown  Pred: cat", ""]
    shown = figure.axes[4].images[0].get_array()
    assert (figure.axes[0].images[0].get_array().min(), shown.max()) == (0, 255)
    assert len(visualization.plot_image_gallery(IMAGES, rows=1, show=False).axes) == 2
    gray = visualization.plot_image_gallery(np.ones((1, 1, 6, 8)), show=False, data_format="channels_first")
    assert gray.axes[0].images[0].get_array().shape[:2] == (6, 8)


def test_classes_beside_images(figures):
    masks = np.ones((2, 8, 10), "int64")
    figure = visualization.plot_segmentation_mask_gallery(IMAGES, 2, y_true=masks, y_pred=masks, show=False)
    assert len(figure.axes) == 6


@pytest.mark.parametrize(
    ("mistake", "error", "message"),
    [
        (lambda: visualization.draw_segmentation_masks(IMAGES[0], IMAGES), ArgumentError, "four axes; got shape"),
        (lambda: visualization.draw_segmentation_masks(IMAGES, IMAGES[0]), ArgumentError, "a number for each pixel"),
        (lambda: visualization.draw_segmentation_masks(IMAGES, IMAGES / 2), DTypeError, "whole numbers.*float64"),
        (lambda: visualization.plot_image_gallery(IMAGES, [0, 1]), ArgumentError, "expected label_map"),
        (lambda: visualization.plot_image_gallery(IMAGES, path="a.png", show=True), ArgumentError, "got both"),
        (lambda: visualization.plot_image_gallery(IMAGES, value_range=(1, 1)), ArgumentError, "black and white"),
    ],
)
def test_mistakes_are_explained(figures, mistake, error, message):
    with pytest.raises(error, match=message):
        mistake()


BOXES = {"boxes": np.array([[[2, 1, 6, 5], [0, 0, 0, 0]]] * 2), "labels": np.array([[1, -1]] * 2)}


def test_boxes_are_drawn_around_things(backend):
    draw = visualization.draw_bounding_boxes
    expected = np.zeros((8, 10), bool)
    expected[1:6, 2:7] = True
    expected[2:5, 3:6] = False
    found = draw(ops.array(IMAGES), BOXES, "xyxy", color=(255, 0, 0), line_thickness=1)
    np.testing.assert_array_equal(found[1, :, :, 0] == 255, expected)
    assert (found[..., 1][:, ~expected] == 100).all()
    relative = {"boxes": BOXES["boxes"] / [10, 8, 10, 8], "labels": BOXES["labels"]}
    np.testing.assert_array_equal(draw(IMAGES, relative, "rel_xyxy", color=(255, 0, 0), line_thickness=1), found)
    outside = {"boxes": np.array([[[-5, -5, 20, 20]]] * 2), "labels": np.zeros((2, 1), int)}
    assert (draw(IMAGES, outside, "xyxy") == 100).all()
    assert (draw(IMAGES, {**outside, "boxes": np.array([[[0, 0, 9, 7]]] * 2)}, "xyxy")[:, 3:5, 3:5] == 100).all()


def test_boxes_have_names():
    pytest.importorskip("PIL")
    images = np.zeros((1, 60, 80, 1), "uint8")
    boxes = {"boxes": [[[5, 30, 50, 50]]], "labels": [[3]], "confidences": [[0.5]]}
    plain, named = (visualization.draw_bounding_boxes(images, boxes, "xyxy", names) for names in (None, {3: "cat"}))
    changed = np.argwhere((plain != named)[0, ..., 0])
    assert len(changed) > 20
    assert changed[:, 0].max() < 30


def test_boxes_that_are_true_and_predicted(figures):
    figure = visualization.plot_bounding_box_gallery(IMAGES, "xyxy", BOXES, BOXES, legend=True, show=False)
    assert [text.get_text() for text in figure.legends[0].texts] == ["Ground Truth", "Prediction"]
    for mistake, message in (
        (lambda: visualization.plot_bounding_box_gallery(IMAGES, "xyxy", legend=True, legend_handles=[1]), "got both"),
        (lambda: visualization.draw_bounding_boxes(IMAGES, {"boxes": []}, "xyxy"), "'labels'; got boxes"),
    ):
        with pytest.raises(ArgumentError, match=message):
            mistake()
