// Talks to the server: requests with our own header, and the live stream with its own way back after a failure.
import { texts } from "./texts.js";

/** What went wrong, with a sentence for the person. `status` is 0 when there was no answer. */
export class Problem extends Error {
  constructor(status, text) {
    super(text);
    this.status = status;
  }
}

const PATIENCE = 30000;

export async function request(path, body) {
  const options = { signal: AbortSignal.timeout(PATIENCE), headers: { "x-roundsman": "1" } };
  if (body !== undefined) {
    options.method = "POST";
    options.headers["content-type"] = "application/json";
    options.body = JSON.stringify(body);
  }
  let response;
  try {
    response = await fetch(path, options);
  } catch {
    throw new Problem(0, texts.notReached);
  }
  if (response.status === 204) return null;
  let value = null;
  try {
    value = await response.json();
  } catch {
    if (response.ok) throw new Problem(0, texts.notReached);
  }
  if (!response.ok) throw new Problem(response.status, value?.problem ?? texts.notReached);
  return value;
}

/** Follows a room until `close` is called. `handlers`: message, reset, ready, working, state. */
export function follow(room, handlers) {
  let source = null;
  let timer = null;
  let last = "";
  let closed = false;

  const open = () => {
    source = new EventSource(`/rooms/${encodeURIComponent(room)}/events?after=${encodeURIComponent(last)}`);
    source.onopen = () => handlers.state("connected");
    source.onerror = () => {
      if (closed) return;
      handlers.state("reconnecting");
      if (source.readyState === EventSource.CLOSED) again();
    };
    for (const name of ["message", "edit", "retract"]) {
      source.addEventListener(name, (event) => {
        // EventSource also calls its own failures "error", never one of these names.
        last = event.lastEventId;
        handlers.message(name, JSON.parse(event.data));
      });
    }
    source.addEventListener("reset", () => { last = ""; handlers.reset(); });
    source.addEventListener("ready", () => handlers.ready());
    source.addEventListener("working", () => handlers.working());
  };

  // The stream was refused: either the person is signed out, or the server is not there yet.
  const again = () => {
    source.close();
    clearTimeout(timer);
    timer = setTimeout(async () => {
      try {
        await request("/session");
      } catch (problem) {
        if (closed) return;
        if (problem.status === 401) return handlers.state("signedOut");
        return again();
      }
      if (!closed) open();
    }, 1500);
  };

  open();
  return { close() { closed = true; clearTimeout(timer); source.close(); } };
}
