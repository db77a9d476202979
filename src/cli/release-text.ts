import { formatDuration } from "../core/time.ts";
import type { ReleaseDetail, ReleaseView } from "../http/release-schemas.ts";
import { rightTable } from "./table.ts";

/** A release in one line, for whoever watches. */
export function standingLine(one: ReleaseView): string {
  const { stages, stage, exposed, pairs, against, bound, notes } = one;
  const seen = exposed > 0 ? `${exposed} units seen` : `${pairs} copies`;
  const parts = [stages[stage]?.name ?? "", seen, `evidence ${round(against)} of ${bound}`];
  return `${parts.join(" · ")}${notes[0] === undefined ? "" : ` · ${notes[0]}`}`;
}

/** Everything that `weir release why` tells. */
export function explain(detail: ReleaseDetail): string {
  const { model, candidate, stable, phase, isPaused, why, falseRollback, missWorseThan } = detail;
  const paragraphs = [
    `${model}: ${candidate} against ${stable} is ${phase}${isPaused && phase === "running" ? ", paused" : ""}.\n${why}`,
    detail.notes.join("\n"),
    numbersOf(detail),
    marksOf(detail),
    turnsOf(detail),
    `A candidate that is no worse is rolled back with a probability of at most ${percent(falseRollback)}, over the whole release and all marks. One that is ${missWorseThan} times worse in any mark is promoted with at most ${percent(1 / detail.passAt)}.`,
  ];
  return paragraphs.filter((one) => one !== "").join("\n\n");
}

function numbersOf({
  exposed,
  maxExposed,
  pairs,
  controls,
  elapsedMs,
  against,
  bound,
}: ReleaseView) {
  const copies = pairs > 0 ? ` after ${pairs} copies that nobody saw` : "";
  return [
    `Evidence against it: ${round(against)}; at ${bound} it is rolled back.`,
    `Seen by ${exposed} of at most ${maxExposed} units${copies}, compared with ${controls} of stable's, in ${formatDuration(elapsedMs)}.`,
  ].join("\n");
}

function marksOf({ marks, stages, stage, passAt, phase }: ReleaseDetail): string {
  const step = stages.slice(0, stage).filter(({ share }) => share > 0).length;
  const rows = marks.map((mark) => {
    const passes = mark.passes[Math.min(step, mark.passes.length - 1)] ?? 0;
    return [
      mark.name,
      rate(mark.stable),
      rate(mark.candidate),
      round(mark.against),
      mark.isAwaited ? `${round(passes)} of ${round(passAt)}` : "not asked",
    ];
  });
  const passing = phase === "running" ? "PASSES" : "PASSED";
  const [head, ...lines] = rightTable(
    ["MARK", "STABLE", "CANDIDATE", "AGAINST", passing],
    rows,
    1,
  ).split("\n");
  const said = lines.map((line, at) => `${line}  ${marks[at]?.meaning ?? ""}`);
  return [head, ...said].join("\n");
}

function rate({ marked, units }: { readonly marked: number; readonly units: number }): string {
  return units === 0 ? "-" : `${marked}/${units}`;
}

function turnsOf({ turns, stages }: ReleaseDetail): string {
  return turns
    .map(({ at, phase, stage, why }) => {
      const where = phase === "running" ? `to ${stages[stage]?.name ?? ""}` : phase;
      return `${new Date(at).toISOString()}  ${where}: ${why}`;
    })
    .join("\n");
}

function round(value: number): string {
  return value >= 1000 ? value.toExponential(1) : String(Number(value.toPrecision(3)));
}

function percent(share: number): string {
  return `${Number((share * 100).toFixed(2))} %`;
}
