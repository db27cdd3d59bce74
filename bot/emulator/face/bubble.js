// One message: drawn once, then changed in place when the bot edits it.

import { moveFocus } from "./dialogs.js";
import { icon, make } from "./make.js";
import { formatted } from "./text.js";

export class Bubble {
  /** phone: tells times, writes, taps and follows links. */
  constructor(phone, message) {
    this.phone = phone;
    this.element = make("li", { class: "message", tabindex: "-1", "data-message": message.id });
    this.draw(message);
  }

  /** Show the message as it is now; the focus stays where it was, as far as it still exists. */
  update(message) {
    const place = this.focusedPlace();
    this.draw(message);
    if (place === null) return;
    const rows = [...this.element.querySelectorAll(".keys-row")];
    const row = rows[Math.min(place.row, rows.length - 1)];
    const button = row?.children[Math.min(place.column, row.children.length - 1)];
    if (button) this.focusKey(button);
    else this.element.focus();
  }

  draw(message) {
    this.message = message;
    this.element.className = `message ${message.mine ? "mine" : "theirs"} ${message.kind}`;
    const bubble = make("div", { class: "bubble" },
      make("span", { class: "vh" }, `${message.mine ? this.phone.name : this.phone.bot}: `),
      this.quote(), this.media(), this.words(), this.meta());
    this.element.replaceChildren(bubble, ...this.keys());
  }

  quote() {
    const earlier = this.message.reply_to && this.phone.wordsOf(this.message.reply_to);
    return earlier ? make("div", { class: "quote" }, earlier) : null;
  }

  media() {
    const { kind, file, text, size } = this.message;
    const caption = text.split("\n")[0];
    switch (kind) {
      case "photo": {
        const label = caption ? `Picture: ${caption}` : "Picture";
        const image = make("img", { src: file, alt: label, onload: () => this.phone.atEnd && this.phone.stick() });
        const act = () => this.phone.look(this.message, label);
        return make("button", { type: "button", class: "picture", onclick: act }, image);
      }
      case "document":
        return make("a", { class: "file", href: file, download: "file" },
          icon("file"), make("span", {}, `File, ${Math.ceil(size / 1024)} kB`));
      case "sticker":
        return make("span", { class: "sticker", role: "img", "aria-label": "Sticker" }, "🙂");
      case "voice":
        return make("span", { class: "voice" }, "▶ Voice message, 0:03");
      default:
        return null;
    }
  }

  words() {
    const { text, entities, mine } = this.message;
    if (!text) return null;
    // Telegram sends the payload of a deep link, and shows the command alone.
    if (mine && text.startsWith("/start ")) return make("div", { class: "words" }, "/start");
    const acts = { write: (words) => this.phone.write(words), follow: (url) => this.phone.follow(url) };
    return make("div", { class: "words" }, formatted(text, entities, acts));
  }

  meta() {
    const { date, edited, mine, kind, reactions } = this.message;
    const moment = new Date(date * 1000);
    return make("div", { class: "meta" },
      reactions.length ? make("span", { class: "reactions" }, reactions.join(" ")) : null,
      mine && kind === "text"
        ? make("button", {
          type: "button", class: "edit", "aria-label": "Edit this message",
          onclick: () => this.phone.foot.beginEdit(this.message),
        }, icon("pen"))
        : null,
      edited ? make("span", { class: "edited" }, "edited") : null,
      make("time", { datetime: moment.toISOString() }, this.phone.timeOf(moment)));
  }

  keys() {
    if (!this.message.rows.length) return [];
    const keys = make("div", { class: "keys", role: "toolbar", "aria-label": "Buttons" });
    for (const row of this.message.rows) {
      keys.append(make("div", { class: "keys-row" }, ...row.map((key) => this.key(key))));
    }
    const buttons = [...keys.querySelectorAll(".key")];
    buttons.forEach((button, at) => button.setAttribute("tabindex", at ? "-1" : "0"));
    keys.addEventListener("keydown", (event) => this.move(event, keys, buttons));
    return [keys];
  }

  key({ label, data, url }) {
    const key = make("button", { type: "button", class: url ? "key link" : "key" }, label);
    key.addEventListener("click", () => {
      if (url) {
        if (!this.phone.follow(url)) window.open(url, "_blank", "noopener");
        return;
      }
      key.classList.add("waiting");
      setTimeout(() => key.classList.remove("waiting"), 8000);
      this.phone.tap(this.message, data).catch(() => key.classList.remove("waiting"));
    });
    key.addEventListener("focus", () => this.focusKey(key, false));
    return key;
  }

  /** End the spinner of the tapped button. */
  answered() {
    for (const key of this.element.querySelectorAll(".waiting")) key.classList.remove("waiting");
  }

  /** Let a button look pressed for a moment, as somebody else's finger does it. */
  press(label) {
    const key = [...this.element.querySelectorAll(".key")].find((one) => one.textContent === label);
    if (!key) return false;
    key.scrollIntoView({ block: "nearest" });
    key.classList.add("pressed");
    setTimeout(() => key.classList.remove("pressed"), 900);
    return true;
  }

  move(event, keys, buttons) {
    const at = buttons.indexOf(document.activeElement);
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      const rows = [...keys.children];
      const row = rows.findIndex((one) => one.contains(document.activeElement));
      const next = rows[row + (event.key === "ArrowDown" ? 1 : -1)];
      const column = [...rows[row].children].indexOf(document.activeElement);
      event.preventDefault();
      next?.children[Math.min(column, next.children.length - 1)].focus();
    } else if (at >= 0) moveFocus(event, buttons, 1);
  }

  focusKey(key, now = true) {
    for (const one of this.element.querySelectorAll(".key")) one.setAttribute("tabindex", "-1");
    key.setAttribute("tabindex", "0");
    if (now) key.focus();
  }

  focusedPlace() {
    const focused = document.activeElement;
    if (!this.element.contains(focused) || focused === this.element) return null;
    const row = focused.closest(".keys-row");
    if (!row) return null;
    return {
      row: [...row.parentElement.children].indexOf(row),
      column: [...row.children].indexOf(focused),
    };
  }
}
