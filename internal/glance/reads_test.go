package glance

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/rulebox/rulebox"
)

func TestSecrets(t *testing.T) {
	for source, want := range map[string]Reads{
		"f(event.secrets.A, event.secrets.B, event.secrets.A)":                                            {Names: []string{"A", "B"}, Needed: []string{"A", "B"}},
		"f(event.secrets['A-1'], event.secrets[\"B\"], event?.secrets?.C)":                                {Names: []string{"A-1", "B", "C"}, Needed: []string{"A-1", "B", "C"}},
		"const { A, B: b, C = 'x', 'D': d } = event.secrets;":                                             {Names: []string{"A", "B", "C", "D"}, Needed: []string{"A", "B", "D"}},
		"const { A, ...rest } = event.secrets;":                                                           {Names: []string{"A"}, Needed: []string{"A"}, Others: true},
		"const s = event.secrets; f(s.A)":                                                                 {Others: true},
		"f(event.secrets[name])":                                                                          {Others: true},
		"f(e.secrets.A, event.secrets.B)":                                                                 {Names: []string{"B"}, Needed: []string{"B"}, Others: true},
		"exports.f = async ({ secrets }, api) => f(secrets.A)":                                            {Others: true},
		"// event.secrets.A\n/* event.secrets.B */ f(1); // event.secrets":                                {},
		"f(event.secrets.A || 'x', event.secrets.B ?? 1, event.secrets.C ? 1 : 2, event.secrets.D?.x)":    {Names: []string{"A", "B", "C", "D"}, Needed: []string{"D"}},
		"if (event.secrets.A) f(event.secrets.A); if (!event.secrets.B || event.secrets.C === undefined)": {Names: []string{"A", "B", "C"}},
		"x && event.secrets.A; typeof event.secrets.B; f(event.secrets.C)":                                {Names: []string{"A", "B", "C"}, Needed: []string{"C"}},
		"f(event.secretsOf.A, mysecrets.B)":                                                               {},
		"const u = 'https://x/' + event.secrets.A":                                                        {Names: []string{"A"}, Needed: []string{"A"}},
		"const { A } = event.secrets.B":                                                                   {Others: true},
		"1":                                                                                               {},
		"\x00asm event.secrets.A":                                                                         {Others: true},
	} {
		assert.Equal(t, want, Secrets(rulebox.KindAction, source), source)
	}
	assert.Equal(t, Reads{Names: []string{"A"}, Needed: []string{"A"}}, Secrets(rulebox.KindHook, "f(context.webtask.secrets.A)"))
	assert.Equal(t, Reads{Names: []string{"A"}, Needed: []string{"A"}}, Secrets(rulebox.KindModule, "f(actions.secrets.A)"))
	assert.Equal(t, Reads{}, Secrets(rulebox.KindRule, "f(event.secrets.A)"))
	assert.True(t, Reads{Others: true}.Has("X"))
	assert.False(t, Reads{Names: []string{"A"}}.Has("X"))
}

func TestConfiguration(t *testing.T) {
	for source, want := range map[string]Reads{
		"f(configuration.A, configuration['B'], global.configuration.C)": {Names: []string{"A", "B", "C"}, Needed: []string{"A", "B", "C"}},
		"const { A } = configuration; f(options.configuration.X)":        {Names: []string{"A"}, Needed: []string{"A"}},
		"f(configuration)":        {Others: true},
		"f(configuration[k])":     {Others: true},
		"var configuration = {};": {Others: true},
		"function (user, context, configuration) { f(configuration.A) }": {Others: true},
		"1": {},
	} {
		assert.Equal(t, want, Configuration(rulebox.KindRule, source), source)
	}
	assert.Equal(t, Reads{Names: []string{"A"}, Needed: []string{"A"}}, Configuration(rulebox.KindDBScript, "f(configuration.A)"))
	assert.Equal(t, Reads{}, Configuration(rulebox.KindAction, "f(configuration.A)"))
}

// Whatever the text, a look takes no longer than its length allows.
func BenchmarkSecrets(b *testing.B) {
	for name, piece := range map[string]string{"dots": "a.", "braces": "{", "spaces": "a ", "uses": "event.secrets.A;", "taken": "{A}=secrets ", "comments": " //"} {
		source := strings.Repeat(piece, (maxSource-len("secrets"))/len(piece)) + "secrets"
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(source)))
			for b.Loop() {
				Secrets(rulebox.KindAction, source)
			}
		})
	}
}

func TestLongSources(t *testing.T) {
	long := strings.Repeat(" ", maxSource) + "event.secrets.A"
	assert.Equal(t, Reads{Others: true}, Secrets(rulebox.KindAction, long))
	assert.Equal(t, Reads{Others: true}, Configuration(rulebox.KindRule, long))
	assert.Equal(t, Reads{Names: []string{"A"}, Needed: []string{"A"}, Others: true}, Secrets(rulebox.KindAction, strings.Repeat("event.secrets.A;", maxUses+1)))
}
