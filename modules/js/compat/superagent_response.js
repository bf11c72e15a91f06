'use strict';
// The response of superagent and how bodies are parsed.
const http = require('internal/compat/exchange');

class Response extends require('events') {
  constructor(request, m, head, text, body, redirects) {
    super();
    const type = head['content-type'] || '';
    this.request = request;
    this.text = text;
    this.body = body === undefined ? {} : body;
    this.files = {};
    this.headers = this.header = head;
    this.links = links(head.link);
    this.type = type.split(';')[0].trim();
    for (const p of type.split(';').slice(1)) {
      const i = p.indexOf('=');
      if (i > 0) this[p.slice(0, i).trim()] = p.slice(i + 1).trim().replace(/^"|"$/g, '');
    }
    const s = this.status = this.statusCode = m.status;
    const kind = this.statusType = Math.floor(s / 100);
    this.info = kind === 1;
    this.ok = kind === 2;
    this.redirect = kind === 3;
    this.clientError = kind === 4;
    this.serverError = kind === 5;
    this.created = s === 201;
    this.accepted = s === 202;
    this.noContent = s === 204;
    this.badRequest = s === 400;
    this.unauthorized = s === 401;
    this.notAcceptable = s === 406;
    this.forbidden = s === 403;
    this.notFound = s === 404;
    this.unprocessableEntity = s === 422;
    this.redirects = redirects;
    this.error = kind === 4 || kind === 5 ? this.toError() : false;
    Object.defineProperty(this, 'res', { value: { statusCode: s, statusMessage: m.statusText, headers: head, rawHeaders: m.headers, httpVersion: m.version, text } });
    Object.defineProperty(this, 'request', { enumerable: false });
  }
  get(name) { return this.headers[String(name).toLowerCase()]; }
  toError() {
    const { method } = this.request;
    const path = new URL(this.request.url).pathname;
    return Object.assign(new Error(`cannot ${method} ${path} (${this.status})`), { status: this.status, text: this.text, method, path });
  }
  toJSON() { return { req: this.request.toJSON(), header: this.headers, status: this.status, text: this.text }; }
  setEncoding() { return this; }
}

function links(text) {
  const out = {};
  for (const p of text ? text.split(/ *, */) : []) {
    const m = /^<([^>]*)>.*?rel="?([^";]+)"?/.exec(p);
    if (m) out[m[2]] = m[1];
  }
  return out;
}

// parserOf gives a Promise of [text, body] of a response.
function parserOf(request, head, x, m) {
  const type = String(head['content-type'] || '').split(';')[0].trim().toLowerCase();
  if (typeof request._parser === 'function') return own(request._parser, head, x, m);
  const bytes = () => (m.empty ? Promise.resolve(http.wrap()) : x.bytes().then(http.wrap));
  if (request._responseType || /^(image|video|audio)\//.test(type) || type === 'application/octet-stream' || type === 'application/pdf') return bytes().then((b) => [undefined, b]);
  return bytes().then((b) => {
    const text = b.toString();
    if (m.empty && m.status === 204) return [text, undefined];
    if (type === 'application/x-www-form-urlencoded') return [text, require('qs').parse(text)];
    if (/[/+]json($|[^-\w])/i.test(type)) {
      if (text === '') return [text, ''];
      try { return [text, JSON.parse(text)]; } catch (err) {
        err.rawResponse = text;
        throw err;
      }
    }
    return [text, undefined];
  });
}

// own runs the script's parser: it reads the response as a stream.
function own(parser, head, x, m) {
  const stream = require('internal/compat/axios_more').stream(x, m.empty, http.wrap);
  Object.assign(stream, { headers: head, statusCode: m.status, statusMessage: m.statusText, text: '' });
  return new Promise((ok, no) => {
    stream.on('error', no);
    parser(stream, (err, body) => (err ? no(Object.assign(err, { rawResponse: stream.text || '' })) : ok([stream.text || undefined, body])));
  });
}

module.exports = { Response, parserOf };
