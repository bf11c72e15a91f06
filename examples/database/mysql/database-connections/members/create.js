function create(user, callback) {
  const connection = require("mysql").createConnection({
    host: configuration.DB_HOST,
    port: configuration.DB_PORT,
    user: configuration.DB_USER,
    password: configuration.DB_PASSWORD,
    database: configuration.DB_NAME,
    ssl: configuration.DB_CA && { ca: configuration.DB_CA },
  });
  require("bcrypt").hash(user.password, 10, function (err, hash) {
    if (err) return callback(err);
    connection.query("INSERT INTO members SET ?", { email: user.email, password_hash: hash }, function (err) {
      connection.end(function () {});
      if (err && err.code === "ER_DUP_ENTRY") return callback(new ValidationError("user_exists", "There is an account with this e-mail already."));
      callback(err || null);
    });
  });
}
