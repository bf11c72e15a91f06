/**
 * Sends people who have not accepted the terms to a page that asks them to.
 */
function acceptTerms(user, context, callback) {
  user.app_metadata = user.app_metadata || {};
  if (user.app_metadata.terms_accepted || context.protocol === 'redirect-callback') {
    return callback(null, user, context);
  }
  context.redirect = {
    url: configuration.TERMS_URL + '?for=' + encodeURIComponent(user.user_id)
  };
  callback(null, user, context);
}
