import { useQuery } from "@tanstack/react-query";
import type { ReactElement } from "react";
import { type Schemas, get } from "../../api/client";
import { Link } from "../../kit/Button";
import { Failed, Notice } from "../../kit/Notice";
import { Panel } from "../../kit/Panel";
import { plural } from "../../kit/format";
import { useChosen } from "../shared/chosen";
import { Waiting } from "../shared/Waiting";
import type { ScreenProps } from "../table";
import { Classes } from "./Classes";
import { Decision } from "./Decision";
import { Drivers } from "./Drivers";
import { Errors } from "./Errors";
import { Weak } from "./Weak";
import { WhatIf } from "./WhatIf";
import { useExplanation } from "./explanation";
import "../shared/model.css";
import "./understand.css";

type Standing = Schemas["Standing"];

export default function Understand({ rest }: ScreenProps): ReactElement {
  const { run, instead } = useChosen("understand", rest[0], "table", "lens");
  return run === null ? instead : <Model key={run.id} id={run.id} />;
}

function Model({ id }: { id: string }): ReactElement {
  const { data, error, refetch } = useQuery({
    queryKey: ["understand", id],
    queryFn: () => get<Standing>(`/api/understand/${id}`),
  });
  const explanation = useExplanation(id, data !== undefined);
  if (error) {
    return (
      <div className="fence">
        <Failed error={error} again={() => void refetch()} />
      </div>
    );
  }
  if (!data) {
    return <Waiting told="Opening the model …" />;
  }
  return (
    <div className="understand">
      <header className="verdict">
        <div>
          <p className="verdict-label">
            {data.name} · predicts <b>{data.target}</b> · judged on {plural(data.rows, "row")} it had not learned from
          </p>
          <h1>{data.short}</h1>
          <p className="verdict-lead">{data.lead}</p>
        </div>
        <div className="verdict-actions">
          <Link to={`/deploy/${id}`} look="leaf">
            Put it to work
          </Link>
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
      {data.alarm && <Notice what={data.alarm.headline} mend={data.alarm.text} />}
      <ul className="facts" aria-label="In figures">
        {data.figures.map((figure) => (
          <li key={figure.label}>
            <span className="fact-value">{figure.value}</span>
            <span className="fact-label">{figure.label}</span>
            {figure.note && <span className="fact-note">{figure.note}</span>}
          </li>
        ))}
      </ul>
      <div className="halves">
        <Drivers id={id} kind={data.kind} target={data.target} classes={data.classes} explanation={explanation} />
        <div className="stack">
          {data.thresholds && <Decision id={id} tables={data.thresholds} />}
          {data.kind === "multiclass" && data.confusion && <Classes found={data.confusion} />}
          {data.errors && <Errors found={data.errors} target={data.target} />}
          <Weak explanation={explanation} />
        </div>
      </div>
      <WhatIf id={id} kind={data.kind} target={data.target} classes={data.classes} ready={explanation?.state === "ready"} />
      <div className={data.findings.length > 0 ? "halves halves-even" : "halves halves-one"}>
        <Panel title="What it means">
          <ul className="told">
            {data.sentences.map((sentence) => (
              <li key={sentence}>{sentence}</li>
            ))}
          </ul>
        </Panel>
        {data.findings.length > 0 && (
          <Panel title="Noticed in the table">
            <ul className="told">
              {data.findings.map((finding) => (
                <li key={finding.what} className={finding.severity === "info" ? "" : "told-bloom"}>
                  {finding.what}
                </li>
              ))}
            </ul>
          </Panel>
        )}
      </div>
    </div>
  );
}
