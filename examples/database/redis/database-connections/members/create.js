async function create(user, callback) {
  const Redis = require("ioredis@5.4.1");
  const redis = new Redis(configuration.REDIS_URL, { tls: configuration.REDIS_CA ? { ca: configuration.REDIS_CA } : undefined });
  redis.on("error", () => {}); // the commands tell
  try {
    const id = require("crypto").randomBytes(12).toString("hex");
    const hash = await require("bcrypt").hash(user.password, 10);
    const mine = await redis.set("email:" + user.email.toLowerCase(), id, "NX");
    if (mine !== "OK") return callback(new ValidationError("user_exists", "There is an account with this e-mail already."));
    await redis.hset("member:" + id, { email: user.email, hash, verified: 0, plan: "free" });
    callback(null);
  } catch (err) {
    callback(err);
  } finally {
    redis.disconnect();
  }
}
