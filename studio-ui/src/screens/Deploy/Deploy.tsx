import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import type { ReactElement } from "react";
import { type Schemas, get, send } from "../../api/client";
import { Link } from "../../kit/Button";
import { Toggle } from "../../kit/Fields";
import { Glyph } from "../../kit/Glyph";
import { Failed, Notice } from "../../kit/Notice";
import { Panel } from "../../kit/Panel";
import { clock, plural } from "../../kit/format";
import { Copy } from "../shared/Copy";
import { useChosen } from "../shared/chosen";
import { Loaded } from "../shared/Loaded";
import type { ScreenProps } from "../table";
import { CodeTabs } from "./CodeTabs";
import { Counters } from "./Counters";
import { ScoreFile } from "./ScoreFile";
import { TryImage } from "./TryImage";
import { TryIt } from "./TryIt";
import "../shared/model.css";
import "./deploy.css";

export type Deployed = Schemas["Deployed"];

export default function Deploy({ rest }: ScreenProps): ReactElement {
  const { run, instead } = useChosen("deploy", rest[0], null, "pot");
  return run === null ? instead : <Model key={run.id} id={run.id} />;
}

function Model({ id }: { id: string }): ReactElement {
  const query = useQuery({ queryKey: ["deploy", id], queryFn: () => get<Deployed>(`/api/deploy/runs/${id}`), refetchInterval: 10_000 });
  return (
    <Loaded query={query} told="Opening the model …">
      {(data) => <AtWork id={id} data={data} />}
    </Loaded>
  );
}

function AtWork({ id, data }: { id: string; data: Deployed }): ReactElement {
  const client = useQueryClient();
  const turn = useMutation({
    mutationFn: (on: boolean) => send<Deployed>("PUT", `/api/deploy/runs/${id}/switch`, { on }),
    onSuccess: (found) => client.setQueryData(["deploy", id], found),
  });
  const on = turn.isPending ? turn.variables : data.on;
  return (
    <div className="deploy">
      <header className="deploy-head">
        <div>
          <p className="verdict-label">
            {data.name} · predicts <b>{data.image ? `one of ${plural(data.image.classes.length, "class", "classes")}` : data.form?.target}</b>
          </p>
          <h1>{data.on ? "This model is at work." : "Put this model to work."}</h1>
        </div>
        <Link to={`/understand/${id}`} look="plain">
          What it is worth
        </Link>
      </header>
      <Panel className={data.on ? "switchboard switchboard-on" : "switchboard"} title="On this computer">
        <div className="switch-row">
          <Toggle on={on} onChange={(next) => turn.mutate(next)} disabled={turn.isPending}>
            <span className="switch-told">{turn.isPending ? (turn.variables ? "Starting …" : "Ending …") : data.on ? "On" : "Off"}</span>
          </Toggle>
          {data.on && data.address ? (
            <div className="address">
              <code>{data.address}</code>
              <Copy text={data.address} label="Copy the address" />
              <a className="link" href={data.address} target="_blank" rel="noreferrer">
                its own page
              </a>
            </div>
          ) : (
            <p className="quiet">Other programs on this computer can then ask it, also when this window and the studio are closed. Nobody else can reach it.</p>
          )}
          {data.on && data.since !== null && <span className="quiet switch-since">since {clock(data.since)}</span>}
        </div>
        {!data.current && <Notice look="pollen" what="It serves the model as it was before the last change." action={{ label: "Serve the new one", onPress: () => turn.mutate(true) }} />}
        {turn.error && <Failed error={turn.error} />}
        {data.on && <Counters id={id} things={data.image ? "image" : "row"} />}
      </Panel>
      <div className="deploy-halves">
        {data.image ? (
          <TryImage id={id} image={data.image} examples={data.examples} on={data.on} starting={turn.isPending} switchOn={() => turn.mutateAsync(true)} />
        ) : (
          data.form && <TryIt id={id} form={data.form} begin={data.row} on={data.on} starting={turn.isPending} switchOn={() => turn.mutateAsync(true)} />
        )}
        <div className="deploy-side">
          <CodeTabs code={data.code} on={data.on} />
          <ScoreFile id={id} columns={data.form ? data.form.columns.map((column) => column.name) : null} most={data.most_file_bytes} />
          {data.image && <Alone id={id} />}
          <Container id={id} />
        </div>
      </div>
    </div>
  );
}

/** A network without Hortus. */
function Alone({ id }: { id: string }): ReactElement {
  return (
    <Panel title="Without Hortus">
      <p className="quiet">The network as one readable file of plain PyTorch with its weights, or as an ONNX graph that browsers, telephones and other languages run. Writing it takes a few seconds.</p>
      <div className="decision-actions">
        {(["code", "onnx"] as const).map((form) => (
          <a key={form} className="button button-plain" href={`/api/deploy/runs/${id}/network-${form}.zip`} download>
            <Glyph name="load" size={18} />
            {form === "code" ? "Download PyTorch" : "Download ONNX"}
          </a>
        ))}
      </div>
    </Panel>
  );
}

function Container({ id }: { id: string }): ReactElement {
  return (
    <Panel title="As a container">
      <p className="quiet">One zip: the model, its server, the exact version of every library, and a README. It runs wherever containers run. Packing takes a few seconds.</p>
      <a className="button button-plain" href={`/api/deploy/runs/${id}/container.zip`} download>
        <Glyph name="load" size={18} />
        Download the container
      </a>
    </Panel>
  );
}
