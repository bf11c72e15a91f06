'use strict';
// What makes a hash or cipher a stream: a Transform of its own, made when one of
// the methods is first called. flush gives the last output.
function inner(self, flush) {
  if (self._stream) return self._stream;
  const { Transform } = require('stream');
  const s = new Transform({
    transform(chunk, encoding, done) { try { const out = self.update(chunk, encoding); done(null, out === self ? undefined : out); } catch (err) { done(err); } },
    flush(done) { try { this.push(flush(self)); done(); } catch (err) { done(err); } },
  });
  Object.defineProperty(self, '_stream', { value: s });
  return s;
}

module.exports = (proto, names, flush) => {
  for (const name of names.trim().split(' ')) {
    Object.defineProperty(proto, name, {
      value(...args) { const s = inner(this, flush); const r = s[name](...args); return r === s ? this : r; },
      writable: true, configurable: true,
    });
  }
};
