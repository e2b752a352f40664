// Sends files one by one, so that each is reported and one that is broken stops no other.

import { element, ownName, request, say, trouble } from "./desk-api.js";

const form = document.querySelector("#import");
const [files, folder, stop, progress, state] = ["files", "folder", "stop", "progress", "import-state"].map((id) => document.getElementById(id));
const [report, heading, drafts] = ["report", "report-title", "drafts"].map((id) => document.getElementById(id));
const largest = Number(form.dataset.largest);
const COUNTED = ["added", "changed", "same"];
const MOST_ROWS = 1000;
let stopped = false;

async function take(file, approve) {
  if (file.size > largest) return { failed: [{ reason: say("too_large", { megabytes: largest / 1048576 }) }] };
  const body = new FormData();
  body.append("path", file.webkitRelativePath || file.name);
  body.append("approve", approve);
  body.append("by", ownName());
  body.append("file", file);
  const answer = await request("POST", form.dataset.url, body);
  if (answer.status === 401) return { stop: trouble(answer) };
  return answer.status === 200 ? answer.body : { failed: [{ reason: answer.body.error }] };
}

function rowOf(file, result) {
  const said = COUNTED.filter((name) => result[name]).map((name) => `${result[name]} ${say(name === "same" ? "as_before" : name)}`);
  const told = [said.join(", ")].filter(Boolean).map((text) => element("p", { textContent: text }));
  const failed = (result.failed ?? []).map((one) => element("p", { className: "bad", textContent: `${say("failed")}: ${one.reason}` }));
  return element("tr", {}, element("td", { textContent: file.webkitRelativePath || file.name, dir: "auto" }), element("td", {}, ...told, ...failed));
}

async function run(chosen, approve) {
  const sums = { added: 0, changed: 0, same: 0, failed: 0 };
  const body = report.querySelector("tbody");
  body.replaceChildren();
  for (const shown of [progress, stop, report, heading]) shown.hidden = false;
  progress.max = chosen.length;
  for (const [done, file] of chosen.entries()) {
    if (stopped) break;
    progress.value = done;
    // Who listens hears of every tenth part only.
    if (done % Math.ceil(chosen.length / 10) === 0) state.textContent = say("importing", { done, total: chosen.length });
    const result = await take(file, approve);
    if (result.stop) {
      state.replaceChildren(...result.stop);
      stopped = true;
      break;
    }
    for (const name of COUNTED) sums[name] += result[name] ?? 0;
    sums.failed += result.failed?.length ?? 0;
    // What could not be read comes first; of a great many files not each can stand here.
    if (result.failed?.length) body.prepend(rowOf(file, result));
    else if (body.rows.length < MOST_ROWS) body.append(rowOf(file, result));
  }
  progress.hidden = stop.hidden = true;
  if (!state.querySelector("a")) state.textContent = `${stopped ? `${say("stopped")} ` : ""}${say("imported", sums)}`;
  drafts.hidden = approve || !(sums.added + sums.changed);
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const chosen = [...files.files, ...[...folder.files].filter((one) => files.accept.split(",").some((kind) => one.name.toLowerCase().endsWith(kind)))];
  if (!chosen.length) {
    state.textContent = say("nothing_chosen");
    return;
  }
  const button = form.querySelector("button[type=submit]");
  button.disabled = true;
  stopped = false;
  await run(chosen, form.elements.as.value === "approved");
  button.disabled = false;
});

stop.addEventListener("click", () => (stopped = true));
