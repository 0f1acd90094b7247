import type { ReactElement } from "react";
import type { ScreenProps } from "../table";
import { Asking } from "./Asking";
import { Chooser } from "./Chooser";
import { Watching } from "./Watching";
import "./train.css";

/** Train: four questions about a table, or a run that is at work or done. */
export default function Train({ rest, query }: ScreenProps): ReactElement {
  const [run] = rest;
  const table = query.get("table");
  if (run !== undefined) {
    return <Watching key={run} id={run} />;
  }
  return table === null ? <Chooser /> : <Asking key={table} table={table} />;
}
