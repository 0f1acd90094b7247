import { type ReactElement, useEffect } from "react";
import { Empty } from "../../kit/Empty";
import type { GlyphName } from "../../kit/Glyph";
import { go } from "../../shell/route";
import { type RunLine, useRuns } from "../../shell/Shell";

const OVER: readonly RunLine["state"][] = ["finished", "stopped", "interrupted"];

export const isOver = (run: RunLine): boolean => OVER.includes(run.state);

/** Whether a run can be opened in the Designer: its table is here, and it came to its end. */
export const canDraw = (run: RunLine): boolean => run.kind === "table" && run.table !== null && run.trials > 0 && (run.state === "finished" || run.state === "stopped");

interface Chosen {
  run: RunLine | null;
  /** What to show where there is none. */
  instead: ReactElement;
}

/** The run that the address names; without one the newest that is over, and the address then names it. */
export function useChosen(screen: string, id: string | undefined, kind: RunLine["kind"] | null, glyph: GlyphName): Chosen {
  const runs = useRuns();
  const fit = (runs ?? []).filter((run) => isOver(run) && (kind === null || run.kind === kind));
  const named = (runs ?? []).find((run) => run.id === id);
  const run = named && isOver(named) && (kind === null || named.kind === kind) ? named : null;
  const first = fit[0]?.id;
  useEffect(() => {
    if (id === undefined && first !== undefined) {
      go(`/${screen}/${first}`, true);
    }
  }, [id, first, screen]);
  if (runs === undefined || (id === undefined && first !== undefined)) {
    return { run: null, instead: <div className="waiting" /> };
  }
  return { run, instead: <Without named={named} kind={kind} glyph={glyph} other={fit[0]} screen={screen} /> };
}

interface WithoutProps {
  named: RunLine | undefined;
  kind: RunLine["kind"] | null;
  glyph: GlyphName;
  other: RunLine | undefined;
  screen: string;
}

function Without({ named, kind, glyph, other, screen }: WithoutProps): ReactElement {
  if (named && kind !== null && named.kind !== kind) {
    return (
      <Empty glyph={glyph} title={`This run learned from ${named.kind === "table" ? "a table" : "images"}`} next={{ label: "Understand this model", to: `/understand/${named.id}` }}>
        Networks are searched where there are images.
      </Empty>
    );
  }
  if (named && named.state === "running") {
    return (
      <Empty glyph={glyph} title="Still at work" next={{ label: "Watch it train", to: `/train/${named.id}` }}>
        There is a model as soon as the search is over, or is stopped.
      </Empty>
    );
  }
  if (other && named === undefined) {
    return (
      <Empty glyph={glyph} title="There is no such run here" next={{ label: `Go to ${other.name}`, to: `/${screen}/${other.id}` }}>
        It may have been removed in another window.
      </Empty>
    );
  }
  if (other) {
    return (
      <Empty glyph={glyph} title="This run has no model" next={{ label: `Go to ${other.name}`, to: `/${screen}/${other.id}` }}>
        It ended before a candidate was good for anything.
      </Empty>
    );
  }
  return (
    <Empty glyph={glyph} title={kind === "image" ? "No networks yet" : "No model yet"} next={{ label: kind === "image" ? "Bring in images" : "Choose a table", to: "/data" }}>
      {kind === "image" ? "Drop a zip of class folders under Data, and train: every network that is tried is drawn here." : "A model is there after the first training. It takes a minute."}
    </Empty>
  );
}
