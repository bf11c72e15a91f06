package bus

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/nats-io/jwt/v2"
	"github.com/nats-io/nkeys"
	"github.com/rulebox/rulebox"
)

// AllTenants in place of a tenant's name stands for every tenant.
const AllTenants = "*"

// operatorName is the credential of this machine's CLI.
const operatorName = "operator"

// Creds is what is known of one credential. The secret itself is only in its
// file.
type Creds struct {
	Name    string
	Tenants []string
	Created time.Time
	Revoked bool
	// Account is the public key of the account that is this credential's alone.
	Account string
}

// CreateCreds makes a credential for a transaction server: it may fire the
// triggers of the tenants and nothing else. A server that runs on the data
// folder accepts it at once. It returns the path of the new file, mode 0600.
//
// Each credential has an account of its own, so that two of them share nothing,
// not even with the same tenants: neither can see the other's requests and
// answers. The account's key is thrown away once the credential is signed.
func CreateCreds(dataDir string, tenants []string, name string) (path string, err error) {
	if len(tenants) == 0 {
		return "", errors.New("bus: a credential needs at least one tenant (--tenant NAME)")
	}
	for _, tenant := range tenants {
		if tenant != AllTenants && !ValidName(tenant) {
			return "", checkName("tenant", tenant)
		}
	}
	if err := checkName("credential name", name); err != nil {
		return "", err
	}
	if name == operatorName || name == "node" {
		return "", fmt.Errorf("bus: the credential name %q is taken by Rulebox itself; choose another", name)
	}
	k, err := openKeys(layout(dataDir))
	if err != nil {
		return "", err
	}
	path = layout(dataDir).creds(name)
	return path, k.createCreds(layout(dataDir), path, tenants, name)
}

// Bounds of one credential's connections to a server, and of the subscriptions of
// each: a client has one, for answers. Without them one tenant could take all
// that the server has.
const (
	maxConnections   = 1024
	maxSubscriptions = 4096
)

func (k *keys) createCreds(l layout, path string, tenants []string, name string) error {
	taken := fmt.Errorf("bus: there is a credential %q already; revoke it first or choose another name", name)
	all, err := listCreds(l)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(all, func(c Creds) bool { return c.Name == name && !c.Revoked }) {
		return taken
	}
	account, err := nkeys.CreateAccount()
	if err != nil {
		return err
	}
	defer account.Wipe()
	public, err := account.PublicKey()
	if err != nil {
		return err
	}
	tenants = slices.Compact(slices.Sorted(slices.Values(tenants)))
	if slices.Contains(tenants, AllTenants) {
		tenants = []string{AllTenants}
	}
	claims := jwt.NewAccountClaims(public)
	claims.Name = name
	claims.Limits.Exports = 0
	claims.Limits.Conn = maxConnections
	claims.Limits.Subs = maxSubscriptions
	claims.Limits.LeafNodeConn = 0
	claims.Limits.DisallowBearer = true
	var permissions jwt.Permissions
	permissions.Sub.Allow.Add("_INBOX.>")
	for _, tenant := range tenants {
		subject := jwt.Subject(tenantSubjects(tenant))
		claims.Imports.Add(&jwt.Import{Name: tenant, Subject: subject, Account: k.nodesPublic, Type: jwt.Service})
		permissions.Pub.Allow.Add(string(subject))
	}
	token, err := claims.Encode(k.operator)
	if err != nil {
		return err
	}
	creds, err := newUser(account, name, permissions)
	if err != nil {
		return err
	}
	// The account first: a credential that exists works.
	if err := writeNew(l.account(public), []byte(token)); err != nil {
		return err
	}
	if err := writeNew(path, creds); err != nil {
		_ = os.Remove(l.account(public))
		if errors.Is(err, fs.ErrExist) {
			return taken
		}
		return err
	}
	return nil
}

// ListCreds returns all credentials of the data folder by name, revoked ones
// too.
func ListCreds(dataDir string) ([]Creds, error) { return listCreds(layout(dataDir)) }

func listCreds(l layout) ([]Creds, error) {
	paths, err := filepath.Glob(l.account("*"))
	if err != nil {
		return nil, err
	}
	var list []Creds
	for _, path := range paths {
		claims, err := readAccount(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue // removed meanwhile
		}
		if err != nil {
			return nil, err
		}
		c := Creds{Name: claims.Name, Created: time.Unix(claims.IssuedAt, 0), Revoked: len(claims.Revocations) > 0, Account: claims.Subject}
		for _, imp := range claims.Imports {
			c.Tenants = append(c.Tenants, imp.Name)
		}
		list = append(list, c)
	}
	slices.SortFunc(list, func(a, b Creds) int {
		return strings.Compare(a.Name+"\x00"+a.Account, b.Name+"\x00"+b.Account)
	})
	return list, nil
}

// RevokeCreds ends the credential for good: a running server closes its
// connections within a second and accepts it no more. Its file is removed.
func RevokeCreds(dataDir, name string) error {
	l := layout(dataDir)
	k, err := openKeys(l)
	if err != nil {
		return err
	}
	all, err := listCreds(l)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(all, func(c Creds) bool { return c.Name == name && !c.Revoked })
	if i < 0 {
		return rulebox.Errorf(rulebox.CodeInvalid, "there is no credential %.80q in %s", name, l.root())
	}
	claims, err := readAccount(l.account(all[i].Account))
	if err != nil {
		return err
	}
	// All users of the account made up to now, whichever they are.
	claims.RevokeAt(jwt.All, time.Now().Add(time.Minute))
	token, err := claims.Encode(k.operator)
	if err != nil {
		return err
	}
	if err := writeOver(l.account(all[i].Account), []byte(token)); err != nil {
		return err
	}
	path := l.creds(name)
	if name == operatorName {
		path = l.operatorCreds()
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("bus: the credential is revoked, but its file remains: %w", err)
	}
	return nil
}

func readAccount(path string) (*jwt.AccountClaims, error) {
	token, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("bus: %w", err)
	}
	claims, err := jwt.DecodeAccountClaims(string(token))
	if err != nil {
		return nil, fmt.Errorf("bus: %s is damaged (%w); restore it, or remove it and create its credential again", path, err)
	}
	return claims, nil
}
