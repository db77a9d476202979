import type { CallDetail } from "../../../../src/http/admin-schemas.ts";
import { CopyButton } from "../../parts/copy-button.tsx";
import { readMessages, readOptions } from "./read-request.ts";

const CAPTURE: Record<CallDetail["capture"], string> = {
  full: "kept as they were",
  redacted: "kept after redaction",
  metadata: "not kept",
  none: "not kept",
};

/** What was asked and what was answered, as far as the capture policy kept it. */
export function MessagesPanel({ call }: { call: CallDetail }) {
  const messages = readMessages(call.request);
  const options = readOptions(call.request);
  return (
    <section className="panel" aria-labelledby="messages">
      <div className="panel-head">
        <h2 id="messages">Messages</h2>
        <span className="small quiet">texts are {CAPTURE[call.capture]}</span>
      </div>
      {messages.length === 0 && call.output === null && <NotKept capture={call.capture} />}
      <div className="messages">
        {messages.map(({ role, text }, index) => (
          <Message key={`${index} ${role}`} role={role} text={text} />
        ))}
        {call.output !== null && <Message role="answer" text={call.output} />}
      </div>
      {options.length > 0 && (
        <dl className="options">
          {options.map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd className="mono">{value}</dd>
            </div>
          ))}
        </dl>
      )}
    </section>
  );
}

function Message({ role, text }: { role: string; text: string }) {
  return (
    <article className={`kept-message ${role}`}>
      <header>
        <h3>{role}</h3>
        {text !== "" && <CopyButton text={text} label="Copy" />}
      </header>
      <p>{text === "" ? <span className="quiet">empty</span> : text}</p>
    </article>
  );
}

function NotKept({ capture }: { capture: CallDetail["capture"] }) {
  return (
    <p className="quiet">
      {capture === "none" || capture === "metadata" ? (
        <>
          This server keeps no texts: <code>traces.capture</code> is <code>{capture}</code> in
          weir.yaml.
        </>
      ) : (
        "No texts were kept for this call."
      )}
    </p>
  );
}
