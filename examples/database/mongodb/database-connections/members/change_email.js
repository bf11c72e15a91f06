async function changeEmail(email, newEmail, verified, callback) {
  const { MongoClient, ObjectId } = require("mongodb@4.17.0");
  const client = new MongoClient(configuration.MONGODB_URL, configuration.MONGODB_CA ? { ca: configuration.MONGODB_CA } : {});
  try {
    await client.connect();
    const members = client.db("members").collection("members");
    const changed = await members.updateOne({ email: email.toLowerCase() }, { $set: { email: newEmail.toLowerCase(), email_verified: verified } });
    callback(null, changed.matchedCount === 1);
  } catch (err) {
    callback(err);
  } finally {
    await client.close();
  }
}
