import { useId, useMemo, useRef, useState, type KeyboardEvent, type RefObject } from "react";
import { formatCost, formatCount, formatMs } from "../../format.ts";
import { Icon, type IconName } from "../../parts/icon.tsx";
import { statusText } from "../../parts/run-badge.tsx";
import { useRowsInView, useShownRow } from "../../parts/virtual-rows.ts";
import { toTicks } from "../calls/waterfall.ts";
import { barOf, extentOf, toRows, type Extent, type TreeRow, type TreeRun } from "./run-tree.ts";

const ROW = 34;
/** Deeper runs are not moved further right: they would leave the box. */
const MOST_INDENT = 16;

interface TreeProps {
  readonly runs: readonly TreeRun[];
  readonly selected: string | null;
  readonly onSelect: (id: string) => void;
}

/**
 * Tree and waterfall in one: a line for each run, its bar on the time axis beside it. Only the lines
 * in view exist, so that a trace may have any number of them. Arrow keys move as in any tree.
 */
export function TreeView({ runs, selected, onSelect }: TreeProps) {
  const [closed, setClosed] = useState<ReadonlySet<string>>(new Set());
  const rows = useMemo(() => toRows(runs, closed), [runs, closed]);
  const now = Date.now();
  const extent = extentOf(runs, now);
  const box = useRef<HTMLDivElement>(null);
  const at = rows.findIndex(({ run }) => run.id === selected);
  const toggle = (id: string) => setClosed(toggled(closed, id));
  return (
    <div className="run-tree">
      <TreeHead
        extent={extent}
        isAllOpen={closed.size === 0}
        onAll={() => setClosed(closed.size === 0 ? parentsOf(runs) : new Set())}
      />
      <TreeBox box={box} rows={rows} at={at} onSelect={onSelect} onToggle={toggle}>
        {(row, id, position) => (
          <Line
            key={row.run.id}
            id={id}
            row={row}
            position={position}
            isSelected={row.run.id === selected}
            bar={barOf(row.run, extent, now)}
            onSelect={() => onSelect(row.run.id)}
            onToggle={() => toggle(row.run.id)}
          />
        )}
      </TreeBox>
    </div>
  );
}

function toggled(closed: ReadonlySet<string>, id: string): ReadonlySet<string> {
  const changed = new Set(closed);
  if (!changed.delete(id)) changed.add(id);
  return changed;
}

/** Every run that has others below it, the roots apart: they stay open. */
function parentsOf(runs: readonly TreeRun[]): ReadonlySet<string> {
  const roots = new Set(runs.filter(({ parentId }) => parentId === null).map(({ id }) => id));
  return new Set(
    runs.flatMap(({ parentId }) => (parentId && !roots.has(parentId) ? [parentId] : [])),
  );
}

function TreeHead(props: { extent: Extent; isAllOpen: boolean; onAll: () => void }) {
  const { extent, isAllOpen, onAll } = props;
  const total = extent.to - extent.from;
  return (
    <div className="run-line run-head">
      <button type="button" className="button plain" onClick={onAll}>
        {isAllOpen ? "Fold all" : "Unfold all"}
      </button>
      <div className="run-axis" aria-hidden="true">
        {toTicks(total).map((tick) => (
          <span
            key={tick}
            className="tick"
            style={{ left: `${(tick / Math.max(total, 0.01)) * 100}%` }}
          >
            {formatMs(tick)}
          </span>
        ))}
      </div>
      <span className="run-figure quiet small">time</span>
    </div>
  );
}

function TreeBox(props: {
  box: RefObject<HTMLDivElement | null>;
  rows: readonly TreeRow[];
  at: number;
  onSelect: (id: string) => void;
  onToggle: (id: string) => void;
  children: (row: TreeRow, id: string, position: number) => React.ReactNode;
}) {
  const { box, rows, at, onSelect, onToggle, children } = props;
  const { first, end } = useRowsInView(box, ROW, rows.length);
  useShownRow(box, ROW, at);
  const id = useId();
  const onKeyDown = (event: KeyboardEvent) => {
    const next = keyMove(event.key, rows, at, Math.floor((box.current?.clientHeight ?? 0) / ROW));
    if (next === null) return;
    event.preventDefault();
    const row = rows[next.row];
    if (!row) return;
    if (next.toggles) onToggle(row.run.id);
    else onSelect(row.run.id);
  };
  const isThere = at >= first && at < end;
  return (
    <div
      ref={box}
      className="run-box"
      role="tree"
      tabIndex={0}
      aria-label="Runs of the trace"
      aria-activedescendant={isThere ? `${id}-${at}` : undefined}
      onKeyDown={onKeyDown}
    >
      <div className="run-rows" role="presentation" style={{ height: rows.length * ROW }}>
        {rows
          .slice(first, end)
          .map((row, index) => children(row, `${id}-${first + index}`, first + index))}
      </div>
    </div>
  );
}

/** Where a key leads in the tree: to another line, or to this one's folding. Null for other keys. */
export function keyMove(
  key: string,
  rows: readonly TreeRow[],
  at: number,
  page: number,
): { row: number; toggles: boolean } | null {
  const last = rows.length - 1;
  const to = (row: number) => ({ row: Math.max(0, Math.min(last, row)), toggles: false });
  const row = rows[at];
  if (key === "ArrowDown") return to(at + 1);
  if (key === "ArrowUp") return to(at - 1);
  if (key === "PageDown") return to(at + page);
  if (key === "PageUp") return to(at - page);
  if (key === "Home") return to(0);
  if (key === "End") return to(last);
  if (!row) return null;
  if (key === "ArrowRight")
    return row.hasChildren && !row.isOpen ? { row: at, toggles: true } : to(at + 1);
  if (key !== "ArrowLeft") return null;
  if (row.hasChildren && row.isOpen) return { row: at, toggles: true };
  const above = rows.slice(0, at).findLastIndex(({ depth }) => depth < row.depth);
  return to(above === -1 ? at : above);
}

const KINDS: Readonly<Record<string, IconName>> = {
  llm: "playground",
  chain: "models",
  tool: "tool",
  retriever: "image",
  embedding: "code",
  prompt: "edit",
  parser: "code",
  guard: "shield",
  attempt: "send",
};

function Line(props: {
  id: string;
  row: TreeRow;
  position: number;
  isSelected: boolean;
  bar: ReturnType<typeof barOf>;
  onSelect: () => void;
  onToggle: () => void;
}) {
  const { id, row, position, isSelected, bar, onSelect, onToggle } = props;
  const { run, depth, hasChildren, isOpen, isStray } = row;
  return (
    <div
      id={id}
      role="treeitem"
      className={isSelected ? "run-line run-row selected" : "run-line run-row"}
      style={{ transform: `translateY(${position * ROW}px)` }}
      aria-level={depth + 1}
      aria-posinset={row.place}
      aria-setsize={row.siblings}
      aria-selected={isSelected}
      aria-expanded={hasChildren ? isOpen : undefined}
      aria-label={labelOf(run)}
      onClick={onSelect}
    >
      <span className="run-name" style={{ paddingLeft: Math.min(depth, MOST_INDENT) * 14 }}>
        <Fold hasChildren={hasChildren} isOpen={isOpen} onToggle={onToggle} />
        <StatusSign run={run} />
        <b title={run.name}>{run.name}</b>
        {isStray && (
          <span className="quiet small" title="Its parent run is not in this trace.">
            {" "}
            (no parent)
          </span>
        )}
        <span className="quiet small run-model">{run.model}</span>
      </span>
      <span className="run-track" aria-hidden="true">
        <span
          className={`bar ${run.type} ${run.status}`}
          style={{ left: `${bar.left}%`, width: `${bar.width}%` }}
        />
        {bar.ttft !== null && <span className="run-ttft" style={{ left: `${bar.ttft}%` }} />}
      </span>
      <span className="run-figure figures">{formatMs(run.durationMs)}</span>
    </div>
  );
}

function Fold(props: { hasChildren: boolean; isOpen: boolean; onToggle: () => void }) {
  if (!props.hasChildren) return <span className="run-fold" />;
  // The keys of the tree fold too: this is for the pointer alone.
  return (
    <button
      type="button"
      className={props.isOpen ? "run-fold" : "run-fold closed"}
      tabIndex={-1}
      aria-hidden="true"
      onClick={(event) => {
        event.stopPropagation();
        props.onToggle();
      }}
    >
      <Icon name="left" size={13} />
    </button>
  );
}

const SIGNS: Partial<Record<TreeRun["status"], IconName>> = {
  error: "cross",
  blocked: "shield",
  canceled: "stop",
  pending: "retry",
};

function StatusSign({ run: { status, type } }: { run: TreeRun }) {
  const name = SIGNS[status] ?? KINDS[type] ?? "wave";
  return (
    <span className={`run-sign ${status}`}>
      <Icon name={name} size={15} />
    </span>
  );
}

function labelOf(run: TreeRun): string {
  const tokens = run.inputTokens + run.outputTokens;
  return [
    run.name,
    run.type,
    statusText(run.status),
    run.durationMs === null ? "" : formatMs(run.durationMs),
    tokens > 0 ? `${formatCount(tokens)} tokens` : "",
    run.costNanos === null ? "" : formatCost(run.costNanos),
  ]
    .filter(Boolean)
    .join(", ");
}
