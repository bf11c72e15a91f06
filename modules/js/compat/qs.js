'use strict';
// qs: query strings with nested objects and arrays.
const has = (o, k) => Object.prototype.hasOwnProperty.call(o, k);

function encode(s, format) {
  s = encodeURIComponent(typeof s === 'string' ? s : typeof s === 'symbol' ? s.toString() : String(s));
  s = s.replace(/[!'()*]/g, (c) => (format === 'RFC1738' && (c === '(' || c === ')') ? c : '%' + c.charCodeAt(0).toString(16).toUpperCase()));
  return s;
}
const formatters = { RFC1738: (v) => String(v).replace(/%20/g, '+'), RFC3986: (v) => String(v) };
const prefixes = {
  brackets: (p) => p + '[]',
  comma: 'comma',
  indices: (p, k) => p + '[' + k + ']',
  repeat: (p) => p,
};

function write(v, prefix, o, out, seen, top) {
  if (typeof o.filter === 'function') v = o.filter(prefix, v);
  else if (v instanceof Date) v = o.serializeDate(v);
  else if (o.arrayFormat === 'comma' && Array.isArray(v)) v = v.map((e) => (e instanceof Date ? o.serializeDate(e) : e));
  const key = (k) => o.formatter(o.encode && !o.encodeValuesOnly ? o.encoder(k, encode, 'utf-8', 'key', o.format) : k);
  const value = (x) => o.formatter(o.encode ? o.encoder(x, encode, 'utf-8', 'value', o.format) : String(x));
  if (v === null) {
    if (o.strictNullHandling) { out.push(o.encode && !o.encodeValuesOnly ? key(prefix) : prefix); return; }
    v = '';
  }
  if (v === undefined) return;
  if (typeof v !== 'object' && typeof v !== 'function' || ArrayBuffer.isView(v)) {
    out.push(key(prefix) + '=' + value(ArrayBuffer.isView(v) ? Buffer.from(v.buffer, v.byteOffset, v.byteLength).toString() : v));
    return;
  }
  if (typeof v === 'function') return;
  if (seen.includes(v)) throw new RangeError('Cyclic object value');
  seen.push(v);
  const list = Array.isArray(v);
  if (list && o.arrayFormat === 'comma') {
    if (v.length > 0) {
      const joined = o.encodeValuesOnly && o.encode ? v.map((e) => encode(e === null ? '' : e, o.format)).join(',') : null;
      if (joined !== null) out.push(key(prefix) + '=' + o.formatter(joined));
      else write(v.join(',') || null, prefix, o, out, seen, false);
    } else if (o.allowEmptyArrays) {
      out.push(prefix + '[]');
    }
    seen.pop();
    return;
  }
  if (list && v.length === 0 && o.allowEmptyArrays) { out.push(prefix + '[]'); seen.pop(); return; }
  let keys = Array.isArray(o.filter) ? o.filter : Object.keys(v);
  if (o.sort) keys = keys.slice().sort(o.sort);
  for (const k of keys) {
    if (o.skipNulls && v[k] === null) continue;
    const name = o.encodeDotInKeys ? String(k).replace(/\./g, '%2E') : String(k);
    write(v[k], list ? prefixes[o.arrayFormat](prefix, name) : prefix + (o.allowDots ? '.' + name : '[' + name + ']'), o, out, seen, false);
  }
  seen.pop();
}

function stringify(object, options) {
  const o = Object.assign({}, options);
  if (o.encoder !== null && o.encoder !== undefined && typeof o.encoder !== 'function') throw new TypeError('Encoder has to be a function.');
  const format = o.format === undefined ? 'RFC3986' : o.format;
  if (!has(formatters, format)) throw new TypeError('Unknown format option provided.');
  if (o.charset !== undefined && o.charset !== 'utf-8' && o.charset !== 'iso-8859-1') throw new TypeError('The charset option must be either utf-8, iso-8859-1, or undefined');
  o.format = format;
  o.formatter = formatters[format];
  o.encode = typeof o.encode === 'boolean' ? o.encode : true;
  if (typeof o.encoder !== 'function') o.encoder = (s, _, charset, kind, f) => encode(s, f);
  o.serializeDate = typeof o.serializeDate === 'function' ? o.serializeDate : (d) => d.toISOString();
  o.arrayFormat = has(prefixes, String(o.arrayFormat)) ? o.arrayFormat : o.indices === false ? 'repeat' : 'indices';
  o.sort = typeof o.sort === 'function' ? o.sort : null;
  o.allowDots = o.allowDots === undefined ? o.encodeDotInKeys === true : !!o.allowDots;
  const top = typeof o.filter === 'function' ? o.filter('', object) : object;
  if (typeof top !== 'object' || top === null) return '';
  let keys = Array.isArray(o.filter) ? o.filter : Object.keys(top);
  if (o.sort) keys = keys.slice().sort(o.sort);
  const out = [];
  for (const k of keys) {
    if (o.skipNulls && top[k] === null) continue;
    write(top[k], o.encodeDotInKeys && o.allowDots ? String(k).replace(/\./g, '%2E') : String(k), o, out, [top], true);
  }
  const text = out.join(o.delimiter === undefined ? '&' : o.delimiter);
  return text === '' ? '' : (o.addQueryPrefix === true ? '?' : '') + (o.charsetSentinel ? 'utf8=%E2%9C%93&' : '') + text;
}

function decode(s) {
  s = s.replace(/\+/g, ' ');
  try { return decodeURIComponent(s); } catch (err) { return s; }
}

function values(text, o) {
  const out = Object.create(null);
  text = o.ignoreQueryPrefix ? text.replace(/^\?/, '') : text;
  const limit = o.parameterLimit === Infinity ? undefined : o.parameterLimit;
  for (let part of text.split(o.delimiter, limit)) {
    if (part === '') continue;
    part = part.replace(/%5B/gi, '[').replace(/%5D/gi, ']');
    const close = part.indexOf(']=');
    const at = close === -1 ? part.indexOf('=') : close + 1;
    let key, value;
    if (at === -1) {
      key = o.decoder(part, decode, 'utf-8', 'key');
      value = o.strictNullHandling ? null : '';
    } else {
      key = o.decoder(part.slice(0, at), decode, 'utf-8', 'key');
      const raw = part.slice(at + 1);
      value = o.comma && raw.includes(',') ? raw.split(',').map((v) => o.decoder(v, decode, 'utf-8', 'value')) : o.decoder(raw, decode, 'utf-8', 'value');
    }
    if (part.includes('[]=') && Array.isArray(value)) value = [value];
    if (key in out && o.duplicates !== 'last') {
      if (o.duplicates !== 'first') out[key] = [].concat(out[key], value);
    } else {
      out[key] = value;
    }
  }
  return out;
}

function path(key, o) {
  if (o.allowDots) key = key.replace(/\.([^.[]+)/g, '[$1]');
  const first = o.depth > 0 ? key.indexOf('[') : -1;
  const open = first >= 0 && /\[[^[\]]*\]/.test(key) ? key.search(/\[[^[\]]*\]/) : -1;
  const parent = open >= 0 ? key.slice(0, open) : key;
  const out = [];
  if (parent) out.push(parent);
  if (open >= 0) {
    const child = /\[[^[\]]*\]/g;
    child.lastIndex = open;
    let m, i = 0, end = open;
    while (i++ < o.depth && (m = child.exec(key)) !== null) { out.push(m[0]); end = child.lastIndex; }
    const rest = key.slice(end);
    if (/\[[^[\]]*\]/.test(rest)) {
      if (o.strictDepth) throw new RangeError('Input depth exceeded depth option of ' + o.depth + ' and strictDepth is true');
      out.push('[' + rest.slice(rest.indexOf('[')) + ']');
    }
  }
  return out;
}

const banned = (name, o) => name === '__proto__' || !o.plainObjects && !o.allowPrototypes && has(Object.prototype, name);

function build(chain, value, o) {
  for (let i = chain.length - 1; i >= 0; i--) {
    const root = chain[i];
    if (root === '[]' && o.parseArrays) {
      value = o.allowEmptyArrays && (value === '' || o.strictNullHandling && value === null) ? [] : [].concat(value);
      continue;
    }
    const obj = o.plainObjects ? Object.create(null) : {};
    const clean = root[0] === '[' && root[root.length - 1] === ']' ? root.slice(1, -1) : root;
    const index = parseInt(clean, 10);
    if (!o.parseArrays && clean === '') obj[0] = value;
    else if (!Number.isNaN(index) && root !== clean && String(index) === clean && index >= 0 && o.parseArrays && index <= o.arrayLimit) {
      const list = [];
      list[index] = value;
      value = list;
      continue;
    } else if (clean !== '__proto__') obj[clean] = value;
    value = obj;
  }
  return value;
}

const toObject = (list, o) => {
  const out = o.plainObjects ? Object.create(null) : {};
  list.forEach((v, i) => { if (v !== undefined) out[i] = v; });
  return out;
};

function merge(a, b, o) {
  if (b === undefined || b === null && a === undefined) return a === undefined ? b : a;
  if (typeof b !== 'object' || b === null) {
    if (Array.isArray(a)) { a.push(b); return a; }
    if (a && typeof a === 'object') { if (!banned(String(b), o)) a[b] = true; return a; }
    return [a, b];
  }
  if (!a || typeof a !== 'object') return [a].concat(b);
  if (Array.isArray(a) && Array.isArray(b)) {
    b.forEach((v, i) => {
      if (!(i in a)) { a[i] = v; return; }
      if (a[i] && typeof a[i] === 'object' && v && typeof v === 'object') a[i] = merge(a[i], v, o);
      else a.push(v);
    });
    return a;
  }
  const into = Array.isArray(a) ? toObject(a, o) : a;
  for (const k of Object.keys(b)) into[k] = has(into, k) ? merge(into[k], b[k], o) : b[k];
  return into;
}

function compact(v, seen) {
  if (typeof v !== 'object' || v === null || seen.has(v)) return v;
  seen.add(v);
  if (Array.isArray(v)) return v.filter((e) => e !== undefined).map((e) => compact(e, seen));
  for (const k of Object.keys(v)) v[k] = compact(v[k], seen);
  return v;
}

function parse(text, options) {
  const o = Object.assign({ delimiter: '&', depth: 5, arrayLimit: 20, parameterLimit: 1000, parseArrays: true, duplicates: 'combine' }, options);
  if (o.decoder !== undefined && o.decoder !== null && typeof o.decoder !== 'function') throw new TypeError('Decoder has to be a function.');
  if (typeof o.decoder !== 'function') o.decoder = decode;
  o.depth = o.depth === false ? 0 : +o.depth;
  let obj = o.plainObjects ? Object.create(null) : {};
  if (text === '' || text === null || text === undefined) return obj;
  const flat = typeof text === 'string' ? values(text, o) : text;
  for (const key of Object.keys(flat)) {
    if (!key) continue;
    const chain = path(key, o);
    if (!o.allowPrototypes && !o.plainObjects && chain.some((c) => has(Object.prototype, c.replace(/^\[|\]$/g, '')))) continue;
    obj = merge(obj, build(chain, flat[key], o), o);
  }
  return o.allowSparse ? obj : compact(obj, new Set());
}

module.exports = { stringify, parse, formats: { default: 'RFC3986', RFC1738: 'RFC1738', RFC3986: 'RFC3986', formatters } };
