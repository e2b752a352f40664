// Approves the drafts that a list shows, one after the other; one that somebody has changed since the list was shown is left and named.

import { element, ownName, request, say, trouble } from "./desk-api.js";

const form = document.querySelector("#approve-shown");
const outcome = form?.querySelector(".outcome");

async function approve(drafts) {
  const failed = [];
  for (const [done, draft] of drafts.entries()) {
    outcome.textContent = say("approving", { done, total: drafts.length });
    const answer = await request("POST", `${draft.url}/approve`, { upon: draft.upon, by: ownName() });
    if (answer.status === 401) return outcome.replaceChildren(...trouble(answer));
    if (answer.status !== 200) failed.push(element("li", {}, `${draft.name}: `, ...trouble(answer)));
  }
  if (!failed.length) return location.reload();
  outcome.classList.add("bad");
  outcome.replaceChildren(element("p", { textContent: say("not_approved") }), element("ul", {}, ...failed));
  outcome.focus();
}

form?.addEventListener("submit", async (event) => {
  event.preventDefault();
  const button = form.querySelector("button");
  if (!confirm(button.textContent)) return;
  button.disabled = true;
  await approve(JSON.parse(form.dataset.drafts));
  button.disabled = false;
});
