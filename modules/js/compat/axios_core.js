'use strict';
// axios 0 and 1, with an adapter over the host's HTTP.
const http = require('internal/compat/exchange');
const errors = () => require('internal/compat/axios_errors');
const more = () => require('internal/compat/axios_more');

const plain = (v) => typeof v === 'object' && v !== null && (Object.getPrototypeOf(v) === Object.prototype || Object.getPrototypeOf(v) === null);
const tag = (v) => Object.prototype.toString.call(v).slice(8, -1);
const isForm = (v) => typeof v === 'object' && v !== null && tag(v) === 'FormData';
const isParams = (v) => typeof v === 'object' && v !== null && (tag(v) === 'URLSearchParams' || typeof URLSearchParams === 'function' && v instanceof URLSearchParams);
const isBytes = (v) => ArrayBuffer.isView(v) || v instanceof ArrayBuffer;

function merge(a, b) {
  const out = {};
  for (const k of Object.keys(a)) out[k] = plain(a[k]) ? merge(a[k], {}) : a[k];
  for (const k of Object.keys(b)) {
    const v = b[k];
    out[k] = plain(v) ? merge(plain(out[k]) ? out[k] : {}, v) : Array.isArray(v) ? v.slice() : v;
  }
  return out;
}

// Some options are never taken from the defaults, some replace them whole.
function mergeConfig(a, b) {
  const out = {};
  const keys = Object.keys(a).concat(Object.keys(b).filter((k) => !(k in a)));
  for (const k of keys) {
    const own = b[k];
    if (k === 'url' || k === 'method' || k === 'data') { if (own !== undefined) out[k] = k === 'data' && plain(own) ? merge({}, own) : own; } else if (k === 'validateStatus') { out[k] = k in b ? own : a[k]; } else if (k === 'headers') { out[k] = merge(headersOf(a[k]), headersOf(own)); } else if (own === undefined) { if (a[k] !== undefined) out[k] = plain(a[k]) ? merge({}, a[k]) : a[k]; } else { out[k] = plain(own) && plain(a[k]) ? merge(a[k], own) : own; }
  }
  return out;
}
const headersOf = (h) => (h === undefined || h === null ? {} : plain(h) ? h : typeof h.toJSON === 'function' ? Object.assign({}, h.toJSON()) : tag(h) === 'Headers' ? Object.fromEntries(h) : Object.assign({}, h));

const encode = (s) => encodeURIComponent(s).replace(/%3A/gi, ':').replace(/%24/g, '$').replace(/%2C/gi, ',').replace(/%20/g, '+').replace(/%5B/gi, '[').replace(/%5D/gi, ']');

function query(params, serializer, major) {
  if (typeof serializer === 'function') return serializer(params);
  const own = serializer && typeof serializer === 'object' ? serializer : {};
  if (typeof own.serialize === 'function') return own.serialize(params, own);
  if (isParams(params)) return params.toString();
  const enc = typeof own.encode === 'function' ? (s) => own.encode(s, encode) : encode;
  const out = [];
  if (major > 0) {
    more().nested(params, (k, v) => out.push(enc(k) + '=' + enc(String(v))), own.indexes === undefined ? false : own.indexes);
    return out.join('&');
  }
  for (const key of Object.keys(params)) {
    const v = params[key];
    if (v === null || v === undefined) continue;
    for (let e of Array.isArray(v) ? v : [v]) {
      if (e instanceof Date) e = e.toISOString();
      else if (typeof e === 'object' && e !== null) e = JSON.stringify(e);
      out.push(enc(Array.isArray(v) ? key + '[]' : key) + '=' + enc(String(e)));
    }
  }
  return out.join('&');
}

function buildURL(url, params, serializer, major) {
  if (!params) return url;
  const q = query(params, serializer, major);
  if (!q) return url;
  const hash = url.indexOf('#');
  if (hash >= 0) url = url.slice(0, hash);
  return url + (url.includes('?') ? '&' : '?') + q;
}

function fullPath(base, url) {
  url = url === undefined || url === null ? '' : String(url);
  if (!base || /^([a-z][a-z\d+\-.]*:)?\/\//i.test(url)) return url;
  return url ? String(base).replace(/\/?\/$/, '').replace(/\/+$/, '') + '/' + url.replace(/^\/+/, '') : String(base);
}

function setType(headers, type) {
  const k = http.find(headers, 'content-type');
  if (!k || headers[k] === undefined || headers[k] === null || headers[k] === false) headers[k || 'Content-Type'] = type;
}
const typeOf = (headers) => { const k = http.find(headers, 'content-type'); return k ? String(headers[k] || '') : ''; };

function transformRequest(major) {
  return function (data, headers) {
    const type = typeOf(headers);
    if (isForm(data)) return type.includes('application/json') && major > 0 ? JSON.stringify(Object.fromEntries(data)) : data;
    if (isBytes(data) || data && (typeof data.pipe === 'function' || /^(Blob|File)$/.test(tag(data)))) return data;
    if (isParams(data)) { setType(headers, 'application/x-www-form-urlencoded;charset=utf-8'); return data.toString(); }
    const object = typeof data === 'object' && data !== null;
    if (object && major > 0 && type.includes('application/x-www-form-urlencoded')) return more().urlencoded(data);
    if (object && type.includes('multipart/form-data')) return more().formOf(data);
    if (object || type.includes('application/json')) {
      setType(headers, 'application/json');
      if (typeof data === 'string') {
        try { JSON.parse(data); return data.trim(); } catch (err) { /* not JSON: it becomes a JSON string */ }
      }
      return data === undefined ? data : JSON.stringify(data);
    }
    return data;
  };
}

function transformResponse(major) {
  return function (data) {
    const t = this.transitional || {};
    const wants = this.responseType === 'json';
    const strict = !(t.silentJSONParsing === undefined || t.silentJSONParsing) && wants;
    const forced = (t.forcedJSONParsing === undefined || t.forcedJSONParsing) && (major === 0 || !this.responseType);
    if (typeof data !== 'string' || data === '' || !(strict || forced || wants)) return data;
    try {
      return JSON.parse(data);
    } catch (err) {
      if (strict) throw errors().AxiosError.from(err, 'ERR_BAD_RESPONSE', this, null, this.response);
      return data;
    }
  };
}

// body makes what is sent of the transformed data; a Promise if it must be read.
function body(data, headers, AxiosError, config) {
  if (data === undefined || data === null) return null;
  if (typeof data === 'string') return data;
  if (isBytes(data)) return data instanceof ArrayBuffer ? new Uint8Array(data) : data;
  if (isForm(data) || typeof data.pipe === 'function' || /^(Blob|File)$/.test(tag(data))) {
    const b = require('internal/body').extract(data);
    if (typeof data.getHeaders === 'function') Object.assign(headers, data.getHeaders());
    else if (isForm(data)) headers[http.find(headers, 'content-type') || 'Content-Type'] = b.type;
    return b.data;
  }
  throw new AxiosError('Data after transformation must be a string, an ArrayBuffer, a Buffer, or a Stream', 'ERR_BAD_REQUEST', config);
}

function agentOf(config, url) {
  const a = /^https:/i.test(url) ? config.httpsAgent : config.httpAgent;
  if (http.isProxyAgent(a)) throw http.noProxy('axios: a proxy agent');
  return a && a.options;
}

// permit throws if an option asks for what cannot be given.
function permit(config) {
  if (config.proxy) throw http.noProxy('axios: option proxy');
  if (config.socketPath) throw http.unavailable('axios: option socketPath', 'there are no local sockets');
}

// prepare gives the exchange's spec and the request that errors and responses show.
function prepare(config, version, major) {
  permit(config);
  const { AxiosError } = errors();
  const headers = config.headers;
  const full = buildURL(fullPath(config.baseURL, config.url), config.params, config.paramsSerializer, major);
  if (!/^https?:\/\/[^/?#]/i.test(full)) {
    const m = /^([a-z][a-z0-9+.-]*):/i.exec(full);
    if (m && !/^https?$/i.test(m[1])) throw new AxiosError('Unsupported protocol ' + m[1].toLowerCase() + ':', 'ERR_BAD_REQUEST', config);
    throw Object.assign(new AxiosError('Invalid URL', 'ERR_INVALID_URL', config), { input: full });
  }
  const [url, user] = http.credentials(full);
  if (!http.find(headers, 'user-agent')) headers['User-Agent'] = 'axios/' + version;
  if (!http.find(headers, 'accept-encoding') && major > 0) headers['Accept-Encoding'] = 'gzip, deflate';
  const a = config.auth;
  if (a || user) {
    const k = http.find(headers, 'authorization');
    if (k && (a || user)) delete headers[k];
    headers.Authorization = a ? http.basic(a.username || '', a.password === undefined ? '' : a.password) : http.basic(user[0], user[1]);
  }
  const method = config.method.toUpperCase();
  const redirects = config.maxRedirects === undefined ? (major > 0 ? 20 : 5) : config.maxRedirects;
  const data = body(config.data, headers, AxiosError, config);
  const size = data && typeof data !== 'string' ? data.byteLength : data ? Buffer.byteLength(data) : 0;
  if (data && size >= 0) headers['Content-Length'] = major > 0 ? String(size) : size;
  if (config.maxBodyLength > -1 && size > config.maxBodyLength) throw new AxiosError('Request body larger than maxBodyLength limit', 'ERR_BAD_REQUEST', config);
  const u = /^([^:]+:)\/\/([^/?#]*)([^#]*)/.exec(url);
  return {
    spec: {
      method, url, redirects, decode: config.decompress !== false,
      body: data === null && /^(POST|PUT|PATCH)$/.test(method) ? '' : data,
      headers: http.flatten(major > 0 && headers.toJSON ? headers.toJSON() : headers), tls: http.tlsOf(agentOf(config, url)),
    },
    request: { method, protocol: u[1].toLowerCase(), host: u[2].replace(/:\d+$/, ''), path: u[3][0] === '/' ? u[3] : '/' + u[3], res: { responseUrl: url } },
  };
}

function timeoutMessage(config, major) {
  return major > 0 && config.timeoutErrorMessage || 'timeout of ' + config.timeout + 'ms exceeded';
}

function adapter(version, major) {
  return function (config) {
    const { AxiosError, CanceledError } = errors();
    return new Promise((resolve, reject) => {
      const { spec, request } = prepare(config, version, major);
      let x = null, timer = null, over = false;
      const end = () => {
        over = true;
        if (timer) clearTimeout(timer);
        if (config.cancelToken && config.cancelToken.unsubscribe) config.cancelToken.unsubscribe(cancel);
        if (config.signal && config.signal.removeEventListener) config.signal.removeEventListener('abort', cancel);
      };
      const fail = (err) => {
        if (over) return;
        end();
        if (x) x.abort();
        reject(err);
      };
      const cancel = (reason) => fail(!reason || reason.type ? new CanceledError(null, config, request) : reason);
      if (config.cancelToken) config.cancelToken.subscribe(cancel);
      if (config.signal) {
        if (config.signal.aborted) cancel();
        else config.signal.addEventListener('abort', cancel);
      }
      if (over) return;
      const ms = Number.parseInt(config.timeout, 10);
      if (config.timeout) {
        if (Number.isNaN(ms)) { fail(new AxiosError('error trying to parse `config.timeout` to int', 'ERR_BAD_OPTION_VALUE', config, request)); return; }
        const clarify = config.transitional && config.transitional.clarifyTimeoutError;
        timer = setTimeout(() => fail(new AxiosError(timeoutMessage(config, major), clarify ? 'ETIMEDOUT' : 'ECONNABORTED', config, request)), ms);
      }
      const broken = (err) => {
        if (err.message === 'redirect count exceeded') err = Object.assign(new Error('Maximum number of redirects exceeded'), { code: 'ERR_FR_TOO_MANY_REDIRECTS' });
        fail(AxiosError.from(err, err.code, config, request));
      };
      Promise.resolve(spec.body).then((data) => {
        if (over) return undefined;
        spec.body = data;
        x = http.open(spec);
        return x.sent.then((m) => {
          request.res.responseUrl = m.url;
          const headers = http.joined(m.headers);
          if (spec.decode) delete headers['content-encoding'];
          const response = { status: m.status, statusText: m.statusText, headers: major > 0 ? new (require('internal/compat/axios_headers'))(headers) : headers, config, request };
          if (config.responseType === 'stream') {
            end();
            response.data = more().stream(x, m.empty, http.wrap);
            settle(response, resolve, reject, AxiosError, major);
            return undefined;
          }
          const bytes = config.responseType === 'arraybuffer' || config.maxContentLength > -1 || config.responseEncoding && !/^utf-?8$/i.test(config.responseEncoding);
          return (m.empty ? Promise.resolve(bytes ? undefined : '') : bytes ? x.bytes() : x.text()).then((v) => {
            if (over) return;
            if (bytes) {
              v = http.wrap(v);
              if (config.maxContentLength > -1 && v.length > config.maxContentLength) {
                fail(new AxiosError('maxContentLength size of ' + config.maxContentLength + ' exceeded', 'ERR_BAD_RESPONSE', config, request));
                return;
              }
              if (config.responseType !== 'arraybuffer') v = v.toString(config.responseEncoding || 'utf8').replace(/^\ufeff/, '');
            }
            end();
            response.data = v;
            settle(response, resolve, reject, AxiosError, major);
          });
        });
      }).then(undefined, broken);
    });
  };
}

function settle(response, resolve, reject, AxiosError, major) {
  const ok = response.config.validateStatus;
  if (!response.status || !ok || ok(response.status)) { resolve(response); return; }
  const err = new AxiosError('Request failed with status code ' + response.status,
    ['ERR_BAD_REQUEST', 'ERR_BAD_RESPONSE'][Math.floor(response.status / 100) - 4], response.config, response.request, response);
  if (major === 0) delete err.status;
  reject(err);
}

function transform(fns, config, data, headers, response) {
  if (fns === undefined || fns === null) return data;
  for (const f of Array.isArray(fns) ? fns : [fns]) if (f) data = f.call(config, data, headers, response && response.status);
  return data;
}

function dispatch(config, major) {
  const stop = () => {
    if (config.cancelToken) config.cancelToken.throwIfRequested();
    if (config.signal && config.signal.aborted) throw new (errors().CanceledError)(null, config);
  };
  stop();
  config.headers = major > 0 ? new (require('internal/compat/axios_headers'))(config.headers) : config.headers || {};
  config.data = transform(config.transformRequest, config, config.data, config.headers);
  if (/^(post|put|patch)$/.test(config.method)) setType(config.headers, 'application/x-www-form-urlencoded');
  if (typeof config.adapter !== 'function') throw new TypeError('axios: option adapter must be a function; leave it out to use the host\'s network');
  return Promise.resolve(config.adapter(config)).then((response) => {
    stop();
    response.data = transform(config.transformResponse, config, response.data, response.headers, response);
    return response;
  }, (err) => {
    if (!(err && err.__CANCEL__)) {
      stop();
      if (err && err.response) err.response.data = transform(config.transformResponse, config, err.response.data, err.response.headers, err.response);
    }
    throw err;
  });
}

class InterceptorManager {
  constructor() { this.handlers = []; }
  use(fulfilled, rejected, options) {
    this.handlers.push({ fulfilled, rejected, synchronous: !!(options && options.synchronous), runWhen: options ? options.runWhen : null });
    return this.handlers.length - 1;
  }
  eject(id) { if (this.handlers[id]) this.handlers[id] = null; }
  clear() { this.handlers = []; }
  forEach(f) { this.handlers.forEach((h) => { if (h !== null) f(h); }); }
}

// configOf merges the call's config into the defaults and settles its method and
// headers.
function configOf(defaults, config) {
  config = mergeConfig(defaults, config);
  config.method = String(config.method || defaults.method || 'get').toLowerCase();
  const h = config.headers, groups = ['common', 'delete', 'get', 'head', 'post', 'put', 'patch', 'query'];
  const flat = Object.assign({}, h.common, h[config.method]);
  for (const k of Object.keys(h)) {
    if (groups.includes(k) && (plain(h[k]) || h[k] === undefined)) continue;
    const known = http.find(flat, k.toLowerCase());
    if (known) delete flat[known];
    flat[k] = h[k];
  }
  config.headers = flat;
  return config;
}

module.exports = function (version, major) {
  function Axios(defaults) {
    this.defaults = defaults;
    this.interceptors = { request: new InterceptorManager(), response: new InterceptorManager() };
  }
  Axios.prototype.request = function (input, config) {
    if (typeof input === 'string') config = Object.assign({}, config, { url: input });
    else config = input || {};
    config = configOf(this.defaults, config);
    if (major > 0) config.headers = new (require('internal/compat/axios_headers'))(config.headers);
    let p = Promise.resolve(config);
    const before = [];
    this.interceptors.request.forEach((h) => {
      if (typeof h.runWhen === 'function' && h.runWhen(config) === false) return;
      before.unshift(h);
    });
    for (const h of before) p = p.then(h.fulfilled, h.rejected);
    // Made here, the error's stack tells the line of the script.
    let refusal = null;
    try { permit(config); } catch (err) { refusal = err; }
    p = p.then((c) => {
      if (refusal && (c.proxy || c.socketPath)) throw refusal; // an interceptor may have changed them
      return dispatch(c, major);
    });
    this.interceptors.response.forEach((h) => { p = p.then(h.fulfilled, h.rejected); });
    return p;
  };
  Axios.prototype.getUri = function (config) {
    config = mergeConfig(this.defaults, config || {});
    return buildURL(fullPath(config.baseURL, config.url), config.params, config.paramsSerializer, major);
  };
  for (const method of ['delete', 'get', 'head', 'options']) {
    Axios.prototype[method] = function (url, config) { return this.request(Object.assign({}, config, { method, url, data: (config || {}).data })); };
  }
  for (const method of ['post', 'put', 'patch']) {
    const call = (form) => function (url, data, config) {
      const headers = form ? { headers: Object.assign({ 'Content-Type': 'multipart/form-data' }, config && config.headers) } : {};
      return this.request(Object.assign({}, config, headers, { method, url, data }));
    };
    Axios.prototype[method] = call(false);
    Axios.prototype[method + 'Form'] = call(true);
  }

  const send = adapter(version, major);
  const defaults = {
    transitional: { silentJSONParsing: true, forcedJSONParsing: true, clarifyTimeoutError: false },
    adapter: send,
    transformRequest: [transformRequest(major)],
    transformResponse: [transformResponse(major)],
    timeout: 0,
    xsrfCookieName: 'XSRF-TOKEN', xsrfHeaderName: 'X-XSRF-TOKEN',
    maxContentLength: -1, maxBodyLength: -1,
    validateStatus: (status) => status >= 200 && status < 300,
    headers: { common: { Accept: 'application/json, text/plain, */*' }, delete: {}, get: {}, head: {}, post: {}, put: {}, patch: {} },
  };

  function make(config) {
    const context = new Axios(config);
    const instance = (input, own) => context.request(input, own);
    for (const k of Object.keys(Axios.prototype)) instance[k] = Axios.prototype[k].bind(context);
    instance.defaults = context.defaults;
    instance.interceptors = context.interceptors;
    instance.create = (own) => make(mergeConfig(context.defaults, own || {}));
    return instance;
  }

  const axios = make(defaults);
  axios.Axios = Axios;
  axios.VERSION = version;
  axios.all = (list) => Promise.all(list);
  axios.spread = (f) => (list) => f.apply(null, list);
  axios.toFormData = (o, form) => { form = form || new FormData(); more().nested(o, (k, v) => form.append(k, v), false); return form; };
  const late = (name, get) => Object.defineProperty(axios, name, {
    get, set(v) { Object.defineProperty(axios, name, { value: v, writable: true }); }, enumerable: true, configurable: true,
  });
  for (const k of ['AxiosError', 'CanceledError', 'CancelToken', 'isCancel', 'isAxiosError']) late(k, () => errors()[k]);
  late('Cancel', () => errors().CanceledError);
  if (major > 0) {
    late('AxiosHeaders', () => require('internal/compat/axios_headers'));
    axios.mergeConfig = mergeConfig;
    axios.getAdapter = () => send;
  }
  axios.default = axios;
  return axios;
};
