// Keeps an open conversation current without touching a half-written reply. The page works without it: a reload does the same.

const REFRESH_MS = 4_000;
const NEAR_END_PX = 160;

const address = document.querySelector("#transcript").dataset.url;
const nearEnd = () => document.documentElement.scrollHeight - scrollY - innerHeight < NEAR_END_PX;
const toEnd = () => scrollTo({ top: document.documentElement.scrollHeight, behavior: "instant" });

async function refresh() {
  if (document.hidden) return;
  const draft = document.querySelector("#reply-text")?.value.trim();
  const response = await fetch(address, { credentials: "same-origin", cache: "no-store", redirect: "manual" });
  // A redirection leads to the sign-in. With a draft at hand the agent stays, so that nothing typed is lost.
  if (response.type === "opaqueredirect" && !draft) return location.replace(address);
  if (!response.ok) return;
  const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
  // Who has signed in again, in another tab, may send what was typed here.
  const token = fresh.querySelector("input[name=csrf]")?.value;
  if (token) for (const field of document.querySelectorAll("input[name=csrf]")) field.value = token;
  const [now, then] = [fresh, document].map((page) => ({ log: page.querySelector("#transcript"), facts: page.querySelector("#case") }));
  if (!now.log || !now.facts) return;
  if (now.facts.dataset.state !== then.facts.dataset.state) {
    if (!draft) return location.replace(address);
    then.facts.replaceWith(document.adoptNode(now.facts));
  }
  showLine(now.facts, then.facts);
  showRenderings(now.log, then.log);
  showDeliveries(now.log, then.log);
  const [summary, shown] = [fresh, document].map((page) => page.querySelector("#summary"));
  if (summary && shown && summary.textContent !== shown.textContent) shown.replaceWith(document.adoptNode(summary));
  // Only what is new is added, so that a screen reader reads just that.
  const follow = nearEnd();
  const additions = [...now.log.querySelectorAll(".message")].slice(then.log.querySelectorAll(".message").length);
  if (!additions.length) return;
  then.log.querySelector(".empty")?.remove();
  then.log.append(...additions.map((message) => document.adoptNode(message)));
  if (follow) toEnd();
}

// A caller may hang up at any moment. The element stays, so that a screen reader reads what is new in it.
function showLine(fresh, facts) {
  const [now, shown] = [fresh, facts].map((one) => one.querySelector("#line"));
  if (!now || !shown || now.textContent === shown.textContent) return;
  shown.className = now.className;
  shown.textContent = now.textContent;
}

// Whether a message has arrived shows after it was sent.
function showDeliveries(fresh, log) {
  for (const message of log.querySelectorAll(".message")) {
    const [now, shown] = [fresh.querySelector(`.message[data-id="${message.dataset.id}"]`), message].map((one) => one?.querySelector(".delivery"));
    if (now?.textContent === shown?.textContent) continue;
    shown?.remove();
    if (now) message.append(document.adoptNode(now.cloneNode(true)));
  }
}

// Translations come after their messages.
function showRenderings(fresh, log) {
  for (const rendering of fresh.querySelectorAll(".message > .rendering")) {
    const message = log.querySelector(`.message[data-id="${rendering.parentElement.dataset.id}"]`);
    if (message && !message.querySelector(".rendering")) message.querySelector(".bubble").after(document.adoptNode(rendering.cloneNode(true)));
  }
}

async function loop() {
  try {
    await refresh();
  } catch (error) {
    // The server is away; the next round tells.
    console.warn("The conversation could not be refreshed:", error);
  }
  setTimeout(loop, REFRESH_MS);
}

document.querySelector("#reply-text")?.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) event.target.form.requestSubmit();
});

toEnd();
document.querySelector("#reply-text")?.focus({ preventScroll: true });
setTimeout(loop, REFRESH_MS);
