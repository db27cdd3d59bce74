// The demo's page: the phones of the cast, the practice's clock, and the story.

import { Phones } from "/face/phones.js";
import { make } from "/face/make.js";
import { themeSwitch } from "/face/theme.js";
import { post } from "/face/wire.js";
import { hintFor } from "./hints.js";

const at = (id) => document.getElementById(id);
const root = document.documentElement;
const speed = Number(new URLSearchParams(location.search).get("speed")) || 1;

let facts = null;
let gesture = 0;

const phones = new Phones(at("phones"), { demo: show });
themeSwitch(at("theme"));

at("play").addEventListener("click", () => ask("play", { speed }));
at("pause").addEventListener("click", () => ask("pause", { paused: !facts.story?.paused }));
at("stop").addEventListener("click", () => ask("stop"));
at("enrolled").addEventListener("click", () => ask("again", { enrolled: true }));
at("empty").addEventListener("click", () => ask("again", { enrolled: false }));
at("phones").addEventListener("seen", hint);

async function ask(name, body) {
  try {
    await post(`/demo/${name}`, body);
  } catch (error) {
    caption("", error.message);
  }
}

function show(told) {
  const before = facts;
  facts = told;
  phones.zone = facts.zone;
  phones.watching = facts.state === "telling";
  // What happens while the stage is set is no news to anybody.
  phones.setting = facts.state === "setting";
  if (!before || JSON.stringify(before.people) !== JSON.stringify(facts.people)) {
    phones.describe(facts.people);
  }
  for (const state of ["setting", "free", "moving", "telling"]) {
    root.classList.toggle(state, facts.state === state);
  }
  drawClock();
  drawMoves();
  drawStory();
}

function drawClock() {
  at("time").textContent = facts.time;
  at("time").dateTime = `${facts.on}T${facts.time}`;
  at("day").textContent = new Date(`${facts.on}T12:00:00Z`).toLocaleDateString("en-GB", {
    weekday: "long", day: "numeric", month: "short", timeZone: "UTC",
  });
}

function drawMoves() {
  const free = facts.state === "free";
  const host = at("moves");
  for (const { key, label, note, can } of facts.moves) {
    let button = host.querySelector(`[data-move="${key}"]`);
    if (!button) {
      button = make("button", {
        type: "button", class: "button", "data-move": key, onclick: () => ask("clock", { to: key }),
      }, make("span", {}, label), make("small"));
      host.append(button);
    }
    button.querySelector("small").textContent = note;
    // Not `disabled`: a button that vanishes under the finger would lose the keyboard's place.
    button.setAttribute("aria-disabled", String(!free || !can));
    button.classList.toggle("off", !can);
  }
}

function drawStory() {
  const { story, state } = facts;
  at("play").hidden = Boolean(story);
  at("pause").hidden = at("stop").hidden = !story;
  at("progress").hidden = !story;
  if (!story) {
    for (const phone of phones.all.values()) phone.element.classList.remove("acting");
    if (document.activeElement === document.body && gesture) at("play").focus();
    gesture = 0;
    hint();
    return;
  }
  if (document.activeElement === document.body) at("pause").focus();
  at("pause").textContent = story.paused ? "Go on" : "Pause";
  at("progress").value = story.progress;
  caption(`${story.scene} of ${story.scenes} · ${story.title}`, story.caption);
  follow(story);
}

function follow({ who, gesture: { number, ...what } }) {
  for (const phone of phones.all.values()) {
    phone.element.classList.toggle("acting", phone.name === who);
    phone.element.classList.remove("suggested");
  }
  const phone = phones.of(who);
  if (phone && !phone.element.classList.contains("front")) phones.front(phone.id);
  if (number === gesture) return;
  gesture = number;
  phones.of(what.who)?.mime(what);
}

function hint() {
  if (!facts || facts.story) return;
  if (facts.state === "setting") {
    caption("", "Setting the stage…");
    return;
  }
  const { words, move, who } = hintFor(facts, phones);
  caption(facts.said, words);
  for (const phone of phones.all.values()) {
    phone.element.classList.toggle("suggested", phone.name === who);
  }
  for (const button of at("moves").children) {
    button.classList.toggle("next", button.dataset.move === move);
  }
}

function caption(title, words) {
  if (at("title").textContent !== title) at("title").textContent = title;
  if (at("caption").textContent !== words) at("caption").textContent = words;
}

phones.connect();
