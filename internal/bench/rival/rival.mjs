// A rule host as one would write it with isolated-vm: one isolate, one context
// kept for all logins, user and context in and out as JSON text.
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import ivm from 'isolated-vm';
import { connect } from 'nats';

const [url, tenants, web] = process.argv.slice(2);
const nc = await connect({ servers: url });

async function host(tenant) {
  const isolate = new ivm.Isolate({ memoryLimit: 128 });
  const context = await isolate.createContext();
  await context.global.set('__fetch', new ivm.Reference(async (u) => {
    const res = await fetch(u);
    return await res.text();
  }));
  const dir = join(tenants, tenant, 'rules');
  const rules = readdirSync(dir).filter((f) => f.endsWith('.js')).sort().map((f) => readFileSync(join(dir, f), 'utf8'));
  await context.eval(`
    class UnauthorizedError extends Error { constructor(m) { super(m); this.name = 'UnauthorizedError'; } }
    globalThis.UnauthorizedError = UnauthorizedError;
    globalThis.fetch = async (u) => {
      const text = await __fetch.apply(undefined, [u], { result: { promise: true } });
      return { json: async () => JSON.parse(text) };
    };
    const rules = [${rules.map((r) => '(' + r + ')').join(',')}];
    globalThis.login = (u, c) => new Promise((resolve, reject) => {
      let user = JSON.parse(u), context = JSON.parse(c), i = 0;
      const next = (err, nu, nc) => {
        if (err) return reject(err);
        user = nu || user; context = nc || context;
        if (i === rules.length) return resolve(JSON.stringify({ user, context }));
        try {
          const p = rules[i++](user, context, next);
          if (p && p.catch) p.catch(reject);
        } catch (e) { reject(e); }
      };
      next();
    });`);
  const login = await context.global.get('login', { reference: true });
  return (user, ctx) => login.apply(undefined, [user, ctx], { timeout: 5000, result: { promise: true } });
}

for (const tenant of ['r1', 'r2', 'r4']) {
  const run = await host(tenant);
  nc.subscribe('rival.' + tenant, {
    callback: async (err, msg) => {
      try {
        const { user, context } = JSON.parse(msg.string());
        msg.respond(await run(JSON.stringify(user), JSON.stringify(context)));
      } catch (e) {
        msg.respond(JSON.stringify({ error: String(e) }));
      }
    },
  });
}
await nc.flush();
console.log('ready', web);
