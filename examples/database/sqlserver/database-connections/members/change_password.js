async function changePassword(email, newPassword, callback) {
  const sql = require("mssql@10.0.4");
  const pool = new sql.ConnectionPool({
    server: configuration.DB_HOST, port: Number(configuration.DB_PORT || 1433), user: configuration.DB_USER, password: configuration.DB_PASSWORD, database: configuration.DB_NAME,
    options: { encrypt: configuration.DB_ENCRYPT !== "false", cryptoCredentialsDetails: { ca: configuration.DB_CA } },
  });
  try {
    await pool.connect();
    const hash = await require("bcrypt").hash(newPassword, 10);
    const changed = await pool.request().input("email", sql.NVarChar(200), email).input("hash", sql.VarChar(100), hash).query("UPDATE Members SET PasswordHash = @hash WHERE Email = @email");
    callback(null, changed.rowsAffected[0] === 1);
  } catch (err) {
    callback(err);
  } finally {
    await pool.close();
  }
}
