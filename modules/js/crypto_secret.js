'use strict';
// secret is a native's argument for what may be a secret key.
function secret(key, encoding) {
  if (typeof key === 'string') {
    return encoding && encoding !== 'utf8' ? require('buffer').Buffer.from(key, encoding) : key;
  }
  if (ArrayBuffer.isView(key) || key instanceof ArrayBuffer) return key;
  if (typeof key === 'object' && key !== null) {
    const h = require('internal/crypto/keys').handleOf(key);
    if (h !== undefined) return h;
  }
  throw require('internal/errors').invalidType('key', 'of type string or an instance of ArrayBuffer, Buffer, TypedArray, DataView, KeyObject, or CryptoKey', key);
}

module.exports = { secret };
