// Keeps the list of conversations current. Nothing moves while the reader's focus is in it.

const REFRESH_MS = 10_000;

async function refresh() {
  if (document.hidden || document.querySelector("main :focus")) return;
  const response = await fetch(location.pathname, { credentials: "same-origin", cache: "no-store", redirect: "manual" });
  if (response.type === "opaqueredirect") return location.reload(); // leads to the sign-in
  if (!response.ok) return;
  const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
  for (const part of ["main", "header.top"]) {
    const [now, then] = [fresh, document].map((page) => page.querySelector(part));
    if (now && now.innerHTML !== then.innerHTML) then.replaceWith(document.adoptNode(now));
  }
}

async function loop() {
  try {
    await refresh();
  } catch (error) {
    // The server is away; the next round tells.
    console.warn("The list could not be refreshed:", error);
  }
  setTimeout(loop, REFRESH_MS);
}

setTimeout(loop, REFRESH_MS);
