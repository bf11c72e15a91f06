// URL of the WHATWG standard; the parser is native.
'use strict';
const HREF = 0, ORIGIN = 1, PROTOCOL = 2, USERNAME = 3, PASSWORD = 4, HOST = 5, HOSTNAME = 6, PORT = 7, PATHNAME = 8, SEARCH = 9, HASH = 10;
const invalid = (input, base) => {
  const e = require('internal/errors').make(TypeError, 'ERR_INVALID_URL', 'Invalid URL');
  e.input = input;
  if (base !== undefined) e.base = base;
  return e;
};
const missing = () => require('internal/errors').make(TypeError, 'ERR_MISSING_ARGS', 'The "url" argument must be specified');

class URL {
  #f;
  #params;
  constructor(input, base) {
    if (arguments.length === 0) throw missing();
    input = `${input}`;
    if (base !== undefined) base = `${base}`;
    this.#f = native.parse(input, base);
    if (!this.#f) throw invalid(input, base);
  }
  #set(property, value) {
    const f = native.set(this.#f[HREF], property, `${value}`);
    if (f) this.#f = f;
  }
  #refresh() { if (this.#params) this.#params[Symbol.for('rulebox.params.reset')](this.#f[SEARCH].slice(1)); }
  get href() { return this.#f[HREF]; }
  set href(v) {
    const f = native.parse(`${v}`);
    if (!f) throw invalid(`${v}`);
    this.#f = f;
    this.#refresh();
  }
  get origin() { return this.#f[ORIGIN]; }
  get protocol() { return this.#f[PROTOCOL]; }
  set protocol(v) { this.#set('protocol', v); }
  get username() { return this.#f[USERNAME]; }
  set username(v) { this.#set('username', v); }
  get password() { return this.#f[PASSWORD]; }
  set password(v) { this.#set('password', v); }
  get host() { return this.#f[HOST]; }
  set host(v) { this.#set('host', v); }
  get hostname() { return this.#f[HOSTNAME]; }
  set hostname(v) { this.#set('hostname', v); }
  get port() { return this.#f[PORT]; }
  set port(v) { this.#set('port', v); }
  get pathname() { return this.#f[PATHNAME]; }
  set pathname(v) { this.#set('pathname', v); }
  get search() { return this.#f[SEARCH]; }
  set search(v) { this.#set('search', v); this.#refresh(); }
  get searchParams() {
    if (!this.#params) {
      const { URLSearchParams } = require('internal/searchparams');
      this.#params = new URLSearchParams(this.#f[SEARCH]);
      this.#params[Symbol.for('rulebox.params.owner')]((s) => this.#set('search', s));
    }
    return this.#params;
  }
  get hash() { return this.#f[HASH]; }
  set hash(v) { this.#set('hash', v); }
  toString() { return this.#f[HREF]; }
  toJSON() { return this.#f[HREF]; }
  static canParse(input, base) {
    if (arguments.length === 0) throw missing();
    return Boolean(native.parse(`${input}`, base === undefined ? undefined : `${base}`));
  }
  static parse(input, base) {
    if (arguments.length === 0) throw missing();
    try { return new URL(input, base); } catch (e) { return null; }
  }
  [Symbol.for('nodejs.util.inspect.custom')](depth, options, inspect) {
    if (typeof depth === 'number' && depth < 0) return this.href;
    const o = {};
    for (const k of ['href', 'origin', 'protocol', 'username', 'password', 'host', 'hostname', 'port', 'pathname', 'search', 'searchParams', 'hash']) o[k] = this[k];
    return `URL ${inspect(o, options)}`;
  }
}
Object.defineProperty(URL.prototype, Symbol.toStringTag, { value: 'URL', configurable: true });
module.exports = { URL };
