import * as api from "./api.js";
import { ArticleDialog } from "./article.js";
import { LANGUAGE_NAMES, directionOf, localeOf, preferredLanguage, rememberLanguage, translator } from "./strings.js";
import { Transcript } from "./transcript.js";
import { Microphone } from "./voice.js";

// As in tongshi/channels/guard.py, which asks for a longer message in brief.
const MAX_LENGTH = 2_000;
const SHOW_LENGTH_FROM = 1_800;
const LARGEST_PHOTO = 10 * 1024 * 1024;
const POLL_MS = 4_000;
// While the stream tells of what is new, asking is only for what it may have missed.
const POLL_STREAMED_MS = 20_000;
const POLL_MAX_MS = 30_000;
const MOMENT_MS = 3_500;
const TYPING_LONG_MS = 10_000;
const UNSENT_KEY = "tongshi-unsent";

const $ = (selector) => document.querySelector(selector);
const page = {
  scroller: $("#scroller"),
  welcome: $("#welcome"),
  loadError: $("#load-error"),
  typing: $("#typing"),
  typingText: $("#typing-text"),
  connection: $("#connection"),
  composer: $("#composer"),
  text: $("#text"),
  send: $("#send"),
  limit: $("#limit"),
  language: $("#language"),
  status: $("#status"),
  confirm: $("#confirm-new"),
  score: $("#score"),
  photo: $("#photo"),
};

let language;
let t;
let shop = "";
let loaded = false;
let wantsToSend = false;
// Numbers the conversations of this page, so that what arrives late for an old one is dropped.
let conversation = 0;
// By what the server tells the conversation that is shown from others.
let mark = null;
// The newest id that a read of the server has covered. Replies to a POST do not move it: a message of an agent may
// lie between them and what was read before.
let cursor = 0;
let waiting = 0;
let queue = Promise.resolve();
let pollTimer = 0;
let pollFailures = 0;
let streamed = false;

const transcript = new Transcript({
  log: $("#messages"),
  scroller: page.scroller,
  template: $("#message-template"),
  jump: $("#jump"),
  on: {
    choose: ({ title, payload }) => {
      say(title, { payload });
      focusComposer();
    },
    cite: (citation, quotes) => articleDialog.open(citation, quotes),
    rate: api.sendFeedback,
    retry: (entry) => {
      retry(entry);
      focusComposer();
    },
    change: showState,
  },
});
const articleDialog = new ArticleDialog($("#article"), () => t);

// Words and direction

function setLanguage(code) {
  language = code;
  t = translator(code);
  document.documentElement.lang = code;
  document.documentElement.dir = directionOf(code);
  page.language.value = code;
  for (const element of document.querySelectorAll("[data-text]")) element.textContent = t(element.dataset.text);
  for (const element of document.querySelectorAll("[data-label]")) {
    element.setAttribute("aria-label", t(element.dataset.label));
    if (element.matches("button")) element.title = t(element.dataset.label);
  }
  for (const element of document.querySelectorAll("[data-placeholder]")) element.placeholder = t(element.dataset.placeholder);
  transcript.setLanguage(t, localeOf(code));
  showShop();
  showLength();
  showTyping();
  for (const star of page.score.elements.score) star.nextElementSibling.querySelector("span").textContent = t("scoreOf", { count: star.value });
}

function showShop() {
  $("#shop").textContent = shop || "\u00a0";
  $("#welcome-text").textContent = t("welcomeText", { shop });
  document.title = shop ? `${shop} – ${t("assistant")}` : t("assistant");
}

/** What follows from the messages: the welcome of an empty conversation, and whom the customer is talking to. */
function showState() {
  page.welcome.hidden = !loaded || transcript.entries.length > 0;
  const partner = transcript.entries.findLast((entry) => entry.sender !== "customer")?.sender ?? "bot";
  const key = partner === "agent" ? "agent" : "assistant";
  page.status.dataset.with = partner;
  $("#status-text").dataset.text = key;
  if (t) $("#status-text").textContent = t(key);
}

// Loading and polling

async function load() {
  const current = ++conversation;
  page.loadError.hidden = true;
  try {
    const session = await api.openSession();
    if (current === conversation) begin(session);
  } catch (error) {
    if (!(error instanceof api.ApiError)) throw error;
    page.loadError.hidden = false;
    page.scroller.scrollTo({ top: page.scroller.scrollHeight, behavior: "instant" });
  }
}

/** `pending`: what the customer has written and the server has not confirmed. */
function begin(session, pending = unsent()) {
  shop = session.shop;
  mark = session.conversation;
  loaded = true;
  $("#elsewhere").disabled = false;
  cursor = 0;
  showShop();
  transcript.quietly(() => receive(session.messages, { jumpTo: true }));
  $("#messages").setAttribute("aria-busy", "false");
  showState();
  showLength();
  schedulePoll();
  if (!document.hidden) stream.open();
  resume(pending);
  if (wantsToSend) page.composer.requestSubmit();
}

function receive(messages, options) {
  for (const message of messages) cursor = Math.max(cursor, message.id);
  transcript.merge(messages, options);
}

function schedulePoll() {
  clearTimeout(pollTimer);
  if (!loaded || document.hidden) return;
  const often = streamed ? POLL_STREAMED_MS : POLL_MS;
  pollTimer = setTimeout(poll, Math.min(often * 2 ** Math.max(0, pollFailures - 1), POLL_MAX_MS));
}

function showOffline(offline) {
  if (offline) page.connection.textContent = t("offline");
  else if (page.connection.dataset.offline) page.connection.textContent = "";
  page.connection.dataset.offline = offline ? "true" : "";
}

async function poll() {
  const current = conversation;
  try {
    const found = await api.messagesAfter(cursor);
    if (current !== conversation) return;
    pollFailures = 0;
    if (found.conversation === mark) receive(found.messages);
    // What is on its way tells the same with its reply.
    else if (!waiting) await moveOn();
    if (current !== conversation) return;
  } catch (error) {
    if (!(error instanceof api.ApiError)) throw error;
    if (current !== conversation) return;
    pollFailures += 1;
  }
  // One miss is nothing to worry a customer with.
  showOffline(pollFailures > 1);
  schedulePoll();
}

function lookNow() {
  clearTimeout(pollTimer);
  if (loaded) poll();
}

// A page that nobody sees holds no connection: browsers have few of them for one server, which all tabs share.
document.addEventListener("visibilitychange", () => {
  clearTimeout(pollTimer);
  if (!loaded) return;
  if (document.hidden) return stream.close();
  stream.open();
  poll();
});
window.addEventListener("online", () => {
  lookNow();
  sendAgain();
});

const stream = new api.Stream({
  connected(yes) {
    streamed = yes;
    if (yes) sendAgain();
  },
  changed: lookNow,
  sentence(sentence) {
    // An answer to what another tab has asked: its question comes with the messages.
    if (!transcript.knows(sentence.turn)) lookNow();
    transcript.speak(sentence);
  },
});

// Sending

// Not crypto.randomUUID, which browsers offer on https and loopback only.
function uuid() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

function say(text, { payload = null, photo = null, spoken = false } = {}) {
  submit({ text, payload, photo, spoken, clientId: uuid() });
}

function submit({ spoken, ...said }) {
  deliver(Object.assign(transcript.addOwn(said), { spoken }));
}

function retry(entry) {
  entry.state = "sending";
  transcript.showFailure(entry);
  deliver(entry);
}

/** What failed for want of a connection. The server knows a message by its client_id, so that none comes twice. */
function sendAgain() {
  for (const entry of transcript.entries) if (entry.state === "failed" && entry.error.kind === "network") retry(entry);
}

// What the server has not confirmed outlives a reload of this tab, photos excepted.

function unsent() {
  try {
    return JSON.parse(sessionStorage.getItem(UNSENT_KEY)) ?? [];
  } catch {
    return [];
  }
}

function keepUnsent(entries) {
  try {
    sessionStorage.setItem(UNSENT_KEY, JSON.stringify(entries));
  } catch {
    // Storage may be blocked by the browser: then a reload loses what was not sent.
  }
}

const noteUnsent = ({ text, payload, clientId }) => keepUnsent([...unsent().filter((one) => one.clientId !== clientId), { text, payload, clientId }]);

const noteSent = ({ clientId }) => keepUnsent(unsent().filter((one) => one.clientId !== clientId));

/** Sends what a reload, or the way into another conversation, has interrupted. */
function resume(pending) {
  keepUnsent([]);
  for (const one of pending) if (!transcript.knows(one.clientId)) submit(one);
}

/** One message at a time, so that the replies keep the order of what was asked. */
function deliver(entry) {
  const current = conversation;
  waiting += 1;
  showTyping();
  if (!entry.photo) noteUnsent(entry);
  const turn = async () => {
    if (current !== conversation) return;
    try {
      const send = entry.photo ? api.sendPhoto : api.sendMessage;
      const answer = await send({ ...entry, hint: language });
      if (current !== conversation) return;
      noteSent(entry);
      transcript.settle(entry);
      if (answer.conversation !== mark) return await moveOn();
      const { messages } = answer;
      transcript.merge(messages);
      if (entry.spoken) microphone.speak(messages.filter((message) => message.id > 0)).catch(reportError);
    } catch (error) {
      if (!(error instanceof api.ApiError)) throw error;
      if (current !== conversation) return;
      // What has arrived stays so where only the way into another conversation failed; the next look leads there.
      if (entry.state === "sent") schedulePoll();
      else transcript.fail(entry, error);
    } finally {
      if (current === conversation) {
        waiting -= 1;
        showTyping();
      }
    }
  };
  queue = queue.then(turn).catch(reportError);
}

let typingTimers = [];

/** Dots at once, a word where it takes longer. */
function showTyping() {
  typingTimers.forEach(clearTimeout);
  const wasHidden = page.typing.hidden;
  page.typing.hidden = waiting === 0;
  page.typing.classList.remove("long");
  page.typingText.textContent = waiting ? t("typing") : "";
  if (!waiting) return;
  const word = (key) => () => {
    page.typing.classList.add("long");
    page.typingText.textContent = t(key);
  };
  typingTimers = [setTimeout(word("moment"), MOMENT_MS), setTimeout(word("typingLong"), TYPING_LONG_MS)];
  if (wasHidden && transcript.following) transcript.scrollToEnd();
}

// The composer

function showLength() {
  const length = page.text.value.length;
  const tooLong = length > MAX_LENGTH;
  const number = new Intl.NumberFormat(localeOf(language));
  page.limit.textContent = tooLong
    ? t("tooLong", { max: number.format(MAX_LENGTH) })
    : length >= SHOW_LENGTH_FROM
      ? `${number.format(length)} / ${number.format(MAX_LENGTH)}`
      : "";
  page.text.setAttribute("aria-invalid", String(tooLong));
  page.send.disabled = !loaded || tooLong || !page.text.value.trim();
  if (!CSS.supports("field-sizing", "content")) {
    page.text.style.height = "auto";
    page.text.style.height = `${page.text.scrollHeight}px`;
  }
}

function focusComposer() {
  // On a touch screen the focus would open the keyboard over the conversation.
  if (matchMedia("(hover: hover)").matches) page.text.focus();
  else page.scroller.focus({ preventScroll: true });
}

page.text.addEventListener("input", showLength);

page.text.addEventListener("keydown", (event) => {
  // Enter also confirms a candidate of an input method (Chinese, Japanese, Korean); 229 is how Safari says so.
  if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
  event.preventDefault();
  page.composer.requestSubmit();
});

page.composer.addEventListener("submit", (event) => {
  event.preventDefault();
  const text = page.text.value.trim();
  // Who is faster than the conversation loads has it sent once it is there.
  wantsToSend = !loaded;
  if (!loaded || !text || page.text.value.length > MAX_LENGTH) return;
  page.text.value = "";
  showLength();
  say(text, { spoken: dictated });
  dictated = false;
  page.text.focus();
});

// The microphone

// Whether what stands in the field was spoken.
let dictated = false;

const microphone = new Microphone($("#speak"), {
  language: () => language,
  t: (key) => t(key),
  told: (key) => (page.limit.textContent = key && t(key)),
  heard({ text, identifiers }) {
    // A number that was misheard is another's order: the customer looks at it before it is sent.
    if (!identifiers.length && !page.text.value.trim()) return say(text, { spoken: true });
    page.text.value = `${page.text.value} ${text}`.trim();
    dictated = true;
    showLength();
    page.limit.textContent = t("checkHeard");
    page.text.focus();
  },
});

$("#add-photo").addEventListener("click", () => page.photo.click());
page.photo.addEventListener("change", () => {
  const [photo] = page.photo.files;
  page.photo.value = "";
  if (!loaded || !photo) return;
  page.limit.textContent = "";
  if (photo.size > LARGEST_PHOTO) page.limit.textContent = t("photoTooLarge");
  else {
    const text = page.text.value.trim().slice(0, MAX_LENGTH);
    page.text.value = "";
    showLength();
    say(text, { photo });
  }
  focusComposer();
});

for (const starter of document.querySelectorAll(".starter")) {
  starter.addEventListener("click", () => {
    say(starter.textContent);
    focusComposer();
  });
}

// The header

for (let count = 1; count <= 5; count += 1) {
  const star = $("#star-template").content.cloneNode(true);
  Object.assign(star.querySelector("input"), { value: count, id: `star-${count}` });
  star.querySelector("label").htmlFor = `star-${count}`;
  $(".stars").append(star);
}
for (const [code, name] of Object.entries(LANGUAGE_NAMES)) {
  const option = new Option(name, code);
  option.lang = code;
  page.language.add(option);
}
page.language.addEventListener("change", () => {
  rememberLanguage(page.language.value);
  setLanguage(page.language.value);
});

$("#new-chat").addEventListener("click", () => {
  page.confirm.returnValue = "";
  page.score.reset();
  $("#stars").hidden = !transcript.entries.some((entry) => entry.sender === "customer");
  page.confirm.showModal();
});
page.confirm.addEventListener("click", (event) => event.target === page.confirm && page.confirm.close("cancel"));
page.confirm.addEventListener("close", async () => {
  if (page.confirm.returnValue !== "yes") return;
  try {
    await sendScore();
    restart(await api.newSession(), []);
    focusComposer();
  } catch (error) {
    if (!(error instanceof api.ApiError)) throw error;
    page.connection.textContent = t("newError");
  }
});

/** Follows the customer into the conversation that they are in by now: what they wrote meanwhile is said there. */
async function moveOn() {
  const current = conversation;
  const session = await api.openSession();
  if (current === conversation) restart(session, transcript.unconfirmed);
}

/** Shows another conversation in place of this one; `pending` as for begin(). */
function restart(session, pending) {
  stream.close();
  microphone.hush();
  conversation += 1;
  waiting = 0;
  queue = Promise.resolve();
  pollFailures = 0;
  page.connection.textContent = "";
  showTyping();
  transcript.clear();
  begin(session, pending);
}

/** The customer's word on the conversation that ends; a new one begins whether it arrives or not. */
async function sendScore() {
  const { score, comment } = page.score.elements;
  if (!score.value) return;
  try {
    await api.sendScore(Number(score.value), comment.value.trim());
  } catch (error) {
    if (!(error instanceof api.ApiError)) throw error;
  }
}

// Going on elsewhere: the reply has a code and links. Such a link leads here, and is used only after the customer's yes.

$("#elsewhere").addEventListener("click", () => {
  say(t("elsewhere"), { payload: "/continue" });
  focusComposer();
});

async function offerToJoin() {
  const invited = location.hash.match(/^#continue=([0-9a-f]+)$/)?.[1];
  if (!invited) return;
  history.replaceState(null, "", location.pathname + location.search);
  const dialog = $("#confirm-join");
  dialog.returnValue = "";
  dialog.showModal();
  await new Promise((resolve) => dialog.addEventListener("close", resolve, { once: true }));
  if (dialog.returnValue === "yes") say(`/start ${invited}`);
}

$("#reload").addEventListener("click", load);

if (api.embedded) {
  document.body.classList.add("embedded");
  const close = () => window.parent.postMessage({ type: "tongshi:close" }, "*");
  $("#leave").hidden = false;
  $("#leave").addEventListener("click", close);
  document.addEventListener("keydown", (event) => event.key === "Escape" && !document.querySelector("dialog[open]") && close());
  window.addEventListener("message", (event) => event.source === window.parent && event.data?.type === "tongshi:open" && focusComposer());
}

// What is typed before this script listens to Enter would not be sent.
page.text.disabled = false;
setLanguage(preferredLanguage());
await load();
$("#elsewhere").disabled = !loaded;
offerToJoin().catch(reportError);
microphone.offer().catch(reportError);
if (matchMedia("(hover: hover)").matches) page.text.focus();
