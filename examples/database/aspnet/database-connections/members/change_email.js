async function changeEmail(email, newEmail, verified, callback) {
  const { Client } = require("pg@8.11.3");
  const ssl = configuration.DATABASE_CA ? { ca: configuration.DATABASE_CA } : false;
  const client = new Client({ connectionString: configuration.DATABASE_URL, ssl: ssl });
  try {
    await client.connect();
    const changed = await client.query('UPDATE "AspNetUsers" SET "Email" = $2, "NormalizedEmail" = upper($2), "EmailConfirmed" = $3 WHERE "NormalizedEmail" = upper($1)',
      [email, newEmail, verified]);
    callback(null, changed.rowCount === 1);
  } catch (err) {
    callback(err);
  } finally {
    await client.end();
  }
}
