import type { ReactElement } from "react";
import { Panel } from "../../kit/Panel";
import type { Board } from "./Networks";

const NAMES: Record<string, string> = { params: "how many parameters", macs: "how many multiply-adds", "after 1/9": "the score after a ninth of the training", "after 1/3": "the score after a third of the training" };
const LEAST = 8;
const LOW = 0.5;

/** Whether what is cheap ranks the networks of this run as full training does. */
export function AgreementTable({ found }: { found: Board["agreement"] }): ReactElement {
  const two = (value: number | null): string => (value === null ? "" : value.toFixed(2).replace("-", "\u2212"));
  return (
    <Panel title="Can one judge networks for less?">
      <p className="quiet">Whether what is cheap ranks this run's networks as training them does: 1 is the same order, 0 is chance. With fewer than {LEAST} networks nothing can be said.</p>
      <div className="board-scroll" tabIndex={0} role="region" aria-label="Agreement between cheap scores and training">
        <table className="table agreement">
          <thead>
            <tr>
              <th scope="col">judged by</th>
              <th scope="col" className="figure">
                networks
              </th>
              <th scope="col" className="figure">
                Spearman
              </th>
              <th scope="col">95 %</th>
              <th scope="col" className="figure">
                Kendall
              </th>
              <th scope="col">so</th>
            </tr>
          </thead>
          <tbody>
            {found.map((row) => (
              <tr key={row.cheap}>
                <td>{NAMES[row.cheap] ?? row.cheap}</td>
                <td className="figure">{row.count}</td>
                <td className="figure">{two(row.spearman) || "–"}</td>
                <td>{row.spearman === null ? "" : `${two(row.spearman_low)} to ${two(row.spearman_high)}`}</td>
                <td className="figure">{two(row.kendall) || "–"}</td>
                <td>{row.spearman === null ? <span className="quiet">too few to tell</span> : row.spearman < LOW ? <span className="told-bloom">it misleads</span> : "it may stand in"}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Panel>
  );
}
