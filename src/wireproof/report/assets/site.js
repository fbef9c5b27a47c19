"use strict";
// Colours, sorting and filters of the site's tables. Text of the page is only ever read as text; nothing is evaluated or written as HTML.
(() => {
  const root = document.documentElement;
  const all = (selector, from) => Array.from((from || document).querySelectorAll(selector));
  const say = (text) => { document.getElementById("live").textContent = text; };
  all("[data-needs-script]").forEach((one) => { one.hidden = false; });

  const remembered = () => { try { return localStorage.getItem("wireproof-theme"); } catch { return null; } };
  const paint = (theme) => {
    if (theme === "light" || theme === "dark") root.dataset.theme = theme; else delete root.dataset.theme;
  };
  const known = remembered();
  all('input[name="theme"]').forEach((one) => {
    if (one.value === known) { one.checked = true; paint(known); }
    one.addEventListener("change", () => {
      paint(one.value);
      try { localStorage.setItem("wireproof-theme", one.value); } catch { /* a page from a file may have no storage */ }
    });
  });

  const form = document.getElementById("filters");
  if (!form) return;
  const body = document.querySelector("#broken-table tbody");
  const rows = all("tr", body);
  const number = (row, key) => Number(row.dataset[key]);
  const orders = {
    disagreement: (a, b) => number(b, "disagreement") - number(a, "disagreement") || number(a, "rank") - number(b, "rank"),
    level: (a, b) => number(a, "level") - number(b, "level") || number(b, "broken") - number(a, "broken"),
    topic: (a, b) => a.dataset.topic.localeCompare(b.dataset.topic) || number(a, "rank") - number(b, "rank"),
    broken: (a, b) => number(b, "broken") - number(a, "broken") || number(a, "rank") - number(b, "rank"),
  };
  const show = () => {
    const wanted = new FormData(form);
    const text = wanted.get("q").trim().toLowerCase();
    const levels = wanted.getAll("level");
    let count = 0;
    rows.forEach((row) => {
      const fits = (!wanted.get("topic") || row.dataset.topic === wanted.get("topic"))
        && (!levels.length || levels.includes(row.dataset.group))
        && (!text || row.dataset.text.toLowerCase().includes(text));
      row.hidden = !fits;
      count += fits ? 1 : 0;
    });
    rows.sort(orders[wanted.get("sort")] || orders.disagreement).forEach((row) => body.append(row));
    document.getElementById("broken-count").textContent = String(count);
    const state = new URLSearchParams();
    wanted.forEach((value, key) => { if (value && !(key === "sort" && value === "disagreement")) state.append(key, value); });
    history.replaceState(null, "", state.toString() ? `#broken?${state}` : location.pathname + location.search);
    say(`${count} requirements`);
  };
  const restore = () => {
    const state = new URLSearchParams(location.hash.split("?")[1] || "");
    all("input[type=checkbox]", form).forEach((one) => { one.checked = state.getAll(one.name).includes(one.value); });
    ["topic", "sort", "q"].forEach((name) => { if (state.has(name)) form.elements[name].value = state.get(name); });
  };
  restore();
  if (location.hash.includes("?")) show();
  form.addEventListener("input", show);
  form.addEventListener("submit", (event) => { event.preventDefault(); });
  form.addEventListener("reset", () => { setTimeout(show); });
})();
