import type { ReactElement } from "react";
import { Glyph } from "../../kit/Glyph";
import "./model.css";

/** What stands in a screen's place while a model is loaded, which takes a second or two. */
export function Waiting({ told }: { told: string }): ReactElement {
  return (
    <p className="opening" role="status">
      <Glyph name="sprout" size={28} />
      {told}
    </p>
  );
}
