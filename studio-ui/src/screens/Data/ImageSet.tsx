import type { ReactElement } from "react";
import { Button, Link } from "../../kit/Button";
import { plural } from "../../kit/format";
import { go } from "../../shell/route";
import type { TableView } from "./queries";

/** A set of images: each class with how many it has, and its first ones. */
export function ImageSet({ table }: { table: TableView }): ReactElement {
  const most = Math.max(1, ...table.classes.map((found) => found.count));
  return (
    <div className="loaded loaded-images">
      <div className="loaded-head">
        <h1>{table.name}</h1>
        <Link to="/data">All tables</Link>
      </div>
      <div className="classes">
        {table.classes.map((found) => (
          <section key={found.name} className="class" aria-label={found.name}>
            <h2 title={found.name}>{found.name}</h2>
            <div className="class-count">
              <span className="gaps-bar">
                <span style={{ width: `${(100 * found.count) / most}%` }} />
              </span>
              {plural(found.count, "image")}
            </div>
            <div className="strip">
              {found.first.map((number) => (
                <img key={number} src={`/api/data/tables/${table.id}/pictures/${number}`} alt="" loading="lazy" width={40} height={40} />
              ))}
            </div>
          </section>
        ))}
      </div>
      <footer className="asked">
        <p className="asked-counts">
          <b>{plural(table.rows, "image")}</b> in <b>{plural(table.columns, "class", "classes")}</b>
        </p>
        <p className="asked-question">Which class is an image of?</p>
        <Button look="leaf" glyph="sprout" onPress={() => go(`/train?table=${table.id}`)}>
          Go to Train
        </Button>
      </footer>
    </div>
  );
}
