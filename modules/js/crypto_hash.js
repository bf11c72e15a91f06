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

// The stream side (write, end, pipe, on …) comes with a Transform of its own,
// made when it is first used.
function inner(self) {
  if (self._stream) return self._stream;
  const { Transform } = require('stream');
  const s = new Transform({
    transform(chunk, encoding, done) { try { self.update(chunk, encoding); done(); } catch (err) { done(err); } },
    flush(done) { try { this.push(self.digest()); done(); } catch (err) { done(err); } },
  });
  Object.defineProperty(self, '_stream', { value: s });
  return s;
}
for (const name of ['write', 'end', 'read', 'pipe', 'unpipe', 'on', 'once', 'off', 'addListener', 'removeListener', 'emit', 'setEncoding', 'resume', 'pause', 'destroy', 'listenerCount', 'listeners', 'prependListener', 'removeAllListeners']) {
  Object.defineProperty(Digest.prototype, name, {
    value(...args) { const s = inner(this); const r = s[name](...args); return r === s ? this : r; },
    writable: true, configurable: true,
  });
}

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

class Hmac extends Digest {
  constructor(algorithm, key, options) {
    super();
    if (typeof algorithm !== 'string') throw invalid('hmac', 'of type string', algorithm);
    keep(this, native.hmac(algorithm, secret(key, options && options.encoding)));
  }
  _again(encoding) { return encoding && encoding !== 'buffer' ? '' : output(new Uint8Array(0), encoding); }
}

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
  throw invalid('key', 'of type string or an instance of ArrayBuffer, Buffer, TypedArray, DataView, KeyObject, or CryptoKey', key);
}

function hash(algorithm, data, encoding) {
  if (typeof algorithm !== 'string') throw invalid('algorithm', 'of type string', algorithm);
  if (!isData(data)) throw invalid('input', dataWords, data);
  if (encoding === undefined) encoding = 'hex';
  return output(native.once(algorithm, data, encoding), encoding);
}

module.exports = { Hash, Hmac, hash, secret, native, getHashes: () => native.names() };
