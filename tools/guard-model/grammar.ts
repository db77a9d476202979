import { LANGUAGES, PLANTED, SNIPPETS } from "./planted.ts";
import type { Random } from "./random.ts";
import * as overrides from "./overrides.ts";
import * as personas from "./personas.ts";
import type { Row } from "./read-rows.ts";
import { TONGUES } from "./tongues.ts";

/** Rows of our own making: attacks from a grammar, and instructions planted in innocent documents. */
export const GRAMMAR_GROUP = "own-grammar";

const COUNTS = {
  personas: 900,
  hypothetical: 300,
  steps: 200,
  overrides: 900,
  extraction: 500,
  planted: 1800,
};

export function makeRows(training: readonly Row[], random: Random): Row[] {
  return [
    ...repeat(COUNTS.personas, () => row(persona(random), "jailbreak", "user", "role-play")),
    ...repeat(COUNTS.hypothetical, () =>
      row(fill(random.pick(personas.HYPOTHETICAL), random), "jailbreak", "user", "hypothetical"),
    ),
    ...repeat(COUNTS.steps, () => row(stepwise(random), "jailbreak", "user", "multi-step")),
    ...repeat(COUNTS.overrides, () => row(override(random), "injection", "user", "direct")),
    ...repeat(COUNTS.extraction, () => row(extraction(random), "injection", "user", "extraction")),
    ...overrides.INNOCENT.map((text) => row(text, "benign", "user", "innocent")),
    ...TONGUES.flatMap((tongue) => innocent(tongue, random)),
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
    const text = planted(random.pick(documents).text.slice(0, 1500), order, random);
    return row(text, "injection", "document", "planted");
  });
}

function orderFor(orders: readonly Row[], random: Random): string {
  if (random.chance(0.3)) return override(random);
  if (random.chance(0.3)) return random.pick(orders).text;
  const order = fill(
    random.pick(PLANTED).replaceAll("{goal}", () => random.pick(overrides.GOALS)),
    random,
  );
  return order.endsWith(":") ? `${order}\n${random.pick(SNIPPETS)}` : order;
}

function planted(document: string, order: string, random: Random): string {
  const place = random.below(3);
  if (place === 0) return `${order}\n${document}`;
  if (place === 1) return `${document}\n${order}`;
  const middle = document.indexOf(" ", Math.floor(document.length / 2));
  return middle < 0
    ? `${document}\n${order}`
    : `${document.slice(0, middle)}\n${order}\n${document.slice(middle + 1)}`;
}

function fill(template: string, random: Random): string {
  return template
    .replaceAll("{thing}", () => random.pick(overrides.THINGS))
    .replaceAll("{word}", () => random.pick(overrides.WORDS))
    .replaceAll("{who}", () => random.pick(overrides.PEOPLE))
    .replaceAll("{mail}", () => random.pick(overrides.MAILS))
    .replaceAll("{tongue}", () => random.pick(LANGUAGES))
    .replaceAll("{url}", () => random.pick(overrides.URLS))
    .replaceAll("{harm}", () => random.pick(personas.HARMS));
}

function repeat<T>(count: number, make: () => T): T[] {
  return Array.from({ length: count }, make);
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
