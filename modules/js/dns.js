'use strict';
// Names are looked up by the node. It tells no address that it would not dial.
const { make, invalidType, invalidValue } = require('internal/errors');
const names = require('internal/dns_names');

const codes = {};
for (const k of 'NODATA FORMERR SERVFAIL NOTFOUND NOTIMP REFUSED BADQUERY BADNAME BADFAMILY BADRESP CONNREFUSED TIMEOUT EOF FILE NOMEM DESTRUCTION BADSTR BADFLAGS NONAME BADHINTS NOTINITIALIZED LOADIPHLPAPI ADDRGETNETWORKPARAMS CANCELLED'.split(' ')) codes[k] = 'E' + k;

// noted remembers whose address it was: net dials the name then, as the policy
// may be about the name.
const noted = (name, list) => {
  if (names.size > 1000) names.clear();
  for (const [address] of list) if (address !== name) names.set(address, name);
  return list;
};

// Where only a proxy looks names up, a name gets an address that stands for it
// here, of the block that is for tests of networks (198.18.0.0/15).
let made = 0;
const standIn = (name) => {
  for (const [address, of] of names) if (of === name) return address;
  made = made % 130000 + 1;
  return `198.${18 + (made >> 16)}.${(made >> 8) & 255}.${made & 255}`;
};

const families = { 0: 0, 4: 4, 6: 6, IPv4: 4, IPv6: 6 };
function find(name, options) {
  if (name === undefined || name === null || name === '' || name === false) return Promise.resolve(options.all ? [] : [null, options.family === 6 ? 6 : 4]);
  if (typeof name !== 'string') throw invalidType('hostname', 'of type string', name);
  const family = options.family === undefined ? 0 : families[options.family];
  if (family === undefined) throw make(TypeError, 'ERR_INVALID_ARG_VALUE', `The property 'options.family' must be one of: 0, 4, 6. Received ${options.family}`);
  return native.lookup(name, family).then((list) => noted(name, list), (err) => {
    if (err.code === 'EPROXIED' && family !== 6) return noted(name, [[standIn(name), 4]]);
    throw err;
  });
}
const optionsOf = (o) => (typeof o === 'number' || typeof o === 'string' ? { family: o } : o || {});

function lookup(name, options, callback) {
  if (typeof options === 'function') { callback = options; options = undefined; }
  if (typeof callback !== 'function') throw invalidType('callback', 'of type function', callback);
  const o = optionsOf(options);
  find(name, o).then((list) => {
    if (o.all) callback(null, list.map(([address, family]) => ({ address, family })));
    else if (Array.isArray(list[0])) callback(null, list[0][0], list[0][1]);
    else callback(null, list[0], list[1]);
  }, (err) => callback(err)).catch(thrown);
}
// thrown lets what a callback threw end the script, as in Node.js.
const thrown = (err) => setImmediate(() => { throw err; });

const kinds = { resolve4: 'A', resolve6: 'AAAA', resolveMx: 'MX', resolveTxt: 'TXT', resolveSrv: 'SRV', resolveNs: 'NS', resolveCname: 'CNAME', resolvePtr: 'PTR', resolveSoa: 'SOA', resolveNaptr: 'NAPTR', resolveCaa: 'CAA', resolveTlsa: 'TLSA', resolveAny: 'ANY', reverse: 'PTR' };
function query(kind, name, options) {
  if (typeof name !== 'string') throw invalidType('name', 'of type string', name);
  return new Promise((resolve) => resolve(native.resolve(kind, name))).then((list) => {
    if (kind !== 'A' && kind !== 'AAAA') return list;
    noted(name, list.map((a) => [a]));
    // How long an answer may be kept is not known here: not at all.
    return options && options.ttl ? list.map((address) => ({ address, ttl: 0 })) : list;
  });
}

const answering = (promise, callback) => promise.then((v) => callback(null, v), (err) => callback(err)).catch(thrown);
const api = {}, promised = {};
for (const [method, kind] of Object.entries(kinds)) {
  api[method] = (name, options, callback) => {
    if (typeof options === 'function') { callback = options; options = undefined; }
    if (typeof callback !== 'function') throw invalidType('callback', 'of type function', callback);
    answering(query(kind, name, options), callback);
  };
  promised[method] = (name, options) => query(kind, name, options);
}
api.resolve = (name, kind, callback) => {
  if (typeof kind === 'function') { callback = kind; kind = 'A'; }
  if (typeof callback !== 'function') throw invalidType('callback', 'of type function', callback);
  if (typeof kind !== 'string') throw invalidType('rrtype', 'of type string', kind);
  answering(query(kind, name), callback);
};
promised.resolve = (name, kind = 'A') => query(kind, name);
promised.lookup = (name, options) => {
  const o = optionsOf(options);
  return find(name, o).then((list) => {
    if (o.all) return list.map(([address, family]) => ({ address, family }));
    const [address, family] = Array.isArray(list[0]) ? list[0] : list;
    return { address, family };
  });
};

let order = 'verbatim';
const shared = {
  getServers: () => [],
  setServers() { throw make(Error, 'ERR_FEATURE_UNAVAILABLE_ON_PLATFORM', 'dns.setServers is not available here: names are looked up by the node, with its own servers'); },
  getDefaultResultOrder: () => order,
  setDefaultResultOrder(o) {
    if (!['verbatim', 'ipv4first', 'ipv6first'].includes(o)) throw invalidValue('dnsOrder', o, "must be one of: 'verbatim', 'ipv4first', 'ipv6first'");
    order = o;
  },
};
const resolverOf = (methods) => class Resolver {
  constructor() { Object.assign(this, methods); }
  cancel() {}
  getServers() { return []; }
  setServers() { shared.setServers(); }
  setLocalAddress() {}
};
const promises = Object.assign(promised, shared);
const Resolver = resolverOf(api);
promises.Resolver = resolverOf(Object.fromEntries(Object.keys(kinds).concat('resolve').map((k) => [k, promised[k]])));

const services = { 21: 'ftp', 22: 'ssh', 25: 'smtp', 53: 'domain', 80: 'http', 110: 'pop3', 143: 'imap', 389: 'ldap', 443: 'https', 465: 'submissions', 587: 'submission', 636: 'ldaps', 993: 'imaps', 995: 'pop3s' };
function lookupService(address, port, callback) {
  if (typeof callback !== 'function') throw invalidType('callback', 'of type function', callback);
  query('PTR', address).then((list) => callback(null, list[0], services[port] || String(port)), (err) => callback(err)).catch(thrown);
}

module.exports = Object.assign({ lookup, lookupService, Resolver, promises, ADDRCONFIG: 1024, V4MAPPED: 2048, ALL: 256 }, api, shared, codes);
Object.assign(promises, codes);
