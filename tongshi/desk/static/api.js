// The server's JSON interface. On our own page the session is a cookie that scripts cannot read; in the widget's frame it is a token.

// Longer than the server's own deadline for a turn, so that its reply wins over this limit.
const SEND_TIMEOUT_MS = 70_000;
const READ_TIMEOUT_MS = 15_000;
// The server says something every 15 seconds, be it nothing.
const STREAM_SILENCE_MS = 40_000;
const STREAM_RETRY_MS = 1_000;
const STREAM_RETRY_MAX_MS = 30_000;

export const embedded = location.pathname === "/widget";

const HOST_PATIENCE_MS = 1_500;
let token = null;
let host = null;
let answeredByHost = () => {};

/**
 * Asks for the token that the page around the widget's frame keeps for it, since browsers deny a frame of another site both cookies and
 * storage. Only sites that the server lists can be that page.
 */
function askHost() {
  return new Promise((resolve) => {
    setTimeout(resolve, HOST_PATIENCE_MS);
    answeredByHost = resolve;
    window.parent.postMessage({ type: "tongshi:hello" }, "*");
  });
}

// The page also tells of the token that the frame in another tab has got: that of a new conversation, or of the same one for longer.
if (embedded) {
  window.addEventListener("message", (event) => {
    if (event.source !== window.parent || event.data?.type !== "tongshi:token") return;
    host = event.origin;
    token = event.data.token ?? token;
    answeredByHost();
  });
}

function keepToken(session) {
  if (!session.token) return session;
  token = session.token;
  if (host) window.parent.postMessage({ type: "tongshi:token", token }, host);
  return session;
}

/** `kind` is "network" (no answer), "busy" (HTTP 429, `retryAfter` seconds) or "server" (any other refusal, see `status`). */
export class ApiError extends Error {
  constructor(kind, { status = 0, retryAfter = 0 } = {}) {
    super(`${kind} ${status}`.trim());
    this.kind = kind;
    this.status = status;
    this.retryAfter = retryAfter;
  }
}

/** `body` is sent as JSON, a FormData or a Blob as it is. */
async function answered(path, { body, signal, accept = "application/json" }) {
  const options = {
    method: body === undefined ? "GET" : "POST",
    credentials: embedded ? "omit" : "same-origin",
    cache: "no-store",
    headers: { Accept: accept, ...(token && { Authorization: `Bearer ${token}` }) },
    signal,
  };
  if (body instanceof FormData || body instanceof Blob) options.body = body;
  else if (body !== undefined) {
    options.headers["Content-Type"] = "application/json";
    options.body = JSON.stringify(body);
  }
  let response;
  try {
    response = await fetch(path, options);
  } catch {
    throw new ApiError("network");
  }
  if (response.status === 429) {
    const seconds = Number.parseInt(response.headers.get("Retry-After") ?? "", 10);
    throw new ApiError("busy", { status: 429, retryAfter: Number.isFinite(seconds) ? Math.min(seconds, 120) : 5 });
  }
  if (!response.ok) throw new ApiError("server", { status: response.status });
  return response;
}

async function request(path, { body, timeout = READ_TIMEOUT_MS } = {}) {
  const response = await answered(path, { body, signal: AbortSignal.timeout(timeout) });
  if (response.status === 204) return null;
  try {
    return await response.json();
  } catch {
    throw new ApiError(response.bodyUsed ? "server" : "network", { status: response.status });
  }
}

const path = (...parts) => "/api/" + parts.map(encodeURIComponent).join("/");

/** The conversation so far; a new one where there is none. */
export async function openSession() {
  if (!embedded) return request(path("session"));
  if (!token) await askHost();
  if (!token) return newSession();
  try {
    return keepToken(await request(path("session")));
  } catch (error) {
    if (error.status !== 401) throw error;
    token = null;
    return newSession();
  }
}

export const newSession = async () => keepToken(await request(path("session"), { body: embedded ? { carry: "token" } : {} }));

export const messagesAfter = (id) => request(`${path("messages")}?after=${encodeURIComponent(id)}`);

export const sendMessage = ({ text, payload, hint, clientId }) =>
  request(path("messages"), { body: { text, payload, hint, client_id: clientId }, timeout: SEND_TIMEOUT_MS });

export function sendPhoto({ photo, text, hint, clientId }) {
  const form = new FormData();
  form.append("photo", photo);
  for (const [name, value] of Object.entries({ text, hint, client_id: clientId })) if (value) form.append(name, value);
  return request(path("photos"), { body: form, timeout: SEND_TIMEOUT_MS });
}

const photos = new Map();

/** The address of a photo that an <img> can show: it is fetched with the session, once. */
export function photoAddress(source) {
  if (!photos.has(source)) {
    const fetched = answered(source, { signal: AbortSignal.timeout(READ_TIMEOUT_MS), accept: "image/*" });
    photos.set(source, fetched.then((response) => response.blob()).then(URL.createObjectURL));
    photos.get(source).catch(() => photos.delete(source));
  }
  return photos.get(source);
}

export const sendFeedback = (messageId, helpful, reason) =>
  request(path("feedback"), { body: { message_id: messageId, helpful, ...(reason ? { reason } : {}) } });

export const sendScore = (score, comment) => request(path("score"), { body: { score, ...(comment ? { comment } : {}) } });

export const speech = () => request(path("speech"));

/** What is said in a recording: { text, lang, identifiers }. */
export const hear = (recording, lang) => request(`${path("speech", "heard")}?lang=${lang}`, { body: recording, timeout: SEND_TIMEOUT_MS });

/** A reply aloud: WAV files, one a clause, as they come. */
export async function* said(messageId, signal) {
  const response = await answered(path("speech", "said"), { body: { message_id: messageId }, signal, accept: "*/*" });
  let rest = new Uint8Array();
  for (const reader = response.body.getReader(); ; ) {
    const { value, done } = await reader.read();
    if (done) return;
    const joined = new Uint8Array(rest.length + value.length);
    joined.set(rest);
    joined.set(value, rest.length);
    rest = joined;
    while (rest.length >= 4) {
      const length = new DataView(rest.buffer, rest.byteOffset).getUint32(0);
      if (rest.length < 4 + length) break;
      yield rest.slice(4, 4 + length).buffer;
      rest = rest.slice(4 + length);
    }
  }
}

export const article = (lang, id) => request(path("articles", lang, id));

/**
 * What the server tells without being asked, from now until close() is called; a lost connection is taken up again.
 *
 * `on`: handlers sentence({ turn, number, text, lang }), changed(), connected(yes).
 */
export class Stream {
  constructor(on) {
    this.on = on;
    this.failures = 0;
  }

  open() {
    if (this.control) return;
    this.control = new AbortController();
    this.follow(this.control);
  }

  close() {
    clearTimeout(this.timer);
    this.control?.abort();
    this.control = null;
  }

  async follow(control) {
    try {
      const response = await answered(path("stream"), { signal: control.signal, accept: "text/event-stream" });
      this.failures = 0;
      this.on.connected(true);
      for await (const { event, data } of this.events(response.body, control)) this.on[event]?.(data);
    } catch (error) {
      if (!control.signal.aborted && !(error instanceof ApiError || error instanceof TypeError)) throw error;
    }
    if (this.control !== control) return;
    this.control = null;
    this.on.connected(false);
    this.failures += 1;
    const wait = Math.min(STREAM_RETRY_MS * 2 ** (this.failures - 1), STREAM_RETRY_MAX_MS) * (0.75 + Math.random() / 2);
    this.timer = setTimeout(() => this.open(), wait);
  }

  async *events(body, control) {
    const silence = () => setTimeout(() => control.abort(), STREAM_SILENCE_MS);
    let timer = silence();
    let rest = "";
    try {
      for (const reader = body.pipeThrough(new TextDecoderStream()).getReader(); ; ) {
        const { value, done } = await reader.read();
        if (done) return;
        clearTimeout(timer);
        timer = silence();
        const blocks = (rest + value).split(/\r?\n\r?\n/);
        rest = blocks.pop();
        for (const block of blocks) {
          const field = (name) => block.match(new RegExp(`^${name}: ?(.*)$`, "m"))?.[1];
          if (field("event")) yield { event: field("event"), data: JSON.parse(field("data") ?? "{}") };
        }
      }
    } finally {
      clearTimeout(timer);
    }
  }
}
