// Forms that speak the desk's JSON interface: data-method, data-url, data-then (where to go afterwards), data-upon (the newest version
// that the page shows). A field with data-within stands in an object of that name; the field `seen` is the decision that the page shows.
// Nothing that was typed is lost by an error; whoever was faster is shown.

import { element, keepOwnName, ownName, request, say, trouble } from "./desk-api.js";

const KINDS = {
  lines: (field) => field.value.split("\n").map((line) => line.trim()).filter(Boolean),
  list: (field) => field.value.split(/[,、，]/).map((part) => part.trim()).filter(Boolean),
  flag: (field) => (field.type === "checkbox" ? field.checked : field.value === "true"),
  number: (field) => Number(field.value),
  choice: (field) => field.value || null,
};

let dirty = false;

function valuesOf(form) {
  const values = {};
  for (const field of form.elements) {
    if (!field.name) continue;
    const holder = field.dataset.within ? (values[field.dataset.within] ??= {}) : values;
    holder[field.name] = (KINDS[field.dataset.kind] ?? ((one) => one.value))(field);
  }
  values.by ??= ownName();
  if (form.dataset.upon !== undefined) values.upon = Number(form.dataset.upon);
  return values;
}

// An address with the values of its fields in it, e.g. {language}.
function filled(address, form, values) {
  return address.replace(/\{(\w+)\}/g, (_, name) => {
    const field = form.querySelector(`[data-place="${name}"]`);
    const value = field ? field.value.trim() : String(values[name] ?? "");
    return value.split("/").map(encodeURIComponent).join("/");
  });
}

function show(form, ...parts) {
  const outcome = form.querySelector(".outcome");
  outcome.replaceChildren(...parts);
  outcome.classList.toggle("bad", parts.length > 0 && !form.dataset.busy);
  if (parts.length && !form.dataset.busy) outcome.focus();
}

function setBusy(form, busy) {
  form.toggleAttribute("aria-busy", busy);
  if (busy) form.dataset.busy = "true";
  else delete form.dataset.busy;
  for (const button of form.querySelectorAll("button")) button.disabled = busy;
}

async function send(form, approve) {
  const values = valuesOf(form);
  const address = filled(form.dataset.url, form, values);
  if (values.by && form.elements.by) keepOwnName(values.by);
  setBusy(form, true);
  show(form, element("p", { textContent: say("slow" in form.dataset ? "writing" : "working") }));
  let answer = await request(form.dataset.method, address, values);
  if (answer.status === 200 && approve) {
    const kept = answer.body;
    const newest = Math.max(kept.version, kept.draft ?? 0);
    form.dataset.upon = newest;
    answer = await request("POST", `${address}/approve`, { upon: newest, by: values.by, note: values.note });
  }
  setBusy(form, false);
  if (answer.status === 409 && form.dataset.upon !== undefined) return showConflict(form, address, approve);
  if (answer.status === 409 && form.elements.seen) return showDecided(form);
  if (answer.status !== 200) return show(form, ...trouble(answer));
  dirty = false;
  const then = filled(form.dataset.then, form, values);
  if (answer.body.differences?.length) return showDifferences(form, answer.body.differences, then);
  const [path, place] = then.split("#");
  if (path === location.pathname + location.search) {
    if (place) location.hash = place;
    return location.reload();
  }
  location.assign(then);
}

// Somebody else was faster: what they changed, and how to go on with what was typed.
async function showConflict(form, address, approve) {
  const seen = Number(form.dataset.upon);
  const [article, change] = await Promise.all([request("GET", address.replace(/\/approve$/, "")), request("GET", `${address.replace(/\/approve$/, "")}/diff${seen ? `?old=${seen}` : ""}`)]);
  const parts = [element("p", { textContent: say("conflict") })];
  if (change.status === 200 && change.body.diff) {
    const lines = change.body.diff.split("\n").flatMap((line) => [lineOf(line), "\n"]);
    parts.push(element("h3", { textContent: say("their_change") }), element("pre", { className: "diff", tabIndex: 0 }, ...lines));
  }
  const buttons = element("p", { className: "buttons" }, theirs(location.pathname));
  if (form.dataset.method === "PUT" && article.status === 200) {
    const mine = element("button", { className: "button", type: "button", textContent: say("keep_mine") });
    mine.addEventListener("click", () => {
      form.dataset.upon = Math.max(article.body.version, article.body.draft ?? 0);
      send(form, false);
    });
    buttons.append(" ", mine);
  }
  show(form, ...parts, buttons);
}

// Somebody else has decided since the page was shown.
function showDecided(form) {
  show(form, element("p", { textContent: say("decided_already") }), element("p", { className: "buttons" }, theirs(location.href)));
}

function theirs(address) {
  return element("a", { className: "button", href: address, target: "_blank", rel: "noopener", textContent: say("read_theirs") });
}

function lineOf(line) {
  if (/^(\+\+\+|---|@@)/.test(line)) return element("span", { className: "place", textContent: line });
  return element({ "+": "ins", "-": "del" }[line[0]] ?? "span", { textContent: line });
}

function showDifferences(form, differences, then) {
  const list = element("ul", {}, ...differences.map((one) => element("li", { textContent: one, lang: "en" })));
  const on = element("a", { className: "button", href: then, textContent: say("to_draft") });
  show(form, element("p", { textContent: say("look_at") }), list, on);
}

for (const form of document.querySelectorAll("form[data-url]")) {
  if (form.elements.by) form.elements.by.value = ownName();
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (!form.dataset.busy) send(form, event.submitter?.hasAttribute("data-approve") ?? false);
  });
  if (form.dataset.method === "PUT") form.addEventListener("input", () => (dirty = true));
}

addEventListener("beforeunload", (event) => {
  if (dirty) event.preventDefault();
});

// Parts of other pages that take a while, e.g. an explanation.
for (const holder of document.querySelectorAll("[data-load]")) {
  holder.setAttribute("aria-busy", "true");
  fetch(holder.dataset.load, { credentials: "same-origin" })
    .then(async (response) => {
      const page = new DOMParser().parseFromString(await response.text(), "text/html");
      const part = page.querySelector(holder.dataset.part) ?? page.querySelector(".banner.bad");
      if (part) holder.replaceChildren(document.adoptNode(part));
    })
    .catch((error) => console.warn("A part of the page did not come:", error))
    .finally(() => holder.removeAttribute("aria-busy"));
}
