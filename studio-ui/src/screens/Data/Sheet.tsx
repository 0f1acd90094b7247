import { useQueries } from "@tanstack/react-query";
import { useVirtualizer } from "@tanstack/react-virtual";
import { type ReactElement, useRef } from "react";
import { type Schemas, get } from "../../api/client";
import { ColumnHead } from "./ColumnHead";
import { TABLES, type TableView } from "./queries";

const ROW = 28;
const WIDTH = 148;
const NUMBER = 60;
const HEAD = 166;
const PAGE = 100;
// A browser's longest page has room for so many rows.
const SHOWN = 1_000_000;

interface SheetProps {
  table: TableView;
  onTarget: (name: string | null) => void;
  onColumn: (name: string, kind: string | null, role: string | null) => void;
}

/** The rows themselves; only those in sight are drawn, and asked for a hundred at a time. */
export function Sheet({ table, onTarget, onColumn }: SheetProps): ReactElement {
  const place = useRef<HTMLDivElement>(null);
  const columns = table.columns_told;
  const rows = useVirtualizer({
    count: Math.min(table.rows, SHOWN),
    getScrollElement: () => place.current,
    estimateSize: () => ROW,
    overscan: 12,
    scrollPaddingStart: HEAD,
  });
  const across = useVirtualizer({
    horizontal: true,
    count: columns.length,
    getScrollElement: () => place.current,
    estimateSize: () => WIDTH,
    overscan: 3,
  });
  const shownRows = rows.getVirtualItems();
  const shownColumns = across.getVirtualItems();
  const first = Math.floor((shownRows[0]?.index ?? 0) / PAGE);
  const last = Math.floor((shownRows.at(-1)?.index ?? 0) / PAGE);
  const pages = Array.from({ length: last - first + 1 }, (_, step) => first + step);
  const cells = useQueries({
    queries: pages.map((page) => ({
      queryKey: [...TABLES, table.id, "rows", page],
      queryFn: () => get<Schemas["TableRows"]>(`/api/data/tables/${table.id}/rows?first=${page * PAGE}&count=${PAGE}`),
      staleTime: 60_000,
    })),
  });
  const cell = (row: number, column: number): string | null | undefined =>
    cells[Math.floor(row / PAGE) - first]?.data?.cells[row % PAGE]?.[column];
  const width = NUMBER + across.getTotalSize();
  return (
    <div
      className="sheet"
      ref={place}
      role="table"
      aria-label={`Rows of ${table.name}`}
      aria-rowcount={table.rows + 1}
      aria-colcount={columns.length + 1}
      tabIndex={0}
    >
      <div className="sheet-head" role="row" aria-rowindex={1} style={{ width, height: HEAD }}>
        <div className="sheet-corner" role="columnheader">
          row
        </div>
        {shownColumns.map((item) => {
          const column = columns[item.index];
          return (
            column && (
              <div
                key={column.name}
                className={classes("sheet-column", column.name === table.target && "is-target", column.role === "ignored" && "is-out")}
                role="columnheader"
                aria-colindex={item.index + 2}
                style={{ width: WIDTH, left: NUMBER + item.start }}
              >
                <ColumnHead column={column} width={WIDTH - 20} target={column.name === table.target} onTarget={onTarget} onColumn={onColumn} />
              </div>
            )
          );
        })}
      </div>
      <div className="sheet-body" role="rowgroup" style={{ width, height: rows.getTotalSize() }}>
        {shownRows.map((row) => (
          <div key={row.index} className="sheet-row" role="row" aria-rowindex={row.index + 2} style={{ top: row.start, height: ROW }}>
            <div className="sheet-number" role="rowheader">
              {row.index + 1}
            </div>
            {shownColumns.map((item) => {
              const column = columns[item.index];
              const value = cell(row.index, item.index);
              return (
                column && (
                  <div
                    key={item.index}
                    role="cell"
                    aria-colindex={item.index + 2}
                    className={classes(
                      "sheet-cell",
                      column.kind === "numeric" && "figure",
                      value === null && "is-gap",
                      column.name === table.target && "is-target",
                      column.role === "ignored" && "is-out",
                    )}
                    style={{ width: WIDTH, left: NUMBER + item.start }}
                    title={value ?? ""}
                  >
                    {value === null ? "–" : (value ?? "")}
                  </div>
                )
              );
            })}
          </div>
        ))}
      </div>
    </div>
  );
}

const classes = (...names: (string | false)[]): string => names.filter(Boolean).join(" ");
