function login(email, password, callback) {
  const request = require("request");
  request.post({
    url: configuration.SERVICE_URL + "/check",
    auth: { bearer: configuration.SERVICE_KEY },
    json: { email: email, password: password },
  }, function (err, response, body) {
    if (err) return callback(err);
    if (response.statusCode === 404) return callback(new WrongUsernameOrPasswordError(null, "There is no such member."));
    if (response.statusCode === 401) return callback(new WrongUsernameOrPasswordError(body.id, "The password is wrong."));
    if (response.statusCode !== 200) return callback(new Error("The member service answers " + response.statusCode + "."));
    callback(null, { user_id: body.id, email: body.email, email_verified: body.verified, app_metadata: { plan: body.plan } });
  });
}
