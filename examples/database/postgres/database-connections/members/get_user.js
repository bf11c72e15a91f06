async function getUser(email, callback) {
  const { Client } = require("pg@8.11.3");
  const ssl = configuration.DATABASE_CA ? { ca: configuration.DATABASE_CA } : false;
  const client = new Client({ connectionString: configuration.DATABASE_URL, ssl: ssl });
  try {
    await client.connect();
    const found = await client.query("SELECT id, email, email_verified, plan FROM members WHERE lower(email) = lower($1)", [email]);
    const member = found.rows[0];
    if (!member) return callback(null);
    callback(null, { user_id: member.id, email: member.email, email_verified: member.email_verified, app_metadata: { plan: member.plan } });
  } catch (err) {
    callback(err);
  } finally {
    await client.end();
  }
}
