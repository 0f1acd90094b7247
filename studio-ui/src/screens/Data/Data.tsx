import type { ReactElement } from "react";
import type { ScreenProps } from "../table";
import { Bring } from "./Bring";
import { Table } from "./Table";
import "./data.css";

/** Data: an empty studio's drop area, or a table with what was noticed about it. */
export default function Data({ rest }: ScreenProps): ReactElement {
  const [table] = rest;
  return table === undefined ? <Bring /> : <Table key={table} id={table} />;
}
