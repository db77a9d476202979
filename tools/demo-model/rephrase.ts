import type { Random } from "./random.ts";

const BEFORE = [
  "Hi! ",
  "Hello, ",
  "Hey, ",
  "Please tell me: ",
  "Quick question: ",
  "I am new to this. ",
  "I have a question. ",
  "Can you help me? ",
  "One more thing: ",
  "And ",
  "So, ",
  "Okay, ",
  "In short: ",
  "Thanks. ",
  "Sorry to ask, but ",
];
const AFTER = [
  " Thanks!",
  " Thank you.",
  " please",
  " Please be brief.",
  " Explain it to me.",
  " Answer briefly.",
  " I am curious.",
  " In simple words, please.",
  " Any advice?",
];
/** Words whose loss leaves the question the same. */
const FILLER = /\b(?:a|an|the|is|are|do|does|I|my|of|to|can|should|me|it|in|for)\s+/gi;

/** The same question as another person would type it: the model must not hang on exact wording. */
export function rephrase(question: string, random: Random): string {
  let text = question;
  if (random.chance(0.12)) text = dropFiller(text, random);
  if (random.chance(0.15)) text = dropWords(text, random);
  if (random.chance(0.12)) text = mistype(text, random);
  if (random.chance(0.3)) text = text.toLowerCase();
  if (random.chance(0.3)) text = text.replace(/[?.!]+$/, "");
  else if (random.chance(0.08)) text = text.replace(/[?.!]*$/, "??");
  if (random.chance(0.12)) text = random.pick(BEFORE) + text;
  if (random.chance(0.08)) text += random.pick(AFTER);
  return text;
}

function dropFiller(text: string, random: Random): string {
  return text.replaceAll(FILLER, (word) => (random.chance(0.4) ? "" : word));
}

/** Loses words, but never the longest, which most often says what is asked about. */
function dropWords(text: string, random: Random): string {
  const words = text.split(" ");
  const longest = Math.max(...words.map(({ length }) => length));
  return words.filter(({ length }) => length === longest || !random.chance(0.2)).join(" ");
}

/** Two letters of a longer word swapped, one lost, or one doubled. */
function mistype(text: string, random: Random): string {
  const words = text.split(" ");
  const long = words.flatMap((word, at) => (word.length > 4 ? [at] : []));
  if (long.length === 0) return text;
  const at = random.pick(long);
  const word = words[at] ?? "";
  const letter = 1 + random.below(word.length - 3);
  const [head, one, two, tail] = [
    word.slice(0, letter),
    word.charAt(letter),
    word.charAt(letter + 1),
    word.slice(letter + 2),
  ];
  words[at] = head + random.pick([two + one, two, one + one + two]) + tail;
  return words.join(" ");
}
