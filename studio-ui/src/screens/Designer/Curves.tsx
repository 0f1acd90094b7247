import type { ReactElement } from "react";
import { count, number } from "../../kit/format";

export interface CurveData {
  classes?: string[];
  confusion?: number[][];
  roc?: [number, number][];
  calibration?: [number, number, number][];
  predicted?: [number, number][];
}

const SIZE = 148;
const LEFT = 34;
const FOOT = 30;

/** What a model's predictions look like: words on the axes, no legends. */
export function Curves({ curves }: { curves: CurveData }): ReactElement {
  return (
    <div className="curves">
      {curves.confusion && curves.classes && curves.classes.length <= 8 && <Confusion counts={curves.confusion} classes={curves.classes} />}
      {curves.roc && (
        <Square title="True cases found, by false alarms" x="share of false alarms" y="share found" label="Curve of true cases found by false alarms">
          <path className="curve-chance" d={`M0 ${SIZE}L${SIZE} 0`} />
          <path className="line" d={path(curves.roc)} />
        </Square>
      )}
      {curves.calibration && (
        <Square title="What was said, and what happened" x="chance that was said" y="share that happened" label="Said chances and what happened">
          <path className="curve-chance" d={`M0 ${SIZE}L${SIZE} 0`} />
          {curves.calibration.map(([said, happened, rows]) => (
            <circle key={said} className="dot" cx={said * SIZE} cy={(1 - happened) * SIZE} r={Math.min(7, 2.5 + Math.sqrt(rows) / 3)}>
              <title>{`${count(rows)} rows: said ${number(said)}, happened ${number(happened)}`}</title>
            </circle>
          ))}
        </Square>
      )}
      {curves.predicted && <Cloud points={curves.predicted} />}
    </div>
  );
}

const path = (points: readonly [number, number][]): string =>
  points.map(([x, y], place) => `${place ? "L" : "M"}${(x * SIZE).toFixed(1)} ${((1 - y) * SIZE).toFixed(1)}`).join("");

interface SquareProps {
  title: string;
  x: string;
  y: string;
  label: string;
  ends?: [string, string];
  children: React.ReactNode;
}

function Square({ title, x, y, label, ends = ["0", "1"], children }: SquareProps): ReactElement {
  return (
    <figure className="square">
      <figcaption>{title}</figcaption>
      <svg width={SIZE + LEFT + 12} height={SIZE + FOOT + 10} role="img" aria-label={label}>
        <g transform={`translate(${LEFT} 8)`}>
          <path className="rule" d={`M0 0V${SIZE}H${SIZE}`} fill="none" />
          {children}
          <text className="tick" x={0} y={SIZE + 14}>
            {ends[0]}
          </text>
          <text className="tick" x={SIZE} y={SIZE + 14} textAnchor="end">
            {ends[1]}
          </text>
          <text className="tick" x={SIZE / 2} y={SIZE + 26} textAnchor="middle">
            {x}
          </text>
          <text className="tick" transform={`translate(-8 ${SIZE / 2}) rotate(-90)`} textAnchor="middle">
            {y}
          </text>
        </g>
      </svg>
    </figure>
  );
}

function Cloud({ points }: { points: readonly [number, number][] }): ReactElement {
  const all = points.flat();
  const low = Math.min(...all);
  const span = Math.max(...all) - low || 1;
  const place = (value: number): number => ((value - low) / span) * SIZE;
  return (
    <Square title="Truth, and what was predicted" x="true" y="predicted" label="Predicted values by true ones" ends={[number(low), number(low + span)]}>
      <path className="curve-chance" d={`M0 ${SIZE}L${SIZE} 0`} />
      {points.map(([truth, said], at) => (
        <circle key={at} className="dot cloud-dot" cx={place(truth)} cy={SIZE - place(said)} r={2.5} />
      ))}
    </Square>
  );
}

function Confusion({ counts, classes }: { counts: readonly number[][]; classes: readonly string[] }): ReactElement {
  return (
    <figure className="square">
      <figcaption>Rows by what they are and what was said</figcaption>
      <table className="counted">
        <thead>
          <tr>
            <td />
            {classes.map((name) => (
              <th key={name} scope="col">
                said {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {counts.map((row, at) => {
            const all = row.reduce((sum, one) => sum + one, 0) || 1;
            return (
              <tr key={classes[at]}>
                <th scope="row">is {classes[at]}</th>
                {row.map((one, place) => (
                  <td
                    key={classes[place]}
                    className={place === at ? "counted-right" : one > 0 ? "counted-wrong" : ""}
                    style={{ "--share": one / all } as React.CSSProperties}
                  >
                    {count(one)}
                  </td>
                ))}
              </tr>
            );
          })}
        </tbody>
      </table>
    </figure>
  );
}
