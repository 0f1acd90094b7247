import type { ReactElement } from "react";
import { Link } from "../../kit/Button";
import { Empty } from "../../kit/Empty";
import { Glyph } from "../../kit/Glyph";
import { clock, score } from "../../kit/format";
import { STATE_WORDS, useRuns } from "../../shell/Shell";
import { useTables } from "../Data/queries";

/** Every run, and the tables that another can be made from. */
export function Chooser(): ReactElement {
  const runs = useRuns();
  const tables = useTables();
  if (tables.data?.length === 0 && runs?.length === 0) {
    return (
      <Empty glyph="sprout" title="Nothing to train on yet" next={{ label: "Bring in a table", to: "/data" }}>
        A model learns from a table: rows whose answer is known.
      </Empty>
    );
  }
  return (
    <div className="chooser">
      <section aria-labelledby="train-on">
        <h1 id="train-on">Train on</h1>
        <ul className="train-on">
          {tables.data?.map((table) => (
            <li key={table.id}>
              <Link to={`/train?table=${table.id}`} look="plain">
                <Glyph name={table.kind === "image" ? "image" : "sheet"} size={18} />
                {table.name}
                {table.target && <span className="quiet">: {table.target}</span>}
              </Link>
            </li>
          ))}
          <li>
            <Link to="/data">Another table</Link>
          </li>
        </ul>
      </section>
      <section aria-labelledby="all-runs">
        <h2 id="all-runs">Runs</h2>
        {runs && runs.length > 0 ? (
          <table className="table sheet-table">
            <thead>
              <tr>
                <th>Run</th>
                <th>State</th>
                <th className="figure">Score</th>
                <th>Measured by</th>
                <th>Since</th>
              </tr>
            </thead>
            <tbody>
              {runs.map((run) => (
                <tr key={run.id}>
                  <td>
                    <Link to={`/train/${run.id}`}>{run.name}</Link>
                  </td>
                  <td>{STATE_WORDS[run.state]}</td>
                  <td className="figure">{score(run.score ?? run.best, run.loss)}</td>
                  <td className="quiet">{run.metric_name ?? "–"}</td>
                  <td className="quiet">{clock(run.created)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        ) : (
          <p className="quiet">None yet.</p>
        )}
      </section>
    </div>
  );
}
