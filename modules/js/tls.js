'use strict';
// TLS over the sockets of net. Certificates are verified in Go.
const { Socket, Server, argumentsOf, take, unavailable } = require('internal/net');
const { make, invalidType } = require('internal/errors');

const pem = (v) => (v === undefined || v === null ? undefined : Array.isArray(v) ? v.map(pem).join('\n') : typeof v === 'string' ? v
  : typeof v === 'object' && v.pem !== undefined ? pem(v.pem) : typeof v.export === 'function' ? v.export({ type: 'pkcs8', format: 'pem' }) : Buffer.from(v.buffer || v, v.byteOffset, v.byteLength).toString());
const versions = { TLSv1_method: 'TLSv1', TLSv1_1_method: 'TLSv1.1', TLSv1_2_method: 'TLSv1.2', TLSv1_client_method: 'TLSv1', TLSv1_1_client_method: 'TLSv1.1', TLSv1_2_client_method: 'TLSv1.2' };

// secretsOf are the options that a secure context is made of.
function secretsOf(options) {
  if (options.pfx !== undefined && options.pfx !== null) throw unavailable('option pfx is not available here: give `cert` and `key` in PEM');
  const out = {};
  for (const k of ['ca', 'cert', 'key']) {
    const v = pem(options[k]);
    if (v) out[k] = v;
  }
  const phrase = options.passphrase || Array.isArray(options.key) && options.key[0] && options.key[0].passphrase;
  if (phrase) out.passphrase = String(phrase);
  const fixed = versions[options.secureProtocol];
  const min = options.minVersion || fixed, max = options.maxVersion || fixed;
  if (min) out.min = String(min);
  if (max) out.max = String(max);
  return out;
}
function SecureContext(options) {
  const secrets = secretsOf(options || {});
  native.context(secrets); // says now what cannot be used
  Object.defineProperty(this, '_secrets', { value: secrets });
  this.context = {};
}
const createSecureContext = (options) => new SecureContext(options);

function protocolsOf(list) {
  if (list === undefined || list === null) return undefined;
  if (Array.isArray(list)) return list.map(String);
  const out = [];
  for (let i = 0; i < list.length; i += 1 + list[i]) out.push(Buffer.from(list.buffer, list.byteOffset + i + 1, list[i]).toString('latin1'));
  return out;
}

function TLSSocket(socket, options) {
  if (!(this instanceof TLSSocket)) return new TLSSocket(socket, options);
  options = options || {};
  if (options.isServer) throw unavailable('a TLS server cannot be made here');
  Socket.call(this, { allowHalfOpen: false, signal: options.signal, highWaterMark: options.highWaterMark });
  this.encrypted = true;
  this.authorized = false;
  this.authorizationError = null;
  this.alpnProtocol = null;
  this.servername = false;
  this.secureConnecting = true;
  const hide = (name, value) => Object.defineProperty(this, name, { value, writable: true, configurable: true });
  hide('_tlsOptions', options);
  hide('_agreed', null);
  if (socket) this._wrap(socket);
}
Object.setPrototypeOf(TLSSocket.prototype, Socket.prototype);
Object.setPrototypeOf(TLSSocket, Socket);

const methods = {
  // _wrap takes over a socket, as soon as it is connected.
  _wrap(socket) {
    if (!(socket instanceof Socket)) throw invalidType('options.socket', 'an instance of net.Socket', socket);
    this._parent = socket;
    this._host = socket._host;
    this.connecting = socket.connecting;
    const start = () => {
      if (this.destroyed) return;
      if (this.connecting) { this.connecting = false; this.emit('connect'); }
      const { handle, rest, ends } = take(socket, this);
      this._h = handle;
      this._ends = ends;
      this._secure(rest);
    };
    socket.on('error', (err) => { if (!this.destroyed) this.destroy(err); });
    socket.once('close', () => { if (!this.destroyed) this.destroy(); });
    this.once('close', () => { if (!socket.destroyed) socket.destroy(); });
    if (socket.connecting || socket.secureConnecting) socket.once(socket.secureConnecting ? 'secureConnect' : 'connect', start);
    else if (socket._h < 0) process.nextTick(() => this.destroy(make(Error, 'ERR_SOCKET_CLOSED', 'Socket is closed')));
    else start();
  },
  // _connected is the TCP connection's; the socket is ready after the handshake.
  _connected(ends) {
    if (this.destroyed) return;
    this._ends = ends;
    this.connecting = false;
    for (const args of this._setup.splice(0)) this._option(...args);
    this.emit('connect');
    this._secure(null);
  },
  _secure(prefix) {
    const o = this._tlsOptions;
    const sni = o.servername === undefined ? this._host : o.servername;
    const host = o.servername || this._host || 'localhost';
    if (sni && !require('net').isIP(sni)) this.servername = sni;
    const secrets = o.secureContext ? o.secureContext._secrets || secretsOf(o.secureContext) : secretsOf(o);
    const options = Object.assign({}, secrets, {
      servername: this.servername || '', host, insecure: o.rejectUnauthorized === false, skipHost: typeof o.checkServerIdentity === 'function', alpn: protocolsOf(o.ALPNProtocols) || [],
    });
    if (prefix) options.prefix = prefix;
    this.connecting = false;
    const h = this._h;
    let p;
    try { p = native.secure(h, options); } catch (err) { p = Promise.reject(err); }
    p.then((agreed) => { if (this._h === h && !this.destroyed) this._secured(agreed, host); }, (err) => {
      if (this.destroyed) return;
      if (err.code === 'ERR_TLS_CERT_ALTNAME_INVALID') err.cert = this.getPeerCertificate();
      this.destroy(err);
    });
  },
  _secured(agreed, host) {
    const o = this._tlsOptions;
    this._agreed = agreed;
    this.authorized = agreed.authorized;
    this.authorizationError = agreed.authorizationError || null;
    this.alpnProtocol = agreed.alpn || false;
    if (this.authorized && typeof o.checkServerIdentity === 'function') {
      let wrong;
      try { wrong = o.checkServerIdentity(host, this.getPeerCertificate(true)); } catch (err) { wrong = err; }
      if (wrong) {
        this.authorized = false;
        this.authorizationError = wrong.code || wrong.message;
        if (o.rejectUnauthorized !== false) { this.destroy(wrong); return; }
      }
    }
    this.connecting = this.secureConnecting = false;
    this._active();
    this.emit('secure');
    this.emit('secureConnect');
    if (this.readable && !this.destroyed && !this.isPaused()) this.read(0);
  },
  _read() {
    if (this.secureConnecting) { this.once('secureConnect', () => this._read()); return; }
    Socket.prototype._read.call(this);
  },
  _send(chunks, done) {
    if (!this.secureConnecting) { Socket.prototype._send.call(this, chunks, done); return; }
    const again = () => { this.removeListener('close', gone); this._send(chunks, done); };
    const gone = () => { this.removeListener('secureConnect', again); done(make(Error, 'ERR_SOCKET_CLOSED', 'Socket is closed')); };
    this.prependOnceListener('secureConnect', again);
    this.once('close', gone);
  },
  _final(done) {
    if (this.secureConnecting) { this.once('secureConnect', () => this._final(done)); return; }
    Socket.prototype._final.call(this, done);
  },
  getPeerCertificate(detailed) {
    const chain = this._agreed ? this._agreed.chain : [];
    if (chain.length === 0) return this._agreed || this.destroyed ? {} : null;
    const certs = chain.map((c) => Object.assign({}, c, { raw: Buffer.from(c.raw) }, c.pubkey ? { pubkey: Buffer.from(c.pubkey) } : null));
    if (detailed) {
      certs.forEach((c, i) => {
        const own = JSON.stringify(c.subject) === JSON.stringify(c.issuer);
        if (own) c.issuerCertificate = c;
        else if (certs[i + 1]) c.issuerCertificate = certs[i + 1];
      });
    }
    return certs[0];
  },
  getPeerX509Certificate() { return undefined; },
  getCertificate: () => ({}),
  getCipher() { return this._agreed ? { name: this._agreed.cipher, standardName: this._agreed.standardCipher, version: this._agreed.protocol } : null; },
  getProtocol() { return this._agreed ? this._agreed.protocol : null; },
  getEphemeralKeyInfo: () => ({}),
  getFinished: () => undefined,
  getPeerFinished: () => undefined,
  getSession: () => undefined,
  getTLSTicket: () => undefined,
  getSharedSigalgs: () => [],
  isSessionReused: () => false,
  renegotiate(options, callback) {
    const err = make(Error, 'ERR_TLS_RENEGOTIATION_DISABLED', 'TLS session renegotiation disabled for this socket');
    if (typeof callback === 'function') process.nextTick(callback, err);
    return false;
  },
  disableRenegotiation() {},
  enableTrace() {},
  setMaxSendFragment: () => true,
  setServername(name) { this._tlsOptions = Object.assign({}, this._tlsOptions, { servername: name }); },
  setSession() {},
};
for (const k of Object.keys(methods)) Object.defineProperty(TLSSocket.prototype, k, { value: methods[k], writable: true, configurable: true });

// connect takes (options, callback), (port, host, options, callback) and (port,
// options, callback).
function connect(...args) {
  let [options, callback] = argumentsOf(args);
  const more = typeof args[1] === 'object' && args[1] !== null ? args[1] : typeof args[2] === 'object' && args[2] !== null ? args[2] : null;
  options = Object.assign({}, options, more);
  const tls = new TLSSocket(options.socket, options);
  if (callback) tls.once('secureConnect', callback);
  if (options.socket) {
    tls._host = options.host || tls._host;
  } else {
    if (options.timeout) tls.setTimeout(options.timeout);
    tls.connect(options);
  }
  return tls;
}

function checkServerIdentity(host, cert) {
  const wrong = native.identity(String(host), cert && cert.raw ? cert.raw : new Uint8Array(0));
  if (wrong === undefined) return undefined;
  return Object.assign(make(Error, 'ERR_TLS_CERT_ALTNAME_INVALID', wrong), { reason: wrong.replace(/^[^:]*: /, ''), host, cert });
}

module.exports = {
  connect, createSecureContext, checkServerIdentity, TLSSocket, SecureContext, Server,
  createServer: () => new Server(),
  getCiphers: () => ['tls_aes_256_gcm_sha384', 'tls_chacha20_poly1305_sha256', 'tls_aes_128_gcm_sha256', 'ecdhe-ecdsa-aes256-gcm-sha384', 'ecdhe-rsa-aes256-gcm-sha384', 'ecdhe-ecdsa-chacha20-poly1305', 'ecdhe-rsa-chacha20-poly1305', 'ecdhe-ecdsa-aes128-gcm-sha256', 'ecdhe-rsa-aes128-gcm-sha256'],
  DEFAULT_ECDH_CURVE: 'auto',
  DEFAULT_MIN_VERSION: 'TLSv1.2',
  DEFAULT_MAX_VERSION: 'TLSv1.3',
  DEFAULT_CIPHERS: 'TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES128-GCM-SHA256',
  CLIENT_RENEG_LIMIT: 3,
  CLIENT_RENEG_WINDOW: 600,
  convertALPNProtocols(protocols, out) { out.ALPNProtocols = Buffer.concat(protocolsOf(protocols).map((p) => Buffer.from([p.length, ...Buffer.from(p)]))); },
};
let roots;
Object.defineProperty(module.exports, 'rootCertificates', { get: () => roots || (roots = Object.freeze(native.roots())), enumerable: true, configurable: true });
