// The buttons of a signed-in reader, without loading the page again. Without this script, each is a plain form.
"use strict";
{
  const SHOWN_FOR = 10_000; // milliseconds
  const form = document.getElementById("act");
  const done = document.getElementById("done");
  let timer;

  // Show the message over the page, because the button may be far below its top.
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
    done.classList.add("over");
    done.replaceChildren(line);
    clearTimeout(timer);
    timer = setTimeout(hide, SHOWN_FOR);
  };

  const hide = () => {
    if (done.matches(":hover, :focus-within")) timer = setTimeout(hide, SHOWN_FOR);
    else done.replaceChildren();
  };

  // Replace the changed buttons wherever they are on the page, and keep the focus on the pressed one.
  const replace = (html) => {
    const fresh = new DOMParser().parseFromString(html, "text/html").body.firstElementChild;
    const name = fresh && ["actions", "follow"].find((key) => key in fresh.dataset);
    if (!name) return;
    for (const old of document.querySelectorAll(`[data-${name}="${CSS.escape(fresh.dataset[name])}"]`)) {
      const copy = fresh.cloneNode(true);
      if (name === "follow") {
        copy.dataset.label = old.dataset.label;
        copy.querySelector(".unseen").textContent = ` ${old.dataset.label}`;
      }
      const place = [old, ...old.querySelectorAll("button")].indexOf(document.activeElement);
      old.replaceWith(copy);
      if (place >= 0) [copy, ...copy.querySelectorAll("button")][place].focus();
    }
  };

  // Where a dismissed paper makes room for another one, add the next that the page would show now.
  const refill = async (name) => {
    const answer = await fetch(location.href);
    if (!answer.ok) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const shown = [...document.querySelectorAll("[data-actions]")].map((each) => each.dataset.actions);
    const cards = [...page.querySelectorAll(`[data-refill="${name}"] > li`)];
    const next = cards.find((card) => !shown.includes(card.querySelector("[data-actions]").dataset.actions));
    if (next) document.querySelector(`[data-refill="${name}"]`).append(document.adoptNode(next));
  };

  // The page of saved papers changes as a whole. The focus goes to the button that takes the place of the pressed one.
  const renew = async (button) => {
    const main = done.parentElement;
    const buttons = () => [...main.querySelectorAll(".saved [form]")];
    const place = buttons().indexOf(button);
    const answer = await fetch(location.href);
    if (!answer.ok) throw new Error(answer.statusText);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const parts = (parent) => [...parent.children].filter((part) => part.id !== done.id);
    for (const part of parts(main)) part.remove();
    main.append(...parts(page.getElementById(main.id)).map((part) => document.adoptNode(part)));
    if (place >= 0) (buttons().slice(0, place + 1).pop() ?? main).focus({ preventScroll: true });
  };

  // If the script fails, let the browser post the form as it would without it.
  const submitPlainly = (button) => {
    const field = document.createElement("input");
    Object.assign(field, { type: "hidden", name: "do", value: button.value });
    form.append(field);
    form.submit();
  };

  const press = async (event) => {
    const button = event.submitter;
    if (!button) return;
    event.preventDefault();
    const body = new URLSearchParams(new FormData(form));
    const list = button.value.startsWith("not-for-me ") && button.closest("[data-refill]");
    body.set("do", button.value);
    try {
      const answer = await fetch(form.action, { method: "POST", body, headers: { "X-Requested-With": "fetch" } });
      if (!answer.ok && ![401, 429].includes(answer.status)) throw new Error(answer.statusText);
      const { message, undo, html } = await answer.json();
      if (answer.ok && document.querySelector("[data-fresh]")) await renew(button);
      replace(html ?? "");
      show(message, undo);
      if (list && answer.ok) refill(list.dataset.refill).catch(() => {}); // the list is shorter then
    } catch {
      submitPlainly(button);
    }
  };

  form.addEventListener("submit", press);
}
