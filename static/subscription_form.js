// Filter the topics while the visitor types, and count the ticked ones. Without this script, a button filters them.
const box = document.getElementById("find");
const groups = [...document.querySelectorAll("details.group")];
const wereOpen = new Map(groups.map((group) => [group, group.open]));

const begins = (text, words) => words.every((word) => text.includes(` ${word}`));

// A short word, such as RL, is part of too many others, so it must begin a word.
const holds = (text, words) => words.every((word) => text.includes(word.length < 4 ? ` ${word}` : word));

// Return the topics with these words in their names or, if there are none, the topics related to them.
function fitting(chips, words) {
  const called = chips.filter((chip) => begins(chip.dataset.called, words));
  return called.length ? called : chips.filter((chip) => holds(chip.dataset.called + chip.dataset.hinted, words));
}

function narrow() {
  const words = box.value.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
  const chips = [...document.querySelectorAll(".group .chip")];
  const fit = new Set(fitting(chips, words));
  for (const chip of chips) chip.hidden = !fit.has(chip);
  for (const group of groups) {
    for (const row of group.querySelectorAll(".row-of")) row.hidden = !row.querySelector(".chip:not([hidden])");
    group.hidden = !group.querySelector(".chip:not([hidden])");
    group.open = words.length ? !group.hidden : wereOpen.get(group);
  }
  const found = fit.size;
  const { none, one, many } = box.dataset;
  document.getElementById("found").textContent = !words.length
    ? ""
    : [none, one][found] ?? many.replace("#", found);
}

function count(group) {
  const ticked = group.querySelectorAll("input:checked").length;
  group.querySelector(".number").textContent = ticked;
  group.querySelector(".chosen").hidden = !ticked;
}

// Mark the narrower topics that a ticked broader topic includes.
function include() {
  const chips = [...document.querySelectorAll(".group .chip")];
  const ticked = chips.filter((chip) => chip.dataset.narrower && chip.querySelector("input").checked);
  const held = new Set(ticked.flatMap((chip) => chip.dataset.narrower.split(" ")));
  for (const chip of chips.filter((chip) => !chip.dataset.narrower)) {
    const input = chip.querySelector("input");
    const isHeld = held.has(input.value);
    chip.classList.toggle("included", isHeld);
    if (isHeld) input.setAttribute("aria-label", `${chip.innerText.trim()}, ${box.dataset.included}`);
    else input.removeAttribute("aria-label");
  }
}

if (box) {
  box.removeAttribute("name"); // do not send it with the form
  box.addEventListener("input", narrow);
  box.addEventListener("keydown", (event) => {
    if (event.key === "Enter") event.preventDefault(); // Enter would send the form
  });
  for (const group of groups) {
    group.addEventListener("change", () => {
      count(group);
      include();
    });
    group.addEventListener("toggle", () => {
      if (!box.value) wereOpen.set(group, group.open);
    });
    count(group); // the browser may have restored ticks
  }
  include();
  if (box.value) narrow();
}
