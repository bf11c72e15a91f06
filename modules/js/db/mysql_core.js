'use strict';
// mysql and mysql2: make(two) gives the module of one of them.
const EventEmitter = require('events');
const sql = require('sqlstring');
const config = require('internal/db/mysql_config');
const { Types, caster } = require('internal/db/mysql_types');

class RowDataPacket {}
class TextRow {}
class OkPacket {}
class ResultSetHeader {}
class FieldPacket {}
class ColumnDefinition {}

const coded = (code, message, fatal) => Object.assign(new Error(message), { code, fatal: !!fatal });

// named replaces :name by ? and lists the values.
function named(text, values) {
  const list = [];
  const out = text.replace(/'(?:[^'\\]|\\.|'')*'|"(?:[^"\\]|\\.|"")*"|`[^`]*`|--[^\n]*|\/\*[\s\S]*?\*\/|::|:([A-Za-z_][A-Za-z0-9_]*)/g, (all, name) => {
    if (!name) return all;
    list.push(values[name]);
    return '?';
  });
  return [out, list];
}

function make(two) {
  const Row = two ? TextRow : RowDataPacket;

  function fieldOf(f) {
    if (!two) {
      return Object.assign(new FieldPacket(), {
        catalog: f[0], db: f[1], table: f[2], orgTable: f[3], name: f[4], orgName: f[5], charsetNr: f[6], length: f[7], type: f[8], flags: f[9],
        decimals: f[10], default: undefined, zeroFill: !!(f[9] & 64), protocol41: true,
      });
    }
    const c = Object.assign(new ColumnDefinition(), {
      catalog: f[0], schema: f[1], table: f[2], orgTable: f[3], name: f[4], orgName: f[5], characterSet: f[6], columnLength: f[7], columnType: f[8],
      flags: f[9], decimals: f[10], encoding: f[6] === 63 ? 'binary' : 'utf8',
    });
    for (const [k, v] of [['type', f[8]], ['db', f[1]], ['length', f[7]]]) Object.defineProperty(c, k, { value: v, enumerable: false });
    return c;
  }

  function okOf(r) {
    const changed = Number((/\bChanged:\s*(\d+)/i.exec(r.info) || [0, 0])[1]);
    if (two) {
      return Object.assign(new ResultSetHeader(), { fieldCount: 0, affectedRows: r.affected, insertId: r.insertId, info: r.info, serverStatus: r.status, warningStatus: r.warnings, changedRows: changed });
    }
    return Object.assign(new OkPacket(), {
      fieldCount: 0, affectedRows: r.affected, insertId: r.insertId, serverStatus: r.status, warningCount: r.warnings,
      message: r.info ? (r.info[0] === '(' ? '' : '(') + r.info : '', protocol41: true, changedRows: changed,
    });
  }

  function rowsOf(r, o, q, connection) {
    const fields = r.fields.map(fieldOf);
    const cells = r.fields.map((f) => caster({ type: f[8], flags: f[9], db: f[1], table: f[2], name: f[4], length: f[7] }, o, q.typeCast, two, connection));
    const rows = r.rows.map((raw) => {
      if (q.rowsAsArray) return raw.map((v, i) => cells[i](v));
      const row = new Row();
      const put = (to, k, v) => { if (k === '__proto__') Object.defineProperty(to, k, { value: v, enumerable: true, writable: true, configurable: true }); else to[k] = v; };
      for (let i = 0; i < raw.length; i++) {
        const f = r.fields[i], v = cells[i](raw[i]);
        if (typeof q.nestTables === 'string' && q.nestTables.length) put(row, f[2] + q.nestTables + f[4], v);
        else if (q.nestTables) {
          if (!Object.prototype.hasOwnProperty.call(row, f[2])) put(row, f[2], {});
          put(row[f[2]], f[4], v);
        } else put(row, f[4], v);
      }
      return row;
    });
    return [rows, fields];
  }

  // A Query is one call of query(): what scripts get back, and an entry of the queue.
  class Query extends EventEmitter {
    constructor(options, callback) {
      super();
      Object.assign(this, { sql: options.sql, values: options.values, typeCast: options.typeCast, nestTables: options.nestTables, rowsAsArray: options.rowsAsArray });
      this._timeout = options.timeout;
      this._callback = callback;
    }
    start() { return this; }
    stream() { throw coded('ERR_FEATURE_UNAVAILABLE_ON_PLATFORM', 'query.stream() is not available here: take the rows in the callback'); }
  }

  class Connection extends EventEmitter {
    constructor(options) {
      super();
      this.config = config.read(options, two);
      this.state = 'disconnected';
      this.threadId = null;
      const hide = (k, v) => Object.defineProperty(this, k, { value: v, writable: true, configurable: true, enumerable: false });
      hide('_queue', []);
      hide('_busy', null);
      hide('_connectCalled', false);
      hide('_ended', false); // end() was called
      hide('_fatal', null);
      hide('_handle', undefined);
    }

    connect(options, callback) {
      if (typeof options === 'function') callback = options;
      if (this._connectCalled) {
        const err = this._fatal ? coded('PROTOCOL_ENQUEUE_AFTER_FATAL_ERROR', 'Cannot enqueue Handshake after fatal error.')
          : coded('PROTOCOL_ENQUEUE_HANDSHAKE_TWICE', 'Cannot enqueue Handshake after already enqueuing a Handshake.');
        if (two && !this._fatal) { if (callback) setImmediate(() => callback(null)); return; }
        if (this._ended) Object.assign(err, { code: 'PROTOCOL_ENQUEUE_AFTER_QUIT', message: 'Cannot enqueue Handshake after invoking quit.' });
        this._later(callback, err);
        return;
      }
      this._connectCalled = true;
      const h = this._handle = native.open();
      const q = { connect: true, callback };
      this._busy = q;
      let opened;
      try { opened = native.connect(h, this.config.target); } catch (err) { opened = Promise.reject(err); }
      opened.then((thread) => {
        if (this._busy !== q) return;
        this._busy = null;
        this.threadId = thread;
        this.state = 'authenticated';
        this.emit('connect');
        try { if (callback) callback(null, okOf({ affected: 0, insertId: 0, status: 2, warnings: 0, info: '' })); } finally { this._pump(); }
      }, (err) => {
        if (this._busy !== q) return;
        this._die(this._named(err), callback ? [callback] : []);
      });
    }

    // _named gives an error of the host the code and the text of the original.
    _named(err, text) {
      if (err.sqlMessage !== undefined && err.code === undefined) {
        const props = { code: require('internal/db/mysql_errors')(err.errno), errno: err.errno, sqlState: err.sqlState, sqlMessage: err.sqlMessage };
        if (!two) err.message = props.code + ': ' + err.sqlMessage;
        const fatal = err.fatal;
        delete err.fatal;
        delete err.errno; delete err.sqlState; delete err.sqlMessage;
        Object.assign(err, props);
        if (fatal) err.fatal = true;
      }
      if (text !== undefined) {
        if (!two) err.index = 0;
        err.sql = text;
      }
      return err;
    }

    // _die ends the connection: everybody who waits is told.
    _die(err, callbacks) {
      err.fatal = true;
      this._busy = null;
      this._fatal = err;
      this.state = 'protocol_error';
      native.destroy(this._handle);
      const queue = this._queue.splice(0);
      let told = callbacks.length > 0;
      const failed = [];
      const tell = (f) => { try { f(); } catch (e) { failed.push(e); } };
      for (const f of callbacks) tell(() => f(err));
      for (const q of queue) {
        if (q.end) { tell(() => q.end()); continue; }
        if (q._callback || q.listenerCount('error')) told = true;
        tell(() => this._finish(q, err, true));
      }
      if (!told || this.listenerCount('error')) tell(() => this.emit('error', err));
      this.emit('end', err);
      if (failed.length) throw failed[0];
    }

    _later(callback, err) {
      setImmediate(() => {
        if (callback) callback(err);
        else this.emit('error', err);
      });
    }

    query(text, values, callback) { return this._query(text, values, callback, false); }

    _query(text, values, callback, prepared) {
      let q;
      if (text instanceof Query) {
        q = text;
        if (typeof values === 'function') q._callback = q._callback || values;
        if (Array.isArray(values)) q.values = values;
      } else {
        const o = typeof text === 'object' && text !== null ? Object.assign({}, text) : { sql: text };
        if (typeof values === 'function') { callback = values; values = undefined; }
        if (values !== undefined) o.values = values;
        q = new Query(o, callback);
      }
      const c = this.config;
      if (q.typeCast === undefined) q.typeCast = c.typeCast;
      if (q.nestTables === undefined) q.nestTables = c.nestTables || false;
      if (q.rowsAsArray === undefined) q.rowsAsArray = c.rowsAsArray;
      if (q._callback !== undefined && typeof q._callback !== 'function') {
        if (two) q._callback = undefined;
        else throw new TypeError('argument callback must be a function when provided');
      }
      if ((c.namedPlaceholders || text && text.namedPlaceholders) && q.values && typeof q.values === 'object' && !Array.isArray(q.values)) [q.sql, q.values] = named(String(q.sql), q.values);
      if (prepared) q._params = (q.values === undefined || q.values === null ? [] : Array.isArray(q.values) ? q.values : [q.values]).map(param);
      else q.sql = c.queryFormat ? c.queryFormat.call(this, q.sql, q.values, c.timezone) : this.format(q.sql, q.values);
      q.sql = q.sql === undefined || q.sql === null ? '' : String(q.sql);
      if (this._refused(q, 'Query')) return q;
      if (!this._connectCalled) this.connect(); // an error comes to the query
      this._queue.push(q);
      this._pump();
      return q;
    }

    _refused(q, what) {
      const err = this._fatal ? coded('PROTOCOL_ENQUEUE_AFTER_FATAL_ERROR', `Cannot enqueue ${what} after fatal error.`)
        : this._destroyed ? coded('PROTOCOL_ENQUEUE_AFTER_DESTROY', `Cannot enqueue ${what} after being destroyed.`)
          : this._ended ? coded('PROTOCOL_ENQUEUE_AFTER_QUIT', `Cannot enqueue ${what} after invoking quit.`) : null;
      if (!err) return false;
      setImmediate(() => (q.emit ? this._finish(q, err) : q(err)));
      return true;
    }

    _pump() {
      if (this._busy || this.state !== 'authenticated') return;
      const q = this._queue.shift();
      if (!q) return;
      if (q.end) {
        this.state = 'disconnected';
        native.end(this._handle);
        setImmediate(() => { this.emit('end'); q.end(); });
        return;
      }
      this._busy = q;
      let sent;
      try {
        sent = q._ping ? native.ping(this._handle) : q._params ? native.execute(this._handle, q.sql, q._params) : native.query(this._handle, q.sql);
      } catch (err) { sent = Promise.reject(err); }
      let timer;
      if (q._timeout > 0) {
        timer = setTimeout(() => {
          if (this._busy !== q) return;
          const err = Object.assign(coded('PROTOCOL_SEQUENCE_TIMEOUT', 'Query inactivity timeout', true), { errorno: 'ETIMEDOUT', timeout: q._timeout });
          this._die(this._named(err, q.sql), [(e) => this._finish(q, e, true)]);
        }, q._timeout);
      }
      sent.then((raw) => {
        clearTimeout(timer);
        if (this._busy !== q) return;
        this._busy = null;
        try { this._deliver(q, raw); } finally { this._pump(); }
      }, (err) => {
        clearTimeout(timer);
        if (this._busy !== q) return;
        const fatal = err.fatal || err.sqlMessage === undefined;
        this._named(err, q.sql);
        if (fatal) return this._die(err, [(e) => this._finish(q, e, true)]);
        this._busy = null;
        try { this._finish(q, err); } finally { this._pump(); }
      });
    }

    _deliver(q, raw) {
      if (q._ping) return this._finish(q, null);
      let parts;
      try {
        parts = raw.map((r) => (r.rows ? rowsOf(r, this.config, q, this) : [okOf(r), undefined]));
      } catch (err) { return this._finish(q, err); }
      if (!q._callback) {
        parts.forEach(([result, fields], i) => {
          if (fields) { q.emit('fields', fields, i); for (const row of result) q.emit('result', row, i); } else q.emit('result', result, i);
        });
      }
      if (parts.length === 1) return this._finish(q, null, false, parts[0][0], parts[0][1]);
      return this._finish(q, null, false, parts.map((p) => p[0]), parts.map((p) => p[1]));
    }

    // _finish tells one query's end. Without a reader an error is the connection's.
    _finish(q, err, quiet, results, fields) {
      if (q._callback) {
        if (err) q._callback.call(q, err); else q._callback.call(q, null, results, fields);
      } else if (err && q.listenerCount('error')) q.emit('error', err);
      else if (err && !quiet) this.emit('error', err);
      q.emit('end');
    }

    _simple(text, options, callback) { return this.query(typeof options === 'object' && options ? Object.assign({ sql: text }, options) : { sql: text }, typeof options === 'function' ? options : callback); }
    beginTransaction(options, callback) { return this._simple('START TRANSACTION', options, callback); }
    commit(options, callback) { return this._simple('COMMIT', options, callback); }
    rollback(options, callback) { return this._simple('ROLLBACK', options, callback); }

    ping(options, callback) {
      if (typeof options === 'function') callback = options;
      const q = new Query({}, callback);
      q._ping = true;
      if (this._refused(q, 'Ping')) return;
      if (!this._connectCalled) this.connect();
      this._queue.push(q);
      this._pump();
    }

    // changeUser logs in anew, with the options that changed.
    changeUser(options, callback) {
      if (typeof options === 'function') { callback = options; options = {}; }
      const next = Object.assign({}, this.config, { password: this.config.password }, options);
      const q = new Query({}, (err) => {
        if (err) { if (callback) callback(err); return; }
        native.end(this._handle);
        this.config = config.read(next, two);
        this._connectCalled = false;
        this.state = 'disconnected';
        this.connect(callback);
      });
      q._ping = true;
      if (this._refused(q, 'ChangeUser')) return;
      if (!this._connectCalled) { this.config = config.read(next, two); this.connect(callback); return; }
      this._queue.push(q);
      this._pump();
    }

    end(options, callback) {
      if (typeof options === 'function') callback = options;
      const done = (err) => { if (callback) callback(err); };
      if (this._fatal || this._ended) {
        if (two) { setImmediate(() => done()); return; }
        this._refused((err) => (callback ? callback(err) : this.emit('error', err)), 'Quit');
        return;
      }
      this._ended = true;
      if (!this._connectCalled) { setImmediate(() => done()); return; }
      this._queue.push({ end: done });
      this._pump();
    }

    destroy() {
      this._destroyed = this._ended = true;
      this.state = 'disconnected';
      this._busy = null;
      this._queue.length = 0;
      if (this._handle !== undefined) native.destroy(this._handle);
    }
    close() { this.destroy(); }
    pause() {}
    resume() {}
    escape(v) { return sql.escape(v, false, this.config.timezone); }
    escapeId(v, forbidQualified) { return sql.escapeId(v, forbidQualified); }
    format(text, values) { return sql.format(text, values, this.config.stringifyObjects, this.config.timezone); }
  }

  if (two) {
    Connection.prototype.execute = function execute(text, values, callback) { return this._query(text, values, callback, true); };
    Connection.prototype.promise = function promise() { return new (require('internal/db/mysql_promise').PromiseConnection)(this); };
    Connection.prototype.unprepare = function unprepare() {};
  }

  // param is a value for a prepared statement.
  function param(v) {
    if (v === undefined) throw new TypeError('Bind parameters must not contain undefined. To pass SQL NULL specify JS null');
    if (typeof v === 'function') throw new TypeError('Bind parameters must not contain function(s). To pass the body of a function as a string call .toString() first');
    if (v === null || typeof v === 'number' || typeof v === 'boolean' || typeof v === 'string') return v;
    if (typeof v === 'bigint') return String(v);
    if (v instanceof Date) return sql.dateToString(v, 'local').slice(1, -1);
    if (ArrayBuffer.isView(v)) return new Uint8Array(v.buffer, v.byteOffset, v.byteLength);
    return JSON.stringify(v);
  }

  const Pool = require('internal/db/mysql_pool')(Connection, native.free, coded, two);
  const out = {
    createConnection: (o) => new Connection(o),
    createPool: (o) => new Pool(o),
    createQuery: (text, values, callback) => {
      const o = typeof text === 'object' && text !== null ? Object.assign({}, text) : { sql: text };
      if (typeof values === 'function') { callback = values; values = undefined; }
      if (values !== undefined) o.values = values;
      return new Query(o, callback);
    },
    createPoolCluster: () => { throw coded('ERR_FEATURE_UNAVAILABLE_ON_PLATFORM', 'createPoolCluster is not available here: use createPool for each server'); },
    escape: sql.escape, escapeId: sql.escapeId, format: sql.format, raw: sql.raw, Types, Connection, Pool,
  };
  return out;
}
module.exports = make;
