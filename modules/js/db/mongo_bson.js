'use strict';
// BSON ("BSON Specification" 1.1): the types of the original, and documents to and
// from bytes.
const { randomBytes } = require('crypto');

const hidden = (o, k, v) => Object.defineProperty(o, k, { value: v, writable: true, configurable: true, enumerable: false });
const kind = (c, name) => Object.defineProperty(c.prototype, '_bsontype', { value: name, configurable: true });
const inspect = Symbol.for('nodejs.util.inspect.custom');
const fail = (text) => { throw Object.assign(new Error(text), { name: 'BSONError' }); };

let counter = randomBytes(3).readUIntBE(0, 3);
const machine = randomBytes(5);

class ObjectId {
  constructor(id) {
    let b;
    if (id === undefined || id === null || typeof id === 'number') {
      b = Buffer.alloc(12);
      b.writeUInt32BE((typeof id === 'number' ? id : Math.floor(Date.now() / 1000)) >>> 0, 0);
      machine.copy(b, 4);
      counter = (counter + 1) & 0xffffff;
      b.writeUIntBE(counter, 9, 3);
    } else if (id instanceof ObjectId) b = Buffer.from(id.id);
    else if (typeof id === 'string' && /^[0-9a-fA-F]{24}$/.test(id)) b = Buffer.from(id, 'hex');
    else if (typeof id === 'string' && Buffer.byteLength(id) === 12) b = Buffer.from(id);
    else if (ArrayBuffer.isView(id) && id.byteLength === 12) b = Buffer.from(Buffer.from(id.buffer, id.byteOffset, 12));
    else if (id && typeof id.toHexString === 'function') b = Buffer.from(id.toHexString(), 'hex');
    else if (id && id.id) return new ObjectId(id.id);
    else throw Object.assign(new Error('Argument passed in must be a single String of 12 bytes or a string of 24 hex characters'), { name: 'BSONError' });
    hidden(this, 'id', b);
  }
  toHexString() { return this.id.toString('hex'); }
  toString(format) { return format ? this.id.toString(format) : this.toHexString(); }
  toJSON() { return this.toHexString(); }
  [inspect]() { return `new ObjectId("${this.toHexString()}")`; }
  equals(other) {
    if (other === undefined || other === null) return false;
    if (other instanceof ObjectId || typeof other === 'object' && other._bsontype === this._bsontype && other.id) return Buffer.compare(Buffer.from(other.id), this.id) === 0;
    if (typeof other === 'string') return other.toLowerCase() === this.toHexString();
    return typeof other.toHexString === 'function' && other.toHexString() === this.toHexString();
  }
  getTimestamp() { return new Date(this.id.readUInt32BE(0) * 1000); }
  get generationTime() { return this.id.readUInt32BE(0); }
  static generate(time) { return new ObjectId(typeof time === 'number' ? time : undefined).id; }
  static createPk() { return new ObjectId(); }
  static createFromTime(seconds) { const b = Buffer.alloc(12); b.writeUInt32BE(seconds >>> 0, 0); return new ObjectId(b); }
  static createFromHexString(hex) {
    if (typeof hex !== 'string' || !/^[0-9a-fA-F]{24}$/.test(hex)) throw Object.assign(new Error('Argument passed in must be a single String of 12 bytes or a string of 24 hex characters'), { name: 'BSONError' });
    return new ObjectId(hex);
  }
  static isValid(id) {
    if (id === undefined || id === null) return false;
    try { new ObjectId(id); return true; } catch (err) { return false; }
  }
}
kind(ObjectId, 'ObjectID');

const two32 = 4294967296;
// A Long is a whole number of 64 bits.
class Long {
  constructor(low, high, unsigned) {
    if (typeof low === 'bigint' || typeof low === 'string') { const v = BigInt.asIntN(64, BigInt(low)); low = Number(BigInt.asIntN(32, v)); high = Number(v >> 32n); }
    this.low = low | 0;
    this.high = high | 0;
    this.unsigned = !!unsigned;
  }
  static fromBits(low, high, unsigned) { return new Long(low, high, unsigned); }
  static fromBigInt(v, unsigned) { v = BigInt.asIntN(64, v); return new Long(Number(BigInt.asIntN(32, v)), Number(v >> 32n), unsigned); }
  static fromNumber(v, unsigned) { return Long.fromBigInt(BigInt(Number.isFinite(v) ? Math.trunc(v) : 0), unsigned); }
  static fromInt(v, unsigned) { return Long.fromNumber(v | 0, unsigned); }
  static fromString(text, unsigned, radix) {
    if (typeof unsigned === 'number') { radix = unsigned; unsigned = false; }
    if (!radix || radix === 10) return Long.fromBigInt(BigInt(text), unsigned);
    let v = 0n;
    for (const c of String(text).replace('-', '')) v = v * BigInt(radix) + BigInt(parseInt(c, radix));
    return Long.fromBigInt(text[0] === '-' ? -v : v, unsigned);
  }
  static fromValue(v) { return v instanceof Long ? v : typeof v === 'string' ? Long.fromString(v) : typeof v === 'bigint' ? Long.fromBigInt(v) : typeof v === 'number' ? Long.fromNumber(v) : new Long(v.low, v.high, v.unsigned); }
  static isLong(v) { return !!v && v._bsontype === 'Long'; }
  toBigInt() { const v = (BigInt(this.high) << 32n) | BigInt(this.low >>> 0); return this.unsigned ? BigInt.asUintN(64, v) : BigInt.asIntN(64, v); }
  toNumber() { return (this.unsigned ? this.high >>> 0 : this.high) * two32 + (this.low >>> 0); }
  toInt() { return this.unsigned ? this.low >>> 0 : this.low; }
  toString(radix) { return this.toBigInt().toString(radix || 10); }
  toJSON() { return { low: this.low, high: this.high, unsigned: this.unsigned }; }
  [inspect]() { return `new Long("${this}")`; }
  isZero() { return this.low === 0 && this.high === 0; }
  isNegative() { return !this.unsigned && this.high < 0; }
  equals(o) { return this.toBigInt() === Long.fromValue(o).toBigInt(); }
  compare(o) { const a = this.toBigInt(), b = Long.fromValue(o).toBigInt(); return a < b ? -1 : a > b ? 1 : 0; }
  negate() { return Long.fromBigInt(-this.toBigInt(), this.unsigned); }
}
// Operations, under their names; loops over pairs would cost a realm more than these.
const calculates = (f, name, other) => {
  Long.prototype[name] = function op(o) { return Long.fromBigInt(f(this.toBigInt(), Long.fromValue(o).toBigInt()), this.unsigned); };
  if (other) Long.prototype[other] = Long.prototype[name];
};
const compares = (f, name, other) => {
  Long.prototype[name] = function op(o) { return f(this.compare(o)); };
  if (other) Long.prototype[other] = Long.prototype[name];
};
calculates((a, b) => a + b, 'add');
calculates((a, b) => a - b, 'subtract', 'sub');
calculates((a, b) => a * b, 'multiply', 'mul');
calculates((a, b) => a / b, 'divide', 'div');
calculates((a, b) => a % b, 'modulo', 'mod');
calculates((a, b) => a & b, 'and');
calculates((a, b) => a | b, 'or');
calculates((a, b) => a ^ b, 'xor');
compares((n) => n < 0, 'lessThan', 'lt');
compares((n) => n <= 0, 'lessThanOrEqual', 'lte');
compares((n) => n > 0, 'greaterThan', 'gt');
compares((n) => n >= 0, 'greaterThanOrEqual', 'gte');
compares((n) => n === 0, 'eq');
compares((n) => n !== 0, 'notEquals', 'neq');
kind(Long, 'Long');
Object.assign(Long, { ZERO: new Long(0, 0), ONE: new Long(1, 0), MAX_VALUE: new Long(-1, 0x7fffffff), MIN_VALUE: new Long(0, -0x80000000) });

class Timestamp extends Long {
  constructor(low, high) {
    if (low && typeof low === 'object') super('t' in low ? low.i : low.low, 't' in low ? low.t : low.high, true); else super(low, high, true);
  }
  getLowBits() { return this.low; }
  getHighBits() { return this.high; }
  toJSON() { return { $timestamp: this.toString() }; }
}
kind(Timestamp, 'Timestamp');

class Wrapped {
  constructor(value) { this.value = value instanceof Number ? value.valueOf() : value; }
  valueOf() { return this.value; }
  toJSON() { return this.value; }
  toString(radix) { return String(radix ? this.value.toString(radix) : this.value); }
}
class Double extends Wrapped { constructor(v) { super(Number(v)); } }
class Int32 extends Wrapped { constructor(v) { super(Number(v) | 0); } }
class BSONSymbol extends Wrapped {}
kind(Double, 'Double');
kind(Int32, 'Int32');
kind(BSONSymbol, 'Symbol');
class MinKey {}
class MaxKey {}
kind(MinKey, 'MinKey');
kind(MaxKey, 'MaxKey');
class BSONRegExp { constructor(pattern, options) { this.pattern = pattern || ''; this.options = (options || '').split('').sort().join(''); } }
kind(BSONRegExp, 'BSONRegExp');
class Code {
  constructor(code, scope) { this.code = code; if (scope) this.scope = scope; }
  toJSON() { return this.scope ? { code: String(this.code), scope: this.scope } : { code: String(this.code) }; }
}
kind(Code, 'Code');
class DBRef {
  constructor(collection, oid, db, fields) { this.collection = this.namespace = collection; this.oid = oid; this.db = db; this.fields = fields || {}; }
  toJSON() { return Object.assign({ $ref: this.collection, $id: this.oid }, this.db ? { $db: this.db } : {}, this.fields); }
}
kind(DBRef, 'DBRef');

class Binary {
  constructor(value, subtype) {
    this.sub_type = subtype === undefined || subtype === null ? 0 : subtype;
    this.buffer = value === undefined || value === null ? Buffer.alloc(0) : typeof value === 'string' ? Buffer.from(value, 'binary') : Buffer.from(value);
    this.position = this.buffer.length;
  }
  value(raw) { return raw ? this.buffer : this.buffer.toString('binary'); }
  length() { return this.position; }
  read(at, n) { return this.buffer.subarray(at, at + (n || this.position)); }
  toString(format) { return this.buffer.toString(format); }
  toJSON() { return this.buffer.toString('base64'); }
  toUUID() { return new UUID(this.buffer); }
}
kind(Binary, 'Binary');
Object.assign(Binary, { SUBTYPE_DEFAULT: 0, SUBTYPE_FUNCTION: 1, SUBTYPE_BYTE_ARRAY: 2, SUBTYPE_UUID_OLD: 3, SUBTYPE_UUID: 4, SUBTYPE_MD5: 5, SUBTYPE_USER_DEFINED: 128 });
class UUID extends Binary {
  constructor(v) {
    super(v === undefined || v === null ? UUID.generate() : typeof v === 'string' ? Buffer.from(v.replace(/-/g, ''), 'hex') : v instanceof Binary ? v.buffer : v, 4);
    if (this.buffer.length !== 16) fail('a UUID has 16 bytes');
  }
  toHexString(dashes) { const h = this.buffer.toString('hex'); return dashes === false ? h : h.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5'); }
  toString(format) { return format ? this.buffer.toString(format) : this.toHexString(); }
  toJSON() { return this.toHexString(); }
  toBinary() { return new Binary(this.buffer, 4); }
  equals(o) { try { return new UUID(o).toHexString() === this.toHexString(); } catch (err) { return false; } }
  static generate() { const b = randomBytes(16); b[6] = b[6] & 15 | 64; b[8] = b[8] & 63 | 128; return b; }
  static isValid(v) { return v instanceof UUID || typeof v === 'string' && /^[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}$/i.test(v); }
}

// A Decimal128 is a decimal number of IEEE 754-2008 in 16 bytes (binary integer
// decimal), least byte first.
class Decimal128 {
  constructor(bytes) { this.bytes = typeof bytes === 'string' ? Decimal128.fromString(bytes).bytes : Buffer.from(bytes); }
  static fromString(text) {
    const m = /^([+-])?(?:(\d*)(?:\.(\d*))?(?:e([+-]?\d+))?|(inf(?:inity)?)|(nan))$/i.exec(String(text).trim());
    if (!m || m[2] === '' && !m[3]) fail(`"${text}" is not a valid Decimal128 string`);
    const sign = m[1] === '-' ? 1n << 127n : 0n;
    let bits;
    if (m[5]) bits = sign | 0x78n << 120n;
    else if (m[6]) bits = 0x7cn << 120n;
    else {
      let digits = ((m[2] || '') + (m[3] || '')).replace(/^0+/, ''), exponent = Number(m[4] || 0) - (m[3] || '').length;
      while (digits.length > 34 && digits.endsWith('0')) { digits = digits.slice(0, -1); exponent++; }
      while (exponent > 6111 && digits.length < 34) { digits += '0'; exponent--; if (digits === '0') { digits = ''; exponent = 6111; } }
      while (exponent < -6176 && digits.endsWith('0')) { digits = digits.slice(0, -1); exponent++; }
      if (digits.length > 34 || digits && (exponent > 6111 || exponent < -6176)) fail(`"${text}" is not a valid Decimal128 string - inexact rounding`);
      exponent = Math.max(-6176, Math.min(6111, exponent));
      bits = sign | BigInt(exponent + 6176) << 113n | BigInt(digits || '0');
    }
    const b = Buffer.alloc(16);
    b.writeBigUInt64LE(bits & 0xffffffffffffffffn, 0);
    b.writeBigUInt64LE(bits >> 64n, 8);
    return new Decimal128(b);
  }
  toString() {
    const bits = this.bytes.readBigUInt64LE(8) << 64n | this.bytes.readBigUInt64LE(0);
    const sign = bits >> 127n ? '-' : '', top = Number(bits >> 122n & 31n);
    if (top === 30) return sign + 'Infinity';
    if (top === 31) return 'NaN';
    let exponent, digits;
    if (top >= 24) { exponent = Number(bits >> 111n & 0x3fffn) - 6176; digits = '0'; } else { exponent = Number(bits >> 113n & 0x3fffn) - 6176; digits = (bits & (1n << 113n) - 1n).toString(); }
    if (digits.length > 34) digits = '0';
    const scientific = exponent + digits.length - 1;
    if (exponent > 0 || scientific < -6) return sign + digits[0] + (digits.length > 1 ? '.' + digits.slice(1) : '') + 'E' + (scientific >= 0 ? '+' : '') + scientific;
    if (exponent === 0) return sign + digits;
    if (digits.length > -exponent) return sign + digits.slice(0, exponent) + '.' + digits.slice(exponent);
    return sign + '0.' + '0'.repeat(-exponent - digits.length) + digits;
  }
  toJSON() { return { $numberDecimal: this.toString() }; }
  [inspect]() { return `new Decimal128("${this}")`; }
}
kind(Decimal128, 'Decimal128');

const maxDepth = 100; // as the server has it
const maxSize = 17 << 20;

// serialize returns the bytes of a document. Functions are left out; so is what is
// undefined, unless options.ignoreUndefined is false, when it is null.
function serialize(doc, options) {
  const o = options || {};
  let b = Buffer.allocUnsafe(256), at = 0;
  const room = (n) => {
    if (at + n <= b.length) return;
    if (at + n > maxSize) fail(`a document is larger than ${maxSize >> 20} MiB`);
    const next = Buffer.allocUnsafe(Math.max(b.length * 2, at + n));
    b.copy(next, 0, 0, at);
    b = next;
  };
  const byte = (v) => { room(1); b[at++] = v; };
  const int = (v) => { room(4); b.writeInt32LE(v, at); at += 4; };
  const double = (v) => { room(8); b.writeDoubleLE(v, at); at += 8; };
  const cstring = (v, what) => {
    if (v.indexOf('\0') >= 0) fail(`${what} ${JSON.stringify(v)} must not contain null bytes`);
    const n = Buffer.byteLength(v);
    room(n + 1);
    b.write(v, at);
    at += n;
    b[at++] = 0;
  };
  const string = (v) => { const n = Buffer.byteLength(v); room(n + 5); b.writeInt32LE(n + 1, at); b.write(v, at + 4); at += n + 4; b[at++] = 0; };
  const bytes = (v) => { room(v.length); Buffer.from(v.buffer, v.byteOffset, v.byteLength).copy(b, at); at += v.length; };
  const head = (type, key) => { byte(type); cstring(key, 'key'); };
  const seen = [];
  const document = (v, isArray, depth) => {
    if (depth > maxDepth) fail(`a document is nested more than ${maxDepth} deep`);
    if (seen.indexOf(v) >= 0) fail('cyclic dependency detected');
    seen.push(v);
    const start = at;
    int(0);
    if (isArray) for (let i = 0; i < v.length; i++) element(String(i), v[i], true, depth);
    else if (v instanceof Map) v.forEach((x, k) => element(String(k), x, false, depth));
    else for (const k of Object.keys(v)) element(k, v[k], false, depth);
    byte(0);
    b.writeInt32LE(at - start, start);
    seen.pop();
  };
  const special = {
    ObjectID: (k, v) => { head(7, k); const id = v.id; bytes(Buffer.isBuffer(id) ? id : Buffer.from(id, typeof id === 'string' && id.length === 24 ? 'hex' : 'binary')); },
    Long: (k, v) => { head(18, k); int(v.low); int(v.high); },
    Timestamp: (k, v) => { head(17, k); int(v.low); int(v.high); },
    Double: (k, v) => { head(1, k); double(Number(v.value)); },
    Int32: (k, v) => { head(16, k); int(v.value | 0); },
    Symbol: (k, v) => { head(14, k); string(String(v.value)); },
    MinKey: (k) => head(255, k), MaxKey: (k) => head(127, k),
    Decimal128: (k, v) => { head(19, k); bytes(v.bytes); },
    Binary: (k, v) => {
      const raw = v.buffer.subarray(0, v.position);
      head(5, k);
      if (v.sub_type === 2) { int(raw.length + 4); byte(2); int(raw.length); } else { int(raw.length); byte(v.sub_type); }
      bytes(raw);
    },
    BSONRegExp: (k, v) => { head(11, k); cstring(v.pattern, 'pattern'); cstring(v.options, 'options'); },
    Code: (k, v, depth) => {
      const text = String(v.code);
      if (!v.scope) { head(13, k); string(text); return; }
      head(15, k);
      const start = at;
      int(0);
      string(text);
      document(v.scope, false, depth + 1);
      b.writeInt32LE(at - start, start);
    },
    DBRef: (k, v, depth) => { head(3, k); document(Object.assign({ $ref: v.collection, $id: v.oid }, v.db ? { $db: v.db } : {}, v.fields), false, depth + 1); },
  };
  special.ObjectId = special.ObjectID;
  special.Int64 = special.Long;
  const element = (k, v, inArray, depth) => {
    if (v !== null && typeof v === 'object' && typeof v.toBSON === 'function') v = v.toBSON();
    switch (typeof v) {
      case 'string': head(2, k); string(v); return;
      case 'number':
        if (Number.isInteger(v) && v >= -2147483648 && v <= 2147483647 && !Object.is(v, -0)) { head(16, k); int(v); } else { head(1, k); double(v); }
        return;
      case 'boolean': head(8, k); byte(v ? 1 : 0); return;
      case 'bigint': special.Long(k, Long.fromBigInt(v)); return;
      case 'undefined': if (inArray || o.ignoreUndefined === false) head(10, k); return;
      case 'function': if (inArray) head(10, k); return;
      case 'symbol': fail(`a symbol at ${k} has no place in a document`);
    }
    if (v === null) { head(10, k); return; }
    if (Array.isArray(v)) { head(4, k); document(v, true, depth + 1); return; }
    if (v instanceof Date) { head(9, k); const t = v.getTime(); const l = Long.fromNumber(t); int(l.low); int(l.high); return; }
    if (v instanceof RegExp) {
      head(11, k);
      cstring(v.source, 'pattern');
      cstring((v.ignoreCase ? 'i' : '') + (v.multiline ? 'm' : '') + (v.global ? 's' : ''), 'options');
      return;
    }
    if (v instanceof Uint8Array) { head(5, k); int(v.length); byte(0); bytes(v); return; }
    if (v instanceof String) { head(2, k); string(v.valueOf()); return; }
    if (v instanceof Number || v instanceof Boolean) { element(k, v.valueOf(), inArray, depth); return; }
    const t = v._bsontype;
    if (t !== undefined) {
      const f = special[t];
      if (!f) fail(`Unrecognized or invalid _bsontype: ${String(t)}`);
      f(k, v, depth);
      return;
    }
    head(3, k);
    document(v, false, depth + 1);
  };
  if (doc === null || typeof doc !== 'object' || Array.isArray(doc)) fail('a document is a plain object');
  document(doc, false, 0);
  return b.subarray(0, at);
}

// deserialize reads a document. Options: promoteLongs, promoteValues,
// promoteBuffers, bsonRegExp, useBigInt64.
function deserialize(buffer, options) {
  const o = options || {};
  const b = Buffer.from(buffer.buffer, buffer.byteOffset, buffer.byteLength);
  let at = 0;
  const bad = () => fail('corrupt BSON: a document makes no sense');
  const need = (n, end) => { if (n < 0 || at + n > end) bad(); };
  const int = (end) => { need(4, end); at += 4; return b.readInt32LE(at - 4); };
  const cstring = (end) => {
    let z = b.indexOf(0, at);
    if (z < 0 || z >= end) bad();
    const s = b.toString('utf8', at, z);
    at = z + 1;
    return s;
  };
  const string = (end) => {
    const n = int(end);
    need(n, end);
    if (n < 1 || b[at + n - 1] !== 0) bad();
    const s = b.toString('utf8', at, at + n - 1);
    at += n;
    return s;
  };
  const document = (limit, isArray, depth) => {
    const start = at, n = int(limit), end = start + n - 1;
    if (n < 5 || start + n > limit || b[end] !== 0 || depth > 2 * maxDepth) bad();
    const out = isArray ? [] : {};
    let ref = false;
    while (at < end) {
      const type = b[at++], k = cstring(end), v = value(type, end, depth);
      if (isArray) out.push(v);
      else if (k === '__proto__') Object.defineProperty(out, k, { value: v, enumerable: true, writable: true, configurable: true });
      else { out[k] = v; if (k === '$ref') ref = true; }
    }
    if (at !== end) bad();
    at++;
    if (ref && typeof out.$ref === 'string' && '$id' in out) {
      const fields = Object.assign({}, out);
      for (const k of ['$ref', '$id', '$db']) delete fields[k];
      return new DBRef(out.$ref, out.$id, out.$db, fields);
    }
    return out;
  };
  const long = (C, end) => { const low = int(end), high = int(end); return new C(low, high); };
  const value = (type, end, depth) => {
    switch (type) {
      case 1: { need(8, end); at += 8; const v = b.readDoubleLE(at - 8); return o.promoteValues === false ? new Double(v) : v; }
      case 2: return string(end);
      case 3: return document(end, false, depth + 1);
      case 4: return document(end, true, depth + 1);
      case 5: {
        let n = int(end);
        need(n + 1, end);
        const sub = b[at++];
        const stop = at + n;
        if (sub === 2) { if (n < 4 || int(end) !== n - 4) bad(); n -= 4; }
        const raw = Buffer.from(b.subarray(at, at + n));
        at = stop;
        if (o.promoteBuffers && o.promoteValues !== false) return raw;
        return sub === 4 && n === 16 && o.uuid ? new UUID(raw) : new Binary(raw, sub);
      }
      case 6: return undefined;
      case 7: { need(12, end); at += 12; return new (o.ObjectId || ObjectId)(b.subarray(at - 12, at)); }
      case 8: { need(1, end); return b[at++] !== 0; }
      case 9: { const l = long(Long, end); return new Date(l.toNumber()); }
      case 10: return null;
      case 11: {
        const pattern = cstring(end), flags = cstring(end);
        if (o.bsonRegExp) return new BSONRegExp(pattern, flags);
        try { return new RegExp(pattern, flags.replace(/[^ims]/g, '').replace('s', 'g')); } catch (err) { return new BSONRegExp(pattern, flags); }
      }
      case 13: return new Code(string(end));
      case 14: { const s = string(end); return o.promoteValues === false ? new BSONSymbol(s) : s; }
      case 15: { int(end); const code = string(end); return new Code(code, document(end, false, depth + 1)); }
      case 16: { const v = int(end); return o.promoteValues === false ? new Int32(v) : v; }
      case 17: return long(Timestamp, end);
      case 18: {
        const l = long(Long, end);
        if (o.useBigInt64) return l.toBigInt();
        if (o.promoteLongs === false || o.promoteValues === false) return l;
        const n = l.toNumber();
        return Number.isSafeInteger(n) ? n : l;
      }
      case 19: { need(16, end); at += 16; return new Decimal128(b.subarray(at - 16, at)); }
      case 12: { const ns = string(end); need(12, end); at += 12; return new DBRef(ns, new ObjectId(b.subarray(at - 12, at))); }
      case 127: return new MaxKey();
      case 255: return new MinKey();
    }
    return bad();
  };
  const out = document(b.length, false, 0);
  if (at !== b.length) bad();
  return out;
}

module.exports = { ObjectId, ObjectID: ObjectId, Long, Timestamp, Double, Int32, BSONSymbol, Symbol: BSONSymbol, MinKey, MaxKey, BSONRegExp, Code, DBRef, Binary, UUID, Decimal128, serialize, deserialize };
