'use strict';
// The clients of the package auth0. Generations 2 and 3 give the data itself,
// with a Promise or a callback; generation 4 gives {data, status, statusText,
// headers} with a Promise.
const tables = require('internal/compat/auth0_tables');

const classOf = (name, init) => {
  const f = function (...args) {
    Object.defineProperty(this, 'name', { value: name, writable: true, configurable: true });
    init.apply(this, args);
    Object.defineProperty(this, 'stack', { value: this.name + ': ' + this.message + String(new Error().stack).replace(/^[^\n]*/, ''), writable: true, configurable: true });
  };
  f.prototype = Object.create(Error.prototype, { constructor: { value: f, writable: true, configurable: true } });
  return f;
};
const text = function (message) { this.message = message; };
const ArgumentError = classOf('ArgumentError', text), RequiredError = classOf('RequiredError', function (field, m) { this.field = field; this.message = m; });
const FetchError = classOf('FetchError', function (cause, m) { this.cause = cause; this.message = m; if (cause && cause.code) this.code = cause.code; });
const TimeoutError = classOf('TimeoutError', function () { this.message = 'The request was timed out.'; });

const explain = (body, status) => body.message || body.error_description || body.error || 'the API answered with status ' + status;
const ResponseError = classOf('ResponseError', function (status, body, raw, info, headers) { this.statusCode = status; this.body = raw; this.headers = headers; this.message = 'Response returned an error code'; });
const APIError = classOf('APIError', function (status, body, raw, info) {
  if (typeof body.error === 'string') this.name = body.error;
  this.message = body.message || raw || explain(body, status);
  this.statusCode = status;
  this.requestInfo = info;
  this.originalError = { status, message: this.message, response: { status, statusCode: status, body, text: raw } };
});
const api4 = (name) => classOf(name, function (status, body, raw, info, headers) {
  this.statusCode = status;
  this.body = raw;
  this.headers = headers;
  this.error = body.error || '';
  if (name === 'AuthApiError') this.error_description = body.error_description || body.message || '';
  else { this.errorCode = body.errorCode; this.msg = body.message; }
  this.message = explain(body, status);
});
const ManagementApiError = api4('ManagementApiError'), AuthApiError = api4('AuthApiError');

// baseOf is the URL of a domain. The tenant's own domain is where its settings say.
function baseOf(domain, management) {
  const own = require('internal/invocation').management;
  if (own && own.baseUrl && own.domain === domain) {
    const base = own.baseUrl.replace(/\/+$/, '');
    return management ? base : base.replace(/\/api\/v2$/, '');
  }
  return 'https://' + domain + (management ? '/api/v2' : '');
}

function query(rest, major) {
  const out = [];
  for (const k of Object.keys(rest)) {
    for (const v of Array.isArray(rest[k]) ? (major < 4 ? [rest[k].join(',')] : rest[k]) : [rest[k]]) {
      if (v !== undefined && v !== null) out.push(encodeURIComponent(k) + '=' + encodeURIComponent(String(v)));
    }
  }
  return out.length ? '?' + out.join('&') : '';
}

function form(body) {
  const p = new URLSearchParams();
  for (const k of Object.keys(body)) if (body[k] !== undefined) p.append(k, body[k]);
  return p.toString();
}

const wait = (ms) => new Promise((ok) => setTimeout(ok, ms));

// transfer sends one request and gives {data, status, statusText, headers}.
async function transfer(major, kind, options, verb, url, headers, data) {
  const own = options.retry || (options.options && options.options.retry) || {};
  const tries = own.enabled === false ? 0 : own.maxRetries === undefined ? (major < 4 ? 10 : 5) : own.maxRetries;
  const init = { method: verb, headers: Object.assign(major < 4 ? { accept: 'application/json' } : {}, options.headers, headers) };
  if (data === undefined && verb !== 'GET' && major < 4) data = {}; // as the original does
  if (data !== undefined) init.body = typeof data === 'string' ? data : JSON.stringify(data);
  if ((data !== undefined || major < 4) && !init.headers['content-type']) init.headers['content-type'] = 'application/json';
  for (let n = 0; ; n++) {
    const res = await (major < 4 ? plain : exchange)(options, url, init);
    const raw = await res.text();
    if (res.status === 429 && n < tries) {
      await wait(Math.min(250 * Math.pow(2, n), 5000));
      continue;
    }
    let body = raw;
    try { body = raw === '' ? undefined : JSON.parse(raw); } catch (err) { /* text */ }
    if (!res.ok) {
      const E = major < 4 ? APIError : !body || typeof body !== 'object' ? ResponseError : kind === 'management' ? ManagementApiError : AuthApiError;
      throw new E(res.status, body && typeof body === 'object' ? body : {}, raw, { method: verb.toLowerCase(), url }, res.headers);
    }
    return { data: body, status: res.status, statusText: res.statusText, headers: res.headers };
  }
}

// plain is the exchange of generations 2 and 3: Node's own client, not fetch.
async function plain(options, url, init) {
  const http = require('internal/compat/exchange');
  const headers = Object.assign({ 'user-agent': 'node.js/' + process.version.slice(1), 'accept-encoding': 'gzip, deflate' }, init.headers);
  const x = http.open({ method: init.method, url, headers: http.flatten(headers), body: init.body === undefined ? null : init.body, redirects: 5, decode: true });
  let m;
  try { m = await x.sent; } catch (err) {
    const e = new APIError(err.code, { message: err.message }, '', { method: init.method.toLowerCase(), url });
    e.originalError = err;
    if (err.code === 'EFORBIDDEN') e.code = err.code; // the policy's, not the network's
    if (err.hint) e.hint = err.hint;
    throw e;
  }
  return { status: m.status, statusText: m.statusText, ok: m.status >= 200 && m.status < 300, headers: http.joined(m.headers), text: () => (m.empty ? '' : x.text()) };
}

async function exchange(options, url, init) {
  const ms = options.timeoutDuration;
  let timer = null, late = false;
  if (ms > 0) {
    const c = new AbortController();
    init = Object.assign({}, init, { signal: c.signal });
    timer = setTimeout(() => { late = true; c.abort(); }, ms);
  }
  try {
    return await require('internal/fetch').fetch(url, init);
  } catch (err) {
    if (late) err = new TimeoutError();
    const c = err.cause || err;
    throw Object.assign(new FetchError(err, 'The request failed and the interceptors did not return an alternative response'), { hint: url.split('?')[0] + ': ' + (c.hint || c.message) });
  } finally {
    if (timer) clearTimeout(timer);
  }
}

// path fills the names of the template from params and gives what is left.
function path(major, template, params) {
  const rest = Object.assign({}, params);
  const filled = template.replace(/:(\w+)/g, (_, name) => {
    const v = rest[name];
    if (v === undefined || v === null || v === '') {
      if (major > 3) throw new RequiredError(name, `Required parameter requestParameters.${name} was null or undefined.`);
      throw new ArgumentError(`Must provide a valid ${name}: the parameters need a member ${name} that is not empty`);
    }
    delete rest[name];
    return encodeURIComponent(String(v));
  });
  return [filled, rest];
}

module.exports = (major) => {
  // call makes a method of f: in the old generations its last argument may be a callback.
  const call = (f) => (...args) => {
    const callback = major < 4 && typeof args[args.length - 1] === 'function' ? args.pop() : null;
    const p = Promise.resolve().then(() => f(...args)).then((r) => (major > 3 ? r : r.data === undefined ? {} : r.data));
    if (!callback) return p;
    p.then((v) => setImmediate(() => callback(null, v)), (err) => setImmediate(() => callback(err)));
    return undefined;
  };
  const need = (options, what) => {
    if (!options || typeof options !== 'object') throw new ArgumentError(what + ' options must be an object');
    if (!options.domain && !options.baseUrl) throw new ArgumentError('Must provide a domain');
  };

  function tokenOf(options) {
    let known = null, until = 0;
    return async () => {
      if (options.token !== undefined) return typeof options.token === 'function' ? options.token() : options.token;
      if (known && until > Date.now()) return known;
      const r = await transfer(major, 'authentication', {}, 'POST', (options.domain ? baseOf(options.domain, false) : options.baseUrl.replace(/\/api\/v2\/?$/, '')) + '/oauth/token', major < 4 ? {} : { 'content-type': 'application/x-www-form-urlencoded' }, (major < 4 ? (v) => v : form)({
        grant_type: 'client_credentials', client_id: options.clientId, client_secret: options.clientSecret,
        audience: options.audience || 'https://' + options.domain + '/api/v2/', scope: options.scope,
      }));
      known = r.data.access_token;
      until = Date.now() + Math.max(0, (r.data.expires_in || 0) - 10) * 1000;
      return known;
    };
  }

  class ManagementClient {
    constructor(options) {
      need(options, 'Management API SDK');
      if (options.token === '' && major < 4) throw new ArgumentError('Must provide a token');
      if (options.token === undefined && !(options.clientId && options.clientSecret)) {
        throw new ArgumentError('Must provide a token, or a clientId and a clientSecret');
      }
      const base = (options.baseUrl || baseOf(options.domain, true)).replace(/\/+$/, '');
      const token = tokenOf(options);
      const send = async (verb, template, params, data) => {
        const [to, rest] = path(major, template, params);
        return transfer(major, 'management', options, verb, base + '/' + to + query(rest, major), { authorization: 'Bearer ' + await token() }, data);
      };
      Object.defineProperty(this, '_send', { value: send });
      if (major < 4) Object.defineProperty(this, 'getAccessToken', { value: () => token(), writable: true, configurable: true });
    }
  }
  // Managers and flat methods are made when a script first touches them: there are
  // some two hundred.
  Object.setPrototypeOf(ManagementClient.prototype, new Proxy(Object.prototype, {
    get(target, name, self) {
      const send = name === '_send' ? undefined : self._send; // none on the prototype itself
      const v = typeof name === 'string' && name !== '_send' ? member(send || (() => {}), name) : undefined;
      if (v === undefined) return name === '__proto__' ? Object.getPrototypeOf(self) : target[name];
      if (!send) return v;
      Object.defineProperty(self, name, { value: v, writable: true, configurable: true, enumerable: true });
      return v;
    },
    has: (target, name) => name in target || typeof name === 'string' && member(() => {}, name) !== undefined,
  }));

  const own = (o, k) => (Object.prototype.hasOwnProperty.call(o, k) ? o[k] : undefined);
  const method = (send, [verb, to, args]) => call((a, b) => (args === 'd' ? send(verb, to, {}, a)
    : args === 'id' ? send(verb, to, typeof a === 'string' ? { id: a } : a, b) : send(verb, to, a, args === 'pd' ? b : undefined)));
  const meta = (send, k) => call((params, data) => send('PATCH', 'users/:id', params, { [k]: data }));
  const byEmail = (send) => call((email) => send('GET', 'users-by-email', { email }));

  function member(send, name) {
    const group = own(tables.management, name);
    if (group) {
      const manager = {};
      for (const k of Object.keys(group)) manager[k] = method(send, group[k]);
      if (name === 'users' && major < 4) {
        Object.assign(manager, { updateUserMetadata: meta(send, 'user_metadata'), updateAppMetadata: meta(send, 'app_metadata'), getByEmail: byEmail(send) });
      }
      return manager;
    }
    if (major > 3) return undefined;
    switch (name) {
      case 'updateUserMetadata': return meta(send, 'user_metadata');
      case 'updateAppMetadata': return meta(send, 'app_metadata');
      case 'getUsersByEmail': return byEmail(send);
      case 'verifyEmail': name = 'createEmailVerificationTicket';
    }
    for (const g of Object.keys(tables.management)) {
      for (const k of Object.keys(tables.management[g])) {
        if (tables.management[g][k][3] === name) return method(send, tables.management[g][k]);
      }
    }
    return undefined;
  }

  class AuthenticationClient {
    constructor(options) {
      need(options, 'Authentication Client SDK');
      const base = (options.baseUrl || baseOf(options.domain, false)).replace(/\/+$/, '');
      for (const group of Object.keys(tables.authentication)) {
        const methods = tables.authentication[group];
        this[group] = {};
        for (const name of Object.keys(methods)) this[group][name] = call((params) => post(options, base, methods[name], params || {}));
      }
      if (major > 3) return;
      const flat = tables.flatAuthentication;
      for (const name of Object.keys(flat)) {
        const [group, method] = flat[name].split('.');
        const send = name === 'requestEmailCode' ? { send: 'code' } : name === 'requestMagicLink' ? { send: 'link' } : null;
        this[name] = send ? (params, callback) => this[group][method](Object.assign({}, params, send), callback) : this[group][method];
      }
      this.getProfile = call((token) => transfer(major, 'authentication', options, 'GET', base + '/userinfo', Object.assign({ accept: 'application/json, text/plain, */*', authorization: 'Bearer ' + token }, major < 3 ? { 'accept-encoding': undefined } : {})));
      this.users = { getInfo: this.getProfile };
    }
  }

  function post(options, base, [to, fixed, realmGrant], params) {
    const body = Object.assign({ client_id: options.clientId }, params);
    if (/^(oauth|passwordless)\//.test(to) && to !== 'oauth/ro' && body.client_secret === undefined && options.clientSecret) body.client_secret = options.clientSecret;
    for (const k of Object.keys(fixed)) if (body[k] === undefined || k === 'grant_type') body[k] = fixed[k];
    if (realmGrant && body.realm) body.grant_type = realmGrant;
    if (to !== 'oauth/token' || major < 4) return transfer(major, 'authentication', options, 'POST', `${base}/${to}`, {}, body);
    return transfer(major, 'authentication', options, 'POST', `${base}/${to}`, { 'content-type': 'application/x-www-form-urlencoded' }, form(body));
  }

  class UserInfoClient {
    constructor(options) {
      need(options, 'User info client');
      const base = baseOf(options.domain, false);
      this.getUserInfo = (token) => transfer(major, 'authentication', options, 'GET', base + '/userinfo', { authorization: 'Bearer ' + token });
    }
  }

  const all = { ManagementClient, AuthenticationClient };
  if (major < 4) return Object.assign(all, { errors: { ArgumentError, APIError } });
  return Object.assign(all, { UserInfoClient, ManagementApiError, AuthApiError, FetchError, TimeoutError, RequiredError });
};
