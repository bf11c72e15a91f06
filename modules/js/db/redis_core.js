'use strict';
// What redis and ioredis have in common: options, a queue of commands over one
// session, and the names of commands.
const refuse = (name, advice) => Object.assign(new Error(`option ${name} is not available here: ${advice}`), { code: 'ERR_FEATURE_UNAVAILABLE_ON_PLATFORM' });
const decode = (s) => { try { return decodeURIComponent(s); } catch (err) { return s; } };
const pem = (v) => (v === undefined || v === null ? undefined : Array.isArray(v) ? v.map(pem).join('\n') : typeof v === 'string' ? v : Buffer.from(v).toString());
const sockets = 'unix sockets cannot be reached; connect by host name and port';

// parseUrl reads redis[s]://user:password@host:port/database?option=value.
function parseUrl(text) {
  const m = /^(?:(rediss?|unix):)?\/\/(?:([^/?#]*)@)?(\[[^\]]*\]|[^:/?#]*)(?::(\d*))?(?:\/([^?#]*))?(?:\?([^#]*))?(?:#.*)?$/i.exec(String(text).trim());
  if (!m) throw Object.assign(new TypeError('Invalid URL: the address is not of the form redis://user:password@host:port/database'), { code: 'ERR_INVALID_URL' });
  if (m[1] && m[1].toLowerCase() === 'unix') throw refuse('path', sockets);
  const out = { query: {} };
  for (const pair of (m[6] || '').split('&')) {
    const at = pair.indexOf('=');
    if (at > 0) out.query[decode(pair.slice(0, at))] = decode(pair.slice(at + 1).replace(/\+/g, ' '));
  }
  if (m[2] !== undefined) {
    const at = m[2].indexOf(':');
    out.username = decode(at < 0 ? m[2] : m[2].slice(0, at));
    if (at >= 0) out.password = decode(m[2].slice(at + 1));
  }
  if (m[3]) out.host = decode(m[3].replace(/^\[|\]$/g, ''));
  if (m[4]) out.port = Number(m[4]);
  if (m[5]) {
    out.db = Number(m[5]);
    if (!Number.isInteger(out.db)) throw new TypeError('Invalid pathname: the database in the address is not a number');
  }
  if (m[1] && m[1].toLowerCase() === 'rediss') out.tls = true;
  return out;
}

function tlsOf(o) {
  if (!o) return undefined;
  if (o === true) o = {};
  if (o.pfx !== undefined) throw refuse('tls.pfx', 'give cert and key in PEM');
  const tls = { ca: pem(o.ca), cert: pem(o.cert), key: pem(o.key), insecure: o.rejectUnauthorized === false, anyname: typeof o.checkServerIdentity === 'function' };
  if (o.servername) tls.servername = String(o.servername);
  return tls;
}

const text = (v) => (v === undefined || v === null ? '' : String(v));

// targetOf is what the host needs.
const targetOf = (o) => ({
  host: text(o.host) || '127.0.0.1', port: Number(o.port) || 6379, user: text(o.username), password: text(o.password), number: Number(o.db) || 0,
  timeout: Number(o.timeout) || 0, tls: tlsOf(o.tls), params: o.name ? { name: String(o.name) } : undefined,
});

// A Link sends commands in their order over a session that it opens when needed.
// What waits when connecting fails gets that error, unless retry says otherwise:
// retry(err, attempt) gives milliseconds until the next attempt, or an error.
class Link {
  constructor(target, on) {
    this.target = target;
    this.on = on; // {connect(), error(err), down(err), retry(err, attempt)}
    this.queue = [];
    this.state = 'idle'; // opening, ready, waiting, ended
    this.attempt = 0;
    this.sent = null;
    this.planned = false;
  }

  // send queues one command; done(err, reply) is called once.
  send(words, binary, done) {
    if (this.state === 'ended') { setImmediate(() => done(Object.assign(new Error('The connection is already closed.'), { code: 'NR_CLOSED' }))); return; }
    this.queue.push({ words, binary, done });
    this.plan();
  }

  plan() {
    if (this.planned) return;
    this.planned = true;
    queueMicrotask(() => { this.planned = false; this.pump(); });
  }

  open() {
    if (this.state !== 'idle' && this.state !== 'waiting') return;
    this.state = 'opening';
    const h = this.handle = native.open();
    let opened;
    try { opened = native.connect(h, this.target); } catch (err) { opened = Promise.reject(err); }
    opened.then(() => {
      if (this.handle !== h || this.state !== 'opening') return;
      this.state = 'ready';
      this.attempt = 0;
      this.on.connect();
      this.pump();
    }, (err) => {
      native.end(h);
      if (this.handle !== h || this.state !== 'opening') return;
      this.state = 'idle';
      delete err.reply;
      this.failed(err);
    });
  }

  failed(err) {
    const next = this.on.retry ? this.on.retry(err, ++this.attempt) : undefined;
    if (typeof next === 'number' && next >= 0) {
      this.state = 'waiting';
      setTimeout(() => { if (this.state === 'waiting') this.open(); }, next);
      return;
    }
    this.flush(next instanceof Error ? next : err);
    this.on.error(err);
  }

  // flush tells everybody who waits.
  flush(err) {
    const thrown = [];
    for (const q of this.queue.splice(0)) try { q.done(err); } catch (e) { thrown.push(e); }
    if (thrown.length) throw thrown[0];
  }

  pump() {
    if (!this.queue.length && !this.closing) return;
    if (this.state === 'idle' && this.queue.length) { this.open(); return; }
    if (this.state !== 'ready' && !(this.closing && this.state === 'idle') || this.sent) return;
    if (!this.queue.length) { this.finish(); return; }
    const batch = this.sent = this.queue.splice(0);
    const h = this.handle;
    let sent;
    try { sent = native.send(h, batch.map((q) => q.words), batch.map((q) => q.binary)); } catch (err) { sent = Promise.reject(err); }
    const settle = (each) => {
      this.sent = null;
      const thrown = [];
      batch.forEach((q, i) => { try { each(q, i); } catch (e) { thrown.push(e); } });
      this.pump();
      if (thrown.length) throw thrown[0];
    };
    sent.then((replies) => {
      if (this.handle !== h) return;
      settle((q, i) => {
        const r = replies[i];
        if (isError(r)) q.done(replyError(r.error)); else q.done(null, q.binary ? buffered(r) : r);
      });
    }, (err) => {
      if (this.handle !== h) return;
      if (err.reply) { // nothing was sent: only one of them is to blame, but which is not known
        if (batch.length === 1) { delete err.reply; settle((q) => q.done(err)); return; }
        this.sent = null;
        this.single(batch);
        return;
      }
      native.destroy(h);
      this.state = 'idle';
      this.on.down(err);
      settle((q) => q.done(err));
    });
  }

  // single sends the commands of a batch one by one.
  single(batch) {
    const rest = this.queue.splice(0);
    const next = () => {
      const q = batch.shift();
      if (!q) { this.queue.unshift(...rest); this.pump(); return; }
      const done = q.done;
      this.queue.push({ words: q.words, binary: q.binary, done: (err, r) => { rest.unshift(...this.queue.splice(0)); try { done(err, r); } finally { next(); } } });
      this.pump();
    };
    next();
  }

  finish() {
    const done = this.closing;
    this.closing = null;
    this.end();
    done();
  }

  // quit ends the session when all commands have their replies.
  quit(done) {
    if (this.state === 'ended') { setImmediate(done); return; }
    this.closing = done;
    this.plan();
  }

  end() {
    if (this.handle !== undefined && this.state !== 'ended') (this.sent ? native.destroy : native.end)(this.handle);
    this.state = 'ended';
  }

  // cut ends the session at once; what waits gets err, if there is one.
  cut(err) {
    const waiting = (this.sent || []).concat(this.queue);
    this.end();
    this.sent = null;
    this.queue = [];
    if (err) for (const q of waiting) q.done(err);
  }
}

// buffered makes Buffers of the bytes that the host gave.
const buffered = (r) => (r instanceof Uint8Array ? Buffer.from(r.buffer, r.byteOffset, r.byteLength) : Array.isArray(r) ? r.map(buffered) : r);
const isError = (r) => typeof r === 'object' && r !== null && typeof r.error === 'string';

class ReplyError extends Error {
  get name() { return 'ReplyError'; }
}
function replyError(message) {
  const err = new ReplyError(message);
  const m = /^([A-Z0-9_]+)\s/.exec(message);
  if (m) err.code = m[1];
  return err;
}
// deep turns the errors within a reply into Error objects.
const deep = (r) => (isError(r) ? replyError(r.error) : Array.isArray(r) ? r.map(deep) : r);

// The commands, as redis 4 spells them.
const spelling = ` append auth bgRewriteAof bgSave bitCount bitField bitFieldRo bitOp bitPos blMove blmPop blPop brPop brPopLPush bzmPop bzPopMax bzPopMin
client cluster command config copy dbSize debug decr decrBy del discard dump echo eval evalRo evalSha evalShaRo exec exists expire expireAt expireTime fCall fCallRo
flushAll flushDb function geoAdd geoDist geoHash geoPos geoRadius geoRadiusByMember geoRadiusByMemberRo geoRadiusRo geoSearch geoSearchStore get getBit getDel getEx getRange getSet
hDel hExists hGet hGetAll hIncrBy hIncrByFloat hKeys hLen hmGet hmSet hRandField hScan hSet hSetNX hStrLen hVals incr incrBy incrByFloat info keys lastSave latency lcs lIndex lInsert lLen
lMove lmPop lPop lPos lPush lPushX lRange lRem lSet lTrim memory mGet migrate module monitor move mSet mSetNX multi object persist pExpire pExpireAt pExpireTime pfAdd pfCount
pfMerge ping pSetEx psubscribe pTTL publish pubSub punsubscribe randomKey readOnly readWrite rename renameNX replicaOf reset restore role rPop rPopLPush rPush rPushX sAdd save scan sCard
script sDiff sDiffStore select set setBit setEx setNX setRange sInter sInterCard sInterStore sIsMember slaveOf slowLog smIsMember sMembers sMove sort sortRo sPop sPublish
sRandMember sRem ssubscribe sScan strLen subscribe substr sUnion sUnionStore swapDb time touch ttl type unlink unsubscribe unwatch wait watch xAck xAdd xAutoClaim xClaim xDel xGroup
xInfo xLen xPending xRange xRead xReadGroup xRevRange xSetId xTrim zAdd zCard zCount zDiff zDiffStore zIncrBy zInter zInterCard zInterStore zLexCount zmPop zmScore zPopMax
zPopMin zRandMember zRange zRangeByLex zRangeByScore zRangeStore zRank zRem zRemRangeByLex zRemRangeByRank zRemRangeByScore zRevRange zRevRangeByLex zRevRangeByScore
zRevRank zScan zScore zUnion zUnionStore `.split('\n').join(' '), lower = spelling.toLowerCase();
const names = () => spelling.trim().split(' ');
// command is the name of redis 4 for one in lower case, empty if there is none.
function command(name) {
  const at = lower.indexOf(' ' + name + ' ');
  return at < 0 || name.indexOf(' ') >= 0 ? '' : spelling.substr(at + 1, name.length);
}

// The arguments that are keys, for prefixes: the first by default.
let allKeys, noKeys;
function keysOf() {
  allKeys = new Set(['del', 'exists', 'mget', 'unlink', 'touch', 'watch', 'sdiff', 'sinter', 'sunion', 'sdiffstore', 'sinterstore', 'sunionstore', 'rename', 'renamenx', 'rpoplpush', 'lmove', 'copy', 'pfcount', 'pfmerge']);
  noKeys = new Set(['auth', 'ping', 'echo', 'select', 'info', 'dbsize', 'flushall', 'flushdb', 'time', 'randomkey', 'scan', 'script', 'client', 'config', 'command', 'cluster', 'publish', 'multi', 'exec', 'discard', 'unwatch', 'debug', 'memory',
  'object', 'latency', 'slowlog', 'role', 'wait', 'lastsave', 'save', 'bgsave', 'keys', 'module', 'acl', 'function', 'swapdb', 'readonly', 'readwrite']);
}
// prefixed puts the prefix before every key of a command whose name comes first.
function prefixed(words, prefix) {
  const name = words[0].toLowerCase();
  if (!prefix) return words;
  if (!allKeys) keysOf();
  if (noKeys.has(name)) return words;
  const put = (v) => (typeof v === 'string' ? prefix + v : Buffer.concat([Buffer.from(prefix), v]));
  return words.map((v, i) => {
    if (i === 0) return v;
    if (name === 'eval' || name === 'evalsha' || name === 'fcall') return i >= 3 && i < 3 + Number(words[2]) ? put(v) : v;
    if (name === 'mset' || name === 'msetnx') return i % 2 ? put(v) : v;
    if (name === 'blpop' || name === 'brpop') return i < words.length - 1 ? put(v) : v;
    return allKeys.has(name) && (name !== 'lmove' && name !== 'copy' || i < 3) || i === 1 ? put(v) : v;
  });
}

module.exports = { Link, names, command, parseUrl, targetOf, refuse, sockets, replyError, ReplyError, deep, prefixed };
