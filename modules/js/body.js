'use strict';
// What may be a body, beside a plain string.

const tag = (v) => Object.prototype.toString.call(v).slice(8, -1);
const named = (v, name) => tag(v) === name || !!v.constructor && v.constructor.name === name;

// extract gives {data, type, stream}: data is a string, a Uint8Array or a
// Promise of one; type is the content type or null; stream is set for streams.
function extract(body) {
  if (typeof body === 'string') return { data: body, type: 'text/plain;charset=UTF-8' };
  if (typeof body === 'object' && body !== null) {
    if (ArrayBuffer.isView(body)) {
      return { data: new Uint8Array(body.buffer.slice(body.byteOffset, body.byteOffset + body.byteLength)), type: null };
    }
    if (body instanceof ArrayBuffer) return { data: new Uint8Array(body.slice(0)), type: null };
    if (named(body, 'URLSearchParams')) return { data: String(body), type: 'application/x-www-form-urlencoded;charset=UTF-8' };
    if (named(body, 'Blob') || named(body, 'File')) {
      return { data: body.arrayBuffer().then((b) => new Uint8Array(b)), type: body.type || null };
    }
    if (named(body, 'FormData') && typeof body.entries === 'function') return multipart(body);
    const ws = typeof body.getReader === 'function';
    if (ws || typeof body[Symbol.asyncIterator] === 'function' || typeof body.pipe === 'function') {
      if (ws && body.locked) throw new TypeError('Response body object should not be disturbed or locked');
      const type = typeof body.getBoundary === 'function' ? 'multipart/form-data;boundary=' + body.getBoundary() : null;
      let p = null;
      return {
        type,
        stream: ws ? body : null,
        get data() { return p || (p = ws ? require('internal/webstream').collect(body) : drain(body)); },
      };
    }
  }
  return { data: String(body), type: 'text/plain;charset=UTF-8' };
}

const encode = (s) => native.encode(s);

function join(chunks) {
  return native.join(chunks.map((c) => (typeof c === 'string' ? c : ArrayBuffer.isView(c) || c instanceof ArrayBuffer ? c : String(c))));
}

// drain reads a Node stream or an async iterable.
function drain(body) {
  const chunks = [];
  if (typeof body.on === 'function') {
    return new Promise((resolve, reject) => {
      body.on('data', (c) => chunks.push(c));
      body.on('end', () => resolve(join(chunks)));
      body.on('error', reject);
      if (typeof body.resume === 'function') body.resume();
    });
  }
  const it = body[Symbol.asyncIterator]();
  const step = () => Promise.resolve(it.next()).then((r) => {
    if (r.done) return join(chunks);
    chunks.push(r.value);
    return step();
  });
  return step();
}

function multipart(form) {
  const boundary = '----formdata-' + native.boundary();
  const parts = [], waits = [];
  for (const [name, value] of form) {
    if (typeof value === 'string') {
      parts.push([name, value]);
    } else {
      const p = [name, null, value.name === undefined ? 'blob' : value.name, value.type || 'application/octet-stream'];
      parts.push(p);
      waits.push(value.arrayBuffer().then((b) => { p[1] = b; }));
    }
  }
  const make = () => native.multipart(boundary, parts);
  return { data: waits.length ? Promise.all(waits).then(make) : make(), type: 'multipart/form-data; boundary=' + boundary };
}

const parse = (bytes, type) => native.parse(bytes, type);

module.exports = { extract, encode, join, parse, native };
