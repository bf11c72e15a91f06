async function getUser(email, callback) {
  const { MongoClient, ObjectId } = require("mongodb@4.17.0");
  const client = new MongoClient(configuration.MONGODB_URL, configuration.MONGODB_CA ? { ca: configuration.MONGODB_CA } : {});
  try {
    await client.connect();
    const members = client.db("members").collection("members");
    const member = await members.findOne({ email: email.toLowerCase() });
    if (!member) return callback(null);
    callback(null, { user_id: member._id.toString(), email: member.email, email_verified: member.email_verified, app_metadata: { plan: member.plan } });
  } catch (err) {
    callback(err);
  } finally {
    await client.close();
  }
}
