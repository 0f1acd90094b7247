import type { ReactElement } from "react";
import { Panel } from "../../kit/Panel";
import { number, percent, plural } from "../../kit/format";
import type { Explanation } from "./explanation";

/** Kinds of rows for which the model is worse than for the others, beyond chance. */
export function Weak({ explanation }: { explanation: Explanation | undefined }): ReactElement {
  if (explanation?.state !== "ready") {
    return (
      <Panel title="Where it is weak">
        <p className="quiet">Looked for as soon as the columns are done.</p>
      </Panel>
    );
  }
  const { weak } = explanation;
  return (
    <Panel title="Where it is weak">
      {weak.length === 0 ? (
        <p>No kind of row was found for which it is worse than for the others, beyond chance.</p>
      ) : (
        <>
          <p className="quiet small">Trust it less for these rows, or bring in more of them.</p>
          <ol className="weak-list">
            {weak.map((spot) => (
              <li key={spot.words}>
                <span className="weak-words">{spot.words}</span>
                <span className="quiet">
                  {plural(spot.rows, "row")} ({percent(spot.share)})
                </span>
                <span className="weak-figure">
                  {spot.right === null ? `${explanation.weak_metric} ${number(spot.score)}, all rows ${number(spot.overall)}` : `right ${Math.round(100 * spot.right)} times in 100`}
                </span>
              </li>
            ))}
          </ol>
        </>
      )}
    </Panel>
  );
}
