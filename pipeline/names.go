package pipeline

import "strings"

// OutputName is the output record's name for an operation of a field:
// <operation>_<field>, in which a path's dots and brackets become underscores:
// mean of wave[3].x is mean_wave_3_x. It is a valid Avro name if op begins as one.
func OutputName(op, field string) string {
	return op + "_" + strings.Map(nameRune, strings.ReplaceAll(field, "]", ""))
}

// AvroName makes a valid Avro name of any text, a topic's name say: characters
// that a name cannot have become underscores, and one is put before a leading digit.
func AvroName(text string) string {
	name := strings.Map(nameRune, text)
	if name == "" || '0' <= name[0] && name[0] <= '9' {
		return "_" + name
	}
	return name
}

// nameRune keeps the letters, digits and underscore of an Avro name.
func nameRune(r rune) rune {
	switch {
	case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9', r == '_':
		return r
	}
	return '_'
}
