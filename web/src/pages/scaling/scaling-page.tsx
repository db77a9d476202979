import { useRef } from "react";
import { type ScaledModel, useScaling, useScalingWish } from "../../api/ship-queries.ts";
import { formatFullTime, formatMs, plural } from "../../format.ts";
import { Badge } from "../../parts/badge.tsx";
import { CodeBox, Empty, ErrorNotice, Loaded, SkeletonRows } from "../../parts/feedback.tsx";
import { Facts, PageHead } from "../../parts/page.tsx";
import { useWhyNot } from "../../parts/role.tsx";
import { useWidth } from "../../parts/use-width.ts";

/** How many replicas models have, and why. */
export function ScalingPage() {
  const scaling = useScaling();
  return (
    <>
      <PageHead
        title="Scaling"
        name="Scaling"
        lead="How many replicas answer each model, and why"
      />
      <Loaded result={scaling} skeleton={<SkeletonRows count={2} height={240} />}>
        {({ models }) =>
          models.length === 0 ? (
            <NothingScaled />
          ) : (
            models.map((model) => <ModelPanel key={model.model} row={model} />)
          )
        }
      </Loaded>
    </>
  );
}

function ModelPanel({ row }: { row: ScaledModel }) {
  const { model, policy, min, max, ready, starting, draining, wanted, startDelayMs } = row;
  const title = `scaled-${model}`;
  return (
    <section className="panel stack" aria-labelledby={title}>
      <div className="panel-head">
        <div>
          <h2 id={title} className="release-title">
            {model} <StateOf row={row} />
          </h2>
          <p className="small quiet">
            {min} to {plural(max, "replica")} by {policy}
          </p>
        </div>
        <HoldButtons row={row} />
      </div>
      {row.trouble !== null && <p className="release-why">{row.trouble}</p>}
      <ReplicaChart row={row} />
      <Facts
        facts={[
          ["Ready", String(ready)],
          ["Starting", String(starting)],
          ["Draining", String(draining)],
          ["Wanted", wanted === null ? "not decided yet" : String(wanted)],
          ["A start takes", startDelayMs === null ? "not measured yet" : formatMs(startDelayMs)],
        ]}
      />
      <ol className="release-turns" aria-label="Decisions">
        {row.decisions.slice(0, 12).map(({ at, from, replicas, kind, why }) => (
          <li key={at}>
            <span className="small quiet">{formatFullTime(at)}</span>
            <strong>{from === replicas ? kind : `${from} → ${replicas}`}</strong>
            <span>{why}</span>
          </li>
        ))}
      </ol>
    </section>
  );
}

function StateOf({ row: { asleep, frozen, hold, trouble } }: { row: ScaledModel }) {
  if (trouble !== null) return <Badge tone="clay">trouble</Badge>;
  if (hold !== null) return <Badge tone="ochre">held at {hold.replicas}</Badge>;
  if (asleep) return <Badge tone="slate">asleep</Badge>;
  if (frozen) return <Badge tone="river">frozen by a release</Badge>;
  return <Badge tone="moss">by policy</Badge>;
}

function HoldButtons({ row: { model, hold, ready } }: { row: ScaledModel }) {
  const wish = useScalingWish();
  const whyNot = useWhyNot("operator");
  const replicas = Math.max(1, ready);
  return (
    <div className="release-actions">
      <button
        type="button"
        className="button"
        disabled={whyNot !== undefined || wish.isPending}
        title={whyNot}
        onClick={() =>
          wish.mutate(
            hold === null ? { action: "hold", model, replicas } : { action: "resume", model },
          )
        }
      >
        {hold === null ? `Hold at ${replicas}` : "Let the policy decide"}
      </button>
      {wish.error && <ErrorNotice error={wish.error} />}
    </div>
  );
}

const HEIGHT = 140;
const LEFT = 32;
const BOTTOM = 24;
const TOP = 10;

/** Wanted and ready replicas over the last decisions. */
function ReplicaChart({ row }: { row: ScaledModel }) {
  return row.samples.length < 2 ? null : <ReplicaPicture row={row} />;
}

function ReplicaPicture({ row: { samples, max, model } }: { row: ScaledModel }) {
  const box = useRef<HTMLDivElement>(null);
  const width = useWidth(box);
  const [from, to] = [samples[0]?.at ?? 0, samples.at(-1)?.at ?? 0];
  const most = Math.max(2, ...samples.map(({ wanted }) => wanted), Math.min(max, 4));
  const x = (at: number) => LEFT + ((at - from) / (to - from || 1)) * (width - LEFT - 8);
  const y = (count: number) => HEIGHT - BOTTOM - (count / most) * (HEIGHT - TOP - BOTTOM);
  const line = (of: (sample: (typeof samples)[number]) => number) =>
    samples.map((sample) => `${x(sample.at).toFixed(1)},${y(of(sample)).toFixed(1)}`).join(" ");
  return (
    <div className="evidence-curve" ref={box}>
      <svg
        width={width}
        height={HEIGHT}
        role="img"
        aria-label={`Replicas of ${model}, wanted and ready`}
      >
        {[0, Math.ceil(most / 2), most].map((count) => (
          <g key={count}>
            <line x1={LEFT} x2={width - 8} y1={y(count)} y2={y(count)} className="grid" />
            <text x={LEFT - 8} y={y(count)} className="end">
              {count}
            </text>
          </g>
        ))}
        <polyline points={line(({ wanted }) => wanted)} className="curve wanted" />
        <polyline points={line(({ ready }) => ready)} className="curve" />
        <text x={LEFT} y={HEIGHT - 8}>
          {formatFullTime(from)}
        </text>
        <text x={width - 8} y={HEIGHT - 8} className="end">
          ready (line), wanted (dashes)
        </text>
      </svg>
    </div>
  );
}

const SNIPPET = `models:
  chat:
    targets: [{ provider: llama, file: demo }]
    scale: { min: 1, max: 3 }`;

function NothingScaled() {
  return (
    <Empty title="No model is scaled">
      <p>
        Say how far a model may grow, beside its targets in weir.yaml. Replicas of the embedded
        engine are processes of this server; those of a Kubernetes workload are its pods.
      </p>
      <CodeBox code={SNIPPET} label="Scaling in weir.yaml" />
    </Empty>
  );
}
