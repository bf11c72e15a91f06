'use strict';
// mongodb: make(gen) is the module of one generation: 2, 3, 4 (also 5) or 6.
const EventEmitter = require('events');
const bson = require('internal/db/mongo_bson');
const config = require('internal/db/mongo_config');
const makeErrors = require('internal/db/mongo_errors');
const { Link } = require('internal/db/mongo_link');
const makeCursors = require('internal/db/mongo_cursor');
const makeCollection = require('internal/db/mongo_collection');
const { settle } = makeCursors;

module.exports = function make(gen) {
  const errors = makeErrors(gen);
  errors.first = gen < 4;
  const old = gen < 4;
  const absent = (what, advice) => { throw Object.assign(new errors.MongoAPIError(`${what} is not available here: ${advice}`), { code: 'ERR_FEATURE_UNAVAILABLE_ON_PLATFORM' }); };

  class Admin {
    constructor(db) { Object.defineProperty(this, '_db', { value: db }); }
    command(cmd, o, callback) { if (typeof o === 'function') { callback = o; o = undefined; } return settle(this._db._client.run('admin', cmd, o), callback); }
    ping(o, callback) { return this.command({ ping: 1 }, o, callback); }
    buildInfo(o, callback) { return this.command({ buildInfo: 1 }, o, callback); }
    serverInfo(o, callback) { return this.command({ buildInfo: 1 }, o, callback); }
    serverStatus(o, callback) { return this.command({ serverStatus: 1 }, o, callback); }
    listDatabases(o, callback) { return this.command({ listDatabases: 1 }, o, callback); }
  }

  class Db extends EventEmitter {
    constructor(client, name) {
      super();
      if (typeof name !== 'string' || !name || /[ .$/\\\0]/.test(name)) throw new errors.MongoAPIError(`database name ${JSON.stringify(name)} is not one: no spaces, dots, slashes or dollars`);
      Object.defineProperty(this, '_client', { value: client });
      Object.defineProperty(this, 'databaseName', { value: name, enumerable: true });
      for (const k of ['_events', '_eventsCount', '_maxListeners', 'domain']) if (k in this) Object.defineProperty(this, k, { value: this[k], enumerable: false, writable: true, configurable: true });
    }
    get namespace() { return this.databaseName; }
    collection(name, options, callback) {
      if (typeof options === 'function') { callback = options; options = undefined; }
      const c = new this._client.Collection(this, name, options);
      if (callback) callback(null, c);
      return c;
    }
    command(cmd, o, callback) { if (typeof o === 'function') { callback = o; o = undefined; } return settle(this._client.run(this.databaseName, cmd, o), callback); }
    executeDbAdminCommand(cmd, o, callback) { if (typeof o === 'function') { callback = o; o = undefined; } return settle(this._client.run('admin', cmd, o), callback); }
    admin() { return new Admin(this); }
    aggregate(pipeline, o) { const { AggregationCursor } = this._client.cursors; return new AggregationCursor(this, '$cmd.aggregate', { aggregate: 1, pipeline: pipeline || [], cursor: {} }, o); }
    createCollection(name, o, callback) {
      if (typeof o === 'function') { callback = o; o = undefined; }
      const cmd = { create: name };
      for (const k of ['capped', 'size', 'max', 'validator', 'validationLevel', 'validationAction', 'collation', 'timeseries', 'expireAfterSeconds', 'viewOn', 'pipeline']) if (o && o[k] !== undefined) cmd[k] = o[k];
      return settle(this._client.run(this.databaseName, cmd, o, true).then(() => this.collection(name)), callback);
    }
    dropCollection(name, o, callback) { if (typeof o === 'function') { callback = o; o = undefined; } return settle(this._client.run(this.databaseName, { drop: name }, o, true).then(() => true), callback); }
    dropDatabase(o, callback) { if (typeof o === 'function') { callback = o; o = undefined; } return settle(this._client.run(this.databaseName, { dropDatabase: 1 }, o, true).then(() => true), callback); }
    listCollections(filter, o) { const { Cursor } = this._client.cursors; const c = new Cursor(this, '$cmd.listCollections', { listCollections: 1, filter: filter || {}, cursor: {}, nameOnly: !!(o && o.nameOnly) }, o); return c; }
    collections(o, callback) { if (typeof o === 'function') { callback = o; o = undefined; } return settle(this.listCollections({}, { nameOnly: true }).toArray().then((l) => l.map((c) => this.collection(c.name))), callback); }
    createIndex(name, ...rest) { return this.collection(name).createIndex(...rest); }
    ensureIndex(name, ...rest) { return this.collection(name).createIndex(...rest); }
    indexInformation(name, ...rest) { return this.collection(name).indexInformation(...rest); }
    stats(o, callback) { if (typeof o === 'function') { callback = o; o = undefined; } return settle(this._client.run(this.databaseName, { dbStats: 1 }, o), callback); }
    renameCollection(from, to, o, callback) { return this.collection(from).rename(to, o, callback); }
    watch() { return absent('watch()', 'a login does not wait for changes'); }
    // What databases had before version 3, when connecting gave one.
    close(force, callback) { if (typeof force === 'function') callback = force; return this._client.close(callback); }
    db(name) { return new Db(this._client, name || this.databaseName); }
    logout(o, callback) { if (typeof o === 'function') callback = o; return settle(Promise.resolve(true), callback); }
  }
  if (!old) for (const k of ['close', 'db', 'logout', 'executeDbAdminCommand', 'ensureIndex']) delete Db.prototype[k];

  class MongoClient extends EventEmitter {
    constructor(uri, options) {
      super();
      const hide = (k, v) => Object.defineProperty(this, k, { value: v, writable: true, configurable: true, enumerable: false });
      hide('_given', [uri, options]);
      hide('_config', null);
      hide('_link', null);
      if (uri !== undefined && gen > 3) this._read();
      hide('errors', errors);
      hide('bson', bson);
      hide('cursors', makeCursors(this, gen));
      hide('Collection', makeCollection(this, gen));
      hide('s', { url: uri, options: options || {} });
      hide('topology', undefined);
    }
    get options() { return this._config ? { dbName: this._config.database || 'test', hosts: this._config.hosts.map((h) => `${h.host}:${h.port}`) } : {}; }
    _read() {
      if (this._config) return this._config;
      try { this._config = config.read(...this._given); } catch (err) { throw err.parse ? new errors.MongoParseError(err.message) : err; }
      return this._config;
    }
    _session() {
      if (!this._link || this._link.closed) this._link = new Link(this._read(), errors, this._config.codec);
      return this._link;
    }
    connect(callback) { return settle(this._connect(), callback); }
    _connect() {
      let opened;
      try { opened = this._session().open(); } catch (err) { opened = Promise.reject(err); }
      return opened.then(() => { this.emit('open', this); return this; });
    }
    isConnected() { return !!(this._link && this._link.hello); }
    db(name) {
      const c = this._read();
      return new Db(this, name === undefined || name === null ? c.database || 'test' : name);
    }
    // run sends a command; options may hold a session, a write concern, a time.
    run(db, cmd, options, write) {
      const o = options || {};
      if (!this._link || this._link.closed) {
        if (gen < 4 || this._wasClosed) return Promise.reject(old ? new errors.MongoError('Topology is closed, please connect') : new errors.MongoNotConnectedError('Client must be connected before running operations'));
        this._session(); // from 4.7 on connecting is implied
      }
      const doc = Object.assign({}, cmd);
      if (write && o.writeConcern !== null) {
        const wc = {};
        for (const k of ['w', 'j', 'wtimeout']) if (o[k] !== undefined) wc[k] = o[k];
        if (o.wtimeoutMS !== undefined) wc.wtimeout = o.wtimeoutMS;
        const concern = o.writeConcern || (Object.keys(wc).length ? wc : this._config.concern);
        if (concern && concern.w === 0) return Promise.reject(new errors.MongoInvalidArgumentError('write concern w: 0 is not available here: a login must know that its writes were done'));
        if (concern) doc.writeConcern = concern.w === undefined || typeof concern.w === 'number' || typeof concern.w === 'string' ? concern : { w: concern.w };
        if (o.bypassDocumentValidation) doc.bypassDocumentValidation = true;
      }
      if (o.readConcern && !write) doc.readConcern = typeof o.readConcern === 'string' ? { level: o.readConcern } : o.readConcern;
      if (!write && this._config.preference && !('getMore' in doc)) doc.$readPreference = { mode: this._config.preference };
      if (o.session) return Promise.reject(new errors.MongoAPIError('sessions are not available here: use operations on one document, or bulkWrite()'));
      const codec = {};
      for (const k of ['promoteLongs', 'promoteValues', 'promoteBuffers', 'bsonRegExp', 'useBigInt64']) if (o[k] !== undefined) codec[k] = o[k];
      return this._link.command(db, doc, { codec: Object.keys(codec).length ? codec : undefined, ignoreUndefined: o.ignoreUndefined === undefined ? this._config.ignoreUndefined === undefined ? false : this._config.ignoreUndefined : o.ignoreUndefined });
    }
    close(force, callback) {
      if (typeof force === 'function') callback = force;
      this._wasClosed = true;
      return settle((this._link ? this._link.close() : Promise.resolve()).then(() => { this.emit('close'); }), callback);
    }
    logout(o, callback) { if (typeof o === 'function') callback = o; return settle(Promise.resolve(true), callback); }
    startSession() { return absent('startSession()', 'use operations on one document, or bulkWrite()'); }
    withSession() { return absent('withSession()', 'use operations on one document, or bulkWrite()'); }
    watch() { return absent('watch()', 'a login does not wait for changes'); }

    static connect(uri, options, callback) {
      if (typeof options === 'function') { callback = options; options = undefined; }
      let c;
      try { c = new MongoClient(uri, options); c._read(); } catch (err) {
        return settle(Promise.reject(err), callback);
      }
      return settle(c._connect().then(() => (gen < 3 ? c.db() : c)), callback);
    }
  }
  if (gen < 3) MongoClient.prototype.connect = function connect(uri, options, callback) { return MongoClient.connect(uri, options, callback); };
  // Scripts that name no version may be older than clients.
  if (gen === 3) MongoClient.prototype.collection = function collection(...args) { return this.db().collection(...args); };
  const refused = (name, advice) => class { constructor() { absent(name, advice); } };

  const types = {};
  for (const k of ['Binary', 'BSONRegExp', 'Code', 'DBRef', 'Decimal128', 'Double', 'Int32', 'Long', 'MaxKey', 'MinKey', 'Timestamp']) types[k] = bson[k];
  types.ObjectId = bson.ObjectId;
  if (gen < 6) types.ObjectID = bson.ObjectId;
  if (gen > 3) types.UUID = bson.UUID;
  types[old ? 'Symbol' : 'BSONSymbol'] = bson.BSONSymbol;
  const shown = {};
  for (const k of Object.keys(errors)) if (k.startsWith('Mongo') || k === 'BulkWriteError') shown[k] = errors[k];
  const rest = {
    MongoClient, Db, Admin, GridFSBucket: refused('GridFSBucket', 'files are no part of a login'),
    ReadPreference: { PRIMARY: 'primary', PRIMARY_PREFERRED: 'primaryPreferred', SECONDARY: 'secondary', SECONDARY_PREFERRED: 'secondaryPreferred', NEAREST: 'nearest' },
    Logger: { setLevel() {}, setCurrentLogger() {}, filter() {} },
    ReturnDocument: { BEFORE: 'before', AFTER: 'after' }, ProfilingLevel: { off: 'off', slowOnly: 'slow_only', all: 'all' }, ServerApiVersion: { v1: '1' },
    BSON: { serialize: bson.serialize, deserialize: bson.deserialize, ObjectId: bson.ObjectId, Long: bson.Long },
  };
  if (!old) return Object.assign(rest, types, shown);
  // Before 4 the module is the function connect.
  const connect = (...args) => MongoClient.connect(...args);
  return Object.assign(connect, rest, types, shown, { connect: MongoClient.connect, instrument() { return { on() {} }; } });
};
