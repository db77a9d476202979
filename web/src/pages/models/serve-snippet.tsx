import type { LibraryFile } from "../../api/library-queries.ts";
import { CodeBox } from "../../parts/feedback.tsx";

/** What to write into weir.yaml so that clients can ask for a file. */
export function ServeSnippet({ file }: { file: LibraryFile }) {
  const { name, path, usedBy } = file;
  const short = name
    .replace(/^.*\//, "")
    .toLowerCase()
    .replaceAll(/[^\w.-]/g, "-");
  const code = `models:\n  ${short}:\n    targets:\n      - provider: llama\n        file: ${path === "demo" ? path : JSON.stringify(path)}\n`;
  return (
    <section className="panel stack" aria-labelledby="model-serve">
      <div>
        <h2 id="model-serve">Serve it</h2>
        <p className="small quiet">
          {usedBy.length > 0 && `It answers for ${usedBy.join(", ")} already. `}
          Write this into weir.yaml: the server takes it over when the file is saved, and clients
          ask for the model <code>{short}</code>.
        </p>
      </div>
      <CodeBox code={code} label="For weir.yaml" />
    </section>
  );
}
