import { useQuery } from "@tanstack/react-query";
import { type ReactElement, useEffect, useMemo, useRef, useState } from "react";
import { get, post, troubleOf } from "../../api/client";
import { Failed } from "../../kit/Notice";
import { go } from "../../shell/route";
import type { ScreenProps } from "../table";
import { Begin } from "./Begin";
import { Editor } from "./Editor";
import "./designer.css";
import type { Design, Kinds, Palette } from "./model";

/** `/designer` begins, `/designer/<id>` is a graph, `/designer?run=<id>` draws a finished search. */
export default function Designer({ rest, query }: ScreenProps): ReactElement | null {
  const palette = useQuery({ queryKey: ["palette"], queryFn: () => get<Palette>("/api/designer/palette"), staleTime: Infinity });
  const id = rest[0];
  const design = useQuery({
    queryKey: ["design", id],
    queryFn: () => get<Design>(`/api/designer/graphs/${id}`),
    enabled: id !== undefined,
    refetchOnWindowFocus: false,
  });
  const kinds: Kinds = useMemo(() => new Map(palette.data?.kinds.map((kind) => [kind.name, kind])), [palette.data]);
  const run = query.get("run");
  const [refused, setRefused] = useState<unknown>(null);
  const asked = useRef("");
  useEffect(() => {
    if (run !== null && asked.current !== run) {
      asked.current = run;
      post<Design>("/api/designer/graphs", { run, which: query.get("which") === "ensemble" ? "ensemble" : "best" }).then(
        (made) => go(`/designer/${made.id}`, true),
        setRefused,
      );
    }
  }, [run, query]);
  const error = troubleOf(palette) ?? troubleOf(design) ?? refused;
  if (error) {
    return (
      <div className="begin">
        <Failed error={error} />
      </div>
    );
  }
  if (!palette.data || run !== null) {
    return null;
  }
  if (id === undefined) {
    return <Begin palette={palette.data} />;
  }
  return design.data ? <Editor key={id} design={design.data} kinds={kinds} /> : null;
}
