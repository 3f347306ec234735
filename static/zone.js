// Fill in the browser's time zone where the reader has not chosen one. Without this script it is UTC.
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone || "";

for (const field of document.querySelectorAll("[data-detect-zone]")) {
  const known = field.options
    ? [...field.options].some((option) => option.value === zone)
    : zone.includes("/") && !zone.startsWith("Etc/");
  if (known) field.value = zone;
}
