// Package near finds the name that somebody probably meant.
package near

import "strings"

// Name returns the entry of all that is nearest to the word, empty if none is
// near: it differs by capitals or separators only, or by at most a third of its
// letters.
func Name(word string, all []string) string {
	best, at := "", len(word)/3+1
	plain := fold(word)
	for _, name := range all {
		if fold(name) == plain {
			return name
		}
		if d := distance(word, name, at); d < at {
			best, at = name, d
		}
	}
	return best
}

var separators = strings.NewReplacer("-", "", "_", "", " ", "", ".", "")

func fold(s string) string { return separators.Replace(strings.ToLower(s)) }

// distance is the number of edits between a and b, two neighbours that changed
// places being one, or at least limit if it is not less than that.
func distance(a, b string, limit int) int {
	if d := len(a) - len(b); d >= limit || -d >= limit {
		return limit
	}
	before, row, next := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		next[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			d := min(row[j]+cost, row[j+1]+1, next[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				d = min(d, before[j-1]+1)
			}
			next[j+1] = d
		}
		before, row, next = row, next, before
	}
	return row[len(b)]
}
