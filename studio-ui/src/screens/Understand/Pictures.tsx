import { type ReactElement, useState } from "react";
import { Button } from "../../kit/Button";
import { Panel } from "../../kit/Panel";
import { percent, plural } from "../../kit/format";
import { Classes, type Pair } from "./Classes";
import type { Standing } from "./Understand";

const SHOWN = 24;

/** The images that a network names wrongly, and which class it takes for which. */
export function Pictures({ id, data }: { id: string; data: Standing }): ReactElement {
  const [chosen, choose] = useState<Pair | null>(null);
  return (
    <div className="halves halves-even">
      <Mistakes id={id} data={data} chosen={chosen} choose={choose} />
      {data.confusion && <Classes found={data.confusion} things="Images" chosen={chosen} choose={choose} />}
    </div>
  );
}

function Mistakes({ id, data, chosen, choose }: { id: string; data: Standing; chosen: Pair | null; choose: (pair: Pair | null) => void }): ReactElement {
  const [all, setAll] = useState(false);
  const found = data.mistakes.filter((one) => chosen === null || (one.true === chosen.true && one.called === chosen.called));
  const name = (place: number): string => data.classes[place] ?? "";
  const shown = all ? found : found.slice(0, SHOWN);
  return (
    <Panel title="Where it is wrong" aside={<span className="quiet aside">{chosen ? `${name(chosen.true)} called ${name(chosen.called)}` : "the surest mistakes first"}</span>} className="mistakes">
      {data.mistakes.length === 0 ? (
        <p className="quiet">It names each of the {plural(data.rows, "image")} that were set aside rightly.</p>
      ) : (
        <ul className="mistake-list">
          {shown.map((one) => (
            <li key={one.image}>
              <img src={`/api/understand/${id}/images/${one.image}.png`} alt={`Image ${one.image}`} loading="lazy" />
              <span>
                is <b>{name(one.true)}</b>
              </span>
              <span className="told-bloom">
                called {name(one.called)}, {percent(one.share)}
              </span>
            </li>
          ))}
        </ul>
      )}
      <div className="decision-actions">
        {found.length > SHOWN && (
          <Button small look="quiet" onPress={() => setAll(!all)}>
            {all ? `Only the first ${SHOWN}` : `All ${found.length}`}
          </Button>
        )}
        {chosen && (
          <Button small look="quiet" onPress={() => choose(null)}>
            Every mistake
          </Button>
        )}
      </div>
    </Panel>
  );
}
