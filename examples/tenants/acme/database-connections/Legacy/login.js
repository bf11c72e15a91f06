function login(email, password, callback) {
  const request = require('request');
  request.get({ url: configuration.URL + '/me', auth: { username: email, password: password }, json: true }, function (err, res, user) {
    if (err) return callback(err);
    if (res.statusCode === 401) return callback(new WrongUsernameOrPasswordError(email, 'Wrong address or password.'));
    if (res.statusCode !== 200) return callback(new Error('The user service answers ' + res.statusCode + '.'));
    callback(null, { user_id: String(user.id), email: user.email, email_verified: true, name: user.name });
  });
}
