import { useState } from "react";
import { type Release, useRelease, useReleases } from "../../api/ship-queries.ts";
import { Badge, type Tone } from "../../parts/badge.tsx";
import { CodeBox, Empty, Loaded, SkeletonRows } from "../../parts/feedback.tsx";
import type { IconName } from "../../parts/icon.tsx";
import { PageHead } from "../../parts/page.tsx";
import { ReleaseView } from "./release-view.tsx";

/** Candidates that take over a model's traffic: how they stand, why, and what an operator decides. */
export function ReleasesPage() {
  const releases = useReleases();
  const [asked, setAsked] = useState<string | null>(null);
  return (
    <>
      <PageHead
        title="Releases"
        name="Releases"
        lead="New versions that earn their traffic by evidence, or are rolled back by it"
      />
      <Loaded result={releases} skeleton={<SkeletonRows count={2} height={240} />}>
        {({ releases: all }) => {
          const [first] = all;
          if (!first) return <NoReleases />;
          const chosen = all.find(({ model }) => model === asked)?.model ?? first.model;
          return (
            <div className="stack">
              {all.length > 1 && <ReleaseTabs all={all} chosen={chosen} onChoose={setAsked} />}
              <OneRelease key={chosen} model={chosen} />
            </div>
          );
        }}
      </Loaded>
    </>
  );
}

function OneRelease({ model }: { model: string }) {
  const release = useRelease(model);
  return (
    <Loaded result={release} skeleton={<SkeletonRows count={3} height={180} />}>
      {(detail) => <ReleaseView detail={detail} />}
    </Loaded>
  );
}

function ReleaseTabs(props: {
  all: readonly Release[];
  chosen: string;
  onChoose: (model: string) => void;
}) {
  return (
    <div className="release-tabs" role="group" aria-label="Releases">
      {props.all.map((release) => (
        <button
          key={release.model}
          type="button"
          className="button"
          aria-pressed={release.model === props.chosen}
          onClick={() => props.onChoose(release.model)}
        >
          {release.model} <PhaseBadge release={release} />
        </button>
      ))}
    </div>
  );
}

const PHASES: Record<Release["phase"], [tone: Tone, icon: IconName, text: string]> = {
  running: ["river", "retry", "running"],
  promoted: ["moss", "check", "promoted"],
  "rolled-back": ["clay", "cross", "rolled back"],
  inconclusive: ["ochre", "warning", "inconclusive"],
};

export function PhaseBadge({ release: { phase, isPaused } }: { release: Release }) {
  const [tone, icon, text] = PHASES[phase];
  if (phase === "running" && isPaused) {
    return (
      <Badge tone="slate" icon="pause">
        paused
      </Badge>
    );
  }
  return (
    <Badge tone={tone} icon={icon}>
      {text}
    </Badge>
  );
}

const SNIPPET = `models:
  chat:
    targets: [{ provider: llama, file: now.gguf }]
    release:
      candidate: { provider: llama, file: next.gguf }`;

function NoReleases() {
  return (
    <Empty title="Nothing is being released">
      <p>
        Write a candidate beside a model&rsquo;s targets in weir.yaml. It answers copies first, then
        1, 5, 25 and 50 % of the traffic, each step when the evidence has earned it.
      </p>
      <CodeBox code={SNIPPET} label="A release in weir.yaml" />
    </Empty>
  );
}
