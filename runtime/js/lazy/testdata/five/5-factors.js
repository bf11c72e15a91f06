function factors(user, context, callback) {
  const n = (context.stats && context.stats.loginsCount) || 0;
  context.idToken['https://nordwind.example/first'] = n === 1;
  const used = context.authentication ? context.authentication.methods.map(m => m.name) : [];
  context.idToken['https://nordwind.example/amr'] = used;
  if (!used.find(m => m === 'mfa') && user.multifactor && user.multifactor.length) context.multifactor = { provider: 'any' };
  callback(null, user, context);
}
