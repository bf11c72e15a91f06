async function changeEmail(email, newEmail, verified, callback) {
  const Redis = require("ioredis@5.4.1");
  const redis = new Redis(configuration.REDIS_URL, { tls: configuration.REDIS_CA ? { ca: configuration.REDIS_CA } : undefined });
  redis.on("error", () => {}); // the commands tell
  try {
    const id = await redis.get("email:" + email.toLowerCase());
    const member = id ? await redis.hgetall("member:" + id) : {};
    if (!member.email) return callback(null, false);
    if ((await redis.set("email:" + newEmail.toLowerCase(), id, "NX")) !== "OK") return callback(new Error("The address is taken."));
    await redis.multi().hset("member:" + id, { email: newEmail, verified: verified ? 1 : 0 }).del("email:" + email.toLowerCase()).exec();
    callback(null, true);
  } catch (err) {
    callback(err);
  } finally {
    redis.disconnect();
  }
}
