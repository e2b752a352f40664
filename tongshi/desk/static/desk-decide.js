// Confirms or rejects the statements that are chosen in a list, one after the other; one that somebody else has decided since the list
// was shown is left and named.

import { element, keepOwnName, ownName, request, say, trouble } from "./desk-api.js";

const form = document.querySelector("#decide-chosen");
const outcome = form?.querySelector(".outcome");
const all = form?.querySelector("#choose-all");
const choices = () => [...form.elements].filter((one) => one.dataset.seen);

async function decide(chosen, decision) {
  const failed = [];
  for (const [done, one] of chosen.entries()) {
    outcome.textContent = say("deciding", { done, total: chosen.length });
    const answer = await request("POST", `/desk/api/graph/${one.value}`, { decision, seen: one.dataset.seen, by: ownName() });
    if (answer.status === 401) return outcome.replaceChildren(...trouble(answer));
    if (answer.status !== 200) failed.push(element("li", {}, ...trouble(answer)));
  }
  if (!failed.length) return location.reload();
  tell(element("p", { textContent: say("not_decided") }), element("ul", {}, ...failed));
}

function tell(...parts) {
  outcome.classList.add("bad");
  outcome.replaceChildren(...parts);
  outcome.focus();
}

if (form) {
  form.elements.by.value = ownName();
  form.elements.by.addEventListener("change", () => keepOwnName(form.elements.by.value.trim()));
  all.addEventListener("change", () => choices().forEach((one) => (one.checked = all.checked)));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const decision = event.submitter?.value ?? "confirm";
    const chosen = choices().filter((one) => one.checked);
    if (!chosen.length) return tell(element("p", { textContent: say("none_chosen") }));
    if (!confirm(`${event.submitter.textContent} (${chosen.length})`)) return;
    const buttons = form.querySelectorAll("button");
    for (const button of buttons) button.disabled = true;
    outcome.classList.remove("bad");
    await decide(chosen, decision);
    for (const button of buttons) button.disabled = false;
  });
}
