// Keeps a customers' page true while it is open: times in the reader's own zone, how far along it is, and what is new.
// Without this script the page is complete. It has no words of its own: what it says stands in the page.
(() => {
  "use strict";
  const base = new URL("../", document.currentScript.src);
  const main = document.querySelector("main");
  const news = document.querySelector("[data-news]");
  const zone = document.querySelector("[data-zone]");
  const lost = document.querySelector("[data-lost]");
  // What is waited for: a `page` of the application, or the end of what refused a `write`; else the page is only read.
  const { waits } = document.body.dataset;

  const SOON = 400; // milliseconds; not all readers ask at once
  const SPREAD = 2000;
  const POLL = 30_000;
  const TICK = 5000;
  const LIMIT = 10_000;
  const within = (time) => Math.random() * time;
  const about = (time) => time * (0.75 + Math.random() / 2);

  // Times

  const { lang } = document.documentElement;
  const spoken = navigator.languages.find((each) => each.split("-")[0] === lang) || lang;
  const locale = new Intl.Locale(spoken, { numberingSystem: "latn" }); // the digits of the rest of the page
  const local = new Intl.DateTimeFormat(locale, {
    weekday: "short", day: "numeric", month: "short", year: "numeric",
    hour: "2-digit", minute: "2-digit", timeZoneName: "short",
  });
  const relative = new Intl.RelativeTimeFormat(locale, { numeric: "auto" });
  const percent = new Intl.NumberFormat(locale, { style: "percent" });
  const MINUTE = 60_000;
  const UNITS = [["day", 1440, 2880], ["hour", 60, 120], ["minute", 1, 1]];
  let skew = 0; // by how much the gateway's clock is ahead of the reader's
  const now = () => Date.now() + skew;

  const element = (name, className, text) => Object.assign(document.createElement(name), { className, textContent: text });

  // Readers whose clocks show what the product's do need no second time.
  const product = zone.dataset.of || "UTC";
  const shown = (at, timeZone) => at.toLocaleString("en", { timeZone });
  const isTheirs = (at) => (product === "UTC" ? !at.getTimezoneOffset() : shown(at) === shown(at, product));
  const localise = (root) => {
    for (const time of root.querySelectorAll("time")) {
      const at = new Date(time.dateTime);
      if (isTheirs(at)) continue;
      time.replaceChildren(`${local.format(at)} `, element("small", "utc", time.textContent));
      zone.textContent = zone.dataset.zone.replace("{}", local.resolvedOptions().timeZone);
    }
  };

  const away = (at) => {
    const minutes = (at - now()) / MINUTE;
    const [unit, length] = UNITS.find(([, , least]) => Math.abs(minutes) >= least) || ["second", Infinity];
    const round = unit === "minute" ? Math.ceil : Math.round; // a minute that has begun to pass is not over
    return relative.format(round(minutes / length) || 0, unit);
  };

  // What depends on the time of day. An end is never said to have passed: the gateway says so.
  const tick = (root) => {
    for (const said of root.querySelectorAll("[data-relative]")) {
      const at = Date.parse(said.dataset.relative);
      const words = "end" in said.dataset && at <= now() ? "" : away(at);
      if (said.textContent !== words) said.textContent = words;
    }
    for (const along of root.querySelectorAll("[data-from]")) {
      const [from, to] = [along.dataset.from, along.dataset.to].map(Date.parse);
      const share = Math.floor(100 * Math.min(Math.max((now() - from) / (to - from), 0), 0.99)) / 100;
      const [bar, words] = along.children;
      const text = words.dataset.words.replace("{}", percent.format(share));
      if (!along.hidden && words.textContent === text) continue;
      bar.setAttribute("value", share);
      words.textContent = text;
      along.hidden = false;
    }
  };

  // What a refused write is offered when it is over.

  let isOver = false;
  let turning = 0;
  const offer = (root) => {
    for (const said of root.querySelectorAll("[data-while]")) said.hidden = isOver;
    for (const said of root.querySelectorAll("[data-over]")) said.hidden = !isOver;
    for (const button of root.querySelectorAll("[data-back]")) button.hidden = !isOver || history.length < 2;
  };
  document.addEventListener("click", ({ target }) => {
    if (target.closest("[data-back]")) history.back(); // to the form, where the browser has kept what was typed
  });
  const turn = (over) => {
    turning = 0;
    if (over === isOver) return;
    isOver = over;
    offer(main);
    if (over) news.textContent = main.querySelector("[data-over]").textContent;
  };

  const dress = (root) => {
    localise(root);
    tick(root);
    offer(root);
  };

  // The page as it is now, in place of what is shown: only what differs is touched, so focus and selection stay.

  const morph = (old, fresh) => {
    if (old.isEqualNode(fresh)) return;
    if (old.nodeType !== Node.ELEMENT_NODE || old.nodeName !== fresh.nodeName) {
      old.replaceWith(fresh);
      return;
    }
    for (const { name } of [...old.attributes]) if (!fresh.hasAttribute(name)) old.removeAttribute(name);
    for (const { name, value } of fresh.attributes) if (old.getAttribute(name) !== value) old.setAttribute(name, value);
    const [gone, come] = [[...old.childNodes], [...fresh.childNodes]];
    let end = null;
    while (gone.length && come.length && gone[0].isEqualNode(come[0])) {
      gone.shift();
      come.shift();
    }
    while (gone.length && come.length && gone.at(-1).isEqualNode(come.at(-1))) {
      end = gone.pop();
      come.pop();
    }
    // What is new mostly stands first; the rest is paired.
    while (gone.length > come.length) gone.shift().remove();
    while (come.length > gone.length) old.insertBefore(come.shift(), gone[0] || end);
    gone.forEach((each, place) => morph(each, come[place]));
  };

  const posts = (root) => [...root.querySelectorAll(".timeline > li")].map((post) =>
    [".badge", ".text"].map((part) => post.querySelector(part).textContent.trim()).join(": "));
  const headline = (root) => root.querySelector("h1").textContent;

  const put = (page) => {
    const fresh = page.querySelector("main");
    const known = posts(main);
    const said = [headline(fresh), posts(fresh).find((post) => !known.includes(post))];
    if (said[0] === headline(main)) said.shift();
    for (const { dataset } of main.querySelectorAll("details[open]")) {
      fresh.querySelector(`details[data-keep="${CSS.escape(dataset.keep)}"]`)?.setAttribute("open", "");
    }
    dress(fresh);
    const wasHere = main.contains(document.activeElement);
    document.title = page.title;
    morph(main, fresh);
    if (wasHere && !main.contains(document.activeElement)) {
      main.tabIndex = -1;
      main.focus({ preventScroll: true });
    }
    const words = said.filter(Boolean).join(". ");
    if (words) news.textContent = words;
  };

  // Who waits for a page of the application asks for that very page: as soon as something else than the gateway's 503
  // comes, that is where the reader is brought. What was written is never sent again.

  let timer = 0;
  let asked = 0;
  const after = (time, act) => {
    clearTimeout(timer);
    timer = setTimeout(act, time);
  };
  const back = () => location.reload();

  const ask = async () => {
    const number = ++asked;
    const answer = await fetch(waits === "write" ? new URL("refused", base) : location.href, {
      headers: { Accept: "text/html" }, cache: "no-store", redirect: "manual", signal: AbortSignal.timeout(LIMIT),
    });
    if (waits === "page" && answer.status !== 503) return back();
    if (waits === "write" && answer.status === 204) return turn(true);
    if (!waits && answer.status === 404) return back(); // so long ago that it is not known any more
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (!page.querySelector("main[data-version]")) {
      if (waits === "page") return back();
      throw new Error(answer.status);
    }
    if (number !== asked) return undefined;
    const seconds = waits === "page" && answer.headers.get("Refresh"); // when it is this reader's turn
    if (seconds) after(seconds * 1000, back);
    else if (!isGated) after(about(POLL), look); // this gateway lags behind the one that is listened to
    return put(page);
  };

  const look = async () => {
    try {
      await ask();
      lost.hidden = true;
    } catch {
      lost.hidden = false;
      after(about(POLL), look);
    }
  };

  // What is heard of `/events`; nothing: it can't be heard now, so the page is asked for.

  let isFirst = true;
  let isGated = true;

  // Whether it is over for the write alone, while something is gated: that is told once, so after news it is asked anew.
  let isAsking = false;
  const hearOfWrite = (listener) => {
    clearTimeout(turning);
    if (!isGated) {
      turn(true);
    } else if (isAsking) {
      isAsking = false;
      turning = setTimeout(turn, SOON, false); // unless the next word is that it is over
    } else if (isOver || turning) {
      isAsking = true;
      listener.again();
    }
  };
  const hear = ({ state, reopen, isKept }, listener) => {
    if (isKept && !isFirst) return;
    if (reopen) {
      clearTimeout(turning);
      turning = setTimeout(turn, reopen.in * 1000, true);
      return;
    }
    if (state) {
      skew = state.skew;
      isGated = state.gated;
      if (waits === "write") hearOfWrite(listener);
      if (waits === "page" && !isGated && !isFirst) {
        after(within(SPREAD), back);
        return;
      }
      const isShown = isFirst && state.version === Number(main.dataset.version) && !state.changed.length;
      isFirst = false;
      if (isShown && (isGated || waits !== "page")) return;
    }
    after(within(SOON), look);
  };

  const listen = (url, tell) => {
    let stream;
    const listener = {
      stop: () => stream.close(),
      again() {
        stream?.close();
        stream = new EventSource(url);
        stream.addEventListener("state", ({ data }) => {
          const state = JSON.parse(data);
          tell({ state: { ...state, skew: Date.parse(state.at) - Date.now() } }, listener);
        });
        stream.addEventListener("reopen", ({ data }) => tell({ reopen: JSON.parse(data) }, listener));
      },
    };
    listener.again();
    const poll = () => setTimeout(() => {
      if (stream.readyState !== EventSource.OPEN) tell({});
      if (stream.readyState === EventSource.CLOSED && !document.hidden) listener.again();
      poll();
    }, about(POLL));
    poll();
    return listener;
  };

  // One tab of a browser has the lock, and the connection. It passes on what it hears; who comes later asks for the last.
  const share = (url) => {
    const channel = new BroadcastChannel(url);
    let last = null;
    channel.addEventListener("message", ({ data }) => {
      if (!data.isQuestion) hear(data);
      else if (last) channel.postMessage(last);
    });
    channel.postMessage({ isQuestion: true });
    navigator.locks.request(url, () => new Promise(() => listen(url, (said) => {
      if (said.state) last = { ...said, isKept: true };
      channel.postMessage(said);
      hear(said);
    })));
  };

  // Without locks (they need https) each tab has its own while it is seen: a browser has few connections for a site.
  const listenWhileSeen = (url) => {
    const listener = listen(url, hear);
    document.addEventListener("visibilitychange", () => (document.hidden ? listener.stop() : listener.again()));
  };

  dress(main);
  setInterval(tick, TICK, main);
  addEventListener("pageshow", ({ persisted }) => persisted && after(0, look));
  const events = new URL("events", base);
  if (waits === "write") {
    // Whether this write would pass is nobody else's question.
    events.search = new URLSearchParams({ for: location.pathname, method: "POST" });
    listenWhileSeen(events);
  } else if (navigator.locks && window.BroadcastChannel) {
    share(events.pathname);
  } else {
    listenWhileSeen(events);
  }
})();
