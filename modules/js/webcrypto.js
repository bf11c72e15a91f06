'use strict';
// The Web Cryptography API's `crypto`. `subtle` is loaded when it is touched.
const need = (self) => {
  if (!(self instanceof Crypto)) throw Object.assign(new TypeError('Value of "this" must be of type Crypto'), { code: 'ERR_INVALID_THIS' });
};

function getRandomValues(array) {
  if (!ArrayBuffer.isView(array) || /^(Float\d+Array|DataView)$/.test(Object.prototype.toString.call(array).slice(8, -1))) {
    throw new (require('internal/domexception'))('The data argument must be an integer-type TypedArray', 'TypeMismatchError');
  }
  if (array.byteLength > 65536) {
    throw new (require('internal/domexception'))(`The requested length exceeds 65,536 bytes (${array.byteLength})`, 'QuotaExceededError');
  }
  native.fill(array);
  return array;
}

class Crypto {
  constructor() { throw Object.assign(new TypeError('Illegal constructor'), { code: 'ERR_ILLEGAL_CONSTRUCTOR' }); }
  get subtle() { need(this); return require('internal/subtle').subtle; }
  getRandomValues(array) { need(this); return getRandomValues(array); }
  randomUUID() { need(this); return native.uuid(); }
  get [Symbol.toStringTag]() { return 'Crypto'; }
}

// The global `crypto` is WebCrypto's object, as in Node 18 and later. Rules from
// Node 12 and before had Node's own module under that name: what WebCrypto does
// not have is therefore inherited from require('crypto'), which its prototype's
// prototype leads to.
const node = () => require('crypto');
const behind = new Proxy(Object.prototype, {
  get: (target, key, self) => (key === '__proto__' ? Object.getPrototypeOf(self) : key in target || typeof key === 'symbol' ? target[key] : node()[key]),
  has: (target, key) => key in target || (typeof key === 'string' && key in node()),
});
Object.setPrototypeOf(Crypto.prototype, behind);

module.exports = { crypto: Object.create(Crypto.prototype), Crypto, getRandomValues };
