async function verify(email, callback) {
  const Redis = require("ioredis@5.4.1");
  const redis = new Redis(configuration.REDIS_URL, { tls: configuration.REDIS_CA ? { ca: configuration.REDIS_CA } : undefined });
  redis.on("error", () => {}); // the commands tell
  try {
    const id = await redis.get("email:" + email.toLowerCase());
    const member = id ? await redis.hgetall("member:" + id) : {};
    if (member.email) await redis.hset("member:" + id, "verified", 1);
    callback(null, !!member.email);
  } catch (err) {
    callback(err);
  } finally {
    redis.disconnect();
  }
}
