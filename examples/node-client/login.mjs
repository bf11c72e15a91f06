// A login over plain NATS: node login.mjs TENANT < body.json
//
// The body is {"user":{…},"context":{…}}; the outcome is printed. Server and
// credentials are found as the Go SDK finds them: RULEBOX_NATS and
// RULEBOX_CREDS, or the data folder of a server on this machine in RULEBOX_DATA.
// Exit status: 0 allow, 3 deny, 4 redirect, 5 fault, 2 bad usage.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect, credsAuthenticator, ErrorCode, headers } from 'nats';

const EXIT = { allow: 0, deny: 3, redirect: 4, fault: 5 };
const TIMEOUT = 30_000; // milliseconds

function server() {
  const data = process.env.RULEBOX_DATA;
  if (data && !existsSync(join(data, 'nats'))) {
    throw new Error(`RULEBOX_DATA is ${data}, which is no data folder of rulebox serve: there is no nats in it`);
  }
  const file = name => (data && existsSync(join(data, 'nats', name)) ? join(data, 'nats', name) : undefined);
  const url = process.env.RULEBOX_NATS || (file('url') && readFileSync(file('url'), 'utf8').trim());
  const creds = process.env.RULEBOX_CREDS || file('operator.creds');
  return {
    servers: url || 'nats://127.0.0.1:4222',
    authenticator: creds && credsAuthenticator(readFileSync(creds)),
  };
}

async function login(tenant, body) {
  const nats = await connect(server());
  try {
    const h = headers();
    h.set('Rulebox-Remaining-Ms', String(TIMEOUT));
    const reply = await nats.request(`rulebox.v1.${tenant}.login`, body, { timeout: TIMEOUT, headers: h });
    return reply.json();
  } catch (err) {
    if (err.code !== ErrorCode.NoResponders) throw err;
    // Nothing was started, so it may be sent again.
    return { decision: 'fault', error: { code: 'unavailable', message: `no node serves ${tenant}` } };
  } finally {
    await nats.close();
  }
}

const [tenant] = process.argv.slice(2);
if (!tenant) {
  console.error('usage: node login.mjs TENANT < body.json');
  process.exit(2);
}
try {
  const outcome = await login(tenant, readFileSync(0));
  console.log(JSON.stringify(outcome));
  process.exitCode = EXIT[outcome.decision] ?? 5;
} catch (err) {
  console.error(`login: ${err.message}`);
  process.exitCode = 5;
}
