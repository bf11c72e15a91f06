'use strict';
// redis 3, also for what was written for 0.12 and 2: callbacks.
const EventEmitter = require('events');
const { Link, names, command, parseUrl, targetOf, refuse, sockets, ReplyError, deep, prefixed } = require('internal/db/redis_core');

class RedisError extends Error { get name() { return 'RedisError'; } }
class AbortError extends RedisError { get name() { return 'AbortError'; } }
class AggregateError extends AbortError { get name() { return 'AggregateError'; } }

function optionsOf(port, host, options) {
  let o;
  if (typeof port === 'number' || typeof port === 'string' && /^\d+$/.test(port)) {
    if (typeof host === 'object' && host !== null) { options = host; host = undefined; }
    o = Object.assign({}, options, { port: Number(port) }, host === undefined ? {} : { host });
  } else if (typeof port === 'string' || port && port.url) {
    const text = typeof port === 'string' ? port : port.url;
    o = Object.assign({}, typeof port === 'string' ? (typeof host === 'object' ? host : options) : port);
    if (!/^(redis|rediss|unix):|^\/\//i.test(text)) throw refuse('path', sockets);
    const u = parseUrl(text);
    const given = Object.assign({}, u.query, u);
    delete given.query;
    o = Object.assign(given, o);
  } else o = Object.assign({}, port);
  if (o.path || o.socket) throw refuse('path', sockets);
  if (o.stream) throw refuse('stream', 'connections are made by the host');
  if (o.password === undefined && o.auth_pass !== undefined) o.password = o.auth_pass;
  if (o.username === undefined && o.user !== undefined) o.username = o.user;
  o.host = o.host || '127.0.0.1';
  o.port = Number(o.port) || 6379;
  return o;
}

const invalid = (name, type, args) => Object.assign(new Error(type
  ? `node_redis: The ${name} command contains a invalid argument type of "${type}".\nOnly strings, dates and buffers are accepted. Please update your code to use valid argument types.`
  : `node_redis: The ${name} command contains a invalid argument type.\nOnly strings, dates and buffers are accepted. Please update your code to use valid argument types.`), { command: name, args });

// wordsOf turns what was given into what is sent.
function wordsOf(name, args) {
  const words = [name];
  for (const v of args) {
    if (typeof v === 'string' || Buffer.isBuffer(v)) words.push(v);
    else if (v === undefined) throw invalid(name.toUpperCase(), 'undefined', args);
    else if (v === null) words.push('null');
    else if (v instanceof Date) words.push(v.toString());
    else if (typeof v === 'object') throw invalid(name.toUpperCase(), '', args);
    else words.push('' + v);
  }
  return words;
}

// split takes the arguments of a call apart: [args, callback].
function split(given) {
  const list = Array.prototype.slice.call(given);
  let callback;
  if (list.length && (typeof list[list.length - 1] === 'function' || list[list.length - 1] === undefined && list.length > 1)) callback = list.pop();
  let args = [];
  if (list.length === 1 && Array.isArray(list[0])) args = list[0].slice();
  else for (const v of list) if (Array.isArray(v)) args.push(...v); else args.push(v);
  return [args, callback];
}

const pairs = (o) => { const out = []; for (const k of Object.keys(o)) out.push(k, o[k]); return out; };
function prepare(name, args) {
  if (name === 'hmset' || name === 'hset' || name === 'mset') {
    const at = name === 'mset' ? 0 : 1;
    if (args.length === at + 1 && typeof args[at] === 'object' && args[at] !== null && !Buffer.isBuffer(args[at]) && !(args[at] instanceof Date)) return args.slice(0, at).concat(pairs(args[at]));
  }
  return args;
}

function objectOf(reply) {
  if (!Array.isArray(reply) || reply.length === 0) return null;
  const out = {};
  for (let i = 0; i + 1 < reply.length; i += 2) Object.defineProperty(out, String(reply[i]), { value: reply[i + 1], enumerable: true, writable: true, configurable: true });
  return out;
}
const handled = (name, reply, o) => {
  if (name === 'hgetall') reply = objectOf(reply);
  if (o.string_numbers) reply = stringy(reply);
  return reply;
};
const stringy = (r) => (typeof r === 'number' ? String(r) : Array.isArray(r) ? r.map(stringy) : r);
const withArgs = (err, words) => {
  err.command = words[0].toUpperCase();
  if (words.length > 1) err.args = words.slice(1);
  return err;
};

class RedisClient extends EventEmitter {
  constructor(options) {
    super();
    const o = this.options = options;
    this.address = o.host + ':' + o.port;
    this.connection_options = { host: o.host, port: o.port, family: 4 };
    this.selected_db = o.db;
    this.auth_pass = o.password;
    this.connected = this.ready = this.closing = false;
    this.command_queue = [];
    this.offline_queue = [];
    this.server_info = {};
    const link = new Link(targetOf({ host: o.host, port: o.port, username: o.username, password: o.password, db: o.db, tls: o.tls, timeout: o.connect_timeout, name: o.name }), {
      connect: () => { this.connected = this.ready = true; this.emit('connect'); this.emit('ready'); },
      error: (err) => this._failed(err),
      down: (err) => { this.connected = this.ready = false; this.emit('end'); if (this.listenerCount('error')) this.emit('error', err); },
      retry: typeof o.retry_strategy !== 'function' ? undefined : (err, attempt) => {
        const next = o.retry_strategy({ attempt, error: err, total_retry_time: 0, times_connected: 0 });
        if (typeof next === 'number') this.emit('reconnecting', { delay: next, attempt, error: err });
        return next;
      },
    });
    Object.defineProperty(this, '_link', { value: link });
    setImmediate(() => { if (link.state === 'idle') link.open(); });
  }

  _failed(err) {
    if (err.syscall === 'connect' || err.code) err.message = `Redis connection to ${this.address} failed - ${err.message}`;
    if (this.listenerCount('error') || !this._told) this.emit('error', err);
  }

  // _call sends one command. Errors without a callback are events.
  _call(name, args, callback) {
    let words;
    try { words = prefixed(wordsOf(name, prepare(name, args)), this.options.prefix); } catch (err) {
      if (!callback) throw err;
      setImmediate(() => callback(err));
      return false;
    }
    if (this.options.rename_commands && this.options.rename_commands[name]) words[0] = this.options.rename_commands[name];
    const binary = !!this.options.return_buffers || !!this.options.detect_buffers && words.some((w) => Buffer.isBuffer(w));
    this._send(words, binary, (err, reply) => {
      if (err) {
        if (err instanceof ReplyError) withArgs(err, words);
        if (callback) { this._told = true; callback(err); } else if (err instanceof ReplyError) this.emit('error', err);
        return;
      }
      if (callback) callback(null, handled(name, deep(reply), this.options));
    });
    return true;
  }

  _send(words, binary, done) {
    if (this.closing) {
      const err = withArgs(Object.assign(new AbortError(`${words[0].toUpperCase()} can't be processed. The connection is already closed.`), { code: 'NR_CLOSED' }), words);
      setImmediate(() => done(err));
      return;
    }
    this._link.send(words.map((w, i) => (i ? w : w.toUpperCase())), binary, done);
  }

  send_command(name, args, callback) {
    if (typeof args === 'function') { callback = args; args = []; }
    args = args ? args.slice() : [];
    if (!callback && typeof args[args.length - 1] === 'function') callback = args.pop();
    return this._call(String(name).toLowerCase(), args, callback);
  }
  sendCommand(...args) { return this.send_command(...args); }

  auth(password, user, callback) {
    if (typeof user === 'function') { callback = user; user = undefined; }
    return this._call('auth', user === undefined || user === null ? [password] : [user, password], callback);
  }
  select(db, callback) { return this._call('select', [db], (err, r) => { if (!err) this.selected_db = db; if (callback) callback(err, r); }); }

  quit(callback) {
    if (this.closing) { if (callback) setImmediate(() => callback(null, 'OK')); return false; }
    this._link.quit(() => { this.connected = this.ready = false; this.emit('end'); if (callback) callback(null, 'OK'); });
    this.closing = true;
    return false;
  }
  end(flush) {
    this.closing = true;
    this.connected = this.ready = false;
    this._link.cut(flush ? Object.assign(new AbortError('The command aborted: the connection was ended'), { code: 'NR_CLOSED' }) : undefined);
    this.emit('end');
  }
  unref() {}
  ref() {}
  cork() {}
  uncork() {}
  duplicate(options, callback) {
    if (typeof options === 'function') { callback = options; options = undefined; }
    const c = new RedisClient(optionsOf(Object.assign({}, this.options, options)));
    if (callback) { c.once('ready', () => callback(null, c)); c.once('error', callback); }
    return c;
  }
  multi(commands) { return new Multi(this, commands); }
  batch(commands) { return new Multi(this, commands, true); }
}

// A Multi collects commands: one transaction, or a batch without one.
class Multi {
  constructor(client, commands, batch) {
    Object.assign(this, { _client: client, _list: [], _batch: !!batch });
    for (const c of commands || []) {
      const [name, ...args] = c;
      this[name](...args);
    }
  }
  _add(name, args, callback) {
    this._list.push({ name, args, callback });
    return this;
  }
  exec(callback) { return this._batch ? this._all(callback) : this._exec(callback); }
  exec_atomic(callback) { return this._list.length < 2 ? this._all(callback && ((err, r) => callback(err, r))) : this.exec(callback); }
  EXEC(callback) { return this.exec(callback); }
  exec_transaction(callback) { return this._exec(callback); }
  execBatch(callback) { return this._all(callback); }

  _all(callback) {
    const list = this._list.splice(0), out = new Array(list.length);
    let left = list.length;
    if (!left) { if (callback) setImmediate(() => callback(null, [])); return true; }
    list.forEach((q, i) => this._client._call(q.name, q.args, (err, r) => {
      out[i] = err || r;
      if (q.callback) q.callback(err, r);
      if (--left === 0 && callback) callback(null, out);
    }));
    return true;
  }

  _exec(callback) {
    const c = this._client, list = this._list.splice(0), errors = [];
    let words;
    try { words = list.map((q) => prefixed(wordsOf(q.name, prepare(q.name, q.args)), c.options.prefix)); } catch (err) {
      if (!callback) throw err;
      setImmediate(() => callback(err));
      return false;
    }
    const binary = words.map((w) => !!c.options.return_buffers || !!c.options.detect_buffers && w.some((v) => Buffer.isBuffer(v)));
    const fail = (err) => {
      if (callback) callback(err); else c.emit('error', err);
    };
    let lost;
    c._send(['MULTI'], false, (err) => { lost = err; });
    words.forEach((w, i) => c._send(w, false, (err) => {
      if (!err) return;
      withArgs(err, w);
      err.position = i;
      errors.push(err);
      if (list[i].callback) list[i].callback(err);
    }));
    c._send(['EXEC'], binary.some(Boolean), (err, replies) => {
      if (err) {
        err = lost && !(lost instanceof ReplyError) ? lost : err;
        err.command = 'EXEC';
        err.code = err.code || 'EXECABORT';
        if (errors.length) err.errors = errors;
        fail(err);
        return;
      }
      if (replies !== null) {
        replies = replies.map((r, i) => {
          const v = deep(r);
          if (v instanceof ReplyError) withArgs(v, words[i]);
          return v instanceof Error ? v : handled(list[i].name, v, c.options);
        });
        list.forEach((q, i) => { if (q.callback) { const r = replies[i]; if (r instanceof Error) q.callback(r); else q.callback(null, r); } });
      }
      if (callback) callback(null, replies);
    });
    return true;
  }
}

// commandOf is the command behind a method: in small letters, or in capitals.
function commandOf(as) {
  const name = as.toLowerCase();
  return (as === name || as === name.toUpperCase()) && name !== 'multi' && name !== 'exec' && command(name) ? name : '';
}
const methods = () => [].concat(...names().map((n) => n.toLowerCase()).filter((n) => n !== 'multi' && n !== 'exec').map((n) => [n, n.toUpperCase()]));
const install = require('internal/db/redis_commands');
install(RedisClient.prototype, (as) => {
  const name = commandOf(as);
  if (name && name !== as && Object.prototype.hasOwnProperty.call(RedisClient.prototype, name)) return RedisClient.prototype[name]; // AUTH, SELECT
  return name && function command(...given) { const [args, callback] = split(given); return this._call(name, args, callback); };
}, methods);
install(Multi.prototype, (as) => {
  const name = commandOf(as);
  return name && function command(...given) { const [args, callback] = split(given); return this._add(name, args, callback); };
}, methods);
RedisClient.prototype.MULTI = RedisClient.prototype.multi;
RedisClient.prototype.BATCH = RedisClient.prototype.batch;
RedisClient.prototype.QUIT = RedisClient.prototype.quit;
RedisClient.prototype.internal_send_command = function (c) { return this._call(c.command, c.args, c.callback); };

// promisify(client.get) gives Promises as it stands.
module.exports = {
  createClient: (port, host, options) => new RedisClient(optionsOf(port, host, options)),
  RedisClient, Multi, ReplyError, RedisError, AbortError, AggregateError, ParserError: RedisError,
  print: (err, reply) => { console.log(err ? String(err) : 'Reply: ' + reply); }, debug_mode: false,
  add_command: (name) => {
    name = String(name).toLowerCase();
    const method = function command(...given) { const [args, callback] = split(given); return this._call(name, args, callback); };
    for (const k of [name, name.toUpperCase()]) RedisClient.prototype[k] = method;
  },
};
