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

nameBoxes();
new MutationObserver(nameBoxes).observe(document.body, { childList: true, subtree: true }); // scripts add them later
