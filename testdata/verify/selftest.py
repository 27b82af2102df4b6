#!/usr/bin/env python3
"""Shows that the checks catch what they are there to catch. Needs neither Kafka nor any package."""

import math
import random
import unittest

from results import MILLISECOND, SECOND, Record, Result, Rules, check, check_equal, expected, numeric_fields, relative_error

TOPIC = "example-000"
SEVEN = ("min", "q1", "mean", "median", "stdev", "q3", "max")
RULES = Rules(size=SECOND, grace=0, operations=SEVEN, fields=("value0", "value1"))


def source(n=95, partitions=4):
    """n records at 10 Hz over several partitions, value1 missing in every third."""
    rng = random.Random(1)
    start = 1_700_000_000 * SECOND
    records = []
    for i in range(n):
        values = {"value0": rng.gauss(0, 1), "value1": rng.gauss(5, 2) if i % 3 else None}
        records.append(Record(i % partitions, i // partitions, start + i * 100 * MILLISECOND, values))
    return records


def sink(records, rules=RULES):
    """A faultless aggregated topic."""
    due, _ = expected(records, rules)
    return [
        Result(2, i, round(row["time"] * 1000) * MILLISECOND, TOPIC.encode(), dict(row))
        for i, (_, row) in enumerate(sorted(due.items()))
    ]


class Faultless(unittest.TestCase):
    def test_nothing_is_wrong(self):
        wrong, summary = check(TOPIC, source(), sink(source()), RULES)
        self.assertEqual([], wrong)
        self.assertEqual((95, 5, 90, 9), tuple(summary[key] for key in ("records", "open", "counted", "windows")))

    def test_grace_keeps_windows_open(self):
        rules = RULES._replace(grace=3 * SECOND // 2)
        wrong, summary = check(TOPIC, source(), sink(source(), rules), rules)
        self.assertEqual([], wrong)
        self.assertEqual(25, summary["open"])

    def test_window_that_ends_at_the_largest_time_is_closed(self):
        _, summary = check(TOPIC, source(91), sink(source(91)), RULES)
        self.assertEqual(1, summary["open"])

    def test_close_open_expects_all(self):
        rules = RULES._replace(close_open=True)
        wrong, summary = check(TOPIC, source(), sink(source(), rules), rules)
        self.assertEqual([], wrong)
        self.assertEqual(95, summary["counted"])

    def test_the_seven(self):
        ten = [Record(0, i, i, {"value0": float(i + 1)}) for i in range(10)]
        rules = RULES._replace(fields=("value0",), close_open=True)
        due, _ = expected(ten, rules)
        row = due[0]
        self.assertEqual([1, 2.75, 5.5, 5.5, 8.25, 10], [row[f"{o}_value0"] for o in ("min", "q1", "mean", "median", "q3", "max")])
        self.assertAlmostEqual(math.sqrt(55 / 6), row["stdev_value0"], places=14)
        self.assertEqual((0.5, 1.0, 10), (row["time"], row["window_size"], row["count"]))

    def test_small_samples_give_the_first_value(self):
        late, early = Record(0, 0, 700, {"value0": 7.0}), Record(3, 9, 300, {"value0": 3.0})
        tie = Record(1, 4, 300, {"value0": 1.0})
        rules = RULES._replace(fields=("value0",), min_sample_size=4, close_open=True)
        due, _ = expected([late, early, tie], rules)
        self.assertEqual(7 * [1.0], [due[0][f"{o}_value0"] for o in SEVEN])
        due, _ = expected([late, early, tie], rules._replace(small_sample="null"))
        self.assertEqual(7 * [None], [due[0][f"{o}_value0"] for o in SEVEN])

    def test_a_field_without_values_has_none(self):
        rules = RULES._replace(operations=("mean", "count"), close_open=True)
        due, _ = expected([Record(0, 0, 0, {"value0": 1.0, "value1": math.nan})], rules)
        self.assertEqual((None, 0, 1.0, 1), tuple(due[0][c] for c in ("mean_value1", "count_value1", "mean_value0", "count_value0")))

    def test_times_before_the_epoch_floor(self):
        due, _ = expected([Record(0, 0, -1, {"value0": 1.0})], RULES._replace(close_open=True))
        self.assertEqual([-1], list(due))
        self.assertEqual(-0.5, due[-1]["time"])

    def test_numeric_fields(self):
        kinds = {"time": "double", "a": "int", "b": ["null", "float"], "c": "string", "d": {"type": "long"},
                 "e": {"type": "long", "logicalType": "timestamp-millis"}, "f": "boolean", "count": "long"}
        schema = {"fields": [{"name": name, "type": kind} for name, kind in kinds.items()]}
        self.assertEqual(("a", "b", "d"), numeric_fields(schema))

    def test_relative_error(self):
        for want, got, error in [(1.0, 1.0, 0), (None, None, 0), (None, math.nan, 0), (None, 0.0, math.inf),
                                 (1.0, None, math.inf), (0.0, 1e-300, math.inf), (1.0, math.inf, math.inf)]:
            self.assertEqual(error, relative_error(want, got), (want, got))


class Faults(unittest.TestCase):
    """Each fault in an otherwise faultless topic must be named, and be the only thing named."""

    def assert_caught(self, results, *texts):
        wrong, _ = check(TOPIC, source(), results, RULES)
        self.assertEqual(len(texts), len(wrong), wrong)
        for text, line in zip(texts, wrong):
            self.assertIn(text, line)

    def changed(self, index, **fields):
        results = sink(source())
        results[index].fields.update(fields)
        return results

    def test_wrong_value(self):
        right = sink(source())[4].fields["mean_value0"]
        self.assert_caught(self.changed(4, mean_value0=right * (1 + 3e-12)), "window 1700000004.000: mean_value0 is")

    def test_error_below_the_tolerance_passes(self):
        right = sink(source())[4].fields["mean_value0"]
        self.assert_caught(self.changed(4, mean_value0=right * (1 + 3e-13)))

    def test_value_where_none_is_due(self):
        self.assert_caught(self.changed(0, q1_value1=None), "q1_value1 is None, not")

    def test_wrong_count(self):
        self.assert_caught(self.changed(2, count=11), "count is 11, not 10", "counts add up to 91, not to 95 records less 5")

    def test_wrong_size(self):
        self.assert_caught(self.changed(2, window_size=1000.0), "window_size is 1000.0, not 1.0")

    def test_time_off_the_grid(self):
        results = self.changed(2, time=1_700_000_002.4)
        self.assert_caught(results, "1700000002.4 at 2:2 is no window's midpoint", "window 1700000002.000 is missing")

    def test_duplicate(self):
        results = sink(source())
        results.append(results[3]._replace(offset=9))
        self.assert_caught(results, "window 1700000003.000 is there twice, at 2:3 and 2:9", "counts add up to 100")

    def test_missing_window(self):
        results = sink(source())
        del results[5]
        self.assert_caught(results, "window 1700000005.000 is missing (10 records)", "counts add up to 80")

    def test_open_window_emitted(self):
        rules = RULES._replace(close_open=True)
        self.assert_caught(sink(source(), rules), "window 1700000009.000 should not be there", "counts add up to 95")

    def test_out_of_order(self):
        results = sink(source())
        results[6], results[7] = results[7], results[6]
        self.assert_caught(results, "window 1700000006.000 at 2:6 follows window 1700000007.000")

    def test_wrong_key_and_timestamp(self):
        results = sink(source())
        results[1] = results[1]._replace(key=b"other", time=results[1].time + MILLISECOND)
        self.assert_caught(results, "key is b'other'", "not the midpoint")

    def test_fields_missing_added_or_moved(self):
        for change, text in [
            (lambda fields: fields.pop("q3_value1"), "fields differ: q3_value1"),
            (lambda fields: fields.update(mean_extra=1.0), "fields differ: mean_extra"),
            (lambda fields: fields.update(count=fields.pop("count")), "fields differ: their order"),
        ]:
            results = sink(source())
            change(results[0].fields)
            self.assert_caught(results, text)

    def test_record_counted_twice(self):
        again = source()
        again.append(again[50]._replace(offset=999))
        wrong, _ = check(TOPIC, source(), sink(again), RULES)
        self.assertTrue(any("count is 11, not 10" in line for line in wrong), wrong)


class Equality(unittest.TestCase):
    def compare(self, right):
        return check_equal(TOPIC, sink(source()), right, SECOND)

    def test_equal(self):
        nan = sink(source())
        nan[0].fields["mean_value0"] = math.nan
        self.assertEqual([], self.compare(sink(source())))
        self.assertEqual([], check_equal(TOPIC, nan, nan, SECOND))

    def test_other_offsets_and_partitions_are_equal(self):
        self.assertEqual([], self.compare([r._replace(partition=0, offset=r.offset * 2) for r in sink(source())]))

    def test_one_bit(self):
        right = sink(source())
        value = right[3].fields["stdev_value0"]
        right[3].fields["stdev_value0"] = math.nextafter(value, 2)
        (line,) = self.compare(right)
        self.assertIn("window 1700000003.000: stdev_value0 is 0x", line)

    def test_sign_of_zero(self):
        left, right = sink(source()), sink(source())
        left[0].fields["mean_value0"], right[0].fields["mean_value0"] = 0.0, -0.0
        self.assertEqual(1, len(check_equal(TOPIC, left, right, SECOND)))

    def test_missing_and_duplicate(self):
        right = sink(source())
        right.append(right.pop(2)._replace(offset=40))
        right.append(right[0]._replace(offset=41))
        lines = self.compare(right[:-2])
        self.assertEqual(["example-000: window 1700000002.000 is in the first only"], lines)
        self.assertIn("second: window 1700000000.000 is there twice, at 2:0 and 2:41", " ".join(self.compare(right)))

    def test_key(self):
        right = sink(source())
        right[0] = right[0]._replace(key=None)
        self.assertEqual(1, len(self.compare(right)))


if __name__ == "__main__":
    unittest.main()
