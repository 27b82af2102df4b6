package expression

import "strings"

// commented is where a comment begins outside texts, -1 where there is none. expr
// takes // and /* */ for one, and an expression would mean less than it says:
// mean(x) // 10 is no division, and of a folded block the rest would be gone.
func commented(src string) int {
	for i := 0; i < len(src); i++ {
		switch {
		case strings.HasPrefix(src[i:], "//"), strings.HasPrefix(src[i:], "/*"):
			return i
		case strings.IndexByte("'\"`", src[i]) >= 0:
			i += quoted(src[i:])
		}
	}
	return -1
}

// quoted is the offset of the quote that ends the text at the beginning of src, or
// src's end.
func quoted(src string) int {
	for i := 1; i < len(src); i++ {
		switch {
		case src[i] == src[0]:
			return i
		case src[i] == '\\' && src[0] != '`':
			i++
		}
	}
	return len(src)
}
