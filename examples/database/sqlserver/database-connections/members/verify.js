async function verify(email, callback) {
  const sql = require("mssql@10.0.4");
  const pool = new sql.ConnectionPool({
    server: configuration.DB_HOST, port: Number(configuration.DB_PORT || 1433), user: configuration.DB_USER, password: configuration.DB_PASSWORD, database: configuration.DB_NAME,
    options: { encrypt: configuration.DB_ENCRYPT !== "false", cryptoCredentialsDetails: { ca: configuration.DB_CA } },
  });
  try {
    await pool.connect();
    const changed = await pool.request().input("email", sql.NVarChar(200), email).query("UPDATE Members SET EmailVerified = 1 WHERE Email = @email");
    callback(null, changed.rowsAffected[0] === 1);
  } catch (err) {
    callback(err);
  } finally {
    await pool.close();
  }
}
