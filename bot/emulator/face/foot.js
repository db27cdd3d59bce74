// The foot of a phone: the ways to write, or what stands there instead.

import { iconButton, toggleMenu } from "./dialogs.js";
import { make } from "./make.js";
import { snapshot } from "./snapshot.js";

export class Foot {
  /** phone: acts, and knows what the server told of it. */
  constructor(phone) {
    this.phone = phone;
    this.editing = null;
    this.payload = null;
    this.element = make("div", { class: "foot" });
    this.build();
  }

  build() {
    this.input = make("input", {
      type: "text", maxlength: "4096", autocomplete: "off", enterkeyhint: "send",
      placeholder: "Message", "aria-label": `${this.phone.name} writes`,
    });
    this.input.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && this.editing) this.endEdit();
    });
    this.menuButton = make("button", {
      type: "button", class: "menu-button", "aria-haspopup": "menu", "aria-expanded": "false",
      onclick: () => this.openCommands(),
    }, "Menu");
    const clip = iconButton("clip", "Send something else", () => toggleMenu(clip, "Send", [
      { label: "A picture", act: () => this.phone.act("photo", { data: snapshot() }) },
      { label: "A sticker", act: () => this.phone.act("sticker") },
      { label: "A voice message", act: () => this.phone.act("voice") },
    ]), { "aria-haspopup": "menu", "aria-expanded": "false" });
    const send = iconButton("send", "Send", null, { type: "submit", class: "icon-button send" });
    this.writing = make("form", { class: "writing" },
      make("div", { class: "anchor" }, this.menuButton), this.input,
      make("div", { class: "anchor end" }, clip), send);
    this.writing.addEventListener("submit", (event) => {
      event.preventDefault();
      this.submit();
    });
    this.editNote = make("div", { class: "edit-note" }, make("span", {}, "Edit message"),
      iconButton("close", "Do not edit", () => this.endEdit()));
  }

  /** Show what fits the phone now; nothing changes, and no focus is lost, when nothing is new. */
  draw() {
    const { blocked, gone_from_telegram: gone } = this.phone.fact;
    const state = gone ? "gone" : blocked ? "blocked"
      : this.payload !== null || this.phone.bubbles.size === 0 ? "start" : "writing";
    const keyboard = this.phone.fact.keyboard.map((row) => make("div", { class: "keys-row" },
      ...row.map((label) => make("button", { type: "button", class: "key", onclick: () => this.phone.write(label) }, label))));
    this.menuButton.parentElement.hidden = this.phone.fact.commands.length === 0;
    const drawn = `${state} ${this.editing?.id ?? ""} ${JSON.stringify(this.phone.fact.keyboard)}`;
    if (drawn === this.drawn) return;
    const hadFocus = this.element.contains(document.activeElement);
    this.drawn = drawn;
    this.phone.element.dataset.state = state;
    if (state === "writing") {
      this.element.replaceChildren(
        ...(this.editing ? [this.editNote] : []), this.writing,
        ...(keyboard.length ? [make("div", { class: "reply-keys" }, ...keyboard)] : []));
      if (hadFocus) this.input.focus();
    } else this.element.replaceChildren(...this.standIn(state));
    if (hadFocus) this.element.querySelector("button, input")?.focus();
  }

  standIn(state) {
    if (state === "gone") return [make("p", { class: "foot-note" }, "This account was deleted.")];
    if (state === "blocked") {
      return [
        make("p", { class: "foot-note" }, `${this.phone.name} has blocked this bot.`),
        make("button", { type: "button", class: "start", onclick: () => this.phone.act("unblock") }, "Unblock"),
      ];
    }
    const note = this.payload
      ? `${this.phone.name} has opened the invitation.`
      : this.phone.bubbles.size === 0 ? `${this.phone.name} has not started this bot.` : "";
    return [
      note ? make("p", { class: "foot-note" }, note) : null,
      make("button", { type: "button", class: "start", onclick: () => this.start() }, "Start"),
    ].filter(Boolean);
  }

  /** Offer the START button that carries a deep link's payload. */
  offer(payload) {
    this.payload = payload;
    this.draw();
    this.element.querySelector(".start").focus();
  }

  async start() {
    if (await this.phone.act("start", { payload: this.payload || null })) {
      this.payload = null;
      this.draw();
    }
  }

  submit() {
    const text = this.input.value.trim();
    if (!text) return;
    if (this.editing) this.phone.act("edit", { message: this.editing.id, text });
    else this.phone.write(text);
    if (!this.phone.phones.watching) this.input.value = "";
    this.endEdit();
  }

  beginEdit(message) {
    this.editing = message;
    this.draw();
    this.input.value = message.text;
    this.input.focus();
  }

  endEdit() {
    if (!this.editing) return;
    this.editing = null;
    this.input.value = "";
    this.draw();
  }

  /** Let words look typed, as the story types them. */
  mime(text) {
    this.input.value = text;
    setTimeout(() => { this.input.value = ""; }, 1000);
  }

  openCommands() {
    toggleMenu(this.menuButton, "Commands", this.phone.fact.commands.map(({ command, description }) => ({
      label: `/${command}`, note: description, act: () => this.phone.write(`/${command}`),
    })));
  }
}
