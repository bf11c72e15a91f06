async function create(user, callback) {
  const answer = await fetch(configuration.SERVICE_URL + "/members", {
    method: "POST",
    headers: { authorization: "Bearer " + configuration.SERVICE_KEY, "content-type": "application/json" },
    body: JSON.stringify({ email: user.email, password: user.password }),
  });
  if (answer.status === 409) return callback(new ValidationError("user_exists", "There is an account with this e-mail already."));
  if (answer.status === 422) return callback(new ValidationError("invalid_password", (await answer.json()).message));
  callback(answer.ok ? null : new Error("The member service answers " + answer.status + "."));
}
