async function changePassword(email, newPassword, callback) {
  const crypto = require("crypto");
  const { Client } = require("pg@8.11.3");
  const ssl = configuration.DATABASE_CA ? { ca: configuration.DATABASE_CA } : false;
  const client = new Client({ connectionString: configuration.DATABASE_URL, ssl: ssl });
  // hashPassword makes a hash of ASP.NET Core Identity, version 3: PBKDF2 with HMAC-SHA512.
  function hashPassword(text) {
    const salt = crypto.randomBytes(16), iterations = 100000;
    const key = crypto.pbkdf2Sync(text, salt, iterations, 32, "sha512");
    const head = Buffer.alloc(13);
    head[0] = 1;
    head.writeUInt32BE(2, 1);
    head.writeUInt32BE(iterations, 5);
    head.writeUInt32BE(salt.length, 9);
    return Buffer.concat([head, salt, key]).toString("base64");
  }
  try {
    await client.connect();
    const changed = await client.query('UPDATE "AspNetUsers" SET "PasswordHash" = $2, "PasswordSalt" = NULL, "SecurityStamp" = $3 WHERE "NormalizedEmail" = upper($1)',
      [email, hashPassword(newPassword), crypto.randomUUID()]);
    callback(null, changed.rowCount === 1);
  } catch (err) {
    callback(err);
  } finally {
    await client.end();
  }
}
