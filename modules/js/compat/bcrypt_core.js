'use strict';
// The calls of bcrypt, each with a callback, with a Promise, and sync. texts are
// the original's own words for bad arguments.
const make = (texts) => {
  const bytes = (v) => typeof v === 'string' || ArrayBuffer.isView(v);
  const fail = (text) => new Error(text);

  // later gives the result to the callback, or as a Promise if there is none.
  function later(callback, task) {
    if (callback !== undefined && callback !== null && typeof callback !== 'function') throw texts.callback(callback);
    let p;
    try { p = Promise.resolve(task()); } catch (err) { p = Promise.reject(err); }
    if (!callback) return p;
    p.then((v) => setImmediate(() => callback(null, v)), (err) => setImmediate(() => callback(err)));
    return undefined;
  }

  const saltText = (rounds, minor) => {
    if (rounds === undefined || rounds === null) rounds = 10;
    if (typeof rounds !== 'number') throw fail(texts.rounds(rounds));
    if (minor !== undefined && minor !== 'a' && minor !== 'b') throw fail('minor must be either "a" or "b"');
    return native.salt(rounds, minor);
  };
  function hash(data, salt, async) {
    if (data === undefined || data === null || salt === undefined || salt === null) throw fail(texts.hashMissing(data, salt));
    if (!bytes(data) || typeof salt !== 'string' && typeof salt !== 'number') throw fail(texts.hashTypes(data, salt));
    return native.hash(data, typeof salt === 'number' ? native.salt(salt, texts.minor) : salt, async);
  }
  function compare(data, encrypted, async) {
    if (data === undefined || data === null || encrypted === undefined || encrypted === null) throw fail(texts.compareMissing(data, encrypted));
    if (!bytes(data) || typeof encrypted !== 'string') throw fail(texts.compareTypes(data, encrypted));
    return native.compare(data, encrypted, async);
  }
  function getRounds(encrypted) {
    if (encrypted === undefined || encrypted === null) throw fail('hash argument required');
    if (typeof encrypted !== 'string') throw fail(texts.getRounds(encrypted));
    const m = /^\$2[aby]?\$(\d\d)\$/.exec(encrypted);
    if (!m) throw fail('invalid hash provided');
    return Number(m[1]);
  }
  return {
    genSaltSync: saltText,
    genSalt(rounds, minor, callback) {
      if (typeof rounds === 'function') { callback = rounds; rounds = minor = undefined; } else if (typeof minor === 'function') { callback = minor; minor = undefined; }
      return later(callback, () => saltText(rounds, minor));
    },
    hashSync: (data, salt) => hash(data, salt === undefined && texts.defaultRounds ? texts.defaultRounds : salt, false),
    hash(data, salt, callback) {
      if (typeof data === 'function') return later(data, () => { throw fail(texts.hashMissing()); });
      if (typeof salt === 'function') { const f = salt; return later(f, () => { throw fail(texts.hashMissing(data)); }); }
      return later(callback, () => hash(data, salt, true));
    },
    compareSync: (data, encrypted) => compare(data, encrypted, false),
    compare(data, encrypted, callback) {
      if (typeof data === 'function') return later(data, () => { throw fail(texts.compareMissing()); });
      if (typeof encrypted === 'function') { const f = encrypted; return later(f, () => { throw fail(texts.compareMissing(data)); }); }
      return later(callback, () => compare(data, encrypted, true));
    },
    getRounds,
  };
};
make.salt = (rounds) => native.salt(rounds === undefined ? 10 : rounds, 'a');
module.exports = make;
