async function changeEmail(email, newEmail, verified, callback) {
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
    await call("bind", configuration.LDAP_USER, configuration.LDAP_PASSWORD);
    const person = await find("mail", email);
    if (!person) return callback(null, false);
    await call("modify", person.dn, [
      new ldap.Change({ operation: "replace", modification: { mail: newEmail } }),
      new ldap.Change({ operation: "replace", modification: { employeeType: verified ? "verified" : "unverified" } }),
    ]);
    callback(null, true);
  } catch (err) {
    callback(err);
  } finally {
    client.destroy();
  }
}
