'use strict';
// Agents. Requests of an agent that nobody changed share the host's connections,
// which are pooled and kept alive for all requests of the tenant. One that makes
// its own sockets (a subclass, a proxy's agent) is asked for a socket.
const EventEmitter = require('events');

function Agent(options) {
  if (!(this instanceof Agent)) return new Agent(options);
  EventEmitter.call(this);
  this.options = Object.assign({ noDelay: true, path: null }, options);
  this.defaultPort = this.options.defaultPort || 80;
  this.protocol = this.options.protocol || 'http:';
  this.requests = {};
  this.sockets = {};
  this.freeSockets = {};
  this.keepAlive = Boolean(this.options.keepAlive);
  this.keepAliveMsecs = this.options.keepAliveMsecs || 1000;
  this.maxSockets = this.options.maxSockets || Agent.defaultMaxSockets;
  this.maxFreeSockets = this.options.maxFreeSockets || 256;
  this.maxTotalSockets = this.options.maxTotalSockets || Infinity;
  this.scheduling = this.options.scheduling || 'lifo';
  this.totalSocketCount = 0;
  // Requests under way and waiting, by name, where maxSockets is not endless.
  Object.defineProperty(this, '_busy', { value: new Map() });
}
Object.setPrototypeOf(Agent.prototype, EventEmitter.prototype);
Object.setPrototypeOf(Agent, EventEmitter);
Agent.defaultMaxSockets = Infinity;

function SecureAgent(options) {
  if (!(this instanceof SecureAgent)) return new SecureAgent(options);
  Agent.call(this, Object.assign({ defaultPort: 443, protocol: 'https:' }, options));
  this.maxCachedSessions = this.options.maxCachedSessions === undefined ? 100 : this.options.maxCachedSessions;
}
Object.setPrototypeOf(SecureAgent.prototype, Agent.prototype);
Object.setPrototypeOf(SecureAgent, Agent);

const methods = {
  getName(o) {
    o = o || {};
    return `${o.host || 'localhost'}:${o.port || ''}:${o.localAddress || ''}${o.family === 4 || o.family === 6 ? ':' + o.family : ''}${o.socketPath ? ':' + o.socketPath : ''}`;
  },
  createConnection(...args) { return require('net').connect(...args); },
  createSocket(req, options, callback) {
    let over = false;
    const done = (err, socket) => { if (!over) { over = true; callback(err, socket); } };
    let socket;
    try { socket = this.createConnection(options, done); } catch (err) { done(err); }
    if (socket) done(null, socket);
  },
  addRequest(req, options) {
    if (isPlain(this) && !options.createConnection) { req._useHost(); return; }
    this.createSocket(req, options, (err, socket) => req.onSocket(socket, err));
  },
  keepSocketAlive: () => false,
  reuseSocket() {},
  removeSocket() {},
  destroy() {},
  // _enter calls go when the request may start; _leave is for its end.
  _enter(name, go) {
    if (this.maxSockets === Infinity) return go();
    const b = this._busy.get(name) || { running: 0, waiting: [] };
    this._busy.set(name, b);
    if (b.running < this.maxSockets) { b.running++; go(); } else b.waiting.push(go);
  },
  _leave(name) {
    const b = this._busy.get(name);
    if (!b) return;
    const next = b.waiting.shift();
    if (next) next();
    else if (--b.running === 0) this._busy.delete(name);
  },
};
for (const k of Object.keys(methods)) Object.defineProperty(Agent.prototype, k, { value: methods[k], writable: true, configurable: true });
const secure = {
  createConnection(...args) { return require('tls').connect(...args); },
  getName(o) {
    o = o || {};
    let name = Agent.prototype.getName.call(this, o);
    for (const k of ['ca', 'cert', 'clientCertEngine', 'ciphers', 'key', 'pfx', 'rejectUnauthorized', 'servername', 'minVersion', 'maxVersion', 'secureProtocol', 'crl', 'honorCipherOrder', 'ecdhCurve', 'dhparam', 'secureOptions', 'sessionIdContext']) {
      name += ':' + (o[k] === undefined || k === 'servername' && o[k] === o.host ? '' : o[k]);
    }
    return name;
  },
};
for (const k of Object.keys(secure)) Object.defineProperty(SecureAgent.prototype, k, { value: secure[k], writable: true, configurable: true });

// isPlain tells whether the agent makes its connections as the original does.
const isPlain = (a) => a.addRequest === Agent.prototype.addRequest && a.createSocket === Agent.prototype.createSocket &&
  (a.createConnection === methods.createConnection || a.createConnection === secure.createConnection);

const globalAgents = { 'http:': new Agent({ keepAlive: true, scheduling: 'lifo', timeout: 5000 }), 'https:': new SecureAgent({ keepAlive: true, scheduling: 'lifo', timeout: 5000 }) };
module.exports = { Agent, SecureAgent, globalAgents, isPlain };
