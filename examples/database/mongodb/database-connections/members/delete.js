async function remove(id, callback) {
  const { MongoClient, ObjectId } = require("mongodb@4.17.0");
  const client = new MongoClient(configuration.MONGODB_URL, configuration.MONGODB_CA ? { ca: configuration.MONGODB_CA } : {});
  try {
    await client.connect();
    const members = client.db("members").collection("members");
    await members.deleteOne({ _id: new ObjectId(id) });
    callback(null);
  } catch (err) {
    callback(err);
  } finally {
    await client.close();
  }
}
