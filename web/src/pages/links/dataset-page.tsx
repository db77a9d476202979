import { useQuery } from "@tanstack/react-query";
import { Link } from "wouter";
import { read } from "../../api/client.ts";
import { asNumber, asText, at } from "../../api/json.ts";
import { useProjects } from "../../api/trace-queries.ts";
import { formatAgo, plural } from "../../format.ts";
import { Loaded, SkeletonRows } from "../../parts/feedback.tsx";
import { PageHead } from "../../parts/page.tsx";

/** A dataset and the experiments on it, each of which leads to its traces. */
export function DatasetPage({ id }: { id: string }) {
  const dataset = useQuery({
    queryKey: ["dataset", id],
    queryFn: ({ signal }) => read<unknown>(`/api/v1/datasets/${encodeURIComponent(id)}`, signal),
    retry: false,
  });
  const name = asText(at(dataset.data, "name")) ?? "Dataset";
  const count = asNumber(at(dataset.data, "example_count"));
  return (
    <>
      <PageHead
        title={name}
        name="Dataset"
        lead={count === null ? "A dataset" : `A dataset of ${plural(count, "example")}`}
      />
      <Loaded result={dataset} skeleton={<SkeletonRows count={3} />}>
        {() => <Experiments dataset={id} />}
      </Loaded>
    </>
  );
}

function Experiments({ dataset }: { dataset: string }) {
  const projects = useProjects();
  const now = Date.now();
  return (
    <section className="panel" aria-labelledby="experiments">
      <div className="panel-head">
        <h2 id="experiments">Experiments</h2>
      </div>
      <Loaded result={projects} skeleton={<SkeletonRows count={3} />}>
        {(all) => {
          const experiments = all.filter(
            ({ referenceDatasetId }) => referenceDatasetId === dataset,
          );
          if (experiments.length === 0)
            return <p className="quiet">None yet: LangSmith's evaluate() makes one.</p>;
          return (
            <ul className="stack">
              {experiments.map(({ id, name, lastRunAt }) => (
                <li key={id} className="row">
                  <Link href={`/traces?window=all&project=${id}`}>{name}</Link>
                  <span className="quiet small">last run {formatAgo(lastRunAt, now)}</span>
                </li>
              ))}
            </ul>
          );
        }}
      </Loaded>
    </section>
  );
}
