// One person's phone: the chat with the bot, and what its person does.

import { Bubble } from "./bubble.js";
import { iconButton, showPicture, toggleMenu } from "./dialogs.js";
import { Foot } from "./foot.js";
import { make } from "./make.js";
import { deepLinkIn } from "./text.js";
import { post } from "./wire.js";

export class Phone {
  /** phones: the page's phones; they know the bot, the other people and the clock's zone. */
  constructor(phones, fact) {
    this.phones = phones;
    this.id = fact.id;
    this.name = fact.name;
    this.bubbles = new Map();
    this.fact = fact;
    this.build();
  }

  get bot() {
    return this.phones.bot.name;
  }

  build() {
    const heading = `owner-${this.id}`;
    this.owner = make("h2", { class: "owner", id: heading },
      make("span", { class: "face", "aria-hidden": "true" }, this.name[0]),
      make("span", { class: "owner-name" }, this.name),
      this.note = make("span", { class: "owner-note" }));
    this.more = iconButton("more", `More on ${this.name}'s phone`, () => this.openMore(),
      { "aria-haspopup": "menu", "aria-expanded": "false" });
    this.list = make("ol", { class: "chat", tabindex: "0", "aria-label": `${this.name}'s chat with ${this.bot}` });
    this.keepAtEnd();
    this.toasts = make("div", { class: "toasts" });
    this.foot = new Foot(this);
    this.element = make("section", { class: "phone", id: `phone-${this.id}`, "aria-labelledby": heading },
      this.owner,
      make("div", { class: "device" },
        make("div", { class: "chat-head" },
          make("img", { src: "/face/mark.svg", alt: "", width: "34", height: "34" }),
          make("div", { class: "chat-title" },
            make("strong", {}, this.bot), make("span", {}, "bot")),
          make("div", { class: "anchor" }, this.more)),
        this.list, this.toasts, this.foot.element));
    this.foot.draw();
  }

  /** Stay at the newest message, whatever grows or shrinks, until the visitor scrolls up. */
  keepAtEnd() {
    this.atEnd = true;
    let top = 0;
    let height = 0;
    this.list.addEventListener("scroll", () => {
      const { scrollTop, scrollHeight, clientHeight } = this.list;
      if (scrollHeight - scrollTop - clientHeight < 4) this.atEnd = true;
      else if (scrollTop < top && clientHeight === height) this.atEnd = false;
      top = scrollTop;
      height = clientHeight;
    });
    new ResizeObserver(() => this.atEnd && this.stick()).observe(this.list);
  }

  /** Take in what the server told of this phone. */
  update(fact) {
    const first = this.bubbles.size === 0;
    this.fact = fact;
    let latest = null;
    for (const id of fact.gone) {
      this.bubbles.get(id)?.element.remove();
      this.bubbles.delete(id);
    }
    let isNews = false;
    const news = [];
    for (const message of fact.changed) {
      const bubble = this.bubbles.get(message.id);
      isNews = bubble?.message.text !== message.text;
      if (bubble) bubble.update(message);
      else this.add(message);
      latest = this.bubbles.get(message.id);
      if (!message.mine) news.push(message);
    }
    this.drawDays();
    this.foot.draw();
    if (latest) this.show(latest.element, isNews);
    if (!first && news.length) this.phones.heard(this, news);
  }

  add(message) {
    const bubble = new Bubble(this, message);
    this.bubbles.set(message.id, bubble);
    this.list.append(bubble.element);
  }

  drawDays() {
    for (const day of this.list.querySelectorAll(".day")) day.remove();
    let last = "";
    for (const { element, message } of this.bubbles.values()) {
      const day = this.phones.dayOf(new Date(message.date * 1000));
      if (day !== last) element.before(make("li", { class: "day" }, make("span", {}, day)));
      last = day;
    }
  }

  /** Show what came while the phone was not in front, or the end of the chat. */
  comeToFront() {
    if (this.awaiting?.isConnected) this.show(this.awaiting, true);
    else if (this.atEnd) this.stick();
  }

  /** Bring a message into view; of one taller than the phone, the beginning when its text is new. */
  show(element, isNews) {
    this.awaiting = this.list.clientHeight ? null : element;
    if (this.awaiting) return;
    if (element.offsetHeight > this.list.clientHeight) {
      this.atEnd = false;
      if (isNews) this.list.scrollTop = element.offsetTop - 10;
    } else if (element === this.list.lastElementChild) this.stick();
    else element.scrollIntoView({ block: "nearest" });
  }

  stick() {
    this.atEnd = true;
    this.list.scrollTop = this.list.scrollHeight;
  }

  /** Say whose phone this is, beside the name. */
  describe(note) {
    this.note.textContent = note;
    this.tab.querySelector("small").textContent = note.split(" · ")[0];
  }

  /** Follow a deep link on this phone: Telegram opens the chat and offers the START button. */
  offer(payload) {
    this.phones.front(this.id);
    this.foot.offer(payload);
  }

  write(text) {
    return this.act("send", { text });
  }

  async tap(message, data) {
    const tapping = this.act("tap", { message: message.id, data });
    this.phones.tapped(tapping);
    if (!await tapping) throw new Error("not tapped");
  }

  /** Do one act of this person; gives its result, or null for what was refused, said in a toast. */
  async act(name, body = {}) {
    if (this.phones.watching) {
      this.toast("The story is being told. Stop it to take over.");
      return null;
    }
    try {
      return await post(`/face/${name}`, { person: this.id, ...body });
    } catch (error) {
      this.toast(error.message);
      return null;
    }
  }

  follow(url) {
    return this.phones.follow(this, url);
  }

  async look(message, label) {
    const payload = deepLinkIn(message, this.phones.bot.username);
    if (payload === null) {
      await showPicture(message.file, label);
      return;
    }
    const image = make("img", { src: message.file, alt: label, class: "large" });
    await this.phones.choose(payload, [image]);
  }

  openMore() {
    const { blocked } = this.fact;
    toggleMenu(this.more, "More", [
      blocked
        ? { label: "Unblock this bot", act: () => this.act("unblock") }
        : { label: "Block this bot", act: () => this.act("block") },
    ]);
  }

  /** Show a few words over the chat for a while. */
  toast(text) {
    const note = make("div", { class: "toast", role: "status" }, text);
    this.toasts.replaceChildren(note);
    setTimeout(() => note.remove(), 3000 + text.length * 40);
  }

  /** Let a button look pressed, or words be typed, as the story does it. */
  mime({ label, text }) {
    if (label !== undefined) {
      const newest = [...this.bubbles.values()].reverse();
      newest.some((bubble) => !bubble.message.mine && bubble.press(label));
    } else if (text !== undefined) {
      this.foot.mime(text);
    }
  }

  wordsOf(id) {
    return this.bubbles.get(id)?.message.text.split("\n")[0];
  }

  timeOf(moment) {
    return this.phones.timeOf(moment);
  }
}
