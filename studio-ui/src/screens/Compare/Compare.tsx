import { useMutation, useQuery } from "@tanstack/react-query";
import { Fragment, type ReactElement, useState } from "react";
import { type Schemas, get, post } from "../../api/client";
import { Button, Link } from "../../kit/Button";
import { Empty } from "../../kit/Empty";
import { ChoiceField, Toggle } from "../../kit/Fields";
import { Failed } from "../../kit/Notice";
import { Panel } from "../../kit/Panel";
import { clock, duration, plural, score } from "../../kit/format";
import { go } from "../../shell/route";
import { type RunLine, STATE_WORDS, useRuns } from "../../shell/Shell";
import { canDraw, isOver } from "../shared/chosen";
import { Loaded } from "../shared/Loaded";
import type { ScreenProps } from "../table";
import "../shared/model.css";
import "./compare.css";

type Comparison = Schemas["Comparison"];
type Fact = Comparison["facts"][number];
const MOST = 8;

export default function Compare({ query }: ScreenProps): ReactElement {
  const runs = useRuns();
  const chosen = query.getAll("run");
  if (runs === undefined) {
    return <div className="waiting" />;
  }
  if (runs.length === 0) {
    return (
      <Empty glyph="compare" title="No runs yet" next={{ label: "Choose a table", to: "/data" }}>
        Every training is kept here, and any two of them can be held against each other.
      </Empty>
    );
  }
  return (
    <div className="compare">
      {chosen.length > 1 && <Beside chosen={chosen} runs={runs} />}
      <History runs={runs} chosen={chosen} />
    </div>
  );
}

const address = (runs: readonly string[]): string => (runs.length > 0 ? `/compare?${runs.map((run) => `run=${run}`).join("&")}` : "/compare");

interface BesideProps {
  chosen: readonly string[];
  runs: readonly RunLine[];
}

function Beside({ chosen, runs }: BesideProps): ReactElement {
  const query = useQuery({
    queryKey: ["compare", ...chosen],
    queryFn: () => get<Comparison>(`/api${address(chosen)}`),
  });
  return (
    <Loaded query={query} told="Opening the runs …">
      {(data) => <Facts data={data} chosen={chosen} runs={runs} />}
    </Loaded>
  );
}

function Facts({ data, chosen, runs }: BesideProps & { data: Comparison }): ReactElement {
  const [all, setAll] = useState(false);
  const shown = data.facts.filter((fact) => all || fact.differs);
  const groups = [...new Set(shown.map((fact) => fact.group))];
  return (
    <section className="beside" aria-label="Beside each other">
      <header className="beside-head">
        <h1>{data.runs.length === 2 ? "Two runs beside each other" : `${data.runs.length} runs beside each other`}</h1>
        <Toggle on={!all} onChange={(on) => setAll(!on)}>
          Only what differs
        </Toggle>
      </header>
      {!data.comparable && <p className="quiet">They do not predict the same by the same measure, so their scores cannot be held against each other.</p>}
      <div className="beside-scroll" tabIndex={0} role="region" aria-label="Facts of the runs">
        <table className="beside-table">
          <thead>
            <tr>
              <td />
              {data.runs.map((run, place) => (
                <th key={run.id} scope="col" className={place === 0 ? "baseline" : ""}>
                  <span className="tag">{place === 0 ? "baseline" : `run ${place + 1}`}</span>
                  <Link to={`/understand/${run.id}`}>{run.name}</Link>
                  <span className="quiet small">{clock(run.created)}</span>
                  {runs.filter((known) => known.id === run.id && canDraw(known)).map((known) => (
                    <InDesigner key={known.id} run={known} />
                  ))}
                  {place > 0 && (
                    <Button small look="quiet" label={`Make it the baseline: ${run.name}`} onPress={() => go(address([run.id, ...chosen.filter((one) => one !== run.id)]))}>
                      Make it the baseline
                    </Button>
                  )}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {shown.length === 0 && (
              <tr>
                <td colSpan={data.runs.length + 1}>They differ in nothing that is noted.</td>
              </tr>
            )}
            {groups.map((group) => (
              <Fragment key={group}>
                <tr className="beside-group">
                  <th scope="rowgroup" colSpan={data.runs.length + 1}>
                    {group}
                  </th>
                </tr>
                {shown
                  .filter((fact) => fact.group === group)
                  .map((fact) => (
                    <tr key={fact.name} className={fact.differs ? "" : "alike"}>
                      <th scope="row">{fact.name}</th>
                      {fact.values.map((value, place) => (
                        <td key={data.runs[place]?.id} className={place === 0 ? "baseline" : ""}>
                          {value || <span className="quiet">–</span>}
                          {place > 0 && <Difference fact={fact} place={place} />}
                        </td>
                      ))}
                    </tr>
                  ))}
              </Fragment>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

/** Better or worse than the baseline, in words as well as by colour. */
function Difference({ fact, place }: { fact: Fact; place: number }): ReactElement | null {
  const [base, here] = [fact.numbers[0], fact.numbers[place]];
  if (base === null || base === undefined || here === null || here === undefined || fact.better === 0 || base === here) {
    return null;
  }
  const better = (here - base) * fact.better > 0;
  const share = base === 0 ? null : (here - base) / Math.abs(base);
  const told = share === null ? "" : share >= 1 ? `${(here / base).toFixed(1)} times as much` : `${(100 * Math.abs(share)).toFixed(Math.abs(share) < 0.1 ? 1 : 0)} % ${share > 0 ? "more" : "less"}`;
  return (
    <span className={better ? "difference better" : "difference worse"}>
      {told}
      <span className="visually-hidden">, {better ? "better" : "worse"}</span>
    </span>
  );
}

function History({ runs, chosen }: { runs: readonly RunLine[]; chosen: readonly string[] }): ReactElement {
  const turn = (id: string): void => go(address(chosen.includes(id) ? chosen.filter((one) => one !== id) : [...chosen, id]), true);
  const told = chosen.length === 0 ? "Tick two or more to hold them beside each other." : chosen.length === 1 ? "One more, please." : "";
  return (
    <Panel title="Every run" aside={<span className="quiet small">{told || plural(runs.length, "run")}</span>}>
      <div className="beside-scroll" tabIndex={0} role="region" aria-label="History">
        <table className="table history">
          <thead>
            <tr>
              <th scope="col">
                <span className="visually-hidden">Compare</span>
              </th>
              <th scope="col">run</th>
              <th scope="col">predicts</th>
              <th scope="col">state</th>
              <th scope="col" className="figure">
                score
              </th>
              <th scope="col">measure</th>
              <th scope="col" className="figure">
                tried
              </th>
              <th scope="col" className="figure">
                took
              </th>
              <th scope="col">begun</th>
              <th scope="col">again</th>
            </tr>
          </thead>
          <tbody>
            {runs.map((run) => (
              <tr key={run.id} className={chosen.includes(run.id) ? "history-chosen" : ""}>
                <td>
                  <input type="checkbox" aria-label={`Compare ${run.name}`} checked={chosen.includes(run.id)} disabled={!isOver(run) || (chosen.length >= MOST && !chosen.includes(run.id))} onChange={() => turn(run.id)} />
                </td>
                <th scope="row">
                  <Link to={`/${isOver(run) ? "understand" : "train"}/${run.id}`}>{run.name}</Link>
                </th>
                <td>{run.kind === "image" ? "image classes" : (run.target ?? "–")}</td>
                <td>{STATE_WORDS[run.state]}</td>
                <td className="figure">{score(run.score ?? run.best, run.loss)}</td>
                <td>{run.metric_name ?? "–"}</td>
                <td className="figure">{run.trials || "–"}</td>
                <td className="figure">{run.elapsed > 0 ? duration(run.elapsed) : "–"}</td>
                <td>{clock(run.created)}</td>
                <td>
                  {run.kind === "table" && isOver(run) && <Again run={run} />}
                  {canDraw(run) && <InDesigner run={run} />}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Panel>
  );
}

/** Its best pipeline as a graph that can be changed. */
function InDesigner({ run }: { run: RunLine }): ReactElement {
  return (
    <Button small look="quiet" label={`Open in Designer: ${run.name}`} onPress={() => go(`/designer?run=${run.id}`)}>
      Open in Designer
    </Button>
  );
}

/** The same settings on another table. */
function Again({ run }: { run: RunLine }): ReactElement {
  const [open, setOpen] = useState(false);
  return open ? (
    <AgainOn run={run} close={() => setOpen(false)} />
  ) : (
    <Button small look="quiet" label={`${run.name} again on new data`} onPress={() => setOpen(true)}>
      on new data
    </Button>
  );
}

function AgainOn({ run, close }: { run: RunLine; close: () => void }): ReactElement {
  const { data } = useQuery({ queryKey: ["tables"], queryFn: () => get<Schemas["TableLine"][]>("/api/data/tables") });
  const begin = useMutation({
    mutationFn: (table: string) => post<{ id: string }>(`/api/compare/runs/${run.id}/rerun`, { table }),
    onSuccess: (begun) => go(`/train/${begun.id}`),
  });
  const tables = (data ?? []).filter((table) => table.kind === "table");
  return (
    <div className="again">
      {data && tables.length === 0 ? (
        <Link to="/data">Bring in a table first</Link>
      ) : (
        <ChoiceField label={`The table that ${run.name} is run on again`} hideLabel placeholder="Choose a table" value={null} choices={tables.map((table) => ({ id: table.id, label: table.name, told: plural(table.rows, "row") }))} disabled={begin.isPending} onChange={(id) => begin.mutate(id)} />
      )}
      <Button small look="quiet" glyph="cross" label="Never mind" onPress={close}>
        {""}
      </Button>
      {begin.error && <Failed error={begin.error} />}
    </div>
  );
}
