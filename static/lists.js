// Lists of papers: older days load on scroll, and keys move between papers.
"use strict";
{
  const MAX_DAYS = 5; // loaded without a press, so that the end of the page can be reached

  /* Older days. Each is a page of its own, whose list is added below. */

  let loaded = 0;

  const older = () => document.querySelector("[data-more]:last-of-type .older a, [data-more]:last-of-type .pages [rel=next]");

  const load = async (link) => {
    const answer = await fetch(link.href);
    if (!answer.ok) throw new Error(answer.statusText);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const list = page.querySelector("[data-more]");
    if (!list) throw new Error("no list");
    const heading = document.createElement("h2");
    const name = document.createElement("a");
    heading.className = "day-heading";
    name.href = link.href;
    name.textContent = list.getAttribute("aria-label");
    heading.append(name);
    if (link.closest(".older")) list.prepend(heading);
    link.closest("[data-more]").after(document.adoptNode(list));
    link.closest(".older, .pages").remove();
  };

  const watch = () => {
    const link = older();
    if (!link || loaded >= MAX_DAYS) return;
    const observer = new IntersectionObserver(async (entries) => {
      if (!entries.some((entry) => entry.isIntersecting)) return; // a busy browser reports several at once
      observer.disconnect();
      loaded += 1;
      link.setAttribute("aria-busy", "true");
      try {
        await load(link);
        watch();
      } catch { // the link still leads there
        link.removeAttribute("aria-busy");
      }
    }, { rootMargin: "600px" });
    observer.observe(link);
  };
  watch();

  /* Keys */

  const dialog = document.querySelector(".keys");
  const opener = document.querySelector("[data-keys-open]");
  const switcher = document.querySelector("[data-keys-on]");

  const isOn = () => {
    try {
      return localStorage.getItem("keys") !== "off";
    } catch {
      return true;
    }
  };

  const help = () => dialog?.showModal();

  if (dialog) {
    opener.hidden = false;
    opener.addEventListener("click", help);
    switcher.checked = isOn();
    switcher.addEventListener("change", () => {
      try {
        if (switcher.checked) localStorage.removeItem("keys");
        else localStorage.setItem("keys", "off");
      } catch {} // then they stay on
    });
  }

  const cards = () => [...document.querySelectorAll(".card")].filter((card) => card.checkVisibility());
  const current = () => document.activeElement.closest(".card");

  const move = (step) => {
    const all = cards();
    const at = all.indexOf(current());
    const next = all[at < 0 ? all.findIndex((card) => card.getBoundingClientRect().bottom > 60) : at + step];
    next?.querySelector(".card-title a").focus({ preventScroll: true });
    next?.scrollIntoView({ block: "nearest" });
  };

  const search = () => {
    const field = document.querySelector("#q");
    if (field) field.focus();
    else document.querySelector(".site-nav a[href$='/search']")?.click();
  };

  const KEYS = {
    j: () => move(1),
    k: () => move(-1),
    o: () => current()?.querySelector(".card-title a").click(),
    a: () => current()?.querySelector(".abstract > summary")?.click(),
    s: () => current()?.querySelector(".paper-actions .save")?.click(),
    "/": search,
    "?": help,
  };

  document.addEventListener("keydown", (event) => {
    const isTyping = event.target.closest("input, textarea, select, dialog, [contenteditable]");
    if (isTyping || event.ctrlKey || event.metaKey || event.altKey || !KEYS[event.key] || !isOn()) return;
    event.preventDefault();
    KEYS[event.key]();
  });
}
