// Ask before settings that were changed, and not saved, are left behind. Without this script they are lost unasked.
const settings = document.querySelector("form[data-keep]");
const filledIn = () => new URLSearchParams(new FormData(settings)).toString();
const saved = settings.dataset.keep || filledIn(); // what the server sent back with an error is not saved either
let isSent = false;

settings.addEventListener("submit", () => {
  isSent = true;
});
addEventListener("pageshow", () => {
  isSent = false; // by Back
});
addEventListener("beforeunload", (event) => {
  if (!isSent && filledIn() !== saved) event.preventDefault();
});
