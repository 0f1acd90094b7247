import { type ReactElement, useState } from "react";
import { Input, SearchField } from "react-aria-components";
import { Glyph } from "../../kit/Glyph";
import { DRAGGED } from "./Canvas";
import { type Kind, glyphOf } from "./model";

interface StepPaletteProps {
  kinds: readonly Kind[];
  onAdd: (kind: Kind) => void;
}

/** Every kind of step, by group; dragged onto the canvas, or added by a press. */
export function StepPalette({ kinds, onAdd }: StepPaletteProps): ReactElement {
  const [wanted, setWanted] = useState("");
  const words = wanted.toLowerCase().split(/\s+/).filter(Boolean);
  const found = kinds.filter((kind) => {
    const text = `${kind.title} ${kind.about} ${kind.group} ${kind.search} ${kind.name}`.toLowerCase();
    return words.every((word) => text.includes(word));
  });
  const groups = [...new Set(found.map((kind) => kind.group))];
  return (
    <aside className="palette" aria-label="Steps">
      <SearchField className="palette-search" aria-label="Find a step" value={wanted} onChange={setWanted}>
        <Glyph name="search" size={16} />
        <Input placeholder="Find a step" />
      </SearchField>
      <div className="palette-list">
        {groups.map((group) => (
          <section key={group} aria-label={group}>
            <h3>{group}</h3>
            {found
              .filter((kind) => kind.group === group)
              .map((kind) => (
                <button
                  key={kind.name}
                  type="button"
                  className="palette-item"
                  title={kind.about}
                  draggable
                  onDragStart={(event) => {
                    event.dataTransfer.setData(DRAGGED, kind.name);
                    event.dataTransfer.effectAllowed = "copy";
                  }}
                  onClick={() => onAdd(kind)}
                  data-kind={kind.name}
                >
                  <Glyph name={glyphOf(kind)} size={18} />
                  <span>{kind.title}</span>
                </button>
              ))}
          </section>
        ))}
        {found.length === 0 && <p className="quiet palette-none">No step is called that. Try another word.</p>}
      </div>
    </aside>
  );
}
