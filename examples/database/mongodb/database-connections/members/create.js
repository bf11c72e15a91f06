async function create(user, callback) {
  const { MongoClient, ObjectId } = require("mongodb@4.17.0");
  const client = new MongoClient(configuration.MONGODB_URL, configuration.MONGODB_CA ? { ca: configuration.MONGODB_CA } : {});
  try {
    await client.connect();
    const members = client.db("members").collection("members");
    const password_hash = await require("bcrypt").hash(user.password, 10);
    try {
      await members.insertOne({ email: user.email.toLowerCase(), password_hash, email_verified: false, plan: "free" });
    } catch (err) {
      if (err.code === 11000) return callback(new ValidationError("user_exists", "There is an account with this e-mail already."));
      throw err;
    }
    callback(null);
  } catch (err) {
    callback(err);
  } finally {
    await client.close();
  }
}
