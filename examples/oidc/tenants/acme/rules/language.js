/**
 * Asks members without a language for one, on the shop's page. The page answers
 * with a token that only it can sign, for this member and this login.
 */
function language(user, context, callback) {
  const jwt = require('jsonwebtoken');
  const claim = 'https://acme.example/language';
  const known = (user.app_metadata || {}).language;
  if (known) {
    context.idToken[claim] = known;
    return callback(null, user, context);
  }
  const site = { issuer: 'shop', audience: 'language', subject: user.user_id, algorithms: ['HS256'] };
  if (context.protocol === 'redirect-callback') {
    return jwt.verify(context.request.query.session_token, configuration.SITE_SECRET, site, function (err, answer) {
      if (err || answer.state !== context.request.query.state) return callback(new UnauthorizedError('Please choose a language on our page.'));
      context.idToken[claim] = answer.answer;
      callback(null, user, context);
    });
  }
  const token = jwt.sign({}, configuration.SITE_SECRET, { issuer: 'login', audience: 'language', subject: user.user_id, expiresIn: 600 });
  context.redirect = { url: configuration.SITE_URL + '/ask/language?session_token=' + token };
  callback(null, user, context);
}
