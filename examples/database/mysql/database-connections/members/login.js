function login(email, password, callback) {
  const bcrypt = require("bcrypt");
  const connection = require("mysql").createConnection({
    host: configuration.DB_HOST,
    port: configuration.DB_PORT,
    user: configuration.DB_USER,
    password: configuration.DB_PASSWORD,
    database: configuration.DB_NAME,
    ssl: configuration.DB_CA && { ca: configuration.DB_CA },
  });
  connection.query("SELECT id, email, password_hash, email_verified, plan FROM members WHERE email = ?", [email], function (err, found) {
    connection.end(function () {});
    if (err) {
      console.error("login:", err.code, err.message);
      return callback(new Error("The user database cannot be reached."));
    }
    const member = found[0];
    // An unknown address costs as much time as a wrong password.
    const hash = member ? member.password_hash : "$2b$10$C6UzMDM.H6dfI/f/IKcEeO8t4p1bHkLLBzOqMTF5P2VtAaYHxkWqe";
    bcrypt.compare(password, hash, function (err, same) {
      if (err) return callback(err);
      if (!same || !member) return callback(new WrongUsernameOrPasswordError(member ? member.id : null, "Wrong e-mail or password."));
      callback(null, {
        user_id: String(member.id),
        email: member.email,
        email_verified: member.email_verified === 1,
        app_metadata: { plan: member.plan },
      });
    });
  });
}
