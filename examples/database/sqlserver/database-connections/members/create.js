async function create(user, callback) {
  const sql = require("mssql@10.0.4");
  const pool = new sql.ConnectionPool({
    server: configuration.DB_HOST, port: Number(configuration.DB_PORT || 1433), user: configuration.DB_USER, password: configuration.DB_PASSWORD, database: configuration.DB_NAME,
    options: { encrypt: configuration.DB_ENCRYPT !== "false", cryptoCredentialsDetails: { ca: configuration.DB_CA } },
  });
  try {
    await pool.connect();
    const hash = await require("bcrypt").hash(user.password, 10);
    try {
      await pool.request().input("email", sql.NVarChar(200), user.email).input("hash", sql.VarChar(100), hash).query("INSERT INTO Members (Email, PasswordHash) VALUES (@email, @hash)");
    } catch (err) {
      if (err.number === 2627 || err.number === 2601) return callback(new ValidationError("user_exists", "There is an account with this e-mail already."));
      throw err;
    }
    callback(null);
  } catch (err) {
    callback(err);
  } finally {
    await pool.close();
  }
}
