import { useEffect, useState, useSyncExternalStore } from "react";
import { useSearchParams } from "wouter";
import { useModels } from "../../api/queries.ts";
import { Icon } from "../../parts/icon.tsx";
import { PageHead } from "../../parts/page.tsx";
import { Composer } from "./composer.tsx";
import { NO_DRAFT, type Draft } from "./conversation.ts";
import {
  conversation,
  keepChat,
  keepDraft,
  keepSettings,
  keptDraft,
  keptSettings,
} from "./kept-chat.ts";
import { fieldsAreRight, MOST_MODELS, PROTOCOLS, type Settings } from "./settings.ts";
import { SettingsPanel } from "./settings-panel.tsx";
import { isBusy, Transcript } from "./transcript.tsx";

/** A chat with models, with every knob explained and every answer measured. */
export function PlaygroundPage() {
  const rounds = useSyncExternalStore(conversation.subscribe, conversation.rounds);
  const [settings, setSettings] = useSettings();
  const [draft, setDraft] = useState(keptDraft);
  const busy = isBusy(rounds.at(-1));
  const ready = fieldsAreRight(settings);
  useStopOnEscape(busy);
  useEffect(() => keepDraft(draft), [draft]);
  useEffect(() => {
    if (!busy) keepChat();
  }, [busy, rounds]);

  const send = (message: Draft) => {
    if (!ready || busy) return;
    setDraft(NO_DRAFT);
    void conversation.send(message, settings);
  };
  return (
    <>
      <PageHead
        title="Playground"
        name="Playground"
        lead="Chat with a model, or with three side by side; every answer is a traced call."
      >
        {rounds.length > 0 && (
          <button type="button" className="button" onClick={() => conversation.clear()}>
            <Icon name="plus" size={16} /> New chat
          </button>
        )}
      </PageHead>
      <div className="playground">
        <SettingsPanel settings={settings} onChange={setSettings} />
        <section className="chat" aria-label="Conversation">
          <Transcript
            rounds={rounds}
            onExample={(text) => send({ text, images: [] })}
            onRetry={() => void conversation.retry(settings)}
            onEdit={() => setDraft(conversation.takeBack())}
            onStop={(model) => conversation.stop(model)}
            onResults={(model, results) => {
              // The field and the button that had the focus are about to go.
              document.querySelector<HTMLElement>("#message")?.focus();
              void conversation.giveResults(model, results, settings);
            }}
          />
          <Composer
            draft={draft}
            onDraft={setDraft}
            onSend={send}
            onStop={() => conversation.stop()}
            busy={busy}
            ready={ready}
          />
        </section>
      </div>
    </>
  );
}

/** The settings; models and protocol stand in the address too, which wins over what was kept. */
function useSettings(): [Settings, (settings: Settings) => void] {
  const [params, setParams] = useSearchParams();
  const { data } = useModels();
  const named = [...new Set(params.getAll("model"))].filter(Boolean).slice(0, MOST_MODELS);
  const asked = PROTOCOLS.find(([value]) => value === params.get("protocol"))?.[0];
  const [settings, setSettings] = useState<Settings>(() => {
    const kept = keptSettings();
    const models = named.length > 0 ? named : kept.models;
    return { ...kept, models, protocol: asked ?? kept.protocol };
  });
  const first = data?.models.find((model) => model.default) ?? data?.models[0];
  const isUnset = settings.models.length === 0 && first !== undefined;
  const current = isUnset ? { ...settings, models: [first.name] } : settings;
  useEffect(() => {
    keepSettings(current);
  });
  const change = (changed: Settings) => {
    setSettings(changed);
    const query = new URLSearchParams(changed.models.map((model) => ["model", model]));
    if (changed.protocol !== "chat") query.set("protocol", changed.protocol);
    if (query.toString() !== params.toString()) setParams(query, { replace: true });
  };
  return [current, change];
}

function useStopOnEscape(busy: boolean): void {
  useEffect(() => {
    if (!busy) return undefined;
    const stop = (event: KeyboardEvent) => {
      if (event.key === "Escape") conversation.stop();
    };
    addEventListener("keydown", stop);
    return () => removeEventListener("keydown", stop);
  }, [busy]);
}
