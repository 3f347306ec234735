// Keep the boxes of one topic alike, list what is chosen, and count it by area. Without this script, the form works by
// its buttons.
const fieldset = document.getElementById("topics");
const boxesOf = (slug) => fieldset.querySelectorAll(`[name="topics"][value="${CSS.escape(slug)}"]`);
const nameOf = (input) => input.getAttribute("aria-label") || input.nextElementSibling.firstChild.textContent.trim();

const isPopular = (slug) => [...boxesOf(slug)].some((input) => input.closest(".popular-topics"));

// Topics that were removed in the row of what is chosen. They stay in it, so that one press adds them again.
const removed = new Set();

// Show the chosen topics, each with a button that removes it. A popular one is already shown as chosen in its row.
function list() {
  const row = fieldset.querySelector(".chosen-topics");
  const shown = new Map();
  for (const input of fieldset.querySelectorAll('[name="topics"]')) {
    const isShown = input.checked || removed.has(input.value);
    if (isShown && !isPopular(input.value) && !shown.has(input.value)) shown.set(input.value, input);
  }
  row.hidden = !shown.size;
  hint();
  row.replaceChildren(
    ...[...shown].map(([slug, input]) => {
      const name = nameOf(input);
      const button = document.createElement("button");
      button.type = "button";
      button.className = "chosen-topic";
      button.value = slug;
      button.textContent = name;
      button.classList.toggle("removed", !input.checked);
      button.setAttribute("aria-label", (input.checked ? row.dataset.remove : row.dataset.restore).replace("#", name));
      return button;
    }),
  );
}

// Say what comes if nothing is chosen, as long as that is so.
function hint() {
  const words = document.getElementById("words");
  const isEmpty = !fieldset.querySelector('[name="topics"]:checked') && !words?.value.trim();
  fieldset.querySelector("#topics-help").hidden = !isEmpty;
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
  if (isTicked) removed.delete(slug);
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
  document.getElementById("words")?.addEventListener("input", hint);
  fieldset.querySelector(".chosen-topics").addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    const [first] = boxesOf(button.value);
    if (first.checked) removed.add(button.value);
    first.checked = !first.checked;
    first.dispatchEvent(new Event("change", { bubbles: true })); // the row and the preview follow
    fieldset.querySelector(`.chosen-topic[value="${CSS.escape(button.value)}"]`).focus();
  });
  list(); // the browser may have restored ticks
  count();
  // The row above shows what is chosen, so that no area needs to be open for it.
  for (const area of fieldset.querySelectorAll(".area details")) area.open = false;
}

// Show when digests come beside the name of the folded part.
const arrival = document.getElementById("arrival");
if (arrival) {
  const form = arrival.closest("form"), shown = arrival.querySelector(".schedule");
  const say = () => {
    const zone = document.getElementById("time_zone").value;
    const place = zone === "UTC" ? zone : shown.dataset.place.replace("@", zone.split("/").pop().replaceAll("_", " "));
    const follows = form.querySelector('[name="topics"]:checked') || document.getElementById("words").value.trim();
    const always = document.getElementById("mail_quiet_days").checked || !follows ? "Always" : "";
    const often = shown.dataset[arrival.querySelector('[name="frequency"]:checked').value + always];
    const hour = document.getElementById("send_hour").selectedOptions[0].textContent.trim();
    shown.textContent = often.replace("#", hour).replace("@", place);
  };
  form.addEventListener("change", say);
  say(); // zone.js may have found the time zone
}

// Between a change and its answer, the preview shows the digests of an earlier choice. Say so, and dim it and its sum.
const preview = document.getElementById("preview");
if (preview) {
  const followed = document.querySelector(".follows");
  const state = document.getElementById("preview-state");
  let changes = 0;
  let asked = 0; // the number of changes that the last request knows of

  const say = (text) => {
    state.textContent = text;
    followed.closest("form").classList.toggle("is-stale", Boolean(text));
    preview.setAttribute("aria-busy", String(text === state.dataset.waiting));
  };

  const wait = (event) => {
    if (event.target.id === "find" || (event.type === "input" && event.target.id !== "words")) return;
    changes += 1;
    say(state.dataset.waiting);
  };
  for (const part of [followed, document.getElementById("options")]) {
    part.addEventListener("change", wait);
    part.addEventListener("input", wait);
  }
  followed.addEventListener("htmx:beforeRequest", (event) => {
    if (event.target === followed) asked = changes;
  });
  followed.addEventListener("htmx:afterRequest", (event) => {
    if (event.target === followed && event.detail.successful && asked === changes) say("");
  });
  for (const name of ["htmx:sendError", "htmx:responseError"]) {
    followed.addEventListener(name, (event) => {
      if (event.target === followed && asked === changes) say(state.dataset.failed);
    });
  }
}

// On a telephone the preview shows its sum until the reader opens it. The sum is beside the button, too,
// with a link and the first paper.
document.body.addEventListener("htmx:afterSwap", (event) => {
  if (event.target.id !== "preview") return;
  const narrow = matchMedia("(max-width: 60rem)").matches;
  if (narrow) for (const days of event.target.querySelectorAll(".preview-days")) days.open = false;
  const place = document.querySelector(".submit .preview-short");
  if (!place) return;
  const sum = event.target.querySelector(".preview-sum strong")?.textContent;
  const link = document.createElement("a");
  link.href = "#preview";
  link.textContent = place.dataset.see;
  link.addEventListener("click", () => {
    for (const days of event.target.querySelectorAll(".preview-days")) days.open = true;
  });
  const first = document.createElement("span");
  first.className = "narrow-only";
  const title = event.target.querySelector(".preview-papers a")?.textContent;
  first.textContent = ` · “${title}”`;
  place.replaceChildren(...(sum ? [sum] : []), ...(sum && title ? [" · ", link, first] : []));
});
