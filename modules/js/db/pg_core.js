'use strict';
// node-postgres: make({legacy, verify}) gives the module of one generation.
// legacy is before 7: queries are emitters, pg.connect is there. verify is from
// 8 on: TLS verifies unless told otherwise.
const EventEmitter = require('events');
const { make: makeTypes, TypeOverrides } = require('internal/db/pg_types');
const config = require('internal/db/pg_config');
const values = () => require('internal/db/pg_values');
const escapeIdentifier = (s) => values().escapeIdentifier(s);
const escapeLiteral = (s) => values().escapeLiteral(s);

// late is a member that is made when it is first touched.
function late(o, name, make) {
  const put = (value) => Object.defineProperty(o, name, { value, enumerable: true, writable: true, configurable: true });
  Object.defineProperty(o, name, { get() { const v = make(); put(v); return v; }, set: put, enumerable: true, configurable: true });
}

class Result {
  constructor() {
    this.command = null;
    this.rowCount = null;
    this.oid = null;
    this.rows = [];
    this.fields = [];
  }
  addRow(row) { this.rows.push(row); }
}

// take fills in what the host gave for one statement.
function take(result, raw, types, asArray) {
  result.command = raw.command;
  result.rowCount = raw.rowCount;
  result.oid = raw.oid;
  if (raw.fields.length || !result.fields.length) result.fields = raw.fields;
  const n = raw.fields.length, parsers = [], names = [];
  for (let i = 0; i < n; i++) {
    const f = raw.fields[i];
    names.push(f.name);
    parsers.push(types.getTypeParser(f.dataTypeID, 'text'));
  }
  const { rows } = raw;
  for (let r = 0; r < rows.length; r++) {
    const cells = rows[r], row = asArray ? [] : {};
    for (let i = 0; i < n; i++) {
      const text = cells[i], parse = parsers[i], v = text === null || parse === String ? text : parse(text), name = names[i];
      if (asArray) row.push(v);
      else if (name === '__proto__') Object.defineProperty(row, name, { value: v, enumerable: true, writable: true, configurable: true });
      else row[name] = v;
    }
    result.addRow(row);
  }
  return result;
}

// fill puts what a call of query() was given into q.
function fill(q, text, values, callback) {
  const c = typeof text === 'string' ? { text } : Object.assign({}, text);
  if (typeof values === 'function') callback = values;
  else if (values !== undefined && values !== null) c.values = values;
  q.text = c.text;
  q.values = c.values;
  q.name = c.name;
  q.types = c.types;
  q.queryTimeout = c.query_timeout;
  q.callback = callback || c.callback;
  q._rowMode = c.rowMode || null;
  q._settled = null;
  return q;
}

// finish ends a query, once: one that a script made, or the plain object of a call.
function finish(q, err, result) {
  if (q._finish) { q._finish(err, result); return; }
  if (q._settled) return;
  q._settled = true;
  q.callback(err || null, err ? undefined : result);
}

// A Query is an emitter, and before 7 what query() returns.
let Query;
const queryClass = () => Query || (Query = class Query extends EventEmitter {
  constructor(text, values, callback) {
    super();
    fill(this, text, values, callback);
    this._results = null;
  }
  // submit is what marks a query for Client.query.
  submit() { return null; }
  _promise() {
    if (!this._wait) {
      this._wait = new Promise((resolve, reject) => {
        if (this._settled) this._settled[0] ? reject(this._settled[0]) : resolve(this._settled[1]);
        else this._waiting = [resolve, reject];
      });
    }
    return this._wait;
  }
  _finish(err, result) {
    if (this._settled) return;
    this._settled = [err, result];
    const waiting = this._waiting;
    if (waiting) err ? waiting[1](err) : waiting[0](result);
    if (this.callback) return void this.callback(err || null, err ? undefined : result);
    if (err) {
      if (this.listenerCount('error') || !waiting) this.emit('error', err);
      return;
    }
    if (this.listenerCount('row')) for (const r of [].concat(result)) for (const row of r.rows) this.emit('row', row, r);
    this.emit('end', result);
  }
});

function make(options) {
  const { legacy, verify } = options;
  const { types, big } = makeTypes();
  const defaults = {
    host: 'localhost', user: undefined, database: undefined, password: null, port: 5432, rows: 0, binary: false, max: 10, min: 0, poolSize: 10,
    idleTimeoutMillis: 30000, poolIdleTimeout: 30000, reapIntervalMillis: 1000, client_encoding: '', ssl: false, application_name: undefined,
    options: undefined, parseInputDatesAsUTC: false, statement_timeout: false, query_timeout: false,
  };
  Object.defineProperty(defaults, 'parseInt8', { set(v) { big(!!v); }, get: () => false, enumerable: false, configurable: true });

  class Client extends EventEmitter {
    constructor(given) {
      super();
      const c = config.read(given, defaults, verify);
      this.user = c.user;
      this.database = c.database;
      this.port = c.port;
      this.host = c.host;
      this.ssl = c.ssl;
      this.processID = null;
      this.secretKey = null;
      // What has the password must not come out with the client.
      Object.defineProperty(this, 'password', { value: c.password, writable: true, configurable: true, enumerable: false });
      Object.defineProperty(this, '_config', { value: c, writable: true, configurable: true, enumerable: false });
      this._types = new TypeOverrides((given && given.types) || types);
      this._queue = [];
      this._names = null; // of prepared statements
      this._state = 'new'; // connecting, ready, ended
      this._busy = null;
      this._endings = [];
      this._failure = null;
    }
    get connectionParameters() {
      const { user, database, host, port, ssl, password } = this._config;
      return Object.defineProperty({ user, database, host, port, ssl }, 'password', { value: password, enumerable: false });
    }
    get queryQueue() { return this._queue; }

    connect(callback) {
      if (this._state !== 'new') {
        const err = new Error('Client has already been connected. You cannot reuse a client.');
        if (callback) { setImmediate(() => callback(err)); return undefined; }
        return Promise.reject(err);
      }
      this._state = 'connecting';
      const h = this._handle = native.open();
      let settle;
      const result = callback ? undefined : new Promise((resolve, reject) => { settle = [resolve, reject]; });
      const ready = (pid) => {
        if (this._state !== 'connecting') return; // ended by the script meanwhile
        this.processID = pid;
        this._state = 'ready';
        this.emit('connect');
        if (callback) callback(null, this); else settle[0](this);
        this._pump();
      };
      const failed = (err) => {
        native.end(h);
        if (this._state !== 'connecting') return;
        this._state = 'ended';
        this._failure = err;
        const queue = this._queue.splice(0);
        if (callback) callback(err);
        else {
          if (queue.length) result.catch(() => {}); // the queries say it
          settle[1](err);
        }
        for (const q of queue) finish(q, err);
        this._ended();
      };
      const p = this.password;
      if (typeof p === 'function') {
        const text = (v) => {
          if (v === undefined || v === null) return '';
          if (typeof v !== 'string') throw new TypeError('Password must be a string');
          return v;
        };
        Promise.resolve().then(p).then(text).then((password) => native.connect(h, this._target(password))).then(ready, failed);
        return result;
      }
      try { native.connect(h, this._target(p ? String(p) : ''), ready, failed); } catch (err) { Promise.reject(err).catch(failed); }
      return result;
    }
    _target(password) { return Object.assign({ password }, this._config.target); }

    query(text, values, callback) {
      if (text === null || text === undefined) throw new TypeError('Client was passed a null or undefined query');
      let q, result;
      if (typeof text.submit === 'function') {
        q = text;
        result = q;
        if (typeof values === 'function') q.callback = q.callback || values;
        if (!(q instanceof queryClass())) throw Object.assign(new Error('cursors and streams of other packages are not available here: use LIMIT and OFFSET, or DECLARE and FETCH'), { code: 'ERR_FEATURE_UNAVAILABLE_ON_PLATFORM' });
      } else {
        q = legacy ? new (queryClass())(text, values, callback) : fill({}, text, values, callback);
        if (legacy) result = q;
        else if (!q.callback) result = new Promise((resolve, reject) => { q.callback = (err, res) => (err ? reject(err) : resolve(res)); });
      }
      if (this._state === 'ended') {
        const err = this._failure || new Error(this._closing ? 'Client was closed and is not queryable' : 'Client has encountered a connection error and is not queryable');
        setImmediate(() => finish(q, err));
        return result;
      }
      if (this._closing) {
        setImmediate(() => finish(q, new Error('Client was closed and is not queryable')));
        return result;
      }
      this._queue.push(q);
      this._pump();
      return result;
    }

    _pump() {
      if (this._state !== 'ready' || this._busy) return;
      const q = this._queue.shift();
      if (!q) {
        if (this._closing) this._close();
        else if (this._drains) { this._drains = false; this.emit('drain'); }
        return;
      }
      this._busy = q;
      this._drains = true;
      const limit = q.queryTimeout || this._config.queryTimeout;
      let timer;
      if (limit) {
        timer = setTimeout(() => {
          native.destroy(this._handle);
          this._fail(new Error('Query read timeout'), q);
        }, limit);
      }
      const answered = (raw) => {
        if (timer) clearTimeout(timer);
        if (this._busy !== q) return;
        this._busy = null;
        let result, failed = null;
        try { result = this._read(q, raw); } catch (err) { failed = err; }
        try { finish(q, failed, result); } finally { this._pump(); }
      };
      const refused = (err) => {
        if (timer) clearTimeout(timer);
        if (this._busy !== q) return;
        this._busy = null;
        if (err.severity === 'FATAL' || err.severity === undefined && err.local !== true) return this._fail(err, q);
        delete err.local;
        try { finish(q, err); } finally { this._pump(); }
      };
      try { this._send(q, answered, refused); } catch (err) { Promise.reject(err).catch(refused); }
    }

    _send(q, answered, refused) {
      const local = (err) => { throw Object.assign(err, { local: true }); };
      if (typeof q.text !== 'string') {
        if (q.name && this._names && this._names[q.name]) q.text = this._names[q.name];
        else local(new Error('A query must have either text or a name. Supplying neither is unsupported.'));
      }
      if (q.name) {
        const all = this._names || (this._names = {}), known = all[q.name];
        if (known && known !== q.text) local(new Error(`Prepared statements must be unique - '${q.name}' was used for a different statement`));
        all[q.name] = q.text;
      }
      if (q.values !== undefined && q.values !== null && !Array.isArray(q.values)) local(new TypeError('Query values must be an array'));
      if (!q.name && !(q.values && q.values.length) && !q.binary) return void native.query(this._handle, q.text, answered, refused);
      const list = [];
      for (let i = 0, given = q.values || []; i < given.length; i++) {
        const v = given[i];
        if (typeof v === 'string') { list.push(v); continue; }
        const { value } = values();
        value.utc = !!defaults.parseInputDatesAsUTC;
        try { list.push(value(v)); } catch (err) { local(err); }
      }
      native.query(this._handle, q.text, list, answered, refused);
    }

    _read(q, raw) {
      const parsers = q.types || this._types;
      const asArray = q._rowMode === 'array';
      if (legacy) {
        const r = new Result();
        for (const one of raw) take(r, one, parsers, asArray);
        return r;
      }
      if (raw.length === 1) return take(new Result(), raw[0], parsers, asArray);
      const all = raw.map((one) => take(new Result(), one, parsers, asArray));
      return all.length > 1 ? all : new Result();
    }

    // _fail ends the client: the connection is gone.
    _fail(err, q) {
      this._busy = null;
      this._state = 'ended';
      native.end(this._handle);
      const queue = this._queue.splice(0);
      try {
        if (q) finish(q, err);
        for (const other of queue) finish(other, err);
      } finally {
        if (this.listenerCount('error') > 0) this.emit('error', err);
        this._ended();
      }
    }

    end(callback) {
      const promise = callback ? undefined : new Promise((resolve) => this._endings.push(resolve));
      if (callback) this._endings.push(callback);
      if (this._state === 'ended' || this._state === 'new') {
        this._state = 'ended';
        setImmediate(() => this._ended());
        return promise;
      }
      this._closing = true;
      if (this._state === 'connecting' && this._queue.length === 0) {
        this._state = 'ended';
        native.end(this._handle);
        setImmediate(() => this._ended());
        return promise;
      }
      if (!this._busy && this._queue.length === 0) this._close();
      return promise;
    }
    _close() {
      this._state = 'ended';
      native.end(this._handle);
      setImmediate(() => this._ended());
    }
    _ended() {
      if (!this._told) { this._told = true; this.emit('end'); }
      for (const f of this._endings.splice(0)) f();
    }

    escapeIdentifier(s) { return escapeIdentifier(s); }
    escapeLiteral(s) { return escapeLiteral(s); }
    setTypeParser(oid, format, parse) { return this._types.setTypeParser(oid, format, parse); }
    getTypeParser(oid, format) { return this._types.getTypeParser(oid, format); }
    _discard() { this._closing = true; if (this._handle !== undefined) native.destroy(this._handle); this._state = 'ended'; setImmediate(() => this._ended()); }
    pauseDrain() {}
    resumeDrain() {}
    ref() {}
    unref() {}
    get activeQuery() { return this._busy; }
  }
  late(Client, 'Query', queryClass);

  const pg = new EventEmitter();
  Object.assign(pg, { defaults, Client, _pools: [], Connection: undefined, types, escapeIdentifier, escapeLiteral, Result, TypeOverrides });
  late(pg, 'Query', queryClass);
  late(pg, 'Pool', () => require('internal/db/pg_pool')(Client, native.free, legacy ? defaults : null));
  late(pg, 'DatabaseError', () => class DatabaseError extends Error {});
  if (legacy) require('internal/db/pg_legacy')(pg, queryClass());
  Object.defineProperty(pg, 'native', { value: null, enumerable: false, configurable: true, writable: true });
  return pg;
}
module.exports = make;
