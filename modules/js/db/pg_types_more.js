'use strict';
// The text parsers of pg-types for types that are not read at a glance.
const parseBool = (v) => v === 't' || v === 'true' || v === 'y' || v === 'yes' || v === 'on' || v === '1';
const parseInt10 = (v) => parseInt(v, 10);
const parseJSON = JSON.parse;

const dateTime = /^(\d{1,})-(\d{2})-(\d{2})(?: (\d{2}):(\d{2}):(\d{2})(\.\d+)?)?(?:(Z)|([-+])(\d{2})(?::?(\d{2}))?(?::?(\d{2}))?)?( BC)?$/;
function parseDate(text) {
  const m = dateTime.exec(text);
  if (!m) return text === 'infinity' ? Infinity : text === '-infinity' ? -Infinity : null;
  const year = m[13] ? 1 - m[1] : +m[1];
  const parts = [year, m[2] - 1, +m[3], +(m[4] || 0), +(m[5] || 0), +(m[6] || 0), m[7] ? Math.floor(m[7] * 1000 + 1e-6) : 0];
  if (m[8] || m[9]) {
    const d = new Date(Date.UTC.apply(null, parts));
    if (year >= 0 && year < 100) d.setUTCFullYear(year);
    const offset = ((+m[10] || 0) * 3600 + (+m[11] || 0) * 60 + (+m[12] || 0)) * (m[9] === '-' ? -1 : 1);
    return offset ? new Date(d.getTime() - offset * 1000) : d;
  }
  const d = new Date(parts[0], parts[1], parts[2], parts[3], parts[4], parts[5], parts[6]);
  if (year >= 0 && year < 100) d.setFullYear(year);
  return d;
}

function parseBytea(text) {
  if (text.startsWith('\\x')) return Buffer.from(text.slice(2), 'hex');
  const out = [];
  for (let i = 0; i < text.length; i++) {
    if (text[i] !== '\\') out.push(text.charCodeAt(i));
    else if (text[i + 1] === '\\') { out.push(92); i++; } else { out.push(parseInt(text.slice(i + 1, i + 4), 8)); i += 3; }
  }
  return Buffer.from(out);
}

// parseArray reads {a,"b c",NULL,{nested}}; parse is for the elements.
function parseArray(text, parse, delimiter) {
  let at = text[0] === '[' ? text.indexOf('=') + 1 : 0;
  delimiter = delimiter || ',';
  const list = () => {
    const out = [];
    for (at++; at < text.length && text[at] !== '}';) {
      if (text[at] === delimiter) { at++; continue; }
      if (text[at] === '{') { out.push(list()); continue; }
      let s = '';
      if (text[at] === '"') {
        for (at++; at < text.length && text[at] !== '"'; at++) s += text[at] === '\\' ? text[++at] : text[at];
        at++;
        out.push(parse(s));
      } else {
        const from = at;
        while (at < text.length && text[at] !== delimiter && text[at] !== '}') at++;
        s = text.slice(from, at);
        out.push(s === 'NULL' ? null : parse(s));
      }
    }
    at++;
    return out;
  };
  return list();
}

const same = (v) => v;
const arrayOf = (parse, delimiter) => (text) => parseArray(text, parse, delimiter);
function parsePoint(text) {
  const m = /^\(([^,]+),([^)]+)\)$/.exec(text);
  return m ? { x: parseFloat(m[1]), y: parseFloat(m[2]) } : null;
}
function parseCircle(text) {
  const m = /^<(\([^)]*\)),([^>]+)>$/.exec(text);
  if (!m) return null;
  const p = parsePoint(m[1]);
  return { x: p.x, y: p.y, radius: parseFloat(m[2]) };
}

class PostgresInterval {
  constructor(text) {
    const m = /^(?:([+-]?\d+) years? ?)?(?:([+-]?\d+) mons? ?)?(?:([+-]?\d+) days? ?)?(?:([+-])?(\d+):(\d+):(\d+)(\.\d+)?)?/.exec(text || '') || [];
    const sign = m[4] === '-' ? -1 : 1;
    const put = (key, v) => { if (v) this[key] = v; };
    put('years', +m[1]); put('months', +m[2]); put('days', +m[3]);
    put('hours', sign * m[5]); put('minutes', sign * m[6]); put('seconds', sign * m[7]);
    put('milliseconds', m[8] ? sign * Math.round(m[8] * 1e6) / 1e3 : 0);
  }
  toPostgres() {
    const parts = [];
    let seconds = (this.seconds || 0) + (this.milliseconds || 0) / 1000;
    for (const k of ['years', 'months', 'days', 'hours', 'minutes']) if (this[k]) parts.push(this[k] + ' ' + k);
    if (seconds) parts.push(seconds.toFixed(6).replace(/\.?0+$/, '') + ' seconds');
    return parts.length ? parts.join(' ') : '0';
  }
}
const parseInterval = (text) => new PostgresInterval(text);

const numbers = {
  BOOL: 16, BYTEA: 17, CHAR: 18, INT8: 20, INT2: 21, INT4: 23, REGPROC: 24, TEXT: 25, OID: 26, TID: 27, XID: 28, CID: 29,
  JSON: 114, XML: 142, FLOAT4: 700, FLOAT8: 701, MONEY: 790, MACADDR: 829, INET: 869, CIDR: 650, BPCHAR: 1042, VARCHAR: 1043,
  DATE: 1082, TIME: 1083, TIMESTAMP: 1114, TIMESTAMPTZ: 1184, INTERVAL: 1186, TIMETZ: 1266, BIT: 1560, VARBIT: 1562,
  NUMERIC: 1700, UUID: 2950, JSONB: 3802, TSVECTOR: 3614, TSQUERY: 3615,
};

// builtin is the parser of a type, undefined if it has none.
function builtin(oid) {
  switch (oid) {
    case 17: return parseBytea;
    case 600: return parsePoint;
    case 718: return parseCircle;
    case 1082: case 1114: case 1184: return parseDate;
    case 1186: return parseInterval;
    case 199: case 3807: return arrayOf(parseJSON);
    case 1000: return arrayOf(parseBool);
    case 1001: return arrayOf(parseBytea);
    case 1005: case 1007: case 1028: return arrayOf(parseInt10);
    case 1017: return arrayOf(parsePoint);
    case 1021: case 1022: case 1231: return arrayOf(parseFloat);
    case 1115: case 1182: case 1185: return arrayOf(parseDate);
    case 1187: return arrayOf(parseInterval);
    case 651: case 791: case 1002: case 1003: case 1008: case 1009: case 1014: case 1015: case 1016: case 1040: case 1041: case 1183: case 1270:
    case 2951: case 3907: return arrayOf(same);
    default: return undefined;
  }
}
module.exports = { builtin, numbers, parseArray, arrayOf, PostgresInterval };
