"""Run by tests in a process of its own: Keras loads models that we saved, says what they give, and saves them again."""

from __future__ import annotations

import json
import sys
import traceback
from pathlib import Path

import numpy as np


def main(folder: Path) -> None:
    import keras

    reports = {}
    for file in sorted(folder.glob("*.ours.*")):
        name = file.name.partition(".ours")[0]
        try:
            model = keras.saving.load_model(file, compile=(folder / f"{name}.y.npz").exists())
            given = np.load(folder / f"{name}.npz")
            arrays = [given[key] for key in sorted(given.files)]
            inputs = arrays[0] if len(arrays) == 1 else arrays
            if (folder / f"{name}.y.npz").exists() and file.suffix == ".keras":  # of .h5 Keras cannot train on
                y = np.load(folder / f"{name}.y.npz")["y"]
                model.fit(inputs, y, epochs=3, batch_size=4, shuffle=False, verbose=0)
            outputs = [keras.ops.convert_to_numpy(x) for x in keras.tree.flatten(model(inputs, training=False))]
            np.savez(folder / f"{name}.out.npz", *outputs)
            model.save(folder / f"{name}.theirs{file.suffix}")
            reports[name] = "fine"
        except Exception:
            reports[name] = traceback.format_exc()[-1500:]
    if (folder / "metrics.json").exists():
        reports = exchange_metrics(folder)
    (folder / "reports.json").write_text(json.dumps(reports))


def exchange_metrics(folder: Path) -> dict:
    """For each configuration of a metric, what Keras's own says of the data, and how Keras describes it."""
    import keras

    found = {}
    data = np.load(folder / "data.npz")
    for name, (config, true, predicted) in json.loads((folder / "metrics.json").read_text()).items():
        try:
            metric = keras.saving.deserialize_keras_object(config)
            metric.update_state(*(data[key] for key in (true, predicted) if key))
            result = np.asarray(keras.ops.convert_to_numpy(metric.result())).tolist()
            found[name] = [result, keras.saving.serialize_keras_object(metric)]
        except Exception:
            found[name] = traceback.format_exc()[-1500:]
    return found


if __name__ == "__main__":
    main(Path(sys.argv[1]))
