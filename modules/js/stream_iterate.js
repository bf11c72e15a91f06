// Streams read by for await, or one chunk after the other.
'use strict';
const { finished } = require('internal/stream_end');

// iterate gives the async iterator of a stream: read until end, close or error.
function iterate(s, options) {
  let wake = () => {}, failed, ended = false;
  const next = () => { const w = wake; wake = () => {}; w(); };
  s.on('readable', next);
  const stop = finished(s, { writable: false }, (e) => {
    failed = e;
    ended = true;
    next();
  });
  const close = () => {
    ended = true;
    s.removeListener('readable', next);
    stop();
    if (!options || options.destroyOnReturn !== false) s.destroy();
  };
  const it = {
    async next() {
      for (;;) {
        const chunk = s.destroyed ? null : s.read();
        if (chunk !== null) return { value: chunk, done: false };
        if (failed) {
          const e = failed;
          failed = undefined;
          s.removeListener('readable', next);
          throw e;
        }
        if (ended) return { value: undefined, done: true };
        await new Promise((ok) => { wake = ok; });
      }
    },
    async return(value) { close(); return { value, done: true }; },
    async throw(e) { close(); throw e; },
  };
  if (Symbol.asyncIterator) it[Symbol.asyncIterator] = () => it;
  return it;
}

module.exports = { iterate };
