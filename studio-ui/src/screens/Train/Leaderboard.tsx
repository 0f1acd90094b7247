import { type ReactElement, useState } from "react";
import type { Schemas } from "../../api/client";
import { Button } from "../../kit/Button";
import { Glyph, familyGlyph } from "../../kit/Glyph";
import { IntervalBar } from "../../kit/charts";
import { duration, plural, score } from "../../kit/format";

type Board = Schemas["Board"];
type Ends = Pick<Schemas["BoardLine"], "score" | "low" | "high">;

const FIRST = 10;
const NAMES: Record<string, string> = {
  lightgbm: "LightGBM",
  xgboost: "XGBoost",
  catboost: "CatBoost",
  linear: "Linear",
  svm: "Support vectors",
  neighbors: "Nearest neighbours",
  tree: "Decision tree",
  forest: "Random forest",
  extra_trees: "Extra trees",
  mlp: "Neural network",
  network: "Network",
  baseline: "Baseline",
};

/** A family of models as people call it. */
export const modelName = (name: string): string => NAMES[name] ?? name;

// How a candidate that came to no score of its own ended.
const ENDS: Record<string, string> = { pruned: "stopped early, others were better", failed: "did not end well" };
const TWIN = /^the same network as trial (\d+)$/;

/** What stands under a candidate's name: what is done to the columns, or how it ended. */
function told(line: Schemas["BoardLine"]): string {
  const twin = TWIN.exec(line.reason);
  const end = twin ? `drawn again: the same as Network ${twin[1]}` : line.reason || (line.state === "complete" ? "" : (ENDS[line.state] ?? line.state));
  return [line.state === "complete" ? line.steps : "", end].filter(Boolean).join(" · ");
}

interface LeaderboardProps {
  board: Board;
  /** What the blended model is expected to score; null while there is none. */
  blend: { score: number; low: number | null; high: number | null } | null;
  loss: boolean;
}

/** Every candidate, the best first; those that cannot be told from the best in one bracket; guessing always below. */
export function Leaderboard({ board, blend, loss }: LeaderboardProps): ReactElement {
  const [all, setAll] = useState(false);
  const images = board.lines.some((line) => line.model === "network");
  const ended = board.lines.filter((line) => line.score !== null && !TWIN.test(line.reason));
  const number = (state: string): number => board.lines.filter((line) => line.state === state).length;
  const [early, failed, again] = [number("pruned"), number("failed"), board.lines.filter((line) => TWIN.test(line.reason)).length];
  const shown = all ? board.lines : ended.slice(0, FIRST);
  const members = board.lines.filter((line) => line.weight > 0).length;
  const blended = blend !== null && members > 1 ? blend : null;
  const [from, to] = scaleOf(blended === null ? shown : [...shown, blended]);
  const tied = shown.filter((line) => line.tied).length;
  return (
    <>
      <table className="table leaders">
        <caption className="visually-hidden">Leaderboard</caption>
        <thead>
          <tr>
            <th>Model</th>
            <th className="figure">Score</th>
            <th>95 % interval</th>
            <th className="figure">Trained in</th>
            <th className="figure">A prediction</th>
          </tr>
        </thead>
        <tbody>
          {blended !== null && (
            <tr className="is-best is-blend">
              <td>
                <span className="leader-name">
                  <Glyph name="bouquet" size={18} />
                  <span>
                    Blended
                    <span className="leader-pipeline">{plural(members, "model")} together, corrected for the choice</span>
                  </span>
                </span>
              </td>
              <td className="figure">
                <span className="leader-score">{score(blended.score, loss)}</span>
              </td>
              <td colSpan={3}>
                <Interval line={blended} from={from} to={to} loss={loss} best />
              </td>
            </tr>
          )}
          {shown.map((line, place) => (
            <tr key={line.trial} className={[line.tied && tied > 1 ? "is-tied" : "", place === 0 && blended === null ? "is-best" : ""].join(" ")}>
              <td title={line.pipeline}>
                <span className="leader-name">
                  <Glyph name={familyGlyph(line.model)} size={18} />
                  <span>
                    {line.model === "network" ? `Network ${line.trial}` : modelName(line.model)}
                    <span className="leader-pipeline">{told(line)}</span>
                  </span>
                  {line.weight > 0 && <span className="tag tag-leaf">{!board.chosen ? "" : members === 1 ? "kept" : `${line.weight < 0.01 ? "< 1" : Math.round(100 * line.weight)} % of the blend`}</span>}
                </span>
              </td>
              <td className="figure">
                <span className="leader-score">{score(line.score, loss)}</span>
              </td>
              <td>
                <Interval line={line} from={from} to={to} loss={loss} best={place === 0 && blended === null} />
              </td>
              <td className="figure">{TWIN.test(line.reason) ? "–" : duration(line.fit_seconds)}</td>
              <td className="figure">{line.predict_ms === null ? "–" : duration(line.predict_ms / 1000)}</td>
            </tr>
          ))}
          <tr className="is-guess">
            <td>
              <span className="leader-name">
                <Glyph name="baseline" size={18} />
                <span>Guessing</span>
              </span>
            </td>
            <td className="figure">
              <span className="leader-score">{score(board.guess, loss)}</span>
            </td>
            <td colSpan={3} className="quiet">
              the same answer for every {images ? "image" : "row"}
            </td>
          </tr>
        </tbody>
      </table>
      <p className="leaders-told">
        {tied > 1 && <span className="tie-told">In the bracket: no worse than the best, as far as can be told.</span>}
        {early > 0 && <span>{plural(early, "candidate")} stopped early: others were better.</span>}
        {again > 0 && <span>{plural(again, "network")} came up again.</span>}
        {failed > 0 && <span>{plural(failed, "candidate")} did not end well.</span>}
        {board.lines.length > Math.min(FIRST, ended.length) && (
          <Button small look="quiet" onPress={() => setAll(!all)}>
            {all ? "Show the best alone" : `Show all ${board.lines.length}`}
          </Button>
        )}
      </p>
    </>
  );
}

function Interval({ line, from, to, loss, best }: { line: Ends; from: number; to: number; loss: boolean; best: boolean }): ReactElement {
  const told = line.low === null ? "no interval yet" : `from ${score(loss ? line.high : line.low, loss)} to ${score(loss ? line.low : line.high, loss)}`;
  return <IntervalBar value={line.score} low={line.low} high={line.high} from={from} to={to} width={180} best={best} label={told} />;
}

// An interval so many times the usual one is cut off at the ends of the scale: it would leave the others no room.
const MOST = 5;

/** One scale for all bars in sight, from the least to the greatest end of an interval. */
function scaleOf(lines: readonly Ends[]): [number, number] {
  const widths = lines.map((line) => (line.high ?? 0) - (line.low ?? 0)).filter((width) => width > 0).sort((a, b) => a - b);
  const most = MOST * (widths[Math.floor(widths.length / 2)] ?? 0);
  const ends = lines
    .flatMap((line) => ((line.high ?? 0) - (line.low ?? 0) > most ? [line.score] : [line.low, line.high, line.score]))
    .filter((end): end is number => end !== null);
  const low = Math.min(...ends);
  const high = Math.max(...ends);
  return ends.length > 0 && high > low ? [low, high] : [low - 1, low + 1];
}
