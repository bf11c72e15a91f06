async function getUser(email, callback) {
  const answer = await fetch(configuration.SERVICE_URL + "/members?email=" + encodeURIComponent(email), {
    headers: { authorization: "Bearer " + configuration.SERVICE_KEY },
  });
  if (answer.status === 404) return callback(null);
  if (!answer.ok) return callback(new Error("The member service answers " + answer.status + "."));
  const member = await answer.json();
  callback(null, { user_id: member.id, email: member.email, email_verified: member.verified, app_metadata: { plan: member.plan } });
}
