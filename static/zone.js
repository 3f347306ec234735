// Select the browser's time zone if the reader has not chosen one. Without this script, it is UTC.
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone || "";

// Browsers use the old names of some zones, such as Asia/Calcutta.
const isNamed = (option) => option.value === zone || option.dataset.others?.split(" ").includes(zone);

for (const field of document.querySelectorAll("[data-detect-zone]")) {
  if (field.options) {
    const found = [...field.options].find(isNamed);
    if (found) field.value = found.value;
  } else if (zone.includes("/") && !zone.startsWith("Etc/")) field.value = zone;
}
