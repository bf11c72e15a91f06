function login(email, password, callback) {
  const request = require('request');
  const ask = { url: configuration.MEMBERS_URL + '/check', auth: { bearer: configuration.MEMBERS_KEY }, json: { email: email, password: password } };
  request.post(ask, function (err, res, member) {
    if (err) return callback(err);
    if (res.statusCode === 401) return callback(new WrongUsernameOrPasswordError(email, 'Wrong email or password.'));
    if (res.statusCode !== 200) return callback(new Error('The member service answers ' + res.statusCode + '.'));
    callback(null, { user_id: String(member.id), email: member.email, email_verified: member.verified, name: member.name, app_metadata: member.app });
  });
}
