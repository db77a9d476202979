import { useTargetFacts, useTargetTest } from "../../api/target-queries.ts";
import { Badge, StateBadge } from "../../parts/badge.tsx";
import { ErrorNotice, Skeleton } from "../../parts/feedback.tsx";
import { Icon, type IconName } from "../../parts/icon.tsx";
import { Facts } from "../../parts/page.tsx";
import { useWhyNot } from "../../parts/role.tsx";
import { EngineMenu } from "./engine-menu.tsx";
import { FactsPanel } from "./facts-panel.tsx";
import { ProviderMark } from "./provider-mark.tsx";
import { DrainButton, RoutingBadge, RoutingPanel } from "./routing-panel.tsx";
import { isAskedByItself, priceOf, shareOf, type Target } from "./target.ts";
import { TestPanel } from "./test-panel.tsx";

interface TargetCardProps {
  readonly model: string;
  readonly target: Target;
  readonly siblings: readonly Target[];
}

/** One upstream: its settings, its own words, a call to try it, and what its engine can be told. */
export function TargetCard({ model, target, siblings }: TargetCardProps) {
  const name = { model, target: target.id };
  const canTell = target.abilities.includes("facts");
  const facts = useTargetFacts(name, isAskedByItself(target));
  const test = useTargetTest(name);
  const whyNot = useWhyNot("operator");
  return (
    <article className="panel target-card" aria-label={`Target ${target.id} of ${model}`}>
      <CardHead target={target} isSleeping={facts.data?.isSleeping === true} />
      {target.detail !== null && (
        <p className={target.state === "failed" ? "target-detail failed" : "target-detail"}>
          {target.detail}
        </p>
      )}
      <TargetFactsList target={target} siblings={siblings} />
      <RoutingPanel target={target} />
      <Told facts={facts} id={target.id} />
      <div className="row">
        {canTell && (
          <BusyButton
            icon="retry"
            busy={facts.isFetching}
            busyText="Asking…"
            onClick={() => void facts.refetch()}
          >
            {facts.data ? "Ask again" : "Ask the upstream"}
          </BusyButton>
        )}
        <BusyButton
          icon="pulse"
          busy={test.isPending}
          busyText="Testing…"
          whyNot={whyNot}
          onClick={() => test.mutate()}
        >
          Test call
        </BusyButton>
        <DrainButton name={name} isDrained={target.routing.isDrained} />
      </div>
      {test.error && <ErrorNotice error={test.error} />}
      {test.data && !test.isPending && <TestPanel result={test.data} />}
      {target.actions.length > 0 && whyNot === undefined && (
        <EngineMenu
          name={name}
          actions={target.actions}
          known={facts.data?.models.map(({ id }) => id) ?? []}
        />
      )}
    </article>
  );
}

/** What the upstream said, or why it did not. */
function Told({ facts, id }: { facts: ReturnType<typeof useTargetFacts>; id: string }) {
  const { data, error, isFetching } = facts;
  if (error && !isFetching) return <ErrorNotice error={error} />;
  if (data) return <FactsPanel facts={data} />;
  if (!isFetching) return null;
  return (
    <div role="status">
      <span className="for-screen-readers">Asking {id}</span>
      <Skeleton height={84} />
    </div>
  );
}

/** A button that says that it works. It is not disabled then, which would lose the focus. */
function BusyButton(props: {
  icon: IconName;
  busy: boolean;
  busyText: string;
  /** Why it cannot be pressed at all. */
  whyNot?: string | undefined;
  onClick: () => void;
  children: string;
}) {
  const { busy, whyNot, onClick } = props;
  return (
    <button
      type="button"
      className="button"
      aria-disabled={busy}
      disabled={whyNot !== undefined}
      title={whyNot}
      onClick={() => {
        if (!busy) onClick();
      }}
    >
      <Icon name={props.icon} size={15} /> {busy ? props.busyText : props.children}
    </button>
  );
}

function CardHead({ target, isSleeping }: { target: Target; isSleeping: boolean }) {
  return (
    <div className="target-head">
      <ProviderMark provider={target.provider} />
      <div>
        <h3>{target.id}</h3>
        <p className="small quiet">{target.provider}</p>
      </div>
      <div className="target-badges">
        {isSleeping && (
          <Badge tone="ochre" icon="moon">
            asleep
          </Badge>
        )}
        <RoutingBadge routing={target.routing} />
        <StateBadge state={target.state} />
      </div>
    </div>
  );
}

function TargetFactsList({ target, siblings }: Omit<TargetCardProps, "model">) {
  const { abilities } = target;
  return (
    <Facts
      facts={[
        ["Upstream model", <span className="mono">{target.model}</span>],
        [
          "Address",
          target.url === null ? (
            <span className="quiet">none of its own</span>
          ) : (
            <span className="mono">{target.url}</span>
          ),
        ],
        ["Weight", shareOf(target, siblings)],
        ["Price", priceOf(target)],
        ...(target.routing.tags.length > 0
          ? [["Tags", target.routing.tags.join(", ")] as const]
          : []),
        [
          "Beside chats",
          abilities.length === 0 ? (
            "nothing more"
          ) : (
            <span className="abilities">
              {abilities.map((ability) => (
                <Badge key={ability} tone="slate">
                  {ability}
                </Badge>
              ))}
            </span>
          ),
        ],
      ]}
    />
  );
}
