async function getUser(email, callback) {
  const { Client } = require("pg@8.11.3");
  const ssl = configuration.DATABASE_CA ? { ca: configuration.DATABASE_CA } : false;
  const client = new Client({ connectionString: configuration.DATABASE_URL, ssl: ssl });
  try {
    await client.connect();
    const found = await client.query('SELECT "Id", "Email", "EmailConfirmed" FROM "AspNetUsers" WHERE "NormalizedEmail" = upper($1)', [email]);
    const user = found.rows[0];
    callback(null, user ? { user_id: user.Id, email: user.Email, email_verified: user.EmailConfirmed, app_metadata: { plan: "free" } } : null);
  } catch (err) {
    callback(err);
  } finally {
    await client.end();
  }
}
