// Show a description of the chosen crontab below it.
const sayings = JSON.parse(document.getElementById("readable-crontabs").textContent);
const choice = document.getElementById("id_crontab");
const saying = document.createElement("p");

document.querySelector(".field-crontab_translation")?.remove();
if (choice) {
  const say = () => { saying.textContent = sayings[choice.value] ?? ""; };
  choice.closest(".field-crontab").append(saying);
  choice.addEventListener("change", say);
  say();
}
