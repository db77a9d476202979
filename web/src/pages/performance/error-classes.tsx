import { Link } from "wouter";
import { useFacets } from "../../api/trace-queries.ts";
import { formatCount } from "../../format.ts";
import { errorsQuery, toSearch, type View } from "./performance-view.ts";

/** What went wrong how often, among the newest runs of the window. */
export function ErrorClasses({ view }: { view: View }) {
  const isKnown = errorsQuery(view, Date.now()) !== null;
  const query = () => errorsQuery(view, Date.now()) ?? "status=error";
  const { data } = useFacets(`errors ${toSearch(view)}`, query, false);
  const classes = data?.["errorCode"]?.filter(({ value }) => value !== "") ?? [];
  if (!isKnown || classes.length === 0) return null;
  const most = Math.max(...classes.map(({ count }) => count));
  return (
    <section className="panel" aria-labelledby="errors">
      <div className="panel-head">
        <h2 id="errors">Errors by class</h2>
        <Link href="/traces?show=runs&status=error" className="small">
          See the runs
        </Link>
      </div>
      <ul className="class-bars">
        {classes.map(({ value, count }) => (
          <li key={value}>
            <code>{value}</code>
            <span className="class-bar" aria-hidden="true">
              <span style={{ width: `${(count / most) * 100}%` }} />
            </span>
            <span className="figures">{formatCount(count)}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}
