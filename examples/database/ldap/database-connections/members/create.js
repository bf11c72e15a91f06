async function create(user, callback) {
  const ldap = require("ldapjs");
  const client = ldap.createClient({ url: configuration.LDAP_URL, timeout: 5000, connectTimeout: 5000 });
  const call = (method, ...args) => new Promise((resolve, reject) => client[method](...args, (err, res) => (err ? reject(err) : resolve(res))));
  const find = (attribute, value) => call("search", configuration.LDAP_BASE, {
    scope: "sub",
    filter: new ldap.EqualityFilter({ attribute: attribute, value: value }),
    attributes: ["dn", "uid", "mail", "employeeType"],
  }).then((res) => new Promise((resolve, reject) => {
    let found = null;
    res.on("searchEntry", (entry) => { found = entry.object; });
    res.on("error", reject);
    res.on("end", () => resolve(found));
  }));
  client.on("error", callback);
  try {
    const crypto = require("crypto");
    const salt = crypto.randomBytes(8);
    const hash = crypto.createHash("sha1").update(user.password).update(salt).digest();
    const userPassword = "{SSHA}" + Buffer.concat([hash, salt]).toString("base64");
    const uid = crypto.randomBytes(9).toString("hex");
    const name = user.email.split("@")[0];
    await call("bind", configuration.LDAP_USER, configuration.LDAP_PASSWORD);
    if (await find("mail", user.email)) return callback(new ValidationError("user_exists", "There is an account with this e-mail already."));
    await call("add", "uid=" + uid + "," + configuration.LDAP_BASE, { objectClass: "inetOrgPerson", uid: uid, cn: name, sn: name, mail: user.email, userPassword: userPassword });
    callback(null);
  } catch (err) {
    callback(err);
  } finally {
    client.destroy();
  }
}
