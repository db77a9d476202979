import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Link } from "wouter";
import { read } from "../../api/client.ts";
import { asText, at } from "../../api/json.ts";
import { formatFullTime, plural } from "../../format.ts";
import { Loaded, SkeletonRows } from "../../parts/feedback.tsx";
import { PageHead } from "../../parts/page.tsx";
import { RunTexts } from "../traces/run-texts.tsx";
import { TreeView } from "../traces/tree-view.tsx";
import { toSharedRun } from "./shared-run.ts";

/** A trace for whoever has the link: its runs and their texts, without signing in, and nothing else. */
export function SharedPage({ token }: { token: string }) {
  const runs = useQuery({
    queryKey: ["shared", token, "runs"],
    queryFn: ({ signal }) =>
      read<unknown[]>(`/api/v1/public/${encodeURIComponent(token)}/runs`, signal),
    retry: false,
  });
  return (
    <main className="page shared">
      <PageHead
        title="A shared trace"
        name="A shared trace"
        lead="Whoever has this link can read it"
      >
        <Link href="/" className="button">
          Sign in
        </Link>
      </PageHead>
      <Loaded result={runs} skeleton={<SkeletonRows count={6} />}>
        {(wires) => <Shared wires={wires} />}
      </Loaded>
    </main>
  );
}

function Shared({ wires }: { wires: readonly unknown[] }) {
  const runs = wires.flatMap((wire) => toSharedRun(wire) ?? []);
  const root = runs.find(({ parentId }) => parentId === null) ?? runs[0];
  const [chosen, setChosen] = useState<string | null>(null);
  const selected = chosen ?? root?.id ?? null;
  const wire = wires.find((one) => asText(at(one, "id")) === selected);
  const run = runs.find(({ id }) => id === selected);
  if (!run) return <p className="quiet">Nothing is shared under this link any more.</p>;
  const kept = { capture: "full", status: run.status } as const;
  return (
    <div className="trace-view">
      <section className="panel" aria-label="Tree and waterfall">
        <p className="quiet small run-finder">
          {plural(runs.length, "run")}, {formatFullTime(root?.at ?? run.at)}
        </p>
        <TreeView runs={runs} selected={selected} onSelect={setChosen} />
      </section>
      <section className="stack" aria-label="Run">
        <h2>{run.name}</h2>
        <RunTexts title="Input" value={at(wire, "inputs")} run={kept} truncated={false} />
        <RunTexts title="Output" value={at(wire, "outputs")} run={kept} truncated={false} />
      </section>
    </div>
  );
}
