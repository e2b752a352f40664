// The server's JSON interface. The session is a cookie that scripts cannot read, so nothing here carries an identity.

// Longer than the server's own deadline for a turn, so that its reply wins over this limit.
const SEND_TIMEOUT_MS = 70_000;
const READ_TIMEOUT_MS = 15_000;

/** `kind` is "network" (no answer), "busy" (HTTP 429, `retryAfter` seconds) or "server" (any other refusal, see `status`). */
export class ApiError extends Error {
  constructor(kind, { status = 0, retryAfter = 0 } = {}) {
    super(`${kind} ${status}`.trim());
    this.kind = kind;
    this.status = status;
    this.retryAfter = retryAfter;
  }
}

async function request(path, { body, timeout = READ_TIMEOUT_MS } = {}) {
  const options = {
    method: body === undefined ? "GET" : "POST",
    credentials: "same-origin",
    cache: "no-store",
    headers: { Accept: "application/json" },
    signal: AbortSignal.timeout(timeout),
  };
  if (body !== undefined) {
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
  if (response.status === 204) return null;
  try {
    return await response.json();
  } catch {
    throw new ApiError(response.bodyUsed ? "server" : "network", { status: response.status });
  }
}

const path = (...parts) => "/api/" + parts.map(encodeURIComponent).join("/");

export const openSession = (hint) => request(`${path("session")}?hint=${encodeURIComponent(hint)}`);

export const newSession = () => request(path("session", "new"), { body: {} });

export const messagesAfter = (id) => request(`${path("messages")}?after=${encodeURIComponent(id)}`);

export const sendMessage = ({ text, payload, hint, clientId }) =>
  request(path("messages"), { body: { text, payload, hint, client_id: clientId }, timeout: SEND_TIMEOUT_MS });

export const sendFeedback = (messageId, helpful, reason) =>
  request(path("feedback"), { body: { message_id: messageId, helpful, ...(reason ? { reason } : {}) } });

export const article = (lang, id) => request(path("articles", lang, id));
