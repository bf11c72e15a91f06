'use strict';
// The pool of node-postgres. It is one script's: connections outlive the script
// in the worker, where they are reset before anybody else gets them.
const EventEmitter = require('events');

module.exports = (DefaultClient, free, defaults) => {
  class Pool extends EventEmitter {
    constructor(options, ClientClass) {
      super();
      if (typeof options === 'string') options = { connectionString: options };
      this.options = Object.assign({}, options);
      for (const k of ['password', 'ssl']) {
        if (options && k in options) Object.defineProperty(this.options, k, { value: options[k], enumerable: false, configurable: true, writable: true });
      }
      this.options.max = this.options.max || this.options.poolSize || (defaults && defaults.poolSize) || 10;
      this.Client = this.options.Client || ClientClass || DefaultClient;
      this._idle = [];
      this._clients = [];
      this._taken = 0; // by connect(), not by query()
      this._pending = [];
      this.ending = this.ended = false;
      if (this.options.connectionString || this.options.host) new this.Client(this._settings()); // a refused option is an error at once
    }
    _settings() { return Object.assign({}, this.options, { password: this.options.password, ssl: this.options.ssl }); }
    get totalCount() { return this._clients.length; }
    get idleCount() { return this._idle.length; }
    get waitingCount() { return this._pending.length; }

    connect(callback) {
      const p = this._take(false).then((client) => { this._taken++; client._manual = true; return client; });
      if (!callback) return p;
      p.then((client) => callback(null, client, client.release), (err) => callback(err, undefined, () => {}));
      return undefined;
    }
    take(callback) { return this.connect(callback); }

    _take() {
      if (this.ending) return Promise.reject(new Error('Cannot use a pool after calling end on the pool'));
      return new Promise((resolve, reject) => {
        this._pending.push({ resolve, reject });
        this._serve();
      });
    }

    _serve() {
      while (this._pending.length) {
        let client = this._idle.pop();
        if (client) {
          this._lend(client, this._pending.shift());
          continue;
        }
        // The worker's connections are few and shared: more than one is asked for
        // only if there is one free, or if waiting for our own could not end.
        const n = this._clients.length;
        if (n >= this.options.max || n > 0 && n > this._taken && !free()) return;
        client = new this.Client(this._settings());
        this._open(client, this._pending.shift());
      }
    }

    _open(client, waiter) {
      this._clients.push(client);
      client.on('error', (err) => { if (this._idle.includes(client)) { this._remove(client); if (this.listenerCount('error')) this.emit('error', err, client); } });
      client.connect((err) => {
        if (err) {
          this._remove(client);
          waiter.reject(err);
          this._serve();
          return;
        }
        this.emit('connect', client);
        this._lend(client, waiter);
      });
    }

    _lend(client, waiter) {
      let released = false;
      client._manual = false;
      client.release = (err) => {
        if (released) throw new Error('Release called on client which has already been released to the pool.');
        released = true;
        if (client._manual) { client._manual = false; this._taken--; }
        this.emit('release', err, client);
        if (err || client._state === 'ended' || this.ending) {
          this._remove(client);
          if (err) client._discard(); else client.end();
          if (this.ending) this._finish();
        } else this._idle.push(client);
        this._serve();
      };
      this.emit('acquire', client);
      waiter.resolve(client);
    }

    _remove(client) {
      const drop = (list) => { const i = list.indexOf(client); if (i >= 0) list.splice(i, 1); };
      drop(this._idle);
      drop(this._clients);
      this.emit('remove', client);
    }

    query(text, values, callback) {
      if (typeof text === 'function') {
        const f = text;
        setImmediate(() => f(new Error('Passing a function as the first parameter to pool.query is not supported')));
        return undefined;
      }
      if (typeof values === 'function') { callback = values; values = undefined; }
      let promise;
      if (!callback) promise = new Promise((resolve, reject) => { callback = (err, res) => (err ? reject(err) : resolve(res)); });
      this._take().then((client) => {
        const done = (err, res) => {
          client.release(err && err.severity === undefined ? err : undefined);
          callback(err, res);
        };
        try { client.query(text, values, done); } catch (err) { done(err); }
      }, (err) => callback(err));
      return promise;
    }

    end(callback) {
      if (this.ending) {
        const err = new Error('Called end on pool more than once');
        return callback ? callback(err) : Promise.reject(err);
      }
      this.ending = true;
      const promise = callback ? undefined : new Promise((resolve) => { callback = resolve; });
      this._endCallback = callback;
      for (const client of this._idle.slice()) { this._remove(client); client.end(); }
      this._finish();
      return promise;
    }
    _finish() {
      if (!this.ended && this._clients.length === 0) {
        this.ended = true;
        setImmediate(() => this._endCallback());
      }
    }
  }
  return Pool;
};
