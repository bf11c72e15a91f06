'use strict';
// AxiosHeaders of axios 1: a plain object of headers with case-insensitive ways in.
const find = (o, name) => { name = String(name).trim().toLowerCase(); return Object.keys(o).find((k) => k.toLowerCase() === name); };
class AxiosHeaders {
  constructor(headers) { if (headers) this.set(headers); }
  set(header, value, rewrite) {
    if (header && typeof header === 'object') {
      const entries = typeof header.forEach === 'function' && typeof header.entries === 'function' ? Array.from(header.entries()) : Object.entries(header);
      for (const [k, v] of entries) this.set(k, v, value);
      return this;
    }
    if (typeof header === 'string' && /[\r\n]/.test(header.trim()) || typeof header === 'string' && value === undefined && header.includes(':')) {
      for (const line of header.split('\n')) {
        const i = line.indexOf(':');
        if (i > 0) this.set(line.slice(0, i).trim(), line.slice(i + 1).trim());
      }
      return this;
    }
    const k = find(this, header);
    if (k === undefined || this[k] === undefined || rewrite === true || rewrite === undefined && this[k] !== false) {
      this[k === undefined ? String(header).trim() : k] = value === false || value === null || value === undefined ? value : Array.isArray(value) ? value.map(String) : String(value);
    }
    return this;
  }
  get(header, parser) {
    const k = find(this, header);
    if (k === undefined) return undefined;
    const v = this[k];
    if (!parser) return v;
    if (typeof parser === 'function') return parser.call(this, v, k);
    if (parser instanceof RegExp) return parser.exec(v);
    const out = Object.create(null);
    String(v).replace(/([^\s,;=]+)\s*(?:=\s*([^,;]+))?/g, (_, n, w) => { out[n] = w; });
    return out;
  }
  has(header) { const k = find(this, header); return k !== undefined && this[k] !== undefined; }
  delete(header) {
    let done = false;
    for (const h of [].concat(header)) {
      const k = find(this, h);
      if (k !== undefined) { delete this[k]; done = true; }
    }
    return done;
  }
  clear() { for (const k of Object.keys(this)) delete this[k]; return true; }
  normalize() { return this; }
  concat(...more) { return AxiosHeaders.concat(this, ...more); }
  toJSON() {
    const o = Object.create(null);
    for (const k of Object.keys(this)) if (this[k] !== undefined && this[k] !== null && this[k] !== false) o[k] = this[k];
    return o;
  }
  toString() { return Object.entries(this.toJSON()).map(([k, v]) => k + ': ' + v).join('\n'); }
  getSetCookie() { return this.get('set-cookie') || []; }
  static from(v) { return v instanceof AxiosHeaders ? v : new AxiosHeaders(v); }
  static concat(first, ...more) { const h = new AxiosHeaders(first); for (const m of more) h.set(m); return h; }
  get [Symbol.toStringTag]() { return 'AxiosHeaders'; }
}
Object.defineProperty(AxiosHeaders.prototype, Symbol.iterator, { value() { return Object.entries(this.toJSON())[Symbol.iterator](); }, writable: true, configurable: true });
for (const name of ['Content-Type', 'Content-Length', 'Accept', 'Accept-Encoding', 'User-Agent', 'Authorization']) {
  const method = name.replace(/-/g, '');
  for (const verb of ['get', 'set', 'has']) Object.defineProperty(AxiosHeaders.prototype, verb + method, { value(a, b) { return this[verb](name, a, b); }, writable: true, configurable: true });
}
module.exports = AxiosHeaders;
