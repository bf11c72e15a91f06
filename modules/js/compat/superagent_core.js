'use strict';
// superagent 3 to 8 over the host's HTTP.
const EventEmitter = require('events');
const http = require('internal/compat/exchange');
const { Response, parserOf } = require('internal/compat/superagent_response');

const short = { html: 'text/html', json: 'application/json', xml: 'application/xml', urlencoded: 'application/x-www-form-urlencoded', form: 'application/x-www-form-urlencoded', 'form-data': 'application/x-www-form-urlencoded', text: 'text/plain', txt: 'text/plain', bin: 'application/octet-stream', css: 'text/css', js: 'application/javascript', csv: 'text/csv', png: 'image/png', jpg: 'image/jpeg', gif: 'image/gif', pdf: 'application/pdf', multipart: 'multipart/form-data' };
const full = (type) => (type.includes('/') ? type : short[type] || type);
const serializers = { 'application/x-www-form-urlencoded': (o) => require('qs').stringify(o, { indices: true, strictNullHandling: true }), 'application/json': (o) => JSON.stringify(o) };
const again = new Set(['ETIMEDOUT', 'ECONNRESET', 'EADDRINUSE', 'ECONNREFUSED', 'EPIPE', 'ENOTFOUND', 'ENETUNREACH', 'EAI_AGAIN']);
const plain = (v) => typeof v === 'object' && v !== null && !ArrayBuffer.isView(v);
const kinds = { png: 'image/png', jpg: 'image/jpeg', jpeg: 'image/jpeg', gif: 'image/gif', txt: 'text/plain', html: 'text/html', json: 'application/json', pdf: 'application/pdf', xml: 'application/xml', csv: 'text/csv' };

module.exports = (major) => {
  class Request extends EventEmitter {
    constructor(method, url) {
      super();
      const hide = (k, value) => Object.defineProperty(this, k, { value, writable: true, configurable: true });
      for (const k of ['_data', '_timer', '_responseTimer', '_exchange', '_promise', '_callback', '_user', '_error', '_parts', '_parser', '_dest', '_retry', '_isOk', '_buffer', '_responseType', '_serializer', '_agent', '_sort']) hide(k, undefined);
      hide('_head', {});
      hide('_names', {});
      hide('_query', []);
      hide('_tls', {});
      hide('_max', method === 'HEAD' ? 0 : 5);
      hide('_list', []);
      hide('_retries', 0);
      hide('_done', false);
      hide('_wait', {});
      this.method = String(method).toUpperCase();
      this.url = typeof url === 'string' ? url : require('url').format(url);
      if (major < 4) this.set('User-Agent', 'node-superagent/3.8.3');
      this.on('error', () => {}); // an emitter without a listener would throw
    }
    set(field, value) {
      if (typeof field === 'object' && field !== null) {
        for (const k of Object.keys(field)) this.set(k, field[k]);
        return this;
      }
      const k = String(field).toLowerCase();
      this._head[k] = value;
      this._names[k] = field;
      return this;
    }
    unset(field) { const k = field.toLowerCase(); delete this._head[k]; delete this._names[k]; return this; }
    get(field) { return this._head[String(field).toLowerCase()]; }
    getHeader(field) { return this.get(field); }
    get header() { const o = {}; for (const k of Object.keys(this._head)) o[this._names[k]] = this._head[k]; return o; }
    type(type) { return this.set('Content-Type', full(type)); }
    accept(type) { return this.set('Accept', full(type)); }
    query(v) { this._query.push(v); return this; }
    sortQuery(sort) { this._sort = sort === undefined ? true : sort; return this; }
    auth(user, pass, options) {
      if (typeof pass === 'object' && pass !== null) { options = pass; pass = ''; }
      const type = options && options.type || 'basic';
      if (type === 'bearer') return this.set('Authorization', 'Bearer ' + user);
      return this._basic(user, pass === undefined ? '' : pass);
    }
    _basic(user, pass) { return this.set('Authorization', http.basic(user, pass)); }
    send(data) {
      if (this._parts) throw new Error(".send() can't be used if .attach() or .field() is used. Please use only .send() or only .field() & .attach()");
      if (plain(data) && this._data === undefined) {
        this._data = Array.isArray(data) ? [] : plain(data) && typeof data.pipe !== 'function' ? {} : data;
      } else if (data && this._data && this._isHost(this._data)) {
        throw new Error("Can't merge these send calls");
      }
      if (plain(data) && plain(this._data)) {
        for (const k of Object.keys(data)) this._data[k] = data[k];
      } else if (typeof data === 'string') {
        if (!this.get('content-type')) this.type('form');
        const form = this.get('content-type') === short.form;
        this._data = form && this._data ? this._data + '&' + data : (this._data || '') + data;
      } else {
        this._data = data;
      }
      if (!plain(data) || this._isHost(data)) return this;
      if (!this.get('content-type')) this.type('json');
      return this;
    }
    _isHost(v) { return ArrayBuffer.isView(v) || v && typeof v.pipe === 'function'; }
    field(name, value, options) {
      if (name === null || name === undefined) throw new Error('.field(name, val) name can not be empty');
      if (this._data !== undefined) throw new Error(".field() can't be used if .send() is used. Please use only .send() or only .field() & .attach()");
      if (plain(name)) { for (const k of Object.keys(name)) this.field(k, name[k]); return this; }
      if (Array.isArray(value)) { for (const v of value) this.field(name, v); return this; }
      if (value === null || value === undefined) throw new Error('.field(name, val) val can not be empty');
      return this._part(name, ArrayBuffer.isView(value) ? value : String(value), options);
    }
    attach(name, file, options) {
      if (!file) return this;
      if (this._data !== undefined) throw new Error("superagent can't mix .send() and .attach()");
      if (typeof file === 'string') throw http.unavailable('superagent: attach() of a file name', 'there is no file system: attach a Buffer');
      if (!ArrayBuffer.isView(file)) throw http.unavailable('superagent: attach() of a stream', 'attach a Buffer');
      const o = typeof options === 'string' ? { filename: options } : Object.assign({}, options);
      return this._part(name, file, o);
    }
    _part(name, value, o) {
      o = o || {};
      if (!this._parts) this._parts = [];
      if (!ArrayBuffer.isView(value) && o.filename === undefined) { this._parts.push([name, value]); return this; }
      const end = /\.(\w+)$/.exec(o.filename || '');
      const type = o.contentType || end && kinds[end[1].toLowerCase()] || 'application/octet-stream';
      this._parts.push([name, ArrayBuffer.isView(value) ? value : Buffer.from(value), o.filename === undefined ? 'blob' : o.filename, type]);
      return this;
    }
    timeout(o) {
      if (o === null || o === undefined || typeof o !== 'object') { this._wait = { deadline: Number(o) || 0, response: 0 }; return this; }
      for (const k of ['deadline', 'response']) if (o[k] !== undefined) this._wait[k] = o[k];
      return this;
    }
    retry(n, f) {
      this._retry = { max: n === undefined || n === true ? 1 : n, f };
      if (!(this._retry.max > 0)) this._retry.max = 0;
      return this;
    }
    redirects(n) { this._max = n; return this; }
    ok(f) { if (typeof f !== 'function') throw new Error('Callback required'); this._isOk = f; return this; }
    responseType(v) { this._responseType = v; return this; }
    parse(f) { this._parser = f; return this; }
    serialize(f) { this._serializer = f; return this; }
    buffer(v) { this._buffer = v !== false; return this; }
    ca(v) { this._tls.ca = v; return this; }
    key(v) { this._tls.key = v; return this; }
    cert(v) { this._tls.cert = v; return this; }
    pfx(v) { this._tls.pfx = v; return this; }
    disableTLSCerts() { this._tls.rejectUnauthorized = false; return this; }
    trustLocalhost() { return this; }
    agent(a) { if (a === undefined) return this._agent; this._agent = a; return this; }
    withCredentials() { return this; }
    connect() { throw http.unavailable('superagent: connect()', 'names are resolved by the host'); }
    http2() { throw http.unavailable('superagent: http2()', 'requests are HTTP/1.1'); }
    use(f) { f(this); return this; }
    toJSON() { return { method: this.method, url: this.url, data: this._data, headers: this._head }; }
    write(data) { this._data = (this._data || '') + data; return true; }

    end(f) {
      if (this._ended) { console.warn('Warning: .end() was called twice. This is not supported in superagent'); }
      Object.defineProperty(this, '_ended', { value: true, configurable: true });
      this._callback = f || (() => {});
      try { this._begin(); } catch (err) { setImmediate(() => this._finish(err)); }
      return this;
    }
    then(ok, no) {
      if (!this._promise) {
        this._promise = new Promise((resolve, reject) => {
          this.on('abort', () => {
            if (major < 4) return;
            reject(Object.assign(new Error('Aborted'), { code: 'ABORTED', status: this.status, method: this.method, url: this.url }));
          });
          this.end((err, res) => (err ? reject(err) : resolve(res)));
        });
      }
      return this._promise.then(ok, no);
    }
    catch(no) { return this.then(undefined, no); }
    finally(f) { return this.then((v) => { f(); return v; }, (e) => { f(); throw e; }); }
    pipe(dest) {
      this._dest = dest;
      this._buffer = false;
      this.end();
      return dest;
    }
    abort() {
      if (this._aborted) return this;
      Object.defineProperty(this, '_aborted', { value: true, configurable: true });
      this._clear();
      this._done = true;
      if (this._exchange) this._exchange.abort();
      this.emit('abort');
      return this;
    }

    _begin() {
      let url = this.url;
      if (!/^https?:/i.test(url)) url = 'http://' + url;
      this._list = [];
      this.emit('request', this);
      this._clock();
      const body = this._body();
      this._send(this.method, this._withQuery(url), this._flat(), body, 0);
    }
    _clock() {
      const late = (ms, reason, errno) => setTimeout(() => this._late(ms, reason, errno), ms);
      if (this._wait.deadline && !this._timer) this._timer = late(this._wait.deadline, 'Timeout of ', 'ETIME');
      if (this._wait.response && !this._responseTimer) this._responseTimer = late(this._wait.response, 'Response timeout of ', 'ETIMEDOUT');
    }
    _late(ms, reason, errno) {
      if (this._done) return;
      const err = Object.assign(new Error(`${reason}${ms}ms exceeded`), { timeout: ms, code: 'ECONNABORTED', errno });
      if (this._exchange) this._exchange.abort();
      this._finish(err);
    }
    _clear() {
      clearTimeout(this._timer);
      clearTimeout(this._responseTimer);
      this._timer = this._responseTimer = undefined;
    }
    _withQuery(url) {
      const parts = [];
      for (const q of this._query) if (typeof q === 'string') parts.push(q); // strings come first
      for (const q of this._query) if (typeof q !== 'string') parts.push(require('qs').stringify(q, { indices: false, strictNullHandling: true }));
      let text = parts.filter((p) => p).join('&');
      const hash = url.indexOf('#');
      if (hash >= 0) url = url.slice(0, hash);
      if (text) url += (url.includes('?') ? '&' : '?') + text;
      const at = url.indexOf('?');
      if (this._sort && at >= 0) {
        const list = url.slice(at + 1).split('&');
        list.sort(typeof this._sort === 'function' ? this._sort : undefined);
        url = url.slice(0, at) + '?' + list.join('&');
      }
      return url;
    }
    _body() {
      if (this._parts) {
        const boundary = '--------------------------' + require('internal/body').native.boundary();
        this.set('Content-Type', 'multipart/form-data; boundary=' + boundary);
        return require('internal/body').native.multipart(boundary, this._parts);
      }
      let data = this._data;
      if (data === undefined || data === null || this.method === 'HEAD') return null;
      if (typeof data === 'string' || ArrayBuffer.isView(data)) return data;
      if (data && typeof data.pipe === 'function') return require('internal/body').extract(data).data;
      const type = String(this.get('content-type') || '').split(';')[0];
      const f = this._serializer || superagent.serialize[type] || (/[/+]json($|[^-\w])/i.test(type) ? superagent.serialize['application/json'] : null);
      if (f) data = f(data);
      return typeof data === 'string' || ArrayBuffer.isView(data) ? data : String(data);
    }
    _flat() {
      const h = this.header;
      if (!this.get('accept-encoding') && this.method !== 'HEAD') h['Accept-Encoding'] = 'gzip, deflate';
      return http.flatten(h);
    }
    _send(method, url, headers, body, hops) {
      const agent = this._agent;
      if (http.isProxyAgent(agent)) throw http.noProxy('superagent: a proxy agent');
      const [to, user] = http.credentials(url);
      if (user && !headers.some((h, i) => i % 2 === 0 && /^authorization$/i.test(h))) headers = headers.concat('Authorization', http.basic(user[0], user[1]));
      const data = body === null && /^(POST|PUT|PATCH|DELETE)$/.test(method) ? '' : body;
      Promise.resolve(data).then((bytes) => {
        if (this._done) return undefined;
        const x = this._exchange = http.open({ method, url: to, headers, body: bytes, decode: true, tls: http.tlsOf(this._tls, agent && agent.options) });
        return x.sent.then((m) => (x === this._exchange && !this._done ? this._respond(x, m, method, url, headers, body, hops) : undefined));
      }).then(undefined, (err) => this._failed(err));
    }
    _failed(err) {
      if (this._done || this._again(err, undefined)) return;
      this._finish(Object.assign(err, { response: undefined }));
    }
    _respond(x, m, method, url, headers, body, hops) {
      const head = http.joined(m.headers);
      if ([301, 302, 303, 305, 307, 308].includes(m.status) && head.location && hops < this._max) {
        x.abort();
        this._redirect(m.status, head, method, url, headers, body, hops);
        return undefined;
      }
      clearTimeout(this._responseTimer);
      if (this._dest) return this._piped(x, m, head);
      return parserOf(this, head, x, m).then(([text, parsed]) => this._answer(m, head, text, parsed, null), (err) => {
        if (this._done) return;
        if (err.rawResponse === undefined) { this._failed(err); return; }
        this._answer(m, head, err.rawResponse, undefined, err);
      });
    }
    _piped(x, m, head) {
      const res = new Response(this, m, head, undefined, undefined, this._list);
      this.emit('response', res);
      const stream = require('internal/compat/axios_more').stream(x, m.empty, http.wrap);
      stream.on('end', () => { this._clear(); this.emit('end'); });
      stream.pipe(this._dest);
    }
    _redirect(status, head, method, url, headers, body, hops) {
      const to = new URL(head.location, url);
      const away = to.host !== new URL(url).host;
      let drop = away ? ['host', 'authorization', 'cookie'] : ['host'];
      if (status === 301 || status === 302 || status === 303) {
        drop = drop.concat('content-type', 'content-length', 'transfer-encoding');
        if (method !== 'HEAD') method = 'GET';
        body = null;
      }
      const kept = [];
      for (let i = 0; i < headers.length; i += 2) if (!drop.includes(headers[i].toLowerCase())) kept.push(headers[i], headers[i + 1]);
      this._list.push(to.href);
      this.emit('redirect', { status, statusCode: status, headers: head, header: head });
      this._send(method, to.href, kept, body, hops + 1);
    }
    _answer(m, head, text, parsed, broken) {
      if (this._done) return;
      if (broken) {
        const err = Object.assign(broken, { statusCode: m.status, original: undefined });
        if (this._again(err, undefined)) return;
        this._finish(err);
        return;
      }
      const res = new Response(this, m, head, text, parsed, this._list);
      let err = null, ok = false;
      try { ok = this._isOk ? this._isOk(res) : res.status >= 200 && res.status < 300; } catch (e) { err = e; }
      if (!ok && !err) err = new Error(require('http').STATUS_CODES[res.status] || 'Unsuccessful HTTP response');
      if (err) Object.assign(err, { status: res.status, response: res });
      if (this._again(err, res)) return;
      this._finish(err, res);
    }
    _again(err, res) {
      const r = this._retry;
      if (!r || this._retries >= r.max) return false;
      let go;
      try { if (typeof r.f === 'function') go = r.f(err, res); } catch (e) { console.error(e); }
      if (go !== true) {
        if (go === false) return false;
        const code = err && err.code;
        if (!(code && again.has(code) || res && (res.status === 413 || res.status === 429 || res.status === 408 || res.status >= 500 && res.status !== 501) || err && err.timeout && code === 'ECONNABORTED')) return false;
      }
      this._retries++;
      this._clear();
      if (this._exchange) this._exchange.abort();
      try { this._begin(); } catch (e) { this._finish(e); }
      return true;
    }
    _finish(err, res) {
      if (this._done) return;
      this._done = true;
      this._clear();
      if (res) this.emit('response', res);
      if (err) {
        if (this._retry && this._retry.max) err.retries = this._retries;
        if (this.listenerCount('error') > 0) this.emit('error', err);
      } else {
        this.emit('end');
      }
      if (this._callback) this._callback(err || null, res || (err && err.response) || undefined);
    }
  }

  function superagent(method, url) {
    if (typeof url === 'function') return new Request('GET', method).end(url);
    if (arguments.length === 1) return new Request('GET', method);
    return new Request(method, url);
  }
  for (const verb of ['get', 'head', 'options', 'post', 'put', 'patch', 'delete', 'del', 'trace', 'propfind', 'copy', 'move', 'lock', 'unlock']) {
    const method = verb === 'del' ? 'DELETE' : verb.toUpperCase();
    superagent[verb] = (url, data, f) => {
      const r = new Request(method, url);
      if (typeof data === 'function') { f = data; data = null; }
      if (data) { if (method === 'GET' || method === 'HEAD') r.query(data); else r.send(data); }
      if (f) r.end(f);
      return r;
    };
  }
  superagent.serialize = Object.assign({}, serializers);
  superagent.Request = Request;
  superagent.Response = Response;
  superagent.agent = () => { throw http.unavailable('superagent.agent()', 'there is no cookie jar: read set-cookie from the response and set the Cookie header'); };
  superagent.default = superagent;
  return superagent;
};
