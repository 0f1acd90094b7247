import type { ReactElement } from "react";
import type { Schemas } from "../../api/client";
import { Panel } from "../../kit/Panel";
import { count } from "../../kit/format";

/** Which class is taken for which, in rows. */
export function Classes({ found }: { found: Schemas["Counts"] }): ReactElement {
  return (
    <Panel title="What it takes for what" className="classes">
      <div className="classes-scroll">
        <table className="confusion">
          <thead>
            <tr>
              <th scope="col">it is ↓ · called →</th>
              {found.classes.map((name) => (
                <th key={name} scope="col">
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {found.counts.map((row, i) => {
              const all = Math.max(1, row.reduce((sum, one) => sum + one, 0));
              return (
                <tr key={found.classes[i]}>
                  <th scope="row">{found.classes[i]}</th>
                  {row.map((value, j) => (
                    <td key={found.classes[j]} className={i === j ? "right" : value > 0 ? "wrong" : "none"} style={{ "--share": `${Math.round((100 * value) / all)}%` } as React.CSSProperties}>
                      {count(value)}
                    </td>
                  ))}
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
      <p className="quiet small">Rows that it had not learned from. Green is right; the darker a mistake, the commoner it is for its class.</p>
    </Panel>
  );
}
