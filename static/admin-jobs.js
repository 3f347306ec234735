// The page of a running job: show its progress every two seconds, and the whole page again when it is over.
"use strict";

const job = () => document.getElementById("job");

async function update() {
  const answer = await fetch(location.href, { headers: { Accept: "text/html" } }).catch(() => null);
  if (answer?.ok && !answer.redirected) {
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.getElementById("job");
    if (fresh && !("running" in fresh.dataset)) {
      location.reload();
      return;
    }
    if (fresh) job().replaceWith(fresh);
  }
  setTimeout(update, 2000);
}

if (job() && "running" in job().dataset) setTimeout(update, 2000);
