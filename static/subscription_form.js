// Keep the boxes of one topic alike, list what is chosen, and count it by area. Without this script, the form works by
// its buttons.
const fieldset = document.getElementById("topics");
const boxesOf = (slug) => fieldset.querySelectorAll(`[name="topics"][value="${CSS.escape(slug)}"]`);
const nameOf = (input) => input.getAttribute("aria-label") || input.nextElementSibling.firstChild.textContent.trim();

// Show the chosen topics, each with a button that removes it.
function list() {
  const row = fieldset.querySelector(".chosen-topics");
  const ticked = new Map();
  for (const input of fieldset.querySelectorAll('[name="topics"]:checked')) {
    if (!ticked.has(input.value)) ticked.set(input.value, nameOf(input));
  }
  row.hidden = !ticked.size;
  row.replaceChildren(
    ...[...ticked].map(([slug, name]) => {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "chosen-topic";
      button.value = slug;
      button.textContent = name;
      button.setAttribute("aria-label", row.dataset.remove.replace("#", name));
      return button;
    }),
  );
}

// Count the ticked topics of each area, and mark those that a ticked area includes.
function count() {
  for (const area of fieldset.querySelectorAll(".area")) {
    const number = area.querySelectorAll("details input:checked").length;
    area.querySelector(".number").textContent = number;
    area.querySelector(".chosen").hidden = !number;
    area.classList.toggle("whole", Boolean(area.querySelector(":scope > .chip input:checked")));
  }
}

function tick(slug, isTicked) {
  for (const input of boxesOf(slug)) input.checked = isTicked;
  list();
  count();
}

if (fieldset) {
  const search = document.getElementById("find");
  search.removeAttribute("name"); // the form is sent without it
  search.addEventListener("htmx:configRequest", (event) => {
    event.detail.parameters.set("find", search.value);
  });
  search.addEventListener("keydown", (event) => {
    if (event.key === "Enter") event.preventDefault(); // Enter would send the form
  });
  fieldset.addEventListener("change", (event) => {
    if (event.target.name === "topics") tick(event.target.value, event.target.checked);
  });
  fieldset.querySelector(".chosen-topics").addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    const [first] = boxesOf(button.value);
    const next = (button.nextElementSibling || button.previousElementSibling)?.value;
    first.checked = false;
    first.dispatchEvent(new Event("change", { bubbles: true })); // the row and the preview follow
    (next ? fieldset.querySelector(`.chosen-topic[value="${CSS.escape(next)}"]`) : search).focus();
  });
  list(); // the browser may have restored ticks
  count();
  // The row above shows what is chosen, so that no area needs to be open for it.
  for (const area of fieldset.querySelectorAll(".area details")) area.open = false;
}

// On a telephone the preview shows its sum until the reader opens it; the sum also stands beside the button.
document.body.addEventListener("htmx:afterSwap", (event) => {
  if (event.target.id !== "preview") return;
  const narrow = matchMedia("(max-width: 60rem)").matches;
  if (narrow) for (const days of event.target.querySelectorAll(".preview-days")) days.open = false;
  const sum = document.querySelector(".submit .preview-short");
  if (sum) sum.textContent = event.target.querySelector(".preview-sum strong")?.textContent ?? "";
});
