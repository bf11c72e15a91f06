function verify(email, callback) {
  const connection = require("mysql").createConnection({
    host: configuration.DB_HOST,
    port: configuration.DB_PORT,
    user: configuration.DB_USER,
    password: configuration.DB_PASSWORD,
    database: configuration.DB_NAME,
    ssl: configuration.DB_CA && { ca: configuration.DB_CA },
  });
  connection.query("UPDATE members SET email_verified = 1 WHERE email = ?", [email], function (err, result) {
    connection.end(function () {});
    if (err) return callback(err);
    callback(null, result.affectedRows === 1);
  });
}
