import { useState } from "react";
import { CopyButton } from "../../parts/copy-button.tsx";
import { Dialog } from "../../parts/dialog.tsx";
import { Icon } from "../../parts/icon.tsx";
import { Segments } from "../../parts/page.tsx";
import type { Question } from "./question.ts";
import { LANGUAGES, toCode, withoutImages, type Language } from "./snippets.ts";

/** The same request as code, to take away. */
export function CodeButton({ question }: { question: Question }) {
  const [open, setOpen] = useState(false);
  return (
    <>
      <button type="button" className="button plain" onClick={() => setOpen(true)}>
        <Icon name="code" size={15} /> Show as code
      </button>
      {open && <CodeDialog question={question} onClose={() => setOpen(false)} />}
    </>
  );
}

function CodeDialog({ question, onClose }: { question: Question; onClose: () => void }) {
  const [language, setLanguage] = useState<Language>("curl");
  const code = toCode(language, question, location.origin);
  return (
    <Dialog title="The same request as code" wide onClose={onClose}>
      <Segments
        name="language"
        label="Language"
        value={language}
        choices={LANGUAGES}
        onChange={setLanguage}
      />
      <div className="code-box tall">
        <pre tabIndex={0} aria-label={`The request for ${language}`}>
          {withoutImages(code)}
        </pre>
      </div>
      <p className="small quiet">
        The key comes from the environment variable <code>WEIR_API_KEY</code>; the Keys page makes
        one.
      </p>
      <div className="actions">
        <CopyButton text={code} label="Copy the code" plain={false} />
        <button type="button" className="button primary" onClick={onClose}>
          Done
        </button>
      </div>
    </Dialog>
  );
}
