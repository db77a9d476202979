/** One line of a Prometheus page. */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const LINE = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)/;
const LABEL = /([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"/g;

/** The samples whose names begin so; comments and what is no number are left out. */
export function readSamples(page: string, prefix: string): Sample[] {
  return page
    .split("\n")
    .filter((line) => line.startsWith(prefix))
    .flatMap((line) => {
      const [, name = "", labels = "", value = ""] = LINE.exec(line) ?? [];
      const number = Number(value);
      return name === "" || Number.isNaN(number)
        ? []
        : [{ name, labels: readLabels(labels), value: number }];
    });
}

function readLabels(text: string): Record<string, string> {
  const pairs = Array.from(text.matchAll(LABEL), ([, name = "", value = ""]) => [
    name,
    value.replaceAll(/\\(.)/g, (_all, letter: string) => (letter === "n" ? "\n" : letter)),
  ]);
  return Object.fromEntries(pairs) as Record<string, string>;
}
