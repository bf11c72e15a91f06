// finished and pipeline: when streams are over, and chains of them.
'use strict';
const { make, invalidType, checkFunction } = require('internal/errors');
const { nextTick } = require('internal/stream_base');

const premature = () => make(Error, 'ERR_STREAM_PREMATURE_CLOSE', 'Premature close');
const abortError = (signal) => Object.assign(new Error('The operation was aborted', { cause: signal && signal.reason }), { name: 'AbortError', code: 'ABORT_ERR' });
const isStream = (s) => s !== null && typeof s === 'object' && typeof s.on === 'function' && (typeof s.pipe === 'function' || typeof s.write === 'function');

// finished calls back once the stream has ended, failed or closed; it returns
// the function that stops listening.
function finished(s, options, callback) {
  if (typeof options === 'function') {
    callback = options;
    options = {};
  }
  checkFunction(callback, 'callback');
  if (!isStream(s)) throw invalidType('stream', 'an instance of Stream', s);
  options = options || {};
  const r = s._readableState, w = s._writableState;
  const readable = options.readable !== false && (options.readable || Boolean(r) || !w && typeof s.pipe === 'function' && s.readable !== false);
  const writable = options.writable !== false && (options.writable || Boolean(w) || !r && typeof s.write === 'function');
  let over = false;
  let ended = !readable || Boolean(r && (r.endEmitted || r.readable === false));
  let done = !writable || Boolean(w && (w.finished || w.writable === false));
  const once = (e) => {
    if (over) return;
    over = true;
    stop();
    callback.call(s, e);
  };
  const onEnd = () => { ended = true; if (done) once(); };
  const onFinish = () => { done = true; if (ended) once(); };
  const onError = (e) => once(e);
  const onClose = () => {
    const e = r && r.errored || w && w.errored;
    if (e && typeof e !== 'boolean') return once(e);
    if (readable && !ended && !(r && r.endEmitted)) return once(premature());
    if (writable && !done && !(w && w.finished)) return once(premature());
    once();
  };
  const onAbort = () => once(abortError(options.signal));
  const pairs = [['end', onEnd], ['finish', onFinish], ['close', onClose]];
  if (options.error !== false) pairs.push(['error', onError]);
  if (typeof s.abort === 'function' && s.setHeader) pairs.push(['complete', onFinish], ['abort', onClose]);
  for (const [k, f] of pairs) s.on(k, f);
  if (options.signal) options.signal.aborted ? nextTick(onAbort) : options.signal.addEventListener('abort', onAbort, { once: true });
  const stop = () => {
    over = true;
    for (const [k, f] of pairs) s.removeListener(k, f);
    if (options.signal) options.signal.removeEventListener('abort', onAbort);
  };
  if (r && r.closeEmitted || w && w.closeEmitted) nextTick(onClose);
  else if (r && r.errorEmitted || w && w.errorEmitted) nextTick(() => once(r && r.errored || w && w.errored));
  else if (ended && done && (readable || writable)) nextTick(() => once());
  return stop;
}

const isIterable = (v) => v !== null && v !== undefined && typeof v !== 'string' && (typeof v[Symbol.iterator] === 'function' || Boolean(Symbol.asyncIterator) && typeof v[Symbol.asyncIterator] === 'function');

// stage makes a stream of one of pipeline's arguments: functions are called with
// what comes before them.
function stage(v, before, last, report) {
  if (isStream(v)) return v;
  const { Readable, PassThrough } = require('stream');
  if (typeof v !== 'function') {
    if (isIterable(v)) return Readable.from(v);
    throw invalidType('streams', 'an instance of Stream, Iterable, AsyncIterable or a function', v);
  }
  const out = before === undefined ? v() : v(before);
  if (isStream(out)) return out;
  if (isIterable(out)) return Readable.from(out);
  if (out && typeof out.then === 'function' && last) {
    const end = new PassThrough({ objectMode: true });
    out.then((value) => { report(value); end.end(); end.resume(); }, (e) => end.destroy(e));
    return end;
  }
  throw make(TypeError, 'ERR_INVALID_RETURN_VALUE', `Expected Iterable, AsyncIterable or Stream to be returned from the pipeline function but got type ${typeof out}.`);
}

function pipeline(...streams) {
  const callback = streams.pop();
  checkFunction(callback, 'streams[stream.length - 1]');
  if (Array.isArray(streams[0]) && streams.length === 1) streams = streams[0];
  return connect(streams, {}, callback);
}
function connect(streams, { signal, end }, callback) {
  if (streams.length < 2) throw make(TypeError, 'ERR_MISSING_ARGS', 'The "streams" argument must be specified');
  let failure, value, left;
  const chain = [], called = { done: false };
  const destroyAll = (e) => { for (const s of chain) if (typeof s.destroy === 'function' && !s.destroyed) s.destroy(e); };
  const over = (e, isLast) => {
    // An early close that another stream's error caused is not the cause.
    if (e && (!failure || failure.code === 'ERR_STREAM_PREMATURE_CLOSE')) failure = e;
    if (failure) destroyAll(failure);
    if ((--left === 0 || failure && isLast) && !called.done) {
      called.done = true;
      if (signal) signal.removeEventListener('abort', onAbort);
      nextTick(() => callback(failure, value));
    }
  };
  const onAbort = () => { failure = abortError(signal); destroyAll(failure); };
  let before;
  const own = [];
  for (let i = 0; i < streams.length; i++) {
    const s = stage(streams[i], before, i === streams.length - 1, (v) => { value = v; });
    own.push(typeof streams[i] !== 'function');
    chain.push(s);
    before = s;
  }
  left = chain.length;
  chain.forEach((s, i) => {
    const reading = i < chain.length - 1, writing = i > 0;
    finished(s, { readable: reading, writable: writing && (own[i] || Boolean(s._writableState)) }, (e) => over(e, i === chain.length - 1));
    // Where the next stage is a function, it reads this one itself.
    if (reading && own[i + 1]) s.pipe(chain[i + 1], { end: end !== false || i < chain.length - 2 });
  });
  if (signal) signal.aborted ? onAbort() : signal.addEventListener('abort', onAbort, { once: true });
  return chain[chain.length - 1];
}

const promises = {
  finished: (s, options) => new Promise((resolve, reject) => finished(s, options || {}, (e) => e ? reject(e) : resolve())),
  pipeline: (...streams) => new Promise((resolve, reject) => {
    const last = streams[streams.length - 1];
    const options = last !== null && typeof last === 'object' && !isStream(last) && !isIterable(last) ? streams.pop() : {};
    connect(Array.isArray(streams[0]) && streams.length === 1 ? streams[0] : streams, options, (e, v) => e ? reject(e) : resolve(v));
  }),
};
function addAbortSignal(signal, s) {
  if (signal === null || typeof signal !== 'object' || !('aborted' in signal)) throw invalidType('signal', 'an instance of AbortSignal', signal);
  const onAbort = () => s.destroy(abortError(signal));
  if (signal.aborted) {
    onAbort();
  } else {
    signal.addEventListener('abort', onAbort, { once: true });
    finished(s, () => signal.removeEventListener('abort', onAbort));
  }
  return s;
}
module.exports = { finished, pipeline, promises, addAbortSignal };
