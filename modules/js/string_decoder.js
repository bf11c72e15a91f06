'use strict';
const { Buffer, known } = require('internal/buffer');
const { make, invalidType } = require('internal/errors');

// decoder keeps the bytes of a character that is not whole yet.
function StringDecoder(encoding) {
  const enc = encoding === undefined || encoding === null || encoding === '' ? 'utf8' : known(encoding);
  if (enc === undefined) throw make(TypeError, 'ERR_UNKNOWN_ENCODING', `Unknown encoding: ${encoding}`);
  this.encoding = enc;
  Object.defineProperty(this, 'rest', { value: Buffer.alloc(0), writable: true });
}
// whole is how many bytes at the start of b are complete characters.
const whole = (b, enc) => {
  const n = b.length;
  if (enc === 'utf8') return native.complete(b);
  if (enc === 'utf16le') {
    let even = n & ~1;
    if (even >= 2 && b[even - 1] >= 0xd8 && b[even - 1] <= 0xdb) even -= 2;
    return even;
  }
  return enc === 'base64' || enc === 'base64url' ? n - n % 3 : n;
};
StringDecoder.prototype.write = function (chunk) {
  if (typeof chunk === 'string') return chunk;
  if (!ArrayBuffer.isView(chunk)) throw invalidType('buf', 'an instance of Buffer, TypedArray, or DataView', chunk);
  let b = chunk instanceof Buffer ? chunk : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
  if (this.rest.length) b = Buffer.concat([this.rest, b]);
  const n = whole(b, this.encoding);
  this.rest = n === b.length ? Buffer.alloc(0) : Buffer.from(b.subarray(n));
  return b.toString(this.encoding, 0, n);
};
StringDecoder.prototype.end = function (chunk) {
  let s = chunk === undefined ? '' : this.write(chunk);
  if (this.rest.length) {
    s += this.rest.toString(this.encoding);
    this.rest = Buffer.alloc(0);
  }
  return s;
};
StringDecoder.prototype.text = function (b, offset) {
  this.rest = Buffer.alloc(0);
  return this.write(b.subarray(offset));
};
Object.defineProperty(StringDecoder.prototype, 'lastNeed', { get() { return this.rest.length; }, configurable: true });
exports.StringDecoder = StringDecoder;
