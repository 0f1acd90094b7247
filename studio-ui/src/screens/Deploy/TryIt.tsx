import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, type ReactElement, useState } from "react";
import { type Schemas, post } from "../../api/client";
import { Button } from "../../kit/Button";
import { Failed } from "../../kit/Notice";
import { Panel } from "../../kit/Panel";
import { Cell } from "../shared/Cell";
import { Said } from "./Said";

type Prediction = Schemas["Prediction"];
const SHOWN = 12;

interface TryItProps {
  id: string;
  form: Schemas["SchemaReply"];
  /** The row that it begins with. */
  begin: Record<string, unknown>;
  on: boolean;
  starting: boolean;
  switchOn: () => Promise<unknown>;
}

/** A form made from the columns that the model was trained on; what it is sent goes the way of any client. */
export function TryIt({ id, form, begin, on, starting, switchOn }: TryItProps): ReactElement {
  const client = useQueryClient();
  const [row, setRow] = useState<Record<string, unknown>>(begin);
  const [all, setAll] = useState(false);
  const ask = useMutation({
    mutationFn: async () => {
      if (!on) {
        await switchOn();
      }
      return post<Prediction>(`/api/deploy/runs/${id}/try`, { row });
    },
    onSettled: () => client.invalidateQueries({ queryKey: ["counters", id] }),
  });
  const columns = form.columns;
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
          <div>
            <Button small look="quiet" onPress={() => setAll(!all)}>
              {all ? `Only the first ${SHOWN}` : `All ${columns.length} columns; the others stay as usual`}
            </Button>
          </div>
        )}
        <div className="try-foot">
          <Button look="leaf" onPress={() => ask.mutate()} disabled={ask.isPending || starting}>
            {ask.isPending ? "Asking …" : on ? "Predict" : "Switch on and predict"}
          </Button>
          <Button look="quiet" onPress={() => { setRow(begin); ask.reset(); }}>
            As it was
          </Button>
        </div>
        <div className="try-answer" aria-live="polite">
          {ask.error !== null && <Failed error={ask.error} />}
          {ask.data && <Said answer={ask.data} target={form.target} things="input" />}
        </div>
      </form>
    </Panel>
  );
}
