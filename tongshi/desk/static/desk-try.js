// What a customer would read: asked for after search has shown what it finds, since the language model may have to write it.

import { element, request, say, texts, trouble } from "./desk-api.js";

const holder = document.querySelector("#answer");

function shown(answer) {
  const words = answer.text || say("nothing_written");
  const parts = [
    element("p", { className: "words", dir: "auto", lang: answer.lang, textContent: words }),
    element("p", { className: "hint" }, element("b", { textContent: texts[`outcome_${answer.outcome}`] ?? answer.outcome }), ` · ${answer.seconds} s`),
  ];
  if (answer.path.length) parts.push(element("ol", {}, ...answer.path.map((step) => element("li", { textContent: step, dir: "auto" }))));
  return parts;
}

if (holder) {
  const { question, language } = holder.dataset;
  const answer = await request("POST", "/desk/api/answers", { question, language });
  holder.replaceChildren(...(answer.status === 200 ? shown(answer.body) : trouble(answer)));
}
