import type { ReactElement } from "react";
import { Button, Header, Menu, MenuItem, MenuSection, MenuTrigger, Popover } from "react-aria-components";
import { Glyph } from "../../kit/Glyph";
import { Histogram } from "../../kit/charts";
import { percent } from "../../kit/format";
import { type ColumnView, KIND_WORDS } from "./queries";

const READ_AS = ["numeric", "categorical", "date", "boolean", "text"] as const;

/** What a column is read as; or why it is not. */
export const wordOf = ({ role, reason, kind }: ColumnView): string => (role === "ignored" ? `left out: ${reason}` : KIND_WORDS[kind]);

interface ColumnHeadProps {
  column: ColumnView;
  width: number;
  target: boolean;
  onTarget: (name: string | null) => void;
  onColumn: (name: string, kind: string | null, role: string | null) => void;
}

/** A column at a glance: its name, a word for its kind that can be changed, its gaps, its histogram, its question. */
export function ColumnHead({ column, width, target, onTarget, onColumn }: ColumnHeadProps): ReactElement {
  const guessed = column.kind === column.guessed;
  const kind = guessed ? null : column.kind;
  const word = wordOf(column);
  const chosen = column.reason === "your choice" ? "ignored" : null;
  return (
    <>
      <span className="column-name" title={column.name}>
        {column.name}
      </span>
      <MenuTrigger>
        <Button className="column-kind" aria-label={`${column.name} is read as ${word}; change that`}>
          <span>{word}</span>
          {!guessed && <Glyph name="undo" size={12} />}
          <Glyph name="down" size={12} />
        </Button>
        <Popover className="popover">
          <Menu
            className="list"
            onAction={(key) => {
              const action = String(key);
              if (action === "out") {
                onColumn(column.name, kind, "ignored");
              } else if (action === "in") {
                onColumn(column.name, kind, column.reason === "your choice" ? null : "feature");
              } else if (action === "undo") {
                onColumn(column.name, null, chosen);
              } else {
                onColumn(column.name, action === column.guessed ? null : action, chosen);
              }
            }}
          >
            <MenuSection>
              <Header className="list-head">Read {column.name} as</Header>
              {READ_AS.map((other) => (
                <MenuItem key={other} id={other} className="list-item" textValue={KIND_WORDS[other]}>
                  {KIND_WORDS[other]}
                  {other === column.kind ? " (now)" : ""}
                </MenuItem>
              ))}
              {guessed ? null : (
                <MenuItem id="undo" className="list-item">
                  Undo: {KIND_WORDS[column.guessed]}, as it was guessed
                </MenuItem>
              )}
            </MenuSection>
            <MenuSection>
              <Header className="list-head">For learning</Header>
              {column.role === "feature" ? (
                <MenuItem id="out" className="list-item">
                  Leave it out
                </MenuItem>
              ) : (
                <MenuItem id="in" className="list-item">
                  Use it
                </MenuItem>
              )}
            </MenuSection>
          </Menu>
        </Popover>
      </MenuTrigger>
      <span className="gaps" title={`${percent(column.missing, 1)} missing`}>
        <span className="gaps-bar">
          <span style={{ width: percent(1 - column.missing, 2).replace(" ", "") }} />
        </span>
        <span className="gaps-told">{column.missing === 0 ? "no gaps" : `${percent(column.missing, column.missing < 0.1 ? 1 : 0)} missing`}</span>
      </span>
      {column.counts.length > 0 ? (
        <Histogram counts={column.counts} width={width} label={`${column.name}: from ${column.low} to ${column.high}, in ${column.counts.length} bars`} />
      ) : (
        <span className="histogram-none" />
      )}
      <span className="ends">
        <span title={column.low}>{column.low}</span>
        <span title={column.high}>{column.high}</span>
      </span>
      {target ? (
        <Button className="question question-chosen" onPress={() => onTarget(null)} aria-label={`${column.name} is to be predicted; choose another`}>
          To predict
        </Button>
      ) : (
        <Button
          className="question"
          isDisabled={column.question.kind === ""}
          onPress={() => onTarget(column.name)}
          {...(column.question.kind === "" ? {} : { "aria-label": `Predict ${column.name}: ${column.question.told}` })}
        >
          {column.question.kind === "" ? "cannot be predicted" : column.question.told}
        </Button>
      )}
    </>
  );
}
