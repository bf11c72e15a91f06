'use strict';
// Cursors: find() and aggregate(), and lists.
const settle = (promise, callback) => {
  if (typeof callback !== 'function') return promise;
  promise.then((v) => setImmediate(() => callback(null, v)), (e) => setImmediate(() => callback(e)));
  return undefined;
};

const direction = (v) => (v === 'asc' || v === 'ascending' || v === '1' ? 1 : v === 'desc' || v === 'descending' || v === '-1' ? -1 : v);
// sortOf makes a document of what a sort may be written as.
function sortOf(s, d) {
  if (s === undefined || s === null) return undefined;
  const out = new Map();
  if (typeof s === 'string') out.set(s, direction(d === undefined ? 1 : d));
  else if (s instanceof Map) s.forEach((v, k) => out.set(k, direction(v)));
  else if (Array.isArray(s)) {
    if (!s.length) return undefined;
    if (s.length === 2 && !Array.isArray(s[0]) && /^(-?1|asc|desc|ascending|descending)$/.test(String(s[1]))) out.set(s[0], direction(s[1]));
    else for (const e of s) if (Array.isArray(e)) out.set(e[0], direction(e[1])); else out.set(e, 1);
  } else for (const k of Object.keys(s)) out.set(k, direction(s[k]));
  return out.size ? out : undefined;
}

module.exports = (client, gen) => {
  const E = client.errors;

  class Cursor {
    constructor(db, collection, command, options) {
      const set = (k, v) => Object.defineProperty(this, k, { value: v, writable: true, configurable: true });
      set('_db', db);
      set('_collection', collection);
      set('_cmd', command);
      set('_o', Object.assign({}, options));
      set('_batch', []);
      set('_id', undefined); // undefined: not started; 0: at its end
      set('_map', null);
      set('_closed', false);
    }
    get closed() { return this._closed; }
    get killed() { return this._closed; }
    get namespace() { return { db: this._db.databaseName, collection: this._collection, toString: () => this._db.databaseName + '.' + this._collection }; }
    isClosed() { return this._closed; }
    _set(k, v) { if (this._id !== undefined) throw new E.MongoCursorInUseError('Cursor is already initialized'); this._cmd[k] = v; return this; }

    _start() { return client.run(this._db.databaseName, this._cmd, this._o); }
    _take(reply) {
      this._id = reply.cursor.id;
      this._batch = reply.cursor.firstBatch || reply.cursor.nextBatch || [];
    }
    _more() {
      const zero = this._id === 0 || this._id && this._id.isZero && this._id.isZero();
      if (this._id === undefined) return this._start().then((r) => this._take(r));
      if (zero || this._closed) { this._closed = true; return Promise.resolve(null); }
      const Long = client.bson.Long;
      const cmd = { getMore: Long.fromValue(this._id), collection: this._collection };
      const size = this._cmd.batchSize || this._cmd.cursor && this._cmd.cursor.batchSize;
      if (size) cmd.batchSize = size;
      return client.run(this._db.databaseName, cmd, Object.assign({}, this._o, { writeConcern: null })).then((r) => this._take(r));
    }
    _done() { return this._id !== undefined && (this._id === 0 || this._id && this._id.isZero && this._id.isZero()); }
    _fill() {
      if (this._batch.length) return Promise.resolve(true);
      if (this._closed || this._done()) { this._closed = true; return Promise.resolve(false); }
      return this._more().then(() => this._fill());
    }
    _shift() { const d = this._batch.shift(); return this._map ? this._map(d) : d; }

    hasNext(callback) { return settle(this._fill(), callback); }
    next(callback) { return settle(this._fill().then((more) => (more ? this._shift() : null)), callback); }
    tryNext(callback) { return this.next(callback); }
    nextObject(callback) { return this.next(callback); }
    toArray(callback) {
      const out = [];
      const step = () => this._fill().then((more) => {
        if (!more) return out;
        while (this._batch.length) out.push(this._shift());
        return step();
      });
      return settle(step().then((list) => this.close().then(() => list)), callback);
    }
    forEach(each, callback) {
      const step = () => this._fill().then((more) => {
        if (!more) return undefined;
        while (this._batch.length) if (each(this._shift()) === false) { this._batch = []; return this.close(); }
        return step();
      });
      return settle(step().then(() => undefined), callback);
    }
    each(callback) {
      const step = () => this._fill().then((more) => {
        if (!more) { setImmediate(() => callback(null, null)); return undefined; }
        if (callback(null, this._shift()) === false) return this.close();
        return step();
      });
      step().catch((err) => setImmediate(() => callback(err)));
    }
    close(options, callback) {
      if (typeof options === 'function') callback = options;
      const open = this._id !== undefined && !this._done() && !this._closed;
      this._closed = true;
      this._batch = [];
      const end = open ? client.run(this._db.databaseName, { killCursors: this._collection, cursors: [client.bson.Long.fromValue(this._id)] }, {}).catch(() => {}) : Promise.resolve();
      return settle(end.then(() => (gen < 4 ? this : undefined)), callback);
    }
    rewind() { this._id = undefined; this._batch = []; this._closed = false; return this; }
    map(f) { const before = this._map; this._map = before ? (d) => f(before(d)) : f; return this; }
    maxTimeMS(n) { return this._set('maxTimeMS', n); }
    setReadPreference() { return this; }
    withReadPreference() { return this; }
    addCursorFlag(flag, on) {
      if (!/^(noCursorTimeout|partial|allowPartialResults|oplogReplay|slaveOk)$/.test(flag)) throw new E.MongoInvalidArgumentError(`Flag ${flag} is not available here: cursors end with the login`);
      return flag === 'slaveOk' ? this : this._set(flag === 'partial' ? 'allowPartialResults' : flag, !!on);
    }
    stream() { return this._readable(); }
    _readable() {
      const { Readable } = require('stream'), cursor = this;
      const r = new Readable({ objectMode: true, read() { cursor.next().then((d) => r.push(d), (e) => r.destroy(e)); } });
      r.on('close', () => { cursor.close(); });
      return r;
    }
    // on makes a stream of the cursor, as cursors were before version 4.
    on(event, f) {
      if (!this._events) Object.defineProperty(this, '_events', { value: this._readable() });
      this._events.on(event, f);
      return this;
    }
    once(event, f) { return this.on(event, f); }
    [Symbol.asyncIterator]() {
      return {
        next: () => this.next().then((d) => (d === null ? { value: undefined, done: true } : { value: d, done: false })),
        return: (v) => this.close().then(() => ({ value: v, done: true })),
        [Symbol.asyncIterator]() { return this; },
      };
    }
  }

  class FindCursor extends Cursor {
    filter(f) { return this._set('filter', f); }
    sort(s, d) { const v = sortOf(s, d); return v ? this._set('sort', v) : this; }
    limit(n) { if (typeof n !== 'number') throw new E.MongoInvalidArgumentError(gen < 4 ? 'limit requires an integer' : 'Operation "limit" requires an integer'); if (n < 0) { this._set('singleBatch', true); n = -n; } return n ? this._set('limit', n) : this; }
    skip(n) { if (typeof n !== 'number') throw new E.MongoInvalidArgumentError(gen < 4 ? 'skip requires an integer' : 'Operation "skip" requires an integer'); return n ? this._set('skip', n) : this; }
    batchSize(n) { return this._set('batchSize', n); }
    project(p) { return this._set('projection', p); }
    hint(h) { return this._set('hint', h); }
    min(v) { return this._set('min', v); }
    max(v) { return this._set('max', v); }
    comment(v) { return this._set('comment', v); }
    collation(v) { return this._set('collation', v); }
    returnKey(v) { return this._set('returnKey', v !== false); }
    showRecordId(v) { return this._set('showRecordId', v !== false); }
    allowDiskUse(v) { return this._set('allowDiskUse', v !== false); }
    count(applySkipLimit, options, callback) {
      for (const a of [applySkipLimit, options]) if (typeof a === 'function') callback = a;
      const cmd = { count: this._collection, query: this._cmd.filter || {} };
      if (applySkipLimit !== false && typeof applySkipLimit !== 'function' || gen < 4 && applySkipLimit === undefined) for (const k of ['limit', 'skip']) if (this._cmd[k]) cmd[k] = this._cmd[k];
      return settle(client.run(this._db.databaseName, cmd, this._o).then((r) => r.n), callback);
    }
    explain(v, callback) {
      if (typeof v === 'function') callback = v;
      return settle(client.run(this._db.databaseName, { explain: this._cmd, verbosity: typeof v === 'string' ? v : 'allPlansExecution' }, this._o), callback);
    }
    clone() { return new FindCursor(this._db, this._collection, Object.assign({}, this._cmd), this._o); }
  }

  class AggregationCursor extends Cursor {
    _stage(name, v) { this._cmd.pipeline.push({ [name]: v }); return this; }
    batchSize(n) { this._cmd.cursor = { batchSize: n }; return this; }
    explain(callback) { return settle(client.run(this._db.databaseName, Object.assign({}, this._cmd, { explain: true }), this._o), callback); }
    clone() { return new AggregationCursor(this._db, this._collection, Object.assign({}, this._cmd, { pipeline: this._cmd.pipeline.slice() }), this._o); }
  }
  for (const n of ['group', 'limit', 'match', 'out', 'project', 'lookup', 'redact', 'skip', 'sort', 'unwind', 'geoNear', 'addStage']) {
    AggregationCursor.prototype[n] = function stage(v) { if (n === 'addStage') { this._cmd.pipeline.push(v); return this; } return this._stage('$' + n, n === 'sort' ? sortOf(v) : v); };
  }
  return { Cursor, FindCursor, AggregationCursor };
};
Object.assign(module.exports, { settle, sortOf });
