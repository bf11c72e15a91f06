async function create(user, callback) {
  const bcrypt = require("bcrypt");
  const { Client } = require("pg@8.11.3");
  const ssl = configuration.DATABASE_CA ? { ca: configuration.DATABASE_CA } : false;
  const client = new Client({ connectionString: configuration.DATABASE_URL, ssl: ssl });
  try {
    const hash = await bcrypt.hash(user.password, 10);
    await client.connect();
    await client.query("INSERT INTO members (email, password_hash) VALUES ($1, $2)", [user.email, hash]);
    callback(null);
  } catch (err) {
    if (err.code === "23505") return callback(new ValidationError("user_exists", "There is an account with this e-mail already."));
    callback(err);
  } finally {
    await client.end();
  }
}
