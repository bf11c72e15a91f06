'use strict';
// mssql: make(gen) is the module of one generation, 6 or 10, over tedious. A pool
// opens one session after the other as they are asked for, up to pool.max, and
// gives all of them back when it is closed.
const EventEmitter = require('events');

module.exports = function make(gen) {
  const tedious = require(gen < 8 ? 'tedious@6.7.0' : 'tedious@16.7.1'), T = tedious.TYPES;
  const named = (name) => class extends Error {
    constructor(message, code) {
      if (message instanceof Error) {
        super(message.message);
        if (message.code !== undefined) this.code = message.code;
        Object.defineProperty(this, 'originalError', { enumerable: true, value: message });
      } else { super(message); this.code = code; }
      this.name = name;
    }
  };
  class MSSQLError extends named('MSSQLError') {}
  class ConnectionError extends named('ConnectionError') {}
  class TransactionError extends named('TransactionError') {}
  class PreparedStatementError extends named('PreparedStatementError') {}
  class RequestError extends named('RequestError') {
    constructor(message, code) {
      super(message, code);
      if (message instanceof Error && message.number !== undefined) {
        for (const k of ['number', 'lineNumber', 'state', 'class', 'serverName', 'procName']) this[k] = message[k];
      }
    }
  }
  const MAX = 65535;

  // Types are functions: VarChar, VarChar(50), Decimal(18, 4).
  const types = {};
  const withLength = (name) => { const f = (length) => ({ type: f, length }); return f; };
  const scaled = () => { const f = (scale) => ({ type: f, scale }); return f; };
  const precise = () => { const f = (precision, scale) => ({ type: f, precision, scale }); return f; };
  const bare = () => { const f = () => ({ type: f }); return f; };
  for (const n of ['VarChar', 'NVarChar', 'Char', 'NChar', 'VarBinary', 'Binary']) types[n] = withLength(n);
  for (const n of ['Time', 'DateTime2', 'DateTimeOffset']) types[n] = scaled();
  for (const n of ['Decimal', 'Numeric']) types[n] = precise();
  for (const n of ['Text', 'NText', 'Int', 'BigInt', 'TinyInt', 'SmallInt', 'Bit', 'Float', 'Real', 'Money', 'SmallMoney', 'Date', 'DateTime', 'SmallDateTime', 'UniqueIdentifier', 'Image', 'Xml', 'Variant', 'UDT', 'TVP']) types[n] = bare();
  for (const n of Object.keys(types)) {
    types[n].declaration = n.toLowerCase();
    Object.defineProperty(types[n], 'sent', { value: n === 'Variant' ? T.NVarChar : T[n] });
  }
  const guess = (v) => {
    if (v === null || v === undefined) return types.NVarChar;
    if (typeof v === 'number') return Number.isInteger(v) ? (v < -2147483648 || v > 2147483647 ? types.BigInt : types.Int) : types.Float;
    if (typeof v === 'bigint') return types.BigInt;
    if (typeof v === 'boolean') return types.Bit;
    if (v instanceof Date) return types.DateTime;
    if (Buffer.isBuffer(v)) return types.VarBinary;
    return types.NVarChar;
  };
  const settle = (promise, callback) => {
    if (typeof callback !== 'function') return promise;
    promise.then((v) => setImmediate(() => callback(null, v)), (e) => setImmediate(() => callback(e)));
    return undefined;
  };

  // parse reads a connection string: Server=host,1433;Database=…;User Id=…
  function parse(text) {
    if (/^mssql:\/\//i.test(text)) {
      const u = new URL(text), out = { server: decodeURIComponent(u.hostname), port: u.port ? Number(u.port) : undefined, user: decodeURIComponent(u.username), password: decodeURIComponent(u.password), database: decodeURIComponent(u.pathname.slice(1)) || undefined, options: {} };
      u.searchParams.forEach((v, k) => { out.options[k] = v === 'true' ? true : v === 'false' ? false : v; });
      return out;
    }
    const kv = {};
    const re = /\s*([^=;]+?)\s*=\s*(?:"((?:[^"]|"")*)"|'((?:[^']|'')*)'|\{([^}]*)\}|([^;]*))\s*(?:;|$)/g;
    let m;
    while ((m = re.exec(text))) kv[m[1].toLowerCase()] = m[2] !== undefined ? m[2].replace(/""/g, '"') : m[3] !== undefined ? m[3].replace(/''/g, "'") : m[4] !== undefined ? m[4] : m[5].trim();
    const first = (...names) => { for (const n of names) if (kv[n] !== undefined) return kv[n]; return undefined; };
    const yes = (v) => (v === undefined ? undefined : /^(true|yes|1|mandatory)$/i.test(v));
    const server = /^(?:tcp:)?([^,\\]+)(?:\\([^,]+))?(?:,\s*(\d+))?$/i.exec(first('server', 'data source', 'addr', 'address', 'network address') || '');
    if (!server) throw new ConnectionError('Connection string has no server', 'EINVALID');
    return {
      server: server[1], port: server[3] ? Number(server[3]) : undefined, user: first('user id', 'uid', 'user'), password: first('password', 'pwd'), database: first('database', 'initial catalog'),
      options: Object.assign({ encrypt: yes(first('encrypt')), trustServerCertificate: yes(first('trustservercertificate', 'trust server certificate')) }, server[2] ? { instanceName: server[2] } : {}),
      connectionTimeout: first('connection timeout', 'connect timeout') ? Number(first('connection timeout', 'connect timeout')) * 1000 : undefined,
    };
  }

  class ConnectionPool extends EventEmitter {
    constructor(config, callback) {
      super();
      this.config = typeof config === 'string' ? parse(config) : Object.assign({}, config);
      if (config && config.connectionString) Object.assign(this.config, parse(config.connectionString));
      if (this.config.server === undefined || typeof this.config.server !== 'string') throw new (gen < 8 ? ConnectionError : MSSQLError)('The "config.server" property is required and must be of type string.', 'EINVALID');
      this._connected = this._connecting = false;
      const hide = (k, v) => Object.defineProperty(this, k, { value: v, writable: true, configurable: true });
      hide('_free', []);
      hide('_all', []);
      hide('_waiting', []);
      hide('_opening', 0);
      const password = this.config.password;
      Object.defineProperty(this.config, 'password', { value: password, enumerable: false, writable: true });
      if (typeof callback === 'function') this.connect(callback);
    }
    get connected() { return this._connected; }
    get connecting() { return this._connecting; }
    get healthy() { return this._connected; }
    get size() { return this._all.length; }
    get available() { return this._free.length; }
    get borrowed() { return this._all.length - this._free.length; }
    get pending() { return this._waiting.length; }

    _settings() {
      const c = this.config, o = Object.assign({}, c.options);
      if (c.domain) o.domain = c.domain;
      const auth = c.authentication || { type: c.domain ? 'ntlm' : 'default', options: { userName: c.user, password: c.password } };
      const options = Object.assign({ encrypt: c.encrypt === undefined ? true : c.encrypt }, o, {
        port: c.port || o.port, database: c.database || o.database, connectTimeout: c.connectionTimeout || c.timeout || 15000, requestTimeout: c.requestTimeout === undefined ? c.timeout || 15000 : c.requestTimeout,
        rowCollectionOnRequestCompletion: false, rowCollectionOnDone: false, useColumnNames: false, appName: o.appName || 'node-mssql',
      });
      for (const k of ['encrypt', 'trustServerCertificate']) if (o[k] === undefined) { if (k === 'encrypt') options.encrypt = c.encrypt === undefined ? true : c.encrypt; else delete options[k]; }
      if (options.trustServerCertificate === undefined && c.trustServerCertificate !== undefined) options.trustServerCertificate = c.trustServerCertificate;
      return { server: c.server, authentication: auth, options };
    }

    _make() {
      return new Promise((resolve, reject) => {
        let c;
        try { c = new tedious.Connection(this._settings()); } catch (err) { reject(err.code && !/^ERR_FEATURE/.test(err.code) ? new ConnectionError(err) : err); return; }
        this._opening++;
        const f = (err) => {
          this._opening--;
          if (err) { reject(new ConnectionError(err)); return; }
          this._all.push(c);
          c.on('end', () => this._forget(c));
          c.on('error', () => this._forget(c));
          resolve(c);
        };
        c.once('connect', f);
        if (gen > 7) c.connect();
      });
    }
    _forget(c) { for (const l of [this._all, this._free]) { const i = l.indexOf(c); if (i >= 0) l.splice(i, 1); } }

    connect(callback) {
      if (this._connected) return settle(Promise.resolve(this), callback);
      if (this._connecting) return settle(gen < 8 ? Promise.reject(new ConnectionError('Already connecting! You should wait till connecting is finished.', 'EALREADYCONNECTING')) : this._connecting.then(() => this), callback);
      const opened = this._connecting = this._make();
      return settle(opened.then((c) => {
        this._connecting = false;
        this._connected = true;
        this._free.push(c);
        return this;
      }, (err) => { this._connecting = false; throw err; }), callback);
    }
    acquire(requester, callback) { return settle(this._acquire(), callback); }
    _acquire() {
      if (!this._connected) return Promise.reject(new ConnectionError(this._connecting ? 'Connection is not yet open.' : 'Connection is closed.', 'ENOTOPEN'));
      const c = this._free.shift();
      if (c) return Promise.resolve(c);
      const max = (this.config.pool && this.config.pool.max) || 10;
      const all = this._all.length + this._opening;
      if (all < max && (all === 0 || this._all[0]._link.free())) return this._make();
      return new Promise((resolve, reject) => { this._waiting.push([resolve, reject]); });
    }
    release(c) {
      if (c.closed || !this._connected) { this._forget(c); c.close(); } else {
        const w = this._waiting.shift();
        if (w) { w[0](c); return this; }
        this._free.push(c);
      }
      const next = this._waiting.shift();
      if (next) this._acquire().then(next[0], next[1]);
      return this;
    }
    close(callback) {
      this._connected = false;
      for (const c of this._all.slice()) c.close();
      this._all.length = this._free.length = 0;
      for (const w of this._waiting.splice(0)) w[1](new ConnectionError('Connection is closed.', 'ECONNCLOSED'));
      if (globalPool === this) globalPool = null;
      return settle(Promise.resolve(), callback);
    }
    request() { return new Request(this); }
    transaction() { return new Transaction(this); }
    query(...args) { return tagged(new Request(this), 'query', args); }
    batch(...args) { return tagged(new Request(this), 'batch', args); }
  }

  // tagged runs a text, or a tagged template whose values are parameters.
  function tagged(request, method, args) {
    if (args[0] && typeof args[0] === 'object' && args[0].raw) {
      const [strings, ...values] = args;
      return request._template(strings, values, method);
    }
    return request[method](...args);
  }

  class Request extends EventEmitter {
    constructor(parent) {
      super();
      const p = parent || globalPool;
      Object.defineProperty(this, 'parent', { value: p, writable: true });
      this.parameters = {};
      this.rowsAffected = 0;
      this.canceled = false;
      this.stream = false;
      this.arrayRowMode = false;
    }
    input(name, type, value) {
      if (/(--| |\/\*|\*\/|')/.test(name)) throw new RequestError(`SQL injection warning for param '${name}'`, 'EINJECT');
      if (arguments.length < 2) throw new RequestError('Invalid number of arguments. At least 2 arguments expected.', 'EARGS');
      if (arguments.length === 2) { value = type; type = guess(value); }
      return this._put(name, type, value, false);
    }
    output(name, type, value) {
      if (!type) type = types.NVarChar;
      if (type === types.Text || type === types.NText || type === types.Image) throw new RequestError('Deprecated types (Text, NText, Image) are not supported as OUTPUT parameters.', 'EDEPRECATED');
      return this._put(name, type, value, true);
    }
    replaceInput(name, type, value) { delete this.parameters[name]; return arguments.length < 3 ? this.input(name, type) : this.input(name, type, value); }
    replaceOutput(name, type, value) { delete this.parameters[name]; return this.output(name, type, value); }
    _put(name, type, value, out) {
      const t = typeof type === 'function' ? { type } : type || { type: types.NVarChar };
      if (typeof value === 'number' && Number.isNaN(value) || value && typeof value.valueOf === 'function' && !(value instanceof Date) && Number.isNaN(value.valueOf())) value = null;
      if (gen > 7 && Object.prototype.hasOwnProperty.call(this.parameters, name)) throw new RequestError(`The parameter name ${name} has already been declared. Parameter names must be unique`, 'EDUPEPARAM');
      this.parameters[name] = { name, type: t.type, io: out ? 2 : 1, value: value === undefined ? null : value, length: t.length, scale: t.scale, precision: t.precision };
      return this;
    }
    _template(strings, values, method) {
      let sql = strings[0];
      values.forEach((v, i) => {
        const list = Array.isArray(v) ? v : [v];
        sql += list.map((x, j) => { const n = Array.isArray(v) ? `param${i + 1}_${j}` : `param${i + 1}`; this.input(n, x); return '@' + n; }).join(', ') + strings[i + 1];
      });
      return this[method](sql);
    }
    template(strings, ...values) { return this._template(strings, values, 'query'); }
    toReadableStream() { throw Object.assign(new Error('toReadableStream() is not available here: take the recordset'), { code: 'ERR_FEATURE_UNAVAILABLE_ON_PLATFORM' }); }
    pipe() { return this.toReadableStream(); }
    bulk() { return Promise.reject(Object.assign(new Error('bulk() is not available here: use INSERT'), { code: 'ERR_FEATURE_UNAVAILABLE_ON_PLATFORM' })); }
    cancel() { this.canceled = true; if (this._current) this._current.cancel(); return true; }
    pause() { return false; }
    resume() { return false; }

    query(command, ...rest) {
      if (command && typeof command === 'object' && command.raw) return this._template(command, rest, 'query');
      return this._settled(this._run('execSql', command), rest[0]);
    }
    batch(command, ...rest) {
      if (command && typeof command === 'object' && command.raw) return this._template(command, rest, 'batch');
      return this._settled(this._run('execSqlBatch', command), rest[0]);
    }
    execute(procedure, callback) { return this._settled(this._run('callProcedure', procedure), callback); }
    _settled(promise, callback) {
      if (typeof callback !== 'function') return promise;
      promise.then((v) => setImmediate(() => (v.returnValue === undefined ? callback(null, v) : callback(null, v, v.returnValue))), (e) => setImmediate(() => callback(e)));
      return undefined;
    }

    _run(method, command) {
      if (!this.parent) return Promise.reject(new RequestError('No connection is specified for that request.', 'ENOCONN'));
      if (this.canceled) return Promise.reject(new RequestError('Canceled.', 'ECANCEL'));
      return Promise.resolve(this.parent._acquire()).then((c) => this._on(c, method, command).then((v) => { this.parent.release(c); return v; }, (e) => { this.parent.release(c); throw e; }));
    }
    _on(c, method, command, prepared) {
      return new Promise((resolve, reject) => {
        const recordsets = [], output = {}, rowsAffected = [], errors = [];
        let columns = null, set = null, status;
        const request = this._current = new tedious.Request(command, (err) => {
          this._current = null;
          c.removeListener('infoMessage', info);
          c.removeListener('errorMessage', error);
          if (err) {
            const e = new RequestError(err.code === 'EREQUEST' && errors.length ? errors[errors.length - 1] : err);
            if (errors.length > 1) e.precedingErrors = errors.slice(0, -1).map((x) => new RequestError(x));
            if (this.stream || this.listenerCount('error')) this.emit('error', e);
            reject(e);
            return;
          }
          for (const p of Object.values(this.parameters)) if (p.io === 2 && output[p.name] === undefined) output[p.name] = p.value;
          const result = { recordsets, recordset: recordsets[0], output, rowsAffected };
          if (method === 'callProcedure') result.returnValue = status;
          this.rowsAffected = rowsAffected.reduce((a, b) => a + b, 0);
          resolve(result);
        });
        const info = (m) => this.emit('info', { message: m.message, number: m.number, state: m.state, class: m.class, lineNumber: m.lineNumber, serverName: m.serverName, procName: m.procName });
        const error = (m) => errors.push(Object.assign(new Error(m.message), { info: m, code: 'EREQUEST', number: m.number, state: m.state, class: m.class, lineNumber: m.lineNumber, serverName: m.serverName, procName: m.procName }));
        c.on('infoMessage', info);
        c.on('errorMessage', error);
        request.on('columnMetadata', (list) => {
          columns = list;
          set = [];
          const meta = {};
          list.forEach((col, index) => { meta[col.colName] = Object.assign({ index, name: col.colName, length: col.dataLength, type: typed(col), nullable: !!(col.flags & 1), caseSensitive: !!(col.flags & 2), identity: !!(col.flags & 16), readOnly: !(col.flags & 12) }, col.scale !== undefined ? { scale: col.scale } : {}, col.precision !== undefined ? { precision: col.precision } : {}); });
          Object.defineProperty(set, 'columns', { value: meta, enumerable: false });
          recordsets.push(set);
          this.emit('recordset', meta);
        });
        request.on('row', (cells) => {
          const row = this.arrayRowMode ? [] : {};
          for (const cell of cells) {
            const n = cell.metadata.colName;
            if (this.arrayRowMode) row.push(cell.value);
            else if (Object.prototype.hasOwnProperty.call(row, n)) { if (Array.isArray(row[n])) row[n].push(cell.value); else row[n] = [row[n], cell.value]; } else Object.defineProperty(row, n, { value: cell.value, enumerable: true, writable: true, configurable: true });
          }
          if (this.stream) this.emit('row', row); else set.push(row);
        });
        const count = (n) => { if (n !== undefined) rowsAffected.push(n); };
        request.on('done', count);
        request.on('doneInProc', count);
        request.on('doneProc', (n, more, s) => { count(n); status = s; });
        request.on('returnValue', (name, value) => { output[name] = value; });
        for (const p of Object.values(this.parameters)) {
          request.addParameter(p.name, p.type.sent || T.NVarChar, p.value, { output: p.io === 2, length: p.length === MAX ? Infinity : p.length, scale: p.scale, precision: p.precision });
        }
        if (prepared) prepared(request); else c[method](request);
      });
    }
  }
  const typed = (col) => { const n = { IntN: { 1: 'TinyInt', 2: 'SmallInt', 4: 'Int', 8: 'BigInt' }[col.dataLength], FloatN: col.dataLength === 4 ? 'Real' : 'Float', BitN: 'Bit', MoneyN: col.dataLength === 4 ? 'SmallMoney' : 'Money', DateTimeN: col.dataLength === 4 ? 'SmallDateTime' : 'DateTime', DecimalN: 'Decimal', NumericN: 'Numeric' }[col.type.name] || col.type.name; return types[n]; };

  class Transaction extends EventEmitter {
    constructor(parent) { super(); Object.defineProperty(this, 'parent', { value: parent || globalPool }); this.isolationLevel = 2; }
    begin(level, callback) {
      if (typeof level === 'function') { callback = level; level = undefined; }
      if (this._c) return settle(Promise.reject(new TransactionError('Transaction has already begun.', 'EALREADYBEGUN')), callback);
      return settle(this.parent._acquire().then((c) => new Promise((resolve, reject) => {
        c.beginTransaction((err) => {
          if (err) { this.parent.release(c); reject(new TransactionError(err)); return; }
          Object.defineProperty(this, '_c', { value: c, writable: true, configurable: true });
          this.emit('begin');
          resolve(this);
        }, '', level || this.isolationLevel);
      })), callback);
    }
    _end(method, event, callback) {
      if (!this._c) return settle(Promise.reject(new TransactionError('Transaction has not begun. Call begin() first.', 'ENOTBEGUN')), callback);
      const c = this._c;
      return settle(new Promise((resolve, reject) => {
        c[method]((err) => {
          this._c = null;
          this.parent.release(c);
          if (err) { reject(new TransactionError(err)); return; }
          this.emit(event);
          resolve();
        });
      }), callback);
    }
    commit(callback) { return this._end('commitTransaction', 'commit', callback); }
    rollback(callback) { return this._end('rollbackTransaction', 'rollback', callback); }
    request() { return new Request(this); }
    // Requests of a transaction have its session, one after the other.
    _acquire() {
      if (!this._c) return Promise.reject(new TransactionError('Transaction has not begun. Call begin() first.', 'ENOTBEGUN'));
      const before = this._turn || Promise.resolve();
      let done;
      Object.defineProperty(this, '_turn', { value: new Promise((r) => { done = r; }), writable: true, configurable: true });
      return before.then(() => { Object.defineProperty(this, '_release', { value: done, writable: true, configurable: true }); return this._c; });
    }
    release() { if (this._release) this._release(); return this; }
  }

  class PreparedStatement extends EventEmitter {
    constructor(parent) { super(); Object.defineProperty(this, 'parent', { value: parent || globalPool }); this.parameters = {}; this.prepared = false; this.stream = false; }
    input(name, type) { return Request.prototype._put.call(this, name, type, null, false); }
    output(name, type) { return Request.prototype._put.call(this, name, type, null, true); }
    prepare(statement, callback) {
      if (this.prepared) return settle(Promise.reject(new PreparedStatementError('Statement is already prepared.', 'EALREADYPREPARED')), callback);
      this.statement = statement;
      return settle(this.parent._acquire().then((c) => { Object.defineProperty(this, '_c', { value: c, writable: true, configurable: true }); this.prepared = true; return this; }), callback);
    }
    execute(values, callback) {
      if (!this.prepared) return settle(Promise.reject(new PreparedStatementError('Statement is not prepared.', 'ENOTPREPARED')), callback);
      const r = new Request(this.parent);
      for (const p of Object.values(this.parameters)) r.parameters[p.name] = Object.assign({}, p, { value: values && values[p.name] !== undefined ? values[p.name] : null });
      return settle(r._on(this._c, 'execSql', this.statement), callback);
    }
    unprepare(callback) {
      if (!this.prepared) return settle(Promise.reject(new PreparedStatementError('Statement is not prepared.', 'ENOTPREPARED')), callback);
      this.prepared = false;
      this.parent.release(this._c);
      return settle(Promise.resolve(), callback);
    }
  }

  let globalPool = null;
  const out = {
    ConnectionPool, Request, Transaction, PreparedStatement, ConnectionError, RequestError, TransactionError, PreparedStatementError, MSSQLError, TYPES: types, MAX, ISOLATION_LEVEL: { READ_UNCOMMITTED: 1, READ_COMMITTED: 2, REPEATABLE_READ: 3, SERIALIZABLE: 4, SNAPSHOT: 5 },
    connect(config, callback) {
      if (!globalPool) globalPool = new ConnectionPool(config);
      const pool = globalPool;
      return settle((pool.connecting ? pool._connecting.then(() => pool) : pool.connect()).catch((err) => { if (globalPool === pool) globalPool = null; throw err; }), callback);
    },
    close(callback) { return settle(globalPool ? globalPool.close() : Promise.resolve(), callback); },
    query: (...args) => tagged(new Request(), 'query', args),
    batch: (...args) => tagged(new Request(), 'batch', args),
    on(event, f) { if (globalPool) globalPool.on(event, f); return out; },
    getTypeByValue: guess, driver: {},
  };
  return Object.assign(out, types, Object.keys(types).reduce((o, n) => Object.assign(o, { [n.toUpperCase()]: types[n] }), {}));
};
