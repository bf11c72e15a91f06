'use strict';
const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const kList = Symbol('headers list');

function nameOf(where, name) {
  name = String(name);
  if (!token.test(name)) throw new TypeError(`Headers.${where}: ${name} is an invalid header name.`);
  return name.toLowerCase();
}

function valueOf(where, v) {
  v = String(v).replace(/^[\t\r\n ]+|[\t\r\n ]+$/g, '');
  if (/[\0\r\n]|[^\0-\xff]/.test(v)) throw new TypeError(`Headers.${where}: ${v} is an invalid header value.`);
  return v;
}

// Headers keeps one flat list: lower-case name, value, name, value…
class Headers {
  constructor(init) {
    this[kList] = [];
    if (init === undefined) return;
    const p = require('internal/fetch').pairs(init);
    for (let i = 0; i < p.length; i += 2) this.append(p[i], p[i + 1]);
  }
  append(name, value) {
    this[kList].push(nameOf('append', name), valueOf('append', value));
  }
  delete(name) {
    name = nameOf('delete', name);
    const l = this[kList];
    for (let i = l.length - 2; i >= 0; i -= 2) if (l[i] === name) l.splice(i, 2);
  }
  get(name) {
    name = nameOf('get', name);
    const l = this[kList];
    let v = null;
    for (let i = 0; i < l.length; i += 2) {
      if (l[i] === name) v = v === null ? l[i + 1] : v + (name === 'cookie' ? '; ' : ', ') + l[i + 1];
    }
    return v;
  }
  has(name) {
    name = nameOf('has', name);
    const l = this[kList];
    for (let i = 0; i < l.length; i += 2) if (l[i] === name) return true;
    return false;
  }
  set(name, value) {
    name = nameOf('set', name);
    value = valueOf('set', value);
    const l = this[kList];
    for (let i = l.length - 2, first = -1; i >= 0; i -= 2) {
      if (l[i] !== name) continue;
      if (first >= 0) l.splice(first, 2);
      first = i;
      l[i + 1] = value;
    }
    if (!this.has(name)) l.push(name, value);
  }
  getSetCookie() {
    const l = this[kList], out = [];
    for (let i = 0; i < l.length; i += 2) if (l[i] === 'set-cookie') out.push(l[i + 1]);
    return out;
  }
  forEach(fn, self) {
    if (typeof fn !== 'function') throw new TypeError('Headers.forEach: the callback is not a function.');
    for (const [k, v] of this) fn.call(self, v, k, this);
  }
  *entries() {
    const names = Array.from(new Set(this[kList].filter((_, i) => i % 2 === 0))).sort();
    for (const n of names) {
      if (n === 'set-cookie') for (const v of this.getSetCookie()) yield [n, v];
      else yield [n, this.get(n)];
    }
  }
  *keys() { for (const e of this.entries()) yield e[0]; }
  *values() { for (const e of this.entries()) yield e[1]; }
  get [Symbol.toStringTag]() { return 'Headers'; }
  [Symbol.for('nodejs.util.inspect.custom')](depth, options, inspect) {
    const o = Object.fromEntries(this);
    return inspect ? 'Headers ' + inspect(o, options) : o;
  }
}
Object.defineProperty(Headers.prototype, Symbol.iterator, { value: Headers.prototype.entries, writable: true, configurable: true });
for (const k of ['append', 'delete', 'get', 'has', 'set', 'getSetCookie', 'forEach', 'entries', 'keys', 'values']) {
  Object.defineProperty(Headers.prototype, k, { enumerable: true });
}

// from makes Headers of a flat list whose names are lower case and whose
// contents came from the network.
function from(list) {
  const h = Object.create(Headers.prototype);
  h[kList] = list;
  return h;
}

module.exports = { Headers, from };
