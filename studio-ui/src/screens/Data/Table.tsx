import { useQueryClient } from "@tanstack/react-query";
import { type ReactElement, useState } from "react";
import { send, troubleOf } from "../../api/client";
import { Button, Link } from "../../kit/Button";
import { ChoiceField } from "../../kit/Fields";
import { Failed } from "../../kit/Notice";
import { count, plural } from "../../kit/format";
import { go } from "../../shell/route";
import { ImageSet } from "./ImageSet";
import { Noticed } from "./Noticed";
import { Sheet } from "./Sheet";
import { type TableLine, type TableView, changed, useTable } from "./queries";

/** One table: left its rows, right what was noticed, below what is asked of it. */
export function Table({ id }: { id: string }): ReactElement {
  const table = useTable(id);
  const trouble = troubleOf(table);
  if (trouble !== null) {
    return (
      <div className="fence">
        <Failed error={trouble} />
        <p>
          <Link to="/data">All tables</Link>
        </p>
      </div>
    );
  }
  if (!table.data) {
    return <div className="waiting" />;
  }
  return table.data.kind === "image" ? <ImageSet table={table.data} /> : <Loaded table={table.data} />;
}

function Loaded({ table }: { table: TableView }): ReactElement {
  const client = useQueryClient();
  const [error, setError] = useState<unknown>(null);

  async function choose(target: string | null): Promise<void> {
    setError(null);
    try {
      await send<TableLine>("PUT", `/api/data/tables/${table.id}/target`, { target });
      await changed(client, table.id);
    } catch (failure) {
      setError(failure);
    }
  }

  async function change(name: string, kind: string | null, role: string | null): Promise<void> {
    setError(null);
    try {
      await send<TableView>("PUT", `/api/data/tables/${table.id}/columns`, { name, kind, role });
      await changed(client, table.id);
    } catch (failure) {
      setError(failure);
    }
  }

  const used = table.columns_told.filter((column) => column.role === "feature" && column.name !== table.target).length;
  const choices = table.columns_told
    .filter((column) => column.question.kind !== "")
    .map((column) => ({ id: column.name, label: column.name, told: `Predict ${column.name}: ${column.question.told}` }));
  const asked = table.columns_told.find((column) => column.name === table.target);
  return (
    <div className="loaded">
      <div className="loaded-head">
        <h1>{table.name}</h1>
        <Link to="/data">All tables</Link>
      </div>
      {error !== null && <Failed error={error} />}
      <Sheet table={table} onTarget={(name) => void choose(name)} onColumn={(name, kind, role) => void change(name, kind, role)} />
      <Noticed table={table} />
      <footer className="asked">
        <p className="asked-counts">
          <b>{count(table.rows)}</b> rows, <b>{count(table.columns)}</b> columns
          <span className="quiet">
            , {plural(used, "column")} to learn from{table.sampled < table.rows ? `; drawn from ${count(table.sampled)} rows` : ""}
          </span>
        </p>
        <span className="quiet" aria-hidden>
          Predict
        </span>
        <ChoiceField
          label="Choose what to predict"
          hideLabel
          value={table.target}
          choices={choices}
          placeholder="Choose a column"
          onChange={(name) => void choose(name)}
        />
        <p className="asked-question">{asked ? asked.question.told : "Each column says which question it would be."}</p>
        <Button look="leaf" glyph="sprout" disabled={table.target === null} onPress={() => go(`/train?table=${table.id}`)}>
          Go to Train
        </Button>
      </footer>
    </div>
  );
}
