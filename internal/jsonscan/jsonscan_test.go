package jsonscan

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func payload(t testing.TB) []byte {
	b, err := os.ReadFile("testdata/login.json")
	require.NoError(t, err)
	return b
}

// dump writes an index as a line, so that a table can say what it wants.
func dump(text string, x *Index) string {
	var b strings.Builder
	for i, v := range x.Values {
		if i > 0 {
			b.WriteByte(' ')
		}
		fmt.Fprintf(&b, "%s:%s", v.Kind, text[v.Start:v.End])
		if v.Kind >= Object {
			fmt.Fprintf(&b, "#%d", v.Len)
		}
		if v.Flags&Escaped != 0 {
			b.WriteString("/esc")
		}
		if v.Flags&NonASCII != 0 {
			b.WriteString("/non")
		}
		if v.Flags&Fraction != 0 {
			b.WriteString("/frac")
		}
		if v.Flags&Nested != 0 {
			b.WriteString("/nest")
		}
		fmt.Fprintf(&b, ">%d", v.Next)
	}
	return b.String()
}

func TestScanLists(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{`null`, "null:null>1"},
		{" true\n", "boolean:true>1"},
		{`-0`, "number:-0>1"},
		{`1.5e+3`, "number:1.5e+3/frac>1"},
		{`""`, `string:"">1`},
		{`"a\nb"`, `string:"a\nb"/esc>1`},
		{`"é and more than eight bytes"`, `string:"é and more than eight bytes"/non>1`},
		{`{}`, "object:{}#0>1"},
		{`[ ]`, "array:[ ]#0>1"},
		{`[[],{}]`, "array:[[],{}]#2/nest>3 array:[]#0>2 object:{}#0>3"},
		{`{"a":1,"a":[2]}`, `object:{"a":1,"a":[2]}#2/nest>6 string:"a">2 number:1>3 string:"a">4 array:[2]#1>6 number:2>6`},
	} {
		var x Index
		if assert.NoError(t, x.Scan([]byte(c.text)), c.text) {
			assert.Equal(t, c.want, dump(c.text, &x), c.text)
		}
	}
}

func TestScanRefuses(t *testing.T) {
	deep := strings.Repeat("[", MaxDepth+1)
	for _, c := range []struct {
		text   string
		offset int
		part   string
	}{
		{"", 0, "unexpected end, expected a value"},
		{"  ", 2, "unexpected end"},
		{"nul", 3, "expected null"},
		{"nulL", 3, "found 'L', expected null"},
		{"truefalse", 4, "nothing after the value"},
		{"01", 1, "nothing after the value"},
		{"-", 1, "a digit"},
		{"1.", 2, "a digit"},
		{"1e+", 3, "a digit"},
		{".5", 0, "a value"},
		{"+1", 0, "a value"},
		{"NaN", 0, "a value"},
		{`"abc`, 4, `'"'`},
		{"\"a\tb\"", 2, "found byte 0x09, expected an escape"},
		{`"\x"`, 2, "an escape"},
		{`"\u12g4"`, 5, "a hexadecimal digit"},
		{`"\`, 2, "an escape"},
		{`"\u12`, 5, "a hexadecimal digit"},
		{"\"\xff\"", 1, "UTF-8"},
		{"\"1234567\xc3\"", 8, "UTF-8"},
		{"\"\xed\xa0\x80\"", 1, "UTF-8"},
		{"[1,]", 3, "a value"},
		{"[1 2]", 3, "',' or ']'"},
		{"[1}", 2, "',' or ']'"},
		{"[", 1, "a value or ']'"},
		{"{", 1, "a key or '}'"},
		{`{"a"}`, 4, "':'"},
		{`{"a":}`, 5, "a value"},
		{`{"a":1,}`, 7, "a key"},
		{`{"a":1]`, 6, "',' or '}'"},
		{`{a:1}`, 1, "a key or '}'"},
		{"{\"a\":1}\x00", 7, "nothing after the value"},
		{"\ufeff1", 0, "a value"},
		{deep, MaxDepth, "nested deeper than 1000"},
	} {
		var x Index
		err := x.Scan([]byte(c.text))
		var e *Error
		if assert.True(t, errors.As(err, &e), "%q: %v", c.text, err) {
			assert.Equal(t, c.offset, e.Offset, "%q: %v", c.text, err)
			assert.Contains(t, e.Message, c.part, "%q", c.text)
		}
	}
	var x Index
	assert.NoError(t, x.Scan([]byte(strings.Repeat("[", MaxDepth)+strings.Repeat("]", MaxDepth))))
}

func TestMembers(t *testing.T) {
	text := []byte(`{"user":{"id":1}, "id" : 7,"us\u0065r":[2],"x":{"user":9},"context":null}`)
	out, err := Members(text, nil, "user", "context", "absent", "id")
	require.NoError(t, err)
	assert.Equal(t, `[2]`, string(out[0]), "the last duplicate counts, however its key is spelled")
	assert.Equal(t, `null`, string(out[1]))
	assert.Nil(t, out[2])
	assert.Equal(t, `7`, string(out[3]))

	_, err = Members([]byte(`[1]`), nil, "user")
	assert.ErrorContains(t, err, "found array, expected an object")
	_, err = Members([]byte(`{"user":{"a":01}}`), nil, "user")
	assert.ErrorContains(t, err, "offset 14")
}

func TestMembersAllocatesNothing(t *testing.T) {
	text := payload(t)
	out := make([][]byte, 2)
	n := testing.AllocsPerRun(100, func() {
		if _, err := Members(text, out, "user", "context"); err != nil {
			t.Fatal(err)
		}
	})
	assert.LessOrEqual(t, n, 1.0)
}

func TestAppendString(t *testing.T) {
	for _, c := range []struct {
		raw, want string
		whole     bool
	}{
		{`plain`, "plain", true},
		{`\"\\\/\b\f\n\r\t`, "\"\\/\b\f\n\r\t", true},
		{`\u00e9\u20AC`, "é€", true},
		{`\ud83d\ude00`, "😀", true},
		{`a\ud83d`, "a\ufffd", false},
		{`\ude00b`, "\ufffdb", false},
		{`\ud83d\ud83d\ude00`, "\ufffd😀", false},
		{`\ud83d\n`, "\ufffd\n", false},
		{`\ufffd`, "\ufffd", true},
	} {
		got, whole := AppendString(nil, []byte(c.raw))
		assert.Equal(t, c.want, string(got), c.raw)
		assert.Equal(t, c.whole, whole, c.raw)
	}
	assert.Equal(t, []uint16{0xd83d, 'a', 0xd83d, 0xde00, '\n'}, AppendUTF16(nil, []byte(`\ud83da😀\n`)))
}

// FuzzScan holds Scan to encoding/json.Valid, but for what is refused on
// purpose: invalid UTF-8 and depth.
func FuzzScan(f *testing.F) {
	f.Add(payload(f))
	for _, s := range []string{`{"a":[1,2.5e-3,"\ud83d\ude00\n"],"b":{}}`, "[]", `"é\u00e9"`, "[[[", "{\"\":\"\x7f\"}", " \t\r\n0 ", "\"\xff\""} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var x Index
		err := x.Scan(text)
		if err != nil {
			var e *Error
			require.ErrorAs(t, err, &e)
			require.LessOrEqual(t, e.Offset, len(text))
			if json.Valid(text) && utf8.Valid(text) && !strings.Contains(e.Message, "nested deeper") {
				t.Fatalf("refused: %v", err)
			}
			return
		}
		if !json.Valid(text) {
			t.Fatal("accepted")
		}
		checkIndex(t, text, &x)
	})
}

// checkIndex holds every extent to encoding/json: a value's text is itself a
// valid text, and the members and elements counted are all there.
func checkIndex(t *testing.T, text []byte, x *Index) {
	for i, v := range x.Values {
		part := text[v.Start:v.End]
		require.True(t, json.Valid(part), "value %d: %q", i, part)
		n, j := uint32(0), uint32(i)+1
		for ; v.Kind >= Object && j < v.Next; n++ {
			if v.Kind == Object {
				require.Equal(t, String, x.Values[j].Kind)
				j++
			}
			j = x.Values[j].Next
		}
		require.Equal(t, v.Len, n)
		require.Equal(t, v.Next, j)
		if v.Kind == String {
			var want string
			require.NoError(t, json.Unmarshal(part, &want))
			got, _ := AppendString(nil, part[1:len(part)-1])
			require.Equal(t, want, string(got))
		}
	}
}

func BenchmarkScan(b *testing.B) {
	text := payload(b)
	var x Index
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		if err := x.Scan(text); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkStdValid(b *testing.B) {
	text := payload(b)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		json.Valid(text)
	}
}

// A list of digits takes many times its length while it is scanned. Many such
// texts at once wait for each other; small ones do not.
func TestLargeTextsWaitForEachOther(t *testing.T) {
	text := []byte("[0" + strings.Repeat(",0", largeText/2) + "]")
	for range cap(large) {
		large <- struct{}{}
	}
	done := make(chan error, 1)
	go func() { done <- Valid(text) }()
	if err := Valid([]byte("[0]")); err != nil {
		t.Fatal(err)
	}
	select {
	case <-done:
		t.Fatal("one more large text was scanned at the same time")
	case <-time.After(50 * time.Millisecond):
	}
	for range cap(large) {
		<-large
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}
