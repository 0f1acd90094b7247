import { useQuery } from "@tanstack/react-query";
import type { ReactElement } from "react";
import { type Schemas, get } from "../../api/client";
import { Histogram } from "../../kit/charts";
import { count, number, plural } from "../../kit/format";

type Reply = Schemas["CountersReply"];
// How images can be unlike those that were learned from, in words.
const UNLIKE: Record<string, string> = { "image-stretched": "stretched", "image-enlarged": "smaller than it sees", "image-brightness": "too bright or dark" };
// As many as the server keeps.
const BARS = 60;

/** What the model has done since it was switched on, by its own count. */
export function Counters({ id, things }: { id: string; things: "row" | "image" }): ReactElement | null {
  const { data } = useQuery({ queryKey: ["counters", id], queryFn: () => get<Reply | null>(`/api/deploy/runs/${id}/counters`), refetchInterval: 2000 });
  if (!data) {
    return null;
  }
  const outside = Object.entries(data.outside).map(([name, rows]): [string, number] => [UNLIKE[name] ?? name, rows]);
  return (
    <dl className="counters" aria-label="Since it was switched on">
      <div>
        <dt>calls</dt>
        <dd>{count(data.requests)}</dd>
        <dd className="counter-note">{data.refused > 0 ? `${count(data.refused)} refused` : `${plural(data.rows, things)} predicted`}</dd>
      </div>
      <div>
        <dt>a call takes</dt>
        <dd>{data.median_ms === null ? "–" : `${number(data.median_ms)} ms`}</dd>
        <dd className="counter-note">{data.slow_ms === null ? "nobody has called yet" : `95 of 100 within ${number(data.slow_ms)} ms`}</dd>
      </div>
      <div>
        <dt>the last calls, each by its time</dt>
        <dd>{data.last_ms.length > 0 ? <Histogram counts={[...Array<number>(BARS - data.last_ms.length).fill(0), ...data.last_ms]} width={180} height={34} label="Milliseconds of the last calls, the newest at the right" /> : "–"}</dd>
      </div>
      <div className="counter-wide">
        <dt>inputs it was not trained on</dt>
        <dd>{outside.length === 0 ? "none" : ""}</dd>
        {outside.length > 0 && (
          <dd className="counter-outside">
            {outside.slice(0, 5).map(([column, rows]) => (
              <span key={column} className="tag tag-bloom">
                {column} · {count(rows)}
              </span>
            ))}
            {outside.length > 5 && <span className="quiet">and {outside.length - 5} more</span>}
          </dd>
        )}
      </div>
    </dl>
  );
}
