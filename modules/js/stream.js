'use strict';
const { make } = require('internal/errors');
const { Stream, defaults } = require('internal/stream_base');
const { Readable } = require('internal/stream_readable');
const { Writable } = require('internal/stream_writable');

function Duplex(options) {
  if (!(this instanceof Duplex)) return new Duplex(options);
  Readable.call(this, options);
  Writable.call(this, options);
  this.allowHalfOpen = !options || options.allowHalfOpen !== false;
  if (options && options.readable === false) {
    Object.assign(this._readableState, { readable: false, ended: true, endEmitted: true });
  }
  if (options && options.writable === false) {
    Object.assign(this._writableState, { writable: false, ending: true, ended: true, finished: true });
  }
}
Object.setPrototypeOf(Duplex.prototype, Readable.prototype);
Object.setPrototypeOf(Duplex, Readable);
for (const k of Object.getOwnPropertyNames(Writable.prototype)) {
  if (!(k in Readable.prototype) || k === 'destroy') Object.defineProperty(Duplex.prototype, k, Object.getOwnPropertyDescriptor(Writable.prototype, k));
}
Object.defineProperty(Duplex.prototype, '_isDuplex', { value: true });
Duplex.from = (source, options) => source instanceof Duplex ? source : Readable.from(source, options);

const kCallback = Symbol('callback');
function Transform(options) {
  if (!(this instanceof Transform)) return new Transform(options);
  Duplex.call(this, options);
  this._readableState.sync = false;
  this[kCallback] = null;
  if (options) {
    if (typeof options.transform === 'function') this._transform = options.transform;
    if (typeof options.flush === 'function') this._flush = options.flush;
  }
  this.on('prefinish', prefinish);
}
Object.setPrototypeOf(Transform.prototype, Duplex.prototype);
Object.setPrototypeOf(Transform, Duplex);
function flush(t, cb) {
  const end = (e, data) => {
    if (e) {
      if (cb) cb(e);
      else t.destroy(e);
      return;
    }
    if (data !== null && data !== undefined) t.push(data);
    t.push(null);
    if (cb) cb();
  };
  if (typeof t._flush !== 'function' || t.destroyed) return end();
  try { t._flush(end); } catch (e) { end(e); }
}
function prefinish() { if (this._final !== final) flush(this); }
function final(cb) { flush(this, cb); }
Object.assign(Transform.prototype, {
  _final: final,
  _transform() { throw make(Error, 'ERR_METHOD_NOT_IMPLEMENTED', 'The _transform() method is not implemented'); },
  _write(chunk, encoding, cb) {
    const r = this._readableState, w = this._writableState, length = r.length;
    this._transform(chunk, encoding, (e, data) => {
      if (e) return cb(e);
      if (data !== null && data !== undefined) this.push(data);
      // Hold the writer while what it made is unread.
      if (r.ended || length === r.length || r.length < r.highWaterMark || w.ended && r.length === 0) cb();
      else this[kCallback] = cb;
    });
  },
  _read() {
    if (this[kCallback]) {
      const cb = this[kCallback];
      this[kCallback] = null;
      cb();
    }
  },
});

function PassThrough(options) {
  if (!(this instanceof PassThrough)) return new PassThrough(options);
  Transform.call(this, options);
}
Object.setPrototypeOf(PassThrough.prototype, Transform.prototype);
Object.setPrototypeOf(PassThrough, Transform);
PassThrough.prototype._transform = (chunk, encoding, cb) => cb(null, chunk);

const end = () => require('internal/stream_end');
for (const C of [Readable, Writable, Duplex, Transform, PassThrough]) Object.defineProperty(C.prototype, 'constructor', { value: C, writable: true, configurable: true });
module.exports = Object.assign(Stream, {
  Stream, Readable, Writable, Duplex, Transform, PassThrough,
  finished: (...args) => end().finished(...args),
  pipeline: (...args) => end().pipeline(...args),
  addAbortSignal: (...args) => end().addAbortSignal(...args),
  getDefaultHighWaterMark: (objects) => objects ? defaults.objects : defaults.bytes,
  setDefaultHighWaterMark: (objects, n) => { defaults[objects ? 'objects' : 'bytes'] = n; },
  isReadable: (s) => Boolean(s && s.readable),
  isWritable: (s) => Boolean(s && s.writable),
  isErrored: (s) => Boolean(s && s.errored),
  isDisturbed: (s) => Boolean(s && s.readableDidRead),
  destroy: (s, e) => s.destroy(e),
  _uint8ArrayToBuffer: (b) => require('internal/stream_base').asBytes(b),
  _isUint8Array: (b) => b instanceof Uint8Array,
});
Object.defineProperty(Stream, 'promises', { get: () => end().promises, enumerable: true, configurable: true });
const custom = Symbol.for('nodejs.util.promisify.custom');
Object.defineProperty(Stream.finished, custom, { get: () => end().promises.finished });
Object.defineProperty(Stream.pipeline, custom, { get: () => end().promises.pipeline });
