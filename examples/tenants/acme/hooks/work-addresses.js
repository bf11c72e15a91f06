/**
 * Who signs up has an address of the company.
 */
module.exports = function (user, context, cb) {
  const domain = context.webtask.secrets.DOMAIN;
  if (!user.email.endsWith('@' + domain)) {
    return cb(new PreUserRegistrationError('address of another domain', 'Please use your address of ' + domain + '.'));
  }
  cb(null, { user: { app_metadata: { signed_up_as: user.email } } });
};
