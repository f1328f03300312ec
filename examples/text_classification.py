"""A model of raw strings: a vocabulary that is learned from them, an embedding, and a mean over words."""

import numpy as np

import polykeras
from polykeras import layers, models

PEOPLE = ["The critic", "My sister", "Everybody", "The whole audience", "Nobody I know"]
GOOD = ["loved it", "was delighted!", "would watch it again", "laughed and cheered"]
BAD = ["was bored", "fell asleep...", "left before the end", "wants the money back"]
THINGS = ["The film is", "The plot?", "As for the music:", "What a cast;"]


def sentences(count, seed):
    """Reviews, and whether they are good."""
    random = np.random.default_rng(seed)
    labels = random.integers(0, 2, count)
    texts = [f"{random.choice(THINGS)} {random.choice(PEOPLE)} {random.choice((BAD, GOOD)[label])}" for label in labels]
    return texts, labels.astype("float32")


def main() -> float:
    """Train, and give the accuracy on new sentences."""
    polykeras.set_random_seed(1)
    texts, labels = sentences(400, seed=0)
    words = layers.TextVectorization(max_tokens=100, output_sequence_length=12)
    words.adapt(texts)

    model = models.Sequential(
        [
            layers.Input((1,), dtype="string"),
            words,
            layers.Embedding(words.vocabulary_size(), 8),
            layers.GlobalAveragePooling1D(),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile(optimizer=polykeras.optimizers.Adam(0.05), loss="binary_crossentropy", metrics=["accuracy"])
    model.fit(texts, labels, epochs=6, batch_size=32, verbose=0)

    texts, labels = sentences(100, seed=1)
    _, accuracy = model.evaluate(texts, labels, verbose=0)
    print(f"accuracy on new sentences: {accuracy:.2f}")
    return float(accuracy)


if __name__ == "__main__":
    main()
