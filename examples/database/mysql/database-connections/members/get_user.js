function getUser(email, callback) {
  const connection = require("mysql").createConnection({
    host: configuration.DB_HOST,
    port: configuration.DB_PORT,
    user: configuration.DB_USER,
    password: configuration.DB_PASSWORD,
    database: configuration.DB_NAME,
    ssl: configuration.DB_CA && { ca: configuration.DB_CA },
  });
  connection.query("SELECT id, email, email_verified, plan FROM members WHERE email = ?", [email], function (err, found) {
    connection.end(function () {});
    if (err) return callback(err);
    if (found.length === 0) return callback(null);
    const member = found[0];
    callback(null, { user_id: String(member.id), email: member.email, email_verified: member.email_verified === 1, app_metadata: { plan: member.plan } });
  });
}
