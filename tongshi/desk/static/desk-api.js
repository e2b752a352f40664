// What the desk's scripts share: requests to its JSON interface, and the page's words.

export const texts = JSON.parse(document.querySelector("#texts").textContent);

export function say(name, values = {}) {
  return texts[name].replace(/\{(\w+)\}/g, (_, key) => values[key]);
}

export function element(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

let token = null;

async function fetchToken() {
  const response = await fetch("/desk/api/session", { credentials: "same-origin", cache: "no-store" });
  return response.ok ? (await response.json()).csrf : null;
}

// Gives {status, body}; status 0 where the desk cannot be reached. A token that has grown too old is asked for again, once.
export async function request(method, url, body) {
  try {
    for (const last of [false, true]) {
      token ??= await fetchToken();
      const form = body instanceof FormData;
      const headers = { "X-CSRF-Token": token ?? "", ...(body && !form ? { "Content-Type": "application/json" } : {}) };
      const response = await fetch(url, { method, headers, body: form || !body ? body : JSON.stringify(body), credentials: "same-origin" });
      if (response.status === 403 && !last) {
        token = null;
        continue;
      }
      const answer = await response.json().catch(() => ({ error: `${response.status} ${response.statusText}` }));
      return { status: response.status, body: answer };
    }
  } catch (error) {
    console.warn("The desk could not be reached:", error);
    return { status: 0, body: { error: say("unreachable") } };
  }
}

// An error in words, with a way on where the sign-in has ended.
export function trouble({ status, body }) {
  if (status !== 401) return [element("p", { textContent: body.error })];
  const link = element("a", { href: "/desk/login", target: "_blank", rel: "noopener", textContent: say("sign_in") });
  return [element("p", {}, `${say("signed_out")} `, link)];
}

const NAME = "tongshi-desk-name";

// The name that who works here has given themselves, kept in this browser.
export function ownName() {
  try {
    return localStorage.getItem(NAME) ?? "";
  } catch {
    return ""; // a browser that keeps nothing
  }
}

export function keepOwnName(name) {
  try {
    localStorage.setItem(NAME, name);
  } catch {
    // the name is asked for again next time
  }
}
