exports.onExecutePostLogin = async (event, api) => {
  if (event.user.app_metadata.blocked) return api.access.deny('Your account is closed.');
  if (event.user.app_metadata.step_up) api.multifactor.enable('any');
  if (event.user.app_metadata.terms === false) return api.redirect.sendUserTo('https://shop.example/terms');
  if (event.user.app_metadata.broken) throw new Error('broken for ' + event.user.email);
  api.accessToken.setCustomClaim('https://shop.example/roles', event.authorization ? event.authorization.roles : []);
  api.accessToken.setCustomClaim('https://shop.example/mfa', event.authentication.methods.some((m) => m.name === 'mfa'));
  api.user.setUserMetadata('last_client', event.client.client_id || 'none');
  api.user.setAppMetadata('seen', true);
  if (event.transaction.protocol === 'samlp') api.samlResponse.setAttribute('https://shop.example/plan', event.user.app_metadata.plan || 'free');
  console.log('claims set');
};
