'use strict';
const invalid = (name, want, v) => require('internal/errors').invalidType(name, want, v);
const range = (name, want, v) => require('internal/errors').outOfRange(name, want, v);
const buffer = (u) => require('internal/crypto/output')(u);
const later = (callback, ...args) => { setImmediate(() => callback(...args)); };

function needFunction(f) { if (typeof f !== 'function') throw invalid('callback', 'of type function', f); }

function randomBytes(size, callback) {
  if (typeof size !== 'number') throw invalid('size', 'of type number', size);
  if (!(size >= 0 && size <= 2147483647)) throw range('size', '>= 0 && <= 2147483647', size);
  const out = buffer(native.bytes(Math.trunc(size)));
  if (callback === undefined) return out;
  needFunction(callback);
  later(callback, null, out);
}

function randomInt(min, max, callback) {
  if (max === undefined || typeof max === 'function') { callback = max; max = min; min = 0; }
  if (callback !== undefined) needFunction(callback);
  if (!Number.isSafeInteger(min)) throw invalid('min', 'a safe integer', min);
  if (!Number.isSafeInteger(max)) throw invalid('max', 'a safe integer', max);
  if (max <= min) throw range('max', `greater than the value of "min" (${min})`, max);
  if (max - min > 281474976710655) throw range('max - min', '<= 281474976710655', max - min);
  const n = min + native.below(max - min);
  if (callback === undefined) return n;
  later(callback, undefined, n);
}

function part(buf, offset, size) {
  const isView = ArrayBuffer.isView(buf);
  if (!isView && !(buf instanceof ArrayBuffer)) throw invalid('buf', 'an instance of ArrayBuffer, Buffer, TypedArray, or DataView', buf);
  const unit = isView ? buf.BYTES_PER_ELEMENT || 1 : 1;
  offset = (offset === undefined ? 0 : offset) * unit;
  size = size === undefined ? buf.byteLength - offset : size * unit;
  if (!(offset >= 0 && offset <= buf.byteLength)) throw range('offset', `>= 0 && <= ${buf.byteLength}`, offset);
  if (!(size >= 0 && offset + size <= buf.byteLength)) throw range('size + offset', `<= ${buf.byteLength}`, size + offset);
  return isView ? new Uint8Array(buf.buffer, buf.byteOffset + offset, size) : new Uint8Array(buf, offset, size);
}

function randomFillSync(buf, offset, size) {
  native.fill(part(buf, offset, size));
  return buf;
}

function randomFill(buf, offset, size, callback) {
  if (typeof offset === 'function') { callback = offset; offset = size = undefined; } else if (typeof size === 'function') { callback = size; size = undefined; }
  needFunction(callback);
  native.fill(part(buf, offset, size));
  later(callback, null, buf);
}

function timingSafeEqual(a, b) {
  const ok = (v) => ArrayBuffer.isView(v) || v instanceof ArrayBuffer;
  const want = 'an instance of ArrayBuffer, Buffer, TypedArray, or DataView';
  if (!ok(a)) throw invalid('buf1', want, a);
  if (!ok(b)) throw invalid('buf2', want, b);
  if (a.byteLength !== b.byteLength) {
    const e = new RangeError('Input buffers must have the same byte length');
    e.code = 'ERR_CRYPTO_TIMING_SAFE_EQUAL_LENGTH';
    throw e;
  }
  return native.equal(a, b);
}

module.exports = { randomBytes, pseudoRandomBytes: randomBytes, prng: randomBytes, rng: randomBytes, randomInt, randomFillSync, randomFill, getRandomValues: (array) => require('internal/webcrypto').getRandomValues(array), timingSafeEqual, randomUUID: () => native.uuid() };
