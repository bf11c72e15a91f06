package members

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestMembers(t *testing.T) {
	const key = "k"
	h, err := New(key)
	require.NoError(t, err)
	ask := func(method, target, body, key string) (int, string) {
		r, w := httptest.NewRequest(method, target, strings.NewReader(body)), httptest.NewRecorder()
		r.Header.Set("Authorization", "Bearer "+key)
		h.ServeHTTP(w, r)
		return w.Code, w.Body.String()
	}
	const ann = `{"email":"ann@acme.example","password":"ann-secret"}`
	for _, c := range []struct {
		method, target, body, key string
		want                      int
	}{
		{"POST", "/check", ann, key, http.StatusOK},
		{"POST", "/check", ann, "", http.StatusForbidden},
		{"POST", "/check", ann, "kk", http.StatusForbidden},
		{"POST", "/check", strings.Replace(ann, "ann-", "bob-", 1), key, http.StatusUnauthorized},
		{"POST", "/check", `{"email":"nobody@acme.example","password":"k"}`, key, http.StatusUnauthorized},
		{"POST", "/check", `{}`, key, http.StatusUnauthorized},
		{"POST", "/check", `{`, key, http.StatusBadRequest},
		{"GET", "/member?email=eve@acme.example", "", key, http.StatusOK},
		{"GET", "/member?email=nobody@acme.example", "", key, http.StatusNotFound},
		{"GET", "/member?email=eve@acme.example", "", "", http.StatusForbidden},
	} {
		status, answer := ask(c.method, c.target, c.body, c.key)
		require.Equal(t, c.want, status, c)
		require.NotContains(t, answer, "$2a$", "no hash leaves the service")
	}
}
