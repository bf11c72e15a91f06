'use strict';
// redis 4 and 5: Promises.
const EventEmitter = require('events');
const { Link, names, command, parseUrl, targetOf, refuse, sockets, ReplyError, deep } = require('internal/db/redis_core');

class ClientClosedError extends Error { constructor() { super('The client is closed'); } }
class ClientOfflineError extends Error { constructor() { super('The client is offline'); } }
class DisconnectsClientError extends Error { constructor() { super('Disconnects client'); } }
class SocketClosedUnexpectedlyError extends Error { constructor() { super('Socket closed unexpectedly'); } }
class WatchError extends Error { constructor() { super('One (or more) of the watched keys has been changed'); } }
class ErrorReply extends Error {}
class AbortError extends Error { constructor() { super('The command was aborted'); } }
class MultiErrorReply extends ErrorReply {
  constructor(replies, errorIndexes) {
    super(`${errorIndexes.length} commands failed, see .replies and .errorIndexes for more information`);
    this.replies = replies;
    this.errorIndexes = errorIndexes;
  }
  *errors() { for (const i of this.errorIndexes) yield this.replies[i]; }
}

function optionsOf(given) {
  const o = Object.assign({}, given), socket = Object.assign({}, o.socket);
  if (o.url) {
    const u = parseUrl(o.url);
    if (u.host && socket.host === undefined) socket.host = u.host;
    if (u.port && socket.port === undefined) socket.port = u.port;
    if (u.tls) socket.tls = true;
    if (u.username && o.username === undefined) o.username = u.username;
    if (u.password !== undefined && o.password === undefined) o.password = u.password;
    if (u.db !== undefined && o.database === undefined) o.database = u.db;
  }
  if (socket.path) throw refuse('socket.path', sockets);
  o.socket = socket;
  return o;
}

const word = (v) => {
  if (typeof v === 'string' || Buffer.isBuffer(v)) return v;
  if (typeof v === 'number' || typeof v === 'boolean' && false) return String(v);
  if (v instanceof Uint8Array) return Buffer.from(v.buffer, v.byteOffset, v.byteLength);
  throw new TypeError('Invalid argument type');
};
const list = (v) => (Array.isArray(v) ? v : [v]);
const seconds = (v) => String(v instanceof Date ? Math.floor(v.getTime() / 1000) : v);
const millis = (v) => String(v instanceof Date ? v.getTime() : v);
const bag = (v) => {
  const out = [];
  if (v instanceof Map) v.forEach((x, k) => out.push(k, x));
  else if (Array.isArray(v)) for (const x of v.flat()) out.push(x);
  else for (const k of Object.keys(v)) out.push(k, v[k]);
  return out;
};
const score = (v) => (v === Infinity ? '+inf' : v === -Infinity ? '-inf' : String(v));
const scan = (o) => (o ? (o.MATCH === undefined ? [] : ['MATCH', o.MATCH]).concat(o.COUNT === undefined ? [] : ['COUNT', o.COUNT], o.TYPE === undefined ? [] : ['TYPE', o.TYPE]) : []);

// What the arguments of a command become, where they are not the words in order.
const argument = {
  set: (k, v, o = {}) => {
    const out = [k, v];
    for (const n of ['EX', 'PX', 'EXAT', 'PXAT']) if (o[n] !== undefined) out.push(n, o[n]);
    if (o.KEEPTTL) out.push('KEEPTTL');
    if (o.NX) out.push('NX'); else if (o.XX) out.push('XX');
    if (o.GET) out.push('GET');
    return out;
  },
  getEx: (k, o = {}) => { const out = [k]; for (const n of ['EX', 'PX', 'EXAT', 'PXAT']) if (o[n] !== undefined) out.push(n, n === 'EXAT' ? seconds(o[n]) : n === 'PXAT' ? millis(o[n]) : o[n]); if (o.PERSIST) out.push('PERSIST'); return out; },
  hSet: (k, f, v) => (v === undefined ? [k].concat(bag(f)) : [k, f, v]),
  mSet: (v) => bag(v), mSetNX: (v) => bag(v),
  expireAt: (k, t, m) => [k, seconds(t)].concat(m || []), pExpireAt: (k, t, m) => [k, millis(t)].concat(m || []),
  zAdd: (k, members, o = {}) => {
    const out = [k];
    for (const n of ['NX', 'XX', 'LT', 'GT', 'CH', 'INCR']) if (o[n]) out.push(n);
    for (const m of list(members)) out.push(score(m.score), m.value);
    return out;
  },
  zRange: (k, a, b, o = {}) => rangeOf(k, a, b, o), zRangeWithScores: (k, a, b, o = {}) => rangeOf(k, a, b, o).concat('WITHSCORES'),
  zRangeByScore: (k, a, b, o = {}) => [k, score(a), score(b)].concat(limit(o)), zRangeByScoreWithScores: (k, a, b, o = {}) => [k, score(a), score(b), 'WITHSCORES'].concat(limit(o)),
  zRemRangeByScore: (k, a, b) => [k, score(a), score(b)], zCount: (k, a, b) => [k, score(a), score(b)], zIncrBy: (k, n, m) => [k, score(n), m],
  scan: (c, o) => [c].concat(scan(o)), hScan: (k, c, o) => [k, c].concat(scan(o)), sScan: (k, c, o) => [k, c].concat(scan(o)), zScan: (k, c, o) => [k, c].concat(scan(o)),
  eval: (s, o = {}) => [s, (o.keys || []).length].concat(o.keys || [], o.arguments || []), evalSha: (s, o = {}) => [s, (o.keys || []).length].concat(o.keys || [], o.arguments || []),
  ping: (m) => (m === undefined ? [] : [m]), info: (s) => (s === undefined ? [] : [s]),
  auth: (o) => (o.username ? [o.username, o.password] : [o.password]),
  flushAll: (m) => (m ? [m] : []), flushDb: (m) => (m ? [m] : []),
  xAdd: (k, id, m) => [k, id].concat(bag(m)),
  lPop: (k) => [k], rPop: (k) => [k], sPop: (k, n) => (n === undefined ? [k] : [k, n]),
  blPop: (k, t) => list(k).concat(t), brPop: (k, t) => list(k).concat(t),
};
const rangeOf = (k, a, b, o) => [k, score(a), score(b)].concat(o.BY === 'SCORE' ? 'BYSCORE' : o.BY === 'LEX' ? 'BYLEX' : [], o.REV ? 'REV' : [], limit(o));
const limit = (o) => (o.LIMIT ? ['LIMIT', o.LIMIT.offset, o.LIMIT.count] : []);

const yes = (r) => r === 1;
const numeric = (r) => (r === null ? null : r === 'inf' ? Infinity : r === '-inf' ? -Infinity : Number(r));
const objectOf = (r) => {
  const out = Object.create(null);
  for (let i = 0; i + 1 < r.length; i += 2) out[r[i]] = r[i + 1];
  return out;
};
const members = (r) => { const out = []; for (let i = 0; i + 1 < r.length; i += 2) out.push({ value: r[i], score: numeric(r[i + 1]) }); return out; };
const answer = {
  hGetAll: objectOf, configGet: objectOf, zScore: numeric, zIncrBy: numeric, zRangeWithScores: members, zRangeByScoreWithScores: members, zmScore: (r) => r.map(numeric),
  zPopMax: (r) => (r.length ? members(r)[0] : null), zPopMin: (r) => (r.length ? members(r)[0] : null),
  smIsMember: (r) => r.map(yes), time: (r) => new Date(Number(r[0]) * 1000 + Number(r[1]) / 1000),
  scan: (r) => ({ cursor: Number(r[0]), keys: r[1] }), sScan: (r) => ({ cursor: Number(r[0]), members: r[1] }), zScan: (r) => ({ cursor: Number(r[0]), members: members(r[1]) }),
  hScan: (r) => { const tuples = []; for (let i = 0; i + 1 < r[1].length; i += 2) tuples.push({ field: r[1][i], value: r[1][i + 1] }); return { cursor: Number(r[0]), tuples }; },
  blPop: (r) => (r === null ? null : { key: r[0], element: r[1] }), brPop: (r) => (r === null ? null : { key: r[0], element: r[1] }),
  hRandFieldWithValues: objectOf,
};
for (const n of ['expire', 'pExpire', 'expireAt', 'pExpireAt', 'persist', 'hExists', 'hSetNX', 'setNX', 'mSetNX', 'sIsMember', 'sMove', 'renameNX', 'move', 'copy', 'pfAdd']) answer[n] = yes;
// Commands of two words, and those that are others with an option.
const spelled = {
  zRangeWithScores: ['ZRANGE'], zRangeByScoreWithScores: ['ZRANGEBYSCORE'], configGet: ['CONFIG', 'GET'], configSet: ['CONFIG', 'SET'], clientId: ['CLIENT', 'ID'], clientGetName: ['CLIENT', 'GETNAME'],
  clientSetName: ['CLIENT', 'SETNAME'], scriptLoad: ['SCRIPT', 'LOAD'], scriptExists: ['SCRIPT', 'EXISTS'], lPopCount: ['LPOP'], rPopCount: ['RPOP'], memoryUsage: ['MEMORY', 'USAGE'], objectEncoding: ['OBJECT', 'ENCODING'],
};

function wordsOf(name, given) {
  let args = given;
  let options = {};
  if (args.length && typeof args[0] === 'object' && args[0] !== null && !Array.isArray(args[0]) && Object.keys(args[0]).length === 1 && 'returnBuffers' in args[0]) { options = args[0]; args = args.slice(1); }
  args = argument[name] ? argument[name](...args) : args.flat().map((v) => (v instanceof Date ? seconds(v) : v));
  return { words: (spelled[name] || [name.toUpperCase()]).concat(args.map(word)), binary: !!options.returnBuffers };
}
const take = (name, r) => {
  r = deep(r);
  return r instanceof Error || r === 'QUEUED' || !answer[name] ? r : answer[name](r);
};
const failed = (err) => {
  if (!(err instanceof ReplyError)) return err.code === 'UNCERTAIN_STATE' ? new SocketClosedUnexpectedlyError() : err;
  return new ErrorReply(err.message);
};

class Client extends EventEmitter {
  constructor(options) {
    super();
    this.options = optionsOf(options);
    this.isOpen = this.isReady = false;
    this._make();
  }
  _make() {
    const o = this.options, s = o.socket, link = new Link(targetOf({ host: s.host || 'localhost', port: s.port, username: o.username, password: o.password, db: o.database, tls: s.tls && Object.assign({}, s), timeout: s.connectTimeout || 5000, name: o.name }), {
      connect: () => { this.isReady = true; this.emit('connect'); this.emit('ready'); for (const w of this._opening.splice(0)) w[0](this); },
      error: (err) => {
        const waiting = this._opening.splice(0);
        err = failed(err);
        this.isOpen = this.isReady = false;
        for (const w of waiting) w[1](err);
        if (!waiting.length || this.listenerCount('error')) this.emit('error', err);
      },
      down: (err) => { this.isReady = false; if (this.listenerCount('error')) this.emit('error', failed(err)); },
      retry: typeof s.reconnectStrategy !== 'function' ? undefined : (err, attempt) => {
        const next = s.reconnectStrategy(attempt - 1, err);
        if (typeof next === 'number') { if (this.listenerCount('error')) this.emit('error', err); this.emit('reconnecting'); }
        return next;
      },
    });
    Object.defineProperty(this, '_link', { value: link, configurable: true });
    Object.defineProperty(this, '_opening', { value: [], configurable: true });
  }

  connect() {
    if (this.isOpen) return Promise.reject(new Error('Socket already opened'));
    if (this._link.state === 'ended') this._make();
    this.isOpen = true;
    this.emit('connect:start');
    return new Promise((resolve, reject) => { this._opening.push([resolve, reject]); this._link.open(); });
  }

  _send(words, binary) {
    return new Promise((resolve, reject) => {
      if (!this.isOpen) { reject(new ClientClosedError()); return; }
      this._link.send(words, binary, (err, r) => (err ? reject(failed(err)) : resolve(r)));
    });
  }
  _run(name, given) {
    let c;
    try { c = wordsOf(name, given); } catch (err) { return Promise.reject(err); }
    return this._send(c.words, c.binary).then((r) => take(name, r));
  }
  sendCommand(words, options) {
    let list;
    try { list = words.map(word); } catch (err) { return Promise.reject(err); }
    return this._send(list, !!(options && options.returnBuffers)).then(deep);
  }
  multi() { return new Multi(this); }
  quit() {
    if (!this.isOpen) return Promise.reject(new ClientClosedError());
    return new Promise((resolve) => { this._link.quit(() => { this._closed(); resolve('OK'); }); this.isOpen = false; });
  }
  close() { return this.quit().then(() => undefined); }
  disconnect() {
    if (!this.isOpen) return Promise.reject(new ClientClosedError());
    this._link.cut(new DisconnectsClientError());
    this._closed();
    return Promise.resolve();
  }
  destroy() { if (this.isOpen) { this._link.cut(new DisconnectsClientError()); this._closed(); } }
  _closed() { this.isOpen = this.isReady = false; this.emit('end'); }
  ref() {}
  unref() {}
  duplicate(o) { return new Client(Object.assign({}, this.options, o)); }
  executeIsolated(f) {
    const c = this.duplicate();
    return c.connect().then(() => f(c)).finally(() => c.disconnect().catch(() => {}));
  }
}
const iterate = (name, part) => function iterator(...args) {
  const client = this, options = name === 'scan' ? args[0] : args[1], first = name === 'scan' ? [] : [args[0]];
  let cursor = 0, items = [], done = false;
  return {
    next() {
      if (items.length) return Promise.resolve({ value: items.shift(), done: false });
      if (done) return Promise.resolve({ value: undefined, done: true });
      return client[name](...first, cursor, options).then((r) => { cursor = r.cursor; items = r[part].slice(); done = !cursor; return this.next(); });
    },
    return(v) { done = true; items = []; return Promise.resolve({ value: v, done: true }); },
    [Symbol.asyncIterator]() { return this; },
  };
};
Client.prototype.scanIterator = iterate('scan', 'keys');
Client.prototype.hScanIterator = iterate('hScan', 'tuples');
Client.prototype.sScanIterator = iterate('sScan', 'members');
Client.prototype.zScanIterator = iterate('zScan', 'members');

// A Multi collects the commands of one transaction.
class Multi {
  constructor(client) { Object.defineProperty(this, '_client', { value: client }); Object.defineProperty(this, '_list', { value: [] }); }
  _add(name, given) { const c = wordsOf(name, given); c.name = name; this._list.push(c); return this; }
  addCommand(words) { this._list.push({ name: '', words: words.map(word), binary: false }); return this; }
  exec(asPipeline) {
    if (asPipeline) return this.execAsPipeline();
    const list = this._list.splice(0), c = this._client;
    if (!list.length) return Promise.resolve([]);
    const start = c._send(['MULTI']), queued = list.map((q) => c._send(q.words, q.binary)), end = c._send(['EXEC'], list.some((q) => q.binary));
    for (const p of [start, end, ...queued]) p.catch(() => {});
    return start.then(() => end).then((replies) => {
      if (replies === null) throw new WatchError();
      return this._done(list, replies);
    });
  }
  execAsPipeline() {
    const list = this._list.splice(0);
    return Promise.all(list.map((q) => this._client._send(q.words, q.binary).catch((e) => { if (!(e instanceof ErrorReply)) throw e; return e; }))).then((replies) => this._done(list, replies));
  }
  _done(list, replies) {
    const bad = [];
    const out = replies.map((r, i) => {
      let v = r instanceof Error ? r : take(list[i].name, r);
      if (v instanceof Error) { v = failed(v); bad.push(i); }
      return v;
    });
    if (bad.length) throw new MultiErrorReply(out, bad);
    return out;
  }
}

// commandOf is the command behind a method: as it is spelled, or in capitals.
function commandOf(as) {
  if (Object.prototype.hasOwnProperty.call(spelled, as)) return as;
  for (const name in spelled) if (spelled[name].join('_') === as) return name;
  const name = command(as.toLowerCase());
  return (as === name || as === name.toUpperCase()) && name !== 'multi' && name !== 'exec' ? name : '';
}
const methods = () => [].concat(...names().filter((n) => n !== 'multi' && n !== 'exec').map((n) => [n, n.toUpperCase()]), ...Object.keys(spelled).map((n) => [n, spelled[n].join('_')]));
const install = require('internal/db/redis_commands');
install(Client.prototype, (as) => { const name = commandOf(as); return name && function command(...args) { return this._run(name, args); }; }, methods);
install(Multi.prototype, (as) => { const name = commandOf(as); return name && function command(...args) { return this._add(name, args); }; }, methods);
Client.prototype.unwatch = function unwatch() { return this._run('unwatch', []); };
Client.prototype.MULTI = Client.prototype.multi;
Client.prototype.QUIT = Client.prototype.quit;
const cluster = () => { throw refuse('createCluster', 'clusters are not spoken here: give the address of one server'); };

module.exports = {
  createClient: (o) => new Client(o), createCluster: cluster, commandOptions: (o) => o,
  ClientClosedError, ClientOfflineError, DisconnectsClientError, SocketClosedUnexpectedlyError, WatchError, ErrorReply, AbortError, MultiErrorReply,
};
