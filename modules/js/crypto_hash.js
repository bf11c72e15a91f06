'use strict';
const isData = (v) => typeof v === 'string' || ArrayBuffer.isView(v);
const invalid = (name, want, v) => require('internal/errors').invalidType(name, want, v);
const finalized = (what) => Object.assign(new Error(what), { code: 'ERR_CRYPTO_HASH_FINALIZED' });
const dataWords = 'of type string or an instance of Buffer, TypedArray, or DataView';

const output = (out, encoding) => (typeof out === 'string' ? out : require('internal/crypto/output')(out, encoding));

// A Digest is a hash or HMAC; h is its handle, -1 after digest().
class Digest {
  update(data, encoding) {
    if (!isData(data)) throw invalid('data', dataWords, data);
    if (this._h < 0) throw finalized('Digest already called');
    native.update(this._h, data, encoding);
    return this;
  }
  digest(encoding) {
    if (this._h < 0) return this._again(encoding);
    const h = this._h;
    this._h = -1;
    return output(native.digest(h, encoding), encoding);
  }
}

// The stream side (write, end, pipe, on …) is installed when it is first touched.
const streams = ' write end read pipe unpipe on once off addListener removeListener emit setEncoding resume pause destroy listenerCount listeners prependListener removeAllListeners ';
Object.setPrototypeOf(Digest.prototype, new Proxy(Object.prototype, {
  get(target, name, self) {
    if (typeof name !== 'string' || !streams.includes(' ' + name + ' ')) return Reflect.get(target, name, self);
    require('internal/crypto/stream')(Digest.prototype, streams, (d) => d.digest());
    return Digest.prototype[name];
  },
}));

function keep(self, h) { Object.defineProperty(self, '_h', { value: h, writable: true }); }

class Hash extends Digest {
  constructor(algorithm, options) {
    super();
    if (algorithm instanceof Hash) { keep(this, native.copy(algorithm._h, options && options.outputLength)); return; }
    if (typeof algorithm !== 'string') throw invalid('algorithm', 'of type string', algorithm);
    keep(this, native.create(algorithm, options && options.outputLength));
  }
  copy(options) {
    if (this._h < 0) throw finalized('Digest already called');
    return new Hash(this, options);
  }
  _again() { throw finalized('Digest already called'); }
}

function hash(algorithm, data, encoding) {
  if (typeof algorithm !== 'string') throw invalid('algorithm', 'of type string', algorithm);
  if (!isData(data)) throw invalid('input', dataWords, data);
  if (encoding === undefined) encoding = 'hex';
  return output(native.once(algorithm, data, encoding), encoding);
}

module.exports = { Digest, keep, output, native, Hash, hash, createHash: (algorithm, options) => new Hash(algorithm, options), getHashes: () => native.names() };
