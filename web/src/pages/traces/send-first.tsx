import { Link } from "wouter";
import { CodeBox, Empty } from "../../parts/feedback.tsx";
import type { TraceWindow } from "./trace-filter.ts";

/** What to do where no trace is yet: LangSmith's own SDK, with this server's address. */
export function SendFirst({ window }: { window: TraceWindow }) {
  return (
    <Empty title={window === "all" ? "No traces yet" : "No traces in this window"}>
      <p>
        Point LangSmith's SDK at this server: a nested trace stands here within two seconds. The key
        needs the scope <code>traces</code>; make one on the <Link href="/keys">Keys</Link> page.
        Calls of this server's own models, as from the <Link href="/playground">playground</Link>,
        show up by themselves.
      </p>
      <CodeBox code={snippet(location.origin)} label="A first trace with LangSmith's SDK" />
      <p className="small">
        Any OpenTelemetry exporter works too: set{" "}
        <code>OTEL_EXPORTER_OTLP_ENDPOINT={location.origin}/otlp</code>.
      </p>
    </Empty>
  );
}

function snippet(origin: string): string {
  return `// npm install langsmith
// export LANGSMITH_TRACING=true LANGSMITH_API_KEY=wk-…
// export LANGSMITH_ENDPOINT=${origin}/api/v1
import { traceable } from "langsmith/traceable";

const search = traceable(async (words) => [\`about \${words}\`], { name: "search", run_type: "retriever" });
const answer = traceable(async (question) => {
  const found = await search(question);
  return \`\${found.length} page found\`;
}, { name: "answer" });
await answer("What does a weir do?");`;
}
