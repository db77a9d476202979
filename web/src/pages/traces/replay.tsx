import { useLocation } from "wouter";
import type { RunDetail } from "../../../../src/http/trace-schemas.ts";
import { useModels } from "../../api/queries.ts";
import { Icon } from "../../parts/icon.tsx";
import { useWhyNot } from "../../parts/role.tsx";
import { toReplay } from "./replay-chat.ts";

/** Opens the playground with what this run was asked. */
export function ReplayButton({ detail: { run, payload } }: { detail: RunDetail }) {
  const [, navigate] = useLocation();
  const { data } = useModels();
  const whyNot = useWhyNot("inference");
  const replay = toReplay(payload["inputs"]);
  if (replay === null) return null;
  const known = data?.models.find(({ name }) => name === run.model)?.name;
  const open = async () => {
    const { takeReplay } = await import("../playground/kept-chat.ts");
    takeReplay(replay);
    navigate(
      known === undefined ? "/playground" : `/playground?model=${encodeURIComponent(known)}`,
    );
  };
  return (
    <button
      type="button"
      className="button plain"
      disabled={whyNot !== undefined}
      title={whyNot}
      onClick={() => void open()}
    >
      <Icon name="retry" size={15} /> Replay in the playground
    </button>
  );
}
