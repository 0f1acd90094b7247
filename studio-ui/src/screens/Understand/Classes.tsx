import type { ReactElement } from "react";
import type { Schemas } from "../../api/client";
import { Panel } from "../../kit/Panel";
import { count } from "../../kit/format";

/** A true class and what it was called, by their places. */
export interface Pair {
  true: number;
  called: number;
}

interface ClassesProps {
  found: Schemas["Counts"];
  things: "Rows" | "Images";
  /** Where single mistakes can be looked at: those that are, and what to do when others are asked for. */
  chosen?: Pair | null;
  choose?: (pair: Pair | null) => void;
}

/** Which class is taken for which, counted. */
export function Classes({ found, things, chosen, choose }: ClassesProps): ReactElement {
  const isChosen = (i: number, j: number): boolean => chosen?.true === i && chosen.called === j;
  return (
    <Panel title="What it takes for what">
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
                      {choose && i !== j && value > 0 ? (
                        <button type="button" className="confusion-pick" aria-pressed={isChosen(i, j)} aria-label={`${count(value)} of ${found.classes[i]} called ${found.classes[j]}`} onClick={() => choose(isChosen(i, j) ? null : { true: i, called: j })}>
                          {count(value)}
                        </button>
                      ) : (
                        count(value)
                      )}
                    </td>
                  ))}
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
      <p className="quiet small confusion-told">
        {things} that it had not learned from. Green is right; the stronger the colour of a mistake, the commoner it is for its class.
        {choose && " Press a mistake to see it."}
      </p>
    </Panel>
  );
}
