import type { Caller } from "../../core/call.ts";
import type { App } from "../../http/app.ts";
import type { Authorise } from "../../http/authorise.ts";
import type {
  RejudgeWish,
  ReleaseAction,
  ReleaseDetail,
  ReleaseView,
} from "../../http/release-schemas.ts";
import { releaseRoutes } from "../../http/routes/releases.ts";
import type { Book } from "../../ship/rollout/book.ts";
import { type RolloutPlan, type Stage } from "../../ship/rollout/plan.ts";
import { rejudge } from "../../ship/rollout/rejudge.ts";
import type { Rollout } from "../../ship/rollout/rollout.ts";
import { meaningOf, standing } from "../../ship/rollout/say.ts";
import type { Gauge } from "../../watch/metrics/exposition.ts";
import type { House } from "../house.ts";
import type { ReleaseDesk } from "./desk.ts";

/** Releases, for the dashboard and the command line. */
export function registerReleases(
  { fastify }: App,
  house: House,
  { authorise }: { readonly authorise: Authorise },
): void {
  const { desk } = house.releases;
  house.gauges.push(() => releaseGauges(desk));
  releaseRoutes(fastify, {
    authorise,
    list: () => ({ releases: desk.list().map(toView) }),
    detail: (model) => toDetail(desk.find(model)),
    *journal(model) {
      for (const entry of desk.journal(model)) yield `${JSON.stringify(entry)}\n`;
    },
    act: (wish, by) => act(desk, wish, by),
    toJudge: (model) => ({ calls: [...desk.find(model).toJudge] }),
    score: ({ model, call, score }) => desk.score(model, call, score),
    rejudge(wish) {
      const { plan } = desk.find(wish.model).book;
      return rejudge(desk.journal(wish.model), changed(plan, wish));
    },
  });
}

function act(desk: ReleaseDesk, { model, action }: ReleaseAction, by: Caller): ReleaseDetail {
  const name = by.keyName;
  if (action === "restart") desk.restart(model, name);
  else desk.command(model, action, name);
  return toDetail(desk.find(model));
}

function changed(plan: RolloutPlan, wish: RejudgeWish): RolloutPlan {
  const { promote } = plan;
  const said = Object.entries(wish.tolerate ?? {}).filter(([, value]) => value !== undefined);
  return {
    ...plan,
    falseRollback: wish.falseRollback ?? plan.falseRollback,
    tolerate: {
      ...plan.tolerate,
      ...(Object.fromEntries(said) as Partial<RolloutPlan["tolerate"]>),
    },
    promote: {
      ...promote,
      missWorseThan: wish.missWorseThan ?? promote.missWorseThan,
      risk: wish.risk ?? promote.risk,
    },
  };
}

function toView(rollout: Rollout): ReleaseView {
  const { book, share, learning } = rollout;
  const { plan, phase, isPaused, stage, why, evidence } = book;
  const { promote } = plan;
  return {
    model: plan.model,
    id: plan.id,
    stable: plan.stable,
    candidate: plan.candidate,
    phase,
    isPaused,
    stage,
    stages: plan.stages.map(toStage),
    share: share.candidate,
    why,
    notes: standing(book, learning.progress, Date.now()),
    ...countsOf(book),
    maxExposed: promote.maxExposed,
    maxDurationMs: promote.maxDurationMs,
    against: evidence.against,
    bound: evidence.bound,
    passAt: evidence.passAt,
    falseRollback: plan.falseRollback,
    missWorseThan: promote.missWorseThan,
  };
}

function countsOf({ begunAt, changedAt, heardAt, elapsedMs, exposed, pairs, controls }: Book) {
  return {
    begunAt,
    changedAt,
    heardAt: heardAt === 0 ? null : heardAt,
    elapsedMs,
    exposed,
    pairs,
    controls,
  };
}

function toStage(stage: Stage): ReleaseView["stages"][number] {
  if (stage.kind === "shadow") return { name: `shadow ${stage.pairs}`, share: 0 };
  return { name: `${Number((stage.share * 100).toFixed(2))}%`, share: stage.share };
}

function toDetail(rollout: Rollout): ReleaseDetail {
  const { book } = rollout;
  const marks = book.evidence.report();
  return {
    ...toView(rollout),
    marks: marks.map((mark) => ({
      ...mark,
      meaning: meaningOf(mark.name),
      passes: [...mark.passes],
    })),
    curve: [...book.curve],
    turns: [...book.turns],
  };
}

/** For /metrics: what an alert may look at. */
function releaseGauges(desk: ReleaseDesk): Gauge[] {
  const all = desk.list();
  const gauge = (name: string, help: string, value: (rollout: Rollout) => number): Gauge => ({
    name,
    help,
    type: "gauge",
    values: all.map((one) => ({ labels: { model: one.book.plan.model }, value: value(one) })),
  });
  return [
    gauge("weir_release_share", "The candidate's share of units.", ({ share }) => share.candidate),
    gauge(
      "weir_release_evidence",
      "The e-value against the candidate, as a share of its bound.",
      ({ book }) => book.evidence.against / book.evidence.bound,
    ),
    gauge("weir_release_exposed", "Units of the candidate's.", ({ book }) => book.exposed),
    gauge("weir_release_running", "1 while a release is undecided.", ({ book }) =>
      Number(book.phase === "running"),
    ),
  ];
}
