'use strict';
// The pool of mysql and mysql2. It is one script's: connections outlive the
// script in the worker, where they are reset before anybody else gets them.
const EventEmitter = require('events');
const sql = require('sqlstring');
const { read } = require('internal/db/mysql_config');

module.exports = (Connection, free, coded, two) => {
  class Pool extends EventEmitter {
    constructor(options) {
      super();
      let o = options;
      if (typeof o === 'string') o = require('internal/db/mysql_config').parseUrl(o);
      o = o || {};
      this._options = o;
      this.config = {
        connectionConfig: read(o, two), connectionLimit: o.connectionLimit === undefined ? 10 : Number(o.connectionLimit), queueLimit: Number(o.queueLimit) || 0,
        waitForConnections: o.waitForConnections === undefined ? true : !!o.waitForConnections, acquireTimeout: o.acquireTimeout === undefined ? 10000 : Number(o.acquireTimeout),
      };
      this._allConnections = [];
      this._freeConnections = [];
      this._connectionQueue = [];
      this._held = 0; // by getConnection, not by query
      this._closed = false;
    }

    getConnection(callback) { this._get(callback, true); }

    _get(callback, manual) {
      if (this._closed) {
        setImmediate(() => callback(coded('POOL_CLOSED', 'Pool is closed.')));
        return;
      }
      const n = this._allConnections.length;
      // The worker's connections are few and shared: more than one is asked for only
      // if there is one free, or if waiting for our own could not end.
      const more = n < this.config.connectionLimit && (n === 0 || n <= this._held || free());
      if (this._freeConnections.length || more) return this._open(callback, manual);
      if (!this.config.waitForConnections) {
        setImmediate(() => callback(coded('POOL_CONNLIMIT', 'No connections available.')));
        return;
      }
      if (this.config.queueLimit && this._connectionQueue.length >= this.config.queueLimit) {
        setImmediate(() => callback(coded('POOL_ENQUEUELIMIT', 'Queue limit reached.')));
        return;
      }
      this._connectionQueue.push([callback, manual]);
      this.emit('enqueue');
    }

    _open(callback, manual) {
      const lend = (c) => {
        c._manual = manual;
        c._lent = true;
        if (manual) this._held++;
        this.emit('acquire', c);
        callback(null, c);
      };
      let c = this._freeConnections.shift();
      if (c) { setImmediate(() => lend(c)); return; }
      c = new Connection(this._options);
      c._pool = this;
      c.release = () => this._release(c);
      const destroy = c.destroy;
      c.destroy = () => { destroy.call(c); this._drop(c); };
      const end = c.end;
      c._realEnd = (f) => end.call(c, f);
      c.end = (f) => { this._release(c); if (typeof f === 'function') setImmediate(f); }; // as mysql 2.0 has it
      c.on('error', () => this._drop(c));
      this._allConnections.push(c);
      c.connect((err) => {
        if (err) { this._drop(c); callback(err); return; }
        this.emit('connection', c);
        lend(c);
      });
    }

    _unlend(c) {
      if (c._lent && c._manual) this._held--;
      c._lent = false;
    }

    _release(c) {
      if (!c._lent) {
        if (two || this._closed) return;
        throw new Error('Connection already released');
      }
      this._unlend(c);
      this.emit('release', c);
      if (this._closed || c._fatal) { this._drop(c); if (!c._fatal) c._realEnd(() => {}); return; }
      this._freeConnections.push(c);
      this._serve();
    }

    _serve() {
      const next = this._connectionQueue.shift();
      if (next) this._get(next[0], next[1]);
    }

    _drop(c) {
      this._unlend(c);
      for (const list of [this._allConnections, this._freeConnections]) { const i = list.indexOf(c); if (i >= 0) list.splice(i, 1); }
      this._serve();
    }

    query(text, values, callback) { return this._run('query', text, values, callback); }
    execute(text, values, callback) { return this._run('execute', text, values, callback); }
    _run(method, text, values, callback) {
      if (typeof values === 'function') { callback = values; values = undefined; }
      const emitter = new EventEmitter();
      this._get((err, c) => {
        if (err) {
          if (callback) callback(err); else if (emitter.listenerCount('error')) emitter.emit('error', err); else throw err;
          return;
        }
        const back = () => { if (c._lent) this._release(c); };
        const q = c[method](text, values, callback && ((...args) => { back(); callback(...args); }));
        if (!callback) {
          for (const e of ['fields', 'result', 'end', 'error']) q.on(e, (...args) => { if (e === 'end') back(); if (e !== 'error' || emitter.listenerCount('error')) emitter.emit(e, ...args); });
        }
      }, false);
      return emitter;
    }

    releaseConnection(c) { c.release(); }

    end(callback) {
      this._closed = true;
      const all = this._allConnections.splice(0);
      this._freeConnections.length = 0;
      let left = all.length;
      const done = () => { if (typeof callback === 'function') callback(); };
      if (!left) { setImmediate(done); return; }
      for (const c of all) c._realEnd(() => { if (--left === 0) done(); });
    }

    escape(v) { return sql.escape(v, false, this.config.connectionConfig.timezone); }
    escapeId(v, forbidQualified) { return sql.escapeId(v, forbidQualified); }
    format(text, values) { return sql.format(text, values, this.config.connectionConfig.stringifyObjects, this.config.connectionConfig.timezone); }
  }
  if (two) Pool.prototype.promise = function promise() { return new (require('internal/db/mysql_promise').PromisePool)(this); };
  return Pool;
};
