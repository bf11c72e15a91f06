function metadataClaims(user, context, callback) {
  const at = 'https://nordwind.example/', md = user.app_metadata || {};
  Object.keys(md).forEach(function (k) {
    if (md[k] !== null && typeof md[k] !== 'object') context.idToken[at + k] = md[k];
  });
  context.accessToken[at + 'scopes'] = (md.permissions || []).filter(p => /^(read|update):/.test(p)).map(p => p.replace(':', '.'));
  if (md.entitlements) {
    context.accessToken[at + 'features'] = Object.keys(md.entitlements).filter(k => md.entitlements[k] === true).join(' ');
  }
  callback(null, user, context);
}
