import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import type { ReactElement } from "react";
import { type Schemas, get, post, troubleOf } from "../../api/client";
import { Button, Link } from "../../kit/Button";
import { Glyph } from "../../kit/Glyph";
import { Failed, Notice } from "../../kit/Notice";
import { Panel } from "../../kit/Panel";
import { count } from "../../kit/format";
import { useRuns } from "../../shell/Shell";
import { isOver } from "../shared/chosen";
import type { ScreenProps } from "../table";
import "../shared/model.css";
import "./notebooks.css";

type Gallery = Schemas["Gallery"];
type Written = Schemas["Written"];

export default function Notebooks({ rest }: ScreenProps): ReactElement {
  const runs = (useRuns() ?? []).filter(isOver);
  const named = runs.filter((run) => run.id === rest[0]);
  const shown = named.length > 0 ? [...named, ...runs.filter((run) => run.id !== rest[0])] : runs;
  const gallery = useQuery({ queryKey: ["gallery"], queryFn: () => get<Gallery>("/api/notebooks"), staleTime: Infinity });
  const { data } = gallery;
  const trouble = troubleOf(gallery);
  return (
    <div className="notebooks">
      <header>
        <h1>Every run opens as a notebook.</h1>
        <p className="quiet notebooks-lead">It loads the model, looks at its data, searches for a moment, judges and predicts, with outputs that can be read without running anything. For whoever wants to go on in Python.</p>
      </header>
      {data && !data.lab && <Notice look="leaf" what="Notebooks can be downloaded, and opened wherever you keep yours." mend="To open them beside the studio, end it, type pip install 'hortus[lab]' in a terminal, and begin it again." />}
      <section aria-label="Your runs">
        <h2>Your runs</h2>
        {shown.length === 0 ? (
          <p className="quiet">
            None yet. <Link to="/data">Choose a table or images</Link> and train.
          </p>
        ) : (
          <div className="notebook-grid">
            {shown.slice(0, 12).map((run) => (
              <RunCard key={run.id} id={run.id} name={run.name} target={run.target} lab={data?.lab ?? false} here={run.id === rest[0]} />
            ))}
          </div>
        )}
      </section>
      <section aria-label="Samples">
        <h2>Samples to start from</h2>
        {trouble !== null && <Failed error={trouble} />}
        {data && data.samples.length === 0 && <p className="quiet">This installation came without them.</p>}
        <div className="notebook-grid">
          {data?.samples.map((sample) => (
            <SampleCard key={sample.name} sample={sample} lab={data.lab} />
          ))}
        </div>
      </section>
    </div>
  );
}

/** Opens an address in a tab of its own once it is known; the tab is opened at the click, so that no browser blocks it. */
function useLab(path: string): { open: () => void; error: unknown; starting: boolean } {
  const start = useMutation({
    mutationFn: async () => {
      const tab = window.open("about:blank", "_blank");
      try {
        const { address } = await post<{ address: string }>(path);
        if (tab) {
          tab.opener = null;
          tab.location.href = address;
        } else {
          window.location.assign(address);
        }
      } catch (error) {
        tab?.close();
        throw error;
      }
    },
  });
  return { open: () => start.mutate(), error: start.error, starting: start.isPending };
}

function RunCard({ id, name, target, lab, here }: { id: string; name: string; target: string | null; lab: boolean; here: boolean }): ReactElement {
  const client = useQueryClient();
  const key = ["notebook", id];
  const { data } = useQuery({
    queryKey: key,
    queryFn: () => get<Written>(`/api/notebooks/runs/${id}`),
    refetchInterval: (query) => (query.state.data?.state === "working" ? 1000 : false),
  });
  const write = useMutation({ mutationFn: () => post<Written>(`/api/notebooks/runs/${id}`), onSuccess: (found) => client.setQueryData(key, found) });
  const { open, error, starting } = useLab(`/api/notebooks/runs/${id}/lab`);
  const state = data?.state ?? "none";
  return (
    <Panel className={here ? "notebook-card notebook-here" : "notebook-card"}>
      <Glyph name="notebook" size={24} />
      <h3>{name}</h3>
      <p className="quiet">predicts {data?.kind === "image" ? "classes of images" : data && target === null ? "its target" : (target ?? "…")}</p>
      {state === "none" && (
        <Button small onPress={() => write.mutate()} disabled={write.isPending}>
          Open as notebook
        </Button>
      )}
      {state === "working" && (
        <p role="status" className="notebook-working">
          <span className="pulse" aria-hidden /> Running its cells … about a minute
        </p>
      )}
      {state === "failed" && <Notice what={data?.what ?? ""} action={{ label: "Try again", onPress: () => write.mutate() }} />}
      {state === "ready" && (
        <>
          <p className="small quiet">{count(data?.rows ?? 0)} {data?.kind === "image" ? "of the images" : "rows of the table"} go along with the zip: whoever has it has them.</p>
          <div className="decision-actions">
            {lab && (
              <Button small look="leaf" onPress={open} disabled={starting}>
                {starting ? "Starting …" : "Open in JupyterLab"}
              </Button>
            )}
            <a className="button button-plain button-small" href={`/api/notebooks/runs/${id}/model.ipynb`} download>
              Download .ipynb
            </a>
            <a className="button button-plain button-small" href={`/api/notebooks/runs/${id}/notebook.zip`} download>
              With its files
            </a>
          </div>
        </>
      )}
      {(write.error ?? error) !== null && <Failed error={write.error ?? error} />}
    </Panel>
  );
}

function SampleCard({ sample, lab }: { sample: Gallery["samples"][number]; lab: boolean }): ReactElement {
  const { open, error, starting } = useLab(`/api/notebooks/samples/${sample.name}/lab`);
  return (
    <Panel className="notebook-card">
      <Glyph name="sprout" size={24} />
      <h3>{sample.title}</h3>
      <p className="quiet">{sample.told}</p>
      <div className="decision-actions">
        {lab && (
          <Button small onPress={open} disabled={starting}>
            {starting ? "Starting …" : "Open in JupyterLab"}
          </Button>
        )}
        <a className="button button-plain button-small" href={`/api/notebooks/samples/${sample.name}.ipynb`} download aria-label={`Download .ipynb: ${sample.title}`}>
          Download .ipynb
        </a>
      </div>
      {error !== null && <Failed error={error} />}
    </Panel>
  );
}
