import { useQuery } from "@tanstack/react-query";
import type { ReactElement } from "react";
import { type Schemas, get } from "../../api/client";
import { Link } from "../../kit/Button";
import { Notice } from "../../kit/Notice";
import { Panel } from "../../kit/Panel";
import { plural, untyped } from "../../kit/format";
import { go } from "../../shell/route";
import type { RunLine } from "../../shell/Shell";
import { canDraw, useChosen } from "../shared/chosen";
import { Loaded } from "../shared/Loaded";
import type { ScreenProps } from "../table";
import { Classes } from "./Classes";
import { Decision } from "./Decision";
import { Drivers } from "./Drivers";
import { Errors } from "./Errors";
import { Pictures } from "./Pictures";
import { Weak } from "./Weak";
import { WhatIf } from "./WhatIf";
import { useExplanation } from "./explanation";
import "../shared/model.css";
import "./understand.css";

export type Standing = Schemas["Standing"];

export default function Understand({ rest }: ScreenProps): ReactElement {
  const { run, instead } = useChosen("understand", rest[0], null, "lens");
  return run === null ? instead : <Model key={run.id} run={run} />;
}

function Model({ run }: { run: RunLine }): ReactElement {
  const query = useQuery({
    queryKey: ["understand", run.id],
    queryFn: () => get<Standing>(`/api/understand/${run.id}`),
  });
  return (
    <Loaded query={query} told="Opening the model …">
      {(data) => <Verdict run={run} data={data} />}
    </Loaded>
  );
}

function Verdict({ run, data }: { run: RunLine; data: Standing }): ReactElement {
  const id = run.id;
  const images = data.subject === "images";
  const { explanation, start, stop } = useExplanation(id, !images);
  return (
    <div className="understand">
      <header className="verdict">
        <div>
          <p className="verdict-label">
            {data.name} · predicts <b>{images ? "the class of an image" : data.target}</b> · judged on {plural(data.rows, images ? "image" : "row")} it had not learned from
          </p>
          <h1>{data.short}</h1>
          <p className="verdict-lead">{data.lead}</p>
        </div>
        <div className="verdict-actions">
          <Link to={`/deploy/${id}`} look="leaf">
            Put it to work
          </Link>
          {canDraw(run) && (
            <Link to={`/designer?run=${id}`} look="plain">
              Open in Designer
            </Link>
          )}
          {images && (
            <Link to={`/networks/${id}`} look="plain">
              See the networks
            </Link>
          )}
          {explanation?.state === "ready" && (
            <>
              <a className="button button-plain" href={`/api/understand/${id}/report.html`} download>
                Download report
              </a>
              <a className="button button-plain" href={`/api/understand/${id}/card.md`} download>
                Model card
              </a>
            </>
          )}
        </div>
      </header>
      {data.alarm && (
        <Notice
          what={data.alarm.headline}
          mend={untyped(data.alarm.text)}
          {...(run.table ? { action: { label: "Mend the table", onPress: () => go(`/data/${run.table}`) } } : {})}
        />
      )}
      <ul className="facts" aria-label="In figures">
        {data.figures.map((figure) => (
          <li key={figure.label}>
            <span className="fact-value">{figure.value}</span>
            <span className="fact-label">{figure.label}</span>
            {figure.note && <span className="fact-note">{figure.note}</span>}
          </li>
        ))}
      </ul>
      {images ? (
        <Pictures id={id} data={data} />
      ) : (
        <>
          <div className="halves">
            <Drivers id={id} kind={data.kind} target={data.target} classes={data.classes} explanation={explanation} start={start} stop={stop} />
            <div className="stack">
              {data.thresholds && <Decision id={id} tables={data.thresholds} />}
              {data.kind === "multiclass" && data.confusion && <Classes found={data.confusion} things="Rows" />}
              {data.errors && <Errors found={data.errors} target={data.target} />}
              <Weak explanation={explanation} />
            </div>
          </div>
          <WhatIf id={id} kind={data.kind} target={data.target} classes={data.classes} ready={explanation?.state === "ready"} />
        </>
      )}
      <div className={data.findings.length > 0 ? "halves halves-even" : "halves halves-one"}>
        <Panel title="What it means">
          <ul className="told">
            {data.sentences.map((sentence) => (
              <li key={sentence}>{sentence}</li>
            ))}
          </ul>
        </Panel>
        {data.findings.length > 0 && (
          <Panel title={images ? "Noticed in the images" : "Noticed in the table"}>
            <ul className="told">
              {data.findings.map((finding) => (
                <li key={finding.what} className={finding.severity === "info" ? "" : "told-bloom"}>
                  {untyped(finding.what)}
                </li>
              ))}
            </ul>
          </Panel>
        )}
      </div>
    </div>
  );
}
