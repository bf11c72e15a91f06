exports.onExecutePreUserRegistration = async (event, api) => {
  if (event.user.email.endsWith('@spam.example')) return api.access.deny('spam', 'We cannot accept this address.');
  api.user.setUserMetadata('greeting', 'Hello ' + (event.user.given_name || 'you'));
};
