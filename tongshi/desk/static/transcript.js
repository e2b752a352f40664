import { photoAddress } from "./api.js";
import { appendLinked, clock, dayName, fullTime, sameDay } from "./text.js";

const REASONS = { network: "networkError", busy: "busy", server: "serverError", 413: "photoTooLarge", 415: "photoUnreadable" };
const NEAR_END_PX = 120;
const SPOKEN_FOR_MS = 45_000;

/**
 * The messages on the page, in order, each once.
 *
 * A message of the customer is shown at once, before the server has numbered it. Its own copy comes back with a later
 * poll and is recognised by client_id where the server returns one, else by its text.
 */
export class Transcript {
  /** `on`: handlers choose(button), cite(citation, quotes), rate(id, helpful, reason) -> Promise, retry(entry), change(). */
  constructor({ log, scroller, template, jump, on }) {
    Object.assign(this, { log, scroller, template, jump, on });
    this.entries = [];
    jump.addEventListener("click", () => {
      this.scrollToEnd();
      scroller.focus({ preventScroll: true });
    });
    // Whether the page follows the conversation's end: the reader stops that by scrolling back. A position alone would
    // not tell, since a smooth scroll towards the end is still under way when the next message comes.
    this.following = true;
    this.lastTop = 0;
    this.quiet = false;
    // The reply that is on its way, sentence by sentence; the whole one takes its place.
    this.spoken = null;
    scroller.addEventListener("scroll", () => this.noteScroll(), { passive: true });
    // The window shrinks when the message box grows or a screen keyboard opens.
    new ResizeObserver(() => this.following && this.scrollToEnd("instant")).observe(scroller);
  }

  setLanguage(strings, locale) {
    this.strings = strings;
    this.locale = locale;
    this.quietly(() => {
      for (const entry of this.entries) {
        const old = entry.element;
        entry.element = this.render(entry);
        old.replaceWith(entry.element);
      }
      this.arrange();
    });
  }

  /** Does `change` without a screen reader reading the messages out, or motion: they are not new. */
  quietly(change) {
    this.log.setAttribute("aria-live", "off");
    this.quiet = true;
    change();
    this.quiet = false;
    setTimeout(() => this.log.setAttribute("aria-live", "polite"), 100);
  }

  clear() {
    this.hush();
    this.entries = [];
    this.log.replaceChildren();
    this.jump.hidden = true;
    this.on.change();
  }

  /** Whether the customer's message of that name is shown. */
  knows(clientId) {
    return this.entries.some((entry) => entry.clientId === clientId);
  }

  /** The customer's own messages that the server has not confirmed, in order. */
  get unconfirmed() {
    return this.entries.filter((entry) => entry.sender === "customer" && entry.id === undefined && entry.state !== "sent");
  }

  get last() {
    return this.entries.at(-1);
  }

  /** The customer's own message, not yet known to the server. */
  addOwn({ text, payload, photo, clientId, lang }) {
    const photos = photo ? [URL.createObjectURL(photo)] : [];
    const entry = { sender: "customer", text, payload, photo, photos, clientId, lang, time: new Date(), state: "sending" };
    this.insert(entry);
    this.arrange();
    this.scrollToEnd();
    return entry;
  }

  settle(entry) {
    entry.state = "sent";
    this.showFailure(entry);
  }

  fail(entry, error) {
    if (entry.id !== undefined) return;
    entry.state = "failed";
    entry.error = error;
    this.showFailure(entry);
    if (this.last === entry) this.scrollToEnd();
  }

  /** Takes over messages of the server, those already shown excepted. `jumpTo`: be at the end without motion. */
  merge(messages, { jumpTo = false } = {}) {
    const known = new Set(this.entries.map((entry) => entry.id));
    const unknown = messages.filter((message) => !known.has(message.id) && known.add(message.id));
    const adopted = this.adopt(unknown);
    const fresh = unknown.filter((message) => !adopted.has(message));
    const replaces = this.spoken !== null && fresh.some((message) => message.sender !== "customer");
    if (replaces) this.hush();
    const added = fresh.map((message) => this.insert(entryOf(message)));
    if (replaces) for (const entry of added) entry.element.classList.remove("new");
    if (!unknown.length) return;
    this.arrange();
    if (jumpTo) this.scrollToEnd("instant");
    else if (added.length && this.following) this.scrollToReply(added[0]);
    else if (added.some((entry) => entry.sender !== "customer")) this.jump.hidden = false;
  }

  adopt(messages) {
    const adopted = new Set();
    const own = messages.filter((message) => message.sender === "customer");
    const open = () => this.entries.filter((entry) => entry.sender === "customer" && entry.id === undefined);
    const take = (message, entry) => {
      if (!entry) return;
      adopted.add(message);
      entry.id = message.id;
      entry.state = "sent";
      entry.element.dataset.id = message.id;
      this.showFailure(entry);
    };
    for (const message of own) {
      take(message, open().find((entry) => message.client_id ? message.client_id === entry.clientId : alike(message.text, entry.text)));
    }
    // The server may keep another text than was typed (personal data masked): then the order tells.
    for (const message of own) {
      if (adopted.has(message) || message.client_id) continue;
      take(message, open().find((entry) => entry.state === "sent"));
    }
    return adopted;
  }

  insert(entry) {
    entry.element = this.render(entry);
    entry.element.classList.toggle("new", !this.quiet);
    const later = entry.id === undefined ? -1 : this.entries.findIndex((other) => other.id > entry.id);
    if (later < 0) {
      this.entries.push(entry);
      if (this.spoken) this.spoken.element.before(entry.element);
      else this.log.append(entry.element);
    } else {
      const next = this.entries[later];
      (next.day ?? next.element).before(entry.element);
      this.entries.splice(later, 0, entry);
    }
    return entry;
  }

  /** One sentence of a reply that is on its way. Screen readers read the whole reply instead, once it is there. */
  speak({ turn, number, text, lang }) {
    if (this.spoken?.turn !== turn) {
      this.hush();
      const element = this.render({ sender: "bot", text: "", time: new Date(), lang });
      element.classList.add("spoken");
      element.classList.toggle("follows", this.last?.sender === "bot");
      element.setAttribute("aria-hidden", "true");
      element.querySelector(".meta").remove();
      this.spoken = { turn, sentences: [], element };
      this.log.append(element);
    }
    const { sentences, element } = this.spoken;
    sentences[number] = text;
    element.querySelector(".bubble").replaceChildren();
    appendLinked(element.querySelector(".bubble"), sentences.filter(Boolean).join(" "));
    clearTimeout(this.spokenTimer);
    this.spokenTimer = setTimeout(() => this.hush(), SPOKEN_FOR_MS);
    if (this.following) this.scrollToEnd();
  }

  /** Takes away what was said of a reply: the whole one is there, or will not come. */
  hush() {
    clearTimeout(this.spokenTimer);
    this.spoken?.element.remove();
    this.spoken = null;
  }

  /** Day lines, groups of one sender, and which buttons may still be pressed. */
  arrange() {
    const lastWord = this.entries.findLastIndex((entry) => entry.sender !== "bot");
    this.entries.forEach((entry, index) => {
      const before = this.entries[index - 1];
      const newDay = !before || !sameDay(before.time, entry.time);
      entry.day?.remove();
      entry.day = newDay ? this.dayLine(entry.time) : null;
      if (newDay) entry.element.before(entry.day);
      entry.element.classList.toggle("follows", !newDay && before.sender === entry.sender);
      if (index < lastWord) this.expireButtons(entry);
    });
    this.on.change();
  }

  expireButtons(entry) {
    const group = entry.element.querySelector(".quick-replies");
    if (!group) return;
    group.hidden = true;
    for (const button of group.children) button.disabled = true;
  }

  dayLine(time) {
    const line = document.createElement("p");
    line.className = "day";
    line.textContent = dayName(time, this.locale);
    return line;
  }

  /** The message's element, without the parts of the template that it has no use for. */
  render(entry) {
    const t = this.strings;
    const element = this.template.content.firstElementChild.cloneNode(true);
    const find = (selector) => element.querySelector(selector);
    element.dataset.sender = entry.sender;
    if (entry.id !== undefined) element.dataset.id = entry.id;
    find(".sender").textContent = t({ customer: "you", agent: "agent" }[entry.sender] ?? "assistant");

    const bubble = find(".bubble");
    if (entry.lang) bubble.lang = entry.lang;
    if (entry.cards?.length) {
      this.renderCards(entry, bubble, find(".cards"));
    } else {
      find(".cards").remove();
      if (entry.sender === "customer") bubble.textContent = entry.text;
      else appendLinked(bubble, entry.text);
    }
    this.renderPhotos(entry, bubble);

    const time = find("time");
    time.dateTime = entry.time.toISOString();
    time.textContent = clock(entry.time, this.locale);
    time.title = fullTime(entry.time, this.locale);

    this.renderCitations(entry, find(".citations"));
    this.renderButtons(entry, find(".quick-replies"));
    if (entry.rateable) this.renderRating(entry, element);
    else for (const part of element.querySelectorAll(".rating, .rating-note, .reason")) part.remove();
    if (entry.sender === "customer") {
      find(".retry").textContent = t("retry");
      find(".retry").addEventListener("click", () => this.on.retry(entry));
      this.showFailure(entry, element);
    } else {
      find(".failure").remove();
    }
    return element;
  }

  renderPhotos(entry, bubble) {
    if (!entry.photos?.length) return;
    // A photo without a word is kept with a sign in place of its text.
    if (!entry.text || entry.text === "🖼") bubble.classList.add("photo-only");
    for (const source of entry.photos) {
      const image = document.createElement("img");
      image.className = "photo";
      image.alt = this.strings("photo");
      image.addEventListener("load", () => this.following && this.scrollToEnd("instant"), { once: true });
      if (source.startsWith("blob:")) image.src = source;
      else photoAddress(source).then((address) => (image.src = address), () => image.replaceWith(image.alt));
      bubble.prepend(image);
    }
    if (bubble.classList.contains("photo-only")) for (const node of [...bubble.childNodes]) if (node.nodeType === Node.TEXT_NODE) node.remove();
  }

  renderCitations(entry, row) {
    const articles = new Map();
    for (const citation of entry.citations ?? []) {
      const key = `${citation.lang}/${citation.article}`;
      if (!articles.has(key)) articles.set(key, { citation, quotes: [] });
      articles.get(key).quotes.push(citation.quote);
    }
    if (!articles.size) return row.remove();
    row.querySelector(".citations-label").textContent = this.strings("sources");
    for (const { citation, quotes } of articles.values()) {
      const chip = document.createElement("button");
      chip.type = "button";
      chip.className = "citation";
      chip.dataset.article = citation.article;
      chip.dataset.lang = citation.lang;
      chip.lang = citation.lang;
      chip.dir = "auto";
      chip.textContent = citation.title;
      if (citation.quote) chip.title = citation.quote;
      chip.setAttribute("aria-haspopup", "dialog");
      chip.addEventListener("click", () => this.on.cite(citation, quotes));
      row.append(chip);
    }
  }

  /** Products in a row in place of their lines. Their buttons only ask: they stay, whatever is said after them. */
  renderCards(entry, bubble, list) {
    if (entry.lang) list.lang = entry.lang;
    const { before, after } = aroundCards(entry);
    if (after) {
      const rest = bubble.cloneNode();
      appendLinked(rest, after);
      list.after(rest);
    }
    appendLinked(bubble, before);
    for (const { name, price, colours, button } of entry.cards) {
      const card = document.createElement("li");
      card.className = "card";
      for (const [part, text] of Object.entries({ name, price, colours })) {
        if (!text) continue;
        const line = document.createElement("p");
        line.className = `card-${part}`;
        // Set off from the page's direction, but beginning where the page's lines begin.
        line.append(document.createElement("bdi"));
        line.firstChild.textContent = text;
        card.append(line);
      }
      const ask = document.createElement("button");
      ask.type = "button";
      ask.className = "card-button";
      ask.textContent = button.title;
      ask.setAttribute("aria-label", `${button.title}: ${name}`);
      ask.addEventListener("click", () => this.on.choose({ title: button.text, payload: button.payload }));
      card.append(ask);
      list.append(card);
    }
  }

  renderButtons(entry, group) {
    const buttons = entry.buttons ?? [];
    if (!buttons.length) return group.remove();
    group.setAttribute("aria-label", this.strings("replies"));
    for (const { title, payload } of buttons) {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "quick-reply";
      if (entry.lang) button.lang = entry.lang;
      button.dir = "auto";
      button.textContent = title;
      button.addEventListener("click", () => this.on.choose({ title, payload }));
      group.append(button);
    }
  }

  renderRating(entry, element) {
    const t = this.strings;
    const group = element.querySelector(".rating");
    const note = element.querySelector(".rating-note");
    const form = element.querySelector(".reason");
    const [label, input, submit] = ["label", "input", "button"].map((tag) => form.querySelector(tag));
    const thumbs = [...group.children];

    group.setAttribute("aria-label", t("rate"));
    input.id = `reason-${entry.id}`;
    label.htmlFor = input.id;
    label.textContent = t("reason");
    submit.textContent = t("reasonSend");

    const show = () => {
      for (const thumb of thumbs) {
        thumb.setAttribute("aria-pressed", String(String(entry.rating) === thumb.dataset.helpful));
      }
      form.hidden = !entry.askReason;
    };
    const rate = async (helpful, reason) => {
      const before = entry.rating;
      entry.rating = helpful;
      entry.askReason = helpful === false && !reason;
      note.textContent = "";
      show();
      try {
        await this.on.rate(entry.id, helpful, reason);
        note.textContent = t("thanks");
      } catch {
        entry.rating = before;
        entry.askReason = Boolean(reason);
        note.textContent = t("rateFailed");
        show();
      }
    };
    for (const thumb of thumbs) {
      const helpful = thumb.dataset.helpful === "true";
      thumb.setAttribute("aria-label", t(helpful ? "helpful" : "notHelpful"));
      thumb.title = t(helpful ? "helpful" : "notHelpful");
      thumb.addEventListener("click", async () => {
        if (entry.rating === helpful) return;
        const sent = rate(helpful);
        if (!helpful) {
          if (this.last === entry) this.scrollToEnd();
          input.focus();
        }
        await sent;
      });
    }
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const reason = input.value.trim();
      thumbs[1].focus();
      if (reason) rate(false, reason);
      else {
        entry.askReason = false;
        show();
      }
    });
    show();
  }

  showFailure(entry, element = entry.element) {
    element.dataset.state = entry.state;
    const failure = element.querySelector(".failure");
    failure.hidden = entry.state !== "failed";
    // Filled only on failure, so that the alert is read out then.
    failure.querySelector(".failure-text").textContent = failure.hidden ? "" : this.strings(REASONS[entry.error.status] ?? REASONS[entry.error.kind]);
    const wait = failure.hidden ? 0 : entry.error.retryAfter;
    const retry = failure.querySelector(".retry");
    retry.disabled = wait > 0;
    if (wait > 0) {
      setTimeout(() => {
        entry.error.retryAfter = 0;
        retry.disabled = false;
      }, wait * 1000);
    }
  }

  noteScroll() {
    const { scrollHeight, scrollTop, clientHeight } = this.scroller;
    if (scrollHeight - scrollTop - clientHeight < NEAR_END_PX) {
      this.following = true;
      this.jump.hidden = true;
    } else if (scrollTop < this.lastTop) {
      this.following = false;
    }
    this.lastTop = scrollTop;
  }

  scrollToEnd(behavior = "auto") {
    this.following = true;
    this.jump.hidden = true;
    this.scroller.scrollTo({ top: this.scroller.scrollHeight, behavior });
  }

  /** To the end, but never past the beginning of a reply that is longer than the window. */
  scrollToReply(entry) {
    const top = entry.element.offsetTop - 16;
    const end = this.scroller.scrollHeight - this.scroller.clientHeight;
    this.following = top >= end;
    this.scroller.scrollTo({ top: Math.min(top, end) });
  }
}

function entryOf(message) {
  const citations = message.citations ?? [];
  return {
    ...message,
    clientId: message.client_id,
    citations,
    time: new Date(message.time),
    rateable: message.sender === "bot" && (message.rateable ?? (citations.length > 0 || message.answer_id != null)),
    rating: typeof message.helpful === "boolean" ? message.helpful : undefined,
    state: "sent",
  };
}

/** What a message says before and after the lines that its cards stand for, without the marks that isolate those among Arabic. */
function aroundCards({ text, cards }) {
  const last = cards.at(-1).line;
  const [from, to] = [text.indexOf(cards[0].line), text.lastIndexOf(last)];
  if (from < 0 || to < 0) return { before: text, after: "" };
  return {
    before: text.slice(0, from).replace(/\s*\u2068?$/u, ""),
    after: text.slice(to + last.length).replace(/^\u2069?\s*/u, ""),
  };
}

const plain = (text) => text.normalize("NFKC").replace(/[\p{C}\s]+/gu, " ").trim();

const alike = (one, other) => plain(one) === plain(other);
