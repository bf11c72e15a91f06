async function login(email, password, callback) {
  const sql = require("mssql@10.0.4");
  const pool = new sql.ConnectionPool({
    server: configuration.DB_HOST, port: Number(configuration.DB_PORT || 1433), user: configuration.DB_USER, password: configuration.DB_PASSWORD, database: configuration.DB_NAME,
    options: { encrypt: configuration.DB_ENCRYPT !== "false", cryptoCredentialsDetails: { ca: configuration.DB_CA } },
  });
  try {
    await pool.connect();
    const found = await pool.request().input("email", sql.NVarChar(200), email).query("SELECT Id, Email, PasswordHash, EmailVerified, [Plan] FROM Members WHERE Email = @email");
    const member = found.recordset[0];
    // An unknown address costs as much time as a wrong password.
    const hash = member ? member.PasswordHash : "$2b$10$C6UzMDM.H6dfI/f/IKcEeO8t4p1bHkLLBzOqMTF5P2VtAaYHxkWqe";
    if (!(await require("bcrypt").compare(password, hash)) || !member) return callback(new WrongUsernameOrPasswordError(email, "Wrong e-mail or password."));
    callback(null, { user_id: String(member.Id), email: member.Email, email_verified: member.EmailVerified, app_metadata: { plan: member.Plan } });
  } catch (err) {
    callback(err);
  } finally {
    await pool.close();
  }
}
