import { Link } from "wouter";
import { useLibrary, useMeasurements, type LibraryList } from "../../api/library-queries.ts";
import { Empty, Loaded, Skeleton, SkeletonRows } from "../../parts/feedback.tsx";
import { CompareForm } from "./compare-form.tsx";
import { JobList } from "./job-list.tsx";
import { MeasurementView } from "./measurement-view.tsx";
import { OptimizeForm } from "./optimize-form.tsx";

/** What files cost and lose, side by side; and a search for the smallest that is good enough. */
export function MeasureTab() {
  const library = useLibrary();
  const measurements = useMeasurements();
  return (
    <div className="stack">
      <Words />
      <Loaded result={library} skeleton={<SkeletonRows count={2} height={180} />}>
        {(list) => <Forms list={list} />}
      </Loaded>
      <JobList />
      <Loaded result={measurements} skeleton={<Skeleton height={420} />}>
        {(all) => (
          <>
            {all.length === 0 && (
              <Empty title="Nothing was measured yet">
                <p>What is compared or searched above stands here, also for later.</p>
              </Empty>
            )}
            {all.map((measurement) => (
              <MeasurementView key={measurement.id} measurement={measurement} />
            ))}
          </>
        )}
      </Loaded>
    </div>
  );
}

function Words() {
  return (
    <details className="panel model-more">
      <summary>
        <strong>What is measured, in plain words</strong>
      </summary>
      <dl className="model-words">
        <dt>Divergence</dt>
        <dd>
          How differently a file expects the next word, compared with its original. Below 0.01
          nobody notices; around 0.05 answers begin to differ in their words; above 0.2 expect them
          to be worse.
        </dd>
        <dt>Same choice</dt>
        <dd>How often both find the same next word likeliest.</dd>
        <dt>Perplexity</dt>
        <dd>
          How well a model predicts a text at all; less is better. It compares models, and is blunt
          for comparing quantizations of one. The built-in model knows a few hundred answers only:
          its perplexity on any other text is very high.
        </dd>
        <dt>Memory, first token, tokens/s</dt>
        <dd>
          Of a process of its own on this machine, with a prompt of 128 tokens. What else the
          machine does meanwhile makes them worse.
        </dd>
      </dl>
    </details>
  );
}

function Forms({ list }: { list: LibraryList }) {
  const files = list.files.filter(({ facts }) => facts !== null);
  if (files.length === 0) {
    return (
      <Empty title="No model files">
        <p>
          <Link href="/models/library">Pull one into the library</Link> first.
        </p>
      </Empty>
    );
  }
  return (
    <div className="model-columns">
      <CompareForm files={files} sample={list.sample} />
      <OptimizeForm files={files} sample={list.sample} />
    </div>
  );
}
