//go:build !race

package exchange

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// HTTP clients that rules, hooks and actions of the public require.

func TestGot(t *testing.T) {
	addr, got := serve(t, func(w http.ResponseWriter, r request) {
		switch r.Path {
		case "/missing":
			answer(w, 404, `{"message":"no such thing"}`)
		default:
			answer(w, 200, `{"method":"`+r.Method+`","type":"`+r.Header.Get("Content-Type")+`","name":"ü"}`)
		}
	})
	all := invokers(t)
	for version, c := range map[string]struct{ read, send, form string }{
		"9":  {"json: true", "json: true, body: { a: 'ü' }", "form: true, body: { a: 'b c' }"},
		"11": {"responseType: 'json'", "responseType: 'json', json: { a: 'ü' }", "form: { a: 'b c' }"},
	} {
		t.Run(version, func(t *testing.T) {
			e := exchange{configuration: map[string]string{"ADDR": addr}, egress: []string{addr}, body: `
				const got = require('got@` + version + `');
				const base = 'http://' + configuration.ADDR;
				const one = await got.get(base + '/one', { ` + c.read + ` });
				const two = await got.post(base + '/two', { ` + c.send + ` });
				const three = await got(base + '/three', { method: 'PUT', ` + c.form + ` });
				let err;
				try { await got(base + '/missing', { retry: 0, ` + c.read + ` }); } catch (e) { err = [e.name, e.message, e.response.statusCode, e.response.body.message]; }
				return [one.body.name, one.statusCode, two.body.method, two.body.type, JSON.parse(three.body).type, err];`}
			e.everywhere(t, all, `["ü",200,"POST","application/json","application/x-www-form-urlencoded",["HTTPError","Response code 404 (Not Found)",404,"no such thing"]]`)
			list := got.take()
			require.Len(t, list, 4*len(all))
			assert.Equal(t, `{"a":"ü"}`, list[1].Body)
			assert.Equal(t, "a=b+c", list[2].Body)
		})
	}
}

func TestGraphQLRequest(t *testing.T) {
	addr, got := serve(t, func(w http.ResponseWriter, r request) {
		if strings.Contains(r.Body, "wrong") {
			answer(w, 200, `{"errors":[{"message":"field 'wrong' not found"}]}`)
			return
		}
		answer(w, 200, `{"data":{"insert_users_one":{"id":7}}}`)
	})
	all := invokers(t)
	for version, document := range map[string]string{"1": "`mutation($id: String!) { insert_users_one(object: {id: $id}) { id } }`", "3": "gql`mutation($id: String!) { insert_users_one(object: {id: $id}) { id } }`", "6": "gql`mutation($id: String!) { insert_users_one(object: {id: $id}) { id } }`"} {
		t.Run(version, func(t *testing.T) {
			e := exchange{configuration: map[string]string{"ADDR": addr}, egress: []string{addr}, body: `
				const { GraphQLClient, gql, request } = require('graphql-request@` + version + `');
				const client = new GraphQLClient('http://' + configuration.ADDR + '/v1/graphql', { headers: { 'x-admin': 's' } });
				const data = await client.request(` + document + `, { id: 'auth0|1' });
				let err;
				try { await request('http://' + configuration.ADDR + '/v1/graphql', '{ wrong }'); } catch (e) { err = [e.message.split(':')[0], e.response.errors[0].message]; }
				return [data, err];`}
			e.everywhere(t, all, `[{"insert_users_one":{"id":7}},["field 'wrong' not found","field 'wrong' not found"]]`)
			list := got.take()
			require.Len(t, list, 2*len(all))
			assert.Contains(t, list[0].Body, `"variables":{"id":"auth0|1"}`)
			assert.Equal(t, "s", list[0].Header.Get("X-Admin"))
		})
	}
}

func TestUnirest(t *testing.T) {
	addr, got := serve(t, func(w http.ResponseWriter, r request) { answer(w, 201, `{"ok":true}`) })
	all := invokers(t)
	e := exchange{configuration: map[string]string{"ADDR": addr}, egress: []string{addr}, body: `
		const unirest = require('unirest');
		const done = (req) => new Promise((ok) => req.end(ok));
		const one = await done(unirest.post('http://' + configuration.ADDR + '/users').headers({ 'content-type': 'application/json' }).send({ name: 'ü' }));
		const two = await done(unirest('GET', 'http://' + configuration.ADDR + '/users').query({ a: 'b c' }).auth('u', 'p', true));
		return [one.status, one.body, one.ok, two.statusCode];`}
	e.everywhere(t, all, `[201,{"ok":true},true,201]`)
	list := got.take()
	require.Len(t, list, 2*len(all))
	assert.Equal(t, `POST /users {"name":"ü"}`, list[0].Method+" "+list[0].Path+" "+list[0].Body)
	assert.Equal(t, "GET /users?a=b%20c Basic dTpw", list[1].Method+" "+list[1].Path+" "+list[1].Header.Get("Authorization"))
}

func TestOctokit(t *testing.T) {
	addr, got := serve(t, func(w http.ResponseWriter, r request) {
		if strings.HasPrefix(r.Path, "/orgs/") {
			answer(w, 404, `{"message":"Not Found"}`)
			return
		}
		answer(w, 200, `[{"slug":"ops","organization":{"login":"acme"}}]`)
	})
	all := invokers(t)
	for _, version := range []string{"17", "20"} {
		t.Run(version, func(t *testing.T) {
			e := exchange{configuration: map[string]string{"ADDR": addr}, egress: []string{addr}, body: `
				const { Octokit } = require('@octokit/rest@` + version + `');
				const octokit = new Octokit({ auth: 'gho_1', baseUrl: 'http://' + configuration.ADDR });
				const teams = await octokit.request('GET /user/teams');
				let err;
				try { await octokit.orgs.get({ org: 'none' }); } catch (e) { err = [e.name, e.status]; }
				return [teams.status, teams.data[0].slug, err];`}
			e.everywhere(t, all, `[200,"ops",["HttpError",404]]`)
			list := got.take()
			require.Len(t, list, 2*len(all))
			assert.Equal(t, "token gho_1", list[0].Header.Get("Authorization"))
			assert.Equal(t, "/orgs/none", list[1].Path)
		})
	}
}

func TestNeon(t *testing.T) {
	addr, got := serve(t, func(w http.ResponseWriter, r request) {
		if strings.Contains(r.Body, "nowhere") {
			answer(w, 400, `{"message":"relation \"nowhere\" does not exist","code":"42P01"}`)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"command":"SELECT","rowCount":1,"fields":[{"name":"id","dataTypeID":23},{"name":"ok","dataTypeID":16}],"rows":[["7","t"]],"rowAsArray":true}`)
	})
	all := invokers(t)
	for _, version := range []string{"0.10", "1"} {
		t.Run(version, func(t *testing.T) {
			e := exchange{configuration: map[string]string{"ADDR": addr}, egress: []string{addr}, body: "" +
				"const { neon, neonConfig } = require('@neondatabase/serverless@" + version + "');\n" +
				"neonConfig.fetchEndpoint = 'http://' + configuration.ADDR + '/sql';\n" +
				"const sql = neon('postgresql://u:p@ep-one.neon.example/db');\n" +
				"const rows = await sql`SELECT id, ok FROM users WHERE email = ${'a@b.test'}`;\n" +
				"let err; try { await sql`SELECT 1 FROM nowhere`; } catch (e) { err = [e.name, e.code, e.message]; }\n" +
				"return [rows, err];"}
			e.everywhere(t, all, `[[{"id":7,"ok":true}],["NeonDbError","42P01","relation \"nowhere\" does not exist"]]`)
			list := got.take()
			require.Len(t, list, 2*len(all))
			assert.JSONEq(t, `{"query":"SELECT id, ok FROM users WHERE email = $1","params":["a@b.test"]}`, list[0].Body)
			assert.True(t, strings.HasPrefix(list[0].Header.Get("Neon-Connection-String"), "postgresql://u:p@ep-one.neon.example/db"))
		})
	}
}
