function rolesFromGroups(user, context, callback) {
  user.app_metadata = user.app_metadata || {};
  const table = { 'nordwind.example': ['staff', 'desk-user'], 'partner.example': ['guest'] };
  const host = user.email.slice(user.email.indexOf('@') + 1);
  const roles = ((context.authorization && context.authorization.roles) || []).slice();
  for (const role of table[host] || []) if (!roles.includes(role)) roles.push(role);
  for (const group of user.app_metadata.groups || []) {
    const found = /^admins:(\w+)$/.exec(group);
    if (found) roles.push('admin-' + found[1]);
  }
  user.app_metadata.roles = roles.sort();
  context.idToken['https://nordwind.example/roles'] = roles;
  callback(null, user, context);
}
