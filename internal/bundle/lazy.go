package main

import (
	"fmt"
	"regexp"
	"strings"
)

// lazyFolders hold what the TypeScript compiler wrote as CommonJS, in hundreds of
// files of which a script uses a few: what a file imports is loaded when it is
// used.
var lazyFolders = []string{"node_modules/auth0/dist/cjs/", "node_modules/auth0-5/dist/cjs/", "node_modules/auth0-6/dist/cjs/"}

// The compiler's imports: they stand at the start of a line, and what it imports
// is used as members of the name only.
var (
	lazyImport   = regexp.MustCompile(`(?m)^(?:const|var) (\w+) = (?:__importStar\()?(require\("[^"]+"\))\)?;$`)
	lazyExport   = regexp.MustCompile(`(?m)^exports\.(\w+) = __importStar\((require\("[^"]+"\))\);$`)
	lazyReExport = regexp.MustCompile(`(?m)^__exportStar\((require\("[^"]+"\)), exports\);$`)
)

const lazyImportHelp = `
function __lazy(load) { return new Proxy({}, { get: (_, k) => load()[k] }); }`

// A star is all that another file exports: what the file itself has not, the first
// of its stars that has it gives.
const lazyStarHelp = `
function __stars(own, ...loads) {
  const has = (o, k) => Object.prototype.hasOwnProperty.call(o, k);
  const at = (k) => {
    if (typeof k !== "string" || k === "default" || k === "then" || has(own, k)) return own;
    for (const load of loads) if (k in load()) return load();
    return own;
  };
  return new Proxy({}, {
    get: (_, k) => at(k)[k],
    set: (_, k, value) => Reflect.set(own, k, value),
    has: (_, k) => k in at(k),
    ownKeys: () => [...new Set([...Reflect.ownKeys(own), ...loads.flatMap((load) => Object.keys(load()))])].filter((k) => k !== "default"),
    getOwnPropertyDescriptor: (_, k) => (has(at(k), k) ? { value: at(k)[k], enumerable: k !== "__esModule", configurable: true, writable: true } : undefined),
  });
}`

// lazyText makes the imports of a file lazy.
func lazyText(text string) string {
	var stars []string
	text = lazyReExport.ReplaceAllStringFunc(text, func(s string) string {
		stars = append(stars, "() => "+lazyReExport.FindStringSubmatch(s)[1])
		return ""
	})
	text = lazyExport.ReplaceAllString(text, `Object.defineProperty(exports, "$1", { enumerable: true, configurable: true, get: () => $2 });`)
	lazy := lazyImport.ReplaceAllString(text, `const $1 = __lazy(() => $2);`)
	if lazy != text {
		lazy += lazyImportHelp
	}
	if len(stars) > 0 {
		lazy += fmt.Sprintf("%s\nmodule.exports = __stars(exports, %s);\n", lazyStarHelp, strings.Join(stars, ", "))
	}
	return lazy
}
