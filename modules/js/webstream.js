'use strict';
// ReadableStream: reading, cancelling, iterating and tee. Byte sources, piping
// and writable streams are not here.
const kS = Symbol('stream state');

class Controller {
  constructor(s) { Object.defineProperty(this, kS, { value: s }); }
  get desiredSize() { const s = this[kS]; return s.error ? null : s.closed ? 0 : 1 - s.queue.length; }
  enqueue(chunk) {
    const s = this[kS];
    if (s.closing || s.error) throw new TypeError('Invalid state: Controller is already closed');
    if (s.waiting.length) s.waiting.shift().resolve({ value: chunk, done: false });
    else s.queue.push(chunk);
  }
  close() {
    const s = this[kS];
    if (s.closing || s.error) throw new TypeError('Invalid state: Controller is already closed');
    s.closing = true;
    settle(s);
  }
  error(reason) { fail(this[kS], reason); }
}

function settle(s) {
  if (!s.closing || s.queue.length || s.closed) return;
  s.closed = true;
  for (const w of s.waiting.splice(0)) w.resolve({ value: undefined, done: true });
  s.end.resolve();
}

function fail(s, reason) {
  if (s.closed || s.error) return;
  s.error = { reason };
  s.queue.length = 0;
  for (const w of s.waiting.splice(0)) w.reject(reason);
  s.end.reject(reason);
}

function deferred() {
  const d = {};
  d.promise = new Promise((resolve, reject) => { d.resolve = resolve; d.reject = reject; });
  d.promise.catch(() => {});
  return d;
}

function pull(s) {
  if (s.pulling || s.closing || s.error || s.queue.length || !s.started || typeof s.source.pull !== 'function') return;
  s.pulling = true;
  let p;
  try { p = s.source.pull(s.controller); } catch (err) { fail(s, err); return; }
  Promise.resolve(p).then(() => {
    s.pulling = false;
    if (s.waiting.length) pull(s);
  }, (err) => fail(s, err));
}

function read(s) {
  s.disturbed = true;
  if (s.queue.length) {
    const value = s.queue.shift();
    settle(s);
    return Promise.resolve({ value, done: false });
  }
  if (s.error) return Promise.reject(s.error.reason);
  if (s.closed) return Promise.resolve({ value: undefined, done: true });
  const d = deferred();
  s.waiting.push(d);
  pull(s);
  return d.promise;
}

function cancel(s, reason) {
  s.disturbed = true;
  if (s.error) return Promise.reject(s.error.reason);
  if (s.closed) return Promise.resolve();
  s.queue.length = 0;
  s.closing = true;
  settle(s);
  try { return Promise.resolve(s.source.cancel ? s.source.cancel(reason) : undefined).then(() => undefined); } catch (err) { return Promise.reject(err); }
}

class Reader {
  constructor(stream) {
    const s = stream[kS];
    if (s.reader) throw new TypeError('Invalid state: ReadableStream is locked');
    s.reader = this;
    Object.defineProperty(this, kS, { value: s, writable: true });
  }
  get closed() { return this[kS] ? this[kS].end.promise : Promise.reject(new TypeError('Reader released')); }
  read() { return this[kS] ? read(this[kS]) : Promise.reject(new TypeError('Invalid state: The reader is not attached to a stream')); }
  cancel(reason) { return this[kS] ? cancel(this[kS], reason) : Promise.reject(new TypeError('Invalid state: The reader is not attached to a stream')); }
  releaseLock() {
    if (!this[kS]) return;
    this[kS].reader = null;
    this[kS] = null;
  }
}

class ReadableStream {
  constructor(source) {
    if (source === undefined || source === null) source = {};
    if (source.type === 'bytes') source = Object.assign(Object.create(Object.getPrototypeOf(source)), source, { type: undefined });
    const s = { source, queue: [], waiting: [], end: deferred(), reader: null, error: null, closing: false, closed: false, pulling: false, started: false, disturbed: false, controller: null };
    s.controller = new Controller(s);
    Object.defineProperty(this, kS, { value: s });
    const started = () => { s.started = true; if (s.waiting.length) pull(s); };
    const p = typeof source.start === 'function' ? source.start(s.controller) : undefined;
    if (p && typeof p.then === 'function') p.then(started, (err) => fail(s, err));
    else started();
  }
  get locked() { return this[kS].reader !== null; }
  cancel(reason) { return this.locked ? Promise.reject(new TypeError('Invalid state: ReadableStream is locked')) : cancel(this[kS], reason); }
  getReader() { return new Reader(this); }
  tee() {
    const reader = this.getReader();
    const branches = [];
    let busy = false;
    const step = () => {
      if (busy) return undefined;
      busy = true;
      return reader.read().then(({ value, done }) => {
        busy = false;
        for (const c of branches) { if (done) c.close(); else c.enqueue(value); }
      }, (err) => branches.forEach((c) => c.error(err)));
    };
    const make = () => new ReadableStream({ start(c) { branches.push(c); }, pull: step });
    return [make(), make()];
  }
  values(options) {
    const reader = this.getReader();
    const keep = options && options.preventCancel;
    return {
      next: () => reader.read().then((r) => { if (r.done) reader.releaseLock(); return r; }, (err) => { reader.releaseLock(); throw err; }),
      return: (value) => {
        const p = keep ? Promise.resolve() : reader.cancel(value);
        reader.releaseLock();
        return p.then(() => ({ value, done: true }));
      },
      [Symbol.asyncIterator || '@@asyncIterator']() { return this; },
    };
  }
  pipeTo() { return Promise.reject(new TypeError('ReadableStream.pipeTo is not available here: read the stream with getReader()')); }
  pipeThrough() { throw new TypeError('ReadableStream.pipeThrough is not available here: read the stream with getReader()'); }
  get [Symbol.toStringTag]() { return 'ReadableStream'; }
  static from(iterable) {
    const it = iterable[Symbol.asyncIterator] ? iterable[Symbol.asyncIterator]() : iterable[Symbol.iterator]();
    return new ReadableStream({
      pull: (c) => Promise.resolve(it.next()).then((r) => (r.done ? c.close() : Promise.resolve(r.value).then((v) => c.enqueue(v)))),
      cancel: (reason) => (it.return ? it.return(reason) : undefined),
    });
  }
}
if (Symbol.asyncIterator) Object.defineProperty(ReadableStream.prototype, Symbol.asyncIterator, { value: ReadableStream.prototype.values, writable: true, configurable: true });
// What Body asks before it reads.
Object.defineProperty(ReadableStream.prototype, 'disturbed', { get() { return this[kS].disturbed; }, configurable: true });

// ofBody is the stream behind `.body`: of the exchange by native.read, or of what
// rest gives. fail throws the error that the script should see.
function ofBody(b, native, rest, fail) {
  const h = b.h;
  if (h >= 0 && !b.shared) {
    return new ReadableStream({
      pull: (c) => native.read(h).then((chunk) => (chunk === null ? c.close() : c.enqueue(chunk)), fail),
      cancel: () => { native.abort(h); },
    });
  }
  const all = rest();
  return new ReadableStream({
    pull: (c) => Promise.resolve(all).then((d) => {
      if (typeof d === 'string') d = require('internal/body').encode(d);
      if (d.byteLength) c.enqueue(d);
      c.close();
    }),
  });
}

// collect reads the stream to its end.
function collect(stream) {
  const reader = stream.getReader();
  const chunks = [];
  const step = () => reader.read().then(({ value, done }) => {
    if (done) return require('internal/body').join(chunks);
    if (typeof value !== 'string' && !ArrayBuffer.isView(value) && !(value instanceof ArrayBuffer)) {
      throw new TypeError('Received non-Uint8Array chunk');
    }
    chunks.push(value);
    return step();
  });
  return step();
}

module.exports = { ReadableStream, ofBody, collect };
