// Keep the text box of a color and the browser's color picker equal.
for (const picker of document.querySelectorAll("input[type=color][data-for]")) {
  const text = document.getElementById(picker.dataset.for);
  picker.hidden = false;
  picker.addEventListener("input", () => { text.value = picker.value; });
  text.addEventListener("input", () => { if (/^#[0-9a-f]{6}$/i.test(text.value)) picker.value = text.value; });
}
