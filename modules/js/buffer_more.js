// Buffer's methods to read, write, search and fill; see buffer_core.js.
'use strict';
const { make, invalidType, outOfRange } = require('internal/errors');

module.exports = ({ Buffer, proto, FastBuffer, known, encodingOf, bytesOf, text }) => {
  const view = (b) => new DataView(b.buffer, b.byteOffset, b.byteLength);

  // at checks an offset for n bytes of b.
  const at = (b, offset, n, name = 'offset') => {
    if (offset === undefined) offset = 0;
    if (typeof offset !== 'number') throw invalidType(name, 'of type number', offset);
    if (offset < 0 || offset + n > b.length || !Number.isInteger(offset)) {
      if (!Number.isInteger(offset)) throw outOfRange(name, 'an integer', offset);
      if (b.length - n < 0) throw make(RangeError, 'ERR_BUFFER_OUT_OF_BOUNDS', 'Attempt to access memory outside buffer bounds');
      throw outOfRange(name, `>= 0 and <= ${b.length - n}`, offset);
    }
    return offset;
  };
  const inRange = (v, min, max, bytes, signed) => {
    if (v > max || v < min) {
      const n = typeof min === 'bigint' ? 'n' : '';
      let range;
      if (bytes > 4) {
        range = signed ? `>= -(2${n} ** ${bytes * 8 - 1}${n}) and < 2${n} ** ${bytes * 8 - 1}${n}` : `>= 0${n} and < 2${n} ** ${bytes * 8}${n}`;
      } else {
        range = `>= ${min} and <= ${max}`;
      }
      throw outOfRange('value', range, v);
    }
  };

  const methods = {};
  const both = (name, f) => {
    methods[name] = f;
    if (name.includes('UInt')) methods[name.replace('UInt', 'Uint')] = f;
  };
  // One width and sign at a time, both byte orders.
  for (const [name, bytes, type, min, max] of [
    ['UInt8', 1, 'Uint8', 0, 0xff], ['Int8', 1, 'Int8', -0x80, 0x7f],
    ['UInt16', 2, 'Uint16', 0, 0xffff], ['Int16', 2, 'Int16', -0x8000, 0x7fff],
    ['UInt32', 4, 'Uint32', 0, 0xffffffff], ['Int32', 4, 'Int32', -0x80000000, 0x7fffffff],
    ['BigUInt64', 8, 'BigUint64', 0n, (1n << 64n) - 1n], ['BigInt64', 8, 'BigInt64', -(1n << 63n), (1n << 63n) - 1n],
    ['Float', 4, 'Float32'], ['Double', 8, 'Float64'],
  ]) {
    const get = DataView.prototype['get' + type], set = DataView.prototype['set' + type];
    for (const little of bytes === 1 ? [true] : [true, false]) {
      const suffix = bytes === 1 ? '' : little ? 'LE' : 'BE';
      both('read' + name + suffix, function (offset) { return get.call(view(this), at(this, offset, bytes), little); });
      both('write' + name + suffix, function (value, offset) {
        if (typeof min === 'bigint') {
          if (typeof value !== 'bigint') throw invalidType('value', 'of type bigint', value);
        } else {
          value = +value;
        }
        if (min !== undefined) inRange(value, min, max, bytes, min < 0);
        offset = at(this, offset, bytes);
        set.call(view(this), offset, value, little);
        return offset + bytes;
      });
    }
  }

  const width = (n) => {
    if (n === undefined) throw invalidType('byteLength', 'of type number', n);
    if (typeof n !== 'number') throw invalidType('byteLength', 'of type number', n);
    if (!Number.isInteger(n)) throw outOfRange('byteLength', 'an integer', n);
    if (n < 1 || n > 6) throw outOfRange('byteLength', '>= 1 and <= 6', n);
    return n;
  };
  for (const little of [true, false]) {
    const suffix = little ? 'LE' : 'BE';
    const read = (b, offset, n) => {
      width(n);
      if (offset === undefined) throw invalidType('offset', 'of type number', offset);
      at(b, offset, n);
      let v = 0;
      for (let i = 0; i < n; i++) v = v * 256 + b[offset + (little ? n - 1 - i : i)];
      return v;
    };
    const write = (b, value, offset, n, signed) => {
      value = +value;
      width(n);
      const half = 2 ** (8 * n - 1);
      inRange(value, signed ? -half : 0, signed ? half - 1 : 2 * half - 1, n, signed);
      if (offset === undefined) throw invalidType('offset', 'of type number', offset);
      at(b, offset, n);
      let v = value < 0 ? Math.ceil(value) + 2 * half : Math.floor(value);
      for (let i = 0; i < n; i++) {
        b[offset + (little ? i : n - 1 - i)] = v % 256;
        v = Math.floor(v / 256);
      }
      return offset + n;
    };
    both('readUInt' + suffix, function (offset, n) { return read(this, offset, n); });
    both('writeUInt' + suffix, function (value, offset, n) { return write(this, value, offset, n, false); });
    methods['readInt' + suffix] = function (offset, n) {
      const v = read(this, offset, n);
      return v < 2 ** (8 * n - 1) ? v : v - 2 ** (8 * n);
    };
    methods['writeInt' + suffix] = function (value, offset, n) { return write(this, value, offset, n, true); };
  }

  for (const n of [2, 4, 8]) {
    methods['swap' + n * 8] = function () {
      if (this.length % n !== 0) throw make(RangeError, 'ERR_INVALID_BUFFER_SIZE', `Buffer size must be a multiple of ${n * 8}-bits`);
      for (let i = 0; i < this.length; i += n) Array.prototype.reverse.call(this.subarray(i, i + n));
      return this;
    };
  }
  for (const enc of ['utf8', 'ascii', 'latin1', 'hex', 'base64', 'base64url', 'ucs2']) {
    methods[enc + 'Slice'] = function (start, end) { return this.toString(enc, start, end); };
    methods[enc + 'Write'] = function (s, offset, length) { return this.write(s, offset, length, enc); };
  }

  // write puts as many whole characters of s as fit.
  const put = (b, s, offset, room, enc) => {
    let bytes = bytesOf(room < s.length && enc !== 'hex' && enc !== 'base64' ? s.slice(0, room + 1) : s, enc);
    if (bytes.length > room) {
      let n = room;
      if (enc === 'utf8') while (n > 0 && (bytes[n] & 0xc0) === 0x80) n--;
      if (enc === 'utf16le') n &= ~1;
      bytes = bytes.subarray(0, n);
    }
    b.set(bytes, offset);
    return bytes.length;
  };
  methods.write = function (s, offset, length, enc) {
    if (typeof s !== 'string') throw invalidType('argument', 'of type string', s);
    if (typeof offset === 'string') { enc = offset; offset = undefined; length = undefined; }
    if (typeof length === 'string') { enc = length; length = undefined; }
    if (offset === undefined) offset = 0;
    else if (typeof offset !== 'number') throw invalidType('offset', 'of type number', offset);
    else if (!(offset >= 0 && offset <= this.length)) throw outOfRange('offset', `>= 0 && <= ${this.length}`, offset);
    let room = this.length - offset;
    if (length !== undefined) {
      if (typeof length !== 'number') throw invalidType('length', 'of type number', length);
      if (!(length >= 0 && length <= this.length)) throw outOfRange('length', `>= 0 && <= ${this.length}`, length);
      if (length < room) room = length;
    }
    return put(this, s, offset, room, encodingOf(enc));
  };

  methods.fill = function (value, offset, end, enc) {
    if (typeof value === 'string') {
      if (typeof offset === 'string') { enc = offset; offset = undefined; end = undefined; }
      else if (typeof end === 'string') { enc = end; end = undefined; }
      enc = encodingOf(enc);
    }
    if (offset === undefined) offset = 0;
    if (end === undefined) end = this.length;
    if (typeof offset !== 'number') throw invalidType('offset', 'of type number', offset);
    if (!(offset >= 0)) throw outOfRange('offset', '>= 0', offset);
    if (typeof end !== 'number') throw invalidType('end', 'of type number', end);
    if (!(end >= 0 && end <= this.length)) throw outOfRange('end', `>= 0 && <= ${this.length}`, end);
    if (offset >= end) return this;
    if (typeof value === 'number' || typeof value === 'boolean') {
      Uint8Array.prototype.fill.call(this, value & 255, offset, end);
      return this;
    }
    let pattern = value;
    if (typeof value === 'string') pattern = value === '' ? new Uint8Array(1) : bytesOf(value, enc);
    else if (!ArrayBuffer.isView(value)) { Uint8Array.prototype.fill.call(this, value & 255, offset, end); return this; }
    else if (!(value instanceof Uint8Array)) pattern = new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
    if (pattern.length === 0) throw make(TypeError, 'ERR_INVALID_ARG_VALUE', `The argument 'value' is invalid. Received ${require('internal/inspect').inspect(value)}`);
    native.fill(this.subarray(offset, end), pattern);
    return this;
  };

  const search = (b, value, from, enc, forward) => {
    if (typeof from === 'string') { enc = from; from = undefined; }
    from = +from;
    if (Number.isNaN(from)) from = forward ? 0 : b.length;
    from = Math.trunc(from);
    if (from < 0) from += b.length;
    if (typeof value === 'number') value = new Uint8Array([value & 255]);
    else if (typeof value === 'string') {
      enc = enc === undefined ? 'utf8' : encodingOf(enc);
      value = bytesOf(value, enc);
    } else if (!(value instanceof Uint8Array)) {
      throw invalidType('value', 'one of type number or string or an instance of Buffer or Uint8Array', value);
    }
    if (from < 0) {
      if (!forward) return -1;
      from = 0;
    }
    return native.indexOf(b, value, from, forward, enc === 'utf16le');
  };
  Object.assign(methods, {
    indexOf(value, from, enc) { return search(this, value, from, enc, true); },
    lastIndexOf(value, from, enc) { return search(this, value, from, enc, false); },
    includes(value, from, enc) { return search(this, value, from, enc, true) !== -1; },
    compare(target, ts = 0, te, ss = 0, se) {
      if (!(target instanceof Uint8Array)) throw invalidType('target', 'an instance of Buffer or Uint8Array', target);
      if (arguments.length === 1) return Buffer.compare(this, target);
      if (te === undefined) te = target.length;
      if (se === undefined) se = this.length;
      for (const [v, name, max] of [[ts, 'targetStart', Infinity], [ss, 'sourceStart', Infinity], [te, 'targetEnd', target.length], [se, 'sourceEnd', this.length]]) {
        if (typeof v !== 'number') throw invalidType(name, 'of type number', v);
        if (!(v >= 0 && v <= max)) throw outOfRange(name, max === Infinity ? '>= 0' : `>= 0 && <= ${max}`, v);
      }
      if (ss >= se) return ts >= te ? 0 : -1;
      if (ts >= te) return 1;
      return Buffer.compare(this.subarray(ss, se), target.subarray(ts, te));
    },
    copy(target, ts = 0, ss = 0, se = this.length) {
      if (!(target instanceof Uint8Array)) throw invalidType('target', 'an instance of Buffer or Uint8Array', target);
      ts = Math.trunc(+ts) || 0;
      ss = Math.trunc(+ss) || 0;
      se = Math.trunc(+se) || 0;
      if (ts < 0) throw outOfRange('targetStart', '>= 0', ts);
      if (ss < 0 || ss > this.length) throw outOfRange('sourceStart', `>= 0 && <= ${this.length}`, ss);
      if (se < 0) throw outOfRange('sourceEnd', '>= 0', se);
      if (ts >= target.length || ss >= se) return 0;
      const part = this.subarray(ss, Math.min(se, this.length, ss + target.length - ts));
      target.set(part, ts);
      return part.length;
    },
    [`to${'Locale'}String`]: proto.toString, // written so that no polyfill comes for it
    inspect() { return require('internal/inspect').inspect(this); },
  });
  // for-in over a buffer does not show them; what a script put there stays.
  for (const k of Object.keys(methods)) {
    if (!Object.prototype.hasOwnProperty.call(proto, k)) Object.defineProperty(proto, k, { value: methods[k], writable: true, configurable: true });
  }
  Object.defineProperty(proto, 'parent', { get() { return this instanceof Buffer ? this.buffer : undefined; }, enumerable: true, configurable: true });
  Object.defineProperty(proto, 'offset', { get() { return this instanceof Buffer ? this.byteOffset : undefined; }, enumerable: true, configurable: true });
};
