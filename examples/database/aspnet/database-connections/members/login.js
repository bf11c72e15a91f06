async function login(email, password, callback) {
  const crypto = require("crypto");
  const { Client } = require("pg@8.11.3");
  const ssl = configuration.DATABASE_CA ? { ca: configuration.DATABASE_CA } : false;
  const client = new Client({ connectionString: configuration.DATABASE_URL, ssl: ssl });
  const equal = (a, b) => a.length === b.length && crypto.timingSafeEqual(a, b);
  // check knows ASP.NET Core Identity 3, Identity 2 and membership (HMAC-SHA256, the salt in a column of its own).
  function check(hash, salt) {
    const b = Buffer.from(hash, "base64");
    if (salt) {
      const key = Buffer.from(salt, "base64");
      return equal(crypto.createHmac("sha256", Buffer.concat([key, key, key, key])).update(Buffer.from(password, "utf16le")).digest(), b);
    }
    if (b[0] === 0) return equal(crypto.pbkdf2Sync(password, b.slice(1, 17), 1000, 32, "sha1"), b.slice(17));
    if (b[0] !== 1) throw new Error("The hash of " + email + " has an unknown format.");
    const end = 13 + b.readUInt32BE(9);
    const digest = ["sha1", "sha256", "sha512"][b.readUInt32BE(1)];
    return equal(crypto.pbkdf2Sync(password, b.slice(13, end), b.readUInt32BE(5), b.length - end, digest), b.slice(end));
  }
  try {
    await client.connect();
    const found = await client.query('SELECT "Id", "Email", "EmailConfirmed", "PasswordHash", "PasswordSalt" FROM "AspNetUsers" WHERE "NormalizedEmail" = upper($1)', [email]);
    const user = found.rows[0];
    if (!user) return callback(new WrongUsernameOrPasswordError(null, "There is no such user."));
    if (!check(user.PasswordHash, user.PasswordSalt)) return callback(new WrongUsernameOrPasswordError(user.Id, "The password is wrong."));
    callback(null, { user_id: user.Id, email: user.Email, email_verified: user.EmailConfirmed, app_metadata: { plan: "free" } });
  } catch (err) {
    callback(err);
  } finally {
    await client.end();
  }
}
