'use strict';
// tedious: make({gen}) is the module of one generation: 0.1, 1, 6 or 16.
const EventEmitter = require('events');
const { TYPES, typeOf, sent, declare, fix } = require('internal/db/mssql_types');
const { Link, targetOf } = require('internal/db/mssql_link');

module.exports = function make(gen) {
  const named = (name) => class extends Error {
    constructor(message, code) { super(message); if (code !== undefined) this.code = code; }
    get name() { return name; }
  };
  const ConnectionError = named('ConnectionError'), RequestError = named('RequestError');

  class Request extends EventEmitter {
    constructor(sql, callback, options) {
      super();
      this.sqlTextOrProcedure = sql;
      this.parameters = [];
      this.parametersByName = {};
      this.userCallback = callback;
      this.canceled = false;
      this.paused = false;
      this.handle = undefined;
      this.error = undefined;
      if (options && options.statementColumnEncryptionSetting !== undefined) this.statementColumnEncryptionSetting = options.statementColumnEncryptionSetting;
    }
    addParameter(name, type, value, options) {
      const o = options || {};
      const p = { type, name, value, output: !!o.output, length: o.length, precision: o.precision, scale: o.scale };
      this.parameters.push(p);
      this.parametersByName[name] = p;
    }
    addOutputParameter(name, type, value, options) { this.addParameter(name, type, value, Object.assign({}, options, { output: true })); }
    cancel() { if (this.connection && this.connection._busy === this) this.connection.cancel(); else this.canceled = true; }
    setTimeout(ms) { this.timeout = ms; }
    pause() {}
    resume() {}
  }

  class Connection extends EventEmitter {
    constructor(config) {
      super();
      const hide = (k, v) => Object.defineProperty(this, k, { value: v, writable: true, configurable: true, enumerable: false });
      const o = (config && config.options) || {};
      hide('_target', targetOf(config, { encrypt: gen > 8, verify: gen > 8 }));
      hide('_link', new Link(this._target));
      hide('_busy', null);
      hide('_state', 'new');
      hide('_utc', o.useUTC !== false);
      hide('_timeout', o.requestTimeout === undefined ? 15000 : Number(o.requestTimeout));
      this.config = { server: this._target.host, options: Object.assign({ database: this._target.database, port: this._target.port, rowCollectionOnDone: false, rowCollectionOnRequestCompletion: false, useColumnNames: false, camelCaseColumns: false }, o) };
      this.closed = false;
      this.loggedIn = false;
      if (gen < 9) process.nextTick(() => this._open());
    }
    get state() { return { name: { new: 'Initialized', opening: 'Connecting', ready: this._busy ? 'SentClientRequest' : 'LoggedIn', final: 'Final' }[this._state] }; }

    connect(callback) {
      if (callback) {
        const f = (err) => callback(err);
        this.once('connect', f);
      }
      if (this._state !== 'new') { if (gen > 8) throw new ConnectionError('`.connect` can not be called on a Connection in `' + this.state.name + '` state.'); return; }
      this._open();
    }

    _open() {
      if (this._state !== 'new') return;
      this._state = 'opening';
      this._link.open().then((tokens) => {
        if (this._state !== 'opening') return;
        this._state = 'ready';
        this.loggedIn = true;
        for (const t of tokens) this._notice(t);
        if (gen < 16) this.emit('connect', gen < 6 ? undefined : undefined); else this.emit('connect');
      }, (err) => {
        if (this._state !== 'opening') return;
        this._state = 'final';
        this.closed = true;
        const t = this._target;
        let e;
        if (err.code === 'ELOGIN') { this.emit('errorMessage', token(err.token[1])); e = new ConnectionError(err.message, 'ELOGIN'); }
        else if (err.code === 'EENCRYPT') e = new ConnectionError(err.message, 'EENCRYPT');
        else if (err.code === 'ETIMEDOUT') e = new ConnectionError(`Failed to connect to ${t.host}:${t.port} in ${t.timeout || 10000}ms`, 'ETIMEOUT');
        else e = new ConnectionError(`Failed to connect to ${t.host}:${t.port} - ${err.message}`, 'ESOCKET');
        e.cause = err;
        Object.defineProperty(e, 'cause', { enumerable: false });
        this.emit('connect', e);
        this.emit('end');
      });
    }

    // _notice tells of what the server says beside results.
    _notice(t) {
      if (t[0] === 'info') this.emit('infoMessage', token(t[1]));
      else if (t[0] === 'change' && t[1] === 1) this.emit('databaseChange', t[2]);
      else if (t[0] === 'change' && t[1] === 2) this.emit('languageChange', t[2]);
      else if (t[0] === 'change' && t[1] === 3) this.emit('charsetChange', t[2]);
    }

    close() {
      if (this._state === 'final') return;
      this._state = 'final';
      this.closed = true;
      const q = this._busy;
      this._busy = null;
      if (q) this._link.destroy(); else this._link.end();
      setImmediate(() => {
        if (q) this._finish(q, new RequestError('Connection closed before request completed.', 'ECLOSE'), undefined, []);
        this.emit('end');
      });
    }

    _run(request, start) {
      const refuse = (err) => { request.error = err; setImmediate(() => request.userCallback && request.userCallback.call(request, err)); };
      if (this._state !== 'ready' || this._busy) {
        const state = this.state.name;
        refuse(new RequestError(`Requests can only be made in the LoggedIn state, not the ${state} state`, 'EINVALIDSTATE'));
        return;
      }
      if (request.canceled) { refuse(new RequestError('Canceled.', 'ECANCEL')); return; }
      let sending;
      this._busy = request;
      request.connection = this;
      request.error = undefined;
      try { sending = start(); } catch (err) {
        this._busy = null;
        refuse(Object.assign(new RequestError(err.message, err.code || 'EPARAM')));
        return;
      }
      const limit = request.timeout === undefined ? this._timeout : Number(request.timeout);
      let timer;
      if (limit > 0) timer = setTimeout(() => this._stop(request, new RequestError(`Timeout: Request failed to complete in ${limit}ms`, 'ETIMEOUT')), limit);
      sending.then((tokens) => {
        clearTimeout(timer);
        if (this._busy !== request) return;
        this._deliver(request, tokens);
      }, (err) => {
        clearTimeout(timer);
        if (this._busy !== request) return;
        this._busy = null;
        const e = new RequestError(err.message, err.code || 'ESOCKET');
        if (!err.whole) {
          this._state = 'final';
          this.closed = true;
          this._link.destroy();
        }
        this._finish(request, e, undefined, []);
        if (!err.whole) {
          if (this.listenerCount('error')) this.emit('error', new ConnectionError('Connection lost - ' + err.message, 'ESOCKET'));
          this.emit('end');
        }
      });
    }

    // _stop gives a request up; the session goes with it, for the server may not
    // be done.
    _stop(request, err) {
      if (this._busy !== request) return;
      this._busy = null;
      this._link.destroy();
      this._link = new Link(this._target);
      this._state = 'opening';
      this._link.open().then(() => { if (this._state === 'opening') this._state = 'ready'; }, () => { this._state = 'final'; this.closed = true; }).then(() => this._finish(request, err, undefined, []));
    }
    cancel() { if (!this._busy) return false; this._busy.canceled = true; this._stop(this._busy, new RequestError('Canceled.', 'ECANCEL')); return true; }

    _finish(request, err, count, rows) {
      request.error = err;
      if (request._ended) return;
      if (request._end) { const f = request._end; request._end = null; f(err); return; }
      if (request.userCallback) {
        if (err) request.userCallback.call(request, err, count, rows); else request.userCallback.call(request, gen < 6 ? undefined : null, count, rows);
      }
      request.emit('requestCompleted');
    }

    _metadata(c) {
      const o = this.config.options;
      let colName = c[0];
      if (typeof o.columnNameReplacer === 'function') colName = o.columnNameReplacer(colName);
      else if (o.camelCaseColumns) colName = colName.replace(/^[A-Z]/, (s) => s.toLowerCase());
      return { userType: c[5], flags: c[6], type: typeOf(c[1]), colName, collation: undefined, precision: c[3] || undefined, scale: c[4] || undefined, udtInfo: undefined, dataLength: c[2] < 0 ? 65535 : c[2], schema: undefined, tableName: undefined };
    }

    _deliver(request, tokens) {
      const o = this.config.options, names = o.useColumnNames;
      let columns = [], all = [], part = [], total = 0, error, status;
      for (const t of tokens) {
        switch (t[0]) {
          case 'columns': {
            columns = t[1].map((c) => this._metadata(c));
            if (!names) { request.emit('columnMetadata', columns); break; }
            const by = {};
            for (const c of columns) if (!Object.prototype.hasOwnProperty.call(by, c.colName)) Object.defineProperty(by, c.colName, { value: c, enumerable: true, writable: true, configurable: true });
            request.emit('columnMetadata', by);
            break;
          }
          case 'rows':
            for (const cells of t[1]) {
              let row = cells.map((v, i) => ({ value: fix(v, this._utc, columns[i].type.id), metadata: columns[i] }));
              if (names) {
                const by = {};
                row.forEach((cell) => { if (!Object.prototype.hasOwnProperty.call(by, cell.metadata.colName)) Object.defineProperty(by, cell.metadata.colName, { value: cell, enumerable: true, writable: true, configurable: true }); });
                row = by;
              }
              if (o.rowCollectionOnRequestCompletion) all.push(row);
              if (o.rowCollectionOnDone) part.push(row);
              request.emit('row', row);
            }
            break;
          case 'error':
            this.emit('errorMessage', token(t[1]));
            if (!error) {
              error = new RequestError(t[1].message, 'EREQUEST');
              Object.assign(error, { number: t[1].number, state: t[1].state, class: t[1].class, serverName: t[1].serverName, procName: t[1].procName, lineNumber: t[1].lineNumber });
            }
            break;
          case 'value': request.emit('returnValue', t[1].replace(/^@/, ''), fix(t[2], this._utc, t[3][1]), this._metadata(t[3])); break;
          case 'status': status = t[1]; break;
          case 'done': {
            const count = t[2] & 16 ? t[3] : undefined, more = !!(t[2] & 1), event = { 253: 'done', 254: 'doneProc', 255: 'doneInProc' }[t[1]];
            if (count !== undefined) total += Number(count);
            if (t[1] === 254) request.emit(event, count, more, status, part); else request.emit(event, count, more, part);
            part = [];
            break;
          }
          default: this._notice(t);
        }
      }
      this._busy = null;
      this._finish(request, error, total, all);
    }

    execSql(request) {
      this._run(request, () => {
        const params = [{ name: 'statement', type: TYPES.NVarChar, value: request.sqlTextOrProcedure }];
        if (request.parameters.length) params.push({ name: 'params', type: TYPES.NVarChar, value: declare(request.parameters) });
        const list = params.concat(request.parameters).map((p) => sent(p, this._utc));
        list[0][0] = list.length > 1 ? '' : '';
        if (params.length > 1) list[1][0] = '';
        return this._link.call('sp_executesql', list);
      });
    }
    execSqlBatch(request) { this._run(request, () => this._link.batch(String(request.sqlTextOrProcedure))); }
    callProcedure(request) { this._run(request, () => this._link.call(String(request.sqlTextOrProcedure), request.parameters.map((p) => sent(p, this._utc)))); }
    prepare(request) {
      const got = (name, value) => { if (name === 'handle') request.handle = value; };
      request.on('returnValue', got);
      request._end = (err) => {
        request.removeListener('returnValue', got);
        if (err) { request.error = err; request.emit('error', err); } else request.emit('prepared');
      };
      this._run(request, () => this._link.call('sp_prepare', [['@handle', 'int', null, true, 0, 0], ['@params', 'text', request.parameters.length ? declare(request.parameters) : null, false, 0, 0], ['@stmt', 'text', String(request.sqlTextOrProcedure), false, 0, 0]]));
    }
    execute(request, values) {
      this._run(request, () => this._link.call('sp_execute', [['', 'int', request.handle, false, 0, 0]].concat(request.parameters.map((p) => sent(Object.assign({}, p, { value: values ? values[p.name] : p.value }), this._utc)))));
    }
    unprepare(request) { this._run(request, () => this._link.call('sp_unprepare', [['', 'int', request.handle, false, 0, 0]])); }

    _sql(sql, callback) { this.execSqlBatch(new Request(sql, (err) => callback && callback(err))); }
    beginTransaction(callback, name, level) { this._sql(`SET TRANSACTION ISOLATION LEVEL ${levels[level || (this.config.options.isolationLevel)] || 'READ COMMITTED'}; BEGIN TRANSACTION`, callback); }
    commitTransaction(callback) { this._sql('COMMIT TRANSACTION', callback); }
    rollbackTransaction(callback) { this._sql('ROLLBACK TRANSACTION', callback); }
    saveTransaction(callback, name) { this._sql(`SAVE TRANSACTION [${String(name).replace(/]/g, ']]')}]`, callback); }
    transaction(callback, level) {
      this.beginTransaction((err) => {
        if (err) { callback(err); return; }
        callback(null, (failed, done, ...args) => {
          const end = (e) => done(failed || e, ...args);
          if (failed) this.rollbackTransaction(end); else this.commitTransaction(end);
        });
      }, '', level);
    }
    reset(callback) { this._state = 'opening'; this._link.end(); this._link = new Link(this._target); this._link.open().then(() => { this._state = 'ready'; callback(); }, callback); }
    newBulkLoad() { throw Object.assign(new Error('newBulkLoad() is not available here: use INSERT'), { code: 'ERR_FEATURE_UNAVAILABLE_ON_PLATFORM' }); }
  }
  const ISOLATION_LEVEL = { NO_CHANGE: 0, READ_UNCOMMITTED: 1, READ_COMMITTED: 2, REPEATABLE_READ: 3, SERIALIZABLE: 4, SNAPSHOT: 5 };
  const levels = { 1: 'READ UNCOMMITTED', 2: 'READ COMMITTED', 3: 'REPEATABLE READ', 4: 'SERIALIZABLE', 5: 'SNAPSHOT' };
  const token = (m) => Object.assign({ name: m.class > 10 ? 'ERROR' : 'INFO', event: m.class > 10 ? 'errorMessage' : 'infoMessage' }, m);
  const out = { Connection, Request, TYPES, ISOLATION_LEVEL, TDS_VERSION: { '7_1': 0x71000001, '7_2': 0x72090002, '7_3_A': 0x730a0003, '7_3_B': 0x730b0003, '7_4': 0x74000004 }, library: { name: 'Tedious' } };
  if (gen < 6) out.statemachine = undefined;
  if (gen > 1) Object.assign(out, { ConnectionError, RequestError });
  if (gen > 8) out.connect = (config, callback) => { const c = new Connection(config); c.connect(callback); return c; };
  return out;
};
