'use strict';
// ioredis 5, also for what was written for 4: Promises, or a callback at the end.
const EventEmitter = require('events');
const { Link, names, command, parseUrl, targetOf, refuse, sockets, ReplyError, deep, prefixed } = require('internal/db/redis_core');

function optionsOf(args) {
  const o = {};
  for (const a of args) {
    if (a === null || a === undefined) continue;
    if (typeof a === 'object') { for (const k of Object.keys(a)) if (o[k] === undefined) o[k] = a[k]; continue; }
    if (typeof a === 'number') { o.port = a; continue; }
    if (typeof a !== 'string') throw new Error('Invalid argument ' + a);
    if (/^\d+$/.test(a) && args[0] === a) { o.port = Number(a); continue; }
    if (args[0] !== a) { o.host = a; continue; }
    if (a[0] === '/') throw refuse('path', sockets);
    const u = parseUrl(/^(redis|rediss|unix):|^\/\//i.test(a) ? a : '//' + a);
    const query = u.query;
    delete u.query;
    Object.assign(o, u);
    for (const k of Object.keys(query)) if (o[k] === undefined) o[k] = /^(true|false)$/.test(query[k]) ? query[k] === 'true' : query[k];
  }
  if (o.path) throw refuse('path', sockets);
  if (o.sentinels) throw refuse('sentinels', 'give the address of the server that takes writes');
  if (o.Connector) throw refuse('Connector', 'connections are made by the host');
  const d = { host: 'localhost', port: 6379, db: 0, lazyConnect: false, keyPrefix: '', connectTimeout: 10000, maxRetriesPerRequest: 20, enableOfflineQueue: true, enableReadyCheck: true, stringNumbers: false };
  for (const k of Object.keys(d)) if (o[k] === undefined || o[k] === null) o[k] = d[k];
  o.port = Number(o.port);
  o.db = Number(o.db);
  return o;
}

// A Command is one command: its name, arguments and reply.
class Command {
  constructor(name, args, options, callback) {
    if (typeof options === 'function') { callback = options; options = undefined; }
    this.name = String(name);
    this.args = flat(args || []);
    this.replyEncoding = options && options.replyEncoding;
    this.callback = callback;
  }
}

function flat(args) {
  const out = [];
  for (const v of args) if (Array.isArray(v)) out.push(...flat(v)); else out.push(v);
  return out;
}
const word = (v) => (typeof v === 'string' || Buffer.isBuffer(v) ? v : ArrayBuffer.isView(v) ? Buffer.from(v.buffer, v.byteOffset, v.byteLength) : v === null || v === undefined ? '' : String(v));
const pairs = (v) => { const out = []; if (v instanceof Map) v.forEach((x, k) => out.push(k, x)); else for (const k of Object.keys(v)) out.push(k, v[k]); return out; };
const isBag = (v) => v instanceof Map || typeof v === 'object' && v !== null && !Array.isArray(v) && !Buffer.isBuffer(v) && !ArrayBuffer.isView(v);

const argument = {
  mset: (a) => (a.length === 1 && isBag(a[0]) ? pairs(a[0]) : a),
  hmset: (a) => (a.length === 2 && isBag(a[1]) ? [a[0]].concat(pairs(a[1])) : a),
};
argument.msetnx = argument.mset;
argument.hset = argument.hmset;
const answer = {
  hgetall: (r) => {
    if (!Array.isArray(r)) return r;
    const out = {};
    for (let i = 0; i + 1 < r.length; i += 2) Object.defineProperty(out, String(r[i]), { value: r[i + 1], enumerable: true, writable: true, configurable: true });
    return out;
  },
};
const stringy = (r) => (typeof r === 'number' ? String(r) : Array.isArray(r) ? r.map(stringy) : r);
const settle = (promise, callback) => {
  if (typeof callback === 'function') promise.then((v) => setImmediate(() => callback(null, v)), (e) => setImmediate(() => callback(e)));
  return promise;
};
const quiet = (p) => { p.catch(() => {}); return p; };

class MaxRetriesPerRequestError extends Error { get name() { return 'MaxRetriesPerRequestError'; } }

class Redis extends EventEmitter {
  constructor(...args) {
    super();
    this.options = optionsOf(args);
    this.isCluster = false;
    this.scriptsSet = {};
    this._status('wait');
    this._open();
    if (!this.options.lazyConnect) setImmediate(() => { if (this._link.state === 'idle' && this.status === 'wait') this.connect().catch(() => {}); });
  }
  static createClient(...args) { return new Redis(...args); }

  _status(s, arg) { this.status = s; if (s !== 'wait') this.emit(s, arg); }

  _open() {
    const o = this.options;
    const link = new Link(targetOf({ host: o.host, port: o.port, username: o.username, password: o.password, db: o.db, tls: o.tls, timeout: o.connectTimeout, name: o.connectionName }), {
      connect: () => {
        this._status('connect');
        this._status('ready');
        for (const w of this._waiting.splice(0)) w[0]();
      },
      error: (err) => {
        const waiting = this._waiting.splice(0);
        for (const w of waiting) w[1](err);
        this._error(err);
        this._status('close');
        this._status('end');
      },
      down: (err) => { this.status = 'wait'; if (this.listenerCount('error')) this._error(err); this.emit('close'); },
      retry: typeof o.retryStrategy !== 'function' ? undefined : (err, attempt) => {
        if (typeof o.maxRetriesPerRequest === 'number' && attempt > o.maxRetriesPerRequest) {
          return new MaxRetriesPerRequestError(`Reached the max retries per request limit (which is ${o.maxRetriesPerRequest}). Refer to "maxRetriesPerRequest" option for details.`);
        }
        const next = o.retryStrategy(attempt);
        if (typeof next === 'number') this.emit('reconnecting', next);
        return next;
      },
    });
    Object.defineProperty(this, '_link', { value: link, configurable: true });
    Object.defineProperty(this, '_waiting', { value: [], configurable: true });
  }

  _error(err) {
    if (this.listenerCount('error')) this.emit('error', err);
    else console.error('[ioredis] Unhandled error event: ' + (err.stack || err.message));
  }

  connect(callback) {
    if (this.status === 'ready' || this._link.state === 'opening') return settle(quiet(Promise.reject(new Error('Redis is already connecting/connected'))), callback);
    if (this._link.state === 'ended') this._open();
    this._status('connecting');
    return settle(new Promise((resolve, reject) => { this._waiting.push([resolve, reject]); this._link.open(); }), callback);
  }

  sendCommand(command) {
    const name = command.name.toLowerCase();
    let args = command.args;
    if (this.status === 'wait' && this._link.state === 'idle') this.status = 'connecting';
    if (name === 'quit') return settle(this._quit(), command.callback);
    const words = prefixed([command.name].concat(args.map(word)), this.options.keyPrefix);
    const p = new Promise((resolve, reject) => {
      if (this._ended) { reject(new Error('Connection is closed.')); return; }
      this._link.send(words, command.replyEncoding === null || command.buffer, (err, r) => {
        if (!err) { resolve(this._reply(name, r)); return; }
        if (err instanceof ReplyError) { delete err.code; err.command = { name, args: words.slice(1).map(String) }; }
        reject(err);
      });
    });
    return settle(p, command.callback);
  }
  _reply(name, r) {
    r = deep(r);
    if (r instanceof Error) return r;
    if (answer[name]) r = answer[name](r);
    return this.options.stringNumbers ? stringy(r) : r;
  }

  _run(name, given, buffer) {
    const args = given.slice();
    const callback = typeof args[args.length - 1] === 'function' ? args.pop() : undefined;
    const command = new Command(name, argument[name] ? argument[name](args) : args, undefined, callback);
    command.buffer = buffer;
    return this.sendCommand(command);
  }
  call(name, ...args) { return this._run(String(name).toLowerCase(), args); }
  callBuffer(name, ...args) { return this._run(String(name).toLowerCase(), args, true); }

  _quit() {
    return new Promise((resolve) => {
      if (this._ended) { resolve('OK'); return; }
      this._link.quit(() => { this._end(); resolve('OK'); });
      this._ended = true;
    });
  }
  _end() { this._ended = true; this._status('close'); this._status('end'); }
  quit(callback) { return settle(this._quit(), callback); }
  disconnect() {
    if (this.status === 'end') return;
    this._link.cut(new Error('Connection is closed.'));
    this._end();
  }
  end() { this.disconnect(); }
  duplicate(override) { return new Redis(Object.assign({}, this.options, override)); }
  pipeline(list) { return new Pipeline(this, false, list); }
  multi(list, options) {
    if (!Array.isArray(list) && list) { options = list; list = undefined; }
    if (options && options.pipeline === false) return this._run('multi', []);
    return new Pipeline(this, true, list);
  }
  defineCommand(name, definition) {
    const run = function script(...args) {
      const count = definition.numberOfKeys === undefined ? args.shift() : definition.numberOfKeys;
      return this._run('eval', [definition.lua, count].concat(args));
    };
    this.scriptsSet[name] = definition;
    this[name] = run;
  }
  getBuiltinCommands() { return builtin(); }
  monitor() { return quiet(this._run('monitor', [])); }
}

// A Pipeline collects commands and sends them at once; with multi they are one
// transaction.
class Pipeline {
  constructor(redis, multi, list) {
    Object.defineProperty(this, '_redis', { value: redis });
    Object.assign(this, { _queue: [], _multi: multi });
    for (const script of Object.keys(redis.scriptsSet)) {
      const definition = redis.scriptsSet[script];
      this[script] = (...args) => this._add('eval', [definition.lua, definition.numberOfKeys === undefined ? args.shift() : definition.numberOfKeys].concat(args));
    }
    for (const [name, ...args] of list || []) this[name](...args);
  }
  get length() { return this._queue.length; }
  _add(name, given, buffer) {
    const args = given.slice();
    const callback = typeof args[args.length - 1] === 'function' ? args.pop() : undefined;
    const c = new Command(name, argument[name] ? argument[name](args) : args, undefined, callback);
    c.buffer = buffer;
    this._queue.push(c);
    return this;
  }
  call(name, ...args) { return this._add(String(name).toLowerCase(), args); }
  multi() { this._multi = true; return this; }
  execBuffer(callback) { for (const c of this._queue) c.buffer = true; return this.exec(callback); }
  exec(callback) {
    const queue = this._queue.splice(0);
    return settle(this._multi ? this._transaction(queue) : Promise.all(queue.map((c) => this._redis.sendCommand(c).then((v) => [null, v], (e) => [e]))), callback);
  }
  _transaction(queue) {
    const redis = this._redis, failed = [];
    const send = (c) => redis.sendCommand(c);
    const start = quiet(send(new Command('multi', [])));
    const queued = queue.map((c) => send(Object.assign(new Command(c.name, c.args), { buffer: c.buffer })).catch((e) => { failed.push(e); }));
    const exec = new Command('exec', []);
    exec.buffer = queue.some((c) => c.buffer);
    const end = quiet(send(exec));
    return start.then(() => Promise.all(queued)).then(() => end).then((replies) => {
      if (replies === null) return null;
      return replies.map((r, i) => {
        const name = queue[i].name.toLowerCase();
        if (r instanceof Error) { r.command = { name, args: queue[i].args.map(String) }; if (queue[i].callback) queue[i].callback(r); return [r]; }
        const v = answer[name] ? answer[name](r) : r;
        if (queue[i].callback) queue[i].callback(null, v);
        return [null, v];
      });
    }, (err) => { if (failed.length) err.previousErrors = failed; throw err; });
  }
}

const builtin = () => names().map((n) => n.toLowerCase()).filter((n) => n !== 'multi' && n !== 'monitor');
// commandOf is the command behind a method, with or without Buffer at its end.
function commandOf(as) {
  const name = as.endsWith('Buffer') ? as.slice(0, -6) : as;
  return name === name.toLowerCase() && name !== 'multi' && name !== 'monitor' && command(name) ? name : '';
}
const methods = () => [].concat(...builtin().map((n) => [n, n + 'Buffer']));
const install = require('internal/db/redis_commands');
install(Redis.prototype, (as) => {
  const name = commandOf(as);
  return name && function command(...args) { return this._run(name, args, name !== as || undefined); };
}, methods);
install(Pipeline.prototype, (as) => {
  const name = commandOf(as);
  return name && name !== 'exec' && function command(...args) { return this._add(name, args, name !== as || undefined); };
}, methods);
for (const name of ['scan', 'hscan', 'sscan', 'zscan']) {
  Redis.prototype[name + 'Stream'] = function stream() {
    throw Object.assign(new Error(`${name}Stream() is not available here: call ${name}() until its cursor is '0'`), { code: 'ERR_FEATURE_UNAVAILABLE_ON_PLATFORM' });
  };
}
class Cluster { constructor() { throw refuse('Cluster', 'clusters are not spoken here: give the address of one server'); } }

module.exports = Redis;
Object.assign(Redis, { Redis, default: Redis, Cluster, Command, Pipeline, ReplyError, Promise });
Object.defineProperty(Redis, '__esModule', { value: true, enumerable: false });
