'use strict';
// Collections: what scripts ask of documents.
const { settle, sortOf } = require('internal/db/mongo_cursor');

const pick = (from, names) => { const out = {}; for (const n of names) if (from && from[n] !== undefined) out[n] = from[n]; return out; };
// take gives [arguments, callback] with undefined in place of what was left out.
function take(given, n) {
  const list = Array.prototype.slice.call(given);
  let callback;
  const at = list.findIndex((v) => typeof v === 'function');
  if (at >= 0) { callback = list[at]; list.length = at; }
  while (list.length < n) list.push(undefined);
  return [list, callback];
}
const indexName = (keys) => Array.from(keys).map(([k, v]) => `${k}_${v}`).join('_');
function keysOf(spec) {
  const out = new Map();
  if (typeof spec === 'string') out.set(spec, 1);
  else if (spec instanceof Map) spec.forEach((v, k) => out.set(k, v));
  else if (Array.isArray(spec)) {
    if (spec.length === 2 && typeof spec[0] === 'string' && /^(-?1|2d|2dsphere|text|hashed)$/.test(String(spec[1]))) out.set(spec[0], spec[1]);
    else for (const s of spec) for (const [k, v] of keysOf(s)) out.set(k, v);
  } else for (const k of Object.keys(spec || {})) out.set(k, spec[k]);
  return out;
}
const indexOptions = ['unique', 'sparse', 'expireAfterSeconds', 'name', 'partialFilterExpression', 'collation', 'background', 'weights', 'default_language', 'language_override', 'textIndexVersion', '2dsphereIndexVersion', 'bits', 'min', 'max', 'wildcardProjection', 'hidden', 'v'];

module.exports = (client, gen) => {
  const E = client.errors, { FindCursor, AggregationCursor } = client.cursors, { ObjectId } = client.bson;
  const old = gen < 4;
  const hasOperator = (u) => Array.isArray(u) ? u.length > 0 : Object.keys(u).some((k) => k[0] === '$');

  // wrong tells of a document that has operators or has none, as each generation
  // does: some throw.
  function wrong(operators, callback) {
    if (gen < 3) return settle(Promise.reject(new E.MongoError(operators ? 'the update operation document must contain atomic operators.' : 'the replace operation document must not contain atomic operators')), callback);
    const text = operators ? 'Update document requires atomic operators' : `Replacement document must not ${old ? 'use' : 'contain'} atomic operators`;
    const err = old ? new TypeError(text) : new E.MongoInvalidArgumentError(text);
    if (gen < 6) throw err;
    return Promise.reject(err);
  }

  class CommandResult {
    constructor(result, connection) { this.result = result; this.connection = connection; this.message = undefined; }
    toJSON() { const o = Object.assign({}, this, this.result); delete o.message; return o; }
    toString() { return JSON.stringify(this.toJSON()); }
  }

  class Collection {
    constructor(db, name, options) {
      const set = (k, v) => Object.defineProperty(this, k, { value: v });
      set('_db', db);
      set('_name', name);
      set('_options', options || {});
      if (typeof name !== 'string') throw new E.MongoInvalidArgumentError(old ? 'collection name must be a String' : 'Collection name must be a String');
      if (!name || name.indexOf('..') >= 0) throw new E.MongoInvalidArgumentError(old ? 'collection names cannot be empty' : 'Collection names cannot be empty');
      if (name.indexOf('\0') >= 0) throw new E.MongoInvalidArgumentError('collection names cannot contain a null character');
    }
    get collectionName() { return this._name; }
    get namespace() { return this._db.databaseName + '.' + this._name; }
    get dbName() { return this._db.databaseName; }
    get hint() { return undefined; }

    _run(cmd, options, write) { return client.run(this._db.databaseName, cmd, Object.assign({}, this._options, options), write); }
    // _write sends a write; what the server says of single documents is an error.
    _write(cmd, options) {
      return this._run(cmd, options, true).then((r) => {
        if (r.writeErrors && r.writeErrors.length) throw new E.MongoServerError(Object.assign({}, r.writeErrors[0], old ? { driver: true } : {}));
        if (r.writeConcernError) throw new E.MongoWriteConcernError(Object.assign({}, r.writeConcernError, { result: r }));
        return r;
      });
    }
    _idOf(doc) { if (doc._id === undefined || old && doc._id === null) doc._id = new ObjectId(); return doc._id; }
    _selector(q) { return q && q._bsontype === 'ObjectID' && old ? { _id: q } : q || {}; }

    insertOne(...given) {
      const [[doc, options], callback] = take(given, 2);
      if (doc === null || typeof doc !== 'object' || Array.isArray(doc)) return settle(Promise.reject(new E.MongoInvalidArgumentError('doc parameter must be an object')), callback);
      const id = this._idOf(doc);
      return settle(this._write({ insert: this._name, documents: [doc], ordered: true }, options).then((r) => {
        if (!old) return { acknowledged: true, insertedId: id };
        return Object.assign(new CommandResult(plain(r)), { ops: [doc], insertedCount: r.n, insertedId: id });
      }), callback);
    }
    insertMany(...given) {
      const [[docs, options], callback] = take(given, 2);
      if (!Array.isArray(docs)) return settle(Promise.reject(new E.MongoInvalidArgumentError(old ? 'docs parameter must be an array of documents' : 'Argument "docs" must be an array of documents')), callback);
      if (!docs.length) return settle(Promise.reject(new E.MongoInvalidArgumentError(old ? 'Invalid Operation, no operations specified' : 'Invalid BulkOperation, Batch cannot be empty')), callback);
      return settle(this._many(docs, options).then((r) => (old ? r : { acknowledged: true, insertedCount: r.insertedCount, insertedIds: r.insertedIds })), callback);
    }
    _many(docs, options) {
      const ids = {};
      docs.forEach((d, i) => { ids[i] = this._idOf(d); });
      return this._run({ insert: this._name, documents: docs, ordered: !(options && options.ordered === false) }, options, true).then((r) => {
        if (r.writeErrors && r.writeErrors.length) throw this._bulkError(r.writeErrors, { insertedCount: r.n, insertedIds: ids });
        const out = Object.assign(new CommandResult(plain(r)), { ops: docs, insertedCount: r.n, insertedIds: ids });
        return out;
      });
    }
    _bulkError(errors, result) {
      const e = new E.Bulk(Object.assign({ message: errors[0].errmsg, code: errors[0].code }, old ? { driver: true, index: 0 } : {}));
      e.writeErrors = errors.map((w) => Object.assign({}, w, { err: w }));
      e.result = Object.assign({ ok: 1, nInserted: result.insertedCount || 0 }, result);
      if (!old) Object.assign(e, { insertedCount: result.insertedCount || 0, matchedCount: result.matchedCount || 0, modifiedCount: result.modifiedCount || 0, deletedCount: result.deletedCount || 0 });
      return e;
    }
    insert(...given) {
      const [[docs, options], callback] = take(given, 2);
      return settle(this._many(Array.isArray(docs) ? docs : [docs], options).then((r) => (old ? r : { acknowledged: true, insertedCount: r.insertedCount, insertedIds: r.insertedIds })), callback);
    }
    save(...given) {
      const [[doc, options], callback] = take(given, 2);
      if (doc._id === undefined) return this.insert(doc, options || {}, callback);
      return this._update(doc._id === undefined ? doc : { _id: doc._id }, doc, Object.assign({ upsert: true }, options), false, callback, (r) => new CommandResult(plain(r)));
    }

    _update(q, u, options, multi, callback, shape) {
      const o = options || {};
      if (q === null || typeof q !== 'object' && q !== undefined) return settle(Promise.reject(new E.MongoInvalidArgumentError('Selector must be a valid JavaScript object')), callback);
      if (u === null || typeof u !== 'object') return settle(Promise.reject(new E.MongoInvalidArgumentError('Document must be a valid JavaScript object')), callback);
      const op = Object.assign({ q: this._selector(q), u, upsert: !!o.upsert, multi }, pick(o, ['arrayFilters', 'collation', 'hint']));
      return settle(this._write({ update: this._name, updates: [op], ordered: true }, o).then(shape), callback);
    }
    _updated(r) {
      const up = r.upserted && r.upserted[0];
      if (!old) return { acknowledged: true, modifiedCount: r.nModified === undefined ? r.n : r.nModified, upsertedId: up ? up._id : null, upsertedCount: up ? r.upserted.length : 0, matchedCount: up ? 0 : r.n };
      return Object.assign(new CommandResult(plain(r)), {
        modifiedCount: r.nModified === undefined ? r.n : r.nModified, upsertedId: up ? up : null, upsertedCount: up ? r.upserted.length : 0, matchedCount: up ? 0 : r.n,
      });
    }
    updateOne(...given) { return this._updates(given, false, true); }
    updateMany(...given) { return this._updates(given, true, true); }
    replaceOne(...given) { return this._updates(given, false, false); }
    _updates(given, multi, operators) {
      const [[q, u, options], callback] = take(given, 3);
      if (u && typeof u === 'object' && hasOperator(u) !== operators && !Array.isArray(u)) {
        return wrong(operators, callback);
      }
      return this._update(q, u, options, multi, callback, (r) => {
        const out = this._updated(r);
        if (!operators && old) out.ops = [u];
        return out;
      });
    }
    update(...given) {
      const [[q, u, options], callback] = take(given, 3);
      const o = options || {};
      if (!old) return this._update(q, u, o, true, callback, (r) => this._updated(r));
      return this._update(q, u, o, !!o.multi, callback, (r) => new CommandResult(plain(r)));
    }

    _delete(q, options, limit, callback, shape) {
      const op = Object.assign({ q: this._selector(q), limit }, pick(options, ['collation', 'hint']));
      return settle(this._write({ delete: this._name, deletes: [op], ordered: true }, options).then(shape), callback);
    }
    _deleted(r) { return old ? Object.assign(new CommandResult(plain(r)), { deletedCount: r.n }) : { acknowledged: true, deletedCount: r.n }; }
    deleteOne(...given) { const [[q, o], callback] = take(given, 2); return this._delete(q, o, 1, callback, (r) => this._deleted(r)); }
    deleteMany(...given) { const [[q, o], callback] = take(given, 2); return this._delete(q, o, 0, callback, (r) => this._deleted(r)); }
    remove(...given) {
      const [[q, o], callback] = take(given, 2);
      return this._delete(q, o, o && (o.single || o.justOne) ? 1 : 0, callback, (r) => (old ? new CommandResult(plain(r)) : this._deleted(r)));
    }

    find(...given) {
      const [[q, options, more], callback] = take(given, 3);
      let o = options || {};
      if (gen < 3 && (more || o && Object.keys(o).length && !Object.keys(o).some((k) => findOptions.has(k)))) o = Object.assign({ projection: o }, more);
      const cmd = { find: this._name, filter: this._selector(q) };
      const projection = o.projection || o.fields;
      if (projection) cmd.projection = Array.isArray(projection) ? projection.reduce((p, k) => Object.assign(p, { [k]: 1 }), {}) : projection;
      const c = new FindCursor(this._db, this._name, Object.assign(cmd, pick(o, ['hint', 'batchSize', 'maxTimeMS', 'collation', 'comment', 'min', 'max', 'returnKey', 'showRecordId', 'allowDiskUse', 'let', 'noCursorTimeout'])), Object.assign({}, this._options, o));
      if (o.sort) c.sort(o.sort);
      if (o.limit) c.limit(o.limit);
      if (o.skip) c.skip(o.skip);
      if (callback) { callback(null, c); return undefined; }
      return c;
    }
    findOne(...given) {
      const [[q, options, more], callback] = take(given, 3);
      let c;
      try { c = more === undefined ? this.find(q, options) : this.find(q, options, more); c._cmd.limit = 1; c._cmd.singleBatch = true; delete c._cmd.batchSize; } catch (err) { return settle(Promise.reject(err), callback); }
      return settle(c.next().then((d) => (d === undefined ? null : d)), callback);
    }
    _modify(given, n, build) {
      const [args, callback] = take(given, n);
      const o = args[n - 1] || {};
      let cmd;
      try { cmd = build(args, o); } catch (err) { return settle(Promise.reject(err), callback); }
      const sort = sortOf(cmd.sort || o.sort);
      cmd = Object.assign({ findAndModify: this._name }, cmd);
      if (sort) cmd.sort = sort; else delete cmd.sort;
      const fields = o.projection || o.fields;
      if (fields) cmd.fields = fields;
      Object.assign(cmd, pick(o, ['arrayFilters', 'collation', 'hint', 'maxTimeMS', 'bypassDocumentValidation', 'comment', 'let']));
      return settle(this._run(cmd, o, true).then((r) => {
        if (gen >= 6 && !o.includeResultMetadata) return r.value;
        return old ? plain(r) : Object.assign({ lastErrorObject: r.lastErrorObject, value: r.value, ok: r.ok });
      }), callback);
    }
    findOneAndUpdate(...given) {
      if (gen > 2 && given[1] && typeof given[1] === 'object' && !hasOperator(given[1])) return wrong(true);
      return this._modify(given, 3, ([q, u], o) => {
        return { query: this._selector(q), update: u, new: o.returnOriginal === false || o.returnDocument === 'after' || o.new === true, upsert: !!o.upsert };
      });
    }
    findOneAndReplace(...given) { return this._modify(given, 3, ([q, u], o) => ({ query: this._selector(q), update: u, new: o.returnOriginal === false || o.returnDocument === 'after', upsert: !!o.upsert })); }
    findOneAndDelete(...given) { return this._modify(given, 2, ([q]) => ({ query: this._selector(q), remove: true })); }
    findAndModify(...given) { return this._modify(given, 4, ([q, sort, u], o) => (o.remove ? { query: this._selector(q), sort, remove: true } : { query: this._selector(q), sort, update: u, new: !!o.new, upsert: !!o.upsert })); }
    findAndRemove(...given) { return this._modify(given, 3, ([q, sort]) => ({ query: this._selector(q), sort, remove: true })); }

    countDocuments(...given) {
      const [[q, o], callback] = take(given, 2);
      const pipeline = [{ $match: q || {} }];
      if (o && o.skip) pipeline.push({ $skip: o.skip });
      if (o && o.limit) pipeline.push({ $limit: o.limit });
      pipeline.push({ $group: { _id: 1, n: { $sum: 1 } } });
      return settle(this._run(Object.assign({ aggregate: this._name, pipeline, cursor: {} }, pick(o, ['hint', 'maxTimeMS', 'collation', 'comment'])), o).then((r) => (r.cursor.firstBatch.length ? r.cursor.firstBatch[0].n : 0)), callback);
    }
    estimatedDocumentCount(...given) { const [[o], callback] = take(given, 1); return settle(this._run(Object.assign({ count: this._name }, pick(o, ['maxTimeMS'])), o).then((r) => r.n), callback); }
    count(...given) {
      const [[q, o], callback] = take(given, 2);
      return settle(this._run(Object.assign({ count: this._name, query: q || {} }, pick(o, ['limit', 'skip', 'hint', 'maxTimeMS', 'collation'])), o).then((r) => r.n), callback);
    }
    distinct(...given) { const [[key, q, o], callback] = take(given, 3); return settle(this._run(Object.assign({ distinct: this._name, key, query: q || {} }, pick(o, ['maxTimeMS', 'collation'])), o).then((r) => r.values), callback); }
    aggregate(...given) {
      const [[pipeline, o], callback] = take(given, 2);
      const c = new AggregationCursor(this._db, this._name, Object.assign({ aggregate: this._name, pipeline: Array.isArray(pipeline) ? pipeline.slice() : pipeline ? [pipeline] : [], cursor: o && o.batchSize ? { batchSize: o.batchSize } : {} },
        pick(o, ['allowDiskUse', 'maxTimeMS', 'collation', 'hint', 'comment', 'let', 'bypassDocumentValidation'])), Object.assign({}, this._options, o));
      if (!callback) return c;
      if (gen < 3) return c.toArray(callback);
      callback(null, c);
      return undefined;
    }

    createIndex(...given) {
      const [[spec, o], callback] = take(given, 2);
      const key = keysOf(spec), index = Object.assign({ name: indexName(key), key }, pick(o, indexOptions));
      return settle(this._run({ createIndexes: this._name, indexes: [index] }, o, true).then(() => index.name), callback);
    }
    ensureIndex(...given) { return this.createIndex(...given); }
    createIndexes(...given) {
      const [[specs, o], callback] = take(given, 2);
      const indexes = specs.map((s) => Object.assign({ name: indexName(keysOf(s.key)) }, s, { key: keysOf(s.key) }));
      return settle(this._run({ createIndexes: this._name, indexes }, o, true).then((r) => (old ? plain(r) : indexes.map((i) => i.name))), callback);
    }
    dropIndex(...given) { const [[name, o], callback] = take(given, 2); return settle(this._run({ dropIndexes: this._name, index: name }, o, true).then(plain), callback); }
    dropIndexes(...given) { const [[o], callback] = take(given, 1); return settle(this._run({ dropIndexes: this._name, index: '*' }, o, true).then(() => true), callback); }
    listIndexes(o) { const { Cursor } = client.cursors; return new Cursor(this._db, this._name, { listIndexes: this._name, cursor: {} }, o); }
    indexes(...given) { const [[o], callback] = take(given, 1); return settle(this.listIndexes(o).toArray(), callback); }
    indexInformation(...given) {
      const [[o], callback] = take(given, 1);
      return settle(this.listIndexes(o).toArray().then((list) => (o && o.full ? list : list.reduce((out, i) => Object.assign(out, { [i.name]: Object.keys(i.key).map((k) => [k, i.key[k]]) }), {}))), callback);
    }
    indexExists(...given) { const [[names, o], callback] = take(given, 2); return settle(this.indexInformation(o).then((info) => [].concat(names).every((n) => n in info)), callback); }
    drop(...given) { const [[o], callback] = take(given, 1); return settle(this._run({ drop: this._name }, o, true).then(() => true), callback); }
    rename(...given) {
      const [[to, o], callback] = take(given, 2);
      return settle(client.run('admin', Object.assign({ renameCollection: this.namespace, to: this._db.databaseName + '.' + to }, pick(o, ['dropTarget'])), o, true).then(() => new Collection(this._db, to)), callback);
    }
    stats(...given) { const [[o], callback] = take(given, 1); return settle(this._run({ collStats: this._name }, o), callback); }
    isCapped(...given) { const [[o], callback] = take(given, 1); return settle(this._db.listCollections({ name: this._name }, o).toArray().then((l) => !!(l[0] && l[0].options && l[0].options.capped)), callback); }
    options(...given) { const [[o], callback] = take(given, 1); return settle(this._db.listCollections({ name: this._name }, o).toArray().then((l) => (l[0] ? l[0].options : undefined)), callback); }

    bulkWrite(...given) {
      const [[ops, o], callback] = take(given, 2);
      return settle(this._bulk(ops, o || {}), callback);
    }
    _bulk(ops, o) {
      const total = { insertedCount: 0, matchedCount: 0, modifiedCount: 0, deletedCount: 0, upsertedCount: 0, upsertedIds: {}, insertedIds: {} };
      const errors = [];
      let chain = Promise.resolve();
      if (!Array.isArray(ops) || !ops.length) return Promise.reject(new E.MongoInvalidArgumentError(old ? 'operations must be an array of documents' : 'Invalid BulkOperation, Batch cannot be empty'));
      ops.forEach((op, i) => {
        chain = chain.then(() => {
          if (errors.length && o.ordered !== false) return undefined;
          const name = Object.keys(op)[0], a = op[name];
          const filter = a.filter === undefined ? a.q : a.filter;
          let cmd;
          if (name === 'insertOne') { const doc = a.document || a; total.insertedIds[i] = this._idOf(doc); cmd = { insert: this._name, documents: [doc] }; }
          else if (name === 'updateOne' || name === 'updateMany' || name === 'replaceOne') cmd = { update: this._name, updates: [Object.assign({ q: this._selector(filter), u: name === 'replaceOne' ? a.replacement : a.update, upsert: !!a.upsert, multi: name === 'updateMany' }, pick(a, ['arrayFilters', 'collation', 'hint']))] };
          else if (name === 'deleteOne' || name === 'deleteMany') cmd = { delete: this._name, deletes: [Object.assign({ q: this._selector(filter), limit: name === 'deleteOne' ? 1 : 0 }, pick(a, ['collation', 'hint']))] };
          else throw new E.MongoInvalidArgumentError('bulkWrite only supports insertOne, insertMany, updateOne, updateMany, deleteOne, deleteMany');
          return this._run(cmd, o, true).then((r) => {
            if (r.writeErrors && r.writeErrors.length) { errors.push(Object.assign({}, r.writeErrors[0], { index: i })); return; }
            if (cmd.insert) total.insertedCount += r.n;
            else if (cmd.delete) total.deletedCount += r.n;
            else if (r.upserted && r.upserted.length) { total.upsertedCount++; total.upsertedIds[i] = r.upserted[0]._id; } else { total.matchedCount += r.n; total.modifiedCount += r.nModified || 0; }
          });
        });
      });
      return chain.then(() => {
        if (errors.length) throw this._bulkError(errors, total);
        return Object.assign({ result: { ok: 1, nInserted: total.insertedCount, nMatched: total.matchedCount, nModified: total.modifiedCount, nRemoved: total.deletedCount, nUpserted: total.upsertedCount } }, old ? {} : { ok: 1 }, total);
      });
    }
  }
  for (const n of ['watch', 'mapReduce', 'initializeOrderedBulkOp', 'initializeUnorderedBulkOp', 'parallelCollectionScan', 'geoHaystackSearch']) {
    Collection.prototype[n] = function absent() {
      throw Object.assign(new E.MongoAPIError(`${n}() is not available here: ${n === 'watch' ? 'a login does not wait for changes' : n.startsWith('init') ? 'use bulkWrite()' : 'use aggregate()'}`), { code: 'ERR_FEATURE_UNAVAILABLE_ON_PLATFORM' });
    };
  }
  const plain = (r) => { const o = Object.assign({}, r); delete o.$clusterTime; delete o.operationTime; delete o.electionId; delete o.opTime; return o; };
  return Collection;
};
const findOptions = new Set(['projection', 'fields', 'sort', 'limit', 'skip', 'hint', 'batchSize', 'maxTimeMS', 'timeout', 'tailable', 'readPreference', 'raw', 'explain', 'snapshot', 'comment', 'returnKey', 'min', 'max', 'showDiskLoc', 'partial', 'promoteLongs', 'promoteValues', 'promoteBuffers', 'collation', 'session', 'slaveOk']);
