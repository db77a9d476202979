import { Link } from "wouter";
import { useModels } from "../../api/queries.ts";
import { plural } from "../../format.ts";
import { Empty, Loaded, SkeletonRows } from "../../parts/feedback.tsx";
import { PageHead } from "../../parts/page.tsx";
import type { Model } from "./target.ts";
import { TargetCard } from "./target-card.tsx";

/** Every upstream of every model: what it is, how it is, and what can be done to it. */
export function TargetsPage() {
  const models = useModels();
  return (
    <>
      <PageHead
        title="Targets"
        name="Targets"
        lead="The upstreams behind the models: what they say of themselves, and whether they answer"
      />
      <Loaded result={models} skeleton={<SkeletonRows count={3} height={210} />}>
        {({ models }) =>
          models.some(({ targets }) => targets.length > 0) ? (
            <div className="target-groups">
              {models.map((model) => (
                <TargetGroup key={model.name} model={model} />
              ))}
            </div>
          ) : (
            <NoTargets />
          )
        }
      </Loaded>
    </>
  );
}

function TargetGroup({ model: { name, targets, routing } }: { model: Model }) {
  return (
    <section
      className={targets.length > 1 ? "target-group several" : "target-group"}
      aria-label={`Targets of ${name}`}
    >
      <div className="target-group-head">
        <h2>{name}</h2>
        <span className="quiet small">
          {plural(targets.length, "target")}, {routing.strategy}
          {routing.waiting > 0 && `, ${plural(routing.waiting, "call")} waiting for room`}
          {routing.shadow !== null && `, copies to ${routing.shadow}`}
        </span>
        <Link href={`/playground?model=${encodeURIComponent(name)}`} className="small">
          Try it in the playground
        </Link>
      </div>
      <div className="target-cards">
        {targets.map((target) => (
          <TargetCard key={target.id} model={name} target={target} siblings={targets} />
        ))}
      </div>
    </section>
  );
}

function NoTargets() {
  return (
    <Empty title="No targets">
      <p>
        Give a model targets under <code>models:</code> in weir.yaml; the file is read again as soon
        as it is saved.
      </p>
    </Empty>
  );
}
