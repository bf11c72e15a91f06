package event

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Rules write context.idToken[…] without asking whether it is there.
func TestLoginContextHasWhatRulesWriteInto(t *testing.T) {
	text, err := json.Marshal(&LoginContext{ClientID: "c"})
	require.NoError(t, err)
	assert.JSONEq(t, `{"clientID": "c", "idToken": {}, "accessToken": {}, "samlConfiguration": {}}`, string(text))

	text, err = json.Marshal(LoginContext{IDToken: map[string]any{"a": 1}, AccessToken: map[string]any{"scope": []string{"x"}}})
	require.NoError(t, err)
	assert.JSONEq(t, `{"idToken": {"a": 1}, "accessToken": {"scope": ["x"]}, "samlConfiguration": {}}`, string(text))

	var back LoginContext
	require.NoError(t, json.Unmarshal(text, &back))
	assert.Equal(t, Object{"a": 1.0}, back.IDToken)
}
