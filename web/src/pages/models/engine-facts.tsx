import type { ModelList } from "../../../../src/http/admin-schemas.ts";
import { formatBytes, formatCompact, formatCount, formatShare } from "../../format.ts";
import { Facts } from "../../parts/page.tsx";

type Engine = NonNullable<ModelList["models"][number]["targets"][number]["engine"]>;

/** What an embedded engine knows of its model and of itself. */
export function EngineFacts({ engine }: { engine: Engine }) {
  const prompt = engine.promptTokens + engine.cachedTokens;
  return (
    <div className="engine">
      <Slots engine={engine} />
      <Facts
        facts={[
          ["Model", `${engine.architecture}, ${formatCompact(engine.parameters)} parameters`],
          ["Quantization", engine.quantization],
          ["Context per slot", `${formatCount(engine.contextTokens)} tokens`],
          ["Trained context", `${formatCount(engine.trainedContextTokens)} tokens`],
          ["Memory", formatBytes(engine.rssBytes)],
          ["File", formatBytes(engine.fileBytes)],
          ["Prompt from cache", formatShare(engine.cachedTokens, prompt)],
          ["Tokens generated", formatCount(engine.generatedTokens)],
          ["Restarts", formatCount(engine.restarts)],
          ["Devices", engine.devices.join(", ")],
          ["Backend", engine.backend],
        ]}
      />
      <p className="small quiet mono engine-file">{engine.file}</p>
    </div>
  );
}

/** The slots as sluice gates: an open one lets a sequence through. */
function Slots({ engine: { slots, running, waiting } }: { engine: Engine }) {
  const text = `${running} of ${slots} slots busy${waiting > 0 ? `, ${waiting} waiting` : ""}`;
  return (
    <div className="slots">
      <div className="gates" aria-hidden="true">
        {Array.from({ length: Math.min(slots, 32) }, (_, index) => (
          <span key={index} className={index < running ? "gate busy" : "gate"} />
        ))}
      </div>
      <span className="small">{text}</span>
    </div>
  );
}
