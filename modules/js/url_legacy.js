// The old url module: parse, format and resolve over Url objects.
'use strict';
const { make, invalidType } = require('internal/errors');
const querystring = require('querystring');
const slashed = new Set(['http', 'https', 'ftp', 'gopher', 'file', 'ws', 'wss']);
const bare = (p) => p ? p.replace(/:$/, '') : '';
const isSlashed = (p) => slashed.has(bare(p));
const hostless = (p) => bare(p) === 'javascript';

class Url {
  constructor() {
    for (const k of ['protocol', 'slashes', 'auth', 'host', 'port', 'hostname', 'hash', 'search', 'query', 'pathname', 'path', 'href']) this[k] = null;
  }
  parse(input, parseQuery, slashesDenoteHost) {
    if (typeof input !== 'string') throw invalidType('url', 'of type string', input);
    split(this, input, parseQuery, slashesDenoteHost);
    return this;
  }
  format() { return join(this); }
  resolve(relative) { return this.resolveObject(parse(relative, false, true)).format(); }
  resolveObject(relative) { return resolveObject(this, typeof relative === 'string' ? parse(relative, false, true) : relative); }
}
const parse = (input, parseQuery, slashesDenoteHost) => input instanceof Url ? input : new Url().parse(input, parseQuery, slashesDenoteHost);

// What the old parser escapes of itself, in path, query and fragment.
const autoEscape = (s) => s.replace(/[\t\n\r "'<>\\^`{|}]/g, (c) => '%' + (c < '\x10' ? '0' : '') + c.charCodeAt(0).toString(16).toUpperCase());

function takeHost(u, rest, input) {
  // The host ends at the first of these; auth is all before the last @ ahead of it.
  let end = rest.search(/[\t\n\r "#%'/;<>?\\^`{|}]/);
  const stop = rest.search(/[#/?]/);
  const at = rest.slice(0, stop < 0 ? rest.length : stop).lastIndexOf('@');
  if (at >= 0) {
    try {
      u.auth = decodeURIComponent(rest.slice(0, at));
    } catch (e) {
      throw make(URIError, 'ERR_INVALID_URI', 'URI malformed');
    }
    rest = rest.slice(at + 1);
    end = rest.search(/[\t\n\r "#%'/;<>?\\^`{|}]/);
  }
  if (end < 0) end = rest.length;
  let host = rest.slice(0, end);
  rest = rest.slice(end);
  const port = /:([0-9]*)$/.exec(host);
  if (port) {
    if (port[1] !== '') u.port = port[1];
    host = host.slice(0, -port[0].length);
  }
  const ipv6 = /^\[.*\]$/.test(host);
  if (host.length > 255) host = '';
  if (!ipv6) {
    // What looks like a port and is none belongs to the path.
    const i = host.indexOf(':');
    if (i >= 0) {
      rest = `/${host.slice(i)}${rest}`;
      host = host.slice(0, i);
    }
    host = host.toLowerCase();
    if (/[\u0080-\uffff]/.test(host)) {
      const ascii = native.domainToASCII(host);
      if (!ascii) throw Object.assign(make(TypeError, 'ERR_INVALID_URL', 'Invalid URL'), { input });
      host = ascii;
    }
    if (/[\0\t\n\r #%/:<>?@[\\\]^|]/.test(host)) throw Object.assign(make(TypeError, 'ERR_INVALID_URL', 'Invalid URL'), { input });
  } else {
    host = host.toLowerCase();
    if (/[\0\t\n\r #%/<>?@\\^|]/.test(host)) throw Object.assign(make(TypeError, 'ERR_INVALID_URL', 'Invalid URL'), { input });
  }
  u.host = host + (u.port ? `:${u.port}` : '');
  u.hostname = ipv6 ? host.slice(1, -1) : host;
  if (ipv6 && rest[0] !== '/') rest = `/${rest}`;
  return rest;
}

function split(u, input, parseQuery, slashesDenoteHost) {
  let rest = input.replace(/^[\s\ufeff]+|[\s\ufeff]+$/g, '');
  // Backslashes before the query are slashes.
  const cut = rest.search(/[?#]/);
  rest = cut < 0 ? rest.replace(/\\/g, '/') : rest.slice(0, cut).replace(/\\/g, '/') + rest.slice(cut);
  if (!slashesDenoteHost && cut !== 0 && !/[#@]/.test(rest)) {
    const simple = /^(\/\/?(?!\/)[^?\s]*)(\?[^\s]*)?$/.exec(rest);
    if (simple) {
      u.path = u.href = rest;
      u.pathname = simple[1];
      if (simple[2]) {
        u.search = simple[2];
        u.query = parseQuery ? querystring.parse(u.search.slice(1)) : u.search.slice(1);
      } else if (parseQuery) {
        u.search = null;
        u.query = Object.create(null);
      }
      return;
    }
  }
  const proto = /^[a-z0-9.+-]+:/i.exec(rest);
  let lower = '';
  if (proto) {
    lower = proto[0].toLowerCase();
    u.protocol = lower;
    rest = rest.slice(proto[0].length);
  }
  let slashes = false;
  if (slashesDenoteHost || proto || /^\/\/[^@/]+@[^@/]+/.test(rest)) {
    slashes = rest.startsWith('//');
    if (slashes && !(proto && hostless(lower))) {
      rest = rest.slice(2);
      u.slashes = true;
    }
  }
  if (!hostless(lower) && (slashes || proto && !isSlashed(proto[0]))) rest = takeHost(u, rest, input);
  if (!hostless(lower)) rest = autoEscape(rest);
  const hash = rest.indexOf('#');
  if (hash >= 0) {
    u.hash = rest.slice(hash);
    rest = rest.slice(0, hash);
  }
  const question = rest.indexOf('?');
  if (question >= 0) {
    u.search = rest.slice(question);
    u.query = rest.slice(question + 1);
    if (parseQuery) u.query = querystring.parse(u.query);
    rest = rest.slice(0, question);
  } else if (parseQuery) {
    u.search = null;
    u.query = Object.create(null);
  }
  if (rest) u.pathname = rest;
  if (isSlashed(lower) && u.hostname && !u.pathname) u.pathname = '/';
  if (u.pathname || u.search) u.path = (u.pathname || '') + (u.search || '');
  u.href = join(u);
}

function join(u) {
  let auth = u.auth || '';
  if (auth) auth = `${encodeURIComponent(auth).replace(/%3A/i, ':')}@`;
  let protocol = u.protocol || '', pathname = u.pathname || '', hash = u.hash || '', host = '', query = '';
  if (u.host) {
    host = auth + u.host;
  } else if (u.hostname) {
    host = auth + (u.hostname.includes(':') && !/^\[.*\]$/.test(u.hostname) ? `[${u.hostname}]` : u.hostname);
    if (u.port) host += `:${u.port}`;
  }
  if (u.query !== null && typeof u.query === 'object') query = querystring.stringify(u.query);
  let search = u.search || query && `?${query}` || '';
  if (protocol && !protocol.endsWith(':')) protocol += ':';
  pathname = pathname.replace(/[#?]/g, encodeURIComponent);
  if (u.slashes || isSlashed(protocol)) {
    if (u.slashes || host) {
      if (pathname && pathname[0] !== '/') pathname = `/${pathname}`;
      host = `//${host}`;
    } else if (/^file:?$/.test(protocol)) {
      host = '//';
    }
  }
  search = search.replace(/#/g, '%23');
  if (hash && hash[0] !== '#') hash = `#${hash}`;
  if (search && search[0] !== '?') search = `?${search}`;
  return protocol + host + pathname + search + hash;
}

const withPath = (u) => {
  if (u.pathname || u.search) u.path = (u.pathname || '') + (u.search || '');
  else u.path = null;
};

function resolveObject(source, relative) {
  const r = Object.assign(new Url(), source);
  r.hash = relative.hash;
  if (relative.href === '') {
    r.href = join(r);
    return r;
  }
  if (relative.slashes && !relative.protocol) {
    for (const k of Object.keys(relative)) if (k !== 'protocol') r[k] = relative[k];
    if (isSlashed(r.protocol) && r.hostname && !r.pathname) r.path = r.pathname = '/';
    r.href = join(r);
    return r;
  }
  if (relative.protocol && relative.protocol !== r.protocol) return otherProtocol(r, relative);
  return mergePaths(r, relative);
}

function otherProtocol(r, relative) {
  if (!isSlashed(relative.protocol)) {
    Object.assign(r, relative);
    r.href = join(r);
    return r;
  }
  r.protocol = relative.protocol;
  if (!relative.host && !/^file:?$/.test(relative.protocol) && !hostless(relative.protocol)) {
    const parts = (relative.pathname || '').split('/');
    while (parts.length && !(relative.host = parts.shift()));
    relative.host = relative.host || '';
    relative.hostname = relative.hostname || '';
    if (parts[0] !== '') parts.unshift('');
    if (parts.length < 2) parts.unshift('');
    r.pathname = parts.join('/');
  } else {
    r.pathname = relative.pathname;
  }
  r.search = relative.search;
  r.query = relative.query;
  r.host = relative.host || '';
  r.auth = relative.auth;
  r.hostname = relative.hostname || relative.host;
  r.port = relative.port;
  withPath(r);
  r.slashes = r.slashes || relative.slashes;
  r.href = join(r);
  return r;
}

function mergePaths(r, relative) {
  const sourceAbs = r.pathname && r.pathname[0] === '/';
  const relAbs = relative.host || relative.pathname && relative.pathname[0] === '/';
  let mustEndAbs = relAbs || sourceAbs || r.host && relative.pathname;
  const removeAll = mustEndAbs;
  let path = r.pathname ? r.pathname.split('/') : [];
  const relPath = relative.pathname ? relative.pathname.split('/') : [];
  const noLead = r.protocol && !isSlashed(r.protocol);
  if (noLead) {
    // Such a URL keeps its host as if it were the first segment.
    r.hostname = '';
    r.port = null;
    if (r.host) {
      if (path[0] === '') path[0] = r.host;
      else path.unshift(r.host);
    }
    r.host = '';
    if (relative.protocol) {
      relative.hostname = null;
      relative.port = null;
      r.auth = null;
      if (relative.host) {
        if (relPath[0] === '') relPath[0] = relative.host;
        else relPath.unshift(relative.host);
      }
      relative.host = null;
    }
    mustEndAbs = mustEndAbs && (relPath[0] === '' || path[0] === '');
  }
  if (relAbs) {
    if (relative.host || relative.host === '') {
      if (r.host !== relative.host) r.auth = null;
      r.host = relative.host;
      r.port = relative.port;
    }
    if (relative.hostname || relative.hostname === '') {
      if (r.hostname !== relative.hostname) r.auth = null;
      r.hostname = relative.hostname;
    }
    r.search = relative.search;
    r.query = relative.query;
    path = relPath;
  } else if (relPath.length) {
    path.pop();
    path = path.concat(relPath);
    r.search = relative.search;
    r.query = relative.query;
  } else if (relative.search !== null && relative.search !== undefined) {
    if (noLead) {
      r.hostname = r.host = path.shift();
      authFromHost(r);
    }
    r.search = relative.search;
    r.query = relative.query;
    withPath(r);
    r.href = join(r);
    return r;
  }
  if (!path.length) {
    r.pathname = null;
    r.path = r.search ? `/${r.search}` : null;
    r.href = join(r);
    return r;
  }
  path = removeDots(path, r, relative, mustEndAbs, removeAll);
  const isAbs = path[0] === '' || path[0] && path[0][0] === '/';
  if (noLead) {
    r.hostname = r.host = isAbs ? '' : path.length ? path.shift() : '';
    authFromHost(r);
  }
  mustEndAbs = mustEndAbs || r.host && path.length;
  if (mustEndAbs && !isAbs) path.unshift('');
  r.pathname = path.length ? path.join('/') : null;
  withPath(r);
  r.auth = relative.auth || r.auth;
  r.slashes = r.slashes || relative.slashes;
  r.href = join(r);
  return r;
}

const authFromHost = (r) => {
  const i = r.host ? r.host.indexOf('@') : -1;
  if (i > 0) {
    r.auth = r.host.slice(0, i);
    r.host = r.hostname = r.host.slice(i + 1);
  }
};

function removeDots(path, r, relative, mustEndAbs, removeAll) {
  const last = path[path.length - 1];
  const trailing = (r.host || relative.host || path.length > 1) && (last === '.' || last === '..') || last === '';
  const out = [];
  let up = 0;
  for (let i = path.length - 1; i >= 0; i--) {
    if (path[i] === '.') continue;
    if (path[i] === '..') up++;
    else if (up) up--;
    else out.unshift(path[i]);
  }
  if (!mustEndAbs && !removeAll) while (up--) out.unshift('..');
  if (mustEndAbs && out[0] !== '' && (!out[0] || out[0][0] !== '/')) out.unshift('');
  if (trailing && !out.join('/').endsWith('/')) out.push('');
  return out;
}

function format(u, options) {
  if (typeof u === 'string') u = parse(u);
  else if (typeof u !== 'object' || u === null) throw invalidType('urlObject', 'one of type object or string', u);
  else if (!(u instanceof Url)) {
    const { URL } = require('internal/url');
    if (u instanceof URL) {
      const { fragment = true, unicode = false, search = true, auth = true } = options || {};
      const c = new URL(u.href);
      if (!fragment) c.hash = '';
      if (!search) c.search = '';
      if (!auth) { c.username = ''; c.password = ''; }
      return unicode ? c.href.replace(c.hostname, native.domainToUnicode(c.hostname)) : c.href;
    }
    return join(u);
  }
  return u.format();
}

module.exports = {
  Url, parse, format,
  resolve: (from, to) => parse(from, false, true).resolve(to),
  resolveObject: (from, to) => from ? parse(from, false, true).resolveObject(to) : to,
};
