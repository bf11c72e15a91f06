'use strict';
// all gathers a stream, or any iterable of chunks, into one Buffer.
const all = async (s) => {
  const { Buffer } = require('internal/buffer');
  const parts = [];
  const open = Symbol.asyncIterator && s[Symbol.asyncIterator] || s[Symbol.iterator];
  const it = typeof s.iterator === 'function' ? s.iterator() : open.call(s);
  for (let r = await it.next(); !r.done; r = await it.next()) parts.push(typeof r.value === 'string' ? Buffer.from(r.value) : r.value);
  return Buffer.concat(parts);
};
module.exports = {
  buffer: all,
  text: async (s) => new TextDecoder().decode(await all(s)),
  json: async (s) => JSON.parse(new TextDecoder().decode(await all(s))),
  arrayBuffer: async (s) => { const b = await all(s); return b.buffer.slice(b.byteOffset, b.byteOffset + b.length); },
  blob: async (s) => new Blob([await all(s)]),
};
