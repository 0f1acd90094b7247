import { useMutation, useQueryClient } from "@tanstack/react-query";
import { scaleLinear } from "d3-scale";
import { line } from "d3-shape";
import { type ReactElement, useMemo, useState } from "react";
import { Slider, SliderThumb, SliderTrack } from "react-aria-components";
import { type Schemas, send } from "../../api/client";
import { Button } from "../../kit/Button";
import { NumberInput } from "../../kit/Fields";
import { Failed } from "../../kit/Notice";
import { Panel } from "../../kit/Panel";
import { useWidth } from "../../kit/charts";
import { count, number, percent } from "../../kit/format";

type Tables = Schemas["Tables"];
const INSET = 10;

/** From which probability on the model says yes: what that does to people, and what it costs, as one drags. */
export function Decision({ id, tables }: { id: string; tables: Tables }): ReactElement {
  const client = useQueryClient();
  const [alarm, setAlarm] = useState(1);
  const [miss, setMiss] = useState(1);
  const nearest = (value: number): number => tables.values.reduce((best, one, i) => (Math.abs(one - value) < Math.abs((tables.values[best] ?? 2) - value) ? i : best), 0);
  const [at, setAt] = useState(() => nearest(tables.now));
  const [place, width] = useWidth<HTMLDivElement>(420);
  const costs = useMemo(() => tables.values.map((_, i) => alarm * (tables.alarms[i] ?? 0) + miss * (tables.missed[i] ?? 0)), [tables, alarm, miss]);
  const cheapest = useMemo(() => middleOfLeast(costs), [costs]);
  const keep = useMutation({
    mutationFn: (threshold: number | null) => send("PUT", `/api/understand/${id}/decision`, { threshold, false_alarm: alarm, miss }),
    onSuccess: () => Promise.all([["understand", id], ["deploy", id], ["explanation", id]].map((queryKey) => client.invalidateQueries({ queryKey }))),
  });

  const pick = (i: number): number => Math.round(i);
  const [caught, missed, alarms, cleared] = [tables.caught, tables.missed, tables.alarms, tables.cleared].map((part) => part[at] ?? 0) as [number, number, number, number];
  const value = tables.values[at] ?? 0;
  const kept = Math.abs(value - tables.now) < 1e-9;
  // At both ends the cost shoots up and says nothing; what is drawn is the valley.
  const most = Math.min(Math.max(...costs), 4 * Math.min(...costs) + 1e-9) || 1;
  const x = scaleLinear([0, 1], [INSET, width - INSET]);
  const y = scaleLinear([0, most], [84, 8]).clamp(true);
  const curve = line<number>((_, i) => x(tables.values[i] ?? 0), (cost) => y(cost))(costs) ?? "";
  const best = tables.values[cheapest] ?? 0;
  return (
    <Panel title="Where to draw the line" className="decision">
      <div className="decision-costs">
        <NumberInput label="A false alarm costs" value={alarm} low={0.01} onChange={(next) => setAlarm(next > 0 ? next : 1)} />
        <NumberInput label={`A missed ${tables.positive} costs`} value={miss} low={0.01} onChange={(next) => setMiss(next > 0 ? next : 1)} />
      </div>
      <p className="quiet small">What its mistakes cost, by the probability from which it says yes:</p>
      <div ref={place} className="decision-chart">
        <svg width={width} height={96} role="img" aria-label={`What mistakes cost at every threshold; least at ${percent(best)}`}>
          <line className="rule" x1={INSET} x2={width - INSET} y1={84.5} y2={84.5} />
          <path className="line" d={curve} />
          <line className="decision-here" x1={x(value)} x2={x(value)} y1={4} y2={96} />
          <circle className="dot dot-best" cx={x(best)} cy={y(costs[cheapest] ?? 0)} r={5} />
          <text className="tick decision-cheapest" x={Math.min(Math.max(x(best), 52), width - 52)} y={Math.max(12, y(costs[cheapest] ?? 0) - 10)} textAnchor="middle">
            cheapest {percent(best)}
          </text>
        </svg>
        <Slider className="decision-slider" aria-label="Say yes from this probability on" value={at} minValue={0} maxValue={tables.values.length - 1} step={1} onChange={(next) => setAt(pick(Array.isArray(next) ? (next[0] ?? 0) : (next as number)))}>
          <SliderTrack className="slider-track">
            <SliderThumb className="slider-thumb" />
          </SliderTrack>
        </Slider>
        <p className="quiet small decision-ends" aria-hidden>
          <span>0 %: always yes</span>
          <span>50 %</span>
          <span>never: 100 %</span>
        </p>
      </div>
      <p className="decision-told" aria-live="polite">
        Says {tables.positive} from <b>{percent(value)}</b> on. Its mistakes on these rows cost <b>{number(costs[at] ?? 0)}</b>
        {at === cheapest || costs[at] === costs[cheapest] ? ", the least there is." : `; at ${percent(best)} they would cost ${number(costs[cheapest] ?? 0)}.`}
      </p>
      <People title={`${count(caught + missed)} are ${tables.positive}`} good={caught} goodTold="found" bad={missed} badTold="missed" />
      <People title={`${count(alarms + cleared)} are not`} good={cleared} goodTold="left in peace" bad={alarms} badTold={alarms === 1 ? "false alarm" : "false alarms"} />
      <div className="decision-actions">
        <Button small onPress={() => setAt(cheapest)} disabled={at === cheapest}>
          Go to the cheapest
        </Button>
        <Button small onPress={() => keep.mutate(value)} disabled={kept || keep.isPending}>
          {kept ? (tables.decided ? "The model decides so" : "The model decides so already") : "Let the model decide so"}
        </Button>
        {tables.decided && (
          <Button small look="quiet" onPress={() => { setAt(nearest(0.5)); keep.mutate(null); }} disabled={keep.isPending}>
            Back to the likelier
          </Button>
        )}
      </div>
      {keep.error && <Failed error={keep.error} />}
    </Panel>
  );
}

/** Among equals the middle one, so that it stands clear of both ends. */
function middleOfLeast(costs: readonly number[]): number {
  const least = Math.min(...costs);
  const there = costs.flatMap((cost, i) => (cost <= least * (1 + 1e-12) ? [i] : []));
  return there[Math.floor(there.length / 2)] ?? 0;
}

interface PeopleProps {
  title: string;
  good: number;
  goodTold: string;
  bad: number;
  badTold: string;
}

function People({ title, good, goodTold, bad, badTold }: PeopleProps): ReactElement {
  const all = Math.max(1e-9, good + bad);
  return (
    <div className="people">
      <p className="people-title">{title}</p>
      <div className="people-bar" aria-hidden>
        <span className="people-good" style={{ width: `${(100 * good) / all}%` }} />
        <span className="people-bad" style={{ width: `${(100 * bad) / all}%` }} />
      </div>
      <p className="people-told">
        <span>
          <b>{count(good)}</b> {goodTold}
        </span>
        <span className={bad > 0 ? "people-mistakes" : "quiet"}>
          <b>{count(bad)}</b> {badTold}
        </span>
      </p>
    </div>
  );
}
