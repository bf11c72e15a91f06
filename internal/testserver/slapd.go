package testserver

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// BaseDN is where the directory of SLAPD begins.
const BaseDN = "dc=example,dc=test"

// anonymousBind is an LDAP bind without name and password, message 1.
const anonymousBind = "\x30\x0c\x02\x01\x01\x60\x07\x02\x01\x03\x04\x00\x80\x00"

var slapd = &kind{
	name: "slapd", debian: "slapd", bin: "slapd", folders: []string{"/usr/sbin"}, death: syscall.SIGTERM,
	ready: func(ctx context.Context, s *Server) error {
		b, err := greet(ctx, s, anonymousBind)
		if err == nil && (len(b) == 0 || b[0] != 0x30) {
			err = fmt.Errorf("%q is no answer to a bind", b)
		}
		return err
	},
}

// SLAPD starts an OpenLDAP server over the entries, in LDIF, below BaseDN. User is
// the root's name in the directory. With TLS, clients use STARTTLS on the port.
func SLAPD(t testing.TB, o Options, ldif string) *Server {
	t.Helper()
	s := newServer(t, slapd, o)
	s.User, s.Password, s.Database = "cn=admin,"+BaseDN, "correct-horse", BaseDN
	if err := os.Mkdir(s.path("data"), 0o700); err != nil {
		t.Fatal(err)
	}
	s.write("slapd.conf", s.slapdConf(s.certificate()))
	s.write("entries.ldif", fmt.Sprintf("dn: %s\nobjectClass: dcObject\nobjectClass: organization\ndc: example\no: Example\n\n%s\n", BaseDN, ldif))
	s.setup("slapadd", "-f", s.path("slapd.conf"), "-l", s.path("entries.ldif"))
	s.launch(func(port int) []string {
		return []string{"-f", s.path("slapd.conf"), "-h", "ldap://" + s.Host + ":" + strconv.Itoa(port), "-d", "none"}
	})
	return s
}

func (s *Server) slapdConf(tls bool) string {
	var b strings.Builder
	for _, schema := range []string{"core", "cosine", "inetorgperson"} {
		fmt.Fprintf(&b, "include /etc/ldap/schema/%s.schema\n", schema)
	}
	fmt.Fprintf(&b, "modulepath /usr/lib/ldap\nmoduleload back_mdb\npidfile %s\nargsfile %s\n", s.path("pid"), s.path("args"))
	if tls {
		fmt.Fprintf(&b, "TLSCertificateFile %s\nTLSCertificateKeyFile %s\n", s.path("cert.pem"), s.path("key.pem"))
	}
	fmt.Fprintf(&b, "database mdb\nmaxsize 16777216\nsuffix %q\nrootdn %q\nrootpw %s\ndirectory %s\naccess to attrs=userPassword by anonymous auth by self write by * none\naccess to * by * read\n",
		BaseDN, s.User, s.Password, s.path("data"))
	return b.String()
}
