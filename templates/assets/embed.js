// For the application's pages: <script src="/_maintenance/embed.js" async></script>
// A banner tells of windows that are in force or begin within a day; whoever bypasses a gate reads so in a ribbon.
// Needs of a Content-Security-Policy: script-src and connect-src of the gateway. No markup is parsed and no style element
// made, so nothing unsafe-inline.
(() => {
  "use strict";
  const script = document.currentScript;
  if (!script || window.top !== window || !HTMLElement.prototype.attachShadow) return;
  const base = new URL(".", script.src);
  const url = (path) => new URL(path, base);
  const DAY = 864e5;

  const SHARED = `
    div { display: flex; flex-wrap: wrap; gap: .375rem .75rem; align-items: center; box-sizing: border-box;
      padding: .625rem .875rem; background: #33260e; color: #fff1d6; border: 1px solid #f1c26e;
      font: 15px/1.4 system-ui, sans-serif; }
    p { margin: 0; flex: 1 1 14rem; overflow-wrap: anywhere; }
    strong { color: #f1c26e; }
    a { color: inherit; }
    button { font: inherit; font-weight: 600; color: inherit; background: none; border: 1px solid currentColor;
      border-radius: .375rem; min-height: 2rem; padding: .125rem .625rem; cursor: pointer; }
    :focus-visible { outline: 3px solid #fff; outline-offset: 2px; }
    @media print { :host { display: none; } }`;

  const element = (name, text) => Object.assign(document.createElement(name), { textContent: text });

  const button = (text, act) => {
    const made = element("button", text);
    made.type = "button";
    made.addEventListener("click", act);
    return made;
  };

  // One part of what is embedded: where it stands, and what it shows of what the gateway says.
  const part = (name, style, place) => {
    const host = document.createElement(name);
    const root = host.attachShadow({ mode: "open" });
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(`:host { all: initial; ${style} }${SHARED}`);
    root.adoptedStyleSheets = [sheet];
    return {
      show(rows, lang = "en", dir = "ltr") {
        root.replaceChildren(...rows.map((content) => {
          const box = Object.assign(element("div", ""), { lang, dir, role: "status" });
          box.append(...content);
          return box;
        }));
        if (!host.isConnected) (document.body || document.documentElement)[place](host);
      },
      hide: () => host.remove(),
    };
  };

  const ribbon = part(
    "gateway-ribbon",
    "position: fixed; z-index: 2147483647; left: 1rem; bottom: 1rem; max-width: min(34rem, calc(100vw - 2rem));",
    "append",
  );
  const banner = part("gateway-banner", "display: block;", "prepend");
  // Another origin would not be told about this browser.
  let hidden = base.origin !== location.origin;

  // Asks for `path`; calls `tell` with what it says when that is something new.
  const follow = (path, tell) => {
    let known = "";
    return async () => {
      try {
        const answer = await fetch(url(path()));
        const text = answer.ok ? await answer.text() : "{}";
        if (text === known) return;
        known = text;
        tell(JSON.parse(text));
      } catch {
        // The gateway can't be reached: what was shown last stays.
      }
    };
  };

  const words = (said) => {
    const text = element("p", "");
    const seen = said.gate === "closed" ? "Customers get the maintenance page." : "Customers can\u2019t save anything.";
    const way = said.bypass.by === "link" ? `by the pass \u201c${said.bypass.name}\u201d` : "because of your network";
    text.append(element("strong", "You are behind the gate"), ` ${way}. ${seen}`);
    return text;
  };

  const leave = async (path) => {
    const answer = await fetch(url(path), { method: "POST" });
    if (answer.ok) location.reload();
  };

  const askBypass = follow(() => `bypass.json?for=${encodeURIComponent(location.pathname)}`, (said) => {
    if (!said.bypass) return ribbon.hide();
    ribbon.show([[
      words(said),
      button(said.bypass.by === "link" ? "Leave" : "See it as a customer, for 10 minutes", () => leave(said.bypass.leave)),
      button("Hide", () => { hidden = true; ribbon.hide(); }),
    ]]);
  });

  // What was dismissed is remembered by window and state: one that begins is news again.
  const KEY = "gateway-banner";
  const dismissed = () => {
    try { return JSON.parse(localStorage.getItem(KEY)) || []; } catch { return []; }
  };
  const dismiss = (key) => {
    try { localStorage.setItem(KEY, JSON.stringify([...dismissed(), key].slice(-50))); } catch { /* not kept, then */ }
    dismissedNow.add(key);
  };
  const dismissedNow = new Set();

  const notice = (each, language) => {
    const when = (at) => new Date(at).toLocaleString(language, { weekday: "short", hour: "2-digit", minute: "2-digit" });
    const times = [each.state === "scheduled" && each.starts_at, each.until].filter(Boolean);
    const text = element("p", "");
    const link = Object.assign(element("a", each.title), { href: url(`windows/${each.id}`), dir: "auto" });
    const said = times.reduce((form, at) => form.replace("{}", when(at)), each.times && `, ${each.times}`);
    text.append(element("strong", `${each.label}:`), " ", link, said);
    return text;
  };

  const tellWindows = (said) => {
    const known = new Set([...dismissed(), ...dismissedNow]);
    const key = (each) => `${each.id} ${each.state}`;
    const news = (said.windows || []).filter((each) =>
      !known.has(key(each)) && (each.state !== "scheduled" || new Date(each.starts_at) - Date.now() < DAY));
    if (!news.length) return banner.hide();
    const rows = news.slice(0, 3).map((each) =>
      [notice(each, said.language), button(said.dismiss, () => { dismiss(key(each)); tellWindows(said); })]);
    banner.show(rows, said.language, said.direction);
  };
  const askWindows = follow(() => "banner.json", tellWindows);

  const look = () => {
    if (!hidden) askBypass();
    askWindows();
  };
  addEventListener("pageshow", (event) => { if (event.persisted) look(); });
  document.addEventListener("visibilitychange", () => { if (!document.hidden) look(); });
  setInterval(() => { if (!document.hidden) askWindows(); }, 5e4 + Math.random() * 2e4);
  look();
})();
