'use strict';
// request-promise and request-promise-native: request with a Promise of the body.
const request = require('request');
const hide = (o, name, value) => Object.defineProperty(o, name, { value, writable: true, configurable: true });

function settle(o, err, response, body, resolve, reject) {
  const errors = require('request-promise/errors');
  if (err) { reject(new errors.RequestError(err, o, response)); return; }
  const ok = response.statusCode >= 200 && response.statusCode < 300;
  const full = o.resolveWithFullResponse === true;
  const bad = () => new errors.StatusCodeError(response.statusCode, body, o, response);
  const simple = o.simple === undefined || !!o.simple;
  if (typeof o.transform === 'function' && (ok || o.transform2xxOnly !== true)) {
    new Promise((done) => { done(o.transform(body, response, full)); }).then((v) => {
      if (!ok && simple) {
        const e = bad();
        e.response = v; // as the original has it
        reject(e);
      } else {
        resolve(v);
      }
    }, (cause) => reject(new errors.TransformError(cause, o, response)));
    return;
  }
  if (!ok && simple) reject(bad());
  else resolve(full ? response : body);
}

module.exports = request.defaults({}, (o) => {
  const also = o.callback;
  let resolve, reject;
  const promise = new Promise((ok, no) => { resolve = ok; reject = no; });
  promise.catch(() => {}); // who takes no promise does not fail the login
  let r;
  o.callback = (err, response, body) => {
    settle(o, err, response, body, resolve, reject);
    if (typeof also === 'function') also(err, response, body);
  };
  try { r = request(o); } catch (err) { o.callback(err); r = {}; }
  hide(r, 'promise', () => promise);
  hide(r, 'then', (a, b) => promise.then(a, b));
  hide(r, 'catch', (a) => promise.catch(a));
  hide(r, 'finally', (a) => promise.finally(a));
  hide(r, 'cancel', () => { if (r.abort) r.abort(); });
  return r;
});
