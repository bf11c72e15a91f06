'use strict';
// sqlstring: values and names as SQL text, the way mysql and mysql2 write them.
const marks = { '\0': '\\0', '\b': '\\b', '\t': '\\t', '\n': '\\n', '\r': '\\r', '\x1a': '\\Z', '"': '\\"', "'": "\\'", '\\': '\\\\' };
const quote = (s) => "'" + s.replace(/[\0\b\t\n\r\x1a"'\\]/g, (c) => marks[c]) + "'"; // eslint-disable-line no-control-regex
const pad = (n, width) => String(n).padStart(width, '0');

function escapeId(name, forbidQualified) {
  if (Array.isArray(name)) return name.map((n) => escapeId(n, forbidQualified)).join(', ');
  const s = '`' + String(name).replace(/`/g, '``') + '`';
  return forbidQualified ? s : s.replace(/\./g, '`.`');
}

function zoneMinutes(zone) {
  if (zone === 'Z') return 0;
  const m = /^([+\-\s])(\d\d):?(\d\d)?$/.exec(zone);
  return m ? (m[1] === '-' ? -1 : 1) * (+m[2] * 60 + (+m[3] || 0)) : null;
}

function dateToString(date, zone) {
  const d = new Date(date);
  if (isNaN(d.getTime())) return 'NULL';
  const parts = (get, t) => pad(t[get + 'FullYear'](), 4) + '-' + pad(t[get + 'Month']() + 1, 2) + '-' + pad(t[get + 'Date'](), 2) + ' ' + pad(t[get + 'Hours'](), 2) +
    ':' + pad(t[get + 'Minutes'](), 2) + ':' + pad(t[get + 'Seconds'](), 2) + '.' + pad(t[get + 'Milliseconds'](), 3);
  if (zone === undefined || zone === null || zone === 'local') return quote(parts('get', d));
  const minutes = zoneMinutes(zone);
  if (minutes) d.setTime(d.getTime() + minutes * 60000);
  return quote(parts('getUTC', d));
}

const arrayToList = (list, zone) => list.map((v) => (Array.isArray(v) ? '(' + arrayToList(v, zone) + ')' : escape(v, true, zone))).join(', ');

function objectToValues(o, zone) {
  const out = [];
  for (const k in o) if (typeof o[k] !== 'function') out.push(escapeId(k) + ' = ' + escape(o[k], true, zone));
  return out.join(', ');
}

function escape(v, stringifyObjects, zone) {
  if (v === undefined || v === null) return 'NULL';
  switch (typeof v) {
    case 'boolean': return v ? 'true' : 'false';
    case 'number': case 'bigint': return v + '';
    case 'object':
      if (v instanceof Date || Object.prototype.toString.call(v) === '[object Date]') return dateToString(v, zone || 'local');
      if (Array.isArray(v)) return arrayToList(v, zone);
      if (ArrayBuffer.isView(v)) return "X'" + Buffer.from(v.buffer, v.byteOffset, v.byteLength).toString('hex') + "'";
      if (typeof v.toSqlString === 'function') return String(v.toSqlString());
      if (stringifyObjects) return quote(String(v));
      return objectToValues(v, zone);
    default: return quote(String(v));
  }
}

function format(sql, values, stringifyObjects, zone) {
  if (sql === undefined || sql === null || values === undefined || values === null) return sql;
  if (!Array.isArray(values)) values = [values];
  let i = 0;
  return String(sql).replace(/\?+/g, (mark) => {
    if (mark.length > 2 || i >= values.length) return mark;
    return mark.length === 2 ? escapeId(values[i++]) : escape(values[i++], stringifyObjects, zone);
  });
}

function raw(sql) {
  if (typeof sql !== 'string') throw new TypeError('argument sql must be a string');
  return { toSqlString: () => sql };
}
module.exports = { escape, escapeId, format, raw, arrayToList, dateToString, objectToValues, bufferToString: (b) => escape(b) };
