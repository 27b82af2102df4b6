#!/usr/bin/env python3
"""Compares two runs over the same source topics: the aggregated topics of both must be equal, bit by bit.

For every source topic the two sink topics are read under read_committed: each window once and in order in both, the
same keys, timestamps and values. Exit code 1 and the first differences on stdout when they are not.
"""

import argparse
import sys

import reading
from results import check_equal
from verify import SHOWN, nanoseconds


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--brokers", required=True, metavar="HOST:PORT,...")
    parser.add_argument("--sink-registry", required=True, metavar="URL")
    parser.add_argument("--topics", required=True, metavar="REGEX", help="source topics, matched whole")
    parser.add_argument("--first", default="{topic}-aggregated", metavar="TEMPLATE")
    parser.add_argument("--second", required=True, metavar="TEMPLATE")
    parser.add_argument("--window", type=nanoseconds, required=True, metavar="SECONDS")
    return parser.parse_args()


def source_topics(options):
    """The matching topics that are neither run's sink."""
    either = [set(reading.matching_topics(options.brokers, options.topics, t)) for t in (options.first, options.second)]
    return sorted(set.intersection(*either))


def main():
    options = arguments()
    registry = reading.Registry(options.sink_registry)
    topics = source_topics(options)
    wrong = [] if topics else [f"no topic matches {options.topics}"]
    row = "{:<32} {:>10} {:>10} {:>12} {:>12} {:>11}".format
    print(row("topic", "first", "second", "counted", "counted", "differences"))
    for topic in topics:
        pair = [
            reading.read_results(options.brokers, template.replace("{topic}", topic), registry)
            for template in (options.first, options.second)
        ]
        differences = check_equal(topic, *pair, options.window)
        wrong += differences
        counted = [sum(result.fields["count"] for result in side) for side in pair]
        print(row(topic, *map(len, pair), *counted, len(differences)))
    for text in wrong[:SHOWN]:
        print("WRONG", text)
    if wrong:
        sys.exit(f"{len(wrong)} differences" + (f", the first {SHOWN} above" if len(wrong) > SHOWN else ""))
    print("equal bit by bit")


if __name__ == "__main__":
    try:
        main()
    except (reading.Failure, reading.KafkaException) as failure:
        sys.exit(f"compare: {failure}")
