import { type ReactElement, useState } from "react";
import { Button } from "../../kit/Button";
import { Glyph } from "../../kit/Glyph";
import { Notice } from "../../kit/Notice";
import { Panel } from "../../kit/Panel";
import { together } from "../../kit/format";
import { EffectChart } from "./EffectChart";
import type { Explanation } from "./explanation";

const SHOWN = 6;
const STEPS: Record<string, string> = {
  opening: "Opening the model",
  predictions: "Counting its predictions",
  columns: "Shuffling one column after another",
  pushes: "Taking single predictions apart",
  effects: "Moving columns from low to high",
  "weak spots": "Looking for weak spots",
  writing: "Writing the report",
};

interface DriversProps {
  id: string;
  kind: string;
  target: string;
  classes: readonly string[];
  explanation: Explanation | undefined;
  start: () => void;
  stop: () => void;
}

/** The columns that the model goes by, each with a bar, a sentence, and the curve behind it. */
export function Drivers({ id, kind, target, classes, explanation, start, stop }: DriversProps): ReactElement {
  const [open, setOpen] = useState<string | null | undefined>(undefined);
  const [all, setAll] = useState(false);
  if (explanation?.state === "failed") {
    return (
      <Panel title="What it goes by" className="drivers">
        <Notice what={explanation.what} mend="What stands beside this is counted without it." action={{ label: "Look at the columns", onPress: start }} />
      </Panel>
    );
  }
  if (explanation?.state !== "ready") {
    return (
      <Panel title="What it goes by" className="drivers">
        <Progress explanation={explanation} />
        {explanation?.state === "working" && (
          <Button small look="quiet" glyph="stop" onPress={stop}>
            Stop looking
          </Button>
        )}
      </Panel>
    );
  }
  const { drivers } = explanation;
  const shown = all ? drivers : drivers.slice(0, SHOWN);
  const opened = open === undefined ? drivers[0]?.column : open;
  return (
    <Panel title="What it goes by" aside={<span className="quiet aside">the longer the bar, the more it would lose</span>} className="drivers">
      <ol className="driver-list">
        {shown.map((driver) => {
          const here = opened === driver.column;
          return (
            <li key={driver.column} className={driver.sure ? "driver" : "driver driver-unsure"}>
              <button type="button" className="driver-head" aria-expanded={here} onClick={() => setOpen(here ? null : driver.column)}>
                <span className="driver-name">{driver.column}</span>
                <span className="driver-track" aria-hidden>
                  <span className="driver-bar" style={{ width: `${Math.max(0.6, 100 * driver.share)}%` }} />
                </span>
                <Glyph name={here ? "down" : "right"} size={16} />
              </button>
              <p className="driver-told">{together(driver.sentence)}</p>
              {here && <EffectChart id={id} column={driver.column} kind={kind} target={target} classes={classes} />}
            </li>
          );
        })}
      </ol>
      {drivers.length > SHOWN && (
        <Button small look="quiet" onPress={() => setAll(!all)}>
          {all ? `Only the first ${SHOWN}` : `All ${drivers.length} columns`}
        </Button>
      )}
    </Panel>
  );
}

function Progress({ explanation }: { explanation: Explanation | undefined }): ReactElement {
  const done = explanation?.done ?? 0;
  const told = STEPS[explanation?.step ?? ""] ?? "Waiting for its turn";
  return (
    <div className="progress" role="status">
      <p>
        {told} … <span className="quiet">This takes half a minute at most, once for each model. You can go on reading.</span>
      </p>
      <div className="progress-track" role="progressbar" aria-label={told} aria-valuenow={Math.round(100 * done)} aria-valuemin={0} aria-valuemax={100}>
        <div className="progress-bar" style={{ width: `${Math.max(2, 100 * done)}%` }} />
      </div>
      <div className="ghosts" aria-hidden>
        {[92, 70, 54, 33, 21, 12].map((width) => (
          <span key={width} style={{ width: `${width}%` }} />
        ))}
      </div>
    </div>
  );
}
