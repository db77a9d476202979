import { Link, useParams, useSearch } from "wouter";
import { PageHead } from "../../parts/page.tsx";
import { FileTab } from "./file-tab.tsx";
import { LibraryTab } from "./library-tab.tsx";
import { MeasureTab } from "./measure-tab.tsx";
import { ServedTab } from "./served-tab.tsx";

const TABS = [
  ["served", "Served"],
  ["library", "Library"],
  ["measure", "Compare"],
] as const;
type Tab = (typeof TABS)[number][0];

const LEADS: Record<Tab, string> = {
  served: "The names that clients ask for, and the targets that answer",
  library: "The model files of this server: fetch them, look inside, make them smaller",
  measure: "What each file costs and what it loses, measured on this machine",
};

/** What answers, what files there are, and which of them is worth running. */
export function ModelsPage() {
  const { tab: asked } = useParams<{ tab?: string }>();
  const ref = new URLSearchParams(useSearch()).get("ref");
  const isFile = asked === "file" && ref !== null;
  const tab = isFile ? "library" : (TABS.find(([name]) => name === asked)?.[0] ?? "served");
  return (
    <>
      <PageHead title="Models" name="Models" lead={LEADS[tab]} />
      <Tabs here={tab} />
      {isFile && <FileTab key={ref} fileRef={ref} />}
      {!isFile && tab === "served" && <ServedTab />}
      {!isFile && tab === "library" && <LibraryTab />}
      {!isFile && tab === "measure" && <MeasureTab />}
    </>
  );
}

function Tabs({ here }: { here: Tab }) {
  return (
    <nav className="tabs model-tabs" aria-label="Models">
      {TABS.map(([name, text]) => (
        <Link
          key={name}
          href={name === "served" ? "/models" : `/models/${name}`}
          aria-current={name === here ? "page" : undefined}
        >
          {text}
        </Link>
      ))}
    </nav>
  );
}
