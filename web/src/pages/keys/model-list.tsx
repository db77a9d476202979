const MOST = 3;

/** The models that somebody may use, the first of them where there are many. */
export function ModelList({ models }: { models: readonly string[] }) {
  if (models.length === 0) return <div className="key-line">no model</div>;
  return (
    <div className="key-line" title={models.join(", ")}>
      {models.slice(0, MOST).map((name) => (
        <code key={name}>{name}</code>
      ))}
      {models.length > MOST && <span>and {models.length - MOST} more</span>}
    </div>
  );
}
