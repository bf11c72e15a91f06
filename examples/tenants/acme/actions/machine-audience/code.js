/**
 * Machines get tokens for the APIs that are listed, and a claim that says what for.
 */
const { describe } = require('actions:scopes');

exports.onExecuteCredentialsExchange = async (event, api) => {
  const { identifier } = event.resource_server;
  if (!event.secrets.ALLOWED.split(' ').includes(identifier)) {
    return api.access.deny('invalid_request', `No machine may use ${identifier}.`);
  }
  api.accessToken.setCustomClaim('https://acme.example/may', describe(event.accessToken.scope));
};
