import { type QueryClient, type UseQueryResult, useQuery } from "@tanstack/react-query";
import { type Schemas, get } from "../../api/client";

export type TableLine = Schemas["TableLine"];
export type TableView = Schemas["TableView"];
export type ColumnView = Schemas["ColumnView"];
export type Findings = Schemas["Findings"];
export type FindingView = Schemas["FindingView"];

export const TABLES = ["tables"] as const;

export const useTables = (): UseQueryResult<TableLine[]> =>
  useQuery({ queryKey: TABLES, queryFn: () => get<TableLine[]>("/api/data/tables") });

export const useTable = (id: string): UseQueryResult<TableView> =>
  useQuery({ queryKey: [...TABLES, id], queryFn: () => get<TableView>(`/api/data/tables/${id}`) });

/** A table's columns or rows have changed: everything that is known of it is asked for again. */
export async function changed(client: QueryClient, id: string): Promise<void> {
  await client.invalidateQueries({ queryKey: [...TABLES, id] });
  await client.invalidateQueries({ queryKey: ["questions", id] });
}

export const KIND_WORDS: Record<ColumnView["kind"], string> = {
  numeric: "number",
  boolean: "yes / no",
  categorical: "category",
  date: "date",
  text: "text",
};
