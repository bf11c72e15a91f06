// The script of Logto's "Custom JWT", for user access tokens and, with RULEBOX_HOOK set
// to client-credentials, for machine-to-machine tokens. Its environment variables:
//   RULEBOX_URL     https://rulebox.example/v1/tenants/shop/adapters/logto
//   RULEBOX_SECRET  what the node has in RULEBOX_SECRET_SHOP_ADAPTER_LOGTO_SECRET
// Logto issues a token without claims when a script fails. This one refuses instead.
const getCustomJwtClaims = async ({ token, context, environmentVariables, api }) => {
  const { RULEBOX_URL, RULEBOX_SECRET, RULEBOX_HOOK = 'access-token' } = environmentVariables;
  let answer;
  let status = 0;
  try {
    const response = await fetch(`${RULEBOX_URL}/${RULEBOX_HOOK}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${RULEBOX_SECRET}` },
      body: JSON.stringify({ token, context }),
      signal: AbortSignal.timeout(4000),
    });
    status = response.status;
    answer = await response.json();
  } catch {
    // Refused below.
  }
  if (status !== 200 || !answer.claims) {
    api.denyAccess(answer && answer.error ? answer.error.message : 'This sign-in could not be checked.');
  }
  return answer.claims;
};
