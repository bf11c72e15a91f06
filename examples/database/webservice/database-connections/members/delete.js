async function remove(id, callback) {
  const answer = await fetch(configuration.SERVICE_URL + "/members?id=" + encodeURIComponent(id), {
    method: "DELETE",
    headers: { authorization: "Bearer " + configuration.SERVICE_KEY },
  });
  callback(answer.ok || answer.status === 404 ? null : new Error("The member service answers " + answer.status + "."));
}
