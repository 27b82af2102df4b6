"""What an aggregated topic must hold, computed from its source topic the slow and obvious way.

Pure functions over plain data, shared by verify.py and compare.py: no Kafka, no registry. Everything comes from
Python's statistics module, which is the definition of the seven operations; nothing here is shared with aggrun.
"""

import math
import statistics
from collections import defaultdict
from typing import NamedTuple

TOLERANCE = 1e-12  # relative error allowed in a value
SECOND = 1_000_000_000
MILLISECOND = 1_000_000
NOT_AGGREGATED = ("time", "window_size", "count")


class Record(NamedTuple):
    """One source record: where it is, its timestamp in ns, and its selected fields, None for a missing value."""

    partition: int
    offset: int
    time: int
    values: dict


class Result(NamedTuple):
    """One record of an aggregated topic; time is the Kafka timestamp in ns, fields the decoded Avro record."""

    partition: int
    offset: int
    time: int
    key: bytes
    fields: dict


class Rules(NamedTuple):
    """What the pipeline was asked to do; size and grace in ns. close_open: windows still open at the end count too."""

    size: int
    grace: int
    operations: tuple
    fields: tuple
    min_sample_size: int = 2
    small_sample: str = "first_value"
    close_open: bool = False


def quartile(values, i):
    return statistics.quantiles(values, n=4, method="exclusive")[i]


# Each takes the values of a field in a window, at least two of them, in event time order.
OPERATIONS = {
    "count": len,
    "sum": math.fsum,
    "min": min,
    "q1": lambda values: quartile(values, 0),
    "mean": statistics.mean,
    "median": statistics.median,
    "q3": lambda values: quartile(values, 2),
    "max": max,
    "range": lambda values: max(values) - min(values),
    "stdev": statistics.stdev,
    "stddev_pop": statistics.pstdev,
    "var_samp": statistics.variance,
    "var_pop": statistics.pvariance,
    "first": lambda values: values[0],
    "last": lambda values: values[-1],
}


def missing(value):
    return value is None or math.isnan(value)


def evaluate(operation, values, rules):
    """The value of one operation over a field's values (none of them missing), None for no value."""
    if operation == "count":
        return len(values)
    if not values:
        return None
    if len(values) < rules.min_sample_size:
        return values[0] if rules.small_sample == "first_value" else None
    return OPERATIONS[operation](values)


def windows(records, size):
    """Records by window number k, the window [k*size, (k+1)*size), each in event time order."""
    found = defaultdict(list)
    for record in records:
        found[record.time // size].append(record)
    for members in found.values():
        members.sort(key=lambda r: (r.time, r.partition, r.offset))
    return found


def closed_through(records, rules):
    """C when a source has been read to its end: its largest event time less grace. None: nothing is left open."""
    if rules.close_open or not records:
        return None
    return max(record.time for record in records) - rules.grace


def expected(records, rules):
    """The results that must be there, by window number, and the number of records in windows that are still open."""
    closed = closed_through(records, rules)
    due, still_open = {}, 0
    for k, members in windows(records, rules.size).items():
        if closed is not None and (k + 1) * rules.size > closed:
            still_open += len(members)
        else:
            due[k] = aggregate(k, members, rules)
    return due, still_open


def midpoint(k, size):
    """The middle of window k, in ns."""
    return k * size + size // 2


def aggregate(k, members, rules):
    row = {
        "time": midpoint(k, rules.size) / SECOND,
        "window_size": rules.size / SECOND,
        "count": len(members),
    }
    for field in rules.fields:
        values = [r.values[field] for r in members if not missing(r.values.get(field))]
        for operation in rules.operations:
            row[f"{operation}_{field}"] = evaluate(operation, values, rules)
    return row


def numeric_fields(schema):
    """The fields of a source schema that are aggregated when a spec names none."""
    return tuple(
        field["name"]
        for field in schema["fields"]
        if field["name"] not in NOT_AGGREGATED and is_numeric(field["type"])
    )


def is_numeric(kind):
    if isinstance(kind, list):
        others = [k for k in kind if k != "null"]
        return len(others) == 1 and is_numeric(others[0])
    if isinstance(kind, dict):
        return "logicalType" not in kind and is_numeric(kind["type"])
    return kind in ("int", "long", "float", "double")


# --- comparing ---


def relative_error(want, got):
    """0 for equal values, infinite where one is missing or the two cannot be compared."""
    if want is None or got is None:
        same = (want is None or missing(want)) and (got is None or missing(got))
        return 0.0 if same else math.inf
    if want == got:
        return 0.0
    if want == 0 or not math.isfinite(want) or not math.isfinite(got):
        return math.inf
    return abs(got - want) / abs(want)


def window_of(result, size):
    """The window number that a result's time names, None when it is no window's midpoint (to the microsecond)."""
    at = round(result.fields["time"] * 1e6) * 1000
    k = at // size
    return k if abs(at - midpoint(k, size)) <= 1000 else None


def check_windows(results, size):
    """Results by window, and what is wrong with the windows themselves: repeated, out of order, off the grid."""
    first, wrong, last = {}, [], None
    for result in results:
        k = window_of(result, size)
        place = f"{result.partition}:{result.offset}"
        if k is None:
            wrong.append(f"time {result.fields['time']!r} at {place} is no window's midpoint")
            continue
        if k in first:
            original = f"{first[k].partition}:{first[k].offset}"
            wrong.append(f"window {name(k, size)} is there twice, at {original} and {place}")
            continue
        if last is not None and k < last:
            wrong.append(f"window {name(k, size)} at {place} follows window {name(last, size)}")
        first[k], last = result, k
    return first, wrong


def name(k, size):
    """A window as people read it: its start in seconds."""
    return f"{k * size / SECOND:.3f}"


def check(topic, records, results, rules):
    """Compares an aggregated topic with what it must hold.

    Returns the differences as lines of text, and a summary: {records, open, windows, counted, values, errors}, where
    errors is the largest relative error by operation.
    """
    due, still_open = expected(records, rules)
    found, wrong = check_windows(results, rules.size)
    for k in sorted(due.keys() - found.keys()):
        wrong.append(f"window {name(k, rules.size)} is missing ({due[k]['count']} records)")
    for k in sorted(found.keys() - due.keys()):
        wrong.append(f"window {name(k, rules.size)} should not be there")
    summary = {
        "records": len(records),
        "open": still_open,
        "windows": len(results),
        "counted": sum(result.fields["count"] for result in results),
        "values": 0,
        "errors": defaultdict(float),
    }
    for k in sorted(due.keys() & found.keys()):
        wrong += check_envelope(topic, k, found[k], rules)
        wrong += check_row(k, due[k], found[k].fields, rules, summary)
    if summary["counted"] != len(records) - still_open:
        wrong.append(
            f"counts add up to {summary['counted']}, not to {len(records)} records less {still_open} in open windows"
        )
    return [f"{topic}: {text}" for text in wrong], summary


def check_envelope(topic, k, result, rules):
    """What is around the value: the key and the record's timestamp."""
    where = f"window {name(k, rules.size)}"
    if result.key != topic.encode():
        yield f"{where}: key is {result.key!r}"
    want = midpoint(k, rules.size) // MILLISECOND * MILLISECOND
    if result.time != want:
        yield f"{where}: timestamp is {result.time} ns, not the midpoint {want}"


def check_row(k, want, got, rules, summary):
    where = f"window {name(k, rules.size)}"
    if list(want)[:3] != list(got)[:3] or want.keys() != got.keys():
        odd = sorted(want.keys() ^ got.keys())
        more = f" and {len(odd) - 5} more" if len(odd) > 5 else ""
        yield f"{where}: fields differ: {', '.join(odd[:5]) or 'their order'}{more}"
        return
    for field in ("window_size", "count"):
        if want[field] != got[field]:
            yield f"{where}: {field} is {got[field]!r}, not {want[field]!r}"
    for operation in rules.operations:
        for field in rules.fields:
            column = f"{operation}_{field}"
            error = relative_error(want[column], got[column])
            summary["values"] += 1
            summary["errors"][operation] = max(summary["errors"][operation], error)
            if error >= TOLERANCE:
                yield f"{where}: {column} is {got[column]!r}, not {want[column]!r} (relative error {error:.1e})"


def bits(value):
    """A value with all its bits visible, so that -0.0 differs from 0.0 and a NaN equals a NaN."""
    return value.hex() if isinstance(value, float) else repr(value)


def check_equal(topic, left, right, size):
    """Compares two aggregated topics of one source: every window once in both, every value equal bit by bit."""
    in_left, wrong_left = check_windows(left, size)
    in_right, wrong_right = check_windows(right, size)
    wrong = [f"first: {text}" for text in wrong_left] + [f"second: {text}" for text in wrong_right]
    for k in sorted(in_left.keys() ^ in_right.keys()):
        side = "first" if k in in_left else "second"
        wrong.append(f"window {name(k, size)} is in the {side} only")
    for k in sorted(in_left.keys() & in_right.keys()):
        wrong += differences(k, in_left[k], in_right[k], size)
    return [f"{topic}: {text}" for text in wrong]


def differences(k, left, right, size):
    where = f"window {name(k, size)}"
    if left.key != right.key:
        yield f"{where}: keys are {left.key!r} and {right.key!r}"
    if left.time != right.time:
        yield f"{where}: timestamps are {left.time} and {right.time}"
    if list(left.fields) != list(right.fields):
        yield f"{where}: fields are {list(left.fields)} and {list(right.fields)}"
        return
    for field, value in left.fields.items():
        if bits(value) != bits(right.fields[field]):
            yield f"{where}: {field} is {bits(value)} and {bits(right.fields[field])}"
