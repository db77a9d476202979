import { useState } from "react";
import { useRemoveFile, type LibraryFile } from "../../api/library-queries.ts";
import { formatBytes, formatCompact, formatCount } from "../../format.ts";
import { Badge } from "../../parts/badge.tsx";
import { Dialog } from "../../parts/dialog.tsx";
import { ErrorNotice } from "../../parts/feedback.tsx";
import { useWhyNot } from "../../parts/role.tsx";
import { FileLink } from "./file-link.tsx";

/** Every model file that this server knows, with what its header says. */
export function FileTable({ files }: { files: readonly LibraryFile[] }) {
  const [leaving, setLeaving] = useState<LibraryFile | null>(null);
  if (files.length === 0) return null;
  return (
    <>
      <div className="table-box" tabIndex={0} role="region" aria-labelledby="model-files">
        <table className="table model-table">
          <thead>
            <tr>
              <th scope="col">Name</th>
              <th scope="col">Type</th>
              <th scope="col" className="number">
                Size
              </th>
              <th scope="col" className="number">
                Parameters
              </th>
              <th scope="col" className="number">
                Context
              </th>
              <th scope="col">Licence</th>
              <th scope="col">In use</th>
              <th scope="col">
                <span className="for-screen-readers">Actions</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {files.map((file) => (
              <FileRow key={file.ref} file={file} onRemove={setLeaving} />
            ))}
          </tbody>
        </table>
      </div>
      {leaving && <RemoveDialog file={leaving} onClose={() => setLeaving(null)} />}
    </>
  );
}

interface RowProps {
  readonly file: LibraryFile;
  readonly onRemove: (file: LibraryFile) => void;
}

function FileRow({ file, onRemove }: RowProps) {
  const { ref, name, path, source, facts, bytes, license, usedBy, problem, inLibrary } = file;
  const mayNot = useWhyNot("operator");
  const whyNot = mayNot ?? (usedBy.length > 0 ? "weir.yaml serves it." : undefined);
  return (
    <tr>
      <th scope="row" className="model-name">
        {facts ? <FileLink fileRef={ref} name={name} /> : name}
        <span className="small quiet">
          {source ?? (path === "demo" ? "built in" : "named by weir.yaml")}
        </span>
        {problem !== null && <span className="small job-error">{problem}</span>}
      </th>
      <td>{facts ? <Badge tone="slate">{facts.type}</Badge> : "–"}</td>
      <td className="number">{formatBytes(bytes)}</td>
      <td className="number">{formatCompact(facts?.parameters)}</td>
      <td className="number">{formatCount(facts?.contextTokens)}</td>
      <td>{license ?? "not stated"}</td>
      <td>{usedBy.length > 0 ? usedBy.join(", ") : "–"}</td>
      <td className="number">
        {inLibrary && (
          <button
            type="button"
            className="button plain"
            aria-label={`Remove ${name}`}
            disabled={whyNot !== undefined}
            title={whyNot}
            onClick={() => onRemove(file)}
          >
            Remove
          </button>
        )}
      </td>
    </tr>
  );
}

function RemoveDialog({ file, onClose }: { file: LibraryFile; onClose: () => void }) {
  const remove = useRemoveFile();
  return (
    <Dialog title={`Remove ${file.name}?`} onClose={onClose}>
      <p>
        It leaves the library. Its {formatBytes(file.bytes)} are freed by the next clean-up, unless
        another model has the same content.
      </p>
      {remove.error && <ErrorNotice error={remove.error} />}
      <div className="actions">
        <button type="button" className="button" onClick={onClose}>
          Keep it
        </button>
        <button
          type="button"
          className="button danger"
          disabled={remove.isPending}
          onClick={() => remove.mutate(file.ref, { onSuccess: onClose })}
        >
          Remove
        </button>
      </div>
    </Dialog>
  );
}
