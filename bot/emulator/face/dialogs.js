// Windows above the page. The browser's own modal dialog keeps the focus inside and gives it back.

import { icon, make } from "./make.js";

function open(title, inside, buttons, kind = "") {
  const dialog = make("dialog", { class: `window ${kind}`, "aria-label": title });
  const answered = new Promise((answer) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      answer(dialog.returnValue || null);
    });
  });
  const row = buttons.map(({ label, value, main, note }) =>
    make(
      "button",
      {
        type: "button",
        class: main ? "button main" : "button",
        autofocus: Boolean(main),
        onclick: () => dialog.close(value),
      },
      make("span", {}, label),
      note ? make("small", {}, note) : null,
    ));
  dialog.append(...inside, make("div", { class: "window-buttons" }, ...row));
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close("");
  });
  document.body.append(dialog);
  dialog.showModal();
  return answered;
}

/** Show an alert of the bot: a modal window with one button. */
export function showAlert(from, text) {
  return open(`Message from ${from}`, [
    make("h2", {}, from),
    make("p", { class: "window-text" }, text),
  ], [{ label: "OK", value: "ok", main: true }]);
}

/** Let the visitor choose a phone for an invitation; gives its id or null. */
export async function choosePhone(phones, inside = []) {
  const chosen = await open("Open this invitation", [
    make("h2", {}, "Open this invitation"),
    ...inside,
    make("p", { class: "window-text" }, "On whose phone? In real life the picture is scanned, or the link is passed on."),
  ], [
    ...phones.map(({ id, name, note }) => ({ label: name, note, value: String(id) })),
    { label: "Cancel", value: "" },
  ], "choices");
  return chosen ? Number(chosen) : null;
}

/** Show a picture large. */
export function showPicture(url, label) {
  return open(label, [make("img", { src: url, alt: label, class: "large" })], [
    { label: "Close", value: "", main: true },
  ], "wide");
}

let popup = null;

/** Open a menu at a button, or close it; items are {label, note, act}. Arrows, Escape and Tab work. */
export function toggleMenu(button, label, items) {
  if (popup) {
    const same = popup.button === button;
    popup.close();
    if (same) return;
  }
  const list = make("div", { class: "menu", role: "menu", "aria-label": label });
  for (const { label: words, note, act } of items) {
    list.append(make(
      "button",
      { type: "button", role: "menuitem", tabindex: "-1", onclick: () => { close(); act(); } },
      make("span", {}, words),
      note ? make("small", {}, note) : null,
    ));
  }
  const outside = (event) => {
    if (!list.contains(event.target) && !button.contains(event.target)) close(false);
  };
  const close = (returnFocus = true) => {
    document.removeEventListener("pointerdown", outside);
    list.remove();
    button.setAttribute("aria-expanded", "false");
    popup = null;
    if (returnFocus) button.focus();
  };
  list.addEventListener("keydown", (event) => {
    if (event.key === "Escape" || event.key === "Tab") {
      event.preventDefault();
      close();
      return;
    }
    moveFocus(event, [...list.children], 1);
  });
  document.addEventListener("pointerdown", outside);
  button.setAttribute("aria-expanded", "true");
  button.after(list);
  list.firstElementChild?.focus();
  popup = { button, close };
}

/** Move the focus among elements by the arrow keys; `perRow` steps for up and down. */
export function moveFocus(event, elements, perRow) {
  const at = elements.indexOf(document.activeElement);
  const steps = {
    ArrowDown: perRow, ArrowUp: -perRow, ArrowRight: 1, ArrowLeft: -1,
    Home: -at, End: elements.length - 1 - at,
  };
  if (!(event.key in steps) || at < 0) return null;
  event.preventDefault();
  const to = Math.max(0, Math.min(elements.length - 1, at + steps[event.key]));
  elements[to].focus();
  return elements[to];
}

/** Give a button that only shows an icon. */
export function iconButton(name, label, act, attributes = {}) {
  return make(
    "button",
    { type: "button", class: "icon-button", "aria-label": label, title: label, onclick: act, ...attributes },
    icon(name),
  );
}
