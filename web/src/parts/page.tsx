import { useEffect, type ReactNode } from "react";

/** A page's heading, in the document and in the browser's title. */
export function PageHead(props: {
  title: ReactNode;
  name: string;
  lead?: ReactNode;
  children?: ReactNode;
}) {
  useEffect(() => {
    document.title = `${props.name} · Weir`;
  }, [props.name]);
  return (
    <header className="page-head">
      <div>
        <h1>{props.title}</h1>
        {props.lead != null && <p>{props.lead}</p>}
      </div>
      {props.children}
    </header>
  );
}

/** One of a few choices, as a row of radio buttons. */
export function Segments<Value extends string>(props: {
  name: string;
  label: string;
  value: Value;
  choices: readonly (readonly [value: Value, text: string])[];
  onChange: (value: Value) => void;
}) {
  return (
    <div className="segments" role="radiogroup" aria-label={props.label}>
      {props.choices.map(([value, text]) => (
        <label key={value}>
          <input
            type="radio"
            name={props.name}
            value={value}
            checked={value === props.value}
            onChange={() => props.onChange(value)}
          />
          {text}
        </label>
      ))}
    </div>
  );
}

export function Facts({
  facts,
}: {
  facts: readonly (readonly [name: string, value: ReactNode])[];
}) {
  return (
    <dl className="facts">
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
