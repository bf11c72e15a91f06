'use strict';
// Parts of axios that a plain call with JSON does not need.

// nested writes an object into a form as axios' toFormData does: a[b]=c, a[]=c.
function nested(data, append, indexes) {
  const write = (v, path) => {
    if (v === undefined || v === null) return;
    if (v instanceof Date) { append(path, v.toISOString()); return; }
    if (typeof v !== 'object' || ArrayBuffer.isView(v) || /Blob|File/.test(Object.prototype.toString.call(v))) { append(path, v); return; }
    if (Array.isArray(v)) {
      v.forEach((e, i) => {
        const flat = typeof e !== 'object' || e === null || e instanceof Date;
        write(e, path + (indexes === null && flat ? '' : indexes || !flat ? `[${i}]` : '[]'));
      });
      return;
    }
    if (/\{\}$/.test(path)) { append(path, JSON.stringify(v)); return; }
    for (const k of Object.keys(v)) write(v[k], path + '[' + k + ']');
  };
  for (const k of Object.keys(data)) write(data[k], k);
}

function formOf(data) {
  const form = new FormData();
  nested(data, (k, v) => form.append(k, ArrayBuffer.isView(v) ? new Blob([v]) : v), false);
  return form;
}

function urlencoded(data) {
  const p = new URLSearchParams();
  nested(data, (k, v) => p.append(k, ArrayBuffer.isView(v) ? Buffer.from(v.buffer, v.byteOffset, v.byteLength).toString('base64') : v), false);
  return p.toString();
}

// stream gives the body of the exchange as a Readable.
function stream(x, empty, wrap) {
  const { Readable } = require('stream');
  return new Readable({
    read() {
      if (empty) { this.push(null); return; }
      x.read().then((chunk) => this.push(chunk === null ? null : wrap(chunk)), (err) => this.destroy(err));
    },
    destroy(err, done) { x.abort(); done(err); },
  });
}
module.exports = { nested, formOf, urlencoded, stream };
