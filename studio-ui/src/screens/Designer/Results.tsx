import { useQuery } from "@tanstack/react-query";
import type { ReactElement } from "react";
import { get } from "../../api/client";
import { Link } from "../../kit/Button";
import { Failed, Notice } from "../../kit/Notice";
import { count, duration, number } from "../../kit/format";
import { Curves, type CurveData } from "./Curves";
import type { NodeState } from "./model";

interface Measure {
  metric: string;
  label: string;
  meaning: string;
  shown: number | null;
  guessing: number | null;
  lower_is_better: boolean;
}

interface Preview {
  kind: "table" | "split" | "features" | "model" | "scores" | "comparison" | "deployment";
  facts: [string, string | number | null][];
  seconds: number;
  columns?: { name: string; type: string; missing: number }[];
  rows?: (string | number | boolean | null)[][];
  target?: { name: string; cells: (string | number | boolean | null)[] };
  more?: number;
  of?: number;
  scores?: { measures: Measure[]; low: number | null; high: number | null; folds: (number | null)[]; curves: CurveData };
  comparison?: { label: string; lower_is_better: boolean; rows: { name: string; shown: number; behind: number; tied: boolean; seconds: number }[] };
}

interface ResultsProps {
  design: string;
  node: string;
  title: string;
  state: NodeState | undefined;
  problem: { what: string; mend: string } | undefined;
}

const SENTENCES: Record<NodeState["state"], string> = {
  queued: "waits its turn",
  running: "is at work",
  done: "is done",
  failed: "has failed",
  waiting: "waits for another step, which has failed",
  interrupted: "was interrupted: press Run to go on",
};

/** What a step gave: rows, scores, a comparison, or what went wrong. */
export function Results({ design, node, title, state, problem }: ResultsProps): ReactElement {
  const digest = state?.state === "done" ? state.digest : null;
  const found = useQuery({
    queryKey: ["preview", design, node, digest],
    queryFn: () => get<Preview>(`/api/designer/graphs/${design}/preview?node=${encodeURIComponent(node)}`),
    enabled: Boolean(digest),
    staleTime: Infinity,
  });
  return (
    <section className={digest && !state?.error ? "results" : "results results-short"} aria-label="Results">
      <header className="results-head">
        <h2>{title}</h2>
        {found.data && digest && <Facts preview={found.data} />}
      </header>
      <div className="results-body">
        {state?.error ? (
          <Notice what={state.error.what} mend={state.error.mend} />
        ) : !digest ? (
          problem ? (
            <Notice look="pollen" what={problem.what} mend={problem.mend} />
          ) : (
            <p className="quiet">{state ? `This step ${SENTENCES[state.state]}.` : "Not run yet. Press Run, and what this step gives is shown here."}</p>
          )
        ) : found.isError ? (
          <Failed error={found.error} />
        ) : found.data ? (
          <Body preview={found.data} design={design} node={node} />
        ) : null}
      </div>
    </section>
  );
}

function Facts({ preview }: { preview: Preview }): ReactElement {
  return (
    <dl className="step-facts">
      {preview.facts.map(([word, value]) => (
        <div key={word}>
          <dt>{word}</dt>
          <dd>{typeof value === "number" ? number(value) : value}</dd>
        </div>
      ))}
      <div>
        <dt>Took</dt>
        <dd>{duration(preview.seconds)}</dd>
      </div>
    </dl>
  );
}

function Body({ preview, design, node }: { preview: Preview; design: string; node: string }): ReactElement {
  if (preview.scores) {
    const { measures, low, high, curves } = preview.scores;
    const first = measures[0];
    const sign = first?.lower_is_better ? -1 : 1;
    const bounds = low === null || high === null ? null : [sign * low, sign * high].sort((a, b) => a - b);
    return (
      <div className="scores">
        <div>
          <table className="table scores-table">
            <caption className="visually-hidden">Scores on the rows that judged</caption>
            <thead>
              <tr>
                <th scope="col">Judged by</th>
                <th scope="col" className="figure">
                  This model
                </th>
                <th scope="col" className="figure">
                  Guessing
                </th>
              </tr>
            </thead>
            <tbody>
              {measures.map((measure) => (
                <tr key={measure.metric} title={measure.meaning}>
                  <th scope="row">{measure.label}</th>
                  <td className="figure">{number(measure.shown)}</td>
                  <td className="figure quiet">{number(measure.guessing)}</td>
                </tr>
              ))}
            </tbody>
          </table>
          {bounds && first && (
            <p className="field-told">
              {first.label} on very many such rows: {number(bounds[0])} to {number(bounds[1])} (95 %).
            </p>
          )}
        </div>
        <Curves curves={curves} />
      </div>
    );
  }
  if (preview.comparison) {
    const { label, rows } = preview.comparison;
    return (
      <table className="table compare-table">
        <caption className="visually-hidden">Models on the same rows, the best first</caption>
        <thead>
          <tr>
            <th scope="col">Model</th>
            <th scope="col" className="figure">
              {label}
            </th>
            <th scope="col" className="figure">
              Behind
            </th>
            <th scope="col" className="figure">
              Trained in
            </th>
            <th scope="col">In words</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row, place) => (
            <tr key={`${row.name} ${place}`}>
              <th scope="row">
                {row.name} {place === 0 && <span className="tag tag-best">best</span>}
              </th>
              <td className="figure">{number(row.shown)}</td>
              <td className="figure">{place === 0 ? "–" : number(row.behind)}</td>
              <td className="figure">{duration(row.seconds)}</td>
              <td className="quiet">{place === 0 ? "" : row.tied ? "the difference may be chance" : "worse, and not by chance"}</td>
            </tr>
          ))}
        </tbody>
      </table>
    );
  }
  if (preview.kind === "deployment") {
    return (
      <div className="deployed">
        <p>One file with every step in it, as it was fitted. Serve it with</p>
        <pre>
          <code>hortus serve model.hortus</code>
        </pre>
        <a className="button button-leaf" href={`/api/designer/graphs/${design}/model?node=${encodeURIComponent(node)}`} download="model.hortus">
          Download the model
        </a>
        <Link to="/deploy">Models at work</Link>
      </div>
    );
  }
  return <Rows preview={preview} />;
}

function Rows({ preview }: { preview: Preview }): ReactElement {
  const columns = preview.columns ?? [];
  const rows = preview.rows ?? [];
  return (
    <>
      <div className="rows" tabIndex={0} role="region" aria-label="The first rows">
        <table>
          <thead>
            <tr>
              {preview.target && (
                <th scope="col" className="rows-target">
                  {preview.target.name}
                  <small>to predict</small>
                </th>
              )}
              {columns.map((column) => (
                <th key={column.name} scope="col" className={column.type === "number" ? "figure" : ""}>
                  {column.name}
                  <small>
                    {column.type}
                    {column.missing > 0 && <span className="rows-missing"> · {count(column.missing)} missing</span>}
                  </small>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((row, place) => (
              <tr key={place}>
                {preview.target && <td className="rows-target">{String(preview.target.cells[place] ?? "")}</td>}
                {row.map((cell, at) => (
                  <td key={columns[at]?.name ?? at} className={typeof cell === "number" ? "figure" : ""}>
                    {cell === null ? <span className="rows-gap">missing</span> : typeof cell === "boolean" ? (cell ? "yes" : "no") : cell}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <p className="field-told rows-foot">
        The first {count(rows.length)} of {count(preview.of ?? rows.length)} rows
        {preview.more ? `; ${count(preview.more)} more columns are not shown` : ""}.
      </p>
    </>
  );
}
