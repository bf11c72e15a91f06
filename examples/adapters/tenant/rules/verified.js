// A rule as it was at Auth0: who has not confirmed an address does not get in.
function verified(user, context, callback) {
  if (user.email && !user.email_verified) {
    return callback(new UnauthorizedError('Please verify your email before logging in.'));
  }
  if (user.user_metadata.banned) return callback(new UnauthorizedError('No entry.'));
  context.samlConfiguration.mappings = { 'https://shop.example/lang': 'user_metadata.lang', 'https://shop.example/name': 'name' };
  context.idToken['https://shop.example/plan'] = user.app_metadata.plan || 'free';
  context.accessToken['https://shop.example/connection'] = context.connection;
  callback(null, user, context);
}
