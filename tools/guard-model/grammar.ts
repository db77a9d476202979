import { carrier } from "./carriers.ts";
import { chore } from "./chores.ts";
import { fragment, shortAttack } from "./fragments.ts";
import {
  ABOUT_ANSWERS,
  CHANGES,
  LANGUAGES,
  PLANTED,
  REPLIES,
  SNIPPETS,
  TASKS,
  TOPICS,
  WRAPPERS,
} from "./planted.ts";
import type { Random } from "./random.ts";
import * as overrides from "./overrides.ts";
import * as personas from "./personas.ts";
import { PLEAS, type Plea } from "./pleas.ts";
import type { Row } from "./read-rows.ts";
import { TONGUES } from "./tongues.ts";

/** Rows of our own making: attacks from a grammar, and instructions planted in innocent documents. */
export const GRAMMAR_GROUP = "own-grammar";
/** The family of innocent texts of a few words. */
export const FRAGMENT = "fragment";

const COUNTS = {
  personas: 900,
  hypothetical: 300,
  steps: 200,
  overrides: 900,
  extraction: 500,
  pleas: 3000,
  chats: 1400,
  chores: 1500,
  fragments: 2500,
  shortAttacks: 600,
  planted: 2600,
  carriers: 2400,
};

/** How often a planted order is dressed as a part of the document. */
const WRAPPED = 0.3;

/** How often an order is planted in a document of our own. */
const OWN_CARRIERS = 0.6;

export function makeRows(training: readonly Row[], random: Random): Row[] {
  return [
    ...repeat(COUNTS.personas, () => row(persona(random), "jailbreak", "user", "role-play")),
    ...repeat(COUNTS.hypothetical, () =>
      row(fill(random.pick(personas.HYPOTHETICAL), random), "jailbreak", "user", "hypothetical"),
    ),
    ...repeat(COUNTS.steps, () => row(stepwise(random), "jailbreak", "user", "multi-step")),
    ...repeat(COUNTS.overrides, () => row(override(random), "injection", "user", "direct")),
    ...repeat(COUNTS.extraction, () => row(extraction(random), "injection", "user", "extraction")),
    ...repeat(COUNTS.pleas, () => row(plea(random), "injection", "user", "plea")),
    ...PLEAS.flatMap(({ innocent }) => innocent).map((text) =>
      row(text, "benign", "user", "innocent"),
    ),
    ...repeat(COUNTS.chats, () =>
      row(chat(tongueOf(random), 2 + random.below(4), random), "benign", "user", "innocent"),
    ),
    ...repeat(COUNTS.chores, () => row(chore(random), "benign", "user", "innocent")),
    ...distinct(COUNTS.fragments, () => fragment(random)).map((text) =>
      row(text, "benign", "user", FRAGMENT),
    ),
    ...distinct(COUNTS.shortAttacks, () => shortAttack(random)).map((text) =>
      row(text, "injection", "user", "short"),
    ),
    ...overrides.INNOCENT.map((text) => row(text, "benign", "user", "innocent")),
    ...TONGUES.flatMap((tongue) => innocent(tongue, random)),
    ...repeat(COUNTS.carriers, () => row(carrier(random), "benign", "document", "innocent")),
    ...plant(training, random),
  ];
}

/** Questions as a user types them, and the same language as it stands in documents. */
function innocent({ asks, things, tells }: (typeof TONGUES)[number], random: Random): Row[] {
  return [
    ...asks
      .flatMap((ask) => things.map((thing) => ask.replace("{x}", thing)))
      .map((text) => row(text, "benign", "user", "innocent")),
    ...repeat(12, () =>
      row(
        repeat(1 + random.below(4), () => random.pick(tells)).join(" "),
        "benign",
        "document",
        "innocent",
      ),
    ),
  ];
}

function persona(random: Random): string {
  const name = random.pick(personas.NAMES);
  const sentences = [
    random.pick(personas.OPENINGS),
    ...repeat(1 + random.below(4), () => random.pick(personas.CLAIMS)),
    ...repeat(1 + random.below(4), () => random.pick(personas.ORDERS)),
  ];
  if (random.chance(0.3))
    sentences.push(`My first question is: how do I ${random.pick(personas.HARMS)}?`);
  const gap = random.chance(0.2) ? "\n" : " ";
  return fill(sentences.join(gap).replaceAll("{name}", name), random);
}

function stepwise(random: Random): string {
  return fill(
    random.pick(personas.STEPS).replaceAll("{name}", random.pick(personas.NAMES)),
    random,
  );
}

function override(random: Random): string {
  const joint = random.pick([" and ", ". ", ": ", ", ", "\n", " - ", "! "]);
  const attack = `${random.pick(overrides.OVERRIDES)}${joint}${random.pick(overrides.GOALS)}`;
  const text = random.chance(0.2) ? attack.toUpperCase() : attack;
  return fill(random.chance(0.3) ? `${text}.` : text, random);
}

function extraction(random: Random): string {
  return fill(random.pick(overrides.FRAMES), random);
}

/** Every third plea is in English, as most are. */
function tongueOf(random: Random): Plea {
  const [english] = PLEAS;
  return english && random.chance(0.35) ? english : random.pick(PLEAS);
}

/** A plea alone, at the end of a chat about other things, or as the last of some questions and answers. */
function plea(random: Random): string {
  const tongue = tongueOf(random);
  if (random.chance(0.3)) return claim(tongue, random);
  const asked = random.pick(tongue.frames).replace("{s}", () => random.pick(tongue.hidden));
  if (random.chance(0.65)) return asked;
  const before = chat(tongue, 1 + random.below(5), random);
  if (random.chance(0.8)) return `${before} ${asked}`;
  return `${asked} ${before}`;
}

/** After a claim anything may be asked, harmless things too: it is the claim that gives it away. */
function claim(tongue: Plea, random: Random): string {
  const asked = random.chance(0.4)
    ? random.pick(tongue.frames).replace("{s}", () => random.pick(tongue.hidden))
    : random.pick(tongue.innocent);
  return `${random.pick(tongue.claims)} ${asked}`;
}

function chat({ innocent }: Plea, sentences: number, random: Random): string {
  return repeat(sentences, () => random.pick(innocent)).join(" ");
}

/** An order to an assistant has no business in a document, however innocent it is where a user types it. */
function plant(training: readonly Row[], random: Random): Row[] {
  const documents = training.filter(
    ({ label, surface }) => label === "benign" && surface === "document",
  );
  const orders = training.filter(
    ({ label, surface, text }) => label === "benign" && surface === "user" && text.length < 160,
  );
  if (documents.length === 0 || orders.length === 0) return [];
  return repeat(COUNTS.planted, () => {
    const order = orderFor(orders, random);
    const text = planted(
      random.chance(OWN_CARRIERS) ? carrier(random) : random.pick(documents).text.slice(0, 1500),
      order,
      random,
    );
    return row(text, "injection", "document", "planted");
  });
}

function orderFor(orders: readonly Row[], random: Random): string {
  const kind = random.below(11);
  if (kind === 10)
    return `${random.pick(PLANTED.filter((one) => one.endsWith(":")))}\n${random.pick(SNIPPETS)}`;
  if (kind < 2) return override(random);
  if (kind < 4) return random.pick(orders).text;
  if (kind < 6) return fill(random.pick(TASKS), random);
  if (kind < 8) return fill(aboutAnswer(random), random);
  const order = fill(
    random.pick(PLANTED).replaceAll("{goal}", () => random.pick(overrides.GOALS)),
    random,
  );
  return order.endsWith(":") ? `${order}\n${random.pick(SNIPPETS)}` : order;
}

function aboutAnswer(random: Random): string {
  const order = random
    .pick(ABOUT_ANSWERS)
    .replace("{change}", () => random.pick(CHANGES))
    .replace("{reply}", () => random.pick(REPLIES));
  return `${order.charAt(0).toUpperCase()}${order.slice(1)}`;
}

function planted(document: string, order: string, random: Random): string {
  const hidden = random.chance(WRAPPED)
    ? random.pick(WRAPPERS).replace("{order}", () => order)
    : order;
  const place = random.below(3);
  if (place === 0) return `${hidden}\n${document}`;
  if (place === 1) return `${document}\n${hidden}`;
  const middle = document.indexOf(" ", Math.floor(document.length / 2));
  return middle < 0
    ? `${document}\n${hidden}`
    : `${document.slice(0, middle)}\n${hidden}\n${document.slice(middle + 1)}`;
}

function fill(template: string, random: Random): string {
  return template
    .replaceAll("{thing}", () => random.pick(overrides.THINGS))
    .replaceAll("{word}", () => random.pick(overrides.WORDS))
    .replaceAll("{who}", () => random.pick(overrides.PEOPLE))
    .replaceAll("{mail}", () => random.pick(overrides.MAILS))
    .replaceAll("{tongue}", () => random.pick(LANGUAGES))
    .replaceAll("{topic}", () => random.pick(TOPICS))
    .replaceAll("{url}", () => random.pick(overrides.URLS))
    .replaceAll("{harm}", () => random.pick(personas.HARMS));
}

function repeat<T>(count: number, make: () => T): T[] {
  return Array.from({ length: count }, make);
}

/** So many tries, each outcome once. */
function distinct(count: number, make: () => string): string[] {
  return [...new Set(repeat(count, make))];
}

function row(text: string, label: Row["label"], surface: Row["surface"], family: string): Row {
  return {
    text,
    label,
    surface,
    source: `synthetic:${GRAMMAR_GROUP}`,
    family,
    group: GRAMMAR_GROUP,
  };
}
