'use strict';
// The error classes of the generations: make(gen).
module.exports = (gen) => {
  class MongoError extends Error {
    constructor(message) {
      if (message && typeof message === 'object' && !(message instanceof Error)) {
        super(message.message || message.errmsg || message.$err || 'n/a');
        for (const k of Object.keys(message)) if (!['message', 'stack', 'errmsg', 'errorLabels'].includes(k)) this[k] = message[k];
      } else super(message instanceof Error ? message.message : message);
      this._labels = new Set((message && message.errorLabels) || []);
      Object.defineProperty(this, '_labels', { enumerable: false });
    }
    get name() { return gen < 4 ? 'MongoError' : this.constructor.name; }
    get errmsg() { return this.message; }
    hasErrorLabel(l) { return this._labels.has(l); }
    addErrorLabel(l) { this._labels.add(l); }
    get errorLabels() { return Array.from(this._labels); }
    static create(o) { return new this(o); }
  }
  const named = (Base, name, always) => {
    const C = { [name]: class extends Base {} }[name];
    if (always) Object.defineProperty(C.prototype, 'name', { get() { return name; }, configurable: true });
    return C;
  };
  const out = { MongoError };
  out.MongoNetworkError = named(MongoError, 'MongoNetworkError', true);
  out.MongoNetworkTimeoutError = named(out.MongoNetworkError, 'MongoNetworkTimeoutError', true);
  out.MongoServerSelectionError = named(MongoError, 'MongoServerSelectionError', true);
  out.MongoParseError = named(MongoError, 'MongoParseError', true);
  out.MongoServerError = gen < 4 ? MongoError : named(MongoError, 'MongoServerError', true);
  out.MongoWriteConcernError = named(out.MongoServerError, 'MongoWriteConcernError', true);
  const bulk = gen < 4 ? 'BulkWriteError' : 'MongoBulkWriteError';
  out[bulk] = named(out.MongoServerError, bulk, true);
  out.Bulk = out[bulk];
  for (const n of ['MongoDriverError', 'MongoAPIError', 'MongoRuntimeError', 'MongoInvalidArgumentError', 'MongoNotConnectedError', 'MongoTopologyClosedError', 'MongoCursorExhaustedError', 'MongoCursorInUseError', 'MongoExpiredSessionError', 'MongoTransactionError', 'MongoCompatibilityError', 'MongoMissingCredentialsError']) {
    out[n] = gen < 4 ? MongoError : named(n === 'MongoDriverError' ? MongoError : out.MongoDriverError, n, true);
  }
  return out;
};
