package spec

import "strings"

// Suggest is the one of known that word was probably meant to be, "" when none
// is near: the least number of letters to insert, leave out, change or swap
// with the next, at most one for every three; capitals, _ and - do not count.
// The first of several wins.
func Suggest(word string, known []string) string {
	plain := bare(word)
	best, least := "", 1+max(1, len(plain)/3)
	for _, k := range known {
		d := distance(plain, bare(k))
		if len(plain) >= 3 && strings.HasPrefix(bare(k), plain) {
			d = min(d, 1)
		}
		if d < least && d < len(plain) {
			best, least = k, d
		}
	}
	return best
}

func bare(word string) string {
	return strings.ToLower(strings.NewReplacer("_", "", "-", "").Replace(word))
}

// distance is the optimal string alignment distance of a and b, in bytes.
func distance(a, b string) int {
	before, last := make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row := make([]int, len(b)+1)
		row[0] = i
		for j := 1; j <= len(b); j++ {
			change := 1
			if a[i-1] == b[j-1] {
				change = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+change)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last = last, row
	}
	return last[len(b)]
}
