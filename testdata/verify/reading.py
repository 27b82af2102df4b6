"""Reads topics and registries with clients that are not aggrun's: confluent-kafka, fastavro and plain HTTP."""

import io
import json
import re
import struct
import time
import urllib.error
import urllib.request

import fastavro
from confluent_kafka import Consumer, IsolationLevel, KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec

from results import MILLISECOND, Record, Result

PATIENCE = 30  # seconds without a record before a topic counts as stuck

# Errors are raised; librdkafka need not tell them too, twenty times a second.
QUIET = {"log_level": 2}

# Registries are on this machine, whatever proxy the environment names.
direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Failure(Exception):
    """Something that could not be read, in words for the user."""


class Registry:
    """A schema registry by its Confluent API; schemas are fetched once."""

    def __init__(self, url):
        self.url = url.rstrip("/")
        self.schemas = {}

    def get(self, path):
        try:
            with direct.open(self.url + path, timeout=20) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise Failure(f"{self.url}{path}: {error.code} {error.read().decode(errors='replace')}") from error
        except OSError as error:
            raise Failure(f"{self.url}{path}: {error}") from error

    def subjects(self):
        return sorted(self.get("/subjects"))

    def latest(self, subject):
        """The newest schema of a subject, as parsed JSON."""
        return json.loads(self.get(f"/subjects/{subject}/versions/latest")["schema"])

    def decode(self, value):
        """A value in Confluent's wire format: byte 0, the schema's id in 4 bytes, the Avro body and nothing after it."""
        if value is None or len(value) < 5 or value[0] != 0:
            raise Failure("no value in Confluent's wire format")
        (number,) = struct.unpack(">I", value[1:5])
        if number not in self.schemas:
            text = self.get(f"/schemas/ids/{number}")["schema"]
            self.schemas[number] = fastavro.parse_schema(json.loads(text), named_schemas={})
        body = io.BytesIO(value[5:])
        fields = fastavro.schemaless_reader(body, self.schemas[number], None)
        if body.tell() != len(value) - 5:
            raise Failure(f"{len(value) - 5 - body.tell()} bytes after the Avro body")
        return fields


def admin_of(brokers):
    return AdminClient({"bootstrap.servers": brokers, **QUIET})


def matching_topics(brokers, pattern, sink):
    """The topics a regular expression matches whole, but for those that are another matching topic's sink."""
    every = admin_of(brokers).list_topics(timeout=20).topics
    found = [topic for topic in every if re.fullmatch(pattern, topic) and not topic.startswith("__")]
    sinks = {sink.replace("{topic}", topic) for topic in found}
    return sorted(topic for topic in found if topic not in sinks)


def messages(brokers, topic):
    """Yields every committed message of a topic, up to the end that it has now."""
    ends = end_offsets(brokers, topic)
    consumer = Consumer(
        {
            "bootstrap.servers": brokers,
            "group.id": "verify",  # never joined, never committed: the partitions are assigned by hand
            "enable.auto.commit": False,
            "isolation.level": "read_committed",
            "enable.partition.eof": True,
            "fetch.wait.max.ms": 20,
            "auto.offset.reset": "error",
            **QUIET,
        }
    )
    try:
        consumer.assign([TopicPartition(topic, p, start) for p, (start, end) in ends.items() if start < end])
        waiting = {p: end for p, (start, end) in ends.items() if start < end}
        heard = time.monotonic()
        while waiting:
            batch = consumer.consume(5_000, timeout=0.1)  # waits for a full batch that long
            if batch:
                heard = time.monotonic()
            elif time.monotonic() - heard > PATIENCE:
                raise Failure(f"{topic}: partitions {sorted(waiting)} do not end; is a transaction open?")
            for message in batch:
                if message.error() is None:
                    yield message
                elif message.error().code() == KafkaError._PARTITION_EOF:
                    # An end before the one asked for is an open transaction's: its markers are on their way.
                    if message.offset() >= waiting.get(message.partition(), 0):
                        waiting.pop(message.partition(), None)
                else:
                    raise KafkaException(message.error())
    finally:
        consumer.close()


def end_offsets(brokers, topic):
    """(first, end) by partition, the end as the log has it, open transactions included."""
    admin = admin_of(brokers)
    listed = admin.list_topics(topic, timeout=20).topics[topic]
    if listed.error is not None:
        raise Failure(f"{topic}: {listed.error}")

    def ask(spec):
        asked = {TopicPartition(topic, p): spec for p in listed.partitions}
        futures = admin.list_offsets(asked, isolation_level=IsolationLevel.READ_UNCOMMITTED, request_timeout=20)
        return {at.partition: future.result().offset for at, future in futures.items()}

    first, end = ask(OffsetSpec.earliest()), ask(OffsetSpec.latest())
    return {p: (first[p], end[p]) for p in first}


def deleted(brokers, topic):
    """How many offsets at a topic's beginning are gone: a broker deletes records whose timestamps are past retention."""
    return sum(first for first, _ in end_offsets(brokers, topic).values())


def read_source(brokers, topic, registry, fields):
    """The records of a source topic that can be decoded, and how many cannot."""
    records, bad = [], 0
    for message in messages(brokers, topic):
        try:
            decoded = registry.decode(message.value())
        except (Failure, EOFError, ValueError, IndexError, struct.error):
            bad += 1
            continue
        values = {field: decoded.get(field) for field in fields}
        at = message.timestamp()[1] * MILLISECOND
        records.append(Record(message.partition(), message.offset(), at, values))
    return records, bad


def read_results(brokers, topic, registry):
    """The results of an aggregated topic, partition by partition in their order."""
    found = [
        Result(m.partition(), m.offset(), m.timestamp()[1] * MILLISECOND, m.key(), registry.decode(m.value()))
        for m in messages(brokers, topic)
    ]
    found.sort(key=lambda result: result[:2])
    return found
