'use strict';
const { update, take, lazyStream } = require('internal/crypto/hash');

class Hmac {
  constructor(algorithm, key, options) {
    if (typeof algorithm !== 'string') throw require('internal/errors').invalidType('hmac', 'of type string', algorithm);
    if (typeof key !== 'string' || options) key = require('internal/crypto/secret').secret(key, options && options.encoding);
    this._h = native.hmac(algorithm, key);
  }
  digest(encoding) {
    if (this._h >= 0) return take(this, encoding);
    // Unlike a hash, a finished Hmac gives nothing and does not throw.
    return encoding && encoding !== 'buffer' ? '' : require('internal/crypto/output')(new Uint8Array(0), encoding);
  }
}
Hmac.prototype.update = update;
Object.setPrototypeOf(Hmac.prototype, lazyStream(Hmac.prototype));

module.exports = { Hmac, native, createHmac: (algorithm, key, options) => new Hmac(algorithm, key, options) };
