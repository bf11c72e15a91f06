package js

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func cacheOf(fields ...any) *Cache {
	c := &Cache{}
	for i := 0; i < len(fields); i += 2 {
		c.fields = append(c.fields, cacheField{fields[i].(string), fields[i+1]})
	}
	return c
}

func TestMerge(t *testing.T) {
	base := cacheOf("same", "1", "mine", "1", "theirs", "1", "gone", "1", "both", "1")
	mine := cacheOf("same", "1", "mine", "2", "theirs", "1", "both", "2", "new", "1")
	now := cacheOf("same", "1", "mine", "1", "theirs", "3", "gone", "1", "both", "3", "other", "1")
	got := mine.Merge(base, now).index()
	assert.Equal(t, map[string]any{"same": "1", "mine": "2", "theirs": "3", "both": "2", "new": "1", "other": "1"}, got)

	assert.Same(t, mine, mine.Merge(base, base), "nobody else wrote")
	assert.Equal(t, mine.index(), mine.Merge(nil, nil).index())
	assert.Equal(t, map[string]any{"a": "1"}, cacheOf("a", "1").Merge(nil, cacheOf()).index())
}

func TestMergeComparesDeeply(t *testing.T) {
	list := func(v string) *cachedArray { return &cachedArray{length: 1, items: []cacheField{{"0", v}}} }
	base, mine, now := cacheOf("l", list("x")), cacheOf("l", list("x")), cacheOf("l", list("y"))
	assert.Equal(t, list("y"), mine.Merge(base, now).index()["l"], "a copy that is equal is no change")

	cyc := &cachedObject{}
	cyc.fields = []cacheField{{"self", cyc}}
	cyc2 := &cachedObject{}
	cyc2.fields = []cacheField{{"self", cyc2}}
	assert.NotPanics(t, func() { cacheOf("c", cyc).Merge(cacheOf("c", cyc2), now) })
}
