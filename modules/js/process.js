'use strict';
// process as far as a script has one. There is nothing of the host in it.
const start = Date.now();
let tick;
try { tick = require('internal/realm').nextTick; } catch (err) { tick = (fn, ...args) => queueMicrotask(() => fn(...args)); }

const version = '22.21.0';
const self = () => process;
const hrtime = (since) => {
  const ns = Math.round((Date.now() - start) * 1e6);
  const t = [Math.floor(ns / 1e9), ns % 1e9];
  if (since === undefined) return t;
  let s = t[0] - since[0], n = t[1] - since[1];
  if (n < 0) { s--; n += 1e9; }
  return [s, n];
};
hrtime.bigint = () => BigInt(Date.now() - start) * 1000000n;

const writer = (level) => ({
  fd: level === 'log' ? 1 : 2, isTTY: false, writable: true, columns: 80,
  write(text, encoding, callback) {
    console[level](String(text).replace(/\n$/, ''));
    if (typeof encoding === 'function') callback = encoding;
    if (typeof callback === 'function') tick(callback);
    return true;
  },
  end() {}, on: self, once: self, emit: () => false, removeListener: self,
});

const gone = (what) => () => { throw new Error(`process.${what} is not available in a rule: call callback`); };

// Handlers are taken and never called: the host deals with what a script leaves
// uncaught, and ends the run itself.
const process = {
  title: 'node', version: 'v' + version, pid: 1, ppid: 0, arch: 'x64', platform: 'linux', browser: undefined,
  versions: { node: version, v8: '12.4.254.21-node.33', uv: '1.51.0', zlib: '1.3.1', modules: '127', openssl: '3.0.17', http_parser: '9.3.0' },
  release: { name: 'node', lts: 'Jod' },
  env: {}, argv: ['node', 'rule'], argv0: 'node', execArgv: [], execPath: '/usr/bin/node', exitCode: undefined, features: { inspector: false, debug: false, tls: true },
  config: { target_defaults: {}, variables: {} },
  cwd: () => '/', chdir: gone('chdir'), umask: () => 18, uptime: () => (Date.now() - start) / 1000,
  getuid: () => 1000, geteuid: () => 1000, getgid: () => 1000, getegid: () => 1000, getgroups: () => [1000],
  nextTick: (fn, ...args) => {
    if (typeof fn !== 'function') throw require('internal/errors').invalidType('callback', 'of type function', fn);
    tick(fn, ...args);
  },
  hrtime,
  memoryUsage: Object.assign(() => ({ rss: 67108864, heapTotal: 33554432, heapUsed: 16777216, external: 1048576, arrayBuffers: 65536 }), { rss: () => 67108864 }),
  cpuUsage: () => ({ user: 0, system: 0 }), resourceUsage: () => ({}), constrainedMemory: () => 134217728, availableMemory: () => 67108864,
  emitWarning(warning, type) {
    const o = typeof type === 'object' && type !== null ? type : { type };
    console.warn(`(${typeof warning === 'string' ? o.type || 'Warning' : warning.name}) ${typeof warning === 'string' ? warning : warning.message}`);
  },
  on: self, once: self, off: self, addListener: self, removeListener: self, prependListener: self, prependOnceListener: self, removeAllListeners: self, setMaxListeners: self,
  emit: () => false, listeners: () => [], rawListeners: () => [], listenerCount: () => 0, eventNames: () => [], getMaxListeners: () => 10,
  exit: gone('exit'), abort: gone('abort'), kill: gone('kill'), reallyExit: gone('reallyExit'),
  binding: gone('binding'), dlopen: gone('dlopen'),
  setUncaughtExceptionCaptureCallback() {}, hasUncaughtExceptionCaptureCallback: () => false,
  get stdout() { return define('stdout', writer('log')); },
  get stderr() { return define('stderr', writer('error')); },
  get stdin() { return define('stdin', { fd: 0, isTTY: false, readable: false, on: self, once: self, resume: self, pause: self, read: () => null, setEncoding: self }); },
};
function define(name, value) {
  Object.defineProperty(process, name, { value, writable: true, configurable: true, enumerable: true });
  return value;
}
Object.defineProperty(process, Symbol.toStringTag, { value: 'process', configurable: true });

module.exports = process;
