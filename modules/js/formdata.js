'use strict';
const { Blob, File } = require('internal/blob');
const kEntries = Symbol('form entries');

const isBlob = (v) => typeof v === 'object' && v !== null && (v instanceof Blob || typeof v.arrayBuffer === 'function' && typeof v.size === 'number');

function entry(where, args) {
  if (args.length < 2) throw new TypeError(`FormData.${where}: 2 arguments required, but only ${args.length} present.`);
  const [name, value, filename] = args;
  if (isBlob(value)) {
    if (filename === undefined && value instanceof File) return [String(name), value];
    return [String(name), new File([value], filename === undefined ? value.name || 'blob' : String(filename), { type: value.type })];
  }
  if (filename !== undefined) throw new TypeError(`FormData.${where}: parameter 2 is not a Blob.`);
  return [String(name), String(value)];
}

class FormData {
  constructor(form) {
    if (form !== undefined) throw new TypeError('FormData constructor: there is no HTML form here; call new FormData() and append.');
    this[kEntries] = [];
  }
  append() { this[kEntries].push(entry('append', arguments)); }
  set(name) {
    const e = entry('set', arguments);
    const i = this[kEntries].findIndex((x) => x[0] === e[0]);
    if (i < 0) this[kEntries].push(e);
    else this[kEntries] = this[kEntries].filter((x, j) => j <= i || x[0] !== e[0]).map((x, j) => (j === i ? e : x));
  }
  delete(name) { name = String(name); this[kEntries] = this[kEntries].filter((e) => e[0] !== name); }
  get(name) { name = String(name); const e = this[kEntries].find((x) => x[0] === name); return e ? e[1] : null; }
  getAll(name) { name = String(name); return this[kEntries].filter((e) => e[0] === name).map((e) => e[1]); }
  has(name) { name = String(name); return this[kEntries].some((e) => e[0] === name); }
  forEach(fn, self) { for (const [k, v] of this) fn.call(self, v, k, this); }
  *entries() { for (const e of this[kEntries]) yield [e[0], e[1]]; }
  *keys() { for (const e of this[kEntries]) yield e[0]; }
  *values() { for (const e of this[kEntries]) yield e[1]; }
  get [Symbol.toStringTag]() { return 'FormData'; }
}
Object.defineProperty(FormData.prototype, Symbol.iterator, { value: FormData.prototype.entries, writable: true, configurable: true });

// parse reads the body of a response.
function parse(bytes, type) {
  const form = new FormData();
  const essence = type.split(';')[0].trim().toLowerCase();
  if (essence === 'application/x-www-form-urlencoded') {
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString();
    for (const [k, v] of new URLSearchParams(text)) form.append(k, v);
    return form;
  }
  if (essence !== 'multipart/form-data') {
    throw new TypeError('Content-Type was not one of "multipart/form-data" or "application/x-www-form-urlencoded".');
  }
  for (const [name, value, filename, ctype] of require('internal/body').parse(bytes, type)) {
    if (typeof value === 'string') form.append(name, value);
    else form.append(name, new File([value], filename, { type: ctype }));
  }
  return form;
}

module.exports = { FormData, parse };
