'use strict';
// OAuth 1.0 signatures, RFC 5849 section 3.4.
const crypto = require('crypto');
const rfc3986 = (s) => encodeURIComponent(s).replace(/[!'()*]/g, (c) => '%' + c.charCodeAt(0).toString(16).toUpperCase());

function map(o) {
  const out = [];
  for (const k of Object.keys(o)) {
    const v = o[k];
    if (Array.isArray(v)) for (const e of v) out.push([k, e]);
    else if (typeof v === 'object' && v !== null) for (const p of Object.keys(v)) out.push([k + '[' + p + ']', v[p]]);
    else out.push([k, v]);
  }
  return out;
}
const order = (a, b) => (a > b ? 1 : a < b ? -1 : 0);

function generateBase(method, uri, params) {
  const list = map(params).map(([k, v]) => [rfc3986(k), rfc3986(v === undefined || v === null ? '' : v)])
    .sort((a, b) => order(a[0], b[0]) || order(a[1], b[1])).map((p) => p.join('='));
  return [rfc3986(method ? method.toUpperCase() : 'GET'), rfc3986(uri), rfc3986(list.join('&'))].join('&');
}
const key = (a, b) => [a || '', b || ''].map(rfc3986).join('&');
const hmac = (digest) => (method, uri, params, consumer, token) => crypto.createHmac(digest, key(consumer, token)).update(generateBase(method, uri, params)).digest('base64');
const hmacsign = hmac('sha1'), hmacsign256 = hmac('sha256');
const rsasign = (method, uri, params, privateKey) => crypto.createSign('RSA-SHA1').update(generateBase(method, uri, params)).sign(privateKey, 'base64');
const plaintext = key;

function sign(kind, method, uri, params, consumer, token) {
  switch (kind) {
    case 'RSA-SHA1': return rsasign(method, uri, params, consumer);
    case 'HMAC-SHA1': return hmacsign(method, uri, params, consumer, token);
    case 'HMAC-SHA256': return hmacsign256(method, uri, params, consumer, token);
    case 'PLAINTEXT': return plaintext(consumer, token);
    default: throw new Error('Signature method not supported: ' + kind);
  }
}
module.exports = { hmacsign, hmacsign256, rsasign, plaintext, sign, rfc3986, generateBase };
