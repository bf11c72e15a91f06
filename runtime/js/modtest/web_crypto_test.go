package modtest

import (
	"encoding/json"
	"os"
	"testing"
)

// TestCryptoAnswers compares with what Node.js answered to the same
// expressions (testdata/web_crypto_answers.js asks it): known answers for everything that is not random, and its own
// signatures and ciphertexts to verify and to decrypt.
func TestCryptoAnswers(t *testing.T) {
	b, err := os.ReadFile("testdata/web_crypto_answers.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Fixtures json.RawMessage
		Cases    []struct {
			JS   string
			Want any
		}
	}
	if err := json.Unmarshal(b, &file); err != nil || len(file.Cases) < 300 {
		t.Fatalf("%d cases, %v", len(file.Cases), err)
	}
	r := New(t)
	r.Eval(t, "globalThis.F = "+string(file.Fixtures)+`;
		globalThis.M = Buffer.from('the message'); globalThis.R0 = 'RSASSA-PKCS1-v1_5';`)
	for _, c := range file.Cases {
		v, err := r.Run("case", "const crypto = require('crypto'); return JSON.stringify({v: await ("+c.JS+")})")
		if err != nil {
			t.Errorf("%s\n\tfails: %v", c.JS, err)
			continue
		}
		want, _ := json.Marshal(map[string]any{"v": c.Want})
		var got, norm any
		if json.Unmarshal([]byte(v.String()), &got); true {
			b, _ := json.Marshal(got)
			json.Unmarshal(want, &norm)
			w, _ := json.Marshal(norm)
			if string(b) != string(w) {
				t.Errorf("%s\n\tgives %s\n\twant  %s", c.JS, b, w)
			}
		}
	}
}
