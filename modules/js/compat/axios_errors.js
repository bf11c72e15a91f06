'use strict';
function AxiosError(message, code, config, request, response) {
  Error.call(this);
  this.message = message;
  this.name = 'AxiosError';
  const own = new Error(message);
  Object.defineProperty(this, 'stack', { value: 'AxiosError' + String(own.stack).slice(5), writable: true, configurable: true });
  if (code) this.code = code;
  if (config) this.config = config;
  if (request) this.request = request;
  if (response) {
    this.response = response;
    if (response.status) this.status = response.status;
  }
}
AxiosError.prototype = Object.create(Error.prototype, {
  constructor: { value: AxiosError, writable: true, configurable: true },
  isAxiosError: { value: true },
  toJSON: {
    value() {
      const c = this.config && Object.assign({}, this.config);
      if (c) for (const k of ['adapter', 'cancelToken', 'signal', 'httpAgent', 'httpsAgent']) delete c[k];
      return {
        message: this.message, name: this.name, stack: this.stack, config: c, code: this.code,
        status: this.response && this.response.status ? this.response.status : null,
      };
    },
  },
});
for (const code of ['ERR_BAD_OPTION_VALUE', 'ERR_BAD_OPTION', 'ECONNABORTED', 'ETIMEDOUT', 'ERR_NETWORK', 'ERR_FR_TOO_MANY_REDIRECTS', 'ERR_DEPRECATED', 'ERR_BAD_RESPONSE', 'ERR_BAD_REQUEST', 'ERR_CANCELED', 'ERR_NOT_SUPPORT', 'ERR_INVALID_URL']) AxiosError[code] = code;
AxiosError.from = (err, code, config, request, response, props) => {
  const e = new AxiosError(err.message, code, config, request, response);
  for (const k of Object.keys(err)) if (!(k in e)) e[k] = err[k];
  e.cause = err;
  e.name = err.name;
  return Object.assign(e, props);
};

function CanceledError(message, config, request) {
  AxiosError.call(this, message === undefined || message === null ? 'canceled' : message, 'ERR_CANCELED', config, request);
  this.name = 'CanceledError';
}
CanceledError.prototype = Object.create(AxiosError.prototype, { constructor: { value: CanceledError, writable: true, configurable: true }, __CANCEL__: { value: true } });

class CancelToken {
  constructor(executor) {
    if (typeof executor !== 'function') throw new TypeError('executor must be a function.');
    this._listeners = [];
    let settle;
    this.promise = new Promise((ok) => { settle = ok; });
    executor((message, config, request) => {
      if (this.reason) return;
      this.reason = new CanceledError(message, config, request);
      settle(this.reason);
      for (const l of this._listeners.splice(0)) l(this.reason);
    });
  }
  throwIfRequested() { if (this.reason) throw this.reason; }
  subscribe(f) { if (this.reason) f(this.reason); else this._listeners.push(f); }
  unsubscribe(f) { const i = this._listeners.indexOf(f); if (i >= 0) this._listeners.splice(i, 1); }
  static source() {
    let cancel;
    const token = new CancelToken((c) => { cancel = c; });
    return { token, cancel };
  }
}
module.exports = { AxiosError, CanceledError, CancelToken, isCancel: (v) => !!(v && v.__CANCEL__), isAxiosError: (v) => typeof v === 'object' && v !== null && v.isAxiosError === true };
