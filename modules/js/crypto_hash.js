'use strict';
const isData = (v) => typeof v === 'string' || ArrayBuffer.isView(v);
const finalized = () => Object.assign(new Error('Digest already called'), { code: 'ERR_CRYPTO_HASH_FINALIZED' });

// Hash and Hmac keep the handle of the native in _h; it is -1 after digest().
function update(data, encoding) {
  if (!isData(data)) throw require('internal/errors').invalidType('data', 'of type string or an instance of Buffer, TypedArray, or DataView', data);
  if (this._h < 0) throw finalized();
  native.update(this._h, data, encoding);
  return this;
}

function take(self, encoding) {
  const h = self._h;
  self._h = -1;
  const out = native.digest(h, encoding);
  return typeof out === 'string' ? out : require('internal/crypto/output')(out, encoding);
}

class Hash {
  constructor(algorithm, options) {
    if (typeof algorithm !== 'string') {
      if (!(algorithm instanceof Hash)) throw require('internal/errors').invalidType('algorithm', 'of type string', algorithm);
      if (algorithm._h < 0) throw finalized();
      this._h = require('internal/crypto/hash_more').copy(algorithm._h, options && options.outputLength);
      return;
    }
    this._h = native.create(algorithm, options && options.outputLength);
  }
  digest(encoding) {
    if (this._h < 0) throw finalized();
    return take(this, encoding);
  }
  copy(options) { return new Hash(this, options); }
}
Hash.prototype.update = update;

// The stream side (write, end, pipe, on …) is installed when it is first touched.
const streams = ' write end read pipe unpipe on once off addListener removeListener emit setEncoding resume pause destroy listenerCount listeners prependListener removeAllListeners ';
const lazyStream = (proto) => new Proxy(Object.prototype, {
  get(target, name, self) {
    if (typeof name !== 'string' || !streams.includes(' ' + name + ' ')) return name === '__proto__' ? Object.getPrototypeOf(self) : target[name];
    require('internal/crypto/stream')(proto, streams, (d) => d.digest());
    return proto[name];
  },
});
Object.setPrototypeOf(Hash.prototype, lazyStream(Hash.prototype));

module.exports = {
  isData, update, take, lazyStream, native, Hash,
  createHash: (algorithm, options) => new Hash(algorithm, options),
  hash: (algorithm, data, encoding) => require('internal/crypto/hash_more').hash(algorithm, data, encoding),
  getHashes: () => require('internal/crypto/hash_more').getHashes(),
};
