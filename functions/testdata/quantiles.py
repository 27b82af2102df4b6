"""Writes quantiles.json.gz: windows of values and what numpy.quantile says of
them by the methods r6, r7 and r8 (Hyndman & Fan's types), numbers as hexadecimal
floats, p as it is written.

    python3 quantiles.py         (needs numpy; the output is reproducible)

Windows are left out whose differences overflow, which numpy does not keep from
overflowing.
"""

import gzip
import json
import os
import random

import numpy

METHODS = {"r6": "weibull", "r7": "linear", "r8": "median_unbiased"}
SHARES = "0 0.001 0.01 0.05 0.07 0.1 0.25 0.3333 0.5 0.7 0.75 0.9 0.95 0.99 0.999 1".split()


def windows(rng):
    """Yields (name, values)."""
    yield "one", [0.1]
    yield "two", [0.1, 0.2]
    yield "seed", [float(i) for i in range(1, 11)]
    yield "zeros", [0.0, 0.0, 0.0]
    for i in range(12):
        n = rng.choice([2, 3, 4, 5, 6, 7, 8, 9, 10, 13, 19, 20, 37, 99, 100])
        for name, one in sources(rng).items():
            yield f"{name} {i}", [one(k) for k in range(n)]
    yield "long", [rng.uniform(-1, 1) for _ in range(1000)]


def sources(rng):
    """One function a kind of window, from the value's place to the value."""
    return {
        "uniform": lambda k: rng.random(),
        "normal": lambda k: rng.gauss(20, 3),
        "offset": lambda k: 1e9 + rng.uniform(-1e-6, 1e-6),
        "outlier": lambda k: rng.gauss(0, 1e-3) if k else 1e15,
        "tenths": lambda k: rng.randrange(-50, 50) / 10,
        "alternating": lambda k: (-1) ** k * (1e6 + rng.random()),
        "huge and near": lambda k: 1e300 * (1 + rng.random() / 1e9),
        "tiny": lambda k: rng.gauss(1e-170, 1e-171),
    }


def main():
    table = []
    for name, data in windows(random.Random(20240301)):
        says = {
            ours: {p: float(numpy.quantile(data, float(p), method=theirs)).hex() for p in SHARES}
            for ours, theirs in METHODS.items()
        }
        table.append({"name": name, "values": [x.hex() for x in data], "says": says})
    text = json.dumps(table, indent=0, sort_keys=True).encode()
    here = os.path.dirname(os.path.abspath(__file__))
    with open(os.path.join(here, "quantiles.json.gz"), "wb") as file:
        file.write(gzip.compress(text, mtime=0))


if __name__ == "__main__":
    main()
