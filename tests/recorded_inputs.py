"""The inputs for which Keras 3.15.1 gave the numbers in `recorded_scores.json`, in float64."""

import numpy as np

WAVES = np.sin(np.arange(48.0) ** 1.5).reshape(4, 4, 3)
YES = (WAVES[1] > 0).astype(float)
NUMBERS = np.array([0, 2, 1, 0])
ONE_HOT = np.eye(3)[NUMBERS]
SHARES = np.exp(2 * WAVES[0]) / np.exp(2 * WAVES[0]).sum(-1, keepdims=True)

CLASS_NUMBERS = {"SparseCategoricalCrossentropy", "SparseCategoricalAccuracy", "SparseTopKCategoricalAccuracy"}
CLASSES = {"CategoricalHinge", "CategoricalAccuracy", "TopKCategoricalAccuracy", "F1Score", "KLDivergence"}
CLASSES |= {"CategoricalCrossentropy", "CategoricalFocalCrossentropy", "OneHotIoU", "OneHotMeanIoU"}
POSITIVE = {"Poisson", "MeanSquaredLogarithmicError"}
QUANTITIES = {"MeanSquaredError", "MeanAbsoluteError", "MeanAbsolutePercentageError", "RootMeanSquaredError"}
QUANTITIES |= {"CosineSimilarity", "Huber", "LogCosh", "LogCoshError", "R2Score"}
QUANTITIES |= {"PearsonCorrelation", "ConcordanceCorrelation"}


def inputs_of(kind, name, arguments):
    """What is true and what is predicted, or the values alone."""
    if name in ("Mean", "Sum"):
        return (WAVES[0],)
    if name == "CTC":
        return np.array([[1, 2], [2, 0], [1, 1], [1, 0]]), WAVES
    if name == "Circle":
        return NUMBERS, WAVES[0] / np.linalg.norm(WAVES[0], axis=1, keepdims=True)
    if name in ("Accuracy", "IoU") or (name == "MeanIoU" and arguments.get("sparse_y_pred", True)):
        return NUMBERS, np.array([0, 1, 1, 2])
    if name in CLASS_NUMBERS or name in ("CategoricalGeneralizedCrossEntropy", "MeanIoU"):
        return NUMBERS, SHARES
    if name in CLASSES:
        return ONE_HOT, SHARES
    if name in POSITIVE:
        return 1.5 + WAVES[1], 1.5 + WAVES[0]
    if name in QUANTITIES:
        return WAVES[1], WAVES[0]
    return YES, (1 + WAVES[0]) / 2


def weights_of(name, arguments):
    """The weights of the samples: whole numbers where Keras would cut off the fractions of others."""
    if arguments.get("axis") == 0 or name == "BinaryIoU":
        return None
    return np.array([0, 1, 2, 1]) if "IoU" in name else np.array([0.5, 1.0, 2.0, 1.5])
