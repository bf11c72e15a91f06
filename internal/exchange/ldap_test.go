//go:build !race

package exchange

import (
	"crypto/tls"
	"io"
	"net"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rulebox/rulebox/internal/testserver"
)

// terminate takes TLS off what it passes on to target.
func terminate(t *testing.T, cert *testserver.Certificate, target string) string {
	t.Helper()
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{cert.Pair(t)}})
	require.NoError(t, err)
	var wait sync.WaitGroup
	wait.Go(func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			wait.Go(func() {
				defer in.Close()
				out, err := net.Dial("tcp", target)
				if err != nil {
					return
				}
				defer out.Close()
				wait.Go(func() {
					io.Copy(out, in)
					out.(*net.TCPConn).CloseWrite()
				})
				io.Copy(in, out)
			})
		}
	})
	t.Cleanup(func() {
		l.Close()
		wait.Wait()
	})
	return l.Addr().String()
}

const people = `dn: ou=people,dc=example,dc=test
objectClass: organizationalUnit
ou: people

dn: uid=ann,ou=people,dc=example,dc=test
objectClass: inetOrgPerson
uid: ann
cn: Ann Åberg
sn: Åberg
mail: ann@example.test
mail: a@example.test
userPassword: annpass

dn: uid=bob,ou=people,dc=example,dc=test
objectClass: inetOrgPerson
uid: bob
cn: Bob
sn: Builder
userPassword: bobpass
`

const directory = `
	const ldap = require('ldapjs');
	const { promisify } = require('util');
	const open = (url) => { const c = ldap.createClient({ url: url || configuration.URL }); const p = {}; c.on('error', () => {}); for (const k of ['bind', 'unbind', 'modify', 'add', 'del', 'compare', 'starttls']) p[k] = promisify(c[k].bind(c)); p.client = c; return p; };
	const find = (c, base, options) => new Promise((ok, no) => c.client.search(base, options, (err, res) => {
		if (err) return no(err);
		const list = [];
		res.on('searchEntry', (e) => list.push(e.object));
		res.on('error', no);
		res.on('end', (r) => ok([r.status, list]));
	}));
	const who = (name) => 'uid=' + name + ',ou=people,dc=example,dc=test';
`

// The directory is Debian's slapd.
func TestLDAP(t *testing.T) {
	cert := testserver.NewCertificate(t, nil)
	s := testserver.SLAPD(t, testserver.Options{TLS: cert}, people)
	all := invokers(t)
	secure := terminate(t, cert, s.Address())
	conf := map[string]string{"SECURE": "ldaps://" + secure, "URL": "ldap://" + s.Address(), "ADMIN": s.User, "PASSWORD": s.Password, "CA": cert.CA}
	for _, tt := range []struct{ name, body, want string }{
		{"bind and search", `const c = open(); await c.bind(who('ann'), 'annpass');
			const [status, list] = await find(c, 'ou=people,dc=example,dc=test', { scope: 'sub', filter: '(&(objectClass=inetOrgPerson)(uid=ann))', attributes: ['cn', 'mail'] });
			await c.unbind(); return [status, list[0].dn, list[0].cn, list[0].mail, list.length];`,
			`[0,"uid=ann,ou=people,dc=example,dc=test","Ann Åberg",["ann@example.test","a@example.test"],1]`},
		{"wrong password", `const c = open(); try { await c.bind(who('ann'), 'guess'); return 'in'; } catch (e) { return [e.name, e.code, e instanceof ldap.InvalidCredentialsError, e instanceof Error]; } finally { c.client.destroy(); }`,
			`["InvalidCredentialsError",49,true,true]`},
		{"no such entry", `const c = open(); try { await find(c, 'ou=nowhere,dc=example,dc=test', {}); } catch (e) { return [e.name, e.code]; } finally { c.client.destroy(); }`,
			`["NoSuchObjectError",32]`},
		{"modify, compare, add, delete", `const c = open(); await c.bind(configuration.ADMIN, configuration.PASSWORD);
			const change = new ldap.Change({ operation: 'replace', modification: { sn: 'Changed' } });
			await c.modify(who('bob'), change);
			const same = await c.compare(who('bob'), 'sn', 'Changed');
			await c.add(who('new'), { objectClass: 'inetOrgPerson', uid: 'new', cn: 'N', sn: 'N' });
			const [, list] = await find(c, 'ou=people,dc=example,dc=test', { scope: 'one', filter: new ldap.EqualityFilter({ attribute: 'uid', value: 'new' }) });
			await c.del(who('new'));
			await c.unbind(); return [same, list.length];`, `[true,1]`},
		{"not allowed", `const c = open(); await c.bind(who('ann'), 'annpass'); try { await c.del(who('bob')); } catch (e) { return e.name; } finally { c.client.destroy(); }`,
			`"InsufficientAccessRightsError"`},
		{"filters are escaped", `const c = open(); const [, list] = await find(c, 'ou=people,dc=example,dc=test', { scope: 'sub', filter: new ldap.EqualityFilter({ attribute: 'uid', value: '*)(uid=*' }) }); c.client.destroy(); return list.length;`, `0`},
		{"STARTTLS", `const c = open(); await c.starttls({ ca: configuration.CA, servername: 'localhost' }, []); await c.bind(who('bob'), 'bobpass'); const s = c.client._socket || c.client.socket; const out = [Boolean(s.encrypted), s.authorized]; c.client.destroy(); return out;`, `[true,true]`},
		{"ldaps", `const c = (tlsOptions) => { const k = ldap.createClient({ url: configuration.SECURE, tlsOptions }); return new Promise((ok) => { k.on('error', () => {}); k.on('connectError', (e) => ok(e.code)); k.bind(who('bob'), 'bobpass', (e) => { k.destroy(); ok(e ? e.name : 'bound'); }); }); };
			return [await c({ ca: [configuration.CA] }), await c({}), await c({ rejectUnauthorized: false })];`, `["bound","UNABLE_TO_VERIFY_LEAF_SIGNATURE","bound"]`},
		{"nobody listens", `const c = open('ldap://' + configuration.CLOSED); return new Promise((ok) => c.client.on('connectError', (e) => ok(e.code)));`, `"ECONNREFUSED"`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			closed := closedAddress(t)
			conf["CLOSED"] = closed
			exchange{body: directory + tt.body, configuration: conf, egress: []string{s.Address(), secure, closed}}.everywhere(t, all, tt.want)
		})
	}
}
