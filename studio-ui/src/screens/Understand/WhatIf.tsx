import { useQuery } from "@tanstack/react-query";
import { type ReactElement, useEffect, useRef, useState } from "react";
import { ApiError, type Schemas, get, post } from "../../api/client";
import { Button } from "../../kit/Button";
import { Panel } from "../../kit/Panel";
import { count, number, percent } from "../../kit/format";
import { Cell } from "../shared/Cell";
import { named } from "../shared/named";

type Strip = Schemas["Strip"];
type Answer = Schemas["Foretold"];

interface WhatIfProps {
  id: string;
  kind: string;
  target: string;
  classes: readonly string[];
  ready: boolean;
}

/** A row of the table, its most important cells to be changed, and what the model then says. */
export function WhatIf({ id, kind, target, classes, ready }: WhatIfProps): ReactElement {
  const [at, setAt] = useState(0);
  const { data } = useQuery({
    queryKey: ["what-if", id, at, ready],
    queryFn: () => get<Strip>(`/api/understand/${id}/what-if?at=${at}`),
    staleTime: Infinity,
    placeholderData: (before) => before,
  });
  return (
    <Panel
      title="What if"
      className="what-if"
      aside={
        <span className="what-if-aside">
          {data && (
            <span className="quiet">
              row {count(data.at + 1)} of {count(data.of)}; in truth {typeof data.truth === "number" ? number(data.truth) : data.truth}
            </span>
          )}
          <Button small onPress={() => setAt(at + 1)}>
            Another row
          </Button>
        </span>
      }
    >
      {data ? <Row key={`${data.at} ${ready}`} id={id} strip={data} kind={kind} target={target} classes={classes} /> : <div className="effect-ghost" />}
    </Panel>
  );
}

function Row({ id, strip, kind, target, classes }: { id: string; strip: Strip; kind: string; target: string; classes: readonly string[] }): ReactElement {
  const [row, setRow] = useState<Record<string, unknown>>(strip.row);
  const [first, setFirst] = useState<Answer | null>(null);
  const { answer, trouble } = useAnswer(id, row);
  useEffect(() => {
    if (first === null && answer !== null) {
      setFirst(answer);
    }
  }, [first, answer]);
  const changed = strip.inputs.filter((input) => row[input.name] !== strip.row[input.name]);
  const warned = (name: string): string | undefined => answer?.warnings.find((warning) => warning["column"] === name)?.["what"] ?? undefined;
  return (
    <div className="what-if-row">
      <div className="what-if-inputs">
        {strip.inputs.map((input) => (
          <Cell
            key={input.name}
            name={input.name}
            kind={input.kind}
            low={input.low}
            high={input.high}
            categories={input.categories}
            whole={input.whole}
            value={row[input.name]}
            odd={warned(input.name)}
            slide
            onChange={(value) => setRow({ ...row, [input.name]: value })}
          />
        ))}
      </div>
      <div className="what-if-answer" aria-live="polite">
        {trouble ? (
          <p className="told-bloom">{trouble.what}</p>
        ) : (
          answer && <Said answer={answer} first={first} changed={changed.length > 0} kind={kind} target={target} classes={classes} />
        )}
        {changed.length > 0 && (
          <Button small look="quiet" glyph="undo" onPress={() => setRow(strip.row)}>
            As it was
          </Button>
        )}
      </div>
    </div>
  );
}

function Said({ answer, first, changed, kind, target, classes }: { answer: Answer; first: Answer | null; changed: boolean; kind: string; target: string; classes: readonly string[] }): ReactElement {
  if (kind === "regression") {
    const [now, before] = [Number(answer.value), Number(first?.value ?? answer.value)];
    return (
      <>
        <p className="said-label">predicted {target}</p>
        <p className="said-value">{number(now)}</p>
        <Change by={now - before} shown={number(Math.abs(now - before))} changed={changed} />
      </>
    );
  }
  const shares = Object.entries(answer.probabilities ?? {}).sort((a, b) => b[1] - a[1]);
  const yes = kind === "binary" ? (classes[1] ?? "") : (shares[0]?.[0] ?? "");
  const now = answer.probabilities?.[yes] ?? 0;
  const before = first?.probabilities?.[yes] ?? now;
  return (
    <>
      <p className="said-label">probability of {named(target, yes)}</p>
      <p className="said-value">{percent(now)}</p>
      <span className="driver-track" aria-hidden>
        <span className="driver-bar" style={{ width: `${100 * now}%` }} />
      </span>
      <p>
        so it says <b>{String(answer.value)}</b>
      </p>
      <Change by={now - before} shown={`${Math.abs(100 * (now - before)).toFixed(0)} points`} changed={changed} />
      {kind === "multiclass" && (
        <ul className="said-rest">
          {shares.slice(1, 4).map(([name, share]) => (
            <li key={name}>
              {named(target, name)}: {percent(share)}
            </li>
          ))}
        </ul>
      )}
    </>
  );
}

function Change({ by, shown, changed }: { by: number; shown: string; changed: boolean }): ReactElement {
  const nothing = shown === "0" || shown === "0 points";
  return <p className="quiet">{nothing ? (changed ? "the same as it stands in the table" : "as the row stands in the table") : `${shown} ${by > 0 ? "more" : "less"} than as it stands in the table`}</p>;
}

/** Asks as one drags: one question under way at a time, and the last one always answered. */
function useAnswer(id: string, row: Record<string, unknown>): { answer: Answer | null; trouble: ApiError | null } {
  const [answer, setAnswer] = useState<Answer | null>(null);
  const [trouble, setTrouble] = useState<ApiError | null>(null);
  const waiting = useRef<Record<string, unknown> | null>(null);
  const asking = useRef(false);
  useEffect(() => {
    let gone = false;
    const ask = async (): Promise<void> => {
      asking.current = true;
      while (waiting.current !== null && !gone) {
        const next = waiting.current;
        waiting.current = null;
        try {
          const said = await post<Answer>(`/api/understand/${id}/what-if`, { row: next });
          if (!gone || waiting.current === null) {
            setAnswer(said);
            setTrouble(null);
          }
        } catch (error) {
          setTrouble(error instanceof ApiError ? error : new ApiError(0, { code: "", what: "It could not be asked.", mend: "" }));
        }
      }
      asking.current = false;
    };
    waiting.current = row;
    if (!asking.current) {
      void ask();
    }
    return () => {
      gone = true;
    };
  }, [id, row]);
  return { answer, trouble };
}
