'use strict';
// The restricted management client that rules have as `auth0`: real requests to
// the management API that the tenant's settings name.
const { management } = require('internal/invocation');

// A rule passes errors on to its callback, and then the message is for the user who
// signs in: settings and addresses are in `hint`, which is for the author.
const advice = 'this tenant has no management API: add "management": {"domain": …, "baseUrl": …, "accessToken": …} to its rulebox.json, give it to `rulebox run --management`, or as "auth0" to a try';
const missing = () => Object.assign(new Error('auth0: no management API is configured'), { name: 'ManagementApiError', code: 'ERR_NO_MANAGEMENT_API', hint: advice });

// failure is the error for an answer that is no success, with what the API says.
function failure(status, text) {
  let body = {};
  try { body = JSON.parse(text) || {}; } catch (err) { /* not JSON: the status must do */ }
  const e = new Error(typeof body.message === 'string' ? body.message : `the management API answered with status ${status}`);
  e.name = typeof body.error === 'string' ? body.error : 'ManagementApiError';
  e.statusCode = typeof body.statusCode === 'number' ? body.statusCode : status;
  for (const k of ['error', 'errorCode']) if (body[k] !== undefined) e[k] = body[k];
  return e;
}

function update(field) {
  return function (userId, metadata, callback) {
    const p = patch(field, userId, metadata);
    if (typeof callback !== 'function') return p;
    p.then((user) => setImmediate(() => callback(null, user)), (err) => setImmediate(() => callback(err)));
    return undefined;
  };
}

function patch(field, userId, metadata) {
  if (!management) return Promise.reject(missing());
  if (typeof userId !== 'string' || userId === '') return Promise.reject(new TypeError(`auth0.users: the user id must be a string that is not empty; it is ${userId === '' ? 'empty' : typeof userId}`));
  if (typeof metadata !== 'object' || metadata === null || Array.isArray(metadata)) return Promise.reject(new TypeError('auth0.users: the metadata must be an object'));
  let body;
  try { body = JSON.stringify({ [field]: metadata }); } catch (err) { return Promise.reject(err); }
  return require('internal/fetch').fetch(`${management.baseUrl.replace(/\/+$/, '')}/users/${encodeURIComponent(userId)}`, {
    method: 'PATCH',
    headers: { authorization: 'Bearer ' + management.accessToken, 'content-type': 'application/json', accept: 'application/json' },
    body,
  }).then((res) => res.text().then((text) => {
    if (!res.ok) throw failure(res.status, text);
    return text === '' ? {} : JSON.parse(text);
  }), (err) => {
    // The cause names host and reason.
    const c = err.cause;
    throw c ? Object.assign(new Error('auth0: the management API cannot be reached'), { code: c.code, hint: `the management API is at ${management.baseUrl}: ${c.hint || c.message}` }) : err;
  });
}

// Scripts test `if (auth0.accessToken)`: without a management API the properties
// are undefined, and only calls fail.
const m = management || {};
module.exports = {
  users: { updateAppMetadata: update('app_metadata'), updateUserMetadata: update('user_metadata') },
  accessToken: m.accessToken, domain: m.domain, baseUrl: m.baseUrl,
};
