#!/usr/bin/env python3
"""Checks aggregated topics against Python's statistics, reading everything with clients that are not aggrun's.

Every window of every source topic is computed again from the topic itself and compared: each exactly once, the right
count, time, size, key and timestamp, every value within 1e-12; the counts add up to the records less those in open
windows; the sink registry holds the aggregated topics' subjects and nothing else, the source registry none of them.
It is made for one field group per topic: no where, no group_by, no fan-in. Exit code 1 and the first differences on
stdout when something is wrong.
"""

import argparse
import re
import sys
from concurrent.futures import ProcessPoolExecutor
from fractions import Fraction
from multiprocessing import get_context

import reading
from results import OPERATIONS, SECOND, Rules, check, numeric_fields

SHOWN = 20


def nanoseconds(text):
    value = Fraction(text.removesuffix("s")) * SECOND
    if value.denominator != 1 or value < 0:
        raise argparse.ArgumentTypeError(f"{text} is no whole number of nanoseconds")
    return int(value)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--brokers", required=True, metavar="HOST:PORT,...")
    parser.add_argument("--source-registry", required=True, metavar="URL")
    parser.add_argument("--sink-registry", required=True, metavar="URL")
    parser.add_argument("--topics", required=True, metavar="REGEX", help="source topics, matched whole")
    parser.add_argument("--sink", default="{topic}-aggregated", metavar="TEMPLATE")
    parser.add_argument("--operations", default="min,q1,mean,median,stdev,q3,max", metavar="NAME,...")
    parser.add_argument("--fields", metavar="NAME,...", help="default: every numeric field of the latest source schema")
    parser.add_argument("--window", type=nanoseconds, required=True, metavar="SECONDS")
    parser.add_argument("--grace", type=nanoseconds, default=0, metavar="SECONDS")
    parser.add_argument("--min-sample-size", type=int, default=2, metavar="N")
    parser.add_argument("--small-sample", choices=("first_value", "null"), default="first_value")
    parser.add_argument("--close-open", action="store_true", help="the pipeline ran with --close-open")
    parser.add_argument("--expect-topics", type=int, metavar="N", help="fail unless so many source topics match")
    parser.add_argument("--expect-records", type=int, metavar="N", help="fail unless every source topic has so many")
    parser.add_argument("--other-subjects", default="", metavar="REGEX", help="subjects the sink registry may hold besides")
    parser.add_argument("--jobs", type=int, default=2, metavar="N", help="topics checked at a time")
    options = parser.parse_args()
    options.operations = tuple(options.operations.split(","))
    options.fields = tuple(options.fields.split(",")) if options.fields else None
    unknown = [name for name in options.operations if name not in OPERATIONS]
    if unknown:
        parser.error(f"unknown operations: {', '.join(unknown)}; known are {', '.join(OPERATIONS)}")
    if options.min_sample_size < 2:
        parser.error("--min-sample-size under 2 leaves stdev and quartiles undefined")
    if options.window == 0:
        parser.error("--window must be over 0")
    return options


def check_topic(options, topic):
    """Reads one source topic and its aggregated topic; what check returns, and how many records were undecodable."""
    source, sink = reading.Registry(options.source_registry), reading.Registry(options.sink_registry)
    fields = options.fields or numeric_fields(source.latest(f"{topic}-value"))
    rules = Rules(
        options.window, options.grace, options.operations, fields,
        options.min_sample_size, options.small_sample, options.close_open,
    )
    records, bad = reading.read_source(options.brokers, topic, source, fields)
    results = reading.read_results(options.brokers, sink_topic(options, topic), sink)
    wrong, summary = check(topic, records, results, rules)
    if len({result.partition for result in results}) > 1:
        wrong.append(f"{topic}: the series is spread over several partitions")
    for name in (topic, sink_topic(options, topic)):
        if gone := reading.deleted(options.brokers, name):
            wrong.insert(0, f"{name}: retention took the first {gone} offsets; set retention.ms=-1 for old event times")
    if options.expect_records is not None and summary["records"] != options.expect_records:
        wrong.append(f"{topic}: {summary['records']} records, not {options.expect_records}")
    return wrong, summary, bad


def sink_topic(options, topic):
    return options.sink.replace("{topic}", topic)


def check_subjects(options, topics):
    """The sink registry holds exactly the aggregated subjects, the source registry none of them."""
    due = {f"{sink_topic(options, topic)}-value" for topic in topics}
    in_sink = set(reading.Registry(options.sink_registry).subjects())
    for subject in sorted(due - in_sink):
        yield f"sink registry: subject {subject} is missing"
    for subject in sorted(in_sink - due):
        if not re.fullmatch(options.other_subjects, subject):
            yield f"sink registry: subject {subject} should not be there"
    if options.source_registry != options.sink_registry:
        for subject in sorted(due & set(reading.Registry(options.source_registry).subjects())):
            yield f"source registry: subject {subject} should not be there"


def main():
    options = arguments()
    topics = reading.matching_topics(options.brokers, options.topics, options.sink)
    wrong = []
    if not topics:
        wrong.append(f"no topic matches {options.topics}")
    if options.expect_topics is not None and len(topics) != options.expect_topics:
        wrong.append(f"{len(topics)} source topics match, not {options.expect_topics}")
    # Each topic in a process of its own: statistics is exact and slow. Spawned, as librdkafka does not survive a fork.
    with ProcessPoolExecutor(options.jobs, get_context("spawn"), max_tasks_per_child=1) as pool:
        outcomes = list(pool.map(check_topic, [options] * len(topics), topics))
    row = "{:<32} {:>9} {:>6} {:>9} {:>9} {:>8} {:>9} {:>11}".format
    print(row("topic", "records", "bad", "in open", "counted", "windows", "values", "differences"))
    errors = dict.fromkeys(options.operations, 0.0)
    for topic, (differences, s, bad) in zip(topics, outcomes):
        wrong += differences
        for operation, error in s["errors"].items():
            errors[operation] = max(errors[operation], error)
        print(row(topic, s["records"], bad, s["open"], s["counted"], s["windows"], s["values"], len(differences)))
    print("largest relative error: " + ", ".join(f"{name} {error:.1e}" for name, error in errors.items()))
    wrong += check_subjects(options, topics)
    for text in wrong[:SHOWN]:
        print("WRONG", text)
    if wrong:
        sys.exit(f"{len(wrong)} differences" + (f", the first {SHOWN} above" if len(wrong) > SHOWN else ""))
    print(f"all {sum(s['windows'] for _, s, _ in outcomes)} windows of {len(topics)} topics are right")


if __name__ == "__main__":
    try:
        main()
    except (reading.Failure, reading.KafkaException) as failure:
        sys.exit(f"verify: {failure}")
