'use strict';
// One session with SQL Server, and the options it is made of.
const refuse = (name, advice) => Object.assign(new Error(`option ${name} is not available here: ${advice}`), { code: 'ERR_FEATURE_UNAVAILABLE_ON_PLATFORM' });
const pem = (v) => (v === undefined || v === null ? undefined : Array.isArray(v) ? v.map(pem).join('\n') : typeof v === 'string' ? v : Buffer.from(v).toString());
const text = (v) => (v === undefined || v === null ? '' : String(v));

// targetOf reads the options of tedious. rules: {encrypt, verify} are the defaults.
function targetOf(config, rules) {
  if (!config || typeof config !== 'object') throw new TypeError('The "config" argument is required and must be of type Object.');
  const o = config.options || {}, auth = config.authentication || {}, a = auth.options || {};
  const type = auth.type || (config.domain || a.domain ? 'ntlm' : 'default');
  if (type !== 'default') throw refuse(`authentication.type: ${type}`, 'log in by user name and password (default)');
  if (o.instanceName) throw refuse('options.instanceName', 'the browser service cannot be asked (UDP); give the port of the instance: options.port');
  if (o.localAddress || o.connector) throw refuse('options.localAddress', 'connections are made by the host');
  const encrypt = o.encrypt === undefined ? rules.encrypt : o.encrypt;
  if (encrypt === 'strict') throw refuse("options.encrypt: 'strict'", 'TDS 8.0 is not spoken here; use encrypt: true');
  if (!config.server || typeof config.server !== 'string') throw new TypeError('The "config.server" property is required and must be of type string.');
  if (/^(np|lpc|\\\\)/i.test(config.server) || config.server[0] === '/') throw refuse('server', 'only TCP can be reached: connect by host name and port');
  let tls;
  if (encrypt) {
    const d = o.cryptoCredentialsDetails || {};
    const trust = o.trustServerCertificate === undefined ? !rules.verify && !d.ca : !!o.trustServerCertificate;
    tls = { ca: pem(d.ca), cert: pem(d.cert), key: pem(d.key), insecure: trust, anyname: !rules.verify && o.trustServerCertificate === undefined, servername: o.serverName ? String(o.serverName) : undefined };
  }
  return {
    host: config.server, port: Number(o.port || config.port) || 1433, user: text(a.userName !== undefined ? a.userName : config.userName), password: text(a.password !== undefined ? a.password : config.password),
    database: text(o.database), timeout: Number(o.connectTimeout) || 0, tls, params: { application: text(o.appName) || 'Tedious', intent: o.readOnlyIntent ? 'ReadOnly' : '' },
  };
}

// A Link is a session; one request at a time uses it.
class Link {
  constructor(target) { this.target = target; this.handle = undefined; }
  open() {
    const attempt = (target, hops) => {
      const h = this.handle = native.open();
      let opened;
      try { opened = native.connect(h, target); } catch (err) { opened = Promise.reject(err); }
      return opened.catch((err) => {
        native.end(h);
        if (err.code === 'EROUTE' && hops < 3 && this.handle === h) return attempt(Object.assign({}, target, { host: err.host, port: err.port }), hops + 1);
        throw err;
      });
    };
    return attempt(this.target, 0);
  }
  batch(sql) { try { return native.batch(this.handle, sql); } catch (err) { return Promise.reject(err); } }
  call(procedure, params) { try { return native.call(this.handle, procedure, params); } catch (err) { return Promise.reject(err); } }
  end() { if (this.handle !== undefined) native.end(this.handle); this.handle = undefined; }
  destroy() { if (this.handle !== undefined) native.destroy(this.handle); this.handle = undefined; }
  free() { return native.free(); }
}
module.exports = { Link, targetOf, refuse };
