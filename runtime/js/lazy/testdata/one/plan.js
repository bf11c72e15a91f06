function planClaim(user, context, callback) {
  var plan = user.app_metadata && user.app_metadata.plan;
  context.idToken['https://nordwind.example/plan'] = plan || 'none';
  callback(null, user, context);
}
