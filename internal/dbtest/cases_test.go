package dbtest

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/internal/testserver"
)

// Every case runs in process and in a jailed worker, on one database: a case
// cleans up behind itself, or does not mind.
func runCases(t *testing.T, file, scheme string, s *testserver.Server, schema func(text string)) {
	text, cases := loadCases(t, file, s, scheme)
	schema(text)
	for name, open := range map[string]func(t *testing.T) rulebox.Invoker{
		"process": func(t *testing.T) rulebox.Invoker { return inProcess(t) },
		"jail":    func(t *testing.T) rulebox.Invoker { return jailed(t, 1) },
	} {
		t.Run(name, func(t *testing.T) {
			invoker := open(t)
			for _, c := range cases {
				t.Run(c.Name, func(t *testing.T) {
					require.NotNil(t, c.Chain, "no script")
					c.Run(t, invoker)
				})
			}
		})
	}
}

func TestPostgreSQL(t *testing.T) {
	s := testserver.PostgreSQL(t, testserver.Options{})
	runCases(t, "pg.txtar", "postgres", s, func(text string) {
		_, err := postgres(t, s).Query(deadline(t), text)
		require.NoError(t, err)
	})
}

func TestMariaDB(t *testing.T) {
	s := testserver.MariaDB(t, testserver.Options{})
	runCases(t, "mysql.txtar", "mysql", s, func(text string) {
		_, err := mariadb(t, s).Query(deadline(t), text)
		require.NoError(t, err)
	})
}
