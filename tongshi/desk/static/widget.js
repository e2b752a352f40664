// The chat on any site: <script src="https://help.example/widget.js" data-lang="de" data-side="left" async></script>
//
// A custom element with a button, and the chat page in a frame of our own origin, so that the site's scripts and styles and ours keep apart.
(() => {
  const script = document.currentScript;
  const origin = new URL(script.src).origin;
  const OPEN_KEY = "tongshi-open";
  const TOKEN_KEY = "tongshi-token";

  const WORDS = {
    ar: ["فتح المحادثة", "إغلاق المحادثة", "المحادثة"],
    de: ["Chat öffnen", "Chat schließen", "Chat"],
    en: ["Open the chat", "Close the chat", "Chat"],
    es: ["Abrir el chat", "Cerrar el chat", "Chat"],
    fr: ["Ouvrir le chat", "Fermer le chat", "Chat"],
    it: ["Apri la chat", "Chiudi la chat", "Chat"],
    ja: ["チャットを開く", "チャットを閉じる", "チャット"],
    ko: ["채팅 열기", "채팅 닫기", "채팅"],
    pt: ["Abrir o chat", "Fechar o chat", "Chat"],
    ru: ["Открыть чат", "Закрыть чат", "Чат"],
    th: ["เปิดแชต", "ปิดแชต", "แชต"],
    zh: ["打开在线咨询", "关闭在线咨询", "在线咨询"],
  };

  // Left and right as they are: a site that reads from right to left would turn what begins and ends a line.
  const STYLE = `
    :host { all: initial; position: fixed; z-index: 2147483000; bottom: 1.25rem; right: 1.25rem; }
    :host([side="left"]) { left: 1.25rem; right: auto; }
    button {
      display: grid; place-items: center; width: 60px; height: 60px; padding: 0; border: 0; border-radius: 50%;
      background: #0e5f57; color: #fff; cursor: pointer; box-shadow: 0 6px 24px rgb(11 65 61 / .35);
    }
    button:hover { background: #0a4d47; }
    button:focus-visible { outline: 3px solid #f2b33d; outline-offset: 3px; }
    svg { width: 28px; height: 28px; fill: none; stroke: currentColor; stroke-width: 1.8; stroke-linecap: round; stroke-linejoin: round; }
    button[aria-expanded="true"] .chat, button[aria-expanded="false"] .cross { display: none; }
    iframe {
      position: absolute; bottom: 76px; right: 0;
      width: min(25rem, calc(100vw - 2.5rem)); height: min(40rem, calc(100vh - 7.5rem));
      border: 0; border-radius: 1.2rem; background: Canvas; box-shadow: 0 12px 48px rgb(11 40 38 / .35);
    }
    :host([side="left"]) iframe { left: 0; right: auto; }
    iframe[hidden] { display: none; }
    @media (max-width: 30rem) {
      iframe { position: fixed; inset: 0 !important; width: 100%; height: 100%; border-radius: 0; }
      button[aria-expanded="true"] { visibility: hidden; }
    }
    @media (prefers-reduced-motion: no-preference) {
      iframe { animation: rise .18s ease-out; }
      @keyframes rise { from { opacity: 0; transform: translateY(8px); } }
    }`;

  const MARKUP = `
    <iframe hidden allow="microphone; clipboard-write"></iframe>
    <button type="button" aria-expanded="false">
      <svg class="chat" viewBox="0 0 24 24" aria-hidden="true"><path d="M20.500 11.500a8 8 0 0 1-8.300 7.700 8.900 8.900 0 0 1-3.600-.7L4 20l1.400-4a7.400 7.400 0 0 1-1.400-4.500C4 7.300 7.600 4 12.200 4s8.300 3.300 8.300 7.500Z"/></svg>
      <svg class="cross" viewBox="0 0 24 24" aria-hidden="true"><path d="m6 6 12 12M18 6 6 18"/></svg>
    </button>`;

  const baseOf = (tag) => (tag ?? "").toLowerCase().split("-")[0];

  // Storage may be blocked: then the chat begins anew on each page.

  function kept(storage, key) {
    try {
      return window[storage].getItem(key);
    } catch {
      return null;
    }
  }

  function keep(storage, key, value) {
    try {
      window[storage].setItem(key, value);
    } catch {
      // As above.
    }
  }

  class TongshiChat extends HTMLElement {
    connectedCallback() {
      if (this.shadowRoot) return;
      const { lang, side, open } = script.dataset;
      this.wanted = [lang, document.documentElement.lang, ...navigator.languages].map(baseOf).find((code) => code in WORDS) ?? "en";
      if (side === "left") this.setAttribute("side", "left");
      const root = this.attachShadow({ mode: "open" });
      root.innerHTML = MARKUP;
      // A sheet made here passes a site's policy on styles, which markup would not.
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(STYLE);
      root.adoptedStyleSheets = [sheet];
      this.frame = root.querySelector("iframe");
      this.frame.title = WORDS[this.wanted][2];
      this.button = root.querySelector("button");
      this.button.addEventListener("click", () => this.show(this.frame.hidden));
      window.addEventListener("message", (event) => {
        if (event.source === this.frame.contentWindow && event.origin === origin) this.heard(event.data);
      });
      // What the chat in another tab has made us keep.
      window.addEventListener("storage", ({ key, newValue }) => {
        if (key === TOKEN_KEY && newValue && this.loaded) this.tell({ type: "tongshi:token", token: newValue });
      });
      this.label();
      // Open on one page, open on the next.
      if (open !== undefined || kept("sessionStorage", OPEN_KEY) === "yes") this.show(true, false);
    }

    /** Opens or closes the chat; its frame is loaded when it is first opened. */
    show(open, focus = true) {
      if (open && !this.frame.src) {
        this.frame.src = `${origin}/widget?lang=${encodeURIComponent(this.wanted)}`;
      }
      this.frame.hidden = !open;
      this.label();
      keep("sessionStorage", OPEN_KEY, open ? "yes" : "no");
      if (!focus) return;
      if (open) {
        this.frame.focus();
        if (this.loaded) this.tell({ type: "tongshi:open" });
      } else this.button.focus();
    }

    tell(message) {
      this.frame.contentWindow.postMessage(message, origin);
    }

    /** What the chat in the frame says. This page keeps its token for it: browsers deny a frame of another site its own storage. */
    heard(message) {
      if (message?.type === "tongshi:close") this.show(false);
      else if (message?.type === "tongshi:token") keep("localStorage", TOKEN_KEY, message.token);
      else if (message?.type === "tongshi:hello") {
        this.loaded = true;
        this.tell({ type: "tongshi:token", token: kept("localStorage", TOKEN_KEY) });
      }
    }

    label() {
      const [open, close] = WORDS[this.wanted];
      this.button.setAttribute("aria-expanded", String(!this.frame.hidden));
      this.button.setAttribute("aria-label", this.frame.hidden ? open : close);
    }
  }

  if (customElements.get("tongshi-chat")) return;
  customElements.define("tongshi-chat", TongshiChat);
  const place = () => document.body.append(document.createElement("tongshi-chat"));
  if (document.body) place();
  else document.addEventListener("DOMContentLoaded", place);
})();
