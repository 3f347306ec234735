// The buttons of a signed-in reader, without loading the page again. Without this script, each is a plain form.
"use strict";
{
  const form = document.getElementById("act");
  const done = document.getElementById("done");

  const show = (message, undo) => {
    const line = document.createElement("p");
    line.className = "notice";
    line.append(message);
    if (undo) {
      const button = document.createElement("button");
      Object.assign(button, { name: "do", value: undo, className: "link", textContent: done.dataset.undo });
      button.setAttribute("form", form.id);
      line.append(" ", button);
    }
    done.replaceChildren(line);
  };

  // Replace the pressed buttons wherever they are, and keep the focus on the one that was pressed.
  const replace = (html) => {
    const fresh = new DOMParser().parseFromString(html, "text/html").body.firstElementChild;
    const name = fresh && ["actions", "follow"].find((key) => key in fresh.dataset);
    if (!name) return;
    for (const old of document.querySelectorAll(`[data-${name}="${CSS.escape(fresh.dataset[name])}"]`)) {
      const copy = fresh.cloneNode(true);
      if (name === "follow") copy.querySelector(".unseen").textContent = ` ${old.dataset.label}`;
      if (name === "follow") copy.dataset.label = old.dataset.label;
      const place = [...old.querySelectorAll("button")].indexOf(document.activeElement);
      const had = old === document.activeElement;
      old.replaceWith(copy);
      if (had) copy.focus();
      else if (place >= 0) copy.querySelectorAll("button")[place].focus();
    }
  };

  form?.addEventListener("submit", async (event) => {
    const button = event.submitter;
    if (!button) return;
    event.preventDefault();
    const body = new URLSearchParams(new FormData(form));
    body.set("do", button.value);
    try {
      const answer = await fetch(form.action, { method: "POST", body, headers: { "X-Requested-With": "fetch" } });
      if (!answer.ok && answer.status !== 401) throw new Error(answer.statusText);
      const { message, undo, html } = await answer.json();
      show(message, undo);
      if (html) replace(html);
    } catch {
      submitPlainly(button);
    }
  });

  // If the script fails, let the browser post the form as it would without it.
  const submitPlainly = (button) => {
    const field = document.createElement("input");
    Object.assign(field, { type: "hidden", name: "do", value: button.value });
    form.append(field);
    form.submit();
  };
}
