package request

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rulebox/rulebox"
)

func TestParse(t *testing.T) {
	inv, id, err := Parse([]byte(` {"id":"tx\u002d1","user": {"a":1} ,"context":{},"user":{"a":2}} `))
	require.NoError(t, err)
	assert.Equal(t, "tx-1", id)
	assert.Equal(t, "tx-1", inv.ID)
	assert.Equal(t, []json.RawMessage{json.RawMessage(`{"a":2}`), json.RawMessage(`{}`)}, inv.Args)

	inv, _, err = Parse([]byte(`{"context":{},"user":{}}`))
	require.NoError(t, err)
	assert.NotEmpty(t, inv.ID)
}

func TestParseRefuses(t *testing.T) {
	for body, want := range map[string]string{
		``:                                    "offset",
		`{`:                                   "offset",
		`[]`:                                  "not a JSON object",
		`null`:                                "not a JSON object",
		`{"user":{}}`:                         "no member context",
		`{"context":{}}`:                      "no member user",
		`{"user":null,"context":{}}`:          "user, at byte 8, is not an object",
		`{"user":{},"context":"x"}`:           "context, at byte 21, is not an object",
		`{"id":7,"user":{},"context":{}}`:     "id, at byte 6, is not a string",
		`{"id":"a b","user":{},"context":{}}`: "not visible ASCII",
		`{"user":{},"context":{},"usr":{}}`:   `unknown member "usr"`,
		`{"user":{},"context":{}} {}`:         "offset",
		"{\"user\":{\"a\":\"\xff\"},\"context\":{}}":                                       "offset",
		`{"id":"` + strings.Repeat("x", 129) + `","user":{},"context":{}}`:                 "more than 128",
		`{"user":` + strings.Repeat(`{"a":`, 2000) + `1` + strings.Repeat(`}`, 2000) + `}`: "offset",
	} {
		_, _, err := Parse([]byte(body))
		assert.ErrorContains(t, err, want, "%.60s", body)
		assert.Equal(t, rulebox.CodeInvalid, rulebox.CodeOf(err))
	}
}

func TestErrorKeepsTheID(t *testing.T) {
	_, id, err := Parse([]byte(`{"id":"tx","user":{}}`))
	assert.Error(t, err)
	assert.Equal(t, "tx", id)
	_, id, err = Parse([]byte(`{"usr":1,"user":2,"id":"tx"}`))
	assert.ErrorContains(t, err, `unknown member "usr"`, "the first mistake is told")
	assert.Equal(t, "tx", id)
	_, id, err = Parse([]byte(`{"usr":1,"id":"a b"}`))
	assert.ErrorContains(t, err, "not visible ASCII", "an answer has no id that cannot be one")
	assert.Empty(t, id)
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"id":"tx","user":{"a":[1,2]},"context":{}}`))
	f.Add([]byte(`{"\u0069d":"\ud800"}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		inv, _, err := Parse(body)
		if err != nil {
			assert.Equal(t, rulebox.CodeInvalid, rulebox.CodeOf(err))
			return
		}
		for _, arg := range inv.Args {
			var m map[string]json.RawMessage
			require.NoError(t, json.Unmarshal(arg, &m))
		}
	})
}
