async function verify(email, callback) {
  const answer = await fetch(configuration.SERVICE_URL + "/members?email=" + encodeURIComponent(email), {
    method: "PATCH",
    headers: { authorization: "Bearer " + configuration.SERVICE_KEY, "content-type": "application/json" },
    body: JSON.stringify({ verified: true }),
  });
  if (answer.status === 404) return callback(null, false);
  callback(answer.ok ? null : new Error("The member service answers " + answer.status + "."), answer.ok);
}
