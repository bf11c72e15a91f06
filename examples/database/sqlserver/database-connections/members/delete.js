async function remove(id, callback) {
  const sql = require("mssql@10.0.4");
  const pool = new sql.ConnectionPool({
    server: configuration.DB_HOST, port: Number(configuration.DB_PORT || 1433), user: configuration.DB_USER, password: configuration.DB_PASSWORD, database: configuration.DB_NAME,
    options: { encrypt: configuration.DB_ENCRYPT !== "false", cryptoCredentialsDetails: { ca: configuration.DB_CA } },
  });
  try {
    await pool.connect();
    await pool.request().input("id", sql.Int, Number(id)).query("DELETE FROM Members WHERE Id = @id");
    callback(null);
  } catch (err) {
    callback(err);
  } finally {
    await pool.close();
  }
}
