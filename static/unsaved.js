// Ask before the visitor leaves a page with unsaved settings. Without this script, the changes are lost.
const settings = document.querySelector("form[data-keep]");
const filledIn = () => new URLSearchParams(new FormData(settings)).toString();
const saved = settings.dataset.keep || filledIn(); // settings sent back with an error are not saved either
let isSent = false;

settings.addEventListener("submit", () => {
  isSent = true;
});
addEventListener("pageshow", () => {
  isSent = false; // the visitor came back with the Back button
});
addEventListener("beforeunload", (event) => {
  if (!isSent && filledIn() !== saved) event.preventDefault();
});
