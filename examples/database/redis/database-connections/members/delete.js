async function remove(id, callback) {
  const Redis = require("ioredis@5.4.1");
  const redis = new Redis(configuration.REDIS_URL, { tls: configuration.REDIS_CA ? { ca: configuration.REDIS_CA } : undefined });
  redis.on("error", () => {}); // the commands tell
  try {
    const email = await redis.hget("member:" + id, "email");
    if (email) await redis.multi().del("member:" + id).del("email:" + email.toLowerCase()).exec();
    callback(null);
  } catch (err) {
    callback(err);
  } finally {
    redis.disconnect();
  }
}
