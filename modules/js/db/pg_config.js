'use strict';
// From what scripts give to where to connect. Only the options that are read
// here have any effect; those that would need files or sockets are refused.
const refuse = (name, advice) => Object.assign(new Error(`option ${name} is not available here: ${advice}`), { code: 'ERR_FEATURE_UNAVAILABLE_ON_PLATFORM' });
const files = 'there are no files here; give certificates and keys as PEM text in option ssl: {ca, cert, key}';

const decode = (s) => { if (s.indexOf('%') < 0) return s; try { return decodeURIComponent(s); } catch (err) { return s; } };

// parse reads postgres://user:password@host:port/database?option=value.
function parse(text) {
  const address = typeof text === 'string' ? native.address(text) : undefined;
  if (address !== undefined) return address;
  text = String(text).trim();
  if (text[0] === '/' || /^(socket|unix):/i.test(text)) throw refuse('host', 'unix sockets cannot be reached; connect by host name and port');
  const m = /^(?:[a-z][a-z0-9+.-]*:)?\/\/(?:([^/?#]*)@)?(\[[^\]]*\]|[^:/?#]*)(?::(\d*))?(?:\/([^?#]*))?(?:\?([^#]*))?(?:#.*)?$/i.exec(text);
  if (!m) throw Object.assign(new TypeError('the connection string is not of the form postgres://user:password@host:port/database'), { code: 'ERR_INVALID_URL' });
  const out = {};
  if (m[5]) for (const pair of m[5].split('&')) {
    const at = pair.indexOf('=');
    if (at > 0) out[decode(pair.slice(0, at))] = decode(pair.slice(at + 1).replace(/\+/g, ' '));
  }
  if (m[1] !== undefined) {
    const at = m[1].indexOf(':');
    out.user = decode(at < 0 ? m[1] : m[1].slice(0, at));
    if (at >= 0) out.password = decode(m[1].slice(at + 1));
  }
  if (m[2] && !out.host) out.host = decode(m[2][0] === '[' ? m[2].slice(1, -1) : m[2]);
  if (m[3]) out.port = m[3];
  if (m[4]) out.database = decode(m[4]);
  else if (out.dbname) out.database = out.dbname;
  return out;
}

const truthy = (v) => v === true || v === 'true' || v === '1' || v === 1;

// sslOf turns what was said about TLS into false, true or an object.
function sslOf(c, verify) {
  let ssl = c.ssl;
  if (ssl === undefined && c.sslmode !== undefined) {
    switch (c.sslmode) {
      case 'disable': case 'allow': ssl = false; break;
      case 'no-verify': ssl = { rejectUnauthorized: false }; break;
      case 'verify-ca': case 'verify-full': ssl = { rejectUnauthorized: true }; break;
      case 'prefer': ssl = verify; break;
      default: ssl = true;
    }
  }
  if (typeof ssl === 'string') {
    if (ssl === 'no-verify') return { rejectUnauthorized: false };
    ssl = !(ssl === '' || ssl === '0' || ssl === 'false' || ssl === 'disable');
  }
  return ssl || false;
}

const pem = (v) => (v === undefined || v === null ? undefined : Array.isArray(v) ? v.map(pem).join('\n') : typeof v === 'string' ? v : Buffer.from(v).toString());

function tlsOf(ssl, verify) {
  if (!ssl) return undefined;
  const o = ssl === true ? {} : ssl;
  if (o.pfx !== undefined) throw refuse('ssl.pfx', 'give cert and key in PEM');
  const tls = { ca: pem(o.ca), cert: pem(o.cert), key: pem(o.key) };
  if (o.servername) tls.servername = String(o.servername);
  const reject = o.rejectUnauthorized;
  tls.insecure = reject === false || !verify && reject === undefined && !tls.ca;
  // Whoever brings a check of the name, or one from before names were checked,
  // has the chain verified only.
  tls.anyname = typeof o.checkServerIdentity === 'function' || !verify && reject === undefined;
  return tls;
}

const number = (v) => (v === undefined || v === null || v === '' ? undefined : Number(v));

const refused = ['service', 'servicefile', 'passfile', 'sslcert', 'sslkey', 'sslrootcert', 'sslpassword', 'replication', 'krbsrvname', 'stream'];

const parameters = ['application_name', 'options', 'statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout'];
const pick = (c, defaults, k) => (c[k] !== undefined && c[k] !== null ? c[k] : defaults[k]);

// read gives {fields, target}: what the client shows, and what the host needs.
function read(config, defaults, verify) {
  let c = typeof config === 'string' ? { connectionString: config } : config || {};
  if (c.connectionString !== undefined && c.connectionString !== null) c = Object.assign({}, c, parse(c.connectionString));
  else if (c.url) c = Object.assign({}, c, parse(c.url));
  for (let i = 0; i < refused.length; i++) {
    const k = refused[i];
    if (c[k] !== undefined && c[k] !== null && c[k] !== false) throw refuse(k, k.startsWith('ssl') || k.includes('file') || k === 'service' ? files : 'connections are made by the host');
  }
  const user = pick(c, defaults, 'user');
  const database = pick(c, defaults, 'database') || user;
  const host = String(pick(c, defaults, 'host') || 'localhost');
  if (host[0] === '/') throw refuse('host', 'unix sockets cannot be reached; connect by host name and port');
  const port = Number(pick(c, defaults, 'port') || 5432);
  const ssl = sslOf(c.ssl === undefined && c.sslmode === undefined ? { ssl: defaults.ssl } : c, verify);
  const params = {};
  for (let i = 0; i < parameters.length; i++) {
    const k = parameters[i];
    let v = pick(c, defaults, k);
    if (i === 0 && !v) v = pick(c, defaults, 'fallback_application_name');
    if (v !== undefined && v !== null && v !== false && v !== '') params[k] = String(v);
  }
  let timeout = number(c.connectionTimeoutMillis);
  if (!timeout && c.connect_timeout) timeout = number(c.connect_timeout) * 1000;
  return {
    user, database, host, port, ssl, password: pick(c, defaults, 'password'), timeout,
    queryTimeout: number(c.query_timeout) || 0,
    target: { host, port, user: user === undefined ? '' : String(user), database: database === undefined ? '' : String(database), timeout, tls: tlsOf(ssl, verify), params },
  };
}
module.exports = { parse, read, truthy };
