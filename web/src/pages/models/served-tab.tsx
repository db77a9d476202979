import { Link } from "wouter";
import type { ModelList } from "../../../../src/http/admin-schemas.ts";
import { useModels } from "../../api/queries.ts";
import { formatPrice, plural } from "../../format.ts";
import { Badge, StateBadge } from "../../parts/badge.tsx";
import { Empty, Loaded, SkeletonRows } from "../../parts/feedback.tsx";
import { Icon } from "../../parts/icon.tsx";
import { EngineFacts } from "./engine-facts.tsx";

type Model = ModelList["models"][number];
type Target = Model["targets"][number];

/** Every name that a client can ask for, and what answers it. */
export function ServedTab() {
  const models = useModels();
  return (
    <Loaded result={models} skeleton={<SkeletonRows count={3} height={150} />}>
      {({ models: all }) => (
        <div className="stack">
          {all.length === 0 && <NoModels />}
          {all.map((model) => (
            <ModelPanel key={model.name} model={model} />
          ))}
        </div>
      )}
    </Loaded>
  );
}

function ModelPanel({ model }: { model: Model }) {
  const { name, targets, calls24h } = model;
  const total = targets.reduce((sum, target) => sum + (target.fallback ? 0 : target.weight), 0);
  return (
    <section className="panel model" aria-label={`Model ${name}`}>
      <div className="panel-head">
        <div className="row">
          <h2>{name}</h2>
          {model.default && <Badge tone="river">default</Badge>}
          <Link href={`/calls?model=${encodeURIComponent(name)}`} className="small">
            {plural(calls24h, "call")} in 24 h
          </Link>
        </div>
        <Link href={`/playground?model=${encodeURIComponent(name)}`} className="button">
          <Icon name="playground" size={16} /> Try it
        </Link>
      </div>
      <ul className="targets">
        {targets.map((target) => (
          <TargetView key={target.id} target={target} totalWeight={total} />
        ))}
      </ul>
    </section>
  );
}

function TargetView({ target, totalWeight }: { target: Target; totalWeight: number }) {
  const share = totalWeight === 0 ? 0 : Math.round((target.weight / totalWeight) * 100);
  return (
    <li className="target">
      <div className="row">
        <StateBadge state={target.state} />
        <h3>{target.id}</h3>
        <span className="quiet small">
          {target.fallback ? "fallback, asked when the others fail" : `${share}% of the traffic`}
        </span>
      </div>
      {target.detail !== null && (
        <p className={target.state === "failed" ? "target-detail failed" : "target-detail"}>
          {target.detail}
        </p>
      )}
      <p className="small quiet target-line">
        {target.provider} · {target.model}
        {target.url !== null && ` · ${target.url}`} · {priceOf(target)}
      </p>
      {target.engine !== null && <EngineFacts engine={target.engine} />}
    </li>
  );
}

function priceOf({ inputPricePerMillion: input, outputPricePerMillion: output }: Target): string {
  if (input === null || output === null) return "no known price";
  if (input === 0 && output === 0) return "free of charge";
  return `${formatPrice(input)} in, ${formatPrice(output)} out per million tokens`;
}

function NoModels() {
  return (
    <Empty title="No models">
      <p>
        Name one under <code>models:</code> in weir.yaml; the file is read again as soon as it is
        saved.
      </p>
    </Empty>
  );
}
