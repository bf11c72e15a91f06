'use strict';
// process as far as a script has one. There is nothing of the host in it. What
// scripts seldom use is inherited and loaded when it is first touched.
const start = Date.now();
const version = '22.21.0';

function hrtime(since) {
  const ns = Math.round((Date.now() - start) * 1e6);
  const t = [Math.floor(ns / 1e9), ns % 1e9];
  if (since === undefined) return t;
  let s = t[0] - since[0], n = t[1] - since[1];
  if (n < 0) { s--; n += 1e9; }
  return [s, n];
}
hrtime.bigint = () => BigInt(Date.now() - start) * 1000000n;

let rest = null, tick = null;
const more = new Proxy(Object.prototype, {
  get(target, name, self) {
    if (name in target || typeof name === 'symbol') return name === '__proto__' ? more : target[name];
    if (!rest) rest = require('internal/process_more')(process, start);
    return rest[name];
  },
  has(target, name) {
    if (name in target || typeof name === 'symbol') return name in target;
    if (!rest) rest = require('internal/process_more')(process, start);
    return name in rest;
  },
});

const process = {
  __proto__: more,
  title: 'node', version: 'v' + version, pid: 1, ppid: 0, arch: 'x64', platform: 'linux', browser: undefined,
  versions: { node: version, v8: '12.4.254.21-node.33', uv: '1.51.0', zlib: '1.3.1', modules: '127', openssl: '3.0.17' },
  release: { name: 'node', lts: 'Jod' },
  env: {}, argv: ['node', 'rule'], execArgv: [], execPath: '/usr/bin/node', exitCode: undefined,
  cwd: () => '/',
  nextTick(fn, ...args) {
    if (typeof fn !== 'function') throw require('internal/errors').invalidType('callback', 'of type function', fn);
    if (!tick) {
      try { tick = require('internal/realm').nextTick; } catch (err) { tick = (f, ...a) => queueMicrotask(() => f(...a)); }
    }
    tick(fn, ...args);
  },
  hrtime,
};
Object.defineProperty(process, Symbol.toStringTag, { value: 'process', configurable: true });

module.exports = process;
