async function remove(id, callback) {
  const { Client } = require("pg@8.11.3");
  const ssl = configuration.DATABASE_CA ? { ca: configuration.DATABASE_CA } : false;
  const client = new Client({ connectionString: configuration.DATABASE_URL, ssl: ssl });
  try {
    await client.connect();
    await client.query('DELETE FROM "AspNetUsers" WHERE "Id" = $1', [id]);
    callback(null);
  } catch (err) {
    callback(err);
  } finally {
    await client.end();
  }
}
