'use strict';
// mysql2/promise: the same with Promises; a query gives [rows, fields].
const EventEmitter = require('events');
const call = (target, method, ...args) => new Promise((resolve, reject) => {
  target[method](...args, (err, ...out) => (err ? reject(err) : resolve(out)));
});
const values = (v) => (v === undefined ? [] : [v]);

class PromiseConnection extends EventEmitter {
  constructor(connection) {
    super();
    this.connection = connection;
    for (const e of ['error', 'end', 'connect', 'drain', 'enqueue']) connection.on(e, (...args) => { if (e !== 'error' || this.listenerCount('error')) this.emit(e, ...args); });
  }
  connect() { return call(this.connection, 'connect').then(() => undefined); }
  query(text, v) { return call(this.connection, 'query', text, ...values(v)); }
  execute(text, v) { return call(this.connection, 'execute', text, ...values(v)); }
  end() { return call(this.connection, 'end').then(() => undefined); }
  ping() { return call(this.connection, 'ping').then(() => true); }
  beginTransaction() { return call(this.connection, 'beginTransaction').then(() => undefined); }
  commit() { return call(this.connection, 'commit').then(() => undefined); }
  rollback() { return call(this.connection, 'rollback').then(() => undefined); }
  changeUser(options) { return call(this.connection, 'changeUser', options).then(() => undefined); }
  destroy() { this.connection.destroy(); }
  close() { this.connection.destroy(); }
  release() { this.connection.release(); }
  escape(v) { return this.connection.escape(v); }
  escapeId(v) { return this.connection.escapeId(v); }
  format(text, v) { return this.connection.format(text, v); }
  get config() { return this.connection.config; }
  get threadId() { return this.connection.threadId; }
}

class PromisePool extends EventEmitter {
  constructor(pool) { super(); this.pool = pool; for (const e of ['acquire', 'connection', 'enqueue', 'release']) pool.on(e, (...args) => this.emit(e, ...args)); }
  getConnection() { return call(this.pool, 'getConnection').then(([c]) => new PromiseConnection(c)); }
  releaseConnection(c) { c.release(); }
  query(text, v) { return call(this.pool, 'query', text, ...values(v)); }
  execute(text, v) { return call(this.pool, 'execute', text, ...values(v)); }
  end() { return call(this.pool, 'end').then(() => undefined); }
  escape(v) { return this.pool.escape(v); }
  escapeId(v) { return this.pool.escapeId(v); }
  format(text, v) { return this.pool.format(text, v); }
}
module.exports = { PromiseConnection, PromisePool };
