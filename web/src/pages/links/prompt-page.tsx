import { useQuery } from "@tanstack/react-query";
import { read } from "../../api/client.ts";
import { asText, at } from "../../api/json.ts";
import { CodeBox, Loaded, SkeletonRows } from "../../parts/feedback.tsx";
import { PageHead } from "../../parts/page.tsx";

/** A version of a prompt, as it was pushed. */
export function PromptPage({ name, commit }: { name: string; commit: string | null }) {
  const version = useQuery({
    queryKey: ["prompt", name, commit],
    queryFn: ({ signal }) =>
      read<unknown>(
        `/api/v1/commits/-/${encodeURIComponent(name)}/${encodeURIComponent(commit ?? "latest")}`,
        signal,
      ),
    retry: false,
  });
  const hash = asText(at(version.data, "commit_hash"));
  return (
    <>
      <PageHead
        title={name}
        name="Prompt"
        lead={hash === null ? "A prompt" : <code className="trace-id">{hash}</code>}
      />
      <Loaded result={version} skeleton={<SkeletonRows count={3} />}>
        {(found) => (
          <section className="panel" aria-label="Manifest">
            <CodeBox
              code={JSON.stringify(at(found, "manifest") ?? found, null, 2)}
              label="The prompt's manifest"
            />
          </section>
        )}
      </Loaded>
    </>
  );
}
