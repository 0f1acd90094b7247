import { useQueries } from "@tanstack/react-query";
import { useVirtualizer } from "@tanstack/react-virtual";
import { type ReactElement, useEffect, useRef } from "react";
import { type Schemas, get } from "../../api/client";
import { ColumnHead, wordOf } from "./ColumnHead";
import { TABLES, type TableView } from "./queries";

const ROW = 28;
// As wide as what the head tells of a column, between these.
const NARROW = 148;
const WIDE = 248;
// What a name alone may ask for; and what stands beside a text in a head.
const NAMED = 188;
const BESIDE = 24;
const GLYPHS = 32;
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
  const widths = columns.map(widthOf);
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
    estimateSize: (index) => widths[index] ?? NARROW,
    overscan: 3,
  });
  const told = widths.join();
  // Sizes are kept until they are asked for anew, and a column that is read otherwise has another question.
  useEffect(() => across.measure(), [across, told]);
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
                style={{ width: item.size, left: NUMBER + item.start }}
              >
                <ColumnHead column={column} width={item.size - 20} target={column.name === table.target} onTarget={onTarget} onColumn={onColumn} />
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
                    style={{ width: item.size, left: NUMBER + item.start }}
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

/** In pixels, so that neither both ends of its values nor the question that it would be are cut. */
function widthOf(column: TableView["columns_told"][number]): number {
  const { name, low, high, question } = column;
  const told = Math.max(lengthOf(`${low}  ${high}`, 12), GLYPHS + lengthOf(wordOf(column), 12), question.kind === "" ? 0 : lengthOf(question.told, 12));
  const wanted = Math.max(told, Math.min(NAMED, lengthOf(name, 14, 640)));
  return Math.ceil(Math.min(WIDE, Math.max(NARROW, BESIDE + wanted)));
}

const ruler = document.createElement("canvas").getContext("2d");

/** How long a text is (pixels) in the page's letters. */
function lengthOf(text: string, size: number, weight = 400): number {
  if (ruler === null) {
    return 0.55 * size * text.length;
  }
  ruler.font = `${weight} ${size}px ${getComputedStyle(document.body).fontFamily}`;
  return ruler.measureText(text).width;
}

const classes = (...names: (string | false)[]): string => names.filter(Boolean).join(" ");
