// The reader's theme and view of lists, remembered in this browser. Loaded before the page is painted. Menus close.
"use strict";
{
  const root = document.documentElement;
  const THEMES = ["system", "light", "dark"];

  const stored = (name) => {
    try {
      return localStorage.getItem(name) ?? "";
    } catch { // storage is switched off
      return "";
    }
  };

  const store = (name, value) => {
    try {
      if (value) localStorage.setItem(name, value);
      else localStorage.removeItem(name);
    } catch {} // then the choice is for this page only
  };

  const set = (name, value, values) => {
    if (values.includes(value)) root.dataset[name] = value;
    else delete root.dataset[name];
  };

  const showTheme = (theme) => set("theme", theme, ["light", "dark"]);
  const showView = (view) => set("view", view, ["compact"]);

  showTheme(stored("theme"));
  showView(new URLSearchParams(location.search).get("view") ?? stored("view"));

  const prepareThemes = (button) => {
    const current = () => root.dataset.theme ?? "system";
    const label = () => {
      button.title = button.dataset[current()];
      button.setAttribute("aria-label", button.title);
    };
    button.hidden = false;
    label();
    button.addEventListener("click", () => {
      const next = THEMES[(THEMES.indexOf(current()) + 1) % THEMES.length];
      store("theme", next === "system" ? "" : next);
      showTheme(next);
      label();
    });
  };

  const prepareViews = (links) => {
    const mark = () => {
      for (const link of links) {
        if (link.dataset.view === (root.dataset.view ?? "")) link.setAttribute("aria-current", "true");
        else link.removeAttribute("aria-current");
      }
    };
    mark();
    for (const link of links) {
      link.addEventListener("click", (event) => {
        store("view", link.dataset.view);
        if (new URLSearchParams(location.search).has("view")) return; // the address says otherwise: follow the link
        event.preventDefault();
        showView(link.dataset.view);
        mark();
      });
    }
  };

  const closeMenus = (except) => {
    for (const menu of document.querySelectorAll(".menu[open]")) if (menu !== except) menu.open = false;
  };
  document.addEventListener("click", (event) => closeMenus(event.target.closest(".menu")));
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    const menu = document.activeElement.closest(".menu[open]");
    closeMenus();
    menu?.querySelector("summary").focus();
  });

  document.addEventListener("DOMContentLoaded", () => {
    for (const button of document.querySelectorAll(".theme-button")) prepareThemes(button);
    prepareViews(document.querySelectorAll("[data-view]:not(:root)"));
  });
}
