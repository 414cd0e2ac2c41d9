// The keys, the player, and rows that come in by themselves. Every page works without this, by links and forms alone.
"use strict";
const page = document.body.dataset.page;
const by = id => document.getElementById(id);
const go = id => { const link = by(id); if (link) location.assign(link.href); };
const PAGES = ["/", "/interactions", "/better", "/what-if", "/privacy", "/log"];

const help = by("help");
by("keys").addEventListener("click", () => help.showModal());

function rows() { return [...document.querySelectorAll(".row .open")]; }
function move(step) {
  if (page === "one") return go(step > 0 ? "older" : "newer");
  const all = rows();
  if (!all.length) return;
  const at = all.indexOf(document.activeElement);
  const next = all[at < 0 ? (step > 0 ? 0 : all.length - 1) : at + step];
  if (next) { next.focus(); next.scrollIntoView({ block: "nearest" }); }
  else if (step > 0) go("older");
}

document.addEventListener("keydown", event => {
  if (event.ctrlKey || event.altKey || event.metaKey || help.open) return;
  const on = event.target;
  if (on.matches("input, select, textarea")) { if (event.key === "Escape") on.blur(); return; }
  const audio = by("audio");
  const act = {
    j: () => move(1), k: () => move(-1), "?": () => help.showModal(), u: () => go("list"), r: () => by("right")?.click(),
    "/": () => by("search") ? by("search").focus() : location.assign("/interactions"),
    w: () => { const wrong = by("wrong"); if (wrong) { wrong.open = true; by("said").focus(); by("said").select(); } },
  }[event.key];
  if (act) { event.preventDefault(); act(); }
  else if (event.key === " " && audio && !on.matches("button, summary, a, audio")) {
    event.preventDefault();
    if (audio.paused) audio.play(); else audio.pause();
  } else if (/^[1-9]$/.test(event.key) && PAGES[event.key - 1]) location.assign(PAGES[event.key - 1]);
});

const audio = by("audio"), wave = by("wave");
if (audio && wave) {
  const seconds = Number(wave.dataset.seconds), head = by("playhead");
  const show = () => {
    const x = Math.min(1000, 1000 * audio.currentTime / seconds);
    head.setAttribute("x1", x); head.setAttribute("x2", x);
    if (!audio.paused) requestAnimationFrame(show);
  };
  for (const name of ["play", "seeked", "timeupdate"]) audio.addEventListener(name, show);
  wave.addEventListener("click", event => {
    const box = wave.getBoundingClientRect();
    audio.currentTime = seconds * (event.clientX - box.left) / box.width;
  });
}

const intent = by("intent");
if (intent) intent.addEventListener("change", () => {
  for (const set of document.querySelectorAll("fieldset[data-intent]"))
    set.hidden = set.disabled = set.dataset.intent !== intent.value;
});

const list = by("rows");
if (list && list.dataset.live === "yes") {
  const EVERY_MS = 2000, MOST = 500;
  let newest = Number(list.dataset.newest), asking = false;
  setInterval(async () => {
    if (asking || document.hidden) return;
    asking = true;
    try {
      const answer = await fetch(`/interactions/new?after=${newest}&${list.dataset.query}`, { cache: "no-store" });
      if (!answer.ok) return;
      newest = Number(answer.headers.get("x-newest")) || newest;
      const come = document.createElement("template");
      come.innerHTML = (await answer.text()).trim();
      const items = [...come.content.querySelectorAll(".row")];
      if (!items.length) return;
      for (const item of items) item.classList.add("new");
      list.prepend(come.content);
      while (list.children.length > MOST) list.lastElementChild.remove();
      by("nothing")?.remove();
      by("live").textContent = `${items.length} new`;
    } catch (error) {
      by("live").textContent = "The review has ended; nothing new is shown.";
    } finally { asking = false; }
  }, EVERY_MS);
}
