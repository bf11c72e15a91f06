'use strict';
// What a value becomes as a parameter: null, text, or bytes.
const pad = (n, width) => String(n).padStart(width, '0');

function date(d, utc) {
  const get = (name) => d[(utc ? 'getUTC' : 'get') + name]();
  let year = get('FullYear');
  const bc = year < 1;
  if (bc) year = 1 - year;
  const offset = utc ? 0 : -d.getTimezoneOffset();
  const zone = (offset < 0 ? '-' : '+') + pad(Math.floor(Math.abs(offset) / 60), 2) + ':' + pad(Math.abs(offset) % 60, 2);
  return pad(year, 4) + '-' + pad(get('Month') + 1, 2) + '-' + pad(get('Date'), 2) + 'T' + pad(get('Hours'), 2) + ':' + pad(get('Minutes'), 2) +
    ':' + pad(get('Seconds'), 2) + '.' + pad(get('Milliseconds'), 3) + zone + (bc ? ' BC' : '');
}

function arrayText(list, seen) {
  return '{' + list.map((v) => {
    if (v === null || v === undefined) return 'NULL';
    if (Array.isArray(v)) return arrayText(v, seen);
    if (ArrayBuffer.isView(v)) return '"\\\\x' + Buffer.from(v.buffer, v.byteOffset, v.byteLength).toString('hex') + '"';
    return '"' + String(value(v, seen)).replace(/\\/g, '\\\\').replace(/"/g, '\\"') + '"';
  }).join(',') + '}';
}

function value(v, seen) {
  if (v === null || v === undefined) return null;
  if (typeof v !== 'object') return String(v);
  if (ArrayBuffer.isView(v)) return new Uint8Array(v.buffer, v.byteOffset, v.byteLength);
  if (v instanceof ArrayBuffer) return new Uint8Array(v);
  if (v instanceof Date) return date(v, value.utc);
  if (Array.isArray(v)) return arrayText(v, seen);
  if (typeof v.toPostgres === 'function') {
    seen = seen || [];
    if (seen.includes(v)) throw new Error('circular reference detected while preparing "' + v + '" for query');
    return value(v.toPostgres(value), seen.concat([v]));
  }
  return JSON.stringify(v);
}
value.utc = false;

const escapeIdentifier = (s) => '"' + String(s).replace(/"/g, '""') + '"';
function escapeLiteral(s) {
  if (s === null || s === undefined) return "''";
  s = String(s);
  const back = s.includes('\\');
  return (back ? " E'" : "'") + s.replace(/'/g, "''").replace(/\\/g, '\\\\') + "'";
}
module.exports = { value, escapeIdentifier, escapeLiteral };
