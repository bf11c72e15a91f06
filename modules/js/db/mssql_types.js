'use strict';
// The types of SQL Server: what a parameter is declared as, and sent as.
const known = (v) => v !== null && v !== undefined;
const bounded = (name, max, unicode) => (p) => {
  const size = known(p.length) ? p.length : known(p.value) ? Math.max(p.value.length, 1) : max;
  return size === Infinity || size > max ? `${name}(max)` : `${name}(${known(p.length) ? p.length : unicode || name === 'varchar' || name === 'varbinary' ? max : size})`;
};
const scaled = (name) => (p) => `${name}(${known(p.scale) ? p.scale : 7})`;
const plain = (name) => () => name;
const string = (v) => (typeof v === 'string' ? v : typeof v.toString === 'function' ? v.toString() : String(v));
const number = (v) => { if (typeof v === 'boolean') return Number(v); const n = typeof v === 'number' ? v : Number(v); if (Number.isNaN(n)) throw new TypeError('Invalid number.'); return n; };
const whole = (v) => { if (typeof v === 'bigint') return String(v); if (typeof v === 'string' && /^-?\d+$/.test(v.trim())) return v.trim(); return number(v); };
const decimal = (v) => (typeof v === 'string' && /^-?\d*\.?\d+$/.test(v.trim()) ? v.trim() : typeof v === 'bigint' ? String(v) : number(v));
const date = (v) => { const d = v instanceof Date ? v : new Date(typeof v === 'number' ? v : Date.parse(v)); if (Number.isNaN(d.getTime())) throw new TypeError('Invalid date.'); return d; };
const buffer = (v) => { if (!ArrayBuffer.isView(v)) throw new TypeError('Invalid buffer.'); return v; };

// name: [number, declaration, as what it is sent, what its value is made of]
const list = {
  Null: [0x1f, plain('null'), 'text', string], TinyInt: [0x30, plain('tinyint'), 'tinyint', whole], Bit: [0x32, plain('bit'), 'bit', (v) => !!v], SmallInt: [0x34, plain('smallint'), 'smallint', whole],
  Int: [0x38, plain('int'), 'int', whole], SmallDateTime: [0x3a, plain('smalldatetime'), 'smalldatetime', date], Real: [0x3b, plain('real'), 'real', number], Money: [0x3c, plain('money'), 'money', decimal],
  DateTime: [0x3d, plain('datetime'), 'datetime', date], Float: [0x3e, plain('float'), 'float', number], Decimal: [0x37, (p) => `decimal(${known(p.precision) ? p.precision : 18}, ${known(p.scale) ? p.scale : 0})`, 'decimal', decimal],
  Numeric: [0x3f, (p) => `numeric(${known(p.precision) ? p.precision : 18}, ${known(p.scale) ? p.scale : 0})`, 'decimal', decimal], SmallMoney: [0x7a, plain('smallmoney'), 'money', decimal], BigInt: [0x7f, plain('bigint'), 'bigint', whole],
  Image: [0x22, plain('image'), 'binary', buffer], Text: [0x23, plain('text'), 'text', string], UniqueIdentifier: [0x24, plain('uniqueidentifier'), 'uniqueidentifier', string], NText: [0x63, plain('ntext'), 'text', string],
  VarBinary: [0xa5, bounded('varbinary', 8000), 'binary', buffer], VarChar: [0xa7, bounded('varchar', 8000), 'text', string], Binary: [0xad, bounded('binary', 8000), 'binary', buffer], Char: [0xaf, bounded('char', 8000), 'text', string],
  NVarChar: [0xe7, bounded('nvarchar', 4000, true), 'text', string], NChar: [0xef, bounded('nchar', 4000, true), 'text', string], Xml: [0xf1, plain('xml'), 'text', string], Time: [0x29, scaled('time'), 'time', date], Date: [0x28, plain('date'), 'date', date],
  DateTime2: [0x2a, scaled('datetime2'), 'datetime2', date], DateTimeOffset: [0x2b, scaled('datetimeoffset'), 'datetimeoffset', date], UDT: [0xf0, plain('udt'), 'binary', buffer], TVP: [0xf3, plain('tvp'), '', string], Variant: [0x62, plain('sql_variant'), '', string],
};
const TYPES = {};
Object.keys(list).forEach((name) => {
  const row = list[name], t = { id: row[0], type: name.toUpperCase(), name, declaration: row[1] };
  Object.defineProperty(t, 'wire', { value: row[2] });
  Object.defineProperty(t, 'convert', { value: row[3] });
  TYPES[name] = t;
});
// What the numbers of columns are called.
const byNumber = { 0x26: 'IntN', 0x68: 'BitN', 0x6d: 'FloatN', 0x6e: 'MoneyN', 0x6f: 'DateTimeN', 0x6a: 'DecimalN', 0x6c: 'NumericN', 0x24: 'UniqueIdentifier' };
const typeOf = (id) => { const n = byNumber[id]; if (n && !TYPES[n]) return { id, type: n === 'UniqueIdentifier' ? 'GUIDN' : n.toUpperCase(), name: n }; return Object.values(TYPES).find((t) => t.id === id) || { id, type: 'UNKNOWN', name: 'Unknown' }; };

// sent gives what the host needs of a parameter. Times are written as UTC or as
// the local clock shows them.
function sent(p, utc) {
  const t = p.type;
  if (!t || !t.wire) throw Object.assign(new TypeError(`Validation failed for parameter '${p.name}'. Type ${t ? t.name : t} is not available here.`), { code: 'EPARAM' });
  let v = null;
  if (p.value !== null && p.value !== undefined) {
    try { v = t.convert(p.value); } catch (err) { throw Object.assign(new TypeError(`Validation failed for parameter '${p.name}'. ${err.message}`), { code: 'EPARAM' }); }
    if (t.convert === date && !utc && t.wire !== 'datetimeoffset') v = new Date(Date.UTC(v.getFullYear(), v.getMonth(), v.getDate(), v.getHours(), v.getMinutes(), v.getSeconds(), v.getMilliseconds()));
    if (known(p.length) && p.length !== Infinity && typeof v === 'string' && t.wire === 'text' && /Char/.test(t.name)) v = v.slice(0, p.length);
  }
  return ['@' + String(p.name).replace(/^@/, ''), t.wire, v, !!p.output, known(p.precision) ? p.precision : 18, known(p.scale) ? p.scale : t.wire === 'decimal' ? 0 : 7];
}

const declare = (parameters) => parameters.map((p) => `@${p.name} ${p.type.declaration(p)}${p.output ? ' OUTPUT' : ''}`).join(', ');
const fix = (v, utc, type) => {
  if (v instanceof Uint8Array && !Buffer.isBuffer(v)) return Buffer.from(v.buffer, v.byteOffset, v.byteLength);
  if (v instanceof Date && !utc && type !== 0x2b) return new Date(v.getUTCFullYear(), v.getUTCMonth(), v.getUTCDate(), v.getUTCHours(), v.getUTCMinutes(), v.getUTCSeconds(), v.getUTCMilliseconds());
  return v;
};
module.exports = { TYPES, typeOf, sent, declare, fix };
