import { useQuery } from "@tanstack/react-query";
import { type ReactElement, useState } from "react";
import { type Schemas, get } from "../../api/client";
import { Link } from "../../kit/Button";
import { RadioField } from "../../kit/Fields";
import { Panel } from "../../kit/Panel";
import { count, duration, number, plural } from "../../kit/format";
import { useChosen } from "../shared/chosen";
import { Loaded } from "../shared/Loaded";
import type { ScreenProps } from "../table";
import { AgreementTable } from "./AgreementTable";
import { Drawing } from "./Drawing";
import { Front } from "./Front";
import "../shared/model.css";
import "./networks.css";

export type Board = Schemas["NetworkBoard"];
export type Network = Board["networks"][number];
export type Cost = "latency" | "params" | "macs";
const TWIN = /^the same network as trial (\d+)$/;
const ms = (seconds: number | null): string => (seconds === null ? "–" : `${number(1000 * seconds)} ms`);

export const COSTS: Record<Cost, { label: string; axis: string; told: (value: number) => string }> = {
  latency: { label: "time", axis: "time an image", told: ms },
  params: { label: "parameters", axis: "parameters", told: count },
  macs: { label: "arithmetic", axis: "multiply-adds an image", told: count },
};

export default function Networks({ rest }: ScreenProps): ReactElement {
  const { run, instead } = useChosen("networks", rest[0], "image", "network");
  return run === null ? instead : <Run key={run.id} id={run.id} />;
}

function Run({ id }: { id: string }): ReactElement {
  const query = useQuery({ queryKey: ["networks", id], queryFn: () => get<Board>(`/api/networks/${id}`) });
  return (
    <Loaded query={query} told="Opening the networks …">
      {(data) => <Found id={id} data={data} />}
    </Loaded>
  );
}

function Found({ id, data }: { id: string; data: Board }): ReactElement {
  const [cost, setCost] = useState<Cost>("latency");
  const [trial, setTrial] = useState<number | null>(null);
  const tried = data.networks.filter((network) => network.state !== "interrupted");
  const done = tried.filter((network) => network.score !== null);
  const chosen = data.networks.find((network) => network.chosen);
  const shown = data.networks.find((network) => network.trial === trial) ?? chosen ?? data.networks[0];
  const known = (Object.keys(COSTS) as Cost[]).filter((one) => data.fronts[one] !== undefined);
  const axis = known.includes(cost) ? cost : (known[0] ?? "params");
  return (
    <div className="networks">
      <header className="networks-head">
        <div>
          <p className="verdict-label">
            {data.name} · {plural(data.classes.length, "class", "classes")} · images of {data.shape.slice(1).join(" by ")} · {plural(tried.length, "network")} tried, {count(done.length)} trained to the end
          </p>
          <h1>
            Expect {data.metric} {number(data.score)} on new images.
          </h1>
          <p className="quiet">
            Between {number(Math.min(data.low, data.high))} and {number(Math.max(data.low, data.high))}, 19 times in 20.
          </p>
        </div>
        <div className="networks-actions">
          <Link to={`/understand/${id}`} look="plain">
            What it is worth
          </Link>
          <Link to={`/deploy/${id}`} look="leaf">
            Put it to work
          </Link>
        </div>
      </header>
      <div className="networks-halves">
        <Panel title="Worth and price" className="front">
          <RadioField label="Price" value={axis} choices={known.map((one) => ({ id: one, label: COSTS[one].label }))} onChange={(next) => setCost(next as Cost)} />
          <Front networks={done} front={data.fronts[axis] ?? []} cost={axis} metric={data.metric} loss={data.loss} chosen={shown?.trial ?? null} choose={setTrial} />
          <p className="quiet small">The line joins networks that none is better than at the same price or less. Click one to see how it is made.</p>
          <Board board={data} tried={tried} shown={shown?.trial ?? null} choose={setTrial} />
        </Panel>
        {shown && <Specimen id={id} network={shown} metric={data.metric} />}
      </div>
      <AgreementTable found={data.agreement} />
    </div>
  );
}

function Board({ board, tried, shown, choose }: { board: Board; tried: readonly Network[]; shown: number | null; choose: (trial: number) => void }): ReactElement {
  return (
    <div className="board-scroll" tabIndex={0} role="region" aria-label="Every network">
      <table className="table">
        <thead>
          <tr>
            <th scope="col">network</th>
            <th scope="col" className="figure">
              {board.metric}
            </th>
            <th scope="col" className="figure">
              parameters
            </th>
            <th scope="col" className="figure">
              an image
            </th>
            <th scope="col" className="figure">
              epochs
            </th>
            <th scope="col" className="figure">
              trained
            </th>
          </tr>
        </thead>
        <tbody>
          {tried.map((network) => (
            <tr key={network.trial} className={network.trial === shown ? "board-here" : ""}>
              <td>
                <button type="button" className="board-name" aria-pressed={network.trial === shown} onClick={() => choose(network.trial)} title={network.name}>
                  Network {network.trial}
                </button>
                {network.chosen && <span className="tag tag-best">kept</span>}
                {!network.chosen && network.tied && <span className="tag">as good</span>}
                {TWIN.test(network.reason) && <span className="tag">same as {TWIN.exec(network.reason)?.[1]}</span>}
              </td>
              <td className="figure">{network.score === null ? network.state : number(network.score)}</td>
              <td className="figure">{network.params === null ? "–" : count(network.params)}</td>
              <td className="figure">{ms(network.latency)}</td>
              <td className="figure">{network.epochs === null ? "–" : number(network.epochs)}</td>
              <td className="figure">{network.fit_seconds ? duration(network.fit_seconds) : "–"}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Specimen({ id, network, metric }: { id: string; network: Network; metric: string }): ReactElement {
  return (
    <Panel
      title={`Network ${network.trial}`}
      className="specimen"
      aside={
        <a className="link small" href={`/api/networks/${id}/${network.trial}/drawing.svg`} download>
          Download the drawing
        </a>
      }
    >
      <dl className="specimen-facts">
        <div>
          <dt>{metric}</dt>
          <dd>{network.score === null ? network.reason || network.state : number(network.score)}</dd>
        </div>
        <div>
          <dt>parameters</dt>
          <dd>{network.params === null ? "–" : count(network.params)}</dd>
        </div>
        <div>
          <dt>an image</dt>
          <dd>{ms(network.latency)}</dd>
        </div>
        <div>
          <dt>multiply-adds</dt>
          <dd>{network.macs === null ? "–" : count(network.macs)}</dd>
        </div>
      </dl>
      <Drawing id={id} trial={network.trial} />
      <details className="specimen-name">
        <summary>Its name among researchers</summary>
        {network.name}
      </details>
      {network.chosen && (
        <p className="quiet small specimen-kept">
          This is the one that the run kept. <Link to={`/notebooks/${id}`}>Its notebook</Link> shows how to use it from Python.
        </p>
      )}
    </Panel>
  );
}
