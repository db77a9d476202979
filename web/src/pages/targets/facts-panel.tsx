import type { TargetFacts } from "../../../../src/http/admin-schemas.ts";
import { formatCompact, formatCount, formatMs, plural } from "../../format.ts";
import { Icon } from "../../parts/icon.tsx";

/** What an upstream said of itself, and a warning where it talks to strangers. */
export function FactsPanel({ facts }: { facts: TargetFacts }) {
  const { version, models, load, openRoutes = [] } = facts;
  return (
    <div className="told">
      <p className="small">
        {version === undefined ? "It does not tell its version" : `Version ${version}`}
        <span className="quiet"> · answered in {formatMs(facts.ms)}</span>
        {facts.isSleeping === true && <span className="quiet"> · asleep</span>}
      </p>
      <ToldModels models={models} />
      {load && <Load load={load} />}
      {openRoutes.length > 0 && <OpenRoutes routes={[...new Set(openRoutes)]} />}
    </div>
  );
}

const SHOWN_MODELS = 6;

function ToldModels({ models }: Pick<TargetFacts, "models">) {
  if (models.length === 0) return <p className="small quiet">It names no models.</p>;
  const list = (some: TargetFacts["models"]) => (
    <ul className="told-models">
      {some.map(({ id, contextTokens }) => (
        <li key={id}>
          <span className="mono">{id}</span>
          {contextTokens !== undefined && (
            <span className="quiet small"> {formatCount(contextTokens)} tokens of context</span>
          )}
        </li>
      ))}
    </ul>
  );
  if (models.length <= SHOWN_MODELS) return list(models);
  return (
    <details>
      <summary className="small">{plural(models.length, "model")}</summary>
      {list(models)}
    </details>
  );
}

function Load({ load }: { load: NonNullable<TargetFacts["load"]> }) {
  return (
    <dl className="load">
      <Figure name="Running" value={load.running} />
      <Figure name="Waiting" value={load.waiting} />
      <Share name="KV cache" share={load.kvCacheUsage} />
      <Share name="Prefix cache hits" share={load.prefixCacheHitRate} />
      <Figure name="Prompt tokens" value={load.promptTokens} />
      <Figure name="Tokens made" value={load.generatedTokens} />
    </dl>
  );
}

function Figure({ name, value }: { name: string; value: number | undefined }) {
  if (value === undefined) return null;
  return (
    <div>
      <dt>{name}</dt>
      <dd className="figures">{value < 10_000 ? formatCount(value) : formatCompact(value)}</dd>
    </div>
  );
}

/** A share as a bar; nearly full is told by the colour and, always, by the figure. */
function Share({ name, share }: { name: string; share: number | undefined }) {
  if (share === undefined) return null;
  const percent = Math.round(Math.min(1, Math.max(0, share)) * 100);
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        <span className="figures">{percent}%</span>
        <span
          className={name === "KV cache" && percent >= 90 ? "share-bar full" : "share-bar"}
          role="meter"
          aria-label={name}
          aria-valuemin={0}
          aria-valuemax={100}
          aria-valuenow={percent}
        >
          <span style={{ width: `${percent}%` }} />
        </span>
      </dd>
    </div>
  );
}

function OpenRoutes({ routes }: { routes: readonly string[] }) {
  return (
    <div className="notice ochre" role="note" aria-label="Warning: open routes">
      <Icon name="warning" />
      <div>
        <strong>
          {plural(routes.length, "route")} of this engine{" "}
          {routes.length === 1 ? "answers" : "answer"} without its key
        </strong>
        <p className="small">
          Only Weir should be able to reach the engine: put it into a network of its own, or behind
          a firewall.
        </p>
        <p className="open-routes">
          {routes.map((route) => (
            <code key={route}>{route}</code>
          ))}
        </p>
      </div>
    </div>
  );
}
