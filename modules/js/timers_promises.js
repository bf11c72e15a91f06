'use strict';
const aborted = (signal) => Object.assign(new Error('The operation was aborted', { cause: signal.reason }), { name: 'AbortError', code: 'ABORT_ERR' });
const wait = (start, stop) => (value, options) => new Promise((resolve, reject) => {
  const { signal, ref = true } = options || {};
  if (signal && signal.aborted) return reject(aborted(signal));
  let onAbort;
  const timer = start(() => {
    if (signal) signal.removeEventListener('abort', onAbort);
    resolve(value);
  });
  if (!ref && timer && timer.unref) timer.unref();
  if (signal) {
    onAbort = () => { stop(timer); reject(aborted(signal)); };
    signal.addEventListener('abort', onAbort, { once: true });
  }
});
exports.setTimeout = (ms, value, options) => wait((f) => setTimeout(f, ms), clearTimeout)(value, options);
exports.setImmediate = (value, options) => wait((f) => setImmediate(f), clearImmediate)(value, options);
// setInterval is an async iterable: a tick each time it is asked, none lost.
exports.setInterval = (ms, value, options) => {
  const { signal } = options || {};
  let ticks = 0, waiting, ended = false, failed;
  const timer = setInterval(() => {
    ticks++;
    if (waiting) { const w = waiting; waiting = undefined; ticks--; w.resolve({ value, done: false }); }
  }, ms);
  const stop = () => { ended = true; clearInterval(timer); };
  if (signal) {
    const onAbort = () => { stop(); failed = aborted(signal); if (waiting) { waiting.reject(failed); waiting = undefined; } };
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
  }
  const it = {
    next: () => new Promise((resolve, reject) => {
      if (failed) { reject(failed); failed = undefined; }
      else if (ended) resolve({ value: undefined, done: true });
      else if (ticks > 0) { ticks--; resolve({ value, done: false }); }
      else waiting = { resolve, reject };
    }),
    return: async () => { stop(); return { value: undefined, done: true }; },
  };
  if (Symbol.asyncIterator) it[Symbol.asyncIterator] = () => it;
  return it;
};
exports.scheduler = { wait: (ms, options) => exports.setTimeout(ms, undefined, options), yield: () => exports.setImmediate() };
