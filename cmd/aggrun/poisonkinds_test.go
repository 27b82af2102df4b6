package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// This file is the table of what a topic may hold. value0 is the field that is
// aggregated; x is read where a schema has it, and y is passed over.

const value0 = `{"name":"value0","type":"double"}`

var setups = []setup{
	{
		name: "wire", source: ", fields: [value0, x]", schema: value0 + `,{"name":"x","type":["null","double"]}`,
		good:  func(i int, _ time.Time, v float64) map[string]any { return map[string]any{"value0": v, "x": nil} },
		kinds: wireKinds,
	},
	{
		name: "body", source: ", fields: [value0, x]", schema: value0 + `,{"name":"x","type":["null","double"]}`,
		good:  func(i int, _ time.Time, v float64) map[string]any { return map[string]any{"value0": v, "x": nil} },
		kinds: slices.Concat(cutKinds, lengthKinds, valueKinds),
	},
	{
		name: "time", source: ", fields: [value0], time: t", schema: value0 + `,{"name":"t","type":["null","double"]}`,
		good: func(_ int, at time.Time, v float64) map[string]any {
			return map[string]any{"value0": v, "t": float64(at.UnixMilli()) / 1e3}
		},
		kinds: timeKinds,
	},
	{
		name: "group", source: `, fields: [value0], where: "note != 'left out'"`, options: ", group_by: [name, $key]",
		schema: value0 + `,{"name":"name","type":["null","string"]},{"name":"note","type":"string"}`,
		good: func(i int, _ time.Time, v float64) map[string]any {
			return map[string]any{"value0": v, "name": []string{"a", "b"}[i%2], "note": "n"}
		},
		kinds: groupKinds,
	},
	{
		name: "groups", source: ", fields: [value0]", options: ", group_by: name, max_groups: 2",
		schema: value0 + `,{"name":"name","type":"string"}`,
		good: func(i int, _ time.Time, v float64) map[string]any {
			return map[string]any{"value0": v, "name": []string{"a", "b"}[i%2]}
		},
		kinds: []kind{{name: "one group too many", body: join(double(1), 2, 'c'), want: "its window has more groups than max_groups (2)"}},
	},
	{
		name: "key", source: ", fields: [value0]", options: ", group_by: $key, shard: partition, partitioner: crc32", schema: value0,
		good: func(_ int, _ time.Time, v float64) map[string]any { return map[string]any{"value0": v} },
		kinds: []kind{
			{name: "no key, where it says the partition", body: double(1), change: withoutKey, want: "the record has no key, by which it should be in its partition"},
			{name: "an empty key, where it says the partition", body: double(1), change: func(r *kgo.Record) { r.Key = []byte{} }, want: "the record has no key, by which it should be in its partition"},
		},
	},
}

func join(parts ...any) (b []byte) {
	for _, p := range parts {
		switch p := p.(type) {
		case []byte:
			b = append(b, p...)
		case string:
			b = append(b, p...)
		case int:
			b = append(b, byte(p))
		case rune:
			b = append(b, byte(p))
		}
	}
	return b
}

func double(v float64) []byte { return binary.LittleEndian.AppendUint64(nil, math.Float64bits(v)) }

func long(v int64) []byte { return binary.AppendVarint(nil, v) }

func withoutKey(r *kgo.Record) { r.Key = nil }

// field gives the fields value0 and one more.
func field(name, typ string) string {
	return fmt.Sprintf(`%s,{"name":%q,"type":%s}`, value0, name, typ)
}

func bytesShort(n int) string {
	return fmt.Sprintf("value of %d bytes, shorter than the 5 of a schema id's header", n)
}

// notOf is the reason of a body that is not of its schema.
func notOf(at, of int, why string) string {
	return fmt.Sprintf("body is not of its schema: at byte %d of %d: %s", at, of, why)
}

func stamped(ms int64) func(*kgo.Record) {
	return func(r *kgo.Record) { r.Timestamp = time.UnixMilli(ms) }
}

// wire puts a timestamp on the wire that kgo would not.
func wire(ms int64) func(*kgo.Record) {
	return func(r *kgo.Record) { r.Context = context.WithValue(context.Background(), onWire{}, ms) }
}

// onWire is the key of a record's timestamp, ms, where it is not Timestamp.
type onWire struct{}

func later(d time.Duration) func(*kgo.Record) {
	return func(r *kgo.Record) { r.Timestamp = time.Now().Add(d).Truncate(time.Millisecond) }
}

// oddSchemas are answers of a registry, by id.
var oddSchemas = map[int]func() map[string]any{
	900_000_001: func() map[string]any {
		return map[string]any{"schemaType": "PROTOBUF", "schema": `syntax = "proto3"; message M { double value0 = 1; }`}
	},
	900_000_002: func() map[string]any { return map[string]any{"schemaType": "JSON", "schema": `{"type":"object"}`} },
	900_000_003: func() map[string]any { return map[string]any{"schema": `{"type":"record","name":"R","fields":[`} },
	900_000_004: func() map[string]any { return map[string]any{"schema": `{"type":"record","name":"R"}`} },
	900_000_005: func() map[string]any {
		return map[string]any{"schema": inRecord(field("y", strings.Repeat(`{"type":"array","items":`, 70)+`"long"`+strings.Repeat("}", 70)))}
	},
	900_000_006: func() map[string]any {
		fields := value0
		for i := range 10_000 {
			fields += fmt.Sprintf(`,{"name":"f%d","type":"long"}`, i)
		}
		return map[string]any{"schema": inRecord(fields)}
	},
	900_000_007: func() map[string]any {
		return map[string]any{"schema": inRecord(`{"name":"value0","type":"double","doc":"` + strings.Repeat("x", 1<<20) + `"}`)}
	},
	900_000_008: func() map[string]any {
		return map[string]any{"schema": strings.Repeat("[", 5000) + strings.Repeat("]", 5000)}
	},
	900_000_009: func() map[string]any {
		refs := []map[string]any{{"name": "gone.X", "subject": "gone", "version": 3}}
		return map[string]any{"schema": inRecord(field("y", `"gone.X"`)), "references": refs}
	},
	900_000_010: func() map[string]any {
		var refs []map[string]any
		for i := range 300 {
			refs = append(refs, map[string]any{"name": "X", "subject": fmt.Sprint("odd-", i), "version": 1})
		}
		return map[string]any{"schema": inRecord(value0), "references": refs}
	},
}

var wireKinds = []kind{
	{name: "tombstone", raw: true, want: "null value"},
	{name: "empty", raw: true, value: []byte{}, want: bytesShort(0)},
	{name: "1 byte", raw: true, value: []byte{0}, want: bytesShort(1)},
	{name: "2 bytes", raw: true, value: []byte{0, 0}, want: bytesShort(2)},
	{name: "3 bytes", raw: true, value: []byte{0, 0, 0}, want: bytesShort(3)},
	{name: "4 bytes", raw: true, value: []byte{0, 0, 0, 1}, want: bytesShort(4)},
	{name: "corrupt magic", raw: true, value: []byte{1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0}, want: "value begins with byte 0x01, not with the 0x00 of a schema id's header"},
	{name: "JSON", raw: true, value: []byte(`{"value0": 1.5}`), want: "value begins with byte 0x7b, not with the 0x00 of a schema id's header"},
	{name: "protobuf without a header", raw: true, value: join(9, double(1.5)), want: "value begins with byte 0x09, not with the 0x00 of a schema id's header"},
	{name: "an Avro file", raw: true, value: []byte("Obj\x01\x04\x16avro.schema"), want: "value begins with byte 0x4f, not with the 0x00 of a schema id's header"},
	{name: "gzip", raw: true, value: []byte{0x1f, 0x8b, 8, 0, 0, 0, 0, 0}, want: "value begins with byte 0x1f, not with the 0x00 of a schema id's header"},
	{name: "over the size limit", body: make([]byte, 1<<20-4), want: "value of 1048577 bytes, over the limit of 1048576"},
	{name: "far over the size limit", body: make([]byte, 2<<20), want: "value of 2097157 bytes, over the limit of 1048576"},
	{name: "unknown schema id", id: 99_999_999, body: double(1), want: "the source registry does not know schema id 99999999"},
	{name: "largest schema id", id: math.MaxInt32, body: double(1), want: "the source registry does not know schema id 2147483647"},
	{name: "schema id 0", raw: true, value: []byte{0, 0, 0, 0, 0, 1}, want: "the source registry does not know schema id 0"},
	{name: "negative schema id", raw: true, value: []byte{0, 255, 255, 255, 255, 1}, want: "negative schema id -1"},
	{name: "least schema id", raw: true, value: []byte{0, 128, 0, 0, 0, 1}, want: "negative schema id -2147483648"},
	{name: "a schema that is no record", schema: `"long"`, body: long(7), want: "schema id {id}: the schema is of type long, not a record"},
	{name: "an array's schema", schema: `{"type":"array","items":"double"}`, body: []byte{0}, want: "schema id {id}: the schema is of type array of double, not a record"},
	{name: "protobuf of the registry's", id: 900_000_001, body: join(0, 9, double(1.5)), want: "schema id {id}: the schema is PROTOBUF, not Avro"},
	{name: "JSON of the registry's", id: 900_000_002, body: []byte(`{}`), want: "schema id {id}: the schema is JSON, not Avro"},
	{name: "a schema that is cut short", id: 900_000_003, want: "schema id {id}: the schema is not JSON: unexpected EOF"},
	{name: "a schema that is no Avro", id: 900_000_004, want: "schema id {id}: the schema is not valid Avro: record must have an array of fields"},
	{name: "a schema 70 arrays deep", id: 900_000_005, want: "schema id {id}: the schema nests types more than 64 levels deep"},
	{name: "a schema of 10,001 fields", id: 900_000_006, want: "schema id {id}: the schema has more than 10000 fields"},
	{name: "a schema of over 1 MiB", id: 900_000_007, want: "schema id {id}: schema of 1048661 bytes, over the limit of 1048576"},
	{name: "a schema of brackets", id: 900_000_008, want: "schema id {id}: the schema nests types more than 64 levels deep"},
	{name: "a schema that refers to one that is gone", id: 900_000_009, want: "schema id {id}: the schema refers to version 3 of subject gone, which the registry does not know"},
	{name: "a schema that refers to too many", id: 900_000_010, want: "schema id {id}: the schema refers to more than 100 others"},
	{name: "another subject, another type", schema: `{"name":"value0","type":"string"}`, body: []byte{2, 'x'}, want: "field value0 is string in schema id {id}, not a number"},
	{name: "a listed field that became an array", schema: field("x", `{"type":"array","items":"double"}`), body: join(double(1), 0), want: "field x is array of double in schema id {id}, not a number"},
	{name: "a writer without the field", schema: `{"name":"other","type":"double"}`, body: double(1)},
	{name: "a writer with one more", schema: field("new", `"string"`), body: join(double(math.NaN()), 2, "x")},
	{name: "a field of null", schema: `{"name":"value0","type":["null","double"]}`, body: []byte{0}},
	{name: "NaN", body: join(double(math.NaN()), 0)},
	{name: "no timestamp", body: join(double(1), 0), change: stamped(-1), want: "the record has no timestamp"},
	{name: "a timestamp in ns", body: join(double(1), 0), change: wire(1_700_000_000_000_000_000), want: "the record's timestamp is out of range"},
	{name: "the year 2200", body: join(double(1), 0), change: stamped(7_258_118_400_000), want: "timestamp 7258118400000 ms is out of range"},
	{name: "half an hour ahead", body: join(double(1), 0), change: later(30 * time.Minute), want: "event time is more than max_future (5m0s) ahead of the clock"},
	{name: "a timestamp in µs", body: join(double(1), 0), change: wire(1_700_000_000_000_000), want: "the record's timestamp is out of range"},
	{name: "the year 9999", body: join(double(1), 0), change: wire(253_402_300_799_999), want: "the record's timestamp is out of range"},
}

const enum = `{"type":"enum","name":"E","symbols":["A","B"]}`

// cutKinds end within a value of each type.
var cutKinds = []kind{
	{name: "no body", want: notOf(0, 0, "it ends too early")},
	{name: "cut in a double", body: double(1)[:7], want: notOf(0, 7, "it ends too early")},
	{name: "cut before a union's index", body: double(1), want: notOf(8, 8, "it ends too early")},
	{name: "cut before a union's value", body: join(double(1), 2), want: notOf(9, 9, "it ends too early")},
	{name: "cut in a union's double", body: join(double(1), 2, 0, 0, 0), want: notOf(9, 12, "it ends too early")},
	{name: "cut in a float", schema: field("x", `"float"`), body: join(double(1), 0, 0, 0), want: notOf(0, 11, "it ends too early")},
	{name: "cut in an int", schema: field("x", `"int"`), body: join(double(1), 0x80), want: notOf(8, 9, "it ends too early")},
	{name: "cut in a long", schema: field("x", `"long"`), body: join(double(1), 0x80, 0x80), want: notOf(8, 10, "it ends too early")},
	{name: "cut in a skipped int", schema: field("y", `"int"`), body: join(double(1), 0x80), want: notOf(8, 9, "it ends too early")},
	{name: "cut in a skipped long", schema: field("y", `"long"`), body: join(double(1), 0xff), want: notOf(8, 9, "it ends too early")},
	{name: "cut before a boolean", schema: field("y", `"boolean"`), body: double(1), want: notOf(0, 8, "it ends too early")},
	{name: "cut before a string", schema: field("y", `"string"`), body: double(1), want: notOf(8, 8, "it ends too early")},
	{name: "cut in a string", schema: field("y", `"string"`), body: join(double(1), 10, "abc"), want: notOf(8, 12, "it ends too early")},
	{name: "cut in bytes", schema: field("y", `"bytes"`), body: join(double(1), 4, "a"), want: notOf(8, 10, "it ends too early")},
	{name: "cut before an enum", schema: field("y", enum), body: double(1), want: notOf(8, 8, "it ends too early")},
	{name: "cut in a fixed", schema: field("y", `{"type":"fixed","name":"F","size":4}`), body: join(double(1), "abc"), want: notOf(0, 11, "it ends too early")},
	{name: "cut before an array", schema: field("y", `{"type":"array","items":"long"}`), body: double(1), want: notOf(8, 8, "it ends too early")},
	{name: "cut in an array's item", schema: field("y", `{"type":"array","items":"double"}`), body: join(double(1), 4, double(1), 0), want: notOf(9, 18, "it ends too early")},
	{name: "cut before an array's end", schema: field("y", `{"type":"array","items":"long"}`), body: join(double(1), 2, 2), want: notOf(10, 10, "it ends too early")},
	{name: "cut in a map's key", schema: field("y", `{"type":"map","values":"long"}`), body: join(double(1), 2, 8, "a"), want: notOf(9, 11, "it ends too early")},
	{name: "cut before a map's value", schema: field("y", `{"type":"map","values":"long"}`), body: join(double(1), 2, 2, "a"), want: notOf(11, 11, "it ends too early")},
	{name: "cut in a nested record", schema: field("y", `{"type":"record","name":"P","fields":[{"name":"a","type":"string"},{"name":"b","type":"double"}]}`), body: join(double(1), 2, "a", 0, 0), want: notOf(10, 12, "it ends too early")},
	{name: "cut in a decimal", schema: field("x", `{"type":"bytes","logicalType":"decimal","precision":9,"scale":2}`), body: join(double(1), 8, 1), want: notOf(8, 10, "it ends too early")},
	{name: "a byte too many", body: join(double(1), 0, 7), want: notOf(9, 10, "bytes follow the record's end")},
	{name: "two records in one", body: join(double(1), 0, double(1), 0), want: notOf(9, 18, "bytes follow the record's end")},
}

// lengthKinds ask for more than is there.
var lengthKinds = []kind{
	{name: "a string of 2^40 bytes", schema: field("y", `"string"`), body: join(double(1), long(1<<40)), want: notOf(8, 14, "it ends too early")},
	{name: "bytes of 2^62", schema: field("y", `"bytes"`), body: join(double(1), long(1<<62)), want: notOf(8, 18, "it ends too early")},
	{name: "a string of -5 bytes", schema: field("y", `"string"`), body: join(double(1), long(-5), "abcde"), want: notOf(8, 14, "a length is negative")},
	{name: "bytes of -2^63", schema: field("y", `"bytes"`), body: join(double(1), long(math.MinInt64)), want: notOf(8, 18, "a length is negative")},
	{name: "an array of 2^40 longs", schema: field("y", `{"type":"array","items":"long"}`), body: join(double(1), long(1<<40)), want: notOf(14, 14, "it ends too early")},
	{name: "an array of 2^62 doubles", schema: field("y", `{"type":"array","items":"double"}`), body: join(double(1), long(1<<62)), want: notOf(18, 18, "it ends too early")},
	{name: "an array of 20 million nulls", schema: field("y", `{"type":"array","items":"null"}`), body: join(double(1), long(20_000_000), 0), want: notOf(12, 13, "too many items without bytes")},
	{name: "a map of 2^40", schema: field("y", `{"type":"map","values":"long"}`), body: join(double(1), long(1<<40)), want: notOf(14, 14, "it ends too early")},
	{name: "a block of -2^63 items", schema: field("y", `{"type":"array","items":"long"}`), body: join(double(1), long(math.MinInt64), 0), want: notOf(8, 19, "a length is negative")},
	{name: "a block of -1 bytes", schema: field("y", `{"type":"array","items":"long"}`), body: join(double(1), 1, 1, 0), want: notOf(8, 11, "a length is negative")},
	{name: "a block of other bytes than its items", schema: field("y", `{"type":"array","items":"long"}`), body: join(double(1), 1, 4, 2, 0), want: notOf(11, 12, "a block's size is not that of its items")},
	{name: "a map's block of 2^40 bytes", schema: field("y", `{"type":"map","values":"long"}`), body: join(double(1), 1, long(1<<40), 2, 'a', 2, 0), want: notOf(18, 19, "a block's size is not that of its items")},
	{name: "a decimal of 1 MB", schema: field("x", `{"type":"bytes","logicalType":"decimal","precision":9,"scale":2}`), body: join(double(1), long(1_000_000), make([]byte, 1_000_000)), want: "field x: a decimal has more than 32 bytes"},
	{name: "a list 2,000 deep", schema: `{"type":"record","name":"N","fields":[` + value0 + `,{"name":"next","type":["null","N"]}]}`, body: join(slices.Repeat(join(double(1), 2), 2000)), want: notOf(9009, 18000, "values are nested too deep")},
	{name: "a record without an end", schema: `{"type":"record","name":"N","fields":[` + value0 + `,{"name":"y","type":{"type":"array","items":{"type":"array","items":["null","N"]}}}]}`, body: slices.Repeat(join(double(1), 2, 2, 2), 2000), want: notOf(3673, 22000, "values are nested too deep")},
}

// valueKinds hold what their type has not.
var valueKinds = []kind{
	{name: "a long of 11 bytes", schema: field("x", `"long"`), body: join(double(1), slices.Repeat([]byte{0x80}, 10), 1), want: notOf(8, 19, "a number has more than 64 bits")},
	{name: "a skipped long of 11 bytes", schema: field("y", `"long"`), body: join(double(1), slices.Repeat([]byte{0x80}, 10), 1), want: notOf(8, 19, "a number has more than 64 bits")},
	{name: "an int of 33 bits", schema: field("x", `"int"`), body: join(double(1), long(1<<32)), want: notOf(8, 13, "an int has more than 32 bits")},
	{name: "a skipped int of 33 bits", schema: field("y", `"int"`), body: join(double(1), long(1<<32)), want: notOf(8, 13, "an int has more than 32 bits")},
	{name: "a union's branch too high", body: join(double(1), 4), want: notOf(8, 9, "a union has no branch of that index")},
	{name: "a union's branch of -1", body: join(double(1), 1), want: notOf(8, 9, "a union has no branch of that index")},
	{name: "a skipped union's branch of 2^31", schema: field("y", `["null","string"]`), body: join(double(1), long(1<<31)), want: notOf(8, 13, "an int has more than 32 bits")},
	{name: "a union's index over 6 bytes", schema: field("y", `["null","string"]`), body: join(double(1), 0x80, 0x80, 0x80, 0x80, 0x80, 0), want: notOf(8, 14, "an int has more than 32 bits")},
	{name: "an enum's symbol too high", schema: field("y", enum), body: join(double(1), 4), want: notOf(8, 9, "an enum has no symbol of that index")},
	{name: "an enum's symbol of -1", schema: field("y", enum), body: join(double(1), 1), want: notOf(8, 9, "an enum has no symbol of that index")},
	{name: "a boolean of 2", schema: field("x", `"boolean"`), body: join(double(1), 2), want: notOf(8, 9, "a boolean is neither 0 nor 1")},
}

// seconds is a record of the setup time, at t.
func seconds(t float64) []byte { return join(double(1), 2, double(t)) }

var timeKinds = []kind{
	{name: "a time of null", body: join(double(1), 0), want: "field t: a time is missing"},
	{name: "a writer without the time", schema: value0, body: double(1), want: "field t: a time is missing"},
	{name: "a time of NaN", body: seconds(math.NaN()), want: "field t: NaN is no time"},
	{name: "a time of Inf", body: seconds(math.Inf(1)), want: "field t: a time is out of range"},
	{name: "a time of -Inf", body: seconds(math.Inf(-1)), want: "field t: a time is out of range"},
	{name: "a time of 1e300", body: seconds(1e300), want: "field t: a time is out of range"},
	{name: "ms where s are", body: seconds(1.7e12), want: "field t: a time is out of range"},
	{name: "ns where s are", body: seconds(1.7e18), want: "field t: a time is out of range"},
	{name: "far in the future", body: seconds(4e9), want: "event time is more than max_future (5m0s) ahead of the record's timestamp"},
	{name: "ten minutes ahead of its record", body: seconds(float64(time.Now().Add(10 * time.Minute).Unix())), want: "event time is more than max_future (5m0s) ahead of the record's timestamp"},
	{name: "a record without a timestamp", body: seconds(1.7e9), change: stamped(-1), want: "the record has no timestamp to hold its event time against"},
	{name: "a time of the least long", schema: field("t", `"long"`), body: join(double(1), long(math.MinInt64)), want: "field t: a time is out of range"},
	{name: "an instant beyond 2262", schema: field("t", `{"type":"long","logicalType":"timestamp-millis"}`), body: join(double(1), long(1<<60)), want: "field t: a time is out of range"},
	{name: "a text that is no time", schema: field("t", `"string"`), body: join(double(1), 18, "yesterday"), want: `field t: "yesterday" is not a time in ISO 8601`},
	{name: "a text that is not UTF-8", schema: field("t", `"string"`), body: join(double(1), 4, 0xff, 0xfe), want: `field t: "\xff\xfe" is not a time in ISO 8601`},
	{name: "a text of 100 KB", schema: field("t", `"string"`), body: join(double(1), long(100_000), make([]byte, 100_000)), want: `field t: "` + strings.Repeat(`\x00`, 40) + `" is not a time in ISO 8601`},
	{name: "a time that became an array", schema: field("t", `{"type":"array","items":"long"}`), body: join(double(1), 0), want: "schema id {id}: field t is of type array of long, not a number, a date, a timestamp or a string, to tell a time"},
}

var groupKinds = []kind{
	{name: "a group value that is not UTF-8", body: join(double(1), 2, 4, 0xc3, 0x28, 2, "n"), want: "field name: a text is not UTF-8"},
	{name: "a condition's text that is not UTF-8", body: join(double(1), 2, 2, "a", 2, 0xff), want: "field note: a text is not UTF-8"},
	{name: "a group value of over 16 KiB", body: join(double(1), 2, long(16<<10), strings.Repeat("x", 16<<10), 2, "n"), want: "its group values have more than 16384 bytes"},
	{name: "a key of over 16 KiB", body: join(double(1), 2, 2, "a", 2, "n"), change: func(r *kgo.Record) { r.Key = []byte(strings.Repeat("k", 17<<10)) }, want: "its group values have more than 16384 bytes"},
	{name: "a group value of 1 MB", body: join(double(1), 2, long(1_000_000), strings.Repeat("x", 1_000_000), 2, "n"), want: "its group values have more than 16384 bytes"},
	{name: "a group field that became bytes", schema: value0 + `,{"name":"name","type":"bytes"},{"name":"note","type":"string"}`, body: join(double(1), 2, "a", 2, "n"), want: "schema id {id}: field name is of type bytes, not a number, boolean, string or enum, to group by"},
}
