exports.onExecuteCredentialsExchange = async (event, api) => {
  if (event.client.client_id === 'retired') return api.access.deny('invalid_client', 'This client is retired.');
  api.accessToken.setCustomClaim('https://shop.example/machine', event.client.client_id);
};
