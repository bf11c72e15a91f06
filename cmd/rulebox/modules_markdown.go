package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// moduleNotes tell what differs from the original, by name. They are part of
// doc/modules.md.
var moduleNotes = map[string]string{
	"request":         "no `proxy`, `jar`, `oauth`, `aws`, `hawk`, `multipart`: an error says what to do instead",
	"request-promise": "without Bluebird's own methods",
	"argon2":          "no `argon2d`, secret or associated data; at most 64 MiB",
	"axios":           "no `proxy`, `socketPath`, progress events, Brotli",
	"node-fetch":      "no proxy agents, Brotli",
	"superagent":      "no `agent()` with its cookies, files and streams in `attach`, HTTP/2",
	"jsonwebtoken":    "an unsigned token is never taken for want of a key, as 8 did",
	"jwks-rsa":        "cache and rate limit last for one login; no helpers for hapi, koa and passport",
	"auth0":           "2 to 4: the parts of the management API that scripts use, for the rest an error says so; 7 has no `AuthenticationClient`, as the original",
	"uuid":            "3 is callable, as rules expect",
	"qs":              "no options of charsets",
	"ip":              "no masks of IPv6",
	"http":            "client only: `createServer` fails with advice",
	"https":           "client only",
	"net":             "client only; no local sockets, `localAddress`, `BlockList`",
	"tls":             "client only; no `pfx`, sessions, renegotiation, choice of ciphers",
	"dns":             "the node looks up; `ttl` is 0, no choice of servers; what may not be dialled is refused",
	"process":         "an empty environment; nothing of the host",
	"os":              "fixed values; nothing of the host",
	"pg":              "no `pg.native`, cursors, streams, `COPY`, `NOTIFY` events: [databases.md](databases.md)",
	"mysql":           "no `createPoolCluster`, streams, `LOAD DATA LOCAL INFILE`: [databases.md](databases.md)",
	"mysql2":          "no `createPoolCluster`, streams, `LOAD DATA LOCAL INFILE`: [databases.md](databases.md)",
	"@sentry/node":    "no profiling and no tracing of built-ins; call `flush` before the callback",
	"redis":           "no subscriptions, streams, clusters; connects again only when told how: [databases.md](databases.md)",
	"mongodb":         "no sessions and transactions, change streams, files (GridFS): [databases.md](databases.md)",
	"tedious":         "logins by name and password; no named instances, bulk loads, TDS 8: [databases.md](databases.md)",
	"mssql":           "over `tedious`; no streams, bulk loads, `msnodesqlv8`: [databases.md](databases.md)",
	"ioredis":         "no subscriptions, streams, clusters, sentinels; connects again only when told how: [databases.md](databases.md)",
	"lodash":          "`_` in rules and database scripts is 2.4",
}

const modulesHead = `# Modules

What ` + "`require()`" + ` finds in this version. This page is made by ` + "`rulebox modules --markdown`" + `, and a test keeps it true;
` + "`rulebox modules`" + ` prints the same for an installation with the packages that its operator added, and what loading each
costs on that machine (` + "`--measure`" + `).

- **A version** picks a generation: ` + "`require('axios@0.21.1')`" + ` gives the newest generation that is not newer than what is asked
  for, or the oldest there is. Generations differ in the major number (before 1.0 in the minor one).
- **Without a version** rules, hooks and database scripts get the generation that the engine they were written for had: the one in
  *italics*. Actions declare versions beside their code (` + "`dependencies`" + `); what they do not declare, or declare as
  ` + "`latest`" + `, is the newest.
- **From**: *npm* is the package itself, by lock file. *Go* is written for Rulebox under the API of the original, because the
  original is slow, heavy or needs sockets; its licence is Rulebox's.
- An operator adds what is missing: ` + "`rulebox modules add`" + `, see [operations](operations.md#modules). A tenant's settings allow
  and deny: ` + "`modules`" + ` in ` + "`rulebox.json`" + `.
- What a package loads over the network goes through the node, within the egress rules, whatever the package.

`

// writeModulesMarkdown writes doc/modules.md.
func writeModulesMarkdown(out io.Writer) error {
	var b strings.Builder
	b.WriteString(modulesHead)
	rows := tableRows()
	slices.SortStableFunc(rows, func(a, b moduleRow) int { return strings.Compare(a.Name, b.Name) })
	b.WriteString("## Packages\n\n| package | generations | from | licence | what differs |\n|---|---|---|---|---|\n")
	for _, g := range generations(rows) {
		b.WriteString(g.line())
	}
	b.WriteString("\n## Built-ins of Node.js\n\nWith and without `node:`. There is one of each, whatever the version.\n\n| module | what differs |\n|---|---|\n")
	for _, r := range rows {
		if r.Source == fromNode {
			fmt.Fprintf(&b, "| `%s` | %s |\n", r.Name, r.Note)
		}
	}
	b.WriteString("\n## What there is not\n\n`require()` of these fails with the advice.\n\n| module | advice |\n|---|---|\n")
	for _, r := range rows {
		if r.Source == retired {
			fmt.Fprintf(&b, "| `%s` | %s |\n", r.Name, r.Advice)
		}
	}
	_, err := io.WriteString(out, b.String())
	return err
}

// A generationSet is one package with all of its generations.
type generationSet struct {
	name string
	rows []moduleRow
}

func generations(rows []moduleRow) []*generationSet {
	var sets []*generationSet
	for _, r := range rows {
		if r.Source != fromRulebox && r.Source != fromNPM {
			continue
		}
		if n := len(sets); n == 0 || sets[n-1].name != r.Name {
			sets = append(sets, &generationSet{name: r.Name})
		}
		last := sets[len(sets)-1]
		last.rows = append(last.rows, r)
	}
	return sets
}

func (g *generationSet) line() string {
	var versions, froms, licences []string
	for _, r := range g.rows {
		v := r.Version
		if r.Default && len(g.rows) > 1 {
			v = "*" + v + "*"
		}
		versions = append(versions, v)
		froms = append(froms, r.Source)
		if r.License != "" && !slices.Contains(licences, r.License) {
			licences = append(licences, r.License)
		}
	}
	from := froms[0]
	if slices.ContainsFunc(froms, func(f string) bool { return f != from }) {
		// Say of each generation which it is.
		for i := range versions {
			versions[i] += " " + froms[i]
		}
		from = "both"
	}
	return fmt.Sprintf("| `%s` | %s | %s | %s | %s |\n", g.name, strings.Join(versions, ", "), from, strings.Join(licences, ", "), g.rows[0].Note)
}
