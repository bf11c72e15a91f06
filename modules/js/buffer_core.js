// Buffer: what almost every use needs. The reading, writing and searching
// methods are in buffer_more.js and come when first touched, because each
// function costs every realm that makes it.
'use strict';
const { encode, decode, size } = native;
const { setPrototypeOf, defineProperty } = Object;
const errors = () => require('internal/errors');
const kMaxLength = 0x10000000;

const clamp = (i, length, missing) => {
  if (i === undefined) return missing;
  i = Math.trunc(+i) || 0;
  if (i < 0) return i + length > 0 ? i + length : 0;
  return i < length ? i : length;
};
class FastBuffer extends Uint8Array {
  toString(enc, start, end) {
    if (arguments.length === 0) return decode(this, 'utf8');
    const n = this.length;
    start = start > 0 ? Math.trunc(start) : 0;
    end = end === undefined || end > n ? n : Math.trunc(end) || 0;
    if (end <= start) return '';
    return text(start === 0 && end === n ? this : this.subarray(start, end), encodingOf(enc));
  }
  slice(start, end) {
    const n = this.length;
    const from = clamp(start, n, 0), to = clamp(end, n, n);
    return new FastBuffer(this.buffer, this.byteOffset + from, to > from ? to - from : 0);
  }
  equals(other) {
    if (!(other instanceof Uint8Array)) throw errors().invalidType('otherBuffer', 'an instance of Buffer or Uint8Array', other);
    return this === other || this.byteLength === other.byteLength && native.compare(this, other) === 0;
  }
  toJSON() { return { type: 'Buffer', data: Array.prototype.slice.call(this) }; }
}
const proto = FastBuffer.prototype;
const wrap = (bytes) => setPrototypeOf(bytes, proto);

const names = { __proto__: null, utf8: 'utf8', 'utf-8': 'utf8', hex: 'hex', base64: 'base64', base64url: 'base64url',
  latin1: 'latin1', binary: 'latin1', ascii: 'ascii', ucs2: 'utf16le', 'ucs-2': 'utf16le', utf16le: 'utf16le', 'utf-16le': 'utf16le' };
// known gives the canonical name of an encoding, undefined for others.
const known = (enc) => names[enc] || (typeof enc === 'string' ? names[enc.toLowerCase()] : undefined);
const encodingOf = (enc) => {
  if (enc === undefined || enc === null || enc === '') return 'utf8';
  const e = known(enc);
  if (e === undefined) throw errors().make(TypeError, 'ERR_UNKNOWN_ENCODING', `Unknown encoding: ${enc}`);
  return e;
};
const checkSize = (n) => {
  if (typeof n !== 'number') throw errors().invalidType('size', 'of type number', n);
  if (!(n >= 0 && n <= kMaxLength)) throw errors().outOfRange('size', `>= 0 && <= ${kMaxLength}`, n);
};

const bytesOf = (s, enc) => {
  // UTF-16 with unpaired halves does not survive the way to Go.
  if (enc === 'utf16le' && /[\uD800-\uDFFF]/.test(s)) {
    const b = new Uint8Array(s.length * 2);
    for (let i = 0; i < s.length; i++) {
      const c = s.charCodeAt(i);
      b[2 * i] = c;
      b[2 * i + 1] = c >> 8;
    }
    return b;
  }
  return encode(s, enc);
};
const text = (bytes, enc) => {
  const s = decode(bytes, enc);
  if (s !== undefined) return s;
  let out = '';
  for (let i = 0; i + 1 < bytes.length; i += 2) out += String.fromCharCode(bytes[i] | bytes[i + 1] << 8);
  return out;
};

const isArrayBuffer = (v) => v instanceof ArrayBuffer || Object.prototype.toString.call(v) === '[object ArrayBuffer]' && !ArrayBuffer.isView(v);

function fromArrayBuffer(ab, offset, length) {
  offset = offset === undefined ? 0 : +offset || 0;
  const max = ab.byteLength - offset;
  if (max < 0) throw errors().make(RangeError, 'ERR_BUFFER_OUT_OF_BOUNDS', '"offset" is outside of buffer bounds');
  if (length === undefined) length = max;
  else {
    length = +length;
    length = length > 0 ? length : 0;
    if (length > max) throw errors().make(RangeError, 'ERR_BUFFER_OUT_OF_BOUNDS', '"length" is outside of buffer bounds');
  }
  return new FastBuffer(ab, offset, length);
}

function fromObject(v) {
  if (v.length !== undefined || isArrayBuffer(v.buffer)) {
    if (typeof v.length !== 'number') return new FastBuffer();
    checkSize(v.length > 0 ? v.length : 0);
    return wrap(ArrayBuffer.isView(v) || Array.isArray(v) ? new Uint8Array(v) : Uint8Array.from({ __proto__: null, ...v, length: v.length }));
  }
  if (v.type === 'Buffer' && Array.isArray(v.data)) return wrap(new Uint8Array(v.data));
}

// Buffer with and without `new` is old, and common in old rules.
function Buffer(arg, encodingOrOffset, length) {
  if (typeof arg === 'number') {
    if (typeof encodingOrOffset === 'string') throw errors().invalidType('string', 'of type string', arg);
    return Buffer.alloc(arg);
  }
  return Buffer.from(arg, encodingOrOffset, length);
}
setPrototypeOf(Buffer, Uint8Array);
Buffer.prototype = proto;
defineProperty(proto, 'constructor', { value: Buffer, writable: true, configurable: true });

Buffer.from = (value, encodingOrOffset, length) => {
  if (typeof value === 'string') return wrap(bytesOf(value, encodingOf(typeof encodingOrOffset === 'string' ? encodingOrOffset : undefined)));
  if (typeof value === 'object' && value !== null) {
    if (isArrayBuffer(value)) return fromArrayBuffer(value, encodingOrOffset, length);
    const v = value.valueOf && value.valueOf();
    if (v !== null && v !== undefined && v !== value && (typeof v === 'string' || typeof v === 'object')) return Buffer.from(v, encodingOrOffset, length);
    const b = fromObject(value);
    if (b) return b;
    if (typeof value[Symbol.toPrimitive] === 'function') {
      const p = value[Symbol.toPrimitive]('string');
      if (typeof p === 'string') return Buffer.from(p, encodingOrOffset);
    }
  }
  throw errors().invalidType('first argument', 'of type string or an instance of Buffer, ArrayBuffer, or Array or an Array-like Object', value);
};
Buffer.alloc = function alloc(n, fill, enc) { // form-data says new Buffer.alloc(0)
  checkSize(n);
  const b = new FastBuffer(n);
  return fill !== undefined && fill !== 0 && n > 0 ? b.fill(fill, enc) : b;
};
Buffer.allocUnsafe = Buffer.allocUnsafeSlow = (n) => { checkSize(n); return new FastBuffer(n); };
Buffer.isBuffer = (b) => b instanceof Buffer;
Buffer.isEncoding = (enc) => typeof enc === 'string' && enc.length !== 0 && known(enc) !== undefined;
Buffer.byteLength = (s, enc) => {
  if (typeof s === 'string') return size(s, known(enc) || 'utf8');
  if (ArrayBuffer.isView(s) || isArrayBuffer(s)) return s.byteLength;
  throw errors().invalidType('string', 'of type string or an instance of Buffer or ArrayBuffer', s);
};
Buffer.concat = (list, total) => {
  if (!Array.isArray(list)) throw errors().invalidType('list', 'an instance of Array', list);
  if (total === undefined) {
    total = 0;
    for (let i = 0; i < list.length; i++) if (list[i] && list[i].length) total += list[i].length;
  }
  checkSize(total);
  const out = new FastBuffer(total);
  let at = 0;
  for (let i = 0; i < list.length; i++) {
    const b = list[i];
    if (!(b instanceof Uint8Array)) throw errors().invalidType(`list[${i}]`, 'an instance of Buffer or Uint8Array', b);
    if (at + b.length > total) {
      out.set(b.subarray(0, total - at), at);
      break;
    }
    out.set(b, at);
    at += b.length;
  }
  return out;
};
Buffer.compare = (a, b) => {
  if (!(a instanceof Uint8Array)) throw errors().invalidType('buf1', 'an instance of Buffer or Uint8Array', a);
  if (!(b instanceof Uint8Array)) throw errors().invalidType('buf2', 'an instance of Buffer or Uint8Array', b);
  return native.compare(a, b);
};
Buffer.copyBytesFrom = (view, offset = 0, length) => {
  if (!ArrayBuffer.isView(view)) throw errors().invalidType('view', 'an instance of TypedArray', view);
  const v = view.subarray(offset, length === undefined ? undefined : offset + length);
  return wrap(new Uint8Array(v.buffer.slice(v.byteOffset, v.byteOffset + v.byteLength)));
};
Buffer.poolSize = 8192;

// The rest of the methods: a proxy between Buffer.prototype and
// Uint8Array.prototype catches their first use, loads them and takes itself out.
// A string is searched because a regular expression costs a realm much more.
const rest = ' swap16 swap32 swap64 fill indexOf lastIndexOf includes compare copy inspect parent offset ';
const isRest = (k) => typeof k === 'string' && (k.startsWith('read') || k.startsWith('write') || k.endsWith('Slice') || k.endsWith('Write') || rest.includes(` ${k} `));
const load = () => {
  setPrototypeOf(proto, Uint8Array.prototype);
  delete proto.length;
  require('internal/buffer_more')({ Buffer, proto, FastBuffer, wrap, known, encodingOf, bytesOf, text });
};
// Loops read the length too often for the proxy.
defineProperty(proto, 'length', Object.getOwnPropertyDescriptor(Object.getPrototypeOf(Uint8Array.prototype), 'length'));
setPrototypeOf(proto, new Proxy(Object.create(Uint8Array.prototype), {
  get(target, key, receiver) {
    if (!isRest(key)) return Reflect.get(target, key, receiver);
    load();
    return Reflect.get(proto, key, receiver);
  },
  has(target, key) {
    if (!isRest(key)) return key in target;
    load();
    return key in proto;
  },
}));

module.exports = { Buffer, kMaxLength, wrap, encodingOf, known };
