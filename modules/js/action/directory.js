'use strict';
// Groups and roles of the user that signs in: what the event says of them, or else
// what the management API says.
const { management } = require('internal/invocation');

const advice = 'this tenant has no management API: add "management": {"domain": …, "baseUrl": …, "accessToken": …} to its rulebox.json, give it to `rulebox run --management`, or send event.authorization with the members groups and roles';

function failure(what, status, text) {
  let body = {};
  try { body = JSON.parse(text) || {}; } catch (err) { /* not JSON: the status must do */ }
  const e = new Error(`${what}: ${typeof body.message === 'string' ? body.message : `the management API answered with status ${status}`}`);
  e.name = 'ManagementApiError';
  e.statusCode = status;
  return e;
}

async function ask(what, path, query) {
  if (!management) {
    throw Object.assign(new Error(`${what}: no management API is configured`), { name: 'ManagementApiError', code: 'ERR_NO_MANAGEMENT_API', hint: advice });
  }
  const params = Object.entries(query).filter(([, v]) => v !== undefined).map(([k, v]) => `${k}=${encodeURIComponent(v)}`).join('&');
  const res = await require('internal/fetch').fetch(`${management.baseUrl.replace(/\/+$/, '')}${path}${params ? `?${params}` : ''}`, {
    headers: { authorization: `Bearer ${management.accessToken}`, accept: 'application/json' },
  });
  const text = await res.text();
  if (!res.ok) throw failure(what, res.status, text);
  return JSON.parse(text);
}

function options(what, o, max) {
  if (o === undefined || o === null) return {};
  if (typeof o !== 'object') throw new TypeError(`${what}: the options must be an object {take, from}`);
  const { take, from } = o;
  if (take !== undefined && (!Number.isInteger(take) || take < 1 || take > max)) throw new TypeError(`${what}: take must be a whole number from 1 to ${max}`);
  if (from !== undefined && typeof from !== 'string') throw new TypeError(`${what}: from must be a string`);
  return { take, from };
}

function strings(what, list, max) {
  if (!Array.isArray(list)) throw new TypeError(`${what} must be an array`);
  if (list.length > max) throw new TypeError(`${what} has ${list.length} elements; at most ${max} are allowed`);
  for (const s of list) if (typeof s !== 'string') throw new TypeError(`${what}: each must be a string`);
  return list;
}

// page cuts one page out of a whole list. Next is where the one after it begins.
function page(list, key, { take = 50, from }) {
  const at = from === undefined ? 0 : Number.parseInt(from, 10) || 0;
  const out = { [key]: list.slice(at, at + take) };
  if (at + take < list.length) out.next = String(at + take);
  return out;
}

const entry = (v) => (typeof v === 'string' ? { name: v } : v);

// listing is the answer of the management API, which is a list or a page of one.
function listing(answer, key) {
  if (Array.isArray(answer)) return { [key]: answer };
  const out = { [key]: Array.isArray(answer[key]) ? answer[key] : [] };
  if (typeof answer.next === 'string') out.next = answer.next;
  return out;
}

async function fetched(what, user, key, o) {
  return listing(await ask(what, `/users/${encodeURIComponent(user)}/${key}`, o), key);
}

// everything follows the pages; the bound is on what a user can have.
async function everything(what, user, key) {
  const all = [];
  let from;
  for (let i = 0; i < 20; i++) {
    const p = await fetched(what, user, key, { take: 100, from });
    all.push(...p[key]);
    if (p.next === undefined) break;
    from = p.next;
  }
  return all;
}

const given = (known, key) => (known && Array.isArray(known[key]) ? known[key].map(entry) : undefined);

exports.getUserGroups = async (user, known, o) => {
  const what = 'api.groups.getUserGroups';
  const opts = options(what, o, 100);
  const list = given(known, 'groups');
  return list ? page(list, 'groups', opts) : fetched(what, user, 'groups', opts);
};

exports.hasGroupMembership = async (user, known, groups) => {
  const what = 'api.groups.hasGroupMembership';
  const wanted = strings(`${what}: the groups`, typeof groups === 'string' ? [groups] : groups, 100);
  const list = given(known, 'groups') || await everything(what, user, 'groups');
  return list.some((g) => wanted.includes(g.id) || wanted.includes(g.name));
};

exports.getUserEffectiveRoles = async (user, known, o) => {
  const what = 'api.roles.getUserEffectiveRoles';
  const opts = options(what, o, 100);
  const list = given(known, 'roles');
  return list ? page(list, 'roles', opts) : fetched(what, user, 'roles', opts);
};

exports.getUserEffectiveRolesByIds = async (user, known, ids) => {
  const what = 'api.roles.getUserEffectiveRolesByIds';
  const wanted = strings(`${what}: the ids`, ids, 100);
  // The event may have names alone.
  let list = given(known, 'roles');
  if (!list || list.some((r) => r.id === undefined)) list = await everything(what, user, 'roles');
  return { roles: list.filter((r) => wanted.includes(r.id)) };
};

exports.getUserEffectiveRolesByNames = async (user, known, names) => {
  const what = 'api.roles.getUserEffectiveRolesByNames';
  const wanted = strings(`${what}: the names`, names, 50);
  const list = given(known, 'roles') || await everything(what, user, 'roles');
  return { roles: list.filter((r) => wanted.includes(r.name)) };
};
