// Select the browser's time zone if the reader has not chosen one. Without this script, it is UTC.
"use strict";
{
  const zoneHere = () => Intl.DateTimeFormat().resolvedOptions().timeZone || "";

  // Browsers use the old names of some zones, such as Asia/Calcutta.
  const choose = (select) => {
    const zone = zoneHere();
    const found = [...select.options].find((it) => it.value === zone || it.dataset.others?.split(" ").includes(zone));
    if (found) select.value = found.value;
  };

  const fill = (field) => {
    const zone = zoneHere();
    if (zone.includes("/") && !zone.startsWith("Etc/")) field.value = zone;
  };

  for (const field of document.querySelectorAll("[data-detect-zone]")) {
    if (field.options) choose(field);
    else field.form.addEventListener("submit", () => fill(field)); // not sooner: the first use of Intl takes a phone 0.3 s
  }
}
