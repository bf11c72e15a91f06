// A hook as it was at Auth0; actions of the same point run after it.
module.exports = function (user, context, cb) {
  if (user.email.endsWith('@rival.example')) return cb(new PreUserRegistrationError('rival', 'Sorry, not you.'));
  cb(null, { user: { app_metadata: { plan: 'trial' } } });
};
