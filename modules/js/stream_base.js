// What both halves of a stream share.
'use strict';
const EventEmitter = require('events');
const { invalidValue } = require('internal/errors');
const nextTick = (f) => queueMicrotask(f);

// Stream is the old base class: an emitter with a pipe.
function Stream(options) { EventEmitter.call(this, options); }
Object.setPrototypeOf(Stream.prototype, EventEmitter.prototype);
Object.setPrototypeOf(Stream, EventEmitter);
Stream.prototype.pipe = function (dest, options) {
  const onData = (chunk) => { if (dest.writable && dest.write(chunk) === false && this.pause) this.pause(); };
  const onDrain = () => { if (this.readable && this.resume) this.resume(); };
  const onEnd = () => { cleanup(); dest.end(); };
  const onClose = () => { cleanup(); if (typeof dest.destroy === 'function') dest.destroy(); };
  const onError = function (e) { cleanup(); if (EventEmitter.listenerCount(this, 'error') === 0) this.emit('error', e); };
  const pairs = [[this, 'data', onData], [dest, 'drain', onDrain], [this, 'error', onError], [dest, 'error', onError]];
  if (!dest._isStdio && (!options || options.end !== false)) pairs.push([this, 'end', onEnd], [this, 'close', onClose]);
  const cleanup = () => { for (const [e, k, f] of pairs) e.removeListener(k, f); };
  pairs.push([this, 'end', cleanup], [this, 'close', cleanup], [dest, 'close', cleanup]);
  for (const [e, k, f] of pairs) e.on(k, f);
  dest.emit('pipe', this);
  return dest;
};

// defaults are the highWaterMarks for bytes and for objects.
const defaults = { bytes: 65536, objects: 16 };
const watermark = (options, half, duplex, objects) => {
  let n = options ? options.highWaterMark : undefined;
  let name = 'highWaterMark';
  if ((n === undefined || n === null) && duplex && options) { n = options[half]; name = half; }
  if (n === undefined || n === null) return objects ? defaults.objects : defaults.bytes;
  if (!(Number.isInteger(n) && n >= 0)) throw invalidValue(`options.${name}`, n);
  return Math.floor(n);
};

const asBytes = (chunk, encoding) => {
  const { Buffer } = require('internal/buffer');
  if (typeof chunk === 'string') return Buffer.from(chunk, encoding);
  return chunk instanceof Buffer ? chunk : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
};

function emitFailure(s, e) {
  const r = s._readableState, w = s._writableState;
  if (w && w.errorEmitted || r && r.errorEmitted) return;
  if (w) w.errorEmitted = true;
  if (r) r.errorEmitted = true;
  s.emit('error', e);
}
function emitClosed(s) {
  const r = s._readableState, w = s._writableState;
  if (w) w.closeEmitted = true;
  if (r) r.closeEmitted = true;
  if (w && w.emitClose || r && r.emitClose) s.emit('close');
}

const destroyMethods = {
  destroy(e, cb) {
    const r = this._readableState, w = this._writableState;
    if (w && w.destroyed || r && r.destroyed) {
      if (typeof cb === 'function') cb();
      return this;
    }
    const note = (err) => {
      if (!err) return;
      if (w && !w.errored) w.errored = err;
      if (r && !r.errored) r.errored = err;
    };
    note(e);
    if (w) w.destroyed = true;
    if (r) r.destroyed = true;
    let called = false;
    const done = (err) => {
      if (called) return;
      called = true;
      note(err);
      if (w) w.closed = true;
      if (r) r.closed = true;
      if (typeof cb === 'function') cb(err);
      nextTick(() => {
        if (err) emitFailure(this, err);
        emitClosed(this);
      });
    };
    try { this._destroy(e || null, done); } catch (err) { done(err); }
    return this;
  },
  _destroy(e, cb) { cb(e); },
};
for (const [name, key] of [['destroyed', 'destroyed'], ['closed', 'closed'], ['errored', 'errored']]) {
  Object.defineProperty(Stream.prototype, name, {
    get() {
      const r = this._readableState, w = this._writableState;
      return r && r[key] || w && w[key] || (key === 'errored' ? null : false);
    },
    set(v) {
      if (key !== 'destroyed') return;
      if (this._readableState) this._readableState.destroyed = v;
      if (this._writableState) this._writableState.destroyed = v;
    },
    configurable: true,
  });
}

// fail ends a stream with an error: by destroy when it destroys itself.
const fail = (s, e) => {
  const r = s._readableState, w = s._writableState;
  if (w && w.destroyed || r && r.destroyed) return;
  if (r && r.autoDestroy || w && w.autoDestroy) {
    s.destroy(e);
  } else {
    if (w && !w.errored) w.errored = e;
    if (r && !r.errored) r.errored = e;
    emitFailure(s, e);
  }
};

module.exports = { Stream, nextTick, watermark, defaults, destroyMethods, fail, asBytes };
