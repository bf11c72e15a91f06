'use strict';
// From what scripts give to where to connect. Only the options that are read
// here have any effect; those that would need files or sockets are refused.
const refuse = (name, advice) => Object.assign(new Error(`option ${name} is not available here: ${advice}`), { code: 'ERR_FEATURE_UNAVAILABLE_ON_PLATFORM' });
const decode = (s) => { try { return decodeURIComponent(s); } catch (err) { return s; } };

function parseUrl(text) {
  const m = /^[a-z][a-z0-9+.-]*:\/\/(?:([^/?#]*)@)?(\[[^\]]*\]|[^:/?#]*)(?::(\d*))?(?:\/([^?#]*))?(?:\?([^#]*))?(?:#.*)?$/i.exec(String(text).trim());
  if (!m) throw Object.assign(new TypeError('the connection string is not of the form mysql://user:password@host:port/database'), { code: 'ERR_INVALID_URL' });
  const out = {};
  if (m[1] !== undefined) {
    const at = m[1].indexOf(':');
    out.user = decode(at < 0 ? m[1] : m[1].slice(0, at));
    if (at >= 0) out.password = decode(m[1].slice(at + 1));
  }
  if (m[2]) out.host = decode(m[2].replace(/^\[|\]$/g, ''));
  if (m[3]) out.port = Number(m[3]);
  if (m[4]) out.database = decode(m[4]);
  for (const pair of (m[5] || '').split('&')) {
    const at = pair.indexOf('=');
    if (at <= 0) continue;
    const v = decode(pair.slice(at + 1).replace(/\+/g, ' '));
    try { out[decode(pair.slice(0, at))] = JSON.parse(v); } catch (err) { out[decode(pair.slice(0, at))] = v; }
  }
  return out;
}

const pem = (v) => (v === undefined || v === null ? undefined : Array.isArray(v) ? v.map(pem).join('\n') : typeof v === 'string' ? v : Buffer.from(v).toString());

function tlsOf(ssl) {
  if (!ssl) return undefined;
  if (typeof ssl === 'string') {
    try { ssl = JSON.parse(ssl); } catch (err) { throw refuse(`ssl: '${ssl}'`, 'certificates of providers are not built in; give the authority as PEM text: ssl: {ca: …}'); }
  }
  if (ssl === true) ssl = {};
  if (ssl.pfx !== undefined) throw refuse('ssl.pfx', 'give cert and key in PEM');
  const tls = { ca: pem(ssl.ca), cert: pem(ssl.cert), key: pem(ssl.key), insecure: ssl.rejectUnauthorized === false };
  if (ssl.servername) tls.servername = String(ssl.servername);
  // The originals verify who issued the certificate, and its name only if asked.
  tls.anyname = !!tls.ca && !ssl.verifyIdentity;
  return tls;
}

// Only these collations are spoken: text is UTF-8 on both sides.
const collations = { UTF8MB4_GENERAL_CI: 45, UTF8MB4_BIN: 46, UTF8MB4_UNICODE_CI: 224 };

function hasFlag(flags, name) {
  const list = Array.isArray(flags) ? flags : typeof flags === 'string' ? flags.split(/[\s,]+/) : [];
  let state;
  for (const f of list) {
    const bare = String(f).replace(/^[+-]/, '').toUpperCase();
    if (bare === name) state = String(f)[0] !== '-';
  }
  return state;
}

const forbidden = {
  socketPath: 'unix sockets cannot be reached; connect by host and port', stream: 'connections are made by the host', infileStreamFactory: 'there are no files here',
  authSwitchHandler: 'logins are made by the host', authPlugins: 'logins are made by the host', localInfile: 'there are no files here',
  passwordSha1: 'give the password', allowAllFiles: 'there are no files here',
};

// read returns the options with their defaults, and `target` for the host.
function read(given, two) {
  let o = typeof given === 'string' ? parseUrl(given) : Object.assign({}, given);
  if (o.uri) o = Object.assign(parseUrl(o.uri), o);
  for (const k of Object.keys(forbidden)) if (o[k] !== undefined && o[k] !== null && o[k] !== false) throw refuse(k, forbidden[k]);
  if (hasFlag(o.flags, 'LOCAL_FILES')) throw refuse('flags: LOCAL_FILES', forbidden.localInfile);
  const c = {
    host: o.host || 'localhost', port: (typeof o.port === 'string' ? parseInt(o.port, 10) : o.port) || 3306,
    user: o.user === undefined || o.user === null ? (o.username === undefined ? undefined : o.username) : o.user, database: o.database,
    connectTimeout: o.connectTimeout === undefined ? 10000 : o.connectTimeout, timezone: o.timezone || 'local', typeCast: o.typeCast === undefined ? true : o.typeCast,
    supportBigNumbers: !!o.supportBigNumbers, bigNumberStrings: !!o.bigNumberStrings, dateStrings: o.dateStrings || false, stringifyObjects: !!o.stringifyObjects,
    multipleStatements: !!o.multipleStatements, queryFormat: o.queryFormat, charset: o.charset, ssl: o.ssl || false,
    decimalNumbers: !!o.decimalNumbers, namedPlaceholders: !!o.namedPlaceholders, rowsAsArray: !!o.rowsAsArray, nestTables: o.nestTables,
  };
  if (String(c.host)[0] === '/') throw refuse('host', forbidden.socketPath);
  let password = o.password;
  if (password === undefined || password === null) password = o.pass === undefined || o.pass === null ? o.password1 : o.pass;
  if (c.timezone[0] === ' ') c.timezone = '+' + c.timezone.slice(1);
  const name = String(c.charset || '').toUpperCase();
  const collation = collations[name] ? name : two ? 'UTF8MB4_UNICODE_CI' : 'UTF8MB4_GENERAL_CI';
  Object.defineProperty(c, 'password', { value: password, writable: true, enumerable: false, configurable: true });
  Object.defineProperty(c, 'target', { enumerable: false, value: {
    host: String(c.host), port: Number(c.port), user: c.user === undefined || c.user === null ? '' : String(c.user),
    password: password === undefined || password === null ? '' : String(password), database: c.database === undefined || c.database === null ? '' : String(c.database),
    timeout: Number(c.connectTimeout) || 0, tls: tlsOf(c.ssl), number: collations[collation],
    multiple: c.multipleStatements, changed: hasFlag(o.flags, 'FOUND_ROWS') === false,
  } });
  return c;
}
module.exports = { read, parseUrl };
