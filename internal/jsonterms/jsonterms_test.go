package jsonterms

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

type document struct {
	Name  string            `json:"name"`
	On    *bool             `json:"on"`
	List  []string          `json:"list"`
	Code  []byte            `json:"code"`
	Size  int               `json:"size"`
	Order *float64          `json:"order"`
	Map   map[string]string `json:"map"`
	In    struct {
		Small int8 `json:"small"`
	} `json:"in"`
}

func TestExplain(t *testing.T) {
	for text, want := range map[string]string{
		`{"name": 5}`:                                    "line 1, column 10: name must not be a number; it must be a string",
		`{"name": {"a": 1}}`:                             "line 1, column 10: name must not be an object; it must be a string",
		"{\n  \"ö\": 1, \"on\": \"a\\\"b\"}":             `line 2, column 17: on must not be a string; it must be true or false`,
		`{"list": {"a": "b"}}`:                           "line 1, column 10: list must not be an object; it must be a list, in brackets",
		`{"list": ["a", 2]}`:                             "line 1, column 16: list[1] must not be a number; it must be a string",
		`{"code": false}`:                                "line 1, column 10: code must not be true or false; it must be a string in base64",
		`{"size": 1.5}`:                                  "line 1, column 10: size must not be a number; it must be a whole number",
		`{"order": "1"}`:                                 "line 1, column 11: order must not be a string; it must be a number",
		`{"order": 1e999}`:                               "line 1, column 11: order must be a number that is not as large",
		`{"map": {"A": 7}}`:                              "line 1, column 15: map.A must not be a number; it must be a string",
		`{"in": {"small": []}}`:                          "line 1, column 18: in.small must not be an array; it must be a whole number",
		`{"x": [{"y": 1}, 2], "map": {"B": "", "A": 7}}`: "line 1, column 44: map.A must not be a number; it must be a string",
		`[]`:                                   "line 1, column 1: the document must not be an array; it must be an object, in braces",
		`"x"`:                                  "line 1, column 1: the document must not be a string; it must be an object, in braces",
		"{\"name\": \"x\",\n  nonsense}":       "line 2, column 3: a name in double quotes must stand here",
		"{\"name\": \"x\", \n}":                "line 2, column 1: a comma stands before the closing }",
		`{"list": ["a",]}`:                     "line 1, column 15: a comma stands before the closing ]",
		`{'name': 1}`:                          "line 1, column 2: texts stand in double quotes",
		`{"name": 'x'}`:                        "line 1, column 10: texts stand in double quotes",
		"// x\n{}":                             "line 1, column 1: JSON has no comments",
		`{"name" "x"}`:                         "line 1, column 9: invalid character '\"' after object key",
		`{"name": nothing}`:                    "line 1, column 11: invalid character 'o' in literal null (expecting 'u')",
		`{"name": "x"} x`:                      "line 1, column 15: invalid character 'x' after top-level value",
		`{"name": "x"`:                         "it ends too early: a quote, bracket or brace is not closed",
		" \n":                                  "it is empty",
		`{"name": ` + strings.Repeat("9", 400): "it ends too early: a quote, bracket or brace is not closed",
	} {
		err := Explain([]byte(text), json.Unmarshal([]byte(text), &document{}))
		require.Error(t, err, text)
		assert.Equal(t, want, err.Error(), text)
	}
	assert.NoError(t, Explain([]byte("{}"), nil))
	assert.EqualError(t, Explain([]byte("{}"), errors.New("json: something")), "something")
}

// No text makes it panic, and no value stands in what it says.
func FuzzExplain(f *testing.F) {
	for _, seed := range []string{`{"name": 5}`, `"x`, `{"on":"\\"`, `{"order":1e999}`, "\"\"", `[`, ``} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if err := json.Unmarshal(text, &document{}); err != nil {
			said := Explain(text, err).Error()
			if strings.Contains(said, "Go ") || strings.Contains(said, "json:") || strings.Contains(said, "jsonterms") {
				t.Fatalf("%q: %s", text, said)
			}
		}
	})
}
