"""What will somebody think of something? Matrix factorization: people and things as vectors that fit together."""

from __future__ import annotations

import numpy as np

import polykeras as keras
from polykeras import layers

PEOPLE, THINGS, TASTES = 80, 60, 3


def ratings() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Some pairs of people and things, each once, and how much the one likes the other."""
    random = np.random.default_rng(0)
    people, things = random.normal(size=(PEOPLE, TASTES)), random.normal(size=(THINGS, TASTES))
    liked = people @ things.T / TASTES**0.5 + random.normal(size=THINGS) / 2
    pairs = random.permutation(PEOPLE * THINGS)[:3000]
    who, what = pairs // THINGS, pairs % THINGS
    noise = random.normal(0, 0.1, len(pairs))
    return who[:, None].astype("int32"), what[:, None].astype("int32"), (liked[who, what] + noise).astype("float32")


def make_model(width: int = 4) -> keras.Model:
    """A vector for each of them, whose product is the rating, and how popular the thing is."""
    who, what = layers.Input((1,), dtype="int32", name="who"), layers.Input((1,), dtype="int32", name="what")
    small = keras.regularizers.L2(1e-4)
    person = layers.Flatten()(layers.Embedding(PEOPLE, width, embeddings_regularizer=small)(who))
    thing = layers.Flatten()(layers.Embedding(THINGS, width, embeddings_regularizer=small)(what))
    popularity = layers.Flatten()(layers.Embedding(THINGS, 1)(what))
    return keras.Model([who, what], layers.Dot(axes=1)([person, thing]) + popularity)


def main(epochs: int = 25) -> float:
    """Train, and return the share of the variance of ratings not seen before that is left unexplained."""
    keras.set_random_seed(0)
    who, what, liked = ratings()
    model = make_model()
    model.compile(optimizer=keras.optimizers.Adam(0.02), loss="mse", metrics=["mse"])
    history = model.fit([who, what], liked, batch_size=128, epochs=epochs, validation_split=0.1, verbose=0)
    unexplained = history.history["val_mse"][-1] / float(liked.var())
    print(f"unexplained after {epochs} epochs: {unexplained:.1%}")
    return unexplained


if __name__ == "__main__":
    main()
