import { useQuery } from "@tanstack/react-query";
import { Link, Redirect, useLocation } from "wouter";
import { asText, at } from "../../api/json.ts";
import { read } from "../../api/client.ts";
import { Empty, ErrorNotice, SkeletonRows } from "../../parts/feedback.tsx";
import { PageHead } from "../../parts/page.tsx";
import { DatasetPage } from "./dataset-page.tsx";
import { placeOf } from "./link-place.ts";
import { PromptPage } from "./prompt-page.tsx";

/** Where an address that LangSmith's SDKs print leads to. */
export function LinkedPage() {
  const [path] = useLocation();
  const place = placeOf(path);
  if (place.kind === "path") return <Redirect to={place.path} replace />;
  if (place.kind === "shared") return <SharedRun token={place.token} />;
  if (place.kind === "dataset") return <DatasetPage id={place.id} />;
  if (place.kind === "prompt") return <PromptPage name={place.name} commit={place.commit} />;
  return (
    <>
      <PageHead title="No such page" name="No such page" />
      <Empty title="Nothing flows here">
        <p>
          This address of LangSmith's has no page here. <Link href="/traces">Go to the traces</Link>
        </p>
      </Empty>
    </>
  );
}

/** A share's token names a run: it is shown in its trace. */
function SharedRun({ token }: { token: string }) {
  const run = useQuery({
    queryKey: ["shared", token],
    queryFn: ({ signal }) =>
      read<unknown>(`/api/v1/public/${encodeURIComponent(token)}/run`, signal),
    retry: false,
  });
  const traceId = asText(at(run.data, "trace_id"));
  const id = asText(at(run.data, "id"));
  if (traceId !== null) return <Redirect to={`/traces/${traceId}?run=${id}`} replace />;
  return (
    <>
      <PageHead title="A shared trace" name="A shared trace" />
      {run.error ? <ErrorNotice error={run.error} /> : <SkeletonRows count={3} />}
    </>
  );
}
