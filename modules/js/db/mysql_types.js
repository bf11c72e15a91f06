'use strict';
// Values of columns, as mysql and mysql2 give them.
const T = {
  DECIMAL: 0, TINY: 1, SHORT: 2, LONG: 3, FLOAT: 4, DOUBLE: 5, NULL: 6, TIMESTAMP: 7, LONGLONG: 8, INT24: 9, DATE: 10, TIME: 11, DATETIME: 12,
  YEAR: 13, NEWDATE: 14, VARCHAR: 15, BIT: 16, TIMESTAMP2: 17, DATETIME2: 18, TIME2: 19, JSON: 245, NEWDECIMAL: 246, ENUM: 247, SET: 248,
  TINY_BLOB: 249, MEDIUM_BLOB: 250, LONG_BLOB: 251, BLOB: 252, VAR_STRING: 253, STRING: 254, GEOMETRY: 255,
};
const nameOf = (n) => Object.keys(T).find((k) => T[k] === n);
const zerofill = 64;
const buffer = (b) => Buffer.from(b.buffer, b.byteOffset, b.byteLength);

function parseDate(text, isDate, zone) {
  const m = /^(\d{4})-(\d\d)-(\d\d)(?: (\d\d):(\d\d):(\d\d)(\.\d+)?)?$/.exec(text);
  if (!m || +m[2] < 1 || +m[2] > 12 || +m[3] < 1) return null;
  const parts = [+m[1], m[2] - 1, +m[3], +(m[4] || 0), +(m[5] || 0), +(m[6] || 0), m[7] ? Math.floor(m[7] * 1000 + 1e-6) : 0];
  if (zone === 'local') return new Date(parts[0], parts[1], parts[2], parts[3], parts[4], parts[5], parts[6]);
  const z = /^([+-])(\d\d):?(\d\d)?$/.exec(zone);
  const minutes = z ? (z[1] === '-' ? -1 : 1) * (+z[2] * 60 + (+z[3] || 0)) : 0;
  return new Date(Date.UTC.apply(null, parts) - minutes * 60000);
}

// parseGeometry reads MySQL's form of WKB: points, and what is made of them.
function parseGeometry(b) {
  let at = 4;
  const view = new DataView(b.buffer, b.byteOffset, b.byteLength);
  const one = () => {
    const little = view.getUint8(at++) === 1;
    const u32 = () => { const n = view.getUint32(at, little); at += 4; return n; };
    const f64 = () => { const n = view.getFloat64(at, little); at += 8; return n; };
    const point = () => ({ x: f64(), y: f64() });
    const many = (f) => { const out = []; for (let n = u32(); n > 0; n--) out.push(f()); return out; };
    switch (u32()) {
      case 1: return point();
      case 2: return many(point);
      case 3: return many(() => many(point));
      case 4: case 5: case 6: case 7: return many(one);
      default: return null;
    }
  };
  try { return b.byteLength ? one() : null; } catch (err) { return null; }
}

function cast(f, v, o, two) {
  if (v === null) return null;
  const text = typeof v === 'string';
  switch (f.type) {
    case T.TIMESTAMP: case T.TIMESTAMP2: case T.DATE: case T.DATETIME: case T.DATETIME2: case T.NEWDATE:
      if (o.dateStrings === true || Array.isArray(o.dateStrings) && o.dateStrings.includes(nameOf(f.type))) return v;
      return parseDate(v, f.type === T.DATE, o.timezone) || (two ? new Date(NaN) : v);
    case T.TINY: case T.SHORT: case T.LONG: case T.INT24: case T.YEAR: case T.FLOAT: case T.DOUBLE:
      return !two && f.flags & zerofill && v[0] === '0' ? v : Number(v);
    case T.NEWDECIMAL: case T.DECIMAL:
      if (two) return o.decimalNumbers ? Number(v) : v;
      // falls through
    case T.LONGLONG: {
      if (!two && f.flags & zerofill && v[0] === '0') return v;
      const n = Number(v);
      return o.supportBigNumbers && (o.bigNumberStrings || n >= 9007199254740992 || n <= -9007199254740992) ? v : n;
    }
    case T.JSON: return two && text ? JSON.parse(v) : text ? v : buffer(v).toString();
    case T.GEOMETRY: return text ? v : parseGeometry(v);
    default: return text ? v : buffer(v);
  }
}

// caster returns what makes the value of one column; custom is a typeCast function.
function caster(f, o, typeCast, two, connection) {
  if (!typeCast) return (v) => (v === null || typeof v === 'string' ? v : buffer(v));
  if (typeof typeCast !== 'function') return (v) => cast(f, v, o, two);
  return (v) => {
    const field = {
      db: f.db, table: f.table, name: f.name, type: nameOf(f.type), length: f.length,
      string: () => (v === null || typeof v === 'string' ? v : buffer(v).toString()),
      buffer: () => (v === null ? null : typeof v === 'string' ? Buffer.from(v) : buffer(v)),
      geometry: () => (v === null || typeof v === 'string' ? null : parseGeometry(v)),
    };
    return typeCast.call(connection, field, () => cast(f, v, o, two));
  };
}
module.exports = { Types: T, caster };
