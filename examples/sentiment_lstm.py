"""Whether a sentence is kind: words become vectors, an LSTM reads them, one number comes out."""

from __future__ import annotations

import numpy as np

import polykeras as keras
from polykeras import layers

KIND, UNKIND, WORDS, LENGTH = range(1, 11), range(11, 21), 60, 16


def sentences(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Sentences of made-up words, shorter ones padded with 0, and whether more of the words are kind than unkind."""
    random = np.random.default_rng(0)
    words = random.integers(1, WORDS, (count, LENGTH)).astype("int32")
    words[np.arange(LENGTH) >= random.integers(6, LENGTH + 1, (count, 1))] = 0
    score = np.isin(words, KIND).sum(1) - np.isin(words, UNKIND).sum(1)
    return words[score != 0], (score[score != 0] > 0).astype("float32")[:, None]


def main(epochs: int = 4) -> float:
    """Train, and return the accuracy on sentences not seen before."""
    keras.set_random_seed(0)
    x, y = sentences(1500)
    model = keras.Sequential(
        [
            layers.Embedding(WORDS, 16, mask_zero=True),
            layers.LSTM(32),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile(optimizer=keras.optimizers.Adam(0.01), loss="binary_crossentropy", metrics=["accuracy"])
    history = model.fit(x, y, batch_size=64, epochs=epochs, validation_split=0.2, verbose=0)
    accuracy = history.history["val_accuracy"][-1]
    print(f"accuracy after {epochs} epochs: {accuracy:.1%}")
    return accuracy


if __name__ == "__main__":
    main()
