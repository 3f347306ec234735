// Close an open filter by Escape and by a press outside it.
const openFilters = () => document.querySelectorAll("#changelist-filter details[open]");
document.addEventListener("click", (event) => {
  for (const filter of openFilters()) if (!filter.contains(event.target)) filter.open = false;
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const filter of openFilters()) {
    filter.open = false;
    filter.querySelector("summary").focus();
  }
});
