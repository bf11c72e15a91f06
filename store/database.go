package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/rulebox/rulebox"
	"github.com/rulebox/rulebox/internal/jsonterms"
	"github.com/rulebox/rulebox/internal/near"
	"github.com/rulebox/rulebox/internal/pattern"
	"github.com/rulebox/rulebox/internal/trigger"
	"github.com/rulebox/rulebox/transaction"
)

// databases is the folder of connections.
const databases = "database-connections"

// connectionName is the pattern of Auth0's names. It is one token of a subject.
var connectionName = pattern.New(`^[a-zA-Z0-9]([a-zA-Z0-9-]{0,126}[a-zA-Z0-9])?$`)

// databaseFile is database-connections/<name>/database.json of the deploy CLI.
type databaseFile struct {
	Name     string                     `json:"name"`
	Strategy string                     `json:"strategy"`
	Options  map[string]json.RawMessage `json:"options"`
}

// databaseOptions are the options that mean something here.
type databaseOptions struct {
	Enabled          bool               `json:"enabledDatabaseCustomization"`
	Import           bool               `json:"import_mode"`
	RequiresUsername bool               `json:"requires_username"`
	ScriptContext    bool               `json:"enable_script_context"`
	Configuration    map[string]*string `json:"configuration"`
	Scripts          map[string]string  `json:"customScripts"`
}

var optionNames = []string{"enabledDatabaseCustomization", "import_mode", "requires_username", "enable_script_context", "configuration", "customScripts"}

type database struct {
	file          string
	connection    *transaction.Connection
	declared      map[string]*string // options.configuration as the file has it
	configuration map[string]string
	scripts       map[string]*part // by operation
}

// databases reads database-connections/*/database.json and their scripts.
func (l *loader) databases() ([]*database, error) {
	entries, err := fs.ReadDir(l.root.FS(), databases)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, inFile(databases, err)
	}
	var all []*database
	seen := map[string]string{}
	for _, e := range entries {
		dir := path.Join(databases, e.Name())
		if strings.HasPrefix(e.Name(), ".") {
			continue
		}
		// A link counts for what it leads to, which must be within the folder.
		if info, err := l.root.Stat(dir); err != nil {
			return nil, inFile(dir, err)
		} else if !info.IsDir() {
			continue
		}
		d, err := l.database(dir, e.Name())
		if err != nil {
			return nil, inFile(path.Join(dir, "database.json"), err)
		}
		if other, ok := seen[d.connection.Name]; ok {
			return nil, inFile(d.file, fmt.Errorf("the name %q is also that of %s", d.connection.Name, other))
		}
		seen[d.connection.Name] = d.file
		all = append(all, d)
	}
	return all, nil
}

func (l *loader) database(dir, base string) (*database, error) {
	var f databaseFile
	file := path.Join(dir, "database.json")
	if err := l.export(file, &f, "name", "strategy", "options"); err != nil {
		return nil, err
	}
	if f.Name == "" {
		f.Name = base
	}
	if !connectionName().MatchString(f.Name) {
		return nil, fmt.Errorf("name %q: a connection's name is 1 to 128 letters, digits and hyphens, with a letter or digit at both ends", f.Name)
	}
	for name := range f.Options {
		if n := near.Name(name, optionNames); n != "" && n != name {
			return nil, fmt.Errorf("options: unknown field %q; did you mean %q?", name, n)
		}
	}
	text, err := json.Marshal(f.Options)
	if err != nil {
		return nil, err
	}
	var o databaseOptions
	if err := json.Unmarshal(text, &o); err != nil {
		if kind := (*json.UnmarshalTypeError)(nil); errors.As(err, &kind) {
			return nil, fmt.Errorf("options: %s", jsonterms.Mismatch(kind)) // the text is not the file's: it has no place
		}
		return nil, fmt.Errorf("options: %w", err)
	}
	for _, name := range optionNames {
		delete(f.Options, name)
	}
	d := &database{file: file, scripts: map[string]*part{}, declared: o.Configuration, connection: &transaction.Connection{
		Name: f.Name, Import: o.Import, RequiresUsername: o.RequiresUsername, ScriptContext: o.ScriptContext,
		Enabled: o.Enabled && (f.Strategy == "" || f.Strategy == "auth0"), Options: f.Options,
	}}
	if err := l.databaseScripts(d, dir, o.Scripts); err != nil {
		return nil, err
	}
	if !d.connection.Enabled {
		l.warn(len(d.scripts) > 0, "%s: its scripts are not used, for enabledDatabaseCustomization is not true", file)
	}
	return d, nil
}

// configure gives the connection's scripts the values of options.configuration.
func (l *loader) configure(d *database) (err error) {
	if !d.connection.Enabled || len(d.declared) == 0 {
		return nil
	}
	d.configuration = make(map[string]string, len(d.declared))
	for _, key := range slices.Sorted(maps.Keys(d.declared)) {
		if d.configuration[key], err = l.secret(owner{d.connection.Name, d.file}, key, d.declared[key]); err != nil {
			if err = l.lacks(d.file, fmt.Errorf("options.configuration: %w", err)); err != nil {
				return inFile(d.file, err)
			}
		}
	}
	return nil
}

// databaseScripts reads the scripts that options.customScripts names, or else
// those that stand there under the names of operations.
func (l *loader) databaseScripts(d *database, dir string, named map[string]string) error {
	if len(named) == 0 {
		named = map[string]string{}
		files, err := l.list(dir, ".js")
		if err != nil {
			return err
		}
		for _, file := range files {
			named[strings.TrimSuffix(path.Base(file), ".js")] = path.Base(file)
		}
	}
	for _, operation := range slices.Sorted(maps.Keys(named)) {
		if !slices.Contains(trigger.Operations, operation) {
			err := fmt.Errorf("there is no database script %q; there are %s", operation, strings.Join(trigger.Operations, ", "))
			if n := near.Name(operation, trigger.Operations); n != "" {
				err = fmt.Errorf("there is no database script %q; did you mean %q?", operation, n)
			}
			return err
		}
		p := &part{file: d.file, source: path.Join(dir, named[operation])}
		if strings.HasPrefix(path.Clean(named[operation]), databases+"/") {
			p.source = path.Clean(named[operation])
		}
		text, err := l.read(p.source)
		if err != nil {
			return fmt.Errorf("its script %w", inFile(p.source, err))
		}
		whole, err := l.keywords.replace(text)
		if err != nil {
			return fmt.Errorf("its script %w", inFile(p.source, err))
		}
		p.script = rulebox.NewScript(rulebox.KindDBScript, d.connection.Name+"."+operation, string(whole))
		l.warn(len(text) > actionCode, "%s: %d bytes; Auth0 takes %d", p.source, len(text), actionCode)
		d.scripts[operation] = p
	}
	return nil
}
