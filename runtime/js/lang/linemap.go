package lang

import (
	"slices"
	"strings"
)

// A lineMap leads from lines and columns of generated code to the original's.
type lineMap struct {
	skip  int // generated lines before the first mapped one
	lines [][]segment
}

// segment starts at a column of its generated line. All counts from 0.
type segment struct{ column, line, origin int }

const base64Digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

// decodeMappings reads the `mappings` of a source map (revision 3) with a single
// source: lines separated by semicolons, segments by commas, each of four or
// five base-64 VLQ numbers relative to the segment before.
func decodeMappings(text string, skip int) *lineMap {
	m := &lineMap{skip: skip}
	line, origin := 0, 0
	for row := range strings.SplitSeq(text, ";") {
		var segments []segment
		column := 0
		for field := range strings.SplitSeq(row, ",") {
			var v [5]int
			n := decodeVLQ(field, v[:])
			column += v[0]
			if n < 4 {
				continue
			}
			line += v[2]
			origin += v[3]
			segments = append(segments, segment{column, line, origin})
		}
		m.lines = append(m.lines, segments)
	}
	return m
}

// decodeVLQ fills v and returns how many numbers text has, at most len(v).
func decodeVLQ(text string, v []int) int {
	n, shift, value := 0, 0, 0
	for i := 0; i < len(text) && n < len(v); i++ {
		digit := strings.IndexByte(base64Digits, text[i])
		if digit < 0 || shift > 30 {
			return n
		}
		value |= digit & 31 << shift
		shift += 5
		if digit&32 != 0 {
			continue
		}
		if value&1 != 0 {
			v[n] = -(value >> 1)
		} else {
			v[n] = value >> 1
		}
		n, shift, value = n+1, 0, 0
	}
	return n
}

// original returns the position, counted from 1, that the generated one stands
// for: the nearest segment at or before it.
func (m *lineMap) original(line, column int) (int, int) {
	row := line - 1 - m.skip
	for ; row >= 0 && row < len(m.lines); row-- {
		segments := m.lines[row]
		i, found := slices.BinarySearchFunc(segments, column-1, func(s segment, c int) int { return s.column - c })
		if !found {
			i--
		}
		if i >= 0 {
			return segments[i].line + 1, segments[i].origin + 1
		}
		column = 1 << 30 // the last segment of the line before
	}
	return 1, 1
}
