'use strict';
// The package request, as of 2.81 to 2.88, over the host's HTTP.
const EventEmitter = require('events');
const http = require('internal/compat/exchange');

const rfc3986 = (s) => s.replace(/[!'()*]/g, (c) => '%' + c.charCodeAt(0).toString(16).toUpperCase());
const hide = (o, name, value) => Object.defineProperty(o, name, { value, writable: true, configurable: true });

// refused names options that need what scripts do not have.
const refused = {
  oauth: 'sign the request with the module oauth-sign and set the Authorization header',
  aws: 'sign the request with crypto.createHmac and set the Authorization header',
  hawk: 'set the Authorization header yourself',
  httpSignature: 'set the Authorization header yourself',
  multipart: 'use formData for multipart/form-data',
  jar: 'there is no cookie jar: read set-cookie from the response and set the Cookie header',
  har: 'give the options of the request themselves',
};

// permit throws if an option asks for what cannot be given.
function permit(o) {
  for (const k of Object.keys(refused)) if (o[k]) throw http.unavailable(`request: option ${k}`, refused[k]);
  if (o.proxy) throw http.noProxy('request: option proxy');
  if (http.isProxyAgent(o.agent)) throw http.noProxy('request: a proxy agent');
}

class Request extends EventEmitter {
  constructor(options) {
    super();
    hide(this, '_options', options);
    hide(this, '_exchange', null);
    hide(this, '_timer', null);
    hide(this, '_chunks', null);
    hide(this, '_dests', []);
    hide(this, '_done', false);
    hide(this, '_auth', null);
    hide(this, '_href', '');
    hide(this, '_url', '');
    hide(this, '_body', undefined);
    hide(this, '_json', false);
    hide(this, '_hops', 0);
    this.method = options.method === undefined || options.method === null ? 'GET' : String(options.method).toUpperCase();
    this.headers = {};
    this.readable = this.writable = true;
    const h = options.headers;
    if (h) for (const k of Object.keys(h)) if (h[k] !== undefined) this.headers[k] = h[k];
    if (options.callback) hide(this, 'callback', options.callback);
    // Made here, the error's stack tells the line of the script.
    let refusal = null;
    try { permit(options); } catch (err) { refusal = err; }
    hide(this, '_refusal', refusal);
    setImmediate(() => this._start());
  }

  // uri is the parsed URL, made when something asks for it.
  get uri() { return require('url').parse(this._href); }
  get href() { return this._href; }
  get host() { return this.uri.hostname; }
  get path() { return this.uri.path; }

  setHeader(name, value) {
    const k = http.find(this.headers, name.toLowerCase());
    if (k) delete this.headers[k];
    this.headers[name] = value;
    return this;
  }
  getHeader(name) { const k = http.find(this.headers, String(name).toLowerCase()); return k ? this.headers[k] : undefined; }
  hasHeader(name) { return http.find(this.headers, String(name).toLowerCase()) || false; }
  removeHeader(name) { const k = http.find(this.headers, String(name).toLowerCase()); if (k) delete this.headers[k]; }

  auth(user, pass, sendImmediately, bearer) {
    if (bearer !== undefined) {
      this.setHeader('authorization', 'Bearer ' + ((typeof bearer === 'function' ? bearer() : bearer) || ''));
      return this;
    }
    if (user === undefined) {
      this._fail(new Error('no auth mechanism defined'));
      return this;
    }
    if (typeof user !== 'string' || pass !== undefined && typeof pass !== 'string') {
      this._fail(new Error('auth() received invalid user or password'));
      return this;
    }
    const value = http.basic(user, pass || '');
    if (sendImmediately === undefined || sendImmediately) this.setHeader('authorization', value);
    else this._auth = value;
    return this;
  }
  form(form) {
    if (form === undefined || form === null) {
      return { append: (name, value, options) => {
        const o = this._options;
        if (!o.formData) o.formData = {};
        const v = options === undefined ? value : { value, options: typeof options === 'string' ? { filename: options } : options };
        o.formData[name] = name in o.formData ? [].concat(o.formData[name], v) : v;
      } };
    }
    if (!/^application\/x-www-form-urlencoded\b/.test(this.getHeader('content-type') || '')) this.setHeader('content-type', 'application/x-www-form-urlencoded');
    this._body = rfc3986(typeof form === 'string' ? form : this._stringify(form));
    return this;
  }
  json(value) {
    if (!this.hasHeader('accept')) this.setHeader('accept', 'application/json');
    if (this._options.jsonReplacer !== undefined && typeof this._options.jsonReplacer !== 'function') this._options.jsonReplacer = undefined;
    this._json = true;
    const isForm = /^application\/x-www-form-urlencoded\b/.test(this.getHeader('content-type') || '');
    if (typeof value === 'boolean') {
      if (this._body === undefined) return this;
      this._body = isForm ? rfc3986(String(this._body)) : JSON.stringify(this._body, this._options.jsonReplacer);
    } else {
      this._body = JSON.stringify(value, this._options.jsonReplacer);
    }
    if (!isForm && !this.hasHeader('content-type')) this.setHeader('content-type', 'application/json');
    return this;
  }
  qs(q, clobber) {
    const [before, query, hash] = parts(this._url);
    const base = !clobber && query ? this._parse(query) : {};
    for (const k of Object.keys(q)) base[k] = q[k];
    const text = this._stringify(base);
    if (text !== '') this._url = before + '?' + rfc3986(text) + (hash ? '#' + hash : '');
    return this;
  }
  _stringify(o) {
    if (this._options.useQuerystring) return require('querystring').stringify(o);
    return require('qs').stringify(o, this._options.qsStringifyOptions);
  }
  _parse(s) {
    if (this._options.useQuerystring) return require('querystring').parse(s);
    return require('qs').parse(s, this._options.qsParseOptions);
  }

  _start() {
    if (this._done) return;
    try {
      this._prepare();
    } catch (err) {
      this._fail(err);
      return;
    }
    if (!this._done) this._send(this._url, this.method, this._body);
  }
  _prepare() {
    const o = this._options;
    if (this._refusal) throw this._refusal;
    this._url = target(o);
    if (o.qs) this.qs(o.qs);
    const [url, user] = http.credentials(this._url);
    this._url = url;
    const a = o.auth;
    if (a) {
      if (typeof a !== 'object') throw new Error('auth() received invalid user or password');
      this.auth(a.user !== undefined ? a.user : a.username, a.pass !== undefined ? a.pass : a.password, a.sendImmediately, a.bearer);
    } else if (user && !this.hasHeader('authorization')) {
      this.auth(user[0], user[1], true);
    }
    if (o.gzip && !this.hasHeader('accept-encoding')) this.setHeader('accept-encoding', 'gzip, deflate');
    if (o.body !== null && o.body !== undefined) this._body = o.body;
    if (o.form) this.form(o.form);
    if (o.json) this.json(o.json);
    else if (o.formData) this._multipart(o.formData);
    const b = this._body;
    if (Array.isArray(b)) this._body = require('internal/body').join(b);
    else if (b !== undefined && typeof b !== 'string' && !ArrayBuffer.isView(b)) throw new Error('Argument error, options.body.');
    hide(this, '_tls', http.tlsOf(o.strictSSL === false ? { rejectUnauthorized: false } : null, o, o.agentOptions, o.agent && o.agent.options));
  }
  _multipart(form) {
    const rows = [];
    for (const name of Object.keys(form)) {
      for (const v of [].concat(form[name])) rows.push(row(name, v));
    }
    const { native } = require('internal/body');
    const boundary = '--------------------------' + native.boundary();
    this._body = native.multipart(boundary, rows);
    this.setHeader('content-type', 'multipart/form-data; boundary=' + boundary);
  }

  _send(url, method, body) {
    this._url = this._href = url;
    if (this._began === undefined) hide(this, '_began', Date.now());
    if (!this.hasHeader('content-length')) {
      if (body !== undefined) this.setHeader('content-length', Buffer.byteLength(body));
      else if (method !== 'GET') this.setHeader('content-length', 0);
    }
    const flat = http.flatten(this.headers);
    // A request that may have a body says how long it is, as Node's client does.
    const data = body === undefined ? (/^(POST|PUT|PATCH)$/.test(method) ? '' : null) : body;
    this._watch(false);
    const x = this._exchange = http.open({ method, url, headers: flat, body: data, decode: this._options.gzip, tls: this._tls });
    this.emit('request', this);
    x.sent.then((m) => this._respond(x, m, method, body), (err) => { if (x === this._exchange) this._fail(err); });
  }
  // _watch starts the idle time anew.
  _watch(responding) {
    if (this._timer) clearTimeout(this._timer);
    const ms = Number(this._options.timeout);
    if (!this._options.timeout || !isFinite(ms)) return;
    this._timer = setTimeout(() => {
      const connected = responding || this._exchange.connected();
      const code = connected ? 'ESOCKETTIMEDOUT' : 'ETIMEDOUT';
      this._fail(Object.assign(new Error(code), { code, connect: !connected }));
    }, Math.max(ms, 0));
  }
  _respond(x, m, method, body) {
    if (this._done || x !== this._exchange) return;
    const headers = http.joined(m.headers);
    const o = this._options;
    if (m.status === 401 && this._auth && !this.hasHeader('authorization') && /^basic\b/i.test(headers['www-authenticate'] || '')) {
      this.setHeader('authorization', this._auth);
      if (!o.removeRefererHeader) this.setHeader('referer', this._href);
      x.abort();
      this._send(this._url, method, body);
      return;
    }
    const next = this._redirect(m, headers, method, body);
    if (next) {
      x.abort();
      if (next instanceof Error) this._fail(next);
      else this._send(next[0], next[1], next[2]);
      return;
    }
    const res = this._response(m, headers);
    this.response = res;
    this.emit('response', res);
    if (this._done) return;
    this._watch(true);
    this._receive(x, m, res).then((bytes) => this._complete(res, bytes), (err) => this._fail(err));
  }
  _receive(x, m, res) {
    if (m.empty) return Promise.resolve(http.wrap());
    if (!this._timer && !this._streaming(res)) return x.bytes().then(http.wrap);
    const chunks = [];
    const step = () => x.read().then((chunk) => {
      if (chunk === null || this._done) return http.wrap(require('internal/body').join(chunks));
      this._watch(true);
      chunks.push(chunk);
      this._data(res, http.wrap(chunk));
      return step();
    });
    return step();
  }
  _streaming(res) {
    return this._dests.length > 0 || this.listenerCount('data') > 0 || res.listenerCount('data') > 0;
  }
  _data(res, chunk) {
    const encoding = this._options.encoding;
    const out = typeof encoding === 'string' ? chunk.toString(encoding) : chunk;
    this._sent = true;
    for (const d of this._dests) d.write(out);
    this.emit('data', out);
    res.emit('data', out);
  }
  _complete(res, bytes) {
    if (this._done) return;
    this._finish();
    const o = this._options;
    if (!this._sent && bytes.length && this._streaming(res)) this._data(res, bytes);
    for (const d of this._dests) if (!d._isStdio) d.end();
    if (this.callback) {
      res.body = this._read(bytes);
    }
    if (o.time) res.elapsedTime = this.elapsedTime = Date.now() - this._began;
    res.complete = true;
    res.emit('end');
    this.emit('end');
    this.emit('complete', res, res.body);
    if (this.callback) setImmediate(() => this.callback.call(this, null, res, res.body));
    this.emit('close');
  }
  _read(bytes) {
    const o = this._options;
    if (o.encoding === null) return bytes;
    if (bytes.length === 0 && this._json) return undefined;
    let text = bytes.toString(o.encoding);
    if (o.encoding === 'utf8' && text.charCodeAt(0) === 0xfeff) text = text.slice(1);
    if (!this._json) return text;
    try { return JSON.parse(text, typeof o.jsonReviver === 'function' ? o.jsonReviver : undefined); } catch (err) {
      const r = this.response;
      console.warn(`request: ${this.method} ${this._href.split('?')[0]} answered ${r.statusCode} with ${r.headers['content-type'] || 'text'} that is not JSON, so body is a string in spite of json: look at response.statusCode before body`);
      return text;
    }
  }
  // _redirect gives [url, method, body] of what to ask next, an Error, or null.
  _redirect(m, headers, method, body) {
    const o = this._options;
    if (m.status < 300 || m.status > 399 || headers.location === undefined) return null;
    const all = o.followAllRedirects;
    const res = { statusCode: m.status, headers };
    const follow = o.followRedirect === undefined ? true : typeof o.followRedirect === 'function' ? o.followRedirect.call(this, res) : !!o.followRedirect;
    if (!(all || follow && !/^(PATCH|PUT|POST|DELETE)$/.test(method))) return null;
    if (this._hops >= (o.maxRedirects === undefined ? 10 : o.maxRedirects)) {
      return new Error('Exceeded maxRedirects. Probably stuck in a redirect loop ' + this._href);
    }
    this._hops++;
    let to;
    try { to = new URL(headers.location, this._href); } catch (err) { return new Error('Invalid URI "' + headers.location + '"'); }
    const from = new URL(this._href);
    if (to.protocol !== 'http:' && to.protocol !== 'https:') return new Error('Invalid protocol: ' + to.protocol);
    if (all && m.status !== 401 && m.status !== 307) method = o.followOriginalHttpMethod ? method : 'GET';
    if (m.status !== 307) {
      body = undefined;
      for (const h of ['host', 'content-type', 'content-length']) this.removeHeader(h);
    }
    if (to.host !== from.host) {
      for (const h of ['authorization', 'cookie', 'host']) this.removeHeader(h);
      this._auth = null;
    }
    if (!o.removeRefererHeader) this.setHeader('referer', this._href);
    const [url, user] = http.credentials(to.href);
    if (user && !this.hasHeader('authorization')) this.auth(user[0], user[1], true);
    this.emit('redirect');
    return [url, method, body];
  }
  _response(m, headers) {
    const res = new Response();
    res.statusCode = m.status;
    res.statusMessage = m.statusText;
    res.headers = headers;
    res.rawHeaders = m.headers;
    res.httpVersion = m.version;
    hide(res, 'request', this);
    return res;
  }
  _finish() {
    this._done = true;
    if (this._timer) clearTimeout(this._timer);
    this._timer = null;
  }
  _fail(err) {
    if (this._done) return;
    this._finish();
    if (this._exchange) this._exchange.abort();
    if (this.response && this.response.listenerCount('error')) this.response.emit('error', err);
    if (this.listenerCount('error') > 0) this.emit('error', err);
    else if (!this.callback) setImmediate(() => { throw err; });
    if (this.callback) setImmediate(() => this.callback.call(this, err));
  }

  abort() {
    if (this._done) return;
    this._aborted = true;
    this._finish();
    if (this._exchange) this._exchange.abort();
    this.emit('abort');
  }
  destroy() { this.abort(); }
  pipe(dest) { this._dests.push(dest); return dest; }
  pause() { return this; }
  resume() { return this; }
  setEncoding(e) { this._options.encoding = e; return this; }
  write(chunk, encoding) {
    const o = this._options;
    o.body = [].concat(o.body === undefined ? [] : o.body, typeof chunk === 'string' ? Buffer.from(chunk, encoding) : chunk);
    return true;
  }
  end(chunk) { if (chunk !== undefined && chunk !== null) this.write(chunk); return this; }
  toJSON() { return { uri: this.uri, method: this.method, headers: this.headers }; }
}

class Response extends EventEmitter {
  setEncoding(e) { this.request.setEncoding(e); return this; }
  pipe(dest) { return this.request.pipe(dest); }
  resume() { return this; }
  pause() { return this; }
  get caseless() {
    const h = this.headers;
    return { has: (n) => (n.toLowerCase() in h ? n.toLowerCase() : false), get: (n) => h[n.toLowerCase()] };
  }
  toJSON() {
    const r = this.request;
    return { statusCode: this.statusCode, body: this.body, headers: this.headers, request: r.toJSON() };
  }
}

// parts splits a URL at its query and fragment.
function parts(url) {
  const m = /^([^?#]*)(?:\?([^#]*))?(?:#([^]*))?$/.exec(url);
  return [m[1], m[2] || '', m[3] || ''];
}

// target gives the URL that the options ask for.
function target(o) {
  let uri = o.uri !== undefined && o.uri !== null && o.uri !== '' ? o.uri : o.url;
  const base = o.baseUrl;
  if (uri === undefined || uri === null || uri === '' && !base) throw new Error('options.uri is a required argument');
  if (typeof uri === 'object') {
    if (typeof uri.href === 'string') uri = uri.href;
    else uri = require('url').format(uri);
  }
  uri = String(uri);
  if (base) {
    if (typeof base !== 'string') throw new Error('options.baseUrl must be a string');
    if (uri.indexOf('//') === 0 || uri.indexOf('://') !== -1) throw new Error('options.uri must be a path when using options.baseUrl');
    const ends = base[base.length - 1] === '/', starts = uri[0] === '/';
    uri = uri === '' ? base : ends && starts ? base + uri.slice(1) : ends || starts ? base + uri : base + '/' + uri;
  }
  if (/^unix:|^https?:\/\/unix:/i.test(uri)) throw http.unavailable('request: a unix: URL', 'there are no local sockets');
  const m = /^([a-z][a-z0-9+.-]*):/i.exec(uri);
  if (!m || !/^[a-z][a-z0-9+.-]*:\/\/[^/?#]/i.test(uri)) throw new Error(`Invalid URI "${uri}"`);
  if (!/^https?$/i.test(m[1])) throw new Error(`Invalid protocol: ${m[1].toLowerCase()}:`);
  const path = uri.indexOf('/', m[0].length + 2);
  return path < 0 ? uri : uri.slice(0, path) + uri.slice(path).replace(/[{}|\\^`'<>" \t\r\n]/g, (c) => '%' + (c < '\x10' ? '0' : '') + c.charCodeAt(0).toString(16).toUpperCase());
}

function row(name, v) {
  let o = {};
  if (v && typeof v === 'object' && !ArrayBuffer.isView(v) && 'value' in v && 'options' in v) {
    o = v.options || {};
    v = v.value;
  }
  if (v && typeof v === 'object' && !ArrayBuffer.isView(v)) throw new Error(`request: the form field ${name} must be a string or a Buffer: there are no files and no streams here`);
  const named = o.filename !== undefined || o.contentType !== undefined;
  if (!ArrayBuffer.isView(v) && !named) return [name, String(v)];
  const bytes = ArrayBuffer.isView(v) ? v : Buffer.from(String(v));
  return [name, bytes, o.filename === undefined ? 'blob' : String(o.filename), o.contentType === undefined ? 'application/octet-stream' : String(o.contentType)];
}

function read(uri, options, callback) {
  if (typeof options === 'function') callback = options;
  const o = {};
  if (options !== null && typeof options === 'object') Object.assign(o, options, { uri });
  else if (typeof uri === 'string') o.uri = uri;
  else Object.assign(o, uri);
  if (callback || o.callback) o.callback = callback || o.callback;
  return o;
}

function request(uri, options, callback) {
  if (typeof uri === 'undefined') throw new Error('undefined is not a valid uri or options object.');
  const o = read(uri, options, callback);
  if (o.method === 'HEAD' && o.body !== undefined && o.body !== null) throw new Error('HTTP HEAD requests MUST NOT include a request body.');
  return new Request(o);
}

const verbs = { get: 'GET', head: 'HEAD', options: 'OPTIONS', post: 'POST', put: 'PUT', patch: 'PATCH', del: 'DELETE', delete: 'DELETE' };

// dress gives a callable its verbs and helpers. call is what it does itself.
function dress(call) {
  const keys = Object.keys(verbs);
  for (let i = 0; i < keys.length; i++) {
    const method = verbs[keys[i]];
    call[keys[i]] = (uri, options, callback) => {
      const o = read(uri, options, callback);
      o.method = method;
      return call(o, o.callback);
    };
  }
  call.defaults = (options, requester) => {
    if (typeof options === 'function') { requester = options; options = {}; }
    options = options || {};
    const to = typeof requester === 'function' ? requester : call;
    return dress((uri, opts, callback) => {
      const o = read(uri, opts, callback);
      const merged = Object.assign({}, options, o);
      if (options.headers) merged.headers = Object.assign({}, options.headers, o.headers);
      return to(merged, merged.callback);
    });
  };
  call.forever = (agentOptions, options) => call.defaults(options || {});
  call.jar = () => { throw http.unavailable('request.jar()', refused.jar); };
  call.cookie = (s) => { throw http.unavailable('request.cookie()', refused.jar); };
  call.Request = Request;
  return call;
}

module.exports = dress(request);
