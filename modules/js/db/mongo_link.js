'use strict';
// One session with a deployment: where it is, and one command at a time.
const { serialize, deserialize } = require('internal/db/mongo_bson');
const { resolve } = require('internal/db/mongo_config');

class Link {
  constructor(config, errors, codec) {
    Object.assign(this, { config, errors, codec, queue: [], busy: null, handle: undefined, hello: null, opening: null, closed: false });
  }

  // open finds a server that takes what the client wants to do.
  open() {
    if (this.closed) return Promise.reject(new this.errors.MongoNotConnectedError('Client must be connected before running operations'));
    if (this.hello) return Promise.resolve(this.hello);
    if (!this.opening) {
      const done = () => { this.opening = null; };
      this.opening = resolve(this.config).then((c) => this._search(c), (err) => { throw this._named(err); });
      this.opening.then(done, done);
    }
    return this.opening;
  }

  _search(c) {
    const seeds = c.hosts.slice(), tried = new Set();
    const until = Date.now() + c.timeout;
    let last;
    const next = () => {
      const at = seeds.shift();
      if (!at || Date.now() > until && tried.size) return Promise.reject(last);
      const name = at.host.toLowerCase() + ':' + at.port;
      if (tried.has(name)) return next();
      tried.add(name);
      const h = native.open();
      let opened;
      try {
        const params = Object.assign({}, c.target.params, { source: c.source || (c.database && c.user !== undefined ? c.database : '') || '' });
        if (!c.source && /^(MONGODB-X509|PLAIN)$/.test(params.mechanism)) params.source = c.database && params.mechanism === 'PLAIN' ? c.database : '';
        opened = native.connect(h, Object.assign({}, c.target, { host: at.host, port: at.port, tls: c.tls, params }));
      } catch (err) { opened = Promise.reject(err); }
      return opened.then((raw) => {
        if (this.closed) { native.end(h); throw new this.errors.MongoNotConnectedError('the client was closed'); }
        const hello = deserialize(raw), why = this._unfit(c, hello);
        if (!why) {
          this.handle = h;
          this.hello = hello;
          this.address = at;
          return hello;
        }
        native.end(h);
        last = new this.errors.MongoServerSelectionError(`${at.host}:${at.port} ${why}`);
        const more = [hello.primary].concat(hello.hosts || []).filter(Boolean).map((t) => { const p = /^(.*?)(?::(\d+))?$/.exec(t); return { host: p[1].replace(/^\[|\]$/g, ''), port: Number(p[2] || 27017) }; });
        seeds.unshift(...more.slice(0, 1));
        seeds.push(...more.slice(1));
        return next();
      }, (err) => {
        native.end(h);
        if (err.kind === 'server' || err.kind === 'auth') throw this._named(err, at);
        last = this._named(err, at);
        return next();
      });
    };
    return next();
  }

  // _unfit says why a server is not the one, if it is not.
  _unfit(c, hello) {
    if (c.replicaSet && hello.setName !== c.replicaSet) return `is not of the replica set ${c.replicaSet}`;
    if (c.direct) return '';
    if (hello.isWritablePrimary || hello.ismaster) return '';
    if (hello.secondary && c.preference) return '';
    return hello.setName ? 'is not the primary of its replica set' : 'takes no writes';
  }

  // _named gives an error of the host its class.
  _named(err, at) {
    const E = this.errors;
    if (err instanceof E.MongoError) return err;
    if (err.parse) return new E.MongoParseError(err.message);
    if (err.kind === 'server') { const e = new E.MongoServerError(deserialize(err.reply)); return e; }
    if (err.kind === 'auth') return new E.MongoError({ message: err.message });
    if (err.kind === 'whole') return err.code ? Object.assign(new E.MongoAPIError(err.message), { code: err.code }) : new E.MongoInvalidArgumentError(err.message);
    const out = !at ? new E.MongoNetworkError(err.message) : E.first ? new E.MongoNetworkError(`failed to connect to server [${at.host}:${at.port}] on first connect [${err.name || 'Error'}: ${err.message}]`) : new E.MongoServerSelectionError(err.message);
    for (const k of ['errno', 'syscall', 'address', 'port', 'hostname', 'hint']) if (err[k] !== undefined) out[k] = err[k];
    if (err.code !== undefined) out.code = err.code;
    out.cause = err;
    Object.defineProperty(out, 'cause', { enumerable: false });
    return out;
  }

  // command sends a document and gives the reply; one that is not ok is an error.
  command(db, doc, options) {
    const E = this.errors;
    let bytes;
    try { bytes = serialize(Object.assign({}, doc, { $db: db }), { ignoreUndefined: options && options.ignoreUndefined }); } catch (err) {
      return Promise.reject(err);
    }
    return new Promise((done, fail) => { this.queue.push({ bytes, done, fail }); this._pump(); }).then((raw) => {
      const reply = deserialize(raw, options && options.codec ? Object.assign({}, this.codec, options.codec) : this.codec);
      if (Number(reply.ok) !== 1) throw new E.MongoServerError(reply);
      return reply;
    });
  }

  _pump() {
    if (this.busy || !this.queue.length) return;
    const q = this.busy = this.queue.shift();
    const next = (f, v) => { this.busy = null; f(v); this._pump(); };
    this.open().then(() => native.command(this.handle, q.bytes)).then((raw) => next(q.done, raw), (err) => {
      const whole = err.kind === 'whole' || err instanceof this.errors.MongoError;
      if (!whole) { // the session is gone; the next command opens another
        if (this.handle !== undefined) native.destroy(this.handle);
        this.handle = undefined;
        this.hello = null;
      }
      next(q.fail, this._named(err));
    });
  }

  // close gives the session back when what was asked for is done.
  close() {
    if (this.closed) return Promise.resolve();
    const end = () => {
      this.closed = true;
      if (this.handle !== undefined) native.end(this.handle);
      this.handle = undefined;
      this.hello = null;
      const waiting = this.queue.splice(0);
      for (const q of waiting) q.fail(new this.errors.MongoNotConnectedError('Topology is closed, please connect'));
    };
    if (this.busy) native.destroy(this.handle === undefined ? -1 : this.handle);
    end();
    return Promise.resolve();
  }
}
module.exports = { Link };
