"use strict";
// Filters, deep links, copy buttons, colours, print. Text of the page is only ever read as text; nothing is evaluated or written as HTML.
(() => {
  const root = document.documentElement;
  const $ = (id) => document.getElementById(id);
  const all = (selector, from) => Array.from((from || document).querySelectorAll(selector));
  all("[data-needs-script]").forEach((one) => { one.hidden = false; });
  const say = (text) => { $("live").textContent = text; };

  // colours: kept for this reader where the browser lets us
  const remembered = () => { try { return localStorage.getItem("wireproof-theme"); } catch { return null; } };
  const paint = (theme) => {
    if (theme === "light" || theme === "dark") root.dataset.theme = theme; else delete root.dataset.theme;
  };
  const themes = all('input[name="theme"]');
  const known = remembered();
  themes.forEach((one) => {
    if (one.value === known) { one.checked = true; paint(known); }
    one.addEventListener("change", () => {
      paint(one.value);
      try { localStorage.setItem("wireproof-theme", one.value); } catch { /* a page from a file may have no storage */ }
    });
  });

  // copying
  const copied = async (text) => {
    try { await navigator.clipboard.writeText(text); return true; } catch { /* older way below */ }
    const box = document.createElement("textarea");
    box.value = text;
    document.body.append(box);
    box.select();
    const done = document.execCommand("copy");
    box.remove();
    return done;
  };
  document.addEventListener("click", async (event) => {
    const button = event.target.closest(".copybutton");
    if (!button) return;
    const done = await copied(button.closest(".copy").querySelector("code").textContent);
    button.textContent = done ? "Copied" : "Select and copy";
    say(done ? "Copied" : "Could not copy");
    setTimeout(() => { button.textContent = "Copy"; }, 1600);
  });

  // printing shows what is folded of the broken requirements
  let folded = [];
  addEventListener("beforeprint", () => {
    folded = all(".evidence:not([open])");
    folded.forEach((one) => { one.open = true; });
  });
  addEventListener("afterprint", () => { folded.forEach((one) => { one.open = false; }); });

  // filters live in the hash: #anchor?verdict=failed,blocked&level=MUST&topic=tools&lane=...&q=...
  const form = $("filters");
  const entries = all(".entry");
  const cards = all(".failure");
  const topics = all(".topic");
  const lanes = form ? form.dataset.lanes.split(" ").filter(Boolean) : [];
  const byId = new Map(entries.map((one) => [one.id.slice(2), one]));
  const letters = new Map(form ? all("[data-letter]", form).map((one) => [one.value, one.dataset.letter]) : []);
  const texts = new WeakMap();
  const textOf = (one) => {
    if (!texts.has(one)) texts.set(one, one.textContent.toLowerCase());
    return texts.get(one);
  };
  const parse = () => {
    let hash = location.hash.slice(1);
    if (!hash.includes("?")) { try { hash = decodeURIComponent(hash); } catch { /* kept as it is */ } }
    const at = hash.indexOf("?");
    const query = new URLSearchParams(at < 0 ? "" : hash.slice(at + 1));
    const list = (name) => (query.get(name) || "").split(",").filter(Boolean);
    let anchor = at < 0 ? hash : hash.slice(0, at);
    try { anchor = decodeURIComponent(anchor); } catch { /* kept as it is */ }
    return { anchor, verdict: list("verdict"), level: list("level"), topic: query.get("topic") || "", lane: query.get("lane") || "", q: query.get("q") || "" };
  };
  const written = (state) => {
    const query = new URLSearchParams();
    if (state.verdict.length) query.set("verdict", state.verdict.join(","));
    if (state.level.length) query.set("level", state.level.join(","));
    for (const name of ["topic", "lane", "q"]) if (state[name]) query.set(name, state[name]);
    const text = query.toString().replaceAll("%2C", ",");
    return (state.anchor ? encodeURIComponent(state.anchor) : "") + (text ? `?${text}` : "");
  };
  const keep = (state, push) => {
    const hash = `#${written(state)}`;
    if (hash === (location.hash || "#")) return;
    history[push ? "pushState" : "replaceState"](null, "", hash);
  };
  const fromForm = () => {
    const data = new FormData(form);
    return { anchor: parse().anchor, verdict: data.getAll("verdict"), level: data.getAll("level"), topic: data.get("topic") || "", lane: data.get("lane") || "", q: data.get("q") || "" };
  };
  const toForm = (state) => {
    all('input[type="checkbox"]', form).forEach((one) => { one.checked = state[one.name].includes(one.value); });
    form.elements.topic.value = state.topic;
    form.elements.lane.value = state.lane;
    form.elements.q.value = state.q;
    if (form.elements.topic.selectedIndex < 0) form.elements.topic.value = "";
    if (form.elements.lane.selectedIndex < 0) form.elements.lane.value = "";
  };

  const apply = (state) => {
    const verdicts = state.verdict.map((one) => letters.get(one)).filter(Boolean);
    const lane = lanes.indexOf(state.lane);
    const words = state.q.toLowerCase().trim();
    const fits = (entry, wanted) => {
      const seen = lane < 0 ? entry.dataset.l : entry.dataset.l[lane];
      if (state.level.length && !state.level.includes(entry.dataset.level)) return false;
      if (state.topic && entry.parentElement.dataset.topic !== state.topic) return false;
      return wanted.length ? wanted.some((one) => seen.includes(one)) : /[^-]/.test(seen);
    };
    let shown = 0;
    entries.forEach((one) => {
      one.hidden = !(fits(one, verdicts) && (!words || textOf(one).includes(words)));
      if (!one.hidden) shown += 1;
    });
    topics.forEach((one) => { one.hidden = !one.querySelector(".entry:not([hidden])"); });
    let broken = 0;
    cards.forEach((one) => {
      const rows = one.dataset.ids.split(" ").map((name) => byId.get(name)).filter(Boolean);
      const wanted = !verdicts.length || verdicts.includes("f");
      one.hidden = !(wanted && rows.some((row) => fits(row, ["f"])) && (!words || textOf(one).includes(words) || rows.some((row) => textOf(row).includes(words))));
      if (!one.hidden) broken += 1;
    });
    const of = (count, total) => (count === total ? String(total) : `${count} of ${total}`);
    $("failures-count").textContent = of(broken, cards.length);
    $("requirements-count").textContent = of(shown, entries.length);
    $("failures-none").hidden = !(cards.length && !broken);
    $("requirements-none").hidden = Boolean(shown);
    return `${broken} of ${cards.length} broken requirements and ${shown} of ${entries.length} requirements are shown`;
  };

  const go = (name) => {
    const goal = name && $(name);
    if (!goal) return;
    for (let one = goal; one; one = one.parentElement) if (one.tagName === "DETAILS") one.open = true;
    if (goal.hidden && form) { // a link to a row that the filter hides wins over the filter
      const state = { anchor: name, verdict: [], level: [], topic: "", lane: "", q: "" };
      toForm(state);
      apply(state);
      keep(state, false);
    }
    goal.scrollIntoView({ block: "start" });
    const focus = goal.tagName === "DETAILS" ? goal.querySelector("summary") : goal;
    focus.focus({ preventScroll: true });
  };

  if (form) {
    const change = () => { const state = fromForm(); keep(state, false); say(apply(state)); };
    let waiting = 0;
    form.addEventListener("input", (event) => {
      clearTimeout(waiting);
      waiting = setTimeout(change, event.target.name === "q" ? 120 : 0);
    });
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("reset", () => setTimeout(change, 0));
    all("details.entry").forEach((one) => one.addEventListener("toggle", () => {
      if (one.open && parse().anchor !== one.id) keep({ ...parse(), anchor: one.id }, false);
    }));
  }
  const show = () => {
    const state = parse();
    if (form) { toForm(state); const text = apply(state); if (written(state).includes("?")) say(text); }
    go(state.anchor);
  };
  document.addEventListener("click", (event) => {
    const link = event.target.closest('a[href^="#"]');
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    event.preventDefault();
    const hash = link.getAttribute("href");
    if ("filter" in link.dataset || !form) history.pushState(null, "", hash);
    else keep({ ...parse(), anchor: hash.slice(1) }, true);
    show();
  });
  addEventListener("hashchange", show);
  addEventListener("popstate", show);
  if (location.hash.length > 1) {
    show();
    addEventListener("load", () => setTimeout(() => go(parse().anchor), 0)); // the browser's own jump comes in between
  }
})();
