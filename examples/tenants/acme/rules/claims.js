/**
 * Adds the plan and the roles to the ID token. The number of claims made by this
 * worker so far shows how `global` outlives a login: it is a cache.
 */
async function claims(user, context, callback) {
  const ns = configuration.CLAIMS_NAMESPACE;
  const { plan = 'free', groups = [] } = user.app_metadata || {};
  const roles = groups.filter((g) => g.startsWith('admins:')).map((g) => g.split(':')[1]);

  global.logins = (global.logins || 0) + 1;
  console.log('login', global.logins, 'of this worker, plan', plan);

  context.idToken[ns + 'plan'] = plan;
  context.idToken[ns + 'roles'] = roles;
  callback(null, user, context);
}
