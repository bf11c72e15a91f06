'use strict';
const escape = (s) => {
  if (typeof s !== 'string') s = typeof s === 'object' ? String(s) : `${s}`;
  try {
    return encodeURIComponent(s);
  } catch (e) {
    throw require('internal/errors').make(URIError, 'ERR_INVALID_URI', 'URI malformed');
  }
};
const unescapeBuffer = (s) => require('internal/buffer').Buffer.from(native.unescape(`${s}`));
const unescape = (s) => {
  try {
    return decodeURIComponent(s);
  } catch (e) {
    return unescapeBuffer(s).toString();
  }
};
const primitive = (v) => typeof v === 'string' ? v : typeof v === 'number' && Number.isFinite(v) || typeof v === 'bigint' ? `${v}` : typeof v === 'boolean' ? v ? 'true' : 'false' : '';

function stringify(o, sep, eq, options) {
  sep = sep || '&';
  eq = eq || '=';
  const encode = options && typeof options.encodeURIComponent === 'function' ? options.encodeURIComponent : exports.escape;
  if (o === null || typeof o !== 'object') return '';
  const out = [];
  for (const k of Object.keys(o)) {
    const name = encode(primitive(k)) + eq;
    if (Array.isArray(o[k])) for (const v of o[k]) out.push(name + encode(primitive(v)));
    else out.push(name + encode(primitive(o[k])));
  }
  return out.join(sep);
}

function parse(s, sep, eq, options) {
  const out = Object.create(null);
  if (typeof s !== 'string' || s.length === 0) return out;
  sep = sep ? `${sep}` : '&';
  eq = eq ? `${eq}` : '=';
  const max = options && typeof options.maxKeys === 'number' ? options.maxKeys : 1000;
  const decode = options && typeof options.decodeURIComponent === 'function' ? options.decodeURIComponent : exports.unescape;
  const part = (p) => {
    p = p.replace(/\+/g, decode === unescape ? ' ' : '%20');
    if (decode === unescape && !p.includes('%')) return p;
    try { return decode(p); } catch (e) { return unescape(p); }
  };
  let n = 0;
  for (const pair of s.split(sep)) {
    if (pair === '') continue;
    if (max > 0 && ++n > max) break;
    const i = pair.indexOf(eq);
    const k = part(i < 0 ? pair : pair.slice(0, i)), v = i < 0 ? '' : part(pair.slice(i + eq.length));
    if (!(k in out)) out[k] = v;
    else if (Array.isArray(out[k])) out[k].push(v);
    else out[k] = [out[k], v];
  }
  return out;
}
Object.assign(exports, { escape, unescape, unescapeBuffer, stringify, encode: stringify, parse, decode: parse });
