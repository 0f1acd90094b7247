import { useQuery, useQueryClient } from "@tanstack/react-query";
import { type ReactElement, useEffect, useReducer, useState } from "react";
import { type Schemas, get, post, troubleOf } from "../../api/client";
import { useEvents } from "../../api/events";
import { Button, Link } from "../../kit/Button";
import { Glyph } from "../../kit/Glyph";
import { Failed, Notice } from "../../kit/Notice";
import { Panel } from "../../kit/Panel";
import { duration, plural, score, untyped } from "../../kit/format";
import { RUNS, STATE_WORDS } from "../../shell/Shell";
import { canDraw } from "../shared/chosen";
import { Leaderboard, modelName } from "./Leaderboard";
import { StepChart } from "./StepChart";
import { BEGINNING, PHASE_WORDS, after } from "./progress";

type RunLine = Schemas["RunLine"];

/** A run: what was asked, and how far it has come. */
export function Watching({ id }: { id: string }): ReactElement {
  const client = useQueryClient();
  // A run that is gone on with is heard from its beginning again.
  const [sitting, setSitting] = useState(0);
  const run = useQuery({
    queryKey: [...RUNS, id],
    queryFn: () => get<RunLine>(`/api/train/runs/${id}`),
    refetchInterval: (query) => (query.state.data?.state === "running" ? 2000 : false),
  });
  const [error, setError] = useState<unknown>(null);

  async function ask(what: "stop" | "resume", body?: unknown): Promise<void> {
    setError(null);
    try {
      client.setQueryData([...RUNS, id], await post<RunLine>(`/api/train/runs/${id}/${what}`, body));
      await client.invalidateQueries({ queryKey: RUNS });
      if (what === "resume") {
        setSitting(sitting + 1);
      }
    } catch (failure) {
      setError(failure);
    }
  }

  if (run.error && !run.data) {
    return (
      <div className="fence">
        <Failed error={run.error} />
        <p>
          <Link to="/train">All runs</Link>
        </p>
      </div>
    );
  }
  if (!run.data) {
    return <div className="waiting" />;
  }
  return (
    <div className="train">
      <Asked run={run.data} onResume={(seconds) => void ask("resume", { seconds })} />
      <div className="watching">
        {(error ?? troubleOf(run)) !== null && <Failed error={error ?? troubleOf(run)} />}
        <Live key={sitting} run={run.data} onStop={() => void ask("stop")} onResume={() => void ask("resume", {})} />
      </div>
    </div>
  );
}

function Asked({ run, onResume }: { run: RunLine; onResume: (seconds: number) => void }): ReactElement {
  const use = { random: "Rows like these", later: `Later ones, by ${run.column}`, groups: `New ones, by ${run.column}` }[run.use];
  return (
    <div className="asking answered">
      <header>
        <h1>{run.name}</h1>
        {run.table && <Link to={`/data/${run.table}`}>Look at the {run.kind === "image" ? "images" : "table"}</Link>}
      </header>
      <dl>
        {run.target && (
          <div>
            <dt>What shall be predicted?</dt>
            <dd>{run.kind === "image" ? "The class of an image" : run.target}</dd>
          </div>
        )}
        <div>
          <dt>What matters most?</dt>
          <dd>{run.matter ?? run.metric_name ?? "–"}</dd>
        </div>
        <div>
          <dt>How long may it take?</dt>
          <dd>{duration(run.seconds ?? run.time)}</dd>
        </div>
        {run.kind === "table" && (
          <div>
            <dt>On which rows will it be used?</dt>
            <dd>{use}</dd>
          </div>
        )}
      </dl>
      {run.state !== "running" && (
        <div className="asking-again">
          {(run.state === "finished" || run.state === "stopped") && (
            <Button glyph="sprout" onPress={() => onResume(60)}>
              Go on for a minute
            </Button>
          )}
          {run.table && (
            <Link to={`/train?table=${run.table}`} look="plain">
              Change the answers
            </Link>
          )}
        </div>
      )}
    </div>
  );
}

function Live({ run, onStop, onResume }: { run: RunLine; onStop: () => void; onResume: () => void }): ReactElement {
  const client = useQueryClient();
  const [progress, tell] = useReducer(after, BEGINNING);
  const [asked, setAsked] = useState(false);
  const working = run.state === "running";
  const board = useQuery({
    queryKey: ["board", run.id],
    queryFn: () => get<Schemas["Board"]>(`/api/train/runs/${run.id}/board`),
    refetchInterval: working ? 1500 : false,
  });
  useEvents(run.id, tell, () => {
    void client.invalidateQueries({ queryKey: RUNS });
    void client.invalidateQueries({ queryKey: ["board", run.id] });
  });
  const now = useNow(working);
  const elapsed = progress.elapsed + (working && progress.heard > 0 ? (now - progress.heard) / 1000 : 0);
  const left = progress.time === null ? null : Math.max(0, progress.time - elapsed);
  const shown = board.data ?? { lines: [], guess: null, first: null, chosen: false };
  const best = run.score ?? progress.best ?? shown.first;
  const name = run.metric_name ?? "score";
  const tried = run.kind === "image" ? "network" : "model";
  const doing = Object.values(progress.running)
    .map((known) => modelName(known).replace(/^trial /, `${tried} `))
    .join(", ");
  const over = run.state === "finished" || run.state === "stopped";
  return (
    <>
      <header className="headline">
        <div>
          <h2 className="headline-best" aria-live="polite">
            {best === null ? (
              working ? (
                "The first score is on its way"
              ) : (
                "No score"
              )
            ) : (
              <>
                {over ? "It scores " : "Best so far: "}
                <span className="headline-score">{score(best, run.loss)}</span>
                {shown.guess !== null &&
                  (best > shown.guess ? `, ${run.loss ? "down" : "up"} from ${score(shown.guess, run.loss)} for guessing` : `, no better than guessing (${score(shown.guess, run.loss)})`)}
              </>
            )}
          </h2>
          <p className="quiet">
            {best !== null && run.metric_meaning ? `${capital(name)}: ${run.metric_meaning}.` : ""}
            {!working && run.low !== null && run.high !== null && ` On new ${run.kind === "image" ? "pictures" : "rows"} it is to be expected between ${score(run.loss ? run.high : run.low, run.loss)} and ${score(run.loss ? run.low : run.high, run.loss)} (95 %).`}
          </p>
        </div>
        {working && (
          <Button
            glyph="stop"
            disabled={asked}
            onPress={() => {
              setAsked(true);
              onStop();
            }}
          >
            {asked ? "Stopping …" : "Stop and keep best"}
          </Button>
        )}
      </header>
      {working && (
        <div className="clock">
          <progress value={left === null || progress.time === null ? undefined : progress.time - left} max={progress.time ?? 1} aria-label="Time used" />
          <p>
            <b>{progress.phase === "searching" && run.kind === "image" ? "Trying networks" : (PHASE_WORDS[progress.phase] ?? progress.phase)}</b>
            {doing && progress.phase === "searching" && <span className="quiet"> {doing}</span>}
            <span className="clock-left">{left === null || asked || progress.phase === "done" ? "" : left > 0 ? `${duration(Math.ceil(left))} left` : "about to end"}</span>
          </p>
          <p className="quiet">You can close this tab; the run goes on.</p>
        </div>
      )}
      <Outcome run={run} onResume={onResume} />
      {(progress.steps.length > 0 || working) && (
        <Panel title="The best score so far" aside={<span className="quiet">{plural(progress.trials, tried)} tried</span>}>
          {progress.steps.length > 0 ? (
            <StepChart
              steps={progress.steps}
              now={progress.before + elapsed}
              guess={shown.guess}
              loss={run.loss}
              label={`The best ${name}, step by step: ${progress.steps.map((step) => `${score(step.score, run.loss)} after ${duration(step.at)}`).join(", ")}`}
            />
          ) : (
            <p className="quiet chart-waiting">The line begins with the first {tried}.</p>
          )}
          {shown.guess !== null && progress.steps.length > 0 && <p className="quiet chart-told">
              <span>
                Dashed: guessing, {score(shown.guess, run.loss)}
                {run.loss ? "; the lower, the better" : ""}
              </span>
              <span>time since it began</span>
            </p>}
        </Panel>
      )}
      {(shown.lines.length > 0 || shown.guess !== null) && (
        <Panel title="Leaderboard" className="panel-board">
          <Leaderboard board={shown} blend={run.score === null || working ? null : { score: run.score, low: run.low, high: run.high }} loss={run.loss} />
        </Panel>
      )}
      {progress.warnings.length > 0 && (
        <Panel title="Said on the way">
          <ul className="warnings">
            {progress.warnings.map((warning) => (
              <li key={warning}>{untyped(warning)}</li>
            ))}
          </ul>
          {run.table && run.kind === "table" && (
            <p className="warnings-mend">
              <Link to={`/data/${run.table}`}>Mend it in the table</Link>, then train again.
            </p>
          )}
        </Panel>
      )}
    </>
  );
}

function Outcome({ run, onResume }: { run: RunLine; onResume: () => void }): ReactElement | null {
  if (run.state === "interrupted") {
    return (
      <Notice
        what="Interrupted: the run's process ended before its time."
        mend={run.trouble ? `${run.trouble.what} ${run.trouble.mend}` : "Every model that was finished is kept. Continue goes on from there."}
        action={{ label: "Continue", onPress: onResume }}
      />
    );
  }
  if (run.state === "failed") {
    return (
      <Notice
        what={run.trouble?.what ?? "The run ended before it had a model."}
        mend={run.trouble?.mend ?? "Try again, or change the answers."}
        action={{ label: "Try again", onPress: onResume }}
      />
    );
  }
  if (run.state === "running") {
    return null;
  }
  return (
    <div className="outcome-done">
      <Glyph name="check" />
      <p>
        <b>{capital(STATE_WORDS[run.state])}.</b> {plural(run.trials, run.kind === "image" ? "network" : "model")} tried.
      </p>
      <Link to={`/understand/${run.id}`} look="leaf">
        Understand it
      </Link>
      {run.kind === "image" && (
        <Link to={`/networks/${run.id}`} look="plain">
          See the networks
        </Link>
      )}
      <Link to={`/deploy/${run.id}`} look="plain">
        Deploy it
      </Link>
      {canDraw(run) && (
        <Link to={`/designer?run=${run.id}`} look="plain">
          Open in Designer
        </Link>
      )}
    </div>
  );
}

/** The browser's clock, twice a second while there is something to count. */
function useNow(ticking: boolean): number {
  const [now, setNow] = useState(() => performance.now());
  useEffect(() => {
    if (!ticking) {
      return;
    }
    const clock = window.setInterval(() => setNow(performance.now()), 500);
    return () => window.clearInterval(clock);
  }, [ticking]);
  return Math.max(now, 0);
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
