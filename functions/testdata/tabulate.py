"""Writes statistics.json.gz: windows of values and what Python's statistics
module says of each, numbers as hexadecimal floats, null for no value.

    python3 tabulate.py          (the output is reproducible)

Where Python's answer leaves the range of a float (OverflowError, or an infinite
median or quartile of finite values) the exact answer is recorded instead, or
the infinity that it rounds to; of a quartile, what Python's steps give of values
eight times smaller.
"""

import gzip
import json
import math
import os
import random
import statistics
from fractions import Fraction

MAX = 1.7976931348623157e308
LEAST = 5e-324


def windows(rng):
    """Yields (name, values)."""
    yield "none", []
    yield "one", [0.1]
    yield "seed", [float(i) for i in range(1, 11)]
    yield "zeros", [0.0, 0.0, 0.0]
    yield "max", [MAX] * 5
    yield "opposite max", [MAX, -MAX, MAX, -MAX, MAX, 1.0]
    yield "cancelling", [1e30, 1.0, -1e30, 3.0]
    yield "infinite", [1.0, math.inf, 2.0]
    yield "only infinite", [-math.inf, -math.inf]
    yield "both infinite", [1.0, math.inf, -math.inf]
    yield "least", [LEAST, 2 * LEAST, LEAST, LEAST]
    yield "two least", [LEAST, 2 * LEAST]
    for i in range(20):
        n = rng.choice([2, 3, 4, 5, 6, 7, 8, 10, 13, 20, 37])
        for name, one in sources(rng).items():
            yield f"{name} {i}", [one(k) for k in range(n)]
    yield "long", [rng.uniform(-1, 1) for _ in range(1000)]
    yield "long offset", [1e9 + rng.uniform(-1e-3, 1e-3) for _ in range(1000)]


def sources(rng):
    """One function a kind of window, from the value's place to the value."""
    far = rng.uniform(1e12, 1e15)
    return {
        "uniform": lambda k: rng.random(),
        "normal": lambda k: rng.gauss(20, 3),
        "offset": lambda k: 1e9 + rng.uniform(-1e-6, 1e-6),
        "outlier first": lambda k: rng.gauss(0, 1e-3) if k else far,
        "outlier last": lambda k: far if k == 1 else rng.gauss(0, 1e-3),
        "tenths": lambda k: rng.randrange(-50, 50) / 10,
        "quantised": lambda k: rng.randrange(4096) / 1024,
        "equal": lambda k: far,
        "alternating": lambda k: (-1) ** k * (1e6 + rng.random()),
        "huge": lambda k: (2 * rng.random() - 1) * MAX,
        "huge and near": lambda k: 1e300 * (1 + rng.random() / 1e9),
        "denormal": lambda k: rng.randrange(-2000, 2000) * LEAST,
        "least normal": lambda k: rng.uniform(0, 2) * 2.0**-1022,
        "tiny": lambda k: rng.gauss(1e-170, 1e-171),
        "wide": lambda k: rng.choice([-1, 1]) * 10 ** rng.uniform(-300, 300),
    }


def quartile(data, i):
    """The quartile by Python's own steps, kept from overflowing."""
    return 8 * statistics.quantiles([float(x) / 8 for x in data], n=4)[i]


def rounded(x):
    try:
        return float(x)
    except OverflowError:
        return math.inf if x > 0 else -math.inf


def answers(data):
    """What Python says of the window, None where it raises StatisticsError or
    says NaN. Of infinite values it is asked only what it has a rule for."""
    exact = [Fraction(x) for x in data] if all(map(math.isfinite, data)) else None
    asked = {"min": min, "max": max, "fsum": math.fsum}
    asked |= {"mean": statistics.mean, "median": statistics.median}
    asked |= {"mode": lambda data: min(statistics.multimode(data), default=math.nan)}
    asked |= {"distinct": lambda data: float(len(set(data)))}
    if exact is not None:
        asked |= {
            "stdev": statistics.stdev,
            "pstdev": statistics.pstdev,
            "variance": statistics.variance,
            "pvariance": statistics.pvariance,
            "q1": lambda data: statistics.quantiles(data, n=4)[0],
            "q3": lambda data: statistics.quantiles(data, n=4)[2],
        }
    return {name: answer(name, ask, data, exact) for name, ask in asked.items()}


def answer(name, ask, data, exact):
    if not data and name != "distinct":
        return None
    try:
        says = ask(data)
    except statistics.StatisticsError:
        return None
    except (OverflowError, ValueError):
        says = math.nan
    if exact is not None and not math.isfinite(says):
        says = rounded(BEYOND[name](exact))
    return None if math.isnan(says) else says.hex()


def spread(data):
    mean = sum(data) / len(data)
    return sum((x - mean) ** 2 for x in data)


BEYOND = {
    "fsum": sum,
    "median": statistics.median,
    "variance": lambda data: spread(data) / (len(data) - 1),
    "pvariance": lambda data: spread(data) / len(data),
    "q1": lambda data: quartile(data, 0),
    "q3": lambda data: quartile(data, 2),
}


def main():
    table = []
    for name, data in windows(random.Random(20240229)):
        table.append({
            "name": name,
            "values": [x.hex() for x in data],
            "says": answers(data),
        })
    text = json.dumps(table, indent=0, sort_keys=True).encode()
    here = os.path.dirname(os.path.abspath(__file__))
    with open(os.path.join(here, "statistics.json.gz"), "wb") as file:
        file.write(gzip.compress(text, mtime=0))


if __name__ == "__main__":
    main()
