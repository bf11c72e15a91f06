// Runs the cases of an archive against the original clients of databases:
// run.js folder-with-node_modules archive host port user password database url [filter]
'use strict';
const fs = require('fs'), path = require('path'), assert = require('assert');
const { createRequire } = require('module');
const [, , dir, archive, HOST, PORT, USER, PASSWORD, DATABASE, URL_, filter] = process.argv;
const original = createRequire(path.join(path.resolve(dir), 'x.js'));

const files = {};
let current;
for (const line of fs.readFileSync(archive, 'utf8').split('\n')) {
  const m = /^-- (.*) --$/.exec(line);
  if (m) files[current = m[1]] = '';
  else if (current) files[current] += line + '\n';
}

// The generation that stands for a version here.
const generations = { redis: [[4, 'redis4'], [0, 'redis3']], mongodb: [[6, 'mongodb6'], [4, 'mongodb4'], [3, 'mongodb3'], [0, 'mongodb2']], tedious: [[11, 'tedious16'], [6, 'tedious6'], [0, 'tedious1']], mssql: [[8, 'mssql10'], [0, 'mssql6']] };
const unversioned = { redis: 3, mongodb: 3, tedious: 1, mssql: 10 };
function find(request) {
  const [, name, version] = /^(.+?)(?:@(\d+)[\d.]*)?$/.exec(request);
  const list = generations[name];
  if (!list) return original(name);
  const v = version === undefined ? unversioned[name] : Number(version);
  return original(list.find(([from]) => v >= from)[1]);
}
class WrongUsernameOrPasswordError extends Error {}
class ValidationError extends Error {}

async function run(name) {
  const script = files[Object.keys(files).find((f) => f.startsWith(name + '/') && f.endsWith('.js'))];
  const args = files[name + '/args.json'] ? JSON.parse(files[name + '/args.json']) : ['ada@example.org', 'secret'];
  const configuration = { HOST, PORT, USER, PASSWORD, DATABASE, URL: URL_ };
  return new Promise((resolve) => {
    const thrown = (err) => resolve({ err });
    process.once('uncaughtException', thrown);
    setTimeout(() => resolve({ err: new Error('no answer') }), 10000).unref();
    const f = new Function('require', 'configuration', 'WrongUsernameOrPasswordError', 'ValidationError', 'return (' + script.trim() + '\n)')(find, configuration, WrongUsernameOrPasswordError, ValidationError);
    Promise.resolve(f(...args, (err, ...values) => { process.removeListener('uncaughtException', thrown); resolve(err ? { err } : { values }); })).catch(thrown);
  });
}

(async () => {
  for (const name of new Set(Object.keys(files).filter((f) => f.includes('/')).map((f) => f.split('/')[0]))) {
    if (name.startsWith('ours') || filter && !name.includes(filter)) continue;
    const want = JSON.parse(files[name + '/want.json']), got = await run(name);
    const plain = got.values && JSON.parse(JSON.stringify(got.values));
    try {
      if (got.err) throw got.err;
      assert.deepStrictEqual(plain, want.values);
      console.log('ok  ', name);
    } catch (err) { console.log('FAIL', name, '\n   got ', got.err || JSON.stringify(plain), '\n   want', JSON.stringify(want.values)); }
  }
  process.exit(0);
})();
