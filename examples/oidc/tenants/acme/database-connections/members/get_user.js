function getByEmail(email, callback) {
  const request = require('request');
  const ask = { url: configuration.MEMBERS_URL + '/member', qs: { email: email }, auth: { bearer: configuration.MEMBERS_KEY }, json: true };
  request.get(ask, function (err, res, member) {
    if (err) return callback(err);
    if (res.statusCode === 404) return callback(null);
    if (res.statusCode !== 200) return callback(new Error('The member service answers ' + res.statusCode + '.'));
    callback(null, { user_id: String(member.id), email: member.email, email_verified: member.verified, name: member.name, app_metadata: member.app });
  });
}
