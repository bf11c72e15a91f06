function getByEmail(email, callback) {
  const request = require('request');
  request.get({ url: configuration.URL + '/users', qs: { email: email }, json: true }, function (err, res, users) {
    if (err) return callback(err);
    if (res.statusCode !== 200) return callback(new Error('The user service answers ' + res.statusCode + '.'));
    if (users.length === 0) return callback(null);
    callback(null, { user_id: String(users[0].id), email: users[0].email, email_verified: true, name: users[0].name });
  });
}
