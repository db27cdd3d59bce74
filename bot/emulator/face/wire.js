// The page's two ways to the server: acts go out one by one, events come in as a stream.

/** Post an act; gives its result. Throws an Error with the server's sentence. */
export async function post(path, body = {}) {
  let response;
  try {
    response = await fetch(path, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
  } catch {
    throw new Error("The server does not answer. Is it still running?");
  }
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) throw new Error(answer.refused || "The server refused that.");
  return answer;
}

/** Call a handler for each event by its name. `lost` and `found` tell of the connection. */
export function listen(handlers) {
  const stream = new EventSource("/face/events");
  for (const [name, handle] of Object.entries(handlers)) {
    if (name === "lost" || name === "found") continue;
    stream.addEventListener(name, (event) => handle(JSON.parse(event.data)));
  }
  stream.addEventListener("error", () => handlers.lost?.());
  stream.addEventListener("open", () => handlers.found?.());
  return stream;
}
