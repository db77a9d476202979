import { Link } from "wouter";
import {
  isUnderWay,
  useBegin,
  useCancel,
  useJobs,
  type LibraryJob,
} from "../../api/library-queries.ts";
import { formatAgo, formatBytes, formatMs } from "../../format.ts";
import { Badge, type Tone } from "../../parts/badge.tsx";
import { ErrorNotice } from "../../parts/feedback.tsx";
import { Icon, type IconName } from "../../parts/icon.tsx";
import { useWhyNot } from "../../parts/role.tsx";
import { FileLink } from "./file-link.tsx";

const NAMES: Record<LibraryJob["kind"], string> = {
  pull: "Pull",
  quantize: "Quantize",
  compare: "Compare",
  optimize: "Choose",
};

const STATES: Record<LibraryJob["state"], [tone: Tone, icon: IconName]> = {
  waiting: ["slate", "pause"],
  running: ["river", "retry"],
  done: ["moss", "check"],
  failed: ["clay", "cross"],
  canceled: ["slate", "stop"],
};

const SHOWN_ENDED = 3;

/** What is under way, and what ended last; the rest on demand. */
export function JobList() {
  const { data: jobs = [] } = useJobs();
  const cancel = useCancel();
  const pull = useBegin("pull");
  if (jobs.length === 0) return null;
  const open = jobs.filter(isUnderWay).toReversed();
  const ended = jobs.filter((job) => !isUnderWay(job));
  const line = (job: LibraryJob) => (
    <JobLine
      key={job.id}
      job={job}
      onCancel={cancel.mutate}
      onPullAgain={(source) => pull.mutate([{ source }])}
    />
  );
  return (
    <section className="panel stack" aria-labelledby="model-jobs">
      <h2 id="model-jobs">{open.length > 0 ? "Under way" : "Done lately"}</h2>
      {cancel.error && <ErrorNotice error={cancel.error} />}
      {pull.error && <ErrorNotice error={pull.error} />}
      <ul className="job-list">
        {open.map(line)}
        {ended.slice(0, SHOWN_ENDED).map(line)}
      </ul>
      {ended.length > SHOWN_ENDED && (
        <details>
          <summary className="small">Earlier ({ended.length - SHOWN_ENDED})</summary>
          <ul className="job-list">{ended.slice(SHOWN_ENDED).map(line)}</ul>
        </details>
      )}
    </section>
  );
}

interface LineProps {
  readonly job: LibraryJob;
  readonly onCancel: (id: string) => void;
  readonly onPullAgain: (source: string) => void;
}

function JobLine({ job, onCancel, onPullAgain }: LineProps) {
  const [tone, icon] = STATES[job.state];
  const whyNot = useWhyNot("operator");
  const isOpen = isUnderWay(job);
  const mayGoOn = job.kind === "pull" && (job.state === "failed" || job.state === "canceled");
  return (
    <li className="job" aria-label={`${NAMES[job.kind]} ${job.title}`}>
      <div className="job-head">
        <span aria-live="polite">
          <Badge tone={tone} icon={icon}>
            {job.state}
          </Badge>
        </span>
        <span className="job-title">
          {NAMES[job.kind]} <strong>{job.title}</strong>
        </span>
        {isOpen && (
          <button
            type="button"
            className="button small"
            disabled={whyNot !== undefined}
            title={whyNot}
            onClick={() => onCancel(job.id)}
          >
            <Icon name="stop" size={14} /> Cancel
          </button>
        )}
        {mayGoOn && (
          <button
            type="button"
            className="button small"
            disabled={whyNot !== undefined}
            title={whyNot}
            onClick={() => onPullAgain(job.title)}
          >
            <Icon name="retry" size={14} /> {job.done > 0 ? "Go on" : "Try again"}
          </button>
        )}
      </div>
      {job.state === "running" && <JobProgress job={job} />}
      {job.error !== null && <p className="job-error">{job.error.message}</p>}
      {!isOpen && <JobEnd job={job} />}
    </li>
  );
}

function JobProgress({ job }: { job: LibraryJob }) {
  const { done, all, title, step } = job;
  const share = all > 0 ? Math.min(1, done / all) : 0;
  return (
    <div className="job-progress">
      <progress max={1} {...(all > 0 && { value: share })} aria-label={`Progress of ${title}`} />
      <span className="small quiet figures">
        {[step, amountOf(job), leftOf(job)].filter(Boolean).join(" · ")}
      </span>
    </div>
  );
}

function amountOf({ done, all, unit }: LibraryJob): string {
  if (all === 0) return "beginning";
  const percent = `${Math.floor((done / all) * 100)}%`;
  return unit === "bytes" ? `${formatBytes(done)} of ${formatBytes(all)}, ${percent}` : percent;
}

const SOON_MS = 3000;

function leftOf({ done, all, startedAt }: LibraryJob): string {
  const spent = Date.now() - (startedAt ?? Date.now());
  if (done === 0 || done >= all || spent < SOON_MS) return "";
  return `about ${formatMs(Math.ceil(((spent / done) * (all - done)) / 1000) * 1000)} left`;
}

function JobEnd({ job: { result, endedAt, startedAt, by } }: { job: LibraryJob }) {
  const took =
    endedAt !== null && startedAt !== null ? `, took ${formatMs(endedAt - startedAt)}` : "";
  return (
    <p className="small quiet">
      {formatAgo(endedAt, Date.now())}
      {took}, asked by {by}
      {result?.name !== undefined && (
        <>
          {" · "}
          <FileLink fileRef={`library:${result.name}`} name={result.name} />
        </>
      )}
      {result?.measurement !== undefined && (
        <>
          {" · "}
          <Link href="/models/measure">figures</Link>
        </>
      )}
    </p>
  );
}
