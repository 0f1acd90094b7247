import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, type ReactElement, useState } from "react";
import { ApiError, type Schemas, post } from "../../api/client";
import { Button } from "../../kit/Button";
import { Notice } from "../../kit/Notice";
import { Panel } from "../../kit/Panel";
import { number, percent } from "../../kit/format";
import { Cell } from "../shared/Cell";
import type { Deployed } from "./Deploy";

type Prediction = Schemas["Prediction"];
const SHOWN = 12;

interface TryItProps {
  id: string;
  deployed: Deployed;
  starting: boolean;
  switchOn: () => Promise<unknown>;
}

/** A form made from the columns that the model was trained on; what it is sent goes the way of any client. */
export function TryIt({ id, deployed, starting, switchOn }: TryItProps): ReactElement {
  const client = useQueryClient();
  const [row, setRow] = useState<Record<string, unknown>>(deployed.row);
  const [all, setAll] = useState(false);
  const ask = useMutation({
    mutationFn: async () => {
      if (!deployed.on) {
        await switchOn();
      }
      return post<Prediction>(`/api/deploy/runs/${id}/try`, { row });
    },
    onSettled: () => client.invalidateQueries({ queryKey: ["counters", id] }),
  });
  const columns = deployed.form.columns;
  const shown = all ? columns : columns.slice(0, SHOWN);
  const odd = (name: string): string | undefined => ask.data?.warnings.find((warning) => warning.column === name)?.what;
  const send = (event: FormEvent): void => {
    event.preventDefault();
    ask.mutate();
  };
  return (
    <Panel title="Try it" aside={<span className="quiet small">begins with what is usual in the table</span>}>
      <form className="try-it" onSubmit={send} noValidate>
        <div className="try-fields">
          {shown.map((column) => (
            <Cell
              key={column.name}
              name={column.name}
              kind={column.kind}
              low={column.low}
              high={column.high}
              categories={column.categories}
              value={row[column.name]}
              odd={odd(column.name)}
              onChange={(value) => setRow({ ...row, [column.name]: value })}
            />
          ))}
        </div>
        {columns.length > SHOWN && (
          <Button small look="quiet" onPress={() => setAll(!all)}>
            {all ? `Only the first ${SHOWN}` : `All ${columns.length} columns; the others stay as usual`}
          </Button>
        )}
        <div className="try-foot">
          <Button look="leaf" onPress={() => ask.mutate()} disabled={ask.isPending || starting}>
            {ask.isPending ? "Asking …" : deployed.on ? "Predict" : "Switch on and predict"}
          </Button>
          <Button look="quiet" onPress={() => { setRow(deployed.row); ask.reset(); }}>
            As it was
          </Button>
        </div>
        <div className="try-answer" aria-live="polite">
          {ask.error instanceof ApiError && <Notice what={ask.error.what} mend={ask.error.mend} />}
          {ask.data && <Said answer={ask.data} target={deployed.form.target} />}
        </div>
      </form>
    </Panel>
  );
}

function Said({ answer, target }: { answer: Prediction; target: string }): ReactElement {
  const shares = Object.entries(answer.probabilities ?? {}).sort((a, b) => b[1] - a[1]);
  return (
    <div className="said">
      <p className="said-label">{target}</p>
      <p className="said-value">{typeof answer.value === "number" && answer.probabilities === null ? number(answer.value) : String(answer.value)}</p>
      {shares.length > 0 && (
        <ul className="shares">
          {shares.slice(0, 6).map(([name, share]) => (
            <li key={name}>
              <span className="share-name">{name}</span>
              <span className="driver-track" aria-hidden>
                <span className="driver-bar" style={{ width: `${100 * share}%` }} />
              </span>
              <span className="share-figure">{percent(share)}</span>
            </li>
          ))}
        </ul>
      )}
      {answer.warnings.length > 0 && <p className="told-bloom small">{answer.warnings.length === 1 ? "One input is" : `${answer.warnings.length} inputs are`} unlike anything that it was trained on: trust this less.</p>}
    </div>
  );
}
