// Readable streams.
'use strict';
const { make, invalidType } = require('internal/errors');
const { Stream, nextTick, watermark, destroyMethods, fail, asBytes } = require('internal/stream_base');
const EventEmitter = require('events');

// State of the reading half; see the documentation of Node.js for the terms.
function ReadableState(options, duplex) {
  this.objectMode = Boolean(options && (options.objectMode || duplex && options.readableObjectMode));
  this.highWaterMark = watermark(options, 'readableHighWaterMark', duplex, this.objectMode);
  this.buffer = [];
  this.length = 0;
  this.pipes = [];
  this.flowing = null;
  this.ended = this.endEmitted = this.reading = false;
  this.constructed = true;
  this.sync = true;
  this.needReadable = this.emittedReadable = this.readableListening = this.resumeScheduled = this.readingMore = false;
  this.paused = false;
  this.errorEmitted = this.closed = this.closeEmitted = this.destroyed = this.dataEmitted = false;
  this.errored = null;
  this.emitClose = !options || options.emitClose !== false;
  this.autoDestroy = !options || options.autoDestroy !== false;
  this.awaitDrain = new Set();
  this.decoder = this.encoding = null;
  this.defaultEncoding = options && options.defaultEncoding || 'utf8';
}

function Readable(options) {
  if (!(this instanceof Readable)) return new Readable(options);
  this._readableState = new ReadableState(options, this._isDuplex === true);
  if (options) {
    if (typeof options.read === 'function') this._read = options.read;
    if (typeof options.destroy === 'function') this._destroy = options.destroy;
    if (options.encoding) this.setEncoding(options.encoding);
  }
  Stream.call(this);
  if (options && options.signal) require('stream').addAbortSignal(options.signal, this);
}
Object.setPrototypeOf(Readable.prototype, Stream.prototype);
Object.setPrototypeOf(Readable, Stream);
Readable.ReadableState = ReadableState;

function endReadable(s) {
  const st = s._readableState;
  if (st.endEmitted) return;
  st.ended = true;
  nextTick(() => {
    if (st.errored || st.closeEmitted || st.endEmitted || st.length !== 0) return;
    st.endEmitted = true;
    s.emit('end');
    const w = s._writableState;
    if (s.writable && w && s.allowHalfOpen === false) {
      nextTick(() => { if (s.writable && !s.writableEnded && !s.destroyed) s.end(); });
    } else if (st.autoDestroy) {
      if (!w || w.autoDestroy && (w.finished || w.writable === false)) s.destroy();
    }
  });
}

function emitReadable(s) {
  const st = s._readableState;
  st.needReadable = false;
  if (st.emittedReadable) return;
  st.emittedReadable = true;
  nextTick(() => announce(s));
}
function announce(s) {
  const st = s._readableState;
  if (!st.destroyed && !st.errored && (st.length || st.ended)) {
    s.emit('readable');
    st.emittedReadable = false;
  }
  st.needReadable = !st.flowing && !st.ended && st.length <= st.highWaterMark;
  flow(s);
}
function flow(s) {
  const st = s._readableState;
  while (st.flowing && s.read() !== null);
}
function maybeReadMore(s) {
  const st = s._readableState;
  if (st.readingMore) return;
  st.readingMore = true;
  nextTick(() => {
    while (!st.reading && !st.ended && !st.destroyed && (st.length < st.highWaterMark || st.flowing && st.length === 0)) {
      const before = st.length;
      s.read(0);
      if (before === st.length) break;
    }
    st.readingMore = false;
  });
}

function addChunk(s, chunk, front) {
  const st = s._readableState;
  if (st.flowing && st.length === 0 && !st.sync && s.listenerCount('data') > 0) {
    st.awaitDrain.clear();
    st.dataEmitted = true;
    s.emit('data', chunk);
  } else {
    st.length += st.objectMode ? 1 : chunk.length;
    if (front) st.buffer.unshift(chunk);
    else st.buffer.push(chunk);
    if (st.needReadable) emitReadable(s);
  }
  maybeReadMore(s);
}
function onEof(s) {
  const st = s._readableState;
  if (st.ended) return;
  if (st.decoder) {
    const rest = st.decoder.end();
    if (rest && rest.length) {
      st.buffer.push(rest);
      st.length += st.objectMode ? 1 : rest.length;
    }
  }
  st.ended = true;
  if (st.sync) {
    emitReadable(s);
  } else {
    st.needReadable = false;
    st.emittedReadable = true;
    announce(s);
  }
}
function accept(s, chunk, encoding, front) {
  const st = s._readableState;
  if (chunk === null) {
    st.reading = false;
    onEof(s);
    return false;
  }
  if (!st.objectMode) {
    if (typeof chunk === 'string') {
      encoding = encoding || st.defaultEncoding;
      if (st.encoding !== encoding) {
        const b = asBytes(chunk, encoding);
        chunk = front && st.encoding ? b.toString(st.encoding) : b;
      } else {
        encoding = '';
      }
    } else if (chunk instanceof Uint8Array) {
      encoding = '';
      chunk = asBytes(chunk);
    } else if (chunk !== undefined) {
      fail(s, invalidType('chunk', 'of type string or an instance of Buffer or Uint8Array', chunk));
      return false;
    }
  }
  if (st.objectMode || chunk && chunk.length > 0) {
    if (front) {
      if (st.endEmitted) fail(s, make(Error, 'ERR_STREAM_UNSHIFT_AFTER_END_EVENT', 'stream.unshift() after end event'));
      else if (st.destroyed || st.errored) return false;
      else addChunk(s, chunk, true);
    } else if (st.ended) {
      fail(s, make(Error, 'ERR_STREAM_PUSH_AFTER_EOF', 'stream.push() after EOF'));
    } else if (st.destroyed || st.errored) {
      return false;
    } else {
      st.reading = false;
      if (st.decoder && chunk instanceof Uint8Array) {
        chunk = st.decoder.write(chunk);
        if (st.objectMode || chunk.length !== 0) addChunk(s, chunk, false);
        else maybeReadMore(s);
      } else {
        addChunk(s, chunk, false);
      }
    }
  } else if (!front) {
    st.reading = false;
    maybeReadMore(s);
  }
  return !st.ended && (st.length < st.highWaterMark || st.length === 0);
}

const wanted = (st, n) => {
  if (n <= 0 || st.length === 0 && st.ended) return 0;
  if (st.objectMode) return 1;
  if (Number.isNaN(n)) return st.flowing && st.length ? st.buffer[0].length : st.length;
  return n <= st.length ? n : st.ended ? st.length : 0;
};
// take removes n bytes or characters, or one object, from the buffer.
function take(st, n) {
  if (st.objectMode) return st.buffer.shift();
  if (!n || n >= st.length) {
    const all = st.decoder || typeof st.buffer[0] === 'string' ? st.buffer.join('') : st.buffer.length === 1 ? st.buffer[0] : require('internal/buffer').Buffer.concat(st.buffer);
    st.buffer = [];
    return all;
  }
  const parts = [];
  while (n > 0) {
    const first = st.buffer[0];
    if (first.length <= n) {
      parts.push(st.buffer.shift());
      n -= first.length;
    } else {
      parts.push(first.slice(0, n));
      st.buffer[0] = first.slice(n);
      n = 0;
    }
  }
  return parts.length === 1 ? parts[0] : typeof parts[0] === 'string' ? parts.join('') : require('internal/buffer').Buffer.concat(parts);
}

function pipeOnDrain(src, dest) {
  return () => {
    const st = src._readableState;
    st.awaitDrain.delete(dest);
    if (st.awaitDrain.size === 0 && src.listenerCount('data') > 0) src.resume();
  };
}

Object.assign(Readable.prototype, destroyMethods, {
  push(chunk, encoding) { return accept(this, chunk, encoding, false); },
  unshift(chunk, encoding) { return accept(this, chunk, encoding, true); },
  _read() { throw make(Error, 'ERR_METHOD_NOT_IMPLEMENTED', 'The _read() method is not implemented'); },
  read(n) {
    n = n === undefined ? NaN : Number.isInteger(n) ? n : parseInt(n, 10);
    const st = this._readableState, asked = n;
    if (n > st.highWaterMark) st.highWaterMark = Math.min(n, 1 << 30);
    if (n !== 0) st.emittedReadable = false;
    if (n === 0 && st.needReadable && ((st.highWaterMark !== 0 ? st.length >= st.highWaterMark : st.length > 0) || st.ended)) {
      if (st.length === 0 && st.ended) endReadable(this);
      else emitReadable(this);
      return null;
    }
    n = wanted(st, n);
    if (n === 0 && st.ended) {
      if (st.length === 0) endReadable(this);
      return null;
    }
    if ((st.needReadable || st.length === 0 || st.length - n < st.highWaterMark) && !st.ended && !st.reading && !st.destroyed && !st.errored && st.constructed) {
      st.reading = st.sync = true;
      if (st.length === 0) st.needReadable = true;
      try { this._read(st.highWaterMark); } catch (e) { fail(this, e); }
      st.sync = false;
      if (!st.reading) n = wanted(st, asked);
    }
    let chunk = n > 0 ? take(st, n) : null;
    if (chunk === null || chunk === undefined) {
      chunk = null;
      st.needReadable = st.length <= st.highWaterMark;
      n = 0;
    } else {
      st.length -= st.objectMode ? 1 : n;
      st.awaitDrain.clear();
    }
    if (st.length === 0) {
      if (!st.ended) st.needReadable = true;
      if (asked !== n && st.ended) endReadable(this);
    }
    if (chunk !== null && !st.errored && !st.closeEmitted) {
      st.dataEmitted = true;
      this.emit('data', chunk);
    }
    return chunk;
  },
  pipe(dest, options) {
    const src = this, st = this._readableState;
    st.pipes.push(dest);
    const end = (!options || options.end !== false) && !(typeof process !== 'undefined' && (dest === process.stdout || dest === process.stderr));
    const finish = () => { dest.end(); };
    const unpipe = () => { src.unpipe(dest); };
    if (st.endEmitted) nextTick(end ? finish : unpipe);
    else src.once('end', end ? finish : unpipe);
    let onDrain;
    const pause = () => {
      if (st.pipes.includes(dest)) {
        st.awaitDrain.add(dest);
        src.pause();
      }
      if (!onDrain) {
        onDrain = pipeOnDrain(src, dest);
        dest.on('drain', onDrain);
      }
    };
    const onData = (chunk) => { if (dest.write(chunk) === false) pause(); };
    const onError = (e) => {
      unpipe();
      dest.removeListener('error', onError);
      if (dest.listenerCount('error') === 0) {
        const s = dest._writableState || dest._readableState;
        if (s && !s.errorEmitted) fail(dest, e);
        else dest.emit('error', e);
      }
    };
    const onClose = () => { dest.removeListener('finish', onFinish); unpipe(); };
    const onFinish = () => { dest.removeListener('close', onClose); unpipe(); };
    const cleanup = (readable, info) => {
      if (readable !== src || info && info.cleaned) return;
      if (info) info.cleaned = true;
      dest.removeListener('close', onClose);
      dest.removeListener('finish', onFinish);
      if (onDrain) dest.removeListener('drain', onDrain);
      dest.removeListener('error', onError);
      dest.removeListener('unpipe', cleanup);
      src.removeListener('end', end ? finish : unpipe);
      src.removeListener('data', onData);
      if (onDrain && st.awaitDrain.size && (!dest._writableState || dest._writableState.needDrain)) onDrain();
    };
    dest.on('unpipe', cleanup);
    src.on('data', onData);
    dest.prependListener('error', onError);
    dest.once('close', onClose);
    dest.once('finish', onFinish);
    dest.emit('pipe', src);
    if (dest.writableNeedDrain === true) pause();
    else if (!st.flowing) src.resume();
    return dest;
  },
  unpipe(dest) {
    const st = this._readableState;
    const all = dest === undefined ? st.pipes.slice() : st.pipes.filter((d) => d === dest);
    if (all.length === 0) return this;
    st.pipes = st.pipes.filter((d) => !all.includes(d));
    if (dest === undefined || st.pipes.length === 0) this.pause();
    for (const d of all) d.emit('unpipe', this, { cleaned: false });
    return this;
  },
  on(type, listener) {
    EventEmitter.prototype.on.call(this, type, listener);
    const st = this._readableState;
    if (type === 'data') {
      st.readableListening = this.listenerCount('readable') > 0;
      if (st.flowing !== false) this.resume();
    } else if (type === 'readable' && !st.endEmitted && !st.readableListening) {
      st.readableListening = st.needReadable = true;
      st.flowing = false;
      st.emittedReadable = false;
      if (st.length) emitReadable(this);
      else if (!st.reading) nextTick(() => this.read(0));
    }
    return this;
  },
  removeListener(type, listener) {
    EventEmitter.prototype.removeListener.call(this, type, listener);
    if (type === 'readable') nextTick(() => updateListening(this));
    return this;
  },
  removeAllListeners(type) {
    EventEmitter.prototype.removeAllListeners.apply(this, arguments);
    if (type === 'readable' || type === undefined) nextTick(() => updateListening(this));
    return this;
  },
  resume() {
    const st = this._readableState;
    if (!st.flowing) {
      st.flowing = !st.readableListening;
      if (!st.resumeScheduled) {
        st.resumeScheduled = true;
        nextTick(() => {
          if (!st.reading) this.read(0);
          st.resumeScheduled = false;
          this.emit('resume');
          flow(this);
          if (st.flowing && !st.reading) this.read(0);
        });
      }
    }
    st.paused = false;
    return this;
  },
  pause() {
    const st = this._readableState;
    if (st.flowing !== false) {
      st.flowing = false;
      this.emit('pause');
    }
    st.paused = true;
    return this;
  },
  isPaused() { return this._readableState.paused === true || this._readableState.flowing === false; },
  setEncoding(encoding) {
    const { StringDecoder } = require('string_decoder');
    const st = this._readableState;
    st.decoder = new StringDecoder(encoding);
    st.encoding = st.decoder.encoding;
    const text = st.buffer.map((b) => typeof b === 'string' ? b : st.decoder.write(b)).join('');
    st.buffer = text ? [text] : [];
    st.length = text.length;
    return this;
  },
  // wrap reads an old-style stream.
  wrap(old) {
    let paused = false;
    old.on('data', (chunk) => {
      if (!this.push(chunk) && old.pause) {
        paused = true;
        old.pause();
      }
    });
    old.on('end', () => this.push(null));
    old.on('error', (e) => fail(this, e));
    old.on('close', () => this.destroy());
    this._read = () => {
      if (paused && old.resume) {
        paused = false;
        old.resume();
      }
    };
    return this;
  },
  iterator(options) { return iterate(this, options); },
  async toArray() {
    const out = [], it = iterate(this);
    for (let r = await it.next(); !r.done; r = await it.next()) out.push(r.value);
    return out;
  },
  async forEach(f) {
    const it = iterate(this);
    for (let r = await it.next(); !r.done; r = await it.next()) await f(r.value);
  },
});
Readable.prototype.addListener = Readable.prototype.on;
Readable.prototype.off = Readable.prototype.removeListener;

function updateListening(s) {
  const st = s._readableState;
  st.readableListening = s.listenerCount('readable') > 0;
  if (st.resumeScheduled && !st.paused) st.flowing = true;
  else if (s.listenerCount('data') > 0) s.resume();
  else if (!st.readableListening) st.flowing = null;
}

const iterate = (s, options) => require('internal/stream_iterate').iterate(s, options);
// The symbol may come after this module, with code that uses it.
if (Symbol.asyncIterator) Readable.prototype[Symbol.asyncIterator] = function () { return iterate(this); };

const state = (name, get, set) => Object.defineProperty(Readable.prototype, name, { get, set, configurable: true });
state('readable', function () {
  const r = this._readableState;
  return !!r && r.readable !== false && !r.destroyed && !r.errorEmitted && !r.endEmitted;
}, function (v) { if (this._readableState) this._readableState.readable = !!v; });
state('readableFlowing', function () { return this._readableState.flowing; }, function (v) { this._readableState.flowing = v; });
state('readableAborted', function () { const r = this._readableState; return r.readable !== false && (r.destroyed || r.errored !== null) && !r.endEmitted; });
state('readableDidRead', function () { return this._readableState.dataEmitted; });
for (const [name, key] of [['readableHighWaterMark', 'highWaterMark'], ['readableLength', 'length'], ['readableObjectMode', 'objectMode'], ['readableEncoding', 'encoding'], ['readableEnded', 'endEmitted'], ['readableBuffer', 'buffer']]) {
  state(name, function () { return this._readableState[key]; });
}

Readable.from = (source, options) => {
  if (typeof source === 'string' || source instanceof Uint8Array) {
    return new Readable({ objectMode: true, ...options, read() { this.push(source); this.push(null); } });
  }
  const open = Symbol.asyncIterator && source[Symbol.asyncIterator] || source[Symbol.iterator];
  if (typeof open !== 'function') throw invalidType('iterable', 'an instance of Iterable', source);
  const it = open.call(source);
  let reading = false;
  const s = new Readable({ objectMode: true, highWaterMark: 1, ...options });
  s._read = () => {
    if (reading) return;
    reading = true;
    (async () => {
      for (;;) {
        const { value, done } = await it.next();
        if (done) { s.push(null); return; }
        const v = await value;
        if (v === null) throw make(TypeError, 'ERR_STREAM_NULL_VALUES', 'May not write null values to stream');
        if (!s.push(v)) break;
      }
      reading = false;
    })().catch((e) => s.destroy(e));
  };
  s._destroy = (e, cb) => {
    Promise.resolve(typeof it.return === 'function' ? it.return() : undefined).then(() => cb(e), (x) => cb(x || e));
  };
  return s;
};
Readable.fromWeb = (web, options) => {
  const reader = web.getReader();
  return new Readable({
    ...options,
    read() { reader.read().then(({ value, done }) => this.push(done ? null : options && options.objectMode ? value : asBytes(value)), (e) => this.destroy(e)); },
    destroy(e, cb) { Promise.resolve(reader.cancel(e)).then(() => cb(e), () => cb(e)); },
  });
};
module.exports = { Readable };
