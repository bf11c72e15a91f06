package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"golang.org/x/tools/txtar"

	"github.com/rulebox/rulebox"
)

// noBad stands in for the compile worker: text with "BAD" does not compile.
func noBad(_ context.Context, s *rulebox.Script) error {
	if strings.Contains(s.Source, "BAD") {
		return rulebox.Errorf(rulebox.CodeInvalid, "%s:1:1: BAD is no JavaScript", s.Name)
	}
	return nil
}

func write(t *testing.T, dir, archive string) {
	t.Helper()
	for _, f := range txtar.Parse([]byte(archive)).Files {
		path := filepath.Join(dir, filepath.FromSlash(f.Name))
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, f.Data, 0o644))
	}
}

func open(t *testing.T, archive string, environ ...string) (*Folder, string) {
	dir := t.TempDir()
	write(t, dir, archive)
	f := OpenFolder(dir, noBad, zap.NewNop())
	f.environ = environ
	f.CheckEgress = func(list []string) error {
		if slices.Contains(list, "BAD") {
			return errors.New(`"BAD": not an address`)
		}
		return nil
	}
	require.NoError(t, f.Load(context.Background()))
	return f, dir
}

// A compiler's message quotes the source, and with it what a placeholder became.
func TestValuesAreNotInErrors(t *testing.T) {
	f, dir := open(t, "")
	f.check = func(_ context.Context, s *rulebox.Script) error {
		return rulebox.Errorf(rulebox.CodeInvalid, `rule "a": does not compile: a:1:34: Expected ";" but found %q`, strings.Fields(s.Source)[1])
	}
	const rule = "-- acme/rules/a.js --\nx ##KEY## y\n"
	write(t, dir, rule+"-- acme/config.json --\n{\"AUTH0_KEYWORD_REPLACE_MAPPINGS\": {\"KEY\": \"pass hush-hush\"}}\n")
	require.NoError(t, f.Load(context.Background()))
	for _, text := range []string{f.Broken()["acme"].Error(), f.Tenant("acme").Broken.Hint} {
		assert.NotContains(t, text, "pass")
		assert.Contains(t, text, "rules/a.js: rule \"a\" does not compile at a:1:34")
	}
	write(t, dir, strings.Replace(rule, "##KEY##", "oops", 1))
	require.NoError(t, f.Load(context.Background()))
	assert.ErrorContains(t, f.Broken()["acme"], `but found "oops"`, "other errors keep their words")
}

func manyRules(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "-- acme/rules/many%d.js --\n1\n", i)
	}
	return b.String()
}

func login(f *Folder, tenant string) *rulebox.Chain {
	return f.Tenant(tenant).Chains[rulebox.TriggerLogin]
}

func names(c *rulebox.Chain) (names []string) {
	for _, s := range c.Scripts {
		names = append(names, s.Name)
	}
	return names
}

func TestExportRunsAsItIs(t *testing.T) {
	f, _ := open(t, `
-- acme/tenant.json --
{"friendly_name": "Acme", "flags": {"enable_sso": true}}
-- acme/config.json --
{"AUTH0_DOMAIN": "acme.example", "AUTH0_KEYWORD_REPLACE_MAPPINGS": {"ENV": "prod", "ROLES": ["a", "b"], "API": "https://api.example"}}
-- acme/rules/second.json --
{"name": "Second rule", "order": 2, "stage": "login_success", "enabled": true, "script": "./second.js"}
-- acme/rules/second.js --
function (user, context, callback) { var roles = @@ROLES@@, api = '##API##', env = "@@ENV@@"; callback(null, user, context); }
-- acme/rules/first.json --
{"name": "First rule", "order": 1, "enabled": true, "script": "./rules/first.js"}
-- acme/rules/first.js --
function (user, context, callback) { callback(null, user, context); }
-- acme/rules/off.json --
{"name": "Off", "order": 3, "enabled": false, "script": "./off.js"}
-- acme/rules/off.js --
function (u, c, cb) { cb(); }
-- acme/rules/zz-alone.js --
function (u, c, cb) { cb(); }
-- acme/rules-configs/key.json --
{"key": "API_KEY", "value": "k-##ENV##"}
-- acme/rules-configs/fromenv.json --
{"key": "SECRET"}
-- acme/clients/app.json --
{"name": "not ours"}
-- acme/rulebox.json --
{"limits": {"wall": "5s", "memory": "64MiB"}, "egress": ["10.1.2.3:443"], "on_fault": "continue",
 "unauthorized_error": "access_denied",
 "management": {"domain": "acme.example", "baseUrl": "https://acme.example/api/v2", "accessToken": "##TOKEN##"}}
`, "RULEBOX_CONFIG_ACME_SECRET=s3", "RULEBOX_CONFIG_ACME_TOKEN=tok", "RULEBOX_CONFIG_OTHER_X=no", "PATH=/bin")
	c := login(f, "acme")
	assert.Equal(t, []string{"First rule", "Second rule", "zz-alone"}, names(c))
	assert.Contains(t, c.Scripts[1].Source, `var roles = ["a", "b"], api = 'https://api.example', env = "prod";`)
	assert.Equal(t, map[string]string{"API_KEY": "k-prod", "SECRET": "s3", "TOKEN": "tok"}, c.Configuration)
	assert.Equal(t, 5*time.Second, c.Limits.Wall)
	assert.EqualValues(t, 64<<20, c.Limits.Memory)
	assert.Equal(t, []string{"10.1.2.3:443"}, c.Egress)
	assert.Equal(t, "tok", c.Management.AccessToken)
	tenant := f.Tenant("acme")
	assert.EqualValues(t, "continue", tenant.OnFault)
	assert.Equal(t, "access_denied", tenant.UnauthorizedAs)
	assert.Empty(t, f.Broken())
}

// The node's environment holds other tenants' secrets and the operator's.
func TestPlaceholdersReadOnlyTheTenantsEnvironment(t *testing.T) {
	f, _ := open(t, `
-- acme/rules/a.js --
function (u, c, cb) { cb('##PATH## ##RULEBOX_CONFIG_OTHER_KEY## ##KEY## ##OTHER_KEY##'); }
`, "PATH=/bin", "RULEBOX_CONFIG_OTHER_KEY=theirs")
	assert.Contains(t, login(f, "acme").Scripts[0].Source, "'##PATH## ##RULEBOX_CONFIG_OTHER_KEY## ##KEY## ##OTHER_KEY##'")
}

func TestNothingOutsideTheTenantsFolderIsRead(t *testing.T) {
	f, dir := open(t, `
-- victim/rules/secret.js --
function (u, c, cb) { cb(); }
-- acme/rules/a.json --
{"name": "a", "script": "../../victim/rules/secret.js"}
`)
	assert.ErrorContains(t, f.Broken()["acme"], "victim/rules/secret.js")
	require.NoError(t, os.Remove(filepath.Join(dir, "acme/rules/a.json")))
	require.NoError(t, os.Symlink("../../victim/rules/secret.js", filepath.Join(dir, "acme/rules/b.js")))
	require.NoError(t, f.Load(context.Background()))
	assert.ErrorContains(t, f.Broken()["acme"], "rules/b.js")
}

func TestBrokenFiles(t *testing.T) {
	const good = `
-- acme/rules/a.js --
function (u, c, cb) { cb(); }
`
	for name, tc := range map[string]struct{ archive, want string }{
		"settings syntax":                {"-- acme/rulebox.json --\n{\n \"limits\": }\n", "rulebox.json: line 2"},
		"settings field":                 {"-- acme/rulebox.json --\n{\"limit\": {}}\n", `unknown field "limit"`},
		"settings type":                  {"-- acme/rulebox.json --\n{\"egress\": \"x\"}\n", "egress must not be a string"},
		"settings trailing":              {"-- acme/rulebox.json --\n{}\n{}\n", "something follows"},
		"wall":                           {"-- acme/rulebox.json --\n{\"limits\": {\"wall\": \"soon\"}}\n", "limits.wall"},
		"memory too small":               {"-- acme/rulebox.json --\n{\"limits\": {\"memory\": \"1MiB\"}}\n", "at least 16MiB"},
		"memory no size":                 {"-- acme/rulebox.json --\n{\"limits\": {\"memory\": \"lots\"}}\n", "limits.memory"},
		"egress":                         {"-- acme/rulebox.json --\n{\"egress\": [\"BAD\"]}\n", `rulebox.json: egress: "BAD"`},
		"management":                     {"-- acme/rulebox.json --\n{\"management\": {\"baseUrl\": \"login.example\"}}\n", "management.baseUrl is"},
		"too many rules":                 {manyRules(257), "rules are enabled; a login runs at most 256"},
		"policy":                         {"-- acme/rulebox.json --\n{\"on_fault\": \"ignore\"}\n", "deny or continue"},
		"oauth":                          {"-- acme/rulebox.json --\n{\"unauthorized_error\": \"nope\"}\n", "unauthorized or access_denied"},
		"rule does not compile":          {"-- acme/rules/b.js --\nBAD\n", "rules/b.js: invalid: b:1:1"},
		"disabled rule does not compile": {"-- acme/rules/b.js --\nBAD\n-- acme/rules/b.json --\n{\"enabled\": false}\n", "b:1:1"},
		"rule's json":                    {"-- acme/rules/b.json --\n{\"name\": \"b\", \"ordr\": 1}\n", `unknown field "ordr"`},
		"rule's script":                  {"-- acme/rules/b.json --\n{\"name\": \"b\", \"script\": \"./c.js\"}\n", "rules/c.js: no such file"},
		"rule's name":                    {"-- acme/rules/b.json --\n{\"name\": \"b/../c\"}\n", "name \"b/../c\""},
		"rule's stage":                   {"-- acme/rules/b.json --\n{\"stage\": \"login_failure\"}\n-- acme/rules/b.js --\nx\n", "login_failure"},
		"negative order":                 {"-- acme/rules/b.json --\n{\"order\": -1}\n-- acme/rules/b.js --\nx\n", "negative"},
		"order twice":                    {"-- acme/rules/b.json --\n{\"order\": 1}\n-- acme/rules/b.js --\nx\n-- acme/rules/c.json --\n{\"order\": 1}\n-- acme/rules/c.js --\nx\n", "order 1 is also that of rules/b.json"},
		"name twice":                     {"-- acme/rules/a.js --\nx\n-- acme/rules/b.json --\n{\"name\": \"a\"}\n-- acme/rules/b.js --\nx\n", "is also that of"},
		"placeholder without a value":    {"-- acme/rules/b.js --\nBAD @@NOPE@@\n", "@@NOPE@@ has no value"},
		"config without value":           {"-- acme/rules-configs/k.json --\n{\"key\": \"K\"}\n", "RULEBOX_CONFIG_ACME_K"},
		"config without key":             {"-- acme/rules-configs/k.json --\n{\"value\": \"K\"}\n", `"key" is missing`},
		"config key twice":               {"-- acme/rules-configs/a.json --\n{\"key\": \"K\", \"value\": \"1\"}\n-- acme/rules-configs/b.json --\n{\"key\": \"K\", \"value\": \"2\"}\n", `rules-configs/b.json: the key "K" is also that of rules-configs/a.json`},
		"mappings":                       {"-- acme/config.json --\n[]\n", "config.json"},
		"too large":                      {"-- acme/rules/big.js --\n" + strings.Repeat("/", maxFile+1), "larger than 1024 KiB"},
	} {
		t.Run(name, func(t *testing.T) {
			f, dir := open(t, good)
			before := f.Tenant("acme")
			require.Empty(t, f.Broken())

			write(t, dir, tc.archive)
			require.NoError(t, f.Load(context.Background()))
			assert.ErrorContains(t, f.Broken()["acme"], tc.want)
			assert.Same(t, before, f.Tenant("acme"), "the last good version goes on")

			f, _ = open(t, tc.archive)
			e := f.Tenant("acme").Broken
			require.NotNil(t, e, "without a good version the tenant faults")
			assert.Equal(t, rulebox.CodeInvalid, e.Code)
			assert.Contains(t, e.Hint, tc.want)
		})
	}
}

func TestUnchangedTenantKeepsItsChain(t *testing.T) {
	f, dir := open(t, "-- a/rules/x.js --\n1\n-- b/rules/x.js --\n1\n")
	a, b := login(f, "a"), login(f, "b")
	write(t, dir, "-- b/rules/y.js --\n2\n")
	require.NoError(t, f.Load(context.Background()))
	assert.Same(t, a, login(f, "a"))
	assert.NotSame(t, b, login(f, "b"))
	require.NoError(t, os.RemoveAll(filepath.Join(dir, "a")))
	require.NoError(t, f.Load(context.Background()))
	assert.Equal(t, []string{"b"}, f.Names())
}

func TestUnavailableCheckIsTriedAgain(t *testing.T) {
	f, _ := open(t, "")
	tries := 0
	f.check = func(context.Context, *rulebox.Script) error {
		if tries++; tries < 3 {
			return rulebox.Errorf(rulebox.CodeUnavailable, "no worker")
		}
		return nil
	}
	write(t, f.dir, "-- a/rules/x.js --\n1\n")
	require.NoError(t, f.Load(context.Background()))
	assert.NotNil(t, f.Tenant("a"))
	assert.Equal(t, 3, tries)
	assert.Empty(t, f.Broken())
}

func TestCheckedScriptsAreRemembered(t *testing.T) {
	dir, n := t.TempDir(), 0
	check := func(_ context.Context, s *rulebox.Script) error { n++; return noBad(context.Background(), s) }
	good, bad := rulebox.NewScript(rulebox.KindRule, "a", "1"), rulebox.NewScript(rulebox.KindRule, "b", "BAD")
	for i, tc := range []struct {
		version string
		checks  int // so far
	}{{"v1", 3}, {"v1", 5}, {"v2", 8}} {
		remembered, err := Remember(dir, tc.version, check)
		require.NoError(t, err)
		for range 2 {
			assert.NoError(t, remembered(context.Background(), good))
			assert.Error(t, remembered(context.Background(), bad), "what fails is looked at again: its error is wanted")
		}
		assert.Equal(t, tc.checks, n, i)
	}
	require.NoError(t, os.WriteFile(filepath.Join(dir, checkedFile), []byte("v2\nnonsense\n"), 0o600))
	_, err := Remember(dir, "v2", check)
	assert.NoError(t, err, "a broken memory is forgotten")
}

func TestRunFollowsTheFolder(t *testing.T) {
	f, dir := open(t, "-- a/rules/x.js --\n1\n")
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- f.Run(ctx) }()
	write(t, dir, "-- fresh/rules/deep.js --\n1\n")
	assert.Eventually(t, func() bool { return f.Tenant("fresh") != nil }, 30*time.Second, 5*time.Millisecond)
	write(t, dir, "-- fresh/rules/more.js --\n1\n")
	assert.Eventually(t, func() bool { return len(login(f, "fresh").Scripts) == 2 }, 30*time.Second, 5*time.Millisecond)
	cancel()
	assert.NoError(t, <-done)
}

// What is written while it is read is read again: no half of one version goes
// with half of another.
func TestFilesThatChangeWhileTheyAreRead(t *testing.T) {
	f, dir := open(t, "")
	write(t, dir, "-- a/rules/x.js --\n1\n")
	reads := 0
	same := func() bool {
		reads++
		if reads == 1 {
			write(t, dir, "-- a/rules/y.js --\nthe second half\n")
		}
		return reads > 1
	}
	_, err := f.read(context.Background(), "a", filepath.Join(dir, "a"), nil, same)
	require.ErrorIs(t, err, errChanging)

	// A broken file is no news while others are on their way.
	write(t, dir, "-- a/rules/z.js --\nBAD\n")
	f.check = func(ctx context.Context, s *rulebox.Script) error {
		err := noBad(ctx, s)
		if err != nil {
			write(t, dir, "-- a/rules/z.js --\ngood again\n")
		}
		return err
	}
	require.NoError(t, f.Load(context.Background()))
	assert.Len(t, login(f, "a").Scripts, 3)
	assert.Empty(t, f.Broken())
}

func TestWhatIsNoFileIsNotReadFrom(t *testing.T) {
	f, dir := open(t, "-- acme/rules/a.js --\n1\n")
	require.NoError(t, syscall.Mkfifo(filepath.Join(dir, "acme/rules/b.js"), 0o644))
	done := make(chan error, 1)
	go func() { done <- f.Load(context.Background()) }()
	select {
	case err := <-done:
		require.NoError(t, err)
	case <-time.After(30 * time.Second):
		t.Fatal("it waits for a pipe")
	}
	assert.ErrorContains(t, f.Broken()["acme"], "rules/b.js: it is no regular file")
}

func TestTenantThatIsALink(t *testing.T) {
	f, dir := open(t, "")
	versions := t.TempDir()
	write(t, versions, "-- v1/rules/x.js --\none\n-- v2/rules/x.js --\ntwo\n")
	require.NoError(t, os.Symlink(filepath.Join(versions, "v1"), filepath.Join(dir, "a")))
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- f.Run(ctx) }()
	source := func(want string) func() bool {
		return func() bool { return f.Tenant("a") != nil && login(f, "a").Scripts[0].Source == want }
	}
	assert.Eventually(t, source("one\n"), 30*time.Second, 5*time.Millisecond)
	next := filepath.Join(dir, ".next")
	require.NoError(t, os.Symlink(filepath.Join(versions, "v2"), next))
	require.NoError(t, os.Rename(next, filepath.Join(dir, "a")))
	assert.Eventually(t, source("two\n"), 30*time.Second, 5*time.Millisecond)
	write(t, versions, "-- v2/rules/x.js --\ntwo and a half\n")
	assert.Eventually(t, source("two and a half\n"), 30*time.Second, 5*time.Millisecond, "a change below the link")
	cancel()
	assert.NoError(t, <-done)
}

func TestFolderMissing(t *testing.T) {
	f := OpenFolder(filepath.Join(t.TempDir(), "nope"), noBad, zap.NewNop())
	assert.ErrorContains(t, f.Load(context.Background()), "tenants folder")
}

func TestBadTenantName(t *testing.T) {
	f, _ := open(t, "-- Acme.Corp/rules/x.js --\n1\n")
	assert.Empty(t, f.Names())
	assert.ErrorContains(t, f.Broken()["Acme.Corp"], "small letters")
}

func TestTokens(t *testing.T) {
	dir := t.TempDir()
	tokens, err := OpenTokens(dir)
	require.NoError(t, err)
	assert.True(t, tokens.Empty())
	operator, err := tokens.Create("first", nil)
	require.NoError(t, err)
	other, err := OpenTokens(dir) // another process
	require.NoError(t, err)
	scoped, err := other.Create("acme's server", []string{"acme"})
	require.NoError(t, err)

	assert.True(t, tokens.Find(operator).Operator())
	assert.Equal(t, []string{"acme"}, tokens.Find(scoped).Tenants)
	for _, wrong := range []string{"", "rbx_", operator + "x", strings.TrimPrefix(operator, "rbx_"), tokens.list[0].Hash} {
		assert.Nil(t, tokens.Find(wrong), wrong)
	}
	text, err := os.ReadFile(filepath.Join(dir, tokensFile))
	require.NoError(t, err)
	assert.NotContains(t, string(text), strings.TrimPrefix(operator, "rbx_"))
	info, err := os.Stat(filepath.Join(dir, tokensFile))
	require.NoError(t, err)
	assert.EqualValues(t, 0o600, info.Mode().Perm())
	_, err = tokens.Create("", []string{"Bad Name"})
	assert.Error(t, err)

	require.NoError(t, os.WriteFile(filepath.Join(dir, tokensFile), []byte("{"), 0o600))
	assert.Nil(t, tokens.Find(operator), "a broken file lets nobody in")
	_, err = OpenTokens(dir)
	assert.ErrorContains(t, err, "repair it")
}

// Several processes make tokens at once; none is lost.
func TestTokensOfSeveralProcesses(t *testing.T) {
	dir := t.TempDir()
	const n = 16
	made := make(chan string, n)
	for range n {
		go func() { // joined by reading its token
			tokens, err := OpenTokens(dir) // as each process does
			token := ""
			if err == nil {
				token, err = tokens.Create("", nil)
			}
			assert.NoError(t, err)
			made <- token
		}()
	}
	tokens, err := OpenTokens(dir)
	require.NoError(t, err)
	for range n {
		assert.NotNil(t, tokens.Find(<-made))
	}
}

func TestWriteFileKeepsTheOldContentOnFailure(t *testing.T) {
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Skip("no /dev/full")
	}
	path := filepath.Join(t.TempDir(), "f")
	require.NoError(t, WriteFile(path, []byte("old"), 0o600))
	require.Error(t, WriteFile(filepath.Join(path, "below-a-file"), []byte("new"), 0o600))
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, "old", string(b))
}

func TestParseSize(t *testing.T) {
	for in, want := range map[string]int64{"1": 1, "64MiB": 64 << 20, "64 MiB": 64 << 20, "2GB": 2 << 30, "512KB": 512 << 10} {
		got, err := ParseSize(in)
		assert.NoError(t, err, in)
		assert.Equal(t, want, got, in)
	}
	for _, in := range []string{"", "-1", "0", "1.5MiB", "MiB", "9999999999GiB", "1TiB"} {
		_, err := ParseSize(in)
		assert.Error(t, err, in)
	}
}

func FuzzKeywords(f *testing.F) {
	f.Add("a @@K@@ ##K## \"@@K@@\" @@@K@@@", "v")
	f.Fuzz(func(t *testing.T, text, value string) {
		k := keywords{}
		if err := k.add(map[string]string{"K": value}); err != nil {
			t.Skip()
		}
		k.replace([]byte(text))
	})
}

func TestErrorsIsFile(t *testing.T) {
	assert.True(t, errors.Is(inFile("a", os.ErrNotExist), os.ErrNotExist))
}
