package adapters

import (
	"encoding/hex"
	"encoding/json"
	"strings"
	"testing"
)

// Signed bodies of any content: an answer, and JSON if there is a body.
func FuzzBodies(f *testing.F) {
	paths := []string{"supabase/custom-access-token", "supabase/before-user-created", "supabase/send-sms", "supabase/send-email", "zitadel", "kratos/login",
		"kratos/registration", "hydra/token", "logto/access-token", "logto/client-credentials", "logto/webhook", "keycloak/login", "keycloak/events"}
	for i := range paths {
		f.Add(uint8(i), supabaseBody)
		f.Add(uint8(i), zitadelBody_)
		f.Add(uint8(i), `{"identity":{"id":"i","traits":{"name":{"first":7}},"verifiable_addresses":[{}]},"session":{"authentication_methods":[{}]},"user":{"id":"u"},"email_data":{"email_action_type":"x"},"sms":{"phone":"1"},"context":{"user":{"id":"u"}},"token":{"aud":[1]},"time":1800000000000,"createdAt":"2027-01-15T08:00:00Z","event":"PostRegister","type":"REGISTER"}`)
		f.Add(uint8(i), `{"fullMethod":"/zitadel.user.v2.UserService/AddHumanUser","request":{"metadata":7,"email":[]}}`)
		f.Add(uint8(i), `{"event_type":"user.human.added","aggregateID":"1","event_payload":[1]}`)
		f.Add(uint8(i), `{"session":{"id_token":{"id_token_claims":{"ext":[]},"subject":"s"},"extra":{"a":1e999}},"attributes":{"username":[[]]}}`)
	}
	f.Fuzz(func(t *testing.T, which uint8, body string) {
		e := newEdge(t)
		path := paths[int(which)%len(paths)]
		headers := append(e.webhook("id", e.now, secret, body), e.zitadel(e.now, secret, body)...)
		signature := hex.EncodeToString(sign([]byte(secret), body))
		headers = append(headers, "X-Api-Key", secret, "X-Keycloak-Signature", signature, "logto-signature-sha-256", signature)
		w := e.send("POST", "shop/adapters/"+path, body, headers...)
		if text := w.Body.Bytes(); len(text) > 0 && !json.Valid(text) {
			t.Errorf("no JSON: %s", text)
		}
		if w.Code == 401 && !strings.Contains(path, "events") && !strings.Contains(path, "webhook") {
			t.Errorf("refused: %s", w.Body)
		}
		if w.Code == 500 && strings.Contains(w.Body.String(), `"internal"`) {
			t.Errorf("internal: %s", w.Body)
		}
	})
}

// Whatever stands in the headers: no panic, and no way in.
func FuzzSignatures(f *testing.F) {
	f.Add("t=1800000000,v1=00", "id", "1800000000", "v1,AAAA")
	f.Add("t=1800000000,v1="+strings.Repeat("00", 32), "", "", "v1,AAAA, v1,")
	f.Add(",,t,v1,=", " ", "-1", "v1a,x")
	f.Fuzz(func(t *testing.T, z, id, at, signature string) {
		e := newEdge(t)
		for _, path := range []string{"shop/adapters/zitadel", "shop/adapters/supabase/send-sms", "shop/adapters/keycloak/events"} {
			w := e.send("POST", path, "{}", "ZITADEL-Signature", z, "webhook-id", id, "webhook-timestamp", at, "webhook-signature", signature, "X-Keycloak-Signature", signature)
			if w.Code != 401 {
				t.Errorf("%s: %d", path, w.Code)
			}
		}
	})
}
