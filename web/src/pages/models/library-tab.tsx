import { useClean, useLibrary, type LibraryList } from "../../api/library-queries.ts";
import { formatBytes } from "../../format.ts";
import { ErrorNotice, Loaded, SkeletonRows } from "../../parts/feedback.tsx";
import { useWhyNot } from "../../parts/role.tsx";
import { FileTable } from "./file-table.tsx";
import { JobList } from "./job-list.tsx";
import { PullForm } from "./pull-form.tsx";

/** The files, a box to fetch more, and what is under way. */
export function LibraryTab() {
  const library = useLibrary();
  return (
    <div className="stack">
      <PullForm />
      <JobList />
      <Loaded result={library} skeleton={<SkeletonRows count={4} height={52} />}>
        {(list) => <Files list={list} />}
      </Loaded>
    </div>
  );
}

function Files({ list: { files, unusedBytes } }: { list: LibraryList }) {
  const clean = useClean();
  const whyNot = useWhyNot("operator");
  return (
    <section className="panel stack" aria-labelledby="model-files">
      <div className="panel-head model-files-head">
        <h2 id="model-files">Model files</h2>
        {unusedBytes > 0 && (
          <button
            type="button"
            className="button small"
            disabled={clean.isPending || whyNot !== undefined}
            title={whyNot}
            onClick={() => clean.mutate()}
          >
            Clean up: {formatBytes(unusedBytes)} that no model has
          </button>
        )}
      </div>
      {clean.error && <ErrorNotice error={clean.error} />}
      <FileTable files={files} />
      {files.length === 0 && (
        <p className="quiet">
          Nothing here yet. Pull a model above, or name a file under <code>models:</code> in
          weir.yaml.
        </p>
      )}
    </section>
  );
}
