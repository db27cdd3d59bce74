// Formatted text: Telegram's entities become elements. Offsets count UTF-16 units, as strings here do.

import { make } from "./make.js";

const TAGS = {
  bold: "strong",
  italic: "em",
  underline: "u",
  strikethrough: "s",
  code: "code",
  pre: "pre",
  blockquote: "blockquote",
  expandable_blockquote: "blockquote",
};

/** Give the text as a fragment. `follow(link)` is called for links, `write(text)` for commands. */
export function formatted(text, entities, acts) {
  const fragment = document.createDocumentFragment();
  const sorted = [...entities].sort((a, b) => a.offset - b.offset || b.length - a.length);
  fill(fragment, text, 0, text.length, sorted, acts);
  return fragment;
}

function fill(parent, text, from, until, entities, acts) {
  let at = from;
  let rest = entities;
  while (rest.length) {
    const [first, ...others] = rest;
    const start = Math.max(first.offset, at);
    const stop = Math.min(first.offset + first.length, until);
    if (stop <= start) {
      rest = others;
      continue;
    }
    parent.append(text.slice(at, start));
    const element = elementFor(first, text.slice(first.offset, first.offset + first.length), acts);
    fill(element, text, start, stop, others.filter((one) => one.offset < stop), acts);
    parent.append(element);
    at = stop;
    rest = others.filter((one) => one.offset + one.length > stop);
  }
  parent.append(text.slice(at, until));
}

function elementFor(entity, words, acts) {
  // A link set as code is there to be copied; here a tap on it follows it.
  if (entity.type === "code" && /^https?:/.test(words)) return link(words, acts, "code");
  if (entity.type in TAGS) return make(TAGS[entity.type]);
  switch (entity.type) {
    case "text_link":
      return link(entity.url, acts);
    case "url":
      return link(/^[a-z]+:/i.test(words) ? words : `http://${words}`, acts);
    case "email":
      return make("a", { href: `mailto:${words}` });
    case "bot_command":
      return make("button", { type: "button", class: "command", onclick: () => acts.write(words) });
    case "spoiler":
      return spoiler();
    default:
      return make("span", { class: `entity-${entity.type}` });
  }
}

function link(url, acts, kind = null) {
  const safe = /^(https?|tg|mailto):/i.test(url) ? url : "#";
  return make("a", {
    href: safe,
    class: kind,
    target: "_blank",
    rel: "noopener noreferrer",
    onclick: (event) => {
      if (acts.follow(url)) event.preventDefault();
    },
  });
}

function spoiler() {
  const hidden = make("button", { type: "button", class: "spoiler", "aria-label": "Hidden text" });
  hidden.addEventListener("click", () => {
    hidden.classList.add("shown");
    hidden.removeAttribute("aria-label");
  });
  return hidden;
}

/** Read the payload of a deep link to this bot; null for any other link. */
export function payloadOf(url, username) {
  let parts;
  try {
    parts = new URL(url);
  } catch {
    return null;
  }
  const isOurs = /^(t|telegram)\.me$/i.test(parts.hostname)
    && parts.pathname.slice(1).toLowerCase() === username.toLowerCase();
  return isOurs ? parts.searchParams.get("start") ?? "" : null;
}

/** Find the first deep link to this bot in a message's words and buttons; null for none. */
export function deepLinkIn(message, username) {
  const buttons = message.rows.flat().map(({ url }) => url ?? "");
  const links = [...message.text.matchAll(/https?:\/\/\S+/g)].map(([link]) => link);
  const payloads = [...buttons, ...links].map((link) => payloadOf(link, username));
  return payloads.find((payload) => payload !== null) ?? null;
}
