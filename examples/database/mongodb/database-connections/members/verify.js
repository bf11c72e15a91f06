async function verify(email, callback) {
  const { MongoClient, ObjectId } = require("mongodb@4.17.0");
  const client = new MongoClient(configuration.MONGODB_URL, configuration.MONGODB_CA ? { ca: configuration.MONGODB_CA } : {});
  try {
    await client.connect();
    const members = client.db("members").collection("members");
    const changed = await members.updateOne({ email: email.toLowerCase() }, { $set: { email_verified: true } });
    callback(null, changed.matchedCount === 1);
  } catch (err) {
    callback(err);
  } finally {
    await client.close();
  }
}
