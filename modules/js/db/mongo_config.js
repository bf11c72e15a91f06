'use strict';
// From connection strings and options to where to connect. Only the options that
// are read here have any effect; those that would need files are refused.
const refuse = (name, advice) => Object.assign(new Error(`option ${name} is not available here: ${advice}`), { code: 'ERR_FEATURE_UNAVAILABLE_ON_PLATFORM' });
const decode = (s) => { try { return decodeURIComponent(s); } catch (err) { return s; } };
const pem = (v) => (v === undefined || v === null ? undefined : Array.isArray(v) ? v.map(pem).join('\n') : typeof v === 'string' ? v : Buffer.from(v).toString());
const bad = (text) => Object.assign(new Error(text), { parse: true });

// parse reads mongodb[+srv]://user:password@host:port,…/database?option=value.
function parse(uri) {
  const m = /^(mongodb(?:\+srv)?):\/\/(?:([^/?@]*(?:@(?=[^/?]*@)[^/?@]*)*)@)?([^/?]*)(?:\/([^?]*))?(?:\?(.*))?$/.exec(String(uri));
  if (!m) throw bad('Invalid scheme, expected connection string to start with "mongodb://" or "mongodb+srv://"');
  const out = { srv: m[1] === 'mongodb+srv', options: {}, hosts: [], database: m[4] ? decode(m[4]) : undefined };
  if (m[2] !== undefined) {
    const at = m[2].indexOf(':');
    out.user = decode(at < 0 ? m[2] : m[2].slice(0, at));
    if (at >= 0) out.password = decode(m[2].slice(at + 1));
    if (m[2] && !out.user) throw bad('URI contained empty userinfo section');
  }
  for (const h of m[3].split(',')) {
    const p = /^(\[[^\]]*\]|[^:]*)(?::(\d+))?$/.exec(h);
    if (/%2f|\.sock$/i.test(h)) throw refuse('host', 'unix sockets cannot be reached; connect by host name and port');
    if (!p || !p[1]) throw bad(`Unable to parse the host "${h}" of the connection string: hosts have the form name:port, and special characters in user names and passwords are written as %..`);
    out.hosts.push({ host: decode(p[1].replace(/^\[|\]$/g, '')), port: p[2] ? Number(p[2]) : 27017 });
  }
  if (out.srv && (out.hosts.length !== 1 || /:\d+$/.test(m[3]))) throw bad('mongodb+srv URI can have only one host name, and no port');
  for (const pair of (m[5] || '').split('&')) {
    const at = pair.indexOf('=');
    if (at > 0) out.options[decode(pair.slice(0, at))] = decode(pair.slice(at + 1));
  }
  return out;
}

const files = 'there are no files here; give the text (PEM) with option ';
const forbidden = {
  tlscafile: files + 'ca', tlscertificatekeyfile: files + 'cert and key', tlscertificatefile: files + 'cert', tlscrlfile: files + 'ca', sslcapath: files + 'ca',
  loadbalanced: 'load balanced deployments are not spoken here', proxyhost: 'connections are made by the host', autoencryption: 'encryption of fields is not available here',
};
const yes = (v) => v === true || v === 'true' || v === 1 || v === '1';
const no = (v) => v === false || v === 'false' || v === 0 || v === '0';

// read returns the settings of a client. Options count before the string's.
function read(uri, given) {
  const u = parse(uri), o = {};
  const put = (from) => { for (const k of Object.keys(from || {})) o[k.toLowerCase()] = from[k]; };
  put(u.options);
  if (given) { put(given.server && given.server.socketOptions); put(given.server); put(given.mongos); put(given.replset || given.replSet); put(given.db); put(given); }
  for (const k of Object.keys(forbidden)) if (o[k] !== undefined && o[k] !== null && !no(o[k])) throw refuse(k, forbidden[k]);
  for (const k of ['sslcert', 'sslkey', 'sslca']) if (typeof u.options[k] === 'string') throw refuse(k, files + k);
  const auth = o.auth || {};
  const user = auth.username !== undefined ? auth.username : auth.user !== undefined ? auth.user : u.user;
  const password = auth.password !== undefined ? auth.password : u.password;
  const ssl = yes(o.tls) || yes(o.ssl) || u.srv && !no(o.tls) && !no(o.ssl) && o.tls !== false;
  let tls;
  if (ssl) {
    tls = { ca: pem(o.ca || o.sslca || o.tlsca), cert: pem(o.cert || o.sslcert), key: pem(o.key || o.sslkey), servername: o.servername ? String(o.servername) : undefined };
    tls.insecure = yes(o.tlsinsecure) || yes(o.tlsallowinvalidcertificates) || no(o.sslvalidate) || no(o.rejectunauthorized);
    tls.anyname = yes(o.tlsallowinvalidhostnames) || o.checkserveridentity === false || typeof o.checkserveridentity === 'function';
  }
  const wait = Math.min(...[o.connecttimeoutms, o.serverselectiontimeoutms].map(Number).filter((n) => n > 0), 10000);
  const concern = {};
  if (o.w !== undefined) concern.w = /^\d+$/.test(o.w) ? Number(o.w) : o.w;
  if (o.j !== undefined || o.journal !== undefined) concern.j = yes(o.j) || yes(o.journal);
  if (o.wtimeout !== undefined || o.wtimeoutms !== undefined) concern.wtimeout = Number(o.wtimeout || o.wtimeoutms);
  const wc = o.writeconcern && typeof o.writeconcern === 'object' ? Object.assign({}, o.writeconcern) : concern;
  const preference = o.readpreference && (typeof o.readpreference === 'object' ? o.readpreference.mode || o.readpreference.preference : String(o.readpreference));
  const codec = {};
  for (const [k, name] of [['promotelongs', 'promoteLongs'], ['promotevalues', 'promoteValues'], ['promotebuffers', 'promoteBuffers'], ['bsonregexp', 'bsonRegExp'], ['usebigint64', 'useBigInt64']]) if (o[k] !== undefined) codec[name] = o[k];
  return {
    srv: u.srv ? u.hosts[0].host : undefined, hosts: u.hosts, database: u.database || (given && given.dbName) || undefined, user, replicaSet: o.replicaset,
    direct: yes(o.directconnection), preference: preference && preference !== 'primary' ? preference : undefined, concern: Object.keys(wc).length ? wc : undefined,
    codec, ignoreUndefined: o.ignoreundefined, tls, timeout: wait, source: o.authsource || (auth.source || undefined), srvService: o.srvservicename || 'mongodb', ssl,
    target: {
      user: user === undefined || user === null ? '' : String(user), password: password === undefined || password === null ? '' : String(password), timeout: wait,
      params: { mechanism: o.authmechanism ? String(o.authmechanism).toUpperCase().replace('DEFAULT', '') : '', application: o.appname ? String(o.appname) : '' },
    },
    explicitSource: o.authsource,
  };
}

// resolve looks up the hosts of mongodb+srv.
function resolve(c) {
  if (!c.srv) return Promise.resolve(c);
  const dns = require('dns').promises;
  const parts = c.srv.split('.');
  if (parts.length < 3) return Promise.reject(bad('URI must include hostname, domain name, and tld'));
  const parent = '.' + parts.slice(1).join('.');
  return dns.resolveSrv(`_${c.srvService}._tcp.${c.srv}`).then((found) => {
    for (const a of found) if (!a.name.endsWith(parent)) throw bad('Server record does not share hostname with parent URI');
    const hosts = found.map((a) => ({ host: a.name, port: a.port }));
    return dns.resolveTxt(c.srv).then((texts) => {
      if (texts.length > 1) throw bad('Multiple text records not allowed');
      const extra = {};
      for (const pair of texts[0].join('').split('&')) { const at = pair.indexOf('='); if (at > 0) extra[pair.slice(0, at)] = pair.slice(at + 1); }
      for (const k of Object.keys(extra)) if (!['authSource', 'replicaSet', 'loadBalanced'].includes(k)) throw bad("Text record may only set any of: authSource, replicaSet, loadBalanced");
      return extra;
    }, (err) => { if (err.parse || !/^(ENODATA|ENOTFOUND)$/.test(err.code)) throw err; return {}; }).then((extra) => Object.assign({}, c, { hosts, source: c.source || extra.authSource, replicaSet: c.replicaSet || extra.replicaSet }));
  });
}

module.exports = { parse, read, resolve, refuse };
