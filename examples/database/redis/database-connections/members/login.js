async function login(email, password, callback) {
  const Redis = require("ioredis@5.4.1");
  const redis = new Redis(configuration.REDIS_URL, { tls: configuration.REDIS_CA ? { ca: configuration.REDIS_CA } : undefined });
  redis.on("error", () => {}); // the commands tell
  try {
    const id = await redis.get("email:" + email.toLowerCase());
    const member = id ? await redis.hgetall("member:" + id) : {};
    // An unknown address costs as much time as a wrong password.
    const hash = member.hash || "$2b$10$C6UzMDM.H6dfI/f/IKcEeO8t4p1bHkLLBzOqMTF5P2VtAaYHxkWqe";
    if (!(await require("bcrypt").compare(password, hash)) || !member.hash) return callback(new WrongUsernameOrPasswordError(email, "Wrong e-mail or password."));
    callback(null, { user_id: id, email: member.email, email_verified: member.verified === "1", app_metadata: { plan: member.plan } });
  } catch (err) {
    callback(err);
  } finally {
    redis.disconnect();
  }
}
