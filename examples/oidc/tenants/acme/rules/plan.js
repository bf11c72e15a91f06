/**
 * Tells the application which plan the member has.
 */
function plan(user, context, callback) {
  context.idToken['https://acme.example/plan'] = (user.app_metadata || {}).plan || 'free';
  context.accessToken['https://acme.example/member'] = user.user_id;
  callback(null, user, context);
}
