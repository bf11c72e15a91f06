//go:build !race

package conformance

import (
	"testing"

	"github.com/rulebox/rulebox/internal/testserver"
	"github.com/stretchr/testify/assert"
)

const people = `dn: uid=ada,dc=example,dc=test
objectClass: inetOrgPerson
uid: ada
cn: Ada Lovelace
sn: Lovelace
mail: ada@example.test
userPassword: enchantress

dn: uid=bob,dc=example,dc=test
objectClass: inetOrgPerson
uid: bob
cn: Bob
sn: B
mail: bob@example.test
mail: b@example.test
`

// A database script's login against a directory: find the entry, bind as it.
const directoryLogin = `const ldap = require('ldapjs');
const open = () => { const c = ldap.createClient({ url: 'ldap://' + HOST + ':' + PORT, timeout: 5000 }); c.on('error', () => {}); return c; };
const bind = (c, dn, password) => new Promise((ok, no) => c.bind(dn, password, (e) => (e ? no(e) : ok())));
const search = (c, filter) => new Promise((ok, no) => c.search('dc=example,dc=test', { scope: 'sub', filter, attributes: ['dn', 'mail', 'cn'] }, (e, res) => {
  if (e) return no(e);
  const found = [];
  res.on('searchEntry', (entry) => found.push(entry.object));
  res.on('error', no);
  res.on('end', () => ok(found));
}));
const c = open();
const [ada] = await search(c, '(mail=ada@example.test)');
await bind(c, ada.dn, 'enchantress');
const wrong = await bind(open(), ada.dn, 'wrong').catch((e) => [e.name, e.code]);
const all = await search(c, new ldap.OrFilter({ filters: [new ldap.EqualityFilter({ attribute: 'uid', value: 'bob' }), new ldap.EqualityFilter({ attribute: 'uid', value: 'nobody' })] }));
c.unbind();
return [ada.cn, wrong, all.map((e) => e.mail)];`

func TestLDAPLogin(t *testing.T) {
	s := testserver.SLAPD(t, testserver.Options{}, people)
	got := service(t, s.Address(), directoryLogin)
	assert.Equal(t, []any{"Ada Lovelace", []any{"InvalidCredentialsError", 49.0}, []any{[]any{"bob@example.test", "b@example.test"}}}, got)
}
