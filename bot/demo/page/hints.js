// What to try next, read from what the phones show: one suggestion at a time.

/** Give the words of the suggestion, and the clock's button or the phone that it speaks of. */
export function hintFor(facts, phones) {
  const anna = live(phones.of("Anna"));
  const ben = live(phones.of("Ben"));
  const dana = live(phones.of("Dana"));
  if (has(anna, "Question 1 of 5")) {
    return say("Or try it yourself. Anna's appointment is over and she is asked how it was: tap a number on her phone.", { who: "Anna" });
  }
  if (has(anna, "of 5") || has(anna, "get in the way") || has(anna, "do differently")) {
    return say("Go on answering on Anna's phone. Low numbers are welcome: see what happens on Friday.", { who: "Anna" });
  }
  if (has(anna, "make room for it")) {
    return say("Anna knows that Ben has read it. Next: let time pass until after her next appointment.", { move: "appointment" });
  }
  if (has(ben, "Let's talk about it")) {
    return say("Ben's digest is here. Tap “Let's talk about it”, and look at Anna's phone.", { who: "Ben" });
  }
  if (has(anna, "goes to your therapist on")) {
    return say("Anna's answers wait for Ben. Next: move the clock to the time of his digest.", { move: "digest" });
  }
  if (has(ben, "Nothing stands out") && !has(ben, "✓")) {
    return say("A calm week: Ben taps Read. Then let time pass, and answer with lower numbers.", { move: "appointment" });
  }
  if (!facts.enrolled) return enrolling(anna, ben, dana);
  return say("Everything can be tapped. Move the clock to let something happen.", { move: "appointment" });
}

function enrolling(anna, ben, dana) {
  if (has(ben, "Is that your client?")) return say("Ben confirms on his phone who joined.", { who: "Ben" });
  if (has(anna, "Do you agree?")) return say("Anna reads what it is about, and agrees.", { who: "Anna" });
  if (has(anna, "confirm that it is you") || has(anna, "Everything is ready")) {
    return say("Now Ben says when they meet: he writes /add and follows the buttons.", { who: "Ben" });
  }
  if (has(ben, "?start=")) {
    return say("Tap the link or the picture on Ben's phone, and open it on Anna's.", { who: "Ben" });
  }
  if (has(ben, "Welcome")) return say("Ben is in. On his phone, write “/invite A7” to invite a client.", { who: "Ben" });
  if (has(dana, "?start=")) {
    return say("Tap the link or the picture on Dana's phone, open it on Ben's, and press Start.", { who: "Dana" });
  }
  return say("An empty practice. Dana runs it: write “/invite_therapist” on her phone.", { who: "Dana" });
}

function say(words, { move, who } = {}) {
  return { words, move, who };
}

/** Give the newest message of the bot that offers a choice, or else its newest. */
function live(phone) {
  if (!phone) return null;
  const theirs = [...phone.bubbles.values()].map(({ message }) => message).filter(({ mine }) => !mine);
  return theirs.findLast(({ rows }) => rows.flat().length > 1) ?? theirs.at(-1) ?? null;
}

function has(message, words) {
  return Boolean(message) && (message.text.includes(words)
    || message.rows.some((row) => row.some(({ label }) => label === words)));
}
