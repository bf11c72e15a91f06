async function login(email, password, callback) {
  const { MongoClient, ObjectId } = require("mongodb@4.17.0");
  const client = new MongoClient(configuration.MONGODB_URL, configuration.MONGODB_CA ? { ca: configuration.MONGODB_CA } : {});
  try {
    await client.connect();
    const members = client.db("members").collection("members");
    const member = await members.findOne({ email: email.toLowerCase() });
    // An unknown address costs as much time as a wrong password.
    const hash = member ? member.password_hash : "$2b$10$C6UzMDM.H6dfI/f/IKcEeO8t4p1bHkLLBzOqMTF5P2VtAaYHxkWqe";
    if (!(await require("bcrypt").compare(password, hash)) || !member) return callback(new WrongUsernameOrPasswordError(email, "Wrong e-mail or password."));
    callback(null, { user_id: member._id.toString(), email: member.email, email_verified: member.email_verified, app_metadata: { plan: member.plan } });
  } catch (err) {
    callback(err);
  } finally {
    await client.close();
  }
}
