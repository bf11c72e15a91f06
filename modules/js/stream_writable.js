// Writable streams.
'use strict';
const { make, invalidType } = require('internal/errors');
const { Stream, nextTick, watermark, destroyMethods, fail, asBytes } = require('internal/stream_base');
const { known } = require('internal/buffer');
const noop = () => {};

function WritableState(options, duplex) {
  this.objectMode = Boolean(options && (options.objectMode || duplex && options.writableObjectMode));
  this.highWaterMark = watermark(options, 'writableHighWaterMark', duplex, this.objectMode);
  this.finalCalled = this.needDrain = this.ending = this.ended = this.finished = this.destroyed = false;
  this.decodeStrings = !options || options.decodeStrings !== false;
  this.defaultEncoding = options && options.defaultEncoding || 'utf8';
  this.length = 0;
  this.writing = false;
  this.corked = 0;
  this.sync = true;
  this.processing = false;
  this.buffered = []; // of {chunk, encoding, callback}
  this.pendingcb = 0;
  this.prefinished = this.errorEmitted = this.closed = this.closeEmitted = false;
  this.errored = null;
  this.emitClose = !options || options.emitClose !== false;
  this.autoDestroy = !options || options.autoDestroy !== false;
  this.onFinished = [];
}

function Writable(options) {
  const duplex = this._isDuplex === true;
  if (!duplex && !(this instanceof Writable)) return new Writable(options);
  this._writableState = new WritableState(options, duplex);
  if (options) {
    for (const k of ['write', 'writev', 'destroy', 'final']) if (typeof options[k] === 'function') this[`_${k}`] = options[k];
  }
  Stream.call(this);
  if (options && options.signal && !duplex) require('stream').addAbortSignal(options.signal, this);
}
Object.setPrototypeOf(Writable.prototype, Stream.prototype);
Object.setPrototypeOf(Writable, Stream);
Writable.WritableState = WritableState;
// A Duplex is a Writable too, though it inherits from Readable.
Object.defineProperty(Writable, Symbol.hasInstance, {
  value(o) { return Function.prototype[Symbol.hasInstance].call(this, o) || this === Writable && Boolean(o) && o._writableState instanceof WritableState; },
});

function enqueue(s, chunk, encoding, cb) {
  const st = s._writableState;
  if (typeof encoding === 'function') {
    cb = encoding;
    encoding = st.defaultEncoding;
  } else if (!encoding) {
    encoding = st.defaultEncoding;
  } else if (encoding !== 'buffer' && known(encoding) === undefined) {
    throw make(TypeError, 'ERR_UNKNOWN_ENCODING', `Unknown encoding: ${encoding}`);
  }
  if (typeof cb !== 'function') cb = noop;
  if (chunk === null) throw make(TypeError, 'ERR_STREAM_NULL_VALUES', 'May not write null values to stream');
  if (!st.objectMode) {
    if (typeof chunk === 'string') {
      if (st.decodeStrings) {
        chunk = asBytes(chunk, encoding);
        encoding = 'buffer';
      }
    } else if (chunk instanceof Uint8Array) {
      chunk = asBytes(chunk);
      encoding = 'buffer';
    } else {
      throw invalidType('chunk', 'of type string or an instance of Buffer or Uint8Array', chunk);
    }
  }
  const e = st.ending ? make(Error, 'ERR_STREAM_WRITE_AFTER_END', 'write after end')
    : st.destroyed ? make(Error, 'ERR_STREAM_DESTROYED', 'Cannot call write after a stream was destroyed') : null;
  if (e) {
    nextTick(() => cb(e));
    fail(s, e);
    return e;
  }
  st.pendingcb++;
  return put(s, chunk, encoding, cb);
}

function put(s, chunk, encoding, callback) {
  const st = s._writableState;
  st.length += st.objectMode ? 1 : chunk.length;
  const room = st.length < st.highWaterMark;
  if (!room) st.needDrain = true;
  if (st.writing || st.corked || st.errored) {
    st.buffered.push({ chunk, encoding, callback });
  } else {
    send(s, [{ chunk, encoding, callback }], false);
  }
  return room && !st.errored && !st.destroyed;
}

// send hands entries to _write, or all at once to _writev.
function send(s, entries, many) {
  const st = s._writableState;
  const size = entries.reduce((n, e) => n + (st.objectMode ? 1 : e.chunk.length), 0);
  st.writing = st.sync = true;
  let called = false;
  const done = (e) => {
    if (called) {
      fail(s, make(Error, 'ERR_MULTIPLE_CALLBACK', 'Callback called multiple times'));
      return;
    }
    called = true;
    const sync = st.sync;
    st.writing = false;
    st.length -= size;
    if (e) {
      if (!st.errored) st.errored = e;
      if (s._readableState && !s._readableState.errored) s._readableState.errored = e;
      const give = () => {
        for (const { callback } of entries) { st.pendingcb--; callback(e); }
        rejectBuffered(st);
        fail(s, e);
      };
      sync ? nextTick(give) : give();
      return;
    }
    if (st.buffered.length > 0) drainBuffer(s);
    const after = () => {
      const drain = !st.ending && !st.destroyed && st.length === 0 && st.needDrain;
      if (drain) {
        st.needDrain = false;
        s.emit('drain');
      }
      for (const { callback } of entries) { st.pendingcb--; callback(null); }
      if (st.destroyed) rejectBuffered(st);
      maybeFinish(s);
    };
    sync ? nextTick(after) : after();
  };
  if (st.destroyed) done(make(Error, 'ERR_STREAM_DESTROYED', 'Cannot call write after a stream was destroyed'));
  else {
    try {
      if (many) s._writev(entries.map(({ chunk, encoding }) => ({ chunk, encoding })), done);
      else s._write(entries[0].chunk, entries[0].encoding, done);
    } catch (e) {
      st.sync = false;
      throw e;
    }
  }
  st.sync = false;
}

function rejectBuffered(st) {
  if (st.writing) return;
  for (const { chunk, callback } of st.buffered.splice(0)) {
    st.length -= st.objectMode ? 1 : chunk.length;
    st.pendingcb--;
    callback(st.errored || make(Error, 'ERR_STREAM_DESTROYED', 'Cannot call write after a stream was destroyed'));
  }
  for (const f of st.onFinished.splice(0)) f(st.errored || make(Error, 'ERR_STREAM_DESTROYED', 'Cannot call end after a stream was destroyed'));
}

function drainBuffer(s) {
  const st = s._writableState;
  if (st.corked || st.processing || st.destroyed || st.buffered.length === 0) return;
  st.processing = true;
  if (st.buffered.length > 1 && s._writev) send(s, st.buffered.splice(0), true);
  else while (st.buffered.length && !st.writing) send(s, [st.buffered.shift()], false);
  st.processing = false;
}

const finishable = (st) => st.ending && !st.destroyed && st.length === 0 && !st.errored && st.buffered.length === 0 && !st.finished && !st.writing && !st.errorEmitted && !st.closeEmitted;
function maybeFinish(s) {
  const st = s._writableState;
  if (!finishable(st)) return;
  if (!st.prefinished) {
    if (typeof s._final === 'function' && !st.finalCalled) {
      st.finalCalled = true;
      st.pendingcb++;
      let called = false;
      const done = (e) => {
        if (called) return fail(s, e || make(Error, 'ERR_MULTIPLE_CALLBACK', 'Callback called multiple times'));
        called = true;
        st.pendingcb--;
        if (e) {
          for (const f of st.onFinished.splice(0)) f(e);
          fail(s, e);
        } else if (finishable(st)) {
          st.prefinished = true;
          s.emit('prefinish');
          st.pendingcb++;
          nextTick(() => finish(s));
        }
      };
      try { s._final(done); } catch (e) { done(e); }
      return;
    }
    if (st.finalCalled) return;
    st.prefinished = true;
    s.emit('prefinish');
  }
  if (st.pendingcb === 0) {
    st.pendingcb++;
    nextTick(() => finishable(st) ? finish(s) : st.pendingcb--);
  }
}
function finish(s) {
  const st = s._writableState;
  st.pendingcb--;
  if (st.finished || st.destroyed) return;
  st.finished = true;
  for (const f of st.onFinished.splice(0)) f(null);
  s.emit('finish');
  if (st.autoDestroy) {
    const r = s._readableState;
    if (!r || r.autoDestroy && (r.endEmitted || r.readable === false)) s.destroy();
  }
}

Object.assign(Writable.prototype, destroyMethods, {
  write(chunk, encoding, cb) { return enqueue(this, chunk, encoding, cb) === true; },
  _write(chunk, encoding, cb) {
    if (!this._writev) throw make(Error, 'ERR_METHOD_NOT_IMPLEMENTED', 'The _write() method is not implemented');
    this._writev([{ chunk, encoding }], cb);
  },
  _writev: null,
  cork() { this._writableState.corked++; },
  uncork() {
    const st = this._writableState;
    if (st.corked && --st.corked === 0 && !st.writing) drainBuffer(this);
  },
  setDefaultEncoding(encoding) {
    if (known(encoding) === undefined) throw make(TypeError, 'ERR_UNKNOWN_ENCODING', `Unknown encoding: ${encoding}`);
    this._writableState.defaultEncoding = encoding;
    return this;
  },
  end(chunk, encoding, cb) {
    const st = this._writableState;
    if (typeof chunk === 'function') {
      cb = chunk;
      chunk = encoding = undefined;
    } else if (typeof encoding === 'function') {
      cb = encoding;
      encoding = undefined;
    }
    let e;
    if (chunk !== null && chunk !== undefined) {
      const r = enqueue(this, chunk, encoding);
      if (r instanceof Error) e = r;
    }
    if (st.corked) {
      st.corked = 1;
      this.uncork();
    }
    if (!e && !st.errored && !st.ending) {
      st.ending = true;
      maybeFinish(this);
      st.ended = true;
    } else if (!e && st.finished) {
      e = make(Error, 'ERR_STREAM_ALREADY_FINISHED', 'Cannot call end after a stream was finished');
    } else if (!e && st.destroyed) {
      e = make(Error, 'ERR_STREAM_DESTROYED', 'Cannot call end after a stream was destroyed');
    }
    if (typeof cb === 'function') {
      if (e) nextTick(() => cb(e));
      else if (st.finished) nextTick(() => cb(null));
      else st.onFinished.push(cb);
    }
    return this;
  },
  destroy(e, cb) {
    const st = this._writableState;
    if (!st.destroyed && (st.buffered.length || st.onFinished.length)) nextTick(() => rejectBuffered(st));
    return destroyMethods.destroy.call(this, e, cb);
  },
  pipe() { fail(this, make(Error, 'ERR_STREAM_CANNOT_PIPE', 'Cannot pipe, not readable')); },
});
const state = (name, get, set) => Object.defineProperty(Writable.prototype, name, { get, set, configurable: true });
state('writable', function () {
  const w = this._writableState;
  return !!w && w.writable !== false && !w.destroyed && !w.errored && !w.ending && !w.ended;
}, function (v) { if (this._writableState) this._writableState.writable = !!v; });
state('writableNeedDrain', function () { const w = this._writableState; return !!w && !w.destroyed && !w.ending && w.needDrain; });
state('writableAborted', function () { const w = this._writableState; return w.writable !== false && (w.destroyed || w.errored !== null) && !w.finished; });
for (const [name, key] of [['writableFinished', 'finished'], ['writableEnded', 'ending'], ['writableHighWaterMark', 'highWaterMark'], ['writableLength', 'length'], ['writableObjectMode', 'objectMode'], ['writableCorked', 'corked'], ['writableBuffer', 'buffered']]) {
  state(name, function () { return this._writableState && this._writableState[key]; });
}
module.exports = { Writable };
