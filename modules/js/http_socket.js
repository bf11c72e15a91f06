'use strict';
// Requests that need more than the host's shared connections: over a socket that
// the script made, upgraded ones, and those that hear of answers before the
// answer.
const { coded, joined, serverOf } = require('internal/http_message');

// ask gets the request a socket: from its own createConnection, from an agent of
// the script, or a new one with the request's own TLS options.
function ask(req, o, agent, port) {
  const secure = req.protocol === 'https:';
  const options = Object.assign({}, agent && agent.options, o, { host: req.host, hostname: req.host, port, path: req.path, protocol: req.protocol, secureEndpoint: secure });
  if (secure && options.servername === undefined) options.servername = serverOf(req.getHeader('host') || req.host) || undefined;
  const connection = Object.assign({}, options, { path: undefined, socketPath: undefined, timeout: undefined, signal: undefined });
  if (typeof o.createConnection === 'function') {
    let over = false;
    const done = (err, socket) => { if (!over) { over = true; req.onSocket(socket, err); } };
    let socket;
    try { socket = o.createConnection(connection, done); } catch (err) { done(err); }
    if (socket) done(null, socket);
  } else if (agent && !require('internal/http_agent').isPlain(agent)) {
    agent.addRequest(req, Object.assign(options, { path: null, socketPath: undefined, _defaultAgent: agent, agent }));
  } else {
    req.onSocket(require(secure ? 'tls' : 'net').connect(connection));
  }
}

function onSocket(req, socket, err) {
  process.nextTick(() => {
    if (req.destroyed) {
      if (socket && socket.destroy) socket.destroy();
      return;
    }
    if (err || !socket) { req.destroy(err || coded(Error, 'ERR_HTTP_SOCKET_ASSIGNED', 'the agent gave no socket')); return; }
    const { Socket } = require('internal/net');
    if (!(socket instanceof Socket)) { req.destroy(coded(TypeError, 'ERR_INVALID_ARG_TYPE', 'a request goes over a socket of net or tls; the agent gave something else')); return; }
    req._via = socket;
    req._waits = false;
    req.socket = req.connection = socket;
    if (!socket.writable && !socket.connecting) { req.destroy(coded(Error, 'ECONNRESET', 'socket hang up')); return; }
    socket.on('error', (e) => { if (!req.destroyed && !req._over) req.destroy(e); });
    socket.on('close', () => { if (!req.destroyed && !req._over) req.destroy(coded(Error, 'ECONNRESET', 'socket hang up')); });
    socket.on('timeout', () => { if (!req._over && !req._ms) req.emit('timeout'); });
    req.emit('socket', socket);
    const begin = () => { if (req._ready) req._ready(); };
    const event = socket.encrypted && socket.secureConnecting ? 'secureConnect' : socket.connecting ? 'connect' : null;
    if (!event) { begin(); return; }
    req._waits = true;
    socket.once(event, () => { req._waits = false; begin(); });
  });
}

// options are what natives need to know of such a request.
function options(req, streams, raw, informed) {
  const out = { body: streams, raw, informed };
  if (req.method === 'CONNECT') out.target = req.path;
  if (req._via) {
    const { handle, rest } = require('internal/net').take(req._via, req);
    out.over = handle;
    if (rest) out.rest = rest;
  }
  return out;
}

// listen tells of the answers before the answer; its promise is fulfilled when
// there are no more.
function listen(req) {
  return native.informed(req._h).then((m) => {
    if (m === null || req.destroyed) return undefined;
    const [status, text, raw] = m;
    if (status === 100) req.emit('continue');
    req.emit('information', { statusCode: status, statusMessage: text, httpVersion: '1.1', httpVersionMajor: 1, httpVersionMinor: 1, headers: joined(raw), rawHeaders: raw });
    return listen(req);
  });
}

// upgraded hands the connection to the script.
function upgraded(req, res) {
  const event = req.method === 'CONNECT' ? 'connect' : 'upgrade';
  const { Socket } = require('internal/net');
  const ends = native.detach(req._h);
  const socket = new Socket({ allowHalfOpen: false });
  socket._h = ends.handle;
  socket._ends = ends;
  if (req.protocol === 'https:') socket.encrypted = true;
  req.socket = req.connection = res.socket = res.connection = socket;
  res.complete = true;
  req._via = null;
  req._over = true;
  if (!req.emit(event, res, socket, Buffer.alloc(0))) socket.destroy();
  setImmediate(() => req.emit('close'));
}

// peerOf is getPeerCertificate of a shared connection, known when the answer is.
function peerOf(req) {
  const p = req._h >= 0 ? native.peer(req._h) : undefined;
  if (!p || !p.chain.length) return {};
  return Object.assign({}, p.chain[0], { raw: Buffer.from(p.chain[0].raw) });
}

module.exports = { ask, onSocket, options, listen, upgraded, peerOf };
