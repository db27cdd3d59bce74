// grammY as its documentation has it for busy bots: the runner, updates of one chat in order,
// sessions in memory, answers in SQLite, a commit each. `node bot.mjs BASE_URL TOKEN FOLDER`.

import { run, sequentialize } from "@grammyjs/runner";
import Database from "better-sqlite3";
import { Bot, InlineKeyboard, session } from "grammy";
import { readFileSync } from "node:fs";
import { join } from "node:path";

const [url, token, folder] = process.argv.slice(2);
const { items, thanks, rows } = JSON.parse(readFileSync(join(folder, "survey.json"), "utf-8"));

const db = new Database(join(folder, "grammy.sqlite3"));
db.pragma("journal_mode = WAL");
db.pragma("synchronous = FULL");
db.exec("CREATE TABLE answer (person INTEGER, item INTEGER, value INTEGER)");
const keep = db.prepare("INSERT INTO answer VALUES (?, ?, ?)");

function keyboard(item) {
  const built = new InlineKeyboard();
  for (const row of rows[item]) {
    for (const [text, data] of row) built.text(text, data);
    built.row();
  }
  return built;
}

const bot = new Bot(token, { client: { apiRoot: url.replace(/\/bot$/, "") } });
const chat = (context) => context.chat?.id.toString();
bot.use(sequentialize(chat));
bot.use(session({ initial: () => ({ item: 0, answers: [] }), getSessionKey: chat }));

bot.command("start", async (context) => {
  context.session.item = 0;
  await context.reply(items[0], { reply_markup: keyboard(0) });
});

bot.callbackQuery(/^rate\.(\d+)\.(\d+)$/, async (context) => {
  const item = Number(context.match[1]);
  const value = Number(context.match[2]);
  keep.run(context.from.id, item, value);
  context.session.answers.push(value);
  context.session.item = item + 1;
  await context.answerCallbackQuery();
  await context.editMessageText(item + 1 < items.length ? items[item + 1] : thanks, {
    reply_markup: keyboard(item + 1),
  });
});

bot.callbackQuery("again", async (context) => {
  context.session.item = 0;
  await context.answerCallbackQuery();
  await context.editMessageText(items[0], { reply_markup: keyboard(0) });
});

const runner = run(bot);
process.once("SIGTERM", () => runner.stop().then(() => process.exit(0)));
