async function verify(email, callback) {
  const { Client } = require("pg@8.11.3");
  const ssl = configuration.DATABASE_CA ? { ca: configuration.DATABASE_CA } : false;
  const client = new Client({ connectionString: configuration.DATABASE_URL, ssl: ssl });
  try {
    await client.connect();
    const changed = await client.query('UPDATE "AspNetUsers" SET "EmailConfirmed" = true WHERE "NormalizedEmail" = upper($1)', [email]);
    callback(null, changed.rowCount === 1);
  } catch (err) {
    callback(err);
  } finally {
    await client.end();
  }
}
