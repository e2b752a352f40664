import * as api from "./api.js";
import { appendArticle } from "./text.js";

/** The dialog that shows a cited article with the cited sentences marked. */
export class ArticleDialog {
  constructor(dialog, strings) {
    this.dialog = dialog;
    this.strings = strings;
    this.title = dialog.querySelector("#article-title");
    this.text = dialog.querySelector("#article-text");
    this.link = dialog.querySelector("#article-link");
    this.opened = 0;
    dialog.querySelector("#article-close").addEventListener("click", () => dialog.close());
    // Only the backdrop itself: everything visible lies in the sheet.
    dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  }

  /** `citation` as the server gave it; `quotes`: all sentences cited from that article. */
  async open(citation, quotes) {
    const opened = ++this.opened;
    this.link.href = `/help/${citation.lang}/articles/${citation.article.split("/").map(encodeURIComponent).join("/")}`;
    this.show(citation.title, citation.lang);
    this.text.append(this.note(this.strings()("loading")));
    if (!this.dialog.open) this.dialog.showModal();
    this.title.focus({ preventScroll: true });
    try {
      const article = await api.article(citation.lang, citation.article);
      if (opened !== this.opened) return;
      this.show(article.title, article.lang);
      appendArticle(this.text, article.text, quotes);
      this.text.querySelector("mark")?.scrollIntoView({ block: "nearest" });
    } catch (error) {
      if (!(error instanceof api.ApiError)) throw error;
      if (opened !== this.opened) return;
      this.show(citation.title, citation.lang);
      appendArticle(this.text, quotes.filter(Boolean).join("\n\n"), quotes);
      this.text.append(this.note(this.strings()("articleError")));
    }
  }

  show(title, lang) {
    this.title.textContent = title;
    this.title.lang = this.text.lang = lang;
    this.text.replaceChildren();
  }

  note(words) {
    const note = document.createElement("p");
    note.className = "note";
    note.lang = document.documentElement.lang;
    note.textContent = words;
    return note;
  }
}
