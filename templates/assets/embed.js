// For the application's pages: <script src="/_maintenance/embed.js" async></script>
// Whoever bypasses a gate reads on every page that customers don't see it. Needs of a Content-Security-Policy:
// script-src and connect-src 'self'. No markup is parsed and no style element made, so nothing unsafe-inline.
(() => {
  "use strict";
  const script = document.currentScript;
  if (!script || window.top !== window || !HTMLElement.prototype.attachShadow) return;
  const base = new URL(".", script.src);
  if (base.origin !== location.origin) return; // another origin would not be told about this browser
  const url = (path) => new URL(path, base);

  const STYLE = `
    :host { all: initial; position: fixed; z-index: 2147483647; left: 1rem; bottom: 1rem; max-width: calc(100vw - 2rem); }
    div { display: flex; flex-wrap: wrap; gap: .375rem .75rem; align-items: center; box-sizing: border-box;
      max-width: 34rem; padding: .625rem .875rem; border-radius: .625rem; background: #33260e; color: #fff1d6;
      border: 1px solid #f1c26e; font: 15px/1.4 system-ui, sans-serif; box-shadow: 0 .125rem .75rem rgb(0 0 0 / .35); }
    p { margin: 0; flex: 1 1 14rem; overflow-wrap: anywhere; }
    strong { color: #f1c26e; }
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
  const part = (name) => {
    const host = document.createElement(name);
    const root = host.attachShadow({ mode: "open" });
    const style = new CSSStyleSheet();
    style.replaceSync(STYLE);
    root.adoptedStyleSheets = [style];
    return {
      show(...content) {
        const box = document.createElement("div");
        box.setAttribute("role", "status");
        box.lang = "en";
        box.append(...content);
        root.replaceChildren(box);
        if (!host.isConnected) (document.body || document.documentElement).append(host);
      },
      hide: () => host.remove(),
    };
  };

  const ribbon = part("gateway-ribbon");
  let hidden = false;
  let shown = "";

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

  const look = async () => {
    if (hidden) return;
    let text;
    try {
      const answer = await fetch(url(`bypass.json?for=${encodeURIComponent(location.pathname)}`), { cache: "no-store" });
      text = answer.ok ? await answer.text() : "{}";
    } catch {
      return; // the gateway can't be reached: what was shown last stays
    }
    if (text === shown) return;
    shown = text;
    const said = JSON.parse(text);
    if (!said.bypass) return ribbon.hide();
    const out = said.bypass.by === "link" ? "Leave" : "See it as a customer, for 10 minutes";
    ribbon.show(
      words(said),
      button(out, () => leave(said.bypass.leave)),
      button("Hide", () => { hidden = true; ribbon.hide(); }),
    );
  };

  addEventListener("pageshow", (event) => { if (event.persisted) look(); });
  document.addEventListener("visibilitychange", () => { if (!document.hidden) look(); });
  look();
})();
