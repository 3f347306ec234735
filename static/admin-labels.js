// Give the boxes that Django's and Select2's scripts make the accessible names that they lack.
function nameBoxes() {
  for (const select of document.querySelectorAll("select.admin-autocomplete")) {
    const name = document.querySelector(`label[for="${select.id}"]`)?.textContent.replace(/:\s*$/, "") ?? select.getAttribute("aria-label");
    const box = select.nextElementSibling;
    if (!name || !box?.classList.contains("select2")) continue;
    for (const part of box.querySelectorAll("[role=combobox], [role=textbox], [role=searchbox]")) {
      part.removeAttribute("aria-labelledby");
      part.setAttribute("aria-label", name);
    }
  }
  for (const icon of document.querySelectorAll(".search-label-icon[aria-label]")) icon.setAttribute("role", "img");
}

// Columns without a heading hold the row's name, or the box that deletes it.
for (const heading of document.querySelectorAll(".tabular thead th:empty")) {
  const name = document.createElement("span");
  name.className = "visually-hidden";
  name.textContent = heading.matches(".original") ? "Row" : "Actions";
  heading.append(name);
}

nameBoxes();
new MutationObserver(nameBoxes).observe(document.body, { childList: true, subtree: true }); // scripts add them later

// Give each cell of a list the heading of its column, which small screens show before the value.
const headings = [...document.querySelectorAll("#result_list thead th")].map((heading) => heading.querySelector(".text")?.textContent.trim());
for (const row of document.querySelectorAll("#result_list tbody tr")) {
  [...row.children].forEach((cell, column) => {
    if (headings[column] && cell.matches("td:not(.action-checkbox)")) cell.dataset.label = headings[column];
    if (["–", "0"].includes(cell.textContent.trim()) && !cell.querySelector("input")) cell.classList.add("is-empty");
  });
}
