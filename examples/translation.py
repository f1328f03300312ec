"""From one toy language to another: other words, in the opposite order. One network reads, another one writes."""

from __future__ import annotations

import numpy as np

import polykeras as keras
from polykeras import layers

WORDS, LENGTH, START = 10, 5, 10
DICTIONARY = np.random.default_rng(1).permutation(WORDS)
"""The word of the second language for each word of the first."""


def sentences(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Sentences, and their translations."""
    originals = np.random.default_rng(0).integers(0, WORDS, (count, LENGTH))
    return originals.astype("int32"), DICTIONARY[originals][:, ::-1].astype("int32")


def make_model(width: int = 48) -> keras.Model:
    """An encoder that reads a sentence, and a decoder that writes word after word and looks back at what was read."""
    original = layers.Input((LENGTH,), dtype="int32", name="original")
    written = layers.Input((LENGTH,), dtype="int32", name="written")
    read, state = layers.GRU(width, return_sequences=True, return_state=True)(layers.Embedding(WORDS, width)(original))
    writing = layers.GRU(width, return_sequences=True)
    spoken = writing(layers.Embedding(WORDS + 1, width)(written), initial_state=state)
    seen = layers.Attention()([spoken, read])
    return keras.Model([original, written], layers.Dense(WORDS)(layers.Concatenate()([spoken, seen])))


def translate(model: keras.Model, originals: np.ndarray) -> np.ndarray:
    """Translations, written word by word: each is the most probable one after those before it."""
    written = np.full((len(originals), LENGTH + 1), START, "int32")
    for place in range(LENGTH):
        scores = model.predict([originals, written[:, :-1]], batch_size=len(originals), verbose=0)
        written[:, place + 1] = scores[:, place].argmax(-1)
    return written[:, 1:]


def main(epochs: int = 12) -> float:
    """Train, and return how many words of sentences not seen before are translated right."""
    keras.set_random_seed(0)
    originals, translations = sentences(2200)
    before = np.concatenate([np.full((2200, 1), START, "int32"), translations[:, :-1]], axis=1)
    model = make_model()
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer=keras.optimizers.Adam(0.01), loss=loss)
    model.fit([originals[:2000], before[:2000]], translations[:2000], batch_size=100, epochs=epochs, verbose=0)
    right = float(np.mean(translate(model, originals[2000:]) == translations[2000:]))
    print(f"words translated right: {right:.1%}")
    return right


if __name__ == "__main__":
    main()
