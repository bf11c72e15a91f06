async function changeEmail(email, newEmail, verified, callback) {
  const sql = require("mssql@10.0.4");
  const pool = new sql.ConnectionPool({
    server: configuration.DB_HOST, port: Number(configuration.DB_PORT || 1433), user: configuration.DB_USER, password: configuration.DB_PASSWORD, database: configuration.DB_NAME,
    options: { encrypt: configuration.DB_ENCRYPT !== "false", cryptoCredentialsDetails: { ca: configuration.DB_CA } },
  });
  try {
    await pool.connect();
    const changed = await pool.request().input("email", sql.NVarChar(200), email).input("next", sql.NVarChar(200), newEmail).input("verified", sql.Bit, verified)
      .query("UPDATE Members SET Email = @next, EmailVerified = @verified WHERE Email = @email");
    callback(null, changed.rowsAffected[0] === 1);
  } catch (err) {
    callback(err);
  } finally {
    await pool.close();
  }
}
