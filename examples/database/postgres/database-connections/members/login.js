async function login(email, password, callback) {
  const bcrypt = require("bcrypt");
  const { Client } = require("pg@8.11.3");
  const ssl = configuration.DATABASE_CA ? { ca: configuration.DATABASE_CA } : false;
  const client = new Client({ connectionString: configuration.DATABASE_URL, ssl: ssl });
  try {
    await client.connect();
    const found = await client.query(
      "SELECT id, email, password_hash, email_verified, plan FROM members WHERE lower(email) = lower($1)", [email]);
    const member = found.rows[0];
    // An unknown address costs as much time as a wrong password.
    const hash = member ? member.password_hash : "$2b$10$C6UzMDM.H6dfI/f/IKcEeO8t4p1bHkLLBzOqMTF5P2VtAaYHxkWqe";
    if (!(await bcrypt.compare(password, hash)) || !member) {
      return callback(new WrongUsernameOrPasswordError(member ? member.id : null, "Wrong e-mail or password."));
    }
    callback(null, {
      user_id: member.id,
      email: member.email,
      email_verified: member.email_verified,
      app_metadata: { plan: member.plan },
    });
  } catch (err) {
    console.error("login:", err.code, err.message);
    callback(new Error("The user database cannot be reached."));
  } finally {
    await client.end();
  }
}
