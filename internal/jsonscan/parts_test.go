package jsonscan

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestFields(t *testing.T) {
	text := []byte(` {"a":1, "b" : {"c":[2]},"\u0061":null}`)
	x, err := Of(text)
	require.NoError(t, err)
	defer x.Release()
	var got []string
	for key, value := range x.Fields(text) {
		got = append(got, key+"="+string(value))
	}
	assert.Equal(t, []string{"a=1", `b={"c":[2]}`, "a=null"}, got)
	for key := range x.Fields(text) {
		assert.Equal(t, "a", key)
		break
	}
	for _, value := range x.Fields(text) {
		assert.Equal(t, len(value), cap(value), "what is appended to a part would be written into the text")
	}

	_, err = Of([]byte(`{"a":}`))
	assert.ErrorContains(t, err, "offset 5")
	list := []byte(`["a",1]`)
	y, err := Of(list)
	require.NoError(t, err)
	defer y.Release()
	for range y.Fields(list) {
		t.Fatal("an array has a field")
	}
}

func TestElements(t *testing.T) {
	assert.Equal(t, [][]byte{[]byte("1"), []byte(`[2,[3]]`), []byte(`{"a":[]}`)}, Elements([]byte(`[1, [2,[3]],{"a":[]} ]`)))
	assert.NotNil(t, Elements([]byte(`[]`)))
	for _, none := range []string{"", "null", "{}", "[", "[1,]", `"[]"`} {
		assert.Nil(t, Elements([]byte(none)), none)
	}
}

func TestText(t *testing.T) {
	for in, want := range map[string]string{`"a\u00e9\n"`: "aé\n", `""`: "", "": "", "null": "", "1": "", `["a"]`: "", `"a`: ""} {
		assert.Equal(t, want, Text([]byte(in)), in)
	}
}

func TestDescribe(t *testing.T) {
	for in, want := range map[string]string{`""`: "a string", "[]": "an array", "{}": "an object", "true": "a boolean", "false": "a boolean", "null": "null", "-1": "a number", "0": "a number"} {
		assert.Equal(t, want, Describe([]byte(in)), in)
	}
}

// What is quoted is what encoding/json makes of it, without the escapes for HTML.
func FuzzAppendQuoted(f *testing.F) {
	for _, s := range []string{"", "plain", `"\`, "<&>", "é\u2028", "\x00\x1f\x7f", "\xff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		b := AppendQuoted([]byte("x"), s)
		require.Equal(t, byte('x'), b[0])
		var back string
		require.NoError(t, json.Unmarshal(b[1:], &back))
		require.Equal(t, string([]rune(s)), back)
		require.Equal(t, back, Text(b[1:]))
	})
}
