import type { LibraryFile } from "../../api/library-queries.ts";
import { Choice } from "../../parts/choice.tsx";

/** Which file others are measured against, or made from. */
export function OriginalChoice(props: {
  readonly label: string;
  readonly original: LibraryFile;
  readonly files: readonly LibraryFile[];
  readonly onChange: (ref: string) => void;
}) {
  const { label, original, files, onChange } = props;
  return (
    <Choice
      label={label}
      value={original.ref}
      choices={files.map(({ ref, name, facts }) => [ref, `${name} (${facts?.type})`] as const)}
      onChange={onChange}
    />
  );
}
