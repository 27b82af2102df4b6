"""Computes what each folder of examples/ must give, by hand so to say, and compares it with its expected.jsonl.

Nothing is shared with aggrun: no spec is read, each example's rules are written out below, and every statistic is the
statistics module's or math's. It needs Python alone.
"""

import json
import math
import statistics
import sys
from collections import defaultdict
from pathlib import Path

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
TOLERANCE = 1e-12


def load(folder, file):
    path = EXAMPLES / folder / file
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def quartile(i):
    return lambda v: statistics.quantiles(v, n=4, method="exclusive")[i]


OPERATIONS = {
    "min": min, "q1": quartile(0), "mean": statistics.mean, "median": statistics.median, "stdev": statistics.stdev,
    "q3": quartile(2), "max": max,
}


def operations(names, field, values, least=2, small="first_value"):
    """<operation>_<field> of values in event time order, None for a missing one."""
    values = [v for v in values if v is not None]

    def one(name):
        if name == "count":
            return len(values)
        if not values or len(values) < least and small == "null":
            return None
        return values[0] if len(values) < least else OPERATIONS[name](values)

    return {f"{name}_{field}": one(name) for name in names}


def windows(records, size, advance=None, time=lambda r: r["timestamp"]):
    """(start, records in event time order) of each window that has any; ms."""
    advance = advance or size
    found = defaultdict(list)
    for r in sorted(records, key=time):
        start = time(r) // advance * advance
        while start + size > time(r):
            found[start].append(r["value"])
            start -= advance
    return sorted(found.items())


def result(topic, key, start, size, rows, fields, group=None):
    value = {"time": (start + size / 2) / 1000, "window_size": size / 1000, "count": len(rows)}
    return {"topic": topic, "key": key, "timestamp": start + size // 2, "value": value | (group or {}) | fields}


def column(rows, field):
    return [r.get(field) for r in rows]


def present(values):
    return [v for v in values if v is not None]


def mean(values):
    return statistics.fmean(values) if values else None


def of_topic(records, topic):
    return [r for r in records if r["topic"] == topic]


def seed():
    # The late one: 950 ms is in a window that the first run has closed.
    later = [r for r in load("seed", "later.jsonl") if r["timestamp"] % 100_000 != 950]
    records = load("seed", "input.jsonl") + later
    for topic in ("example-000", "example-001"):
        for start, rows in windows(of_topic(records, topic), 1000):
            fields = {}
            for name in ("value0", "value1"):
                fields |= operations(OPERATIONS, name, column(rows, name))
            yield result(topic + "-aggregated", topic, start, 1000, rows, fields)


def minutes():
    results = []
    for start, rows in windows(load("minutes", "input.jsonl"), 1000):
        fields = operations(["min", "max"], "value0", column(rows, "value0"))
        results.append(result("example-000-aggregated", "example-000", start, 1000, rows, fields))
    yield from results
    for start, rows in windows(results, 60_000):
        fields = {}
        for name in ("min_value0", "max_value0"):
            fields |= operations(["min", "max"], name, column(rows, name))
        yield result("example-000-minutes", "minutes", start, 60_000, rows, fields)


def many_topics():
    records = load("many-topics", "input.jsonl")
    for topic in ("mount-000", "mount-001"):
        for start, rows in windows(of_topic(records, topic), 1000):
            fields = {}
            for name, field in {"azimuth": "value0", "elevation": "value1", "value2": "value2"}.items():
                fields |= operations(["min", "mean", "stdev", "max"], name, column(rows, field))
            yield result(topic + "-aggregated", topic, start, 1000, rows, fields)
    for start, rows in windows(of_topic(records, "dome"), 10_000):
        fields = operations(["median", "q1", "q3", "count"], "position", column(rows, "position"), small="null")
        yield result("dome-aggregated", "dome", start, 10_000, rows, fields)


def fan_in():
    renamed = {("weather", "temperature"): "outside", ("dome", "temperature"): "inside"}
    records = load("fan-in", "input.jsonl")
    for r in records:
        r["value"] = {renamed.get((r["topic"], name), name): v for name, v in r["value"].items()}
    for start, rows in windows(records, 10_000):
        fields = {}
        for name in ("outside", "pressure", "inside", "glass"):
            fields |= operations(["mean", "max"], name, column(rows, name), least=1)
        inside, outside = (mean(present(column(rows, name))) for name in ("inside", "outside"))
        doors = present(column(rows, "open"))
        fields["difference"] = None if inside is None or outside is None else inside - outside
        fields["share_open"] = sum(doors) / len(doors) if doors else None
        yield result("observatory-10s", "observatory", start, 10_000, rows, fields)


def group_by_index():
    for start, rows in windows(load("group-by-index", "input.jsonl"), 1000):
        for index in {r["salIndex"] for r in rows}:
            mine = [r for r in rows if r["salIndex"] == index]
            values = present(column(mine, "temperature"))
            fields = operations(["mean", "min", "max"], "temperature", values, least=1)
            fields["n"] = len(values)
            fields["freezing"] = sum(v < 0 for v in values)
            fields["names"] = len(set(present(column(mine, "sensorName"))))
            yield result("ess-aggregated", json.dumps([index]), start, 1000, mine, fields, {"salIndex": index})


def wind_vector():
    records = [r for r in load("wind-vector", "input.jsonl") if r["value"]["speed"] >= 0]
    for start, rows in windows(records, 10_000):
        vectors = [
            (r["speed"] * math.sin(math.radians(r["direction"])), r["speed"] * math.cos(math.radians(r["direction"])))
            for r in rows
            if r["direction"] is not None
        ]
        east, north = (statistics.fmean(v) for v in zip(*vectors))
        fields = {
            "speed": math.hypot(east, north),
            "direction": (math.degrees(math.atan2(east, north)) + 360) % 360,
            "steadiness": math.hypot(east, north) / statistics.fmean(math.hypot(*v) for v in vectors),
            "gust": max(column(rows, "speed")),
        }
        yield result("wind-aggregated", "wind", start, 10_000, rows, fields)


def outlier_fraction():
    for start, rows in windows(load("outlier-fraction", "input.jsonl"), 10_000):
        values = present(column(rows, "temperature"))
        fields = {
            "outliers": sum(abs(v - 8) > 2 for v in values) / len(rows),
            "missing": (len(rows) - len(values)) / len(rows),
            "typical": statistics.median(values) if values else None,
            "trimmed": mean([min(max(v, 6), 10) for v in values]),
            "spread": (quartile(2)(values) - quartile(0)(values)) / 1.349 if values else None,
            "farthest": max((abs(v - 8) for v in values), default=-1),
        }
        yield result("mirror-aggregated", "mirror", start, 10_000, rows, fields)


def hopping_mean():
    measured = lambda r: r["value"]["measured"]
    early, later = load("hopping-mean", "input.jsonl"), load("hopping-mean", "later.jsonl")
    closed = max(map(measured, early)) - 3000  # by the first run
    of = dict(windows(early, 10_000, 5000, measured))
    for start, rows in windows(early + later, 10_000, 5000, measured):
        if start + 10_000 <= closed:
            rows = of[start]
        values = present(column(rows, "fwhm"))
        fields = {"mean_fwhm": mean(values), "count_fwhm": len(values)}
        yield result("seeing-mean", "seeing", start, 10_000, rows, fields)


def near(got, want):
    if isinstance(got, float) or isinstance(want, float):
        return got is not None and want is not None and math.isclose(got, want, rel_tol=TOLERANCE, abs_tol=TOLERANCE)
    return got == want


def check(folder, want):
    place = lambda r: (r["topic"], r["timestamp"], r["key"])
    got, want = ({place(r): r["value"] for r in records} for records in (load(folder, "expected.jsonl"), want))
    wrong = [f"{folder}: {key} is in one of them alone" for key in got.keys() ^ want.keys()]
    for key in got.keys() & want.keys():
        if got[key].keys() != want[key].keys():
            wrong.append(f"{folder}: {key} has {list(got[key])}, want {list(want[key])}")
        wrong += [
            f"{folder}: {key}: {name} is {got[key].get(name)}, want {value}"
            for name, value in want[key].items()
            if not near(got[key].get(name), value)
        ]
    return len(got), wrong


def main():
    known = {f.__name__.replace("_", "-"): f for f in (
        seed, minutes, many_topics, fan_in, group_by_index, wind_vector, outlier_fraction, hopping_mean,
    )}
    wrong = [f"{name}: say here what it must give" for name in {p.name for p in EXAMPLES.iterdir()} - known.keys()]
    results = 0
    for folder, want in known.items():
        n, bad = check(folder, list(want()))
        results, wrong = results + n, wrong + bad
    print("\n".join(wrong) or f"the {results} results of {len(known)} examples are what they must be")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
