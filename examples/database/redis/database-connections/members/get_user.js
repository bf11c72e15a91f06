async function getUser(email, callback) {
  const Redis = require("ioredis@5.4.1");
  const redis = new Redis(configuration.REDIS_URL, { tls: configuration.REDIS_CA ? { ca: configuration.REDIS_CA } : undefined });
  redis.on("error", () => {}); // the commands tell
  try {
    const id = await redis.get("email:" + email.toLowerCase());
    const member = id ? await redis.hgetall("member:" + id) : {};
    if (!member.email) return callback(null);
    callback(null, { user_id: id, email: member.email, email_verified: member.verified === "1", app_metadata: { plan: member.plan } });
  } catch (err) {
    callback(err);
  } finally {
    redis.disconnect();
  }
}
