import { useState } from "react";
import { Link } from "wouter";
import { useContents, type FileContents } from "../../api/library-queries.ts";
import { formatBytes, formatCompact, formatCount, plural } from "../../format.ts";
import { Badge } from "../../parts/badge.tsx";
import { Loaded, Skeleton } from "../../parts/feedback.tsx";
import { FigureTable } from "../../parts/figure-table.tsx";
import { Icon } from "../../parts/icon.tsx";
import { Facts } from "../../parts/page.tsx";
import { JobList } from "./job-list.tsx";
import { LayerPicture } from "./layer-picture.tsx";
import { QuantizeForm } from "./quantize-form.tsx";
import { ServeSnippet } from "./serve-snippet.tsx";

/** What is in a model file, and what can be done with it. */
export function FileTab({ fileRef }: { fileRef: string }) {
  const contents = useContents(fileRef);
  return (
    <div className="stack">
      <p>
        <Link href="/models/library" className="small back-link">
          <Icon name="left" size={14} /> All files
        </Link>
      </p>
      <Loaded result={contents} skeleton={<Skeleton height={420} />}>
        {(found) => <Contents contents={found} />}
      </Loaded>
    </div>
  );
}

function Contents({ contents }: { contents: FileContents }) {
  return (
    <>
      <Summary contents={contents} />
      <div className="model-columns">
        <div className="stack">
          <QuantizeForm contents={contents} />
          <JobList />
        </div>
        <div className="stack">
          <Layers contents={contents} />
          <ServeSnippet file={contents.file} />
        </div>
      </div>
      <Template template={contents.chatTemplate} />
      <Metadata contents={contents} />
      <Tensors contents={contents} />
    </>
  );
}

function Summary({ contents }: { contents: FileContents }) {
  const { file, suspicious } = contents;
  const { facts } = file;
  const heads =
    contents.heads !== null && `${contents.heads}, ${contents.kvHeads} for keys and values`;
  return (
    <section className="panel stack" aria-labelledby="model-file">
      <div className="row">
        <h2 id="model-file">{file.name}</h2>
        {facts && <Badge tone="river">{facts.type}</Badge>}
        {file.usedBy.map((model) => (
          <Badge key={model} tone="moss" icon="check">
            serves {model}
          </Badge>
        ))}
      </div>
      {suspicious.length > 0 && (
        <div className="notice clay" role="alert">
          <Icon name="warning" />
          <div>
            <strong>Do not load this file before you know where it comes from.</strong>
            {suspicious.map((fault) => (
              <p key={fault}>{fault}</p>
            ))}
          </div>
        </div>
      )}
      <Facts
        facts={[
          ["Name", contents.name ?? "–"],
          ["Architecture", facts?.architecture ?? "–"],
          ["Parameters", formatCompact(facts?.parameters)],
          [
            "File",
            `${formatBytes(file.bytes)}${file.parts > 1 ? `, ${plural(file.parts, "part")}` : ""}`,
          ],
          ["Context", facts?.contextTokens ? `${formatCount(facts.contextTokens)} tokens` : "–"],
          ["Layers", formatCount(contents.layers)],
          ["Heads", heads || "–"],
          ["Embedding", formatCount(contents.embeddingLength)],
          ["Feed-forward", formatCount(contents.feedForwardLength)],
          ...(contents.experts === null
            ? []
            : [["Experts", formatCount(contents.experts)] as const]),
          ["Vocabulary", formatCount(contents.vocabularySize)],
          [
            "Tokenizer",
            [contents.tokenizer, contents.preTokenizer].filter(Boolean).join(", ") || "–",
          ],
          ["Licence", file.license ?? "not stated"],
          ["From", file.source ?? (file.path === "demo" ? "built in" : "weir.yaml")],
        ]}
      />
    </section>
  );
}

function Layers({ contents }: { contents: FileContents }) {
  return (
    <section className="panel stack" aria-labelledby="model-layers">
      <h2 id="model-layers">Where its bytes are</h2>
      <LayerPicture contents={contents} />
      <FigureTable
        labelledBy="model-layers"
        of="Type"
        columns={["Tensors", "Parameters", "Size"]}
        lines={contents.types.map(({ type, tensors, parameters, bytes }) => ({
          key: type,
          title: type,
          cells: [formatCount(tensors), formatCompact(parameters), formatBytes(bytes)],
        }))}
      />
    </section>
  );
}

function Template({ template }: { template: string | null }) {
  return (
    <Opening
      title="Chat template"
      detail={template === null ? "none" : plural(template.length, "character")}
    >
      {template === null ? (
        <p className="quiet">The file has none: a plain one is used for chats.</p>
      ) : (
        <pre className="model-template" tabIndex={0} aria-label="Chat template">
          {template}
        </pre>
      )}
    </Opening>
  );
}

function Metadata({ contents: { metadata } }: { contents: FileContents }) {
  return (
    <Opening title="Metadata" detail={plural(metadata.length, "entry").replace(/ys$/, "ies")}>
      <div className="table-box" tabIndex={0} role="region" aria-label="Metadata">
        <table className="table model-metadata">
          <thead>
            <tr>
              <th scope="col">Key</th>
              <th scope="col">Type</th>
              <th scope="col">Value</th>
            </tr>
          </thead>
          <tbody>
            {metadata.map(({ key, type, value, count }) => (
              <tr key={key}>
                <th scope="row" className="mono">
                  {key}
                </th>
                <td>{count === null ? type : `${type}, ${formatCount(count)}`}</td>
                <td className="mono model-value">{value}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Opening>
  );
}

function Tensors({ contents: { tensors } }: { contents: FileContents }) {
  return (
    <Opening title="Tensors" detail={plural(tensors.length, "tensor")}>
      <h3 id="model-tensors" className="for-screen-readers">
        Tensors
      </h3>
      <div className="model-tensors">
        <FigureTable
          labelledBy="model-tensors"
          of="Tensor"
          columns={["Type", "Shape", "Size"]}
          lines={tensors.map(({ name, type, dimensions, bytes }) => ({
            key: name,
            title: name,
            titleClass: "mono",
            cells: [type, dimensions.join(" × "), formatBytes(bytes)],
          }))}
        />
      </div>
    </Opening>
  );
}

/** What is long is written only when somebody opens it. */
function Opening(props: {
  readonly title: string;
  readonly detail: string;
  readonly children: React.ReactNode;
}) {
  const [isOpen, setOpen] = useState(false);
  return (
    <details className="panel model-more" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        <strong>{props.title}</strong> <span className="small quiet">{props.detail}</span>
      </summary>
      {isOpen && props.children}
    </details>
  );
}
