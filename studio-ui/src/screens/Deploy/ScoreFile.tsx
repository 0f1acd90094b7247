import { type DragEvent, type ReactElement, useRef, useState } from "react";
import { ApiError, type Schemas, upload } from "../../api/client";
import { Button } from "../../kit/Button";
import { Glyph } from "../../kit/Glyph";
import { Notice } from "../../kit/Notice";
import { Panel } from "../../kit/Panel";
import { bytes, percent, plural } from "../../kit/format";

type Score = Schemas["Score"];
// What a column of probabilities is called in the file, before its class.
const SHARE = "proba_";

interface ScoreFileProps {
  id: string;
  /** Of the table; null where pictures are scored. */
  columns: readonly string[] | null;
  most: number;
}

/** A file of new rows in, the same rows with predictions out; or a zip of pictures. */
export function ScoreFile({ id, columns, most }: ScoreFileProps): ReactElement {
  const [gone, setGone] = useState<number | null>(null);
  const [found, setFound] = useState<Score | null>(null);
  const [trouble, setTrouble] = useState<ApiError | null>(null);
  const [over, setOver] = useState(false);
  const input = useRef<HTMLInputElement | null>(null);
  const take = async (file: File | undefined): Promise<void> => {
    if (!file) {
      return;
    }
    setFound(null);
    setTrouble(null);
    if (file.size > most) {
      setTrouble(new ApiError(0, { code: "file-large", what: `The file has ${bytes(file.size)}, and ${bytes(most)} are the most.`, mend: "Give it in parts, or on the command line: hortus predict takes any size." }));
      return;
    }
    setGone(0);
    try {
      setFound(await upload<Score>(`/api/deploy/score/${id}?name=${encodeURIComponent(file.name)}`, file, setGone));
    } catch (error) {
      setTrouble(error instanceof ApiError ? error : new ApiError(0, { code: "", what: "The file could not be sent.", mend: "Try it again." }));
    }
    setGone(null);
  };
  const drop = (event: DragEvent): void => {
    event.preventDefault();
    setOver(false);
    void take(event.dataTransfer.files[0]);
  };
  return (
    <Panel title="Score a file">
      <div className={over ? "score-drop score-over" : "score-drop"} onDrop={drop} onDragOver={(event) => { event.preventDefault(); setOver(true); }} onDragLeave={() => setOver(false)}>
        <Glyph name="drop" size={24} />
        <p>
          {gone === null && columns === null ? (
            "Drop a zip of new pictures here"
          ) : gone === null ? (
            <>
              Drop new rows here, with the columns <span className="quiet">{columns?.slice(0, 3).join(", ")}{columns !== null && columns.length > 3 && ` and ${columns.length - 3} more`}</span>
            </>
          ) : gone < 1 ? (
            `Sending, ${percent(gone)}`
          ) : (
            "Predicting …"
          )}
        </p>
        <Button small onPress={() => input.current?.click()} disabled={gone !== null}>
          Choose a file
        </Button>
        <input ref={input} type="file" className="visually-hidden" tabIndex={-1} aria-label={columns === null ? "A zip of new pictures" : "A file of new rows"} accept={columns === null ? ".zip" : ".csv,.tsv,.txt,.parquet,.xlsx,.jsonl,.gz"} onChange={(event) => { void take(event.target.files?.[0]); event.target.value = ""; }} />
      </div>
      <p className="quiet small score-caps">
        {columns === null ? "png, jpg, webp, bmp or gif, in folders or not" : "csv, tsv, Parquet, Excel or JSON lines, also packed as gz"}; at most {bytes(most)}.
      </p>
      {trouble && <Notice what={trouble.what} mend={trouble.mend} />}
      {found && <Scored found={found} things={columns === null ? "picture" : "row"} />}
    </Panel>
  );
}

function Scored({ found, things }: { found: Score; things: "row" | "picture" }): ReactElement {
  return (
    <div className="scored" role="status">
      <p>
        <b>{plural(found.rows, things)} predicted</b>
        {found.rejected > 0 && <span className="told-bloom">, {plural(found.rejected, things)} could not be read</span>}
      </p>
      <div className="scored-scroll" tabIndex={0} role="region" aria-label="The first predictions">
        <table className="table">
          <thead>
            <tr>
              {found.columns.map((column) => (
                <th key={column} scope="col">
                  {column.startsWith(SHARE) ? `probability of ${column.slice(SHARE.length)}` : column}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {found.first.slice(0, 4).map((row, i) => (
              <tr key={i}>
                {row.map((cell, j) => (
                  <td key={j}>{found.columns[j]?.startsWith(SHARE) && cell !== "" && Number.isFinite(Number(cell)) ? percent(Number(cell), 1) : cell}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {found.notes.map((note) => (
        <p key={note} className="quiet small">
          {note}
        </p>
      ))}
      <div className="decision-actions">
        <a className="button button-plain" href={`/api/deploy/scored/${found.id}/predictions.csv`} download>
          Download predictions
        </a>
        {found.rejected > 0 && (
          <a className="button button-plain" href={`/api/deploy/scored/${found.id}/rejects.csv`} download>
            Download what was left out
          </a>
        )}
      </div>
    </div>
  );
}
