"""A table of mixed columns: a model that is trained on encoded features and then takes raw ones, strings and all."""

import numpy as np

import polykeras
from polykeras import Model, layers
from polykeras.utils import FeatureSpace

CITIES = np.array(["Bergen", "Lisbon", "Oslo", "Palermo"])
WARM = {"Lisbon", "Palermo"}


def people(count, seed):
    """People in columns, and whether they go for a swim: who is young, where it is warm, and old hands anywhere."""
    random = np.random.default_rng(seed)
    columns = {
        "city": random.choice(CITIES, count),
        "age": random.uniform(10, 80, count).astype("float32"),
        "swims_a_week": random.integers(0, 6, count).astype("int32"),
    }
    is_warm = np.isin(columns["city"], [*WARM])
    labels = (is_warm & (columns["age"] < 40)) | (columns["swims_a_week"] > 3)
    return columns, labels.astype("float32")[:, None]


def main() -> float:
    """Train, and give the accuracy for people not seen before."""
    polykeras.set_random_seed(1)
    columns, labels = people(600, seed=0)
    space = FeatureSpace(
        {
            "city": "string_categorical",
            "age": FeatureSpace.float_discretized(num_bins=14),
            "swims_a_week": "integer_categorical",
        },
        crosses=[FeatureSpace.cross(("city", "age"), crossing_dim=128)],
    )
    space.adapt(columns)

    encoded = space.get_encoded_features()
    hidden = layers.Dense(16, activation="relu")(encoded)
    outputs = layers.Dense(1, activation="sigmoid")(hidden)
    model = Model(encoded, outputs)
    model.compile(optimizer=polykeras.optimizers.Adam(0.02), loss="binary_crossentropy")
    model.fit(space(columns), labels, epochs=12, batch_size=64, verbose=0)

    of_raw_features = Model(space.get_inputs(), outputs)
    columns, labels = people(200, seed=1)
    accuracy = float(np.mean((of_raw_features.predict(columns, verbose=0) > 0.5) == labels))
    print(f"accuracy for new people: {accuracy:.2f}")
    return accuracy


if __name__ == "__main__":
    main()
