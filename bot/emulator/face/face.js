// The page of a bare emulator: its phones, and a way to add people.

import { Phones } from "./phones.js";
import { themeSwitch } from "./theme.js";
import { post } from "./wire.js";

const host = document.getElementById("phones");
const phones = new Phones(host, {
  hello: (hello) => {
    phones.begin(hello);
    document.title = `Phones · ${hello.bot}`;
  },
});
host.addEventListener("people", ({ detail }) => {
  document.getElementById("nobody").hidden = detail > 0;
});
document.getElementById("add").addEventListener("submit", async (event) => {
  event.preventDefault();
  const form = event.currentTarget;
  const { name, language } = Object.fromEntries(new FormData(form));
  await post("/face/person", { name, language });
  form.reset();
  form.elements.name.focus();
});
themeSwitch(document.getElementById("theme"));
phones.connect();
