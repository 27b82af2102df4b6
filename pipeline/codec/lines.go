package codec

import (
	"encoding/json"
	"math"
	"strconv"

	"github.com/aggrun/aggrun/pipeline"
)

// AppendJSON appends r as a line of JSON, columns being the names of its values:
// sink, time, window_size and count, then each column. No value is null; infinity,
// which JSON does not have, is the string "Infinity" or "-Infinity".
func AppendJSON(dst []byte, r *pipeline.Result, columns []string) []byte {
	dst = appendString(append(dst, `{"sink":`...), r.Sink)
	dst = appendNumber(append(dst, `,"time":`...), Midpoint(r.Start, r.End))
	dst = appendNumber(append(dst, `,"window_size":`...), Seconds(r.End-r.Start))
	dst = strconv.AppendInt(append(dst, `,"count":`...), r.Count, 10)
	for i, name := range columns {
		v := math.NaN()
		if i < len(r.Values) {
			v = r.Values[i]
		}
		dst = append(appendString(append(dst, ','), name), ':')
		dst = appendNumber(dst, v)
	}
	return append(dst, "}\n"...)
}

func appendString(dst []byte, s string) []byte {
	quoted, _ := json.Marshal(s) // of a string it cannot fail
	return append(dst, quoted...)
}

func appendNumber(dst []byte, v float64) []byte {
	switch {
	case math.IsNaN(v):
		return append(dst, "null"...)
	case math.IsInf(v, 1):
		return append(dst, `"Infinity"`...)
	case math.IsInf(v, -1):
		return append(dst, `"-Infinity"`...)
	case math.Abs(v) >= 1e-6 && math.Abs(v) < 1e21 || v == 0:
		return strconv.AppendFloat(dst, v, 'f', -1, 64)
	}
	return strconv.AppendFloat(dst, v, 'g', -1, 64)
}
