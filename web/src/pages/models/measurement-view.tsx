import {
  useForgetMeasurement,
  useLibrary,
  type LibraryMeasurement,
} from "../../api/library-queries.ts";
import {
  formatBytes,
  formatCount,
  formatFullTime,
  formatMs,
  formatRate,
  formatShare,
  plural,
} from "../../format.ts";
import { Badge } from "../../parts/badge.tsx";
import { CodeBox, ErrorNotice } from "../../parts/feedback.tsx";
import { FigureTable } from "../../parts/figure-table.tsx";
import { useWhyNot } from "../../parts/role.tsx";
import { FileLink } from "./file-link.tsx";
import { QualityPlot } from "./quality-plot.tsx";
import { ServeSnippet } from "./serve-snippet.tsx";

/** What a comparison or a search found: picture, table, and the choice with its card. */
export function MeasurementView({ measurement }: { measurement: LibraryMeasurement }) {
  const { id, kind, at, original, rows, bounds, chosen } = measurement;
  const forget = useForgetMeasurement();
  const whyNot = useWhyNot("operator");
  const title = `measurement-${id}`;
  const chosenRow = chosen ? rows.at(-1)?.name : undefined;
  return (
    <section className="panel stack" aria-labelledby={title}>
      <div className="panel-head">
        <div>
          <h2 id={title}>
            {kind === "compare"
              ? `${original} and what was made from it`
              : `The smallest of ${original}`}
          </h2>
          <p className="small quiet">
            {formatFullTime(at)}, on {measurement.text.name} of{" "}
            {formatCount(measurement.text.characters)} characters ({formatCount(rows[0]?.tokens)}{" "}
            tokens predicted), {plural(measurement.threads, "thread")}
            {bounds && `, ${boundsText(bounds)}`}
          </p>
        </div>
        <button
          type="button"
          className="button plain"
          disabled={whyNot !== undefined || forget.isPending}
          title={whyNot}
          onClick={() => forget.mutate(id)}
        >
          Forget
        </button>
      </div>
      {forget.error && <ErrorNotice error={forget.error} />}
      {kind === "optimize" && <Choice measurement={measurement} />}
      {rows.length > 0 && (
        <>
          <QualityPlot measurement={measurement} chosen={chosenRow} />
          <Table measurement={measurement} labelledBy={title} chosen={chosenRow} />
        </>
      )}
      {chosen && <Chosen chosen={chosen} />}
    </section>
  );
}

function boundsText({
  memoryBytes,
  divergence,
}: NonNullable<LibraryMeasurement["bounds"]>): string {
  const room = memoryBytes === null ? "" : ` and ${formatBytes(memoryBytes)} of memory`;
  return `within ${divergence} nats a token${room}`;
}

function Choice({
  measurement: { chosen, rows, originalBytes, bounds },
}: {
  measurement: LibraryMeasurement;
}) {
  const last = rows.at(-1);
  if (!chosen || !last) {
    return (
      <div className="notice ochre" role="note">
        <div>
          <strong>No type is {bounds && boundsText(bounds)}.</strong>
          <span>Allow more loss or memory, or take a smaller model.</span>
        </div>
      </div>
    );
  }
  return (
    <div className="notice moss" role="note">
      <div>
        <strong>
          {chosen.type}: {formatBytes(originalBytes)} become {formatBytes(last.bytes)} (
          {formatShare(last.bytes, originalBytes)}).
        </strong>
        <span>
          It chooses the same word as the original {(last.sameTop * 100).toFixed(1)}% of the time,
          and stands in the library as{" "}
          <FileLink fileRef={`library:${chosen.name}`} name={chosen.name} />.
        </span>
      </div>
    </div>
  );
}

const COLUMNS = [
  "Type",
  "Size",
  "Memory",
  "First token",
  "Tokens/s",
  "Perplexity",
  "Divergence",
  "Same choice",
];

function Table(props: {
  readonly measurement: LibraryMeasurement;
  readonly labelledBy: string;
  readonly chosen: string | undefined;
}) {
  const { rows, original } = props.measurement;
  return (
    <FigureTable
      labelledBy={props.labelledBy}
      of="File"
      columns={COLUMNS}
      lines={rows.map((row) => ({
        key: row.name,
        title: (
          <>
            {row.name} {row.name === original && <Badge tone="ochre">original</Badge>}
            {row.name === props.chosen && <Badge tone="moss">chosen</Badge>}
          </>
        ),
        cells: [
          row.type,
          formatBytes(row.bytes),
          formatBytes(row.peakBytes),
          formatMs(row.firstTokenMs),
          formatRate(row.tokensPerSecond),
          row.perplexity < 100 ? row.perplexity.toFixed(2) : formatCount(row.perplexity),
          row.divergence === 0 ? "0" : row.divergence.toFixed(4),
          `${(row.sameTop * 100).toFixed(1)}%`,
        ],
      }))}
    />
  );
}

function Chosen({ chosen }: { chosen: NonNullable<LibraryMeasurement["chosen"]> }) {
  const { data } = useLibrary();
  const file = data?.files.find(({ ref }) => ref === `library:${chosen.name}`);
  return (
    <>
      <details>
        <summary>Its card</summary>
        <CodeBox code={chosen.card} label="The card, as Markdown" />
      </details>
      {file && (
        <details>
          <summary>How to serve it</summary>
          <ServeSnippet file={file} />
        </details>
      )}
    </>
  );
}
