'use strict';
const { Digest, keep, output, native: hashes } = require('internal/crypto/hash');
const { secret } = require('internal/crypto/secret');

class Hmac extends Digest {
  constructor(algorithm, key, options) {
    super();
    if (typeof algorithm !== 'string') throw require('internal/errors').invalidType('hmac', 'of type string', algorithm);
    keep(this, hashes.hmac(algorithm, secret(key, options && options.encoding)));
  }
  _again(encoding) { return encoding && encoding !== 'buffer' ? '' : output(new Uint8Array(0), encoding); }
}

module.exports = { Hmac, createHmac: (algorithm, key, options) => new Hmac(algorithm, key, options) };
