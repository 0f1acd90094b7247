import { useQuery, useQueryClient } from "@tanstack/react-query";
import { type DragEvent, type ReactElement, useRef, useState } from "react";
import { Button as AriaButton } from "react-aria-components";
import { type Schemas, get, post, upload } from "../../api/client";
import { Button, Link } from "../../kit/Button";
import { Glyph } from "../../kit/Glyph";
import { Failed } from "../../kit/Notice";
import { clock, percent, plural } from "../../kit/format";
import { go } from "../../shell/route";
import { TABLES, type TableLine, useTables } from "./queries";

type SampleLine = Schemas["SampleLine"];

/** Where data come in: a place to drop a file, four samples, and what was brought in before. */
export function Bring(): ReactElement {
  const client = useQueryClient();
  const tables = useTables();
  const samples = useQuery({
    queryKey: ["samples"],
    queryFn: () => get<SampleLine[]>("/api/data/samples"),
    staleTime: Number.POSITIVE_INFINITY,
  });
  const [sent, setSent] = useState<{ name: string; share: number } | null>(null);
  const [error, setError] = useState<unknown>(null);

  async function arrive(name: string, asked: Promise<TableLine>): Promise<void> {
    setError(null);
    setSent({ name, share: 0 });
    try {
      const table = await asked;
      await client.invalidateQueries({ queryKey: TABLES });
      go(`/data/${table.id}`);
    } catch (failure) {
      setError(failure);
      setSent(null);
    }
  }

  const bring = (file: File): void =>
    void arrive(
      file.name,
      upload<TableLine>(`/api/data/tables?name=${encodeURIComponent(file.name)}`, file, (share) => setSent({ name: file.name, share })),
    );

  return (
    <div className="bring">
      <DropArea onFile={bring} sent={sent} />
      {error !== null && <Failed error={error} />}
      <section aria-labelledby="samples">
        <h2 id="samples">Or begin with a sample</h2>
        <ul className="samples">
          {samples.data?.map((sample) => (
            <li key={sample.name}>
              <AriaButton
                className="sample"
                isDisabled={sent !== null}
                onPress={() => void arrive(sample.title, post<TableLine>(`/api/data/samples/${sample.name}`))}
              >
                <Glyph name={sample.kind === "image" ? "image" : "sheet"} size={24} />
                <span className="sample-title">{sample.title}</span>
                <span className="sample-question">{sample.question}</span>
                <span className="sample-rows">{plural(sample.rows, sample.kind === "image" ? "image" : "row")}</span>
              </AriaButton>
            </li>
          ))}
        </ul>
      </section>
      {tables.data && tables.data.length > 0 && (
        <section aria-labelledby="brought">
          <h2 id="brought">Brought in before</h2>
          <table className="table brought">
            <thead>
              <tr>
                <th>Name</th>
                <th className="figure">Size</th>
                <th>To predict</th>
                <th>Brought in</th>
              </tr>
            </thead>
            <tbody>
              {tables.data.map((table) => (
                <tr key={table.id}>
                  <td>
                    <Link to={`/data/${table.id}`}>{table.name}</Link>
                  </td>
                  <td className="figure">
                    {table.kind === "image"
                      ? `${plural(table.rows, "image")}, ${plural(table.columns, "class", "classes")}`
                      : `${plural(table.rows, "row")}, ${plural(table.columns, "column")}`}
                  </td>
                  <td>{table.target ?? <span className="quiet">–</span>}</td>
                  <td className="quiet">{clock(table.created)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      )}
    </div>
  );
}

function DropArea({ onFile, sent }: { onFile: (file: File) => void; sent: { name: string; share: number } | null }): ReactElement {
  const input = useRef<HTMLInputElement>(null);
  const [over, setOver] = useState(false);
  const drop = (event: DragEvent): void => {
    event.preventDefault();
    setOver(false);
    const file = event.dataTransfer.files[0];
    if (file && sent === null) {
      onFile(file);
    }
  };
  return (
    <div
      className={over ? "drop drop-over" : "drop"}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={drop}
    >
      <Glyph name="drop" size={40} />
      <h1>Drop a table or images here</h1>
      {sent === null ? (
        <>
          <p className="quiet">csv, tsv, xlsx, parquet or jsonl; or a zip with a folder of images for each class.<br />It stays on this computer.</p>
          <Button look="leaf" onPress={() => input.current?.click()}>
            Choose a file
          </Button>
        </>
      ) : (
        <div className="sending" role="status">
          <progress value={sent.share} max={1} aria-label={`${sent.name} is coming in`} />
          <p>
            {sent.share > 0 && sent.share < 1 ? `${sent.name}: ${percent(sent.share)} is here` : `${sent.name} is being looked at`}
          </p>
        </div>
      )}
      <input
        ref={input}
        type="file"
        hidden
        aria-label="A table or a zip of images"
        onChange={(event) => {
          const file = event.target.files?.[0];
          event.target.value = "";
          if (file) {
            onFile(file);
          }
        }}
      />
    </div>
  );
}
