'use strict';
const { Duplex } = require('stream');
const { make, invalidType } = require('internal/errors');
const bytesOf = require('internal/crypto/output');
const unavailable = (what) => make(Error, 'ERR_FEATURE_UNAVAILABLE_ON_PLATFORM', what);
const noListening = 'a server cannot be made here: a script answers its login and listens to nothing';

// argumentsOf reads the arguments of connect: (options, callback), (port, host,
// callback) or (path, callback).
function argumentsOf(args) {
  if (args.length === 1 && Array.isArray(args[0])) args = args[0];
  const last = args[args.length - 1];
  const callback = typeof last === 'function' ? last : null;
  const first = args[0];
  if (typeof first === 'object' && first !== null) return [first, callback];
  if (typeof first === 'string' && !/^\d+$/.test(first)) return [{ path: first }, callback];
  const options = { port: first };
  if (args.length > 1 && typeof args[1] === 'string') options.host = args[1];
  return [options, callback];
}

// longQueue is how many bytes may wait in the queue before writers do.
const longQueue = 65536;

function portOf(options) {
  const { port } = options;
  if (port === undefined || port === null) throw make(TypeError, 'ERR_MISSING_ARGS', 'The "options" or "port" or "path" argument must be specified');
  if (typeof port !== 'number' && typeof port !== 'string') throw invalidType('options.port', 'one of type number or string', port);
  const n = typeof port === 'string' && port.trim() === '' ? NaN : Number(port);
  if (!(Number.isInteger(n) && n >= 0 && n < 65536)) throw make(RangeError, 'ERR_SOCKET_BAD_PORT', `Port should be >= 0 and < 65536. Received ${typeof port === 'string' ? `type string ('${port}')` : `type number (${port})`}.`);
  return n;
}

function Socket(options) {
  if (!(this instanceof Socket)) return new Socket(options);
  if (typeof options === 'number') options = { fd: options };
  options = options || {};
  if (options.fd !== undefined && options.fd !== null) throw unavailable('option fd is not available here: there are no file descriptors');
  Duplex.call(this, { allowHalfOpen: Boolean(options.allowHalfOpen), emitClose: false, highWaterMark: options.highWaterMark, signal: options.signal, decodeStrings: true });
  this.connecting = false;
  this._hadError = false;
  this._host = null;
  this._parent = null;
  this.timeout = 0;
  this.bytesRead = 0;
  this._written = 0;
  const hide = (name, value) => Object.defineProperty(this, name, { value, writable: true, configurable: true });
  hide('_h', -1);
  hide('_ends', null); // addresses of both sides
  hide('_idle', null);
  hide('_setup', []); // options set before there was a connection
  hide('_takenBy', null);
  hide('_flush', null); // fulfilled when the queue of writes is empty
  this.on('end', onEnd);
}
Object.setPrototypeOf(Socket.prototype, Duplex.prototype);
Object.setPrototypeOf(Socket, Duplex);

// onEnd: the other side will send no more. Without half-open connections what is
// written from now on goes nowhere.
function onEnd() {
  if (!this.allowHalfOpen) this.write = writeAfterEnd;
}
function writeAfterEnd(chunk, encoding, callback) {
  if (this.destroyed || this.writableEnded) return Socket.prototype.write.call(this, chunk, encoding, callback);
  const err = make(Error, 'EPIPE', 'This socket has been ended by the other party');
  const done = typeof encoding === 'function' ? encoding : callback;
  if (typeof done === 'function') process.nextTick(done, err);
  this.destroy(err);
  return false;
}

const methods = {
  connect(...args) {
    const [options, callback] = argumentsOf(args);
    if (options.path) throw Object.assign(unavailable('option path is not available here: there are no local sockets'), { path: options.path });
    if (options.localAddress || options.localPort) throw unavailable('options localAddress and localPort are not available here: the host chooses them');
    if (options.lookup !== undefined && typeof options.lookup !== 'function') throw invalidType('options.lookup', 'of type function', options.lookup);
    const port = portOf(options);
    const host = options.host === undefined || options.host === null || options.host === '' ? 'localhost' : options.host;
    if (typeof host !== 'string') throw invalidType('options.host', 'of type string', host);
    if (callback) this.once('connect', callback);
    this._host = host;
    this.connecting = true;
    if (options.noDelay) this.setNoDelay(true);
    if (options.keepAlive) this.setKeepAlive(true, options.keepAliveInitialDelay);
    this._h = native.open();
    // A name that dns was asked for is dialled, not the address that it had: the
    // policy may be about the name, and the host looks it up itself.
    const name = require('internal/dns_names').get(host);
    native.dial(this._h, name || host, port).then((ends) => this._connected(ends, host), (err) => { this._failed(err); });
    this._active();
    return this;
  },
  _failed(err) {
    if (this._h < 0 || this.destroyed) return;
    this.connecting = false;
    this.destroy(err);
  },
  _connected(ends, host) {
    if (this.destroyed) return;
    this._ends = ends;
    this.connecting = false;
    for (const args of this._setup.splice(0)) native.option(this._h, ...args);
    this._active();
    this.emit('lookup', null, ends.remoteAddress, ends.remoteFamily === 'IPv6' ? 6 : 4, host);
    this.emit('connect');
    this.emit('ready');
    if (this.readable && !this.destroyed && !this.isPaused()) this.read(0);
  },
  _read() {
    if (this.connecting || this._h < 0) {
      if (!this.destroyed && !this._takenBy) this.once('connect', () => this._read());
      return;
    }
    const h = this._h;
    native.read(h).then((chunk) => {
      if (this._h !== h || chunk === undefined) return;
      this._active();
      if (chunk === null) {
        this.push(null);
        this.read(0);
        return;
      }
      this.bytesRead += chunk.length;
      this.push(bytesOf(chunk));
    }, (err) => { if (this._h === h) this.destroy(err); });
  },
  _write(chunk, encoding, done) { this._send([chunk], done); },
  _writev(entries, done) { this._send(entries.map((e) => e.chunk), done); },
  _send(chunks, done) {
    if (this.connecting) {
      const again = () => { this.removeListener('close', gone); this._send(chunks, done); };
      const gone = () => { this.removeListener('connect', again); done(make(Error, 'ERR_SOCKET_CLOSED_BEFORE_CONNECTION', 'Socket closed before the connection was established')); };
      this.once('connect', again);
      this.once('close', gone);
      return;
    }
    if (this._h < 0) { done(make(Error, 'ERR_SOCKET_CLOSED', 'Socket is closed')); return; }
    const all = chunks.length === 1 ? chunks[0] : Buffer.concat(chunks);
    this._active();
    const w = native.write(this._h, all);
    let queued = w;
    if (typeof w !== 'number') {
      queued = all.length;
      this._flush = w.then(() => { this._active(); }, (err) => { this.destroy(err); });
    }
    this._written += all.length;
    if (queued <= longQueue) done();
    else this._flush.then(() => done());
  },
  _final(done) {
    if (this.connecting) { this.once('connect', () => this._final(done)); return; }
    (this._flush || Promise.resolve()).then(() => {
      if (this._h < 0) { done(); return; }
      native.shutdown(this._h).then(() => done(), (err) => done(this.destroyed ? null : err));
    });
  },
  _destroy(err, done) {
    this.connecting = false;
    if (this._idle) clearTimeout(this._idle);
    this._idle = null;
    if (this._h >= 0) native.close(this._h);
    this._h = -1;
    this._hadError = Boolean(err);
    done(err);
    setImmediate(() => this.emit('close', this._hadError));
  },
  destroySoon() {
    if (this.writable) this.end();
    if (this.writableFinished) this.destroy();
    else this.once('finish', this.destroy);
  },
  resetAndDestroy() { return this.destroy(); },
  setTimeout(ms, callback) {
    if (typeof ms !== 'number') throw invalidType('msecs', 'of type number', ms);
    if (!(ms >= 0 && ms < Infinity)) throw require('internal/errors').outOfRange('msecs', 'a non-negative finite number', ms);
    this.timeout = ms;
    if (callback !== undefined) {
      if (typeof callback !== 'function') throw invalidType('callback', 'of type function', callback);
      if (ms === 0) this.removeListener('timeout', callback);
      else this.once('timeout', callback);
    }
    if (this._idle) clearTimeout(this._idle);
    this._idle = null;
    this._active();
    return this;
  },
  // _active says that something happened: the idle time starts anew.
  _active() {
    if (this._parent) this._parent._active();
    if (!(this.timeout > 0) || this.destroyed) return;
    if (this._idle) { this._idle.refresh(); return; }
    this._idle = setTimeout(() => { this._idle = null; this.emit('timeout'); this._active(); }, this.timeout);
    if (this._idle.unref) this._idle.unref();
  },
  setNoDelay(on) { return this._option('noDelay', on === undefined ? true : Boolean(on)); },
  setKeepAlive(on, ms) { return this._option('keepAlive', Boolean(on), Math.floor(Number(ms) || 0)); },
  _option(...args) {
    if (this.connecting || this._h < 0) this._setup.push(args);
    else native.option(this._h, ...args);
    return this;
  },
  address() {
    const e = this._ends;
    return e ? { address: e.localAddress, family: e.remoteFamily, port: e.localPort } : {};
  },
  ref() { return this; },
  unref() { return this; },
  getTypeOfService: () => 0,
  setTypeOfService() { return this; },
};
for (const k of Object.keys(methods)) Object.defineProperty(Socket.prototype, k, { value: methods[k], writable: true, configurable: true });
const getter = (name, get) => Object.defineProperty(Socket.prototype, name, { get, set() {}, configurable: true });
for (const k of ['localAddress', 'localPort', 'remoteAddress', 'remotePort', 'remoteFamily']) getter(k, function () { return this._ends ? this._ends[k] : undefined; });
getter('localFamily', function () { return this.remoteFamily; });
getter('pending', function () { return this._h < 0 || this.connecting; });
getter('bufferSize', function () { return this.writableLength; });
getter('bytesWritten', function () { return this._written + this.writableLength; });
getter('readyState', function () {
  if (this.connecting) return 'opening';
  if (this.readable && this.writable) return 'open';
  return this.readable ? 'readOnly' : this.writable ? 'writeOnly' : 'closed';
});
getter('_handle', function () { return this._h >= 0 ? { fd: -1, setNoDelay() {}, setKeepAlive() {}, unref() {}, ref() {} } : null; });

// take gives the connection to another use: what this socket had read and nobody
// took comes first. The socket reads and writes nothing any more; when the other
// is over, so is this.
function take(socket, by) {
  const rest = socket._readableState.length > 0 && !socket._readableState.decoder ? socket.read() : null;
  const h = socket._h;
  socket._h = -1;
  socket._takenBy = by;
  return { handle: h, rest, ends: socket._ends };
}

function Server() { throw unavailable(noListening); }

module.exports = { Socket, Server, argumentsOf, take, unavailable, noListening };
