// The reader's theme and view of lists, kept on this device. Loaded before the page is painted.
const root = document.documentElement;

const stored = (name) => {
  try {
    return localStorage.getItem(name);
  } catch { // storage is switched off
    return null;
  }
};

const store = (name, value) => {
  try {
    if (value) localStorage.setItem(name, value);
    else localStorage.removeItem(name);
  } catch {} // the choice holds for this page only
};

const THEMES = ["system", "light", "dark"];

const showTheme = (theme) => {
  if (theme === "light" || theme === "dark") root.dataset.theme = theme;
  else delete root.dataset.theme;
};

showTheme(stored("theme"));

document.addEventListener("DOMContentLoaded", () => {
  const button = document.querySelector(".theme-button");
  if (!button) return;
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
});
