import { useEffect, useState, useSyncExternalStore } from "react";
import { useSearchParams } from "wouter";
import { useModels } from "../../api/queries.ts";
import { Icon } from "../../parts/icon.tsx";
import { PageHead } from "../../parts/page.tsx";
import {
  NO_SETTINGS,
  NUMBER_FIELDS,
  problemOf,
  type NumberField,
  type Settings,
} from "./chat-body.ts";
import { streamChat } from "./chat-stream.ts";
import { Composer } from "./composer.tsx";
import { createConversation } from "./conversation.ts";
import { SettingsPanel } from "./settings-panel.tsx";
import { Transcript } from "./transcript.tsx";

/** Both outlive the page: a visit to a trace does not end the chat. */
const conversation = createConversation({
  stream: (body, signal) => streamChat(body, signal),
  now: () => performance.now(),
});
let keptSettings: Settings = NO_SETTINGS;

/** A chat with a model, with every knob explained and every answer measured. */
export function PlaygroundPage() {
  const turns = useSyncExternalStore(conversation.subscribe, conversation.turns);
  const [settings, setSettings] = useSettings();
  const [draft, setDraft] = useState("");
  const busy = turns.at(-1)?.answer.state === "streaming";
  const ready = settings.model !== "" && fieldsAreRight(settings);
  useStopOnEscape(busy);

  const send = (prompt: string) => {
    if (!ready || busy) return;
    setDraft("");
    void conversation.send(prompt, settings);
  };
  return (
    <>
      <PageHead
        title="Playground"
        name="Playground"
        lead="Chat with a model; every answer is a traced call."
      >
        {turns.length > 0 && (
          <button type="button" className="button" onClick={() => conversation.clear()}>
            <Icon name="plus" size={16} /> New chat
          </button>
        )}
      </PageHead>
      <div className="playground">
        <SettingsPanel settings={settings} onChange={setSettings} />
        <section className="chat" aria-label="Conversation">
          <Transcript
            turns={turns}
            onExample={send}
            onRetry={() => void conversation.retry(settings)}
            onEdit={() => setDraft(conversation.takeBack())}
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

/** The settings, with a model: the one in the address, else the kept one, else the default. */
function useSettings(): [Settings, (settings: Settings) => void] {
  const [params] = useSearchParams();
  const { data } = useModels();
  const wanted = params.get("model") ?? "";
  const [settings, setSettings] = useState<Settings>({
    ...keptSettings,
    model: wanted || keptSettings.model,
  });
  const first = data?.models.find((model) => model.default) ?? data?.models[0];
  const current = settings.model === "" && first ? { ...settings, model: first.name } : settings;
  useEffect(() => {
    keptSettings = current;
  });
  return [current, setSettings];
}

function fieldsAreRight(settings: Settings): boolean {
  const fields = Object.keys(NUMBER_FIELDS) as NumberField[];
  return fields.every((field) => problemOf(field, settings[field]) === null);
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
