'use strict';
// The Web Cryptography API's `crypto`. `subtle` is loaded when it is touched.
const need = (self) => {
  if (!(self instanceof Crypto)) throw Object.assign(new TypeError('Value of "this" must be of type Crypto'), { code: 'ERR_INVALID_THIS' });
};

class Crypto {
  constructor() { throw Object.assign(new TypeError('Illegal constructor'), { code: 'ERR_ILLEGAL_CONSTRUCTOR' }); }
  get subtle() { need(this); return require('internal/subtle').subtle; }
  getRandomValues(array) { need(this); return require('internal/crypto/random').getRandomValues(array); }
  randomUUID() { need(this); return require('internal/crypto/random').randomUUID(); }
  get [Symbol.toStringTag]() { return 'Crypto'; }
}

// The global `crypto` is WebCrypto's object, as in Node 18 and later. Rules from
// Node 12 and before had Node's own module under that name: what WebCrypto does
// not have is therefore inherited from require('crypto'), which its prototype's
// prototype leads to.
let node = null;
const behind = new Proxy(Object.create(Object.prototype), {
  get: (target, key, self) => (key in target || typeof key === 'symbol' ? Reflect.get(target, key, self) : fallback()[key]),
  has: (target, key) => key in target || (typeof key === 'string' && key in fallback()),
});
function fallback() { return node || (node = require('crypto')); }
Object.setPrototypeOf(Crypto.prototype, behind);

const crypto = Object.create(Crypto.prototype);

module.exports = {
  crypto, Crypto,
  get DOMException() { return require('internal/domexception'); },
  get CryptoKey() { return require('internal/subtle').CryptoKey; },
  get SubtleCrypto() { return require('internal/subtle').SubtleCrypto; },
};
