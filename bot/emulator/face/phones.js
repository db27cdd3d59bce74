// All phones side by side; on a narrow page one at a time, with tabs.

import { choosePhone, moveFocus, showAlert } from "./dialogs.js";
import { make } from "./make.js";
import { Phone } from "./phone.js";
import { payloadOf } from "./text.js";
import { listen } from "./wire.js";

export class Phones {
  /** host: the element to fill. more: handlers for further events of the stream. */
  constructor(host, more = {}) {
    this.host = host;
    this.all = new Map();
    this.taps = new Map();
    this.own = new Set();
    this.tapping = new Set();
    this.notes = new Map();
    this.bot = { name: "", username: "" };
    this.run = null;
    this.zone = undefined;
    this.watching = false;
    this.setting = false;
    this.spoken = make("div", { class: "vh", role: "status", "aria-live": "polite" });
    this.tabs = make("div", { class: "tabs", role: "tablist", "aria-label": "Phones" });
    this.tabs.addEventListener("keydown", (event) => {
      moveFocus(event, [...this.tabs.children], 1)?.click();
    });
    host.before(this.tabs);
    host.after(this.spoken);
    this.handlers = {
      hello: (hello) => this.begin(hello),
      people: ({ ids }) => this.keep(ids),
      phone: (fact) => this.take(fact),
      tap: ({ tap, person, message_id: message }) => this.taps.set(tap, { person, message }),
      answer: (answer) => this.answered(answer),
      ...more,
    };
  }

  /** Listen to the server from now on. */
  connect() {
    listen({
      ...this.handlers,
      lost: () => document.documentElement.classList.add("lost"),
      found: () => document.documentElement.classList.remove("lost"),
    });
  }

  begin({ run, bot, username }) {
    // A stream that comes back tells everything again: as news of the same people, or as others.
    if (this.run !== run) {
      this.keep([]);
      this.taps.clear();
      this.run = run;
    }
    this.bot = { name: bot, username };
  }

  keep(ids) {
    for (const [id, phone] of this.all) {
      if (ids.includes(id)) continue;
      phone.element.remove();
      phone.tab.remove();
      this.all.delete(id);
    }
    this.host.dispatchEvent(new CustomEvent("people", { detail: ids.length }));
  }

  take(fact) {
    let phone = this.all.get(fact.id);
    if (!phone) {
      phone = new Phone(this, fact);
      phone.tab = this.tab(phone);
      this.all.set(fact.id, phone);
      this.place(phone);
      phone.describe(this.notes.get(fact.name)?.note ?? "");
      if (this.all.size === 1 || phone.element === this.host.firstElementChild) this.front(fact.id);
    }
    phone.update(fact);
    this.host.dispatchEvent(new CustomEvent("seen"));
  }

  tab(phone) {
    return make("button", {
      type: "button", role: "tab", id: `tab-${phone.id}`, "aria-controls": `phone-${phone.id}`,
      "aria-selected": "false", tabindex: "-1", onclick: () => this.front(phone.id),
    }, phone.name, make("span", { class: "badge", hidden: true }), make("small"));
  }

  /** Put a phone among the others, in the order that `describe` gave. */
  place(phone) {
    const order = (one) => this.notes.get(one.name)?.order ?? 99;
    const after = [...this.all.values()].filter((one) => one !== phone && order(one) > order(phone));
    const next = after.sort((a, b) => order(a) - order(b))[0];
    this.host.insertBefore(phone.element, next?.element ?? null);
    this.tabs.insertBefore(phone.tab, next?.tab ?? null);
  }

  /** Say in which order the phones stand, and what stands beside each name. */
  describe(people) {
    people.forEach(({ name, note }, order) => this.notes.set(name, { note, order }));
    for (const phone of this.all.values()) {
      phone.describe(this.notes.get(phone.name)?.note ?? "");
      this.place(phone);
    }
  }

  /** Find a phone by its person's name. */
  of(name) {
    return [...this.all.values()].find((phone) => phone.name === name);
  }

  /** Bring a phone to the front of a narrow page. */
  front(id) {
    for (const phone of this.all.values()) {
      const chosen = phone.id === id;
      phone.element.classList.toggle("front", chosen);
      phone.tab.setAttribute("aria-selected", String(chosen));
      phone.tab.setAttribute("tabindex", chosen ? "0" : "-1");
      if (chosen) {
        this.count(phone, 0);
        phone.comeToFront();
        phone.tab.scrollIntoView({ block: "nearest", inline: "nearest" });
      }
    }
  }

  count(phone, number) {
    const badge = phone.tab.querySelector(".badge");
    phone.unread = number;
    badge.hidden = number === 0;
    badge.textContent = number ? String(number) : "";
    badge.setAttribute("aria-label", `${number} new`);
  }

  /** Announce new words of the bot, and count them on a phone that is not in front. */
  heard(phone, messages) {
    if (this.setting) return;
    if (!phone.element.classList.contains("front")) {
      this.count(phone, (phone.unread ?? 0) + messages.length);
    }
    phone.element.classList.add("ringing");
    setTimeout(() => phone.element.classList.remove("ringing"), 1200);
    const words = messages.map((message) => message.text || message.kind).join(". ");
    this.spoken.append(make("p", {}, `On ${phone.name}'s phone: ${words}`));
    while (this.spoken.children.length > 4) this.spoken.firstElementChild.remove();
  }

  /** Remember a tap of this page: its alert is a window here, and a toast on other pages. */
  async tapped(tapping) {
    this.tapping.add(tapping);
    const result = await tapping;
    if (result) this.own.add(result.tap);
    this.tapping.delete(tapping);
  }

  async answered({ tap, text, alert }) {
    const { person, message } = this.taps.get(tap) ?? {};
    const phone = this.all.get(person);
    this.taps.delete(tap);
    if (!phone) return;
    phone.bubbles.get(message)?.answered();
    // The answer may be here before the server has said which tap it was.
    await Promise.all(this.tapping);
    const isOwn = this.own.delete(tap);
    if (!text) return;
    if (alert && isOwn) showAlert(phone.bot, text);
    else phone.toast(text);
  }

  /** Open a link to this bot, on a phone of the visitor's choice; false for any other link. */
  follow(phone, url) {
    const payload = payloadOf(url, this.bot.username);
    if (payload === null) return false;
    if (this.watching) phone.toast("The story is being told. Stop it to take over.");
    else this.choose(payload);
    return true;
  }

  async choose(payload, inside = []) {
    const shown = [...this.host.children].map(({ id }) => this.all.get(Number(id.split("-")[1])));
    const phones = shown.map(({ id, name }) => ({ id, name, note: this.notes.get(name)?.note }));
    const id = await choosePhone(phones, inside);
    if (id !== null) this.all.get(id)?.offer(payload);
  }

  timeOf(moment) {
    return moment.toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit", timeZone: this.zone });
  }

  dayOf(moment) {
    return moment.toLocaleDateString("en-GB", {
      weekday: "long", day: "numeric", month: "long", timeZone: this.zone,
    });
  }
}
