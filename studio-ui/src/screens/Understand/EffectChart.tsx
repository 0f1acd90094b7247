import { useQuery } from "@tanstack/react-query";
import { scaleLinear } from "d3-scale";
import { line } from "d3-shape";
import { type ReactElement, useState } from "react";
import { type Schemas, get } from "../../api/client";
import { ChoiceField } from "../../kit/Fields";
import { Failed } from "../../kit/Notice";
import { useWidth } from "../../kit/charts";
import { number, percent } from "../../kit/format";
import { named } from "../shared/named";

type Effect = Schemas["Effect"];

const LEAST = 0.05;

interface EffectChartProps {
  id: string;
  column: string;
  kind: string;
  target: string;
  classes: readonly string[];
}

/** How the prediction goes as one column moves and all others stay. */
export function EffectChart({ id, column, kind, target, classes }: EffectChartProps): ReactElement {
  const [label, setLabel] = useState(kind === "binary" ? 1 : 0);
  const { data, error } = useQuery({
    queryKey: ["effect", id, column, label],
    queryFn: () => get<Effect>(`/api/understand/${id}/effect?column=${encodeURIComponent(column)}&label=${label}`),
    staleTime: Infinity,
  });
  const [place, width] = useWidth<HTMLDivElement>();
  const shown = kind === "regression" ? number : (value: number) => percent(value);
  const goal = kind === "regression" ? target : `probability of ${named(target, data?.label ?? classes[label] ?? "")}`;
  return (
    <div className="effect" ref={place}>
      {kind === "multiclass" && (
        <ChoiceField label="Class" hideLabel value={String(label)} choices={classes.map((name, k) => ({ id: String(k), label: named(target, name) }))} onChange={(k) => setLabel(Number(k))} />
      )}
      {error && <Failed error={error} />}
      {!data && !error && <div className="effect-ghost" />}
      {data && (data.kind === "category" ? <Bars found={data} goal={goal} shown={shown} /> : <Lines found={data} goal={goal} kind={kind} shown={shown} width={width} />)}
    </div>
  );
}

interface DrawnProps {
  found: Effect;
  goal: string;
  shown: (value: number) => string;
}

/** What the axis goes over: of probabilities never so little that its labels would be alike. */
function reach(values: readonly number[], shares: boolean): [number, number] {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const more = shares ? Math.max(0, (LEAST - (high - low)) / 2) : 0;
  const from = Math.max(0, Math.min(low - more, 1 - LEAST));
  return more > 0 ? [from, from + Math.max(LEAST, high - from)] : [low, high];
}

function Lines({ found, goal, kind, shown, width }: DrawnProps & { kind: string; width: number }): ReactElement {
  const height = 212;
  const pad = { left: 46, right: 14, top: 28, bottom: 58 };
  const dates = found.kind === "date";
  const at = found.grid.map((value) => (dates ? Date.parse(String(value)) : Number(value)));
  const values = [...found.mean, ...found.curves.flat()];
  const x = scaleLinear([Math.min(...at), Math.max(...at)], [pad.left, width - pad.right]);
  const y = scaleLinear(reach(values, kind !== "regression"), [height - pad.bottom, pad.top]).nice(3);
  const path = line<number>((_, i) => x(at[i] ?? 0), (value) => y(value));
  const most = Math.max(1, ...found.rows);
  const told = (value: number): string => (dates ? new Date(value).toISOString().slice(0, 10) : number(value));
  return (
    <svg width={width} height={height} role="img" aria-label={`${goal} by ${found.column}. ${found.sentence}`}>
      <text className="tick" x={pad.left - 38} y={12}>
        {goal}
      </text>
      {y.ticks(3).map((tick) => (
        <g key={tick}>
          <line className="rule" x1={pad.left} x2={width - pad.right} y1={y(tick)} y2={y(tick)} />
          <text className="tick" x={pad.left - 8} y={y(tick)} dy="0.32em" textAnchor="end">
            {shown(tick)}
          </text>
        </g>
      ))}
      {found.curves.map((curve, i) => (
        <path key={i} className="effect-one" d={path(curve) ?? ""} />
      ))}
      <path className="line" d={path(found.mean) ?? ""} />
      {found.rows.map((rows, i) => (
        <line key={i} className="effect-rows" x1={x(at[i] ?? 0)} x2={x(at[i] ?? 0)} y1={height - pad.bottom + 12} y2={height - pad.bottom + 12 - (8 * rows) / most} />
      ))}
      {x.ticks(Math.max(2, Math.floor(width / 120))).map((tick) => (
        <text key={tick} className="tick" x={x(tick)} y={height - 28} textAnchor="middle">
          {told(tick)}
        </text>
      ))}
      <text className="tick" x={width - pad.right} y={height - 8} textAnchor="end">
        {found.column}
      </text>
      <text className="tick" x={pad.left} y={height - 8}>
        marks: where the rows are
      </text>
    </svg>
  );
}

function Bars({ found, goal, shown }: DrawnProps): ReactElement {
  const most = Math.max(...found.mean.map(Math.abs), 1e-12);
  const rows = found.rows.reduce((sum, one) => sum + one, 0);
  return (
    <>
      <p className="quiet small">{goal}</p>
      <table className="effect-bars">
        <tbody>
          {found.grid.map((value, i) => (
            <tr key={String(value)}>
              <th scope="row">{value === null ? "missing" : String(value)}</th>
              <td className="effect-cell">
                <span className="driver-bar" style={{ width: `${Math.max(0.6, (100 * Math.abs(found.mean[i] ?? 0)) / most)}%` }} />
              </td>
              <td className="figure">{shown(found.mean[i] ?? 0)}</td>
              <td className="figure quiet">{percent((found.rows[i] ?? 0) / Math.max(1, rows))} of rows</td>
            </tr>
          ))}
        </tbody>
      </table>
    </>
  );
}
