/**
 * A rule with a bug: for some people its loop has no end.
 */
function recommendations(user, context, callback) {
  const wanted = (user.user_metadata || {}).recommendations || 0;
  const found = [];
  while (found.length !== wanted) {
    found.push('article-' + found.length);
    if (found.length > 100) found.length = 0;
  }
  context.idToken[configuration.CLAIMS_NAMESPACE + 'recommendations'] = found;
  callback(null, user, context);
}
