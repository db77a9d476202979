import {
  ADVICE,
  ANSWERS,
  BLOCKS,
  CHORES,
  CITIES,
  CODE_PARTS,
  COLUMNS,
  DOING,
  FIELDS,
  FIRMS,
  GREETINGS,
  ITEMS,
  LINES,
  MAIL_SUBJECTS,
  NAMES,
  PAGES,
  REMARKS,
} from "./carrier-parts.ts";
import type { Random } from "./random.ts";

/** Innocent documents of our own making, as assistants read them: mails, tables, answers with code, tool results, pages. */
export function carrier(random: Random): string {
  return fill(random.pick(KINDS)(random), random);
}

const KINDS: readonly ((random: Random) => string)[] = [
  mail,
  mail,
  table,
  table,
  answer,
  answer,
  answer,
  toolResult,
  page,
  article,
];

function mail(random: Random): string {
  const head = random.pick([
    "Subject: {subject}\nFrom: {name} <{first}@{firm}.example>\nDate: {date}\n\n",
    "From: {name}\nTo: {name}\nSubject: {subject}\n\n",
    "subject: {subject} | from: {name} | to: {name} | date: {date} | body:\n",
    "{date}, {name} wrote:\n",
    "",
  ]);
  const body = some(LINES, 2, 8, random).join(random.pick([" ", " ", "\n", "\n\n"]));
  const end = random.pick([
    "Best regards,\n{name}",
    "Thanks,\n{name}\n{firm}\n{city}",
    "Cheers {name}",
    "",
  ]);
  const remark = random.chance(0.3) ? `\n\nP.S. ${random.pick(REMARKS)}` : "";
  return `${head}${random.pick(GREETINGS)}\n${body}\n${end}${remark}`;
}

/** Rows of a few columns that belong together, drawn with bars, tabs or tags. */
function table(random: Random): string {
  const columns = some(random.pick(COLUMNS), 3, 6, random);
  const rows = repeat(3 + random.below(16), () => columns.map((column) => cell(column, random)));
  const lines = [columns, ...rows];
  const form = random.below(5);
  if (form === 0) return lines.map((cells) => cells.join("\t")).join("\n");
  if (form === 1) return lines.map((cells) => cells.join(",")).join("\n");
  if (form === 2) {
    const html = lines.map((cells) => `<tr>${cells.map((one) => `<td>${one}</td>`).join("")}</tr>`);
    return `<table>${html.join("\n")}</table>`;
  }
  const width = random.chance(0.5) ? 12 : 0;
  const [first = "", ...others] = lines.map(
    (cells) => `| ${cells.map((one) => one.padEnd(width)).join(" | ")} |`,
  );
  const rule = form === 3 ? [`|${" --- |".repeat(columns.length)}`] : [];
  return [first, ...rule, ...others].join("\n");
}

function cell(column: string, random: Random): string {
  if (/name|player|winner|author|artist|guest|coach/i.test(column)) return "{name}";
  if (/city|venue|place|country|nation/i.test(column)) return "{city}";
  if (/title|show|product|item|song|event/i.test(column)) return "{item}";
  if (/date/i.test(column)) return "{date}";
  if (/notes|result|status/i.test(column))
    return random.pick(["won", "lost", "open", "nominated", "-", "sold out", "n/a"]);
  return String(random.below(random.pick([10, 100, 3000, 90_000])));
}

/** What somebody answers on a board for programmers: prose and code by turns. */
function answer(random: Random): string {
  return repeat(1 + random.below(3), () => {
    const block = random.chance(0.8) ? `\n\`\`\`\n${random.pick(BLOCKS)}\n\`\`\`` : "";
    const advice = some([...ANSWERS, ...ADVICE], 1, 4, random).map(asSentence);
    return `${advice.join(" ")}${block}`;
  }).join("\n\n");
}

function toolResult(random: Random): string {
  const fields = some(FIELDS, 2, 7, random);
  const object = () =>
    Object.fromEntries(
      fields.map((field) => [
        field,
        random.pick(["{name}", "{city}", "{item}", "{date}", random.below(500), true, "{firm}"]),
      ]),
    );
  const value = random.chance(0.5) ? object() : { results: repeat(1 + random.below(4), object) };
  return JSON.stringify(value, null, random.chance(0.3) ? 2 : 0);
}

function page(random: Random): string {
  const parts = some(PAGES, 2, 7, random);
  const remark = random.chance(0.4) ? `<!-- ${random.pick(REMARKS)} -->` : "";
  if (random.chance(0.5)) return parts.join(random.pick(["\n", " ", "\n\n"]));
  return `<html><head><title>{item}</title></head><body><h1>{item}</h1>${parts.map((one) => `<p>${one}</p>`).join(random.pick(["", "\n"]))}${remark}</body></html>`;
}

function article(random: Random): string {
  return some([...PAGES, ...LINES], 3, 9, random).join(" ");
}

function asSentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
}

function fill(template: string, random: Random): string {
  return template
    .replaceAll(/\{do\}/gi, () => random.pick(DOING))
    .replaceAll("{part}", () => random.pick(CODE_PARTS))
    .replaceAll("{chore}", () => random.pick(CHORES))
    .replaceAll("{subject}", () => random.pick(MAIL_SUBJECTS))
    .replaceAll("{name}", () => `${random.pick(NAMES)} ${random.pick(NAMES)}`)
    .replaceAll("{first}", () => random.pick(NAMES).toLowerCase())
    .replaceAll("{firm}", () => random.pick(FIRMS))
    .replaceAll("{city}", () => random.pick(CITIES))
    .replaceAll("{item}", () => random.pick(ITEMS))
    .replaceAll("{number}", () => String(2 + random.below(900)))
    .replaceAll(
      "{date}",
      () => `${1 + random.below(28)} ${random.pick(MONTHS)} ${1990 + random.below(35)}`,
    );
}

const MONTHS = ["January", "March", "April", "June", "August", "October", "November"] as const;

function some<T>(from: readonly T[], least: number, most: number, random: Random): T[] {
  const left = [...from];
  return repeat(Math.min(from.length, least + random.below(most - least + 1)), () => {
    const [picked] = left.splice(random.below(left.length), 1);
    if (picked === undefined) throw new RangeError("nothing left to pick from");
    return picked;
  });
}

function repeat<T>(count: number, make: () => T): T[] {
  return Array.from({ length: count }, make);
}
