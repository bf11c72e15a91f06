'use strict';
// The promises and iterators of module events.
const { invalidType } = require('internal/errors');

const abortError = (signal) => Object.assign(new Error('The operation was aborted', { cause: signal.reason }), { name: 'AbortError', code: 'ABORT_ERR' });

// once gives a promise of the arguments of the next event.
function once(emitter, name, options) {
  const signal = options ? options.signal : undefined;
  return new Promise((resolve, reject) => {
    if (signal && signal.aborted) return reject(abortError(signal));
    if (typeof emitter.addEventListener === 'function' && typeof emitter.on !== 'function') {
      emitter.addEventListener(name, (...args) => resolve(args), { once: true });
      return;
    }
    if (typeof emitter.once !== 'function') throw invalidType('emitter', 'an instance of EventEmitter', emitter);
    const done = (f, v) => {
      emitter.removeListener(name, onEvent);
      emitter.removeListener('error', onError);
      if (signal) signal.removeEventListener('abort', onAbort);
      f(v);
    };
    const onEvent = (...args) => done(resolve, args);
    const onError = (e) => done(reject, e);
    const onAbort = () => done(reject, abortError(signal));
    emitter.once(name, onEvent);
    if (name !== 'error') emitter.once('error', onError);
    if (signal) signal.addEventListener('abort', onAbort, { once: true });
  });
}

// on gives an async iterator of the arguments of every event.
function on(emitter, name, options) {
  const { signal, close } = options || {};
  if (signal && signal.aborted) throw abortError(signal);
  const ready = [], waiting = [];
  let failed, ended = false;
  const push = (...args) => { waiting.length ? waiting.shift().resolve({ value: args, done: false }) : ready.push(args); };
  const fail = (e) => { waiting.length ? waiting.shift().reject(e) : failed = e; it.return(); };
  const it = {
    next() {
      if (ready.length) return Promise.resolve({ value: ready.shift(), done: false });
      if (failed) { const e = failed; failed = undefined; return Promise.reject(e); }
      if (ended) return Promise.resolve({ value: undefined, done: true });
      return new Promise((resolve, reject) => waiting.push({ resolve, reject }));
    },
    return() {
      emitter.removeListener(name, push);
      emitter.removeListener('error', fail);
      ended = true;
      for (const w of waiting.splice(0)) w.resolve({ value: undefined, done: true });
      return Promise.resolve({ value: undefined, done: true });
    },
    throw(e) { fail(e); return Promise.resolve({ value: undefined, done: true }); },
  };
  if (Symbol.asyncIterator) it[Symbol.asyncIterator] = () => it;
  emitter.on(name, push);
  if (name !== 'error') emitter.on('error', fail);
  for (const k of close || []) emitter.on(k, () => it.return());
  if (signal) signal.addEventListener('abort', () => fail(abortError(signal)), { once: true });
  return it;
}

function addAbortListener(signal, listener) {
  if (signal.aborted) queueMicrotask(() => listener());
  else signal.addEventListener('abort', listener, { once: true });
  return { [Symbol.dispose || Symbol.for('Symbol.dispose')]() { signal.removeEventListener('abort', listener); } };
}

module.exports = { once, on, addAbortListener };
