import { useQuery } from "@tanstack/react-query";
import type { RunDetail } from "../../../../src/http/trace-schemas.ts";
import { read } from "../../api/client.ts";
import { asNumber, asText, at } from "../../api/json.ts";
import { formatBytes } from "../../format.ts";

/** Pictures of these kinds are shown; anything else is a link to a file. */
const SHOWN = /^image\/(png|jpeg|gif|webp)$/;

/** Files that came with a run. Their links are signed for a while, and asked for with them. */
export function Attachments(props: { runId: string; payload: RunDetail["payload"] }) {
  const { runId, payload } = props;
  const attachments = payload["attachments"];
  const isThere = Array.isArray(attachments) && attachments.length > 0;
  const links = useQuery({
    queryKey: ["attachments", runId],
    queryFn: ({ signal }) => read<unknown>(`/api/v1/runs/${runId}`, signal),
    enabled: isThere,
    retry: false,
  });
  if (!isThere) return null;
  return (
    <section className="panel" aria-label="Attachments">
      <div className="panel-head">
        <h2>Attachments</h2>
      </div>
      <ul className="stack">
        {attachments.map((one, index) => {
          const name = asText(at(one, "name")) ?? "";
          const url = asText(at(links.data, "s3_urls", `attachment.${name}`, "presigned_url"));
          return <Attachment key={`${index} ${name}`} name={name} url={url} facts={one} />;
        })}
      </ul>
    </section>
  );
}

function Attachment(props: { name: string; url: string | null; facts: unknown }) {
  const { name, url, facts } = props;
  const type = asText(at(facts, "mimeType")) ?? "";
  const bytes = asNumber(at(facts, "bytes"));
  return (
    <li>
      {url === null ? <b>{name}</b> : <a href={pathOf(url)}>{name}</a>}{" "}
      <span className="quiet small">
        {type}, {bytes === 0 ? "not kept" : formatBytes(bytes)}
      </span>
      {url !== null && SHOWN.test(type) && (
        <img className="attachment" src={pathOf(url)} alt={name} loading="lazy" />
      )}
    </li>
  );
}

/** The link as this page reaches it: the server may be known to itself under another name. */
function pathOf(url: string): string {
  const { pathname, search } = new URL(url, location.origin);
  return pathname + search;
}
