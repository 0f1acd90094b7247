import { useQuery } from "@tanstack/react-query";
import { type ReactElement, useState } from "react";
import { type Schemas, get, post } from "../../api/client";
import { Button, Link } from "../../kit/Button";
import { ChoiceField } from "../../kit/Fields";
import { Glyph } from "../../kit/Glyph";
import { Failed } from "../../kit/Notice";
import { clock, plural, score } from "../../kit/format";
import { go } from "../../shell/route";
import { useRuns } from "../../shell/Shell";
import { canDraw } from "../shared/chosen";
import type { Design, Palette, Table } from "./model";

/** The graphs there are, and what a new one can begin with. */
export function Begin({ palette }: { palette: Palette }): ReactElement {
  const graphs = useQuery({ queryKey: ["designs"], queryFn: () => get<Schemas["DesignLine"][]>("/api/designer/graphs") });
  const tables = useQuery({ queryKey: ["design-tables"], queryFn: () => get<Table[]>("/api/designer/tables") });
  const runs = useRuns()?.filter(canDraw);
  const [chosen, setChosen] = useState<string | null>(null);
  const [target, setTarget] = useState<string | null>(null);
  const [error, setError] = useState<unknown>(null);
  const table = tables.data?.find((one) => one.id === chosen) ?? tables.data?.[0];
  const predicted = target !== null && table?.columns.includes(target) ? target : (table?.target ?? table?.columns.at(-1) ?? "");

  const begin = (asked: Schemas["Begin"]): void => {
    post<Design>("/api/designer/graphs", asked).then((made) => go(`/designer/${made.id}`), setError);
  };
  return (
    <div className="begin">
      <header>
        <h1>Draw how a model is made</h1>
        <p className="quiet">
          From the table to the model at work, step by step. Every step shows what it gave; nothing learns from the rows that judge.
        </p>
      </header>
      {error !== null && <Failed error={error} />}
      {tables.data?.length === 0 ? (
        <p className="begin-table">
          <span>
            There is no table yet. <Link to="/data">Bring one in</Link>, or begin with an empty graph.
          </span>
        </p>
      ) : (
        <div className="begin-table">
          <ChoiceField
            label="Table"
            value={table?.id ?? null}
            choices={(tables.data ?? []).map((one) => ({ id: one.id, label: one.name }))}
            onChange={(id) => (setChosen(id), setTarget(null))}
          />
          <ChoiceField
            label="What to predict"
            value={predicted || null}
            choices={(table?.columns ?? []).map((name) => ({ id: name, label: name }))}
            onChange={setTarget}
          />
        </div>
      )}
      <section className="cards" aria-label="Begin with">
        {palette.templates.map((template) => (
          <button
            key={template.name}
            type="button"
            className="card"
            onClick={() =>
              begin({
                template: template.name as "first",
                table: table?.id ?? null,
                target: table ? predicted : "",
                run: null,
                which: "best",
              })
            }
          >
            <Sketch name={template.name} />
            <strong>{template.title}</strong>
            <span className="quiet">{template.about}</span>
          </button>
        ))}
        <button type="button" className="card card-empty" onClick={() => begin({ template: "", table: null, target: "", run: null, which: "best" })}>
          <Glyph name="plus" size={28} />
          <strong>An empty graph</strong>
          <span className="quiet">Put it together from single steps.</span>
        </button>
      </section>
      <div className="begin-lists">
        {graphs.data && graphs.data.length > 0 && (
          <section aria-label="Graphs">
            <h2>Graphs</h2>
            <ul className="lines">
              {graphs.data.map((line) => (
                <li key={line.id}>
                  <Link to={`/designer/${line.id}`}>{line.name}</Link>
                  <span className="quiet">
                    {plural(line.nodes, "step")}, changed {clock(line.changed)}
                    {line.running ? ", at work" : ""}
                  </span>
                </li>
              ))}
            </ul>
          </section>
        )}
        {runs && runs.length > 0 && (
          <section aria-label="Finished searches">
            <h2>Finished searches</h2>
            <ul className="lines">
              {runs.map((run) => (
                <li key={run.id}>
                  <span>
                    {run.name}{" "}
                    <span className="quiet">
                      {run.score !== null && `${score(run.score, run.loss)}, `}
                      {clock(run.created)}
                    </span>
                  </span>
                  <span className="lines-actions">
                    {(["best", "ensemble"] as const).map((which) => (
                      <Button
                        key={which}
                        small
                        label={`Draw the ${which === "best" ? "best pipeline" : "ensemble"} of ${run.name}`}
                        onPress={() => begin({ template: "", table: null, target: "", run: run.id, which })}
                      >
                        {which === "best" ? "Draw the best" : "Draw the ensemble"}
                      </Button>
                    ))}
                  </span>
                </li>
              ))}
            </ul>
          </section>
        )}
      </div>
    </div>
  );
}

// Lines and nodes of each template, on a grid of 200 by 64.
const SKETCHES: Record<string, { nodes: [number, number][]; edges: [number, number][] }> = {
  first: { nodes: [[8, 32], [54, 32], [100, 32], [150, 16], [150, 48]], edges: [[0, 1], [1, 2], [2, 3], [2, 4]] },
  "by-hand": { nodes: [[6, 32], [36, 32], [66, 32], [96, 32], [126, 16], [126, 48], [164, 32]], edges: [[0, 1], [1, 2], [2, 3], [3, 4], [3, 5], [4, 6], [5, 6]] },
  search: { nodes: [[8, 32], [50, 32], [96, 16], [96, 48], [146, 32], [146, 8]], edges: [[0, 1], [1, 2], [1, 3], [2, 4], [3, 4], [2, 5]] },
};

function Sketch({ name }: { name: string }): ReactElement {
  const { nodes, edges } = SKETCHES[name] ?? { nodes: [], edges: [] };
  const at = (place: number): [number, number] => nodes[place] ?? [0, 0];
  return (
    <svg className="sketch" viewBox="0 0 188 64" aria-hidden>
      {edges.map(([from, to]) => {
        const [x, y] = at(from);
        const [u, v] = at(to);
        return <path key={`${from} ${to}`} d={`M${x + 22} ${y}C${x + 34} ${y} ${u - 12} ${v} ${u} ${v}`} />;
      })}
      {nodes.map(([x, y]) => (
        <path key={`${x} ${y}`} className="sketch-node" d={`M${x + 1} ${y - 6}h16q5 0 5 5v7h-22v-11q0-1 1-1Z`} />
      ))}
    </svg>
  );
}
