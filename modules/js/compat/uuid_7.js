'use strict';
// uuid from 7 on: named exports.
const crypto = require('crypto');
const form = /^(?:[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}|00000000-0000-0000-0000-000000000000|ffffffff-ffff-ffff-ffff-ffffffffffff)$/i;

const text = (b) => {
  const h = Buffer.from(b.slice(0, 16)).toString('hex');
  return `${h.slice(0, 8)}-${h.slice(8, 12)}-${h.slice(12, 16)}-${h.slice(16, 20)}-${h.slice(20)}`;
};
function give(bytes, buf, offset) {
  if (!buf) return text(bytes);
  for (let i = 0; i < 16; i++) buf[(offset || 0) + i] = bytes[i];
  return buf;
}
const validate = (s) => typeof s === 'string' && form.test(s);

function v4(options, buf, offset) {
  if (typeof options === 'string') { buf = options === 'binary' ? new Array(16) : null; options = null; } // uuid 2
  options = options || {};
  if (!buf && !options.random && !options.rng) return crypto.randomUUID();
  const b = Array.from((options.random || (options.rng && options.rng()) || crypto.randomBytes(16)).slice(0, 16));
  b[6] = b[6] & 0x0f | 0x40;
  b[8] = b[8] & 0x3f | 0x80;
  return give(b, buf, offset);
}

let node, clock, lastMs = 0, lastTicks = 0;
function v1(options, buf, offset) {
  options = options || {};
  if (!node) {
    const seed = crypto.randomBytes(8);
    node = [seed[0] | 1, seed[1], seed[2], seed[3], seed[4], seed[5]];
    clock = (seed[6] << 8 | seed[7]) & 0x3fff;
  }
  const ms = options.msecs === undefined ? Date.now() : options.msecs;
  let ticks = options.nsecs === undefined ? lastTicks + 1 : options.nsecs;
  let seq = options.clockseq === undefined ? clock : options.clockseq;
  const dt = ms - lastMs + (ticks - lastTicks) / 10000;
  if (dt < 0 && options.clockseq === undefined) seq = seq + 1 & 0x3fff;
  if ((dt < 0 || ms > lastMs) && options.nsecs === undefined) ticks = 0;
  if (ticks >= 10000) throw new Error("uuid.v1(): Can't create more than 10M uuids/sec");
  lastMs = ms;
  lastTicks = ticks;
  clock = seq;
  const t = BigInt(ms + 12219292800000) * 10000n + BigInt(ticks);
  const low = Number(t & 0xffffffffn), mid = Number(t >> 32n & 0xffffn), high = Number(t >> 48n & 0x0fffn);
  const b = [low >>> 24, low >>> 16 & 255, low >>> 8 & 255, low & 255, mid >>> 8, mid & 255, high >>> 8 | 0x10, high & 255, seq >>> 8 | 0x80, seq & 255];
  return give(b.concat(Array.from(options.node || node)), buf, offset);
}

function parse(s) {
  if (!validate(s)) throw new TypeError('Invalid UUID');
  return new Uint8Array(Buffer.from(s.replace(/-/g, ''), 'hex'));
}
function stringify(b, offset) {
  const s = text(Array.from(b).slice(offset || 0));
  if (!validate(s)) throw new TypeError('Stringified UUID is invalid');
  return s;
}

function named(version, digest) {
  const f = (value, namespace, buf, offset) => {
    const space = typeof namespace === 'string' ? parse(namespace) : namespace;
    if (!space || space.length !== 16) throw new TypeError('Namespace must be array-like (16 iterable integer values, 0-255)');
    const data = typeof value === 'string' ? Buffer.from(value) : Buffer.from(value);
    const b = Array.from(crypto.createHash(digest).update(Buffer.concat([Buffer.from(space), data])).digest().slice(0, 16));
    b[6] = b[6] & 0x0f | version << 4;
    b[8] = b[8] & 0x3f | 0x80;
    return give(b, buf, offset);
  };
  f.DNS = '6ba7b810-9dad-11d1-80b4-00c04fd430c8';
  f.URL = '6ba7b811-9dad-11d1-80b4-00c04fd430c8';
  return f;
}

module.exports = {
  v1, v4, v3: named(3, 'md5'), v5: named(5, 'sha1'), parse, stringify, unparse: (b, o) => text(Array.from(b).slice(o || 0)), validate,
  NIL: '00000000-0000-0000-0000-000000000000', MAX: 'ffffffff-ffff-ffff-ffff-ffffffffffff',
  version(s) {
    if (!validate(s)) throw new TypeError('Invalid UUID');
    return parseInt(s[14], 16);
  },
};
