// Text from the server becomes text nodes, links and marks here, never markup.

const URL_PATTERN = /https?:\/\/[^\s<>"'`{}|\\^（）「」『』【】。，、；！？]+/giu;
const TRAILING_PUNCTUATION = /[.,;:!?…)\]*_]+$/u;

/** Appends `text` to `element`; http(s) addresses in it become links. */
export function appendLinked(element, text) {
  let end = 0;
  for (const match of text.matchAll(URL_PATTERN)) {
    const address = match[0].replace(TRAILING_PUNCTUATION, "");
    if (!URL.canParse(address)) continue;
    element.append(text.slice(end, match.index), link(address));
    end = match.index + address.length;
  }
  element.append(text.slice(end));
}

function link(address) {
  const anchor = document.createElement("a");
  anchor.href = address;
  anchor.textContent = address;
  anchor.dir = "ltr";
  anchor.target = "_blank";
  anchor.rel = "noopener noreferrer nofollow";
  return anchor;
}

/** Appends an article's paragraphs, headings and lists to `element`, with every one of `quotes` that stands in it marked. */
export function appendArticle(element, text, quotes) {
  let list = null;
  for (const block of text.replace(/\r\n?/g, "\n").split(/\n{2,}|\n(?=\s*(?:[-*•]|#{1,6})\s)/u)) {
    const line = block.trim();
    if (!line) continue;
    const item = line.match(/^[-*•]\s+(.*)$/su);
    const heading = line.match(/^#{1,6}\s+(.*)$/su);
    if (item) {
      if (!list) element.append((list = document.createElement("ul")));
      list.append(marked("li", item[1], quotes));
    } else {
      list = null;
      element.append(heading ? marked("h3", heading[1], quotes) : marked("p", line, quotes));
    }
  }
}

function marked(tag, text, quotes) {
  const element = document.createElement(tag);
  element.dir = "auto";
  let end = 0;
  for (const [from, to] of spansOf(text, quotes)) {
    const mark = document.createElement("mark");
    mark.textContent = text.slice(from, to);
    element.append(text.slice(end, from), mark);
    end = to;
  }
  element.append(text.slice(end));
  return element;
}

/** Where the quotes stand in the text, in order and without overlaps; runs of white space count as equal. */
function spansOf(text, quotes) {
  const found = [];
  for (const quote of quotes) {
    const words = (quote ?? "").trim().split(/\s+/u).filter(Boolean);
    if (!words.length) continue;
    const pattern = words.map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join("\\s+");
    const match = text.match(new RegExp(pattern, "u"));
    if (match) found.push([match.index, match.index + match[0].length]);
  }
  found.sort((one, other) => one[0] - other[0]);
  return found.filter(([from], index) => index === 0 || from >= found[index - 1][1]);
}

const dayOf = (date) => new Date(date.getFullYear(), date.getMonth(), date.getDate());

export const sameDay = (one, other) => dayOf(one).getTime() === dayOf(other).getTime();

export const clock = (date, locale) => new Intl.DateTimeFormat(locale, { timeStyle: "short" }).format(date);

export const fullTime = (date, locale) => new Intl.DateTimeFormat(locale, { dateStyle: "long", timeStyle: "short" }).format(date);

/** "Today", "Yesterday", else the date, as the language says it. */
export function dayName(date, locale) {
  // Rounded, because a day with a clock change has 23 or 25 hours.
  const daysAgo = Math.round((dayOf(new Date()) - dayOf(date)) / 86_400_000);
  if (daysAgo === 0 || daysAgo === 1) {
    const name = new Intl.RelativeTimeFormat(locale, { numeric: "auto" }).format(-daysAgo, "day");
    return name.charAt(0).toLocaleUpperCase(locale) + name.slice(1);
  }
  return new Intl.DateTimeFormat(locale, { weekday: "long", day: "numeric", month: "long" }).format(date);
}
