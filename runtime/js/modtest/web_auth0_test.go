package modtest

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAuth0WithoutManagement(t *testing.T) {
	v := New(t).Eval(t, `
		const out = [typeof auth0.accessToken, typeof auth0.users.updateAppMetadata];
		for (const f of ['updateAppMetadata', 'updateUserMetadata']) {
			await auth0.users[f]('auth0|1', {a: 1}).then(() => out.push('resolved'), (e) => out.push(e.message + '|' + e.hint));
		}
		return out.join('\n');`)
	const advice = `auth0: no management API is configured|this tenant has no management API: add "management": {"domain": …, "baseUrl": …, "accessToken": …} to its rulebox.json, give it to ` + "`rulebox run --management`" + `, or as "auth0" to a try`
	require.Equal(t, "undefined\nfunction\n"+advice+"\n"+advice, v.String())
}

func TestAuth0SendsRealRequests(t *testing.T) {
	type seen struct{ Method, Path, Auth, Type, Body string }
	var got []seen
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		got = append(got, seen{r.Method, r.URL.EscapedPath(), r.Header.Get("Authorization"), r.Header.Get("Content-Type"), string(b)})
		switch r.URL.Path {
		case "/api/v2/users/auth0|missing":
			w.WriteHeader(404)
			io.WriteString(w, `{"statusCode":404,"error":"Not Found","message":"The user does not exist.","errorCode":"inexistent_user"}`)
		case "/api/v2/users/auth0|broken":
			w.WriteHeader(502)
			io.WriteString(w, `<html>`)
		default:
			json.NewEncoder(w).Encode(map[string]any{"user_id": "auth0|1"})
		}
	}))
	defer api.Close()
	r := New(t, WithHost(&dialHost{}), WithInvocation(map[string]any{"management": map[string]any{
		"domain": "login.example", "baseUrl": api.URL + "/api/v2", "accessToken": "tok",
	}}))
	v := r.Eval(t, `
		const out = [auth0.domain, auth0.accessToken, auth0.baseUrl];
		out.push((await auth0.users.updateAppMetadata('auth0|1', {roles: ['a'], gone: null})).user_id);
		await auth0.users.updateUserMetadata('google-oauth2|x/y', {lang: 'é'});
		for (const id of ['auth0|missing', 'auth0|broken', '', undefined]) {
			await auth0.users.updateAppMetadata(id, {}).then(() => out.push('resolved'),
				(e) => out.push([e.name, e.statusCode, e.message, e.errorCode].join(' / ')));
		}
		await auth0.users.updateAppMetadata('auth0|1', 'text').catch((e) => out.push(e.message));
		await new Promise((ok) => auth0.users.updateAppMetadata('auth0|1', {}, (err, u) => { out.push(err + u.user_id); ok(); }));
		return JSON.stringify(out);`)
	var out []string
	require.NoError(t, json.Unmarshal([]byte(v.String()), &out))
	require.Equal(t, []string{
		"login.example", "tok", api.URL + "/api/v2", "auth0|1",
		"Not Found / 404 / The user does not exist. / inexistent_user",
		"ManagementApiError / 502 / the management API answered with status 502 / ",
		"TypeError /  / auth0.users: the user id must be a string that is not empty; it is empty / ",
		"TypeError /  / auth0.users: the user id must be a string that is not empty; it is undefined / ",
		"auth0.users: the metadata must be an object",
		"nullauth0|1",
	}, out)
	require.Equal(t, seen{"PATCH", "/api/v2/users/auth0%7C1", "Bearer tok", "application/json", `{"app_metadata":{"roles":["a"],"gone":null}}`}, got[0])
	require.Equal(t, seen{"PATCH", "/api/v2/users/google-oauth2%7Cx%2Fy", "Bearer tok", "application/json", `{"user_metadata":{"lang":"é"}}`}, got[1])
}

func TestAuth0Unreachable(t *testing.T) {
	r := New(t, WithHost(&dialHost{}), WithInvocation(map[string]any{"management": map[string]any{
		"domain": "x", "baseUrl": "http://10.9.8.7/api/v2", "accessToken": "tok",
	}}))
	v := r.Eval(t, `return await auth0.users.updateAppMetadata('a', {}).catch((e) => e.code + ' ' + e.message + '|' + e.hint)`)
	require.Contains(t, v.String(), "EFORBIDDEN auth0: the management API cannot be reached|the management API is at http://10.9.8.7/api/v2: 10.9.8.7 is a private address")
	require.NotContains(t, v.String(), "tok")
}
