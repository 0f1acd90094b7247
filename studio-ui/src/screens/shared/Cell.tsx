import type { ReactElement } from "react";
import { Slider, SliderThumb, SliderTrack } from "react-aria-components";
import { ChoiceField, TextInput } from "../../kit/Fields";
import { number, unbroken } from "../../kit/format";
import "./cell.css";

export interface CellProps {
  name: string;
  kind: "numeric" | "boolean" | "categorical" | "date" | "text";
  low: unknown;
  high: unknown;
  categories: readonly string[];
  whole?: boolean;
  value: unknown;
  /** What is odd or wrong about it; the field says so. */
  odd?: string | undefined;
  slide?: boolean;
  onChange: (value: unknown) => void;
}

const NONE = "\u0000none";
// A slider goes a little beyond what the training table had, so that one can see what happens there.
const BEYOND = 0.2;

/** One cell of a row: a field by its kind, with what the training table held written under it. */
export function Cell({ name, kind, low, high, categories, whole = false, value, odd, slide = false, onChange }: CellProps): ReactElement {
  const told = odd ?? seen(kind, low, high, categories);
  if (kind === "boolean" || (kind === "categorical" && categories.length > 0 && categories.length <= 60)) {
    const names = kind === "boolean" ? ["true", "false"] : categories;
    const choices = [...names.map((one) => ({ id: one, label: one === "" ? "(empty)" : one })), { id: NONE, label: "not known" }];
    const chosen = value === null || value === undefined ? NONE : String(value);
    return (
      <div className={odd ? "cell cell-odd" : "cell"}>
        <ChoiceField label={name} value={chosen} choices={choices} told={told} onChange={(id) => onChange(id === NONE ? null : kind === "boolean" ? id === "true" : id)} />
      </div>
    );
  }
  if (kind !== "numeric") {
    return (
      <div className={odd ? "cell cell-odd" : "cell"}>
        <TextInput label={name} value={value === null || value === undefined ? "" : kind === "date" ? day(value) : String(value)} placeholder="not known" told={told} onChange={(text) => onChange(text === "" ? null : text)} />
      </div>
    );
  }
  const span = typeof low === "number" && typeof high === "number" && high > low ? ([low, high] as const) : null;
  return (
    <div className={odd ? "cell cell-odd" : "cell"}>
      <TextInput label={name} value={value === null || value === undefined ? "" : String(value)} placeholder="not known" told={told} onChange={(text) => onChange(read(text))} />
      {slide && span && <Range name={name} low={span[0]} high={span[1]} whole={whole} value={typeof value === "number" ? value : null} onChange={onChange} />}
    </div>
  );
}

/** A moment without its time where that is midnight. */
const day = (value: unknown): string => String(value).replace(/[T ]00:00:00(\.0+)?$/, "");

/** A number where it is one; else the text, for the model to say what is wrong with it. */
function read(text: string): unknown {
  const tidy = text.trim().replace(",", ".");
  return tidy === "" ? null : tidy.endsWith(".") || !Number.isFinite(Number(tidy)) ? text : Number(tidy);
}

function seen(kind: CellProps["kind"], low: unknown, high: unknown, categories: readonly string[]): string {
  if (kind === "numeric" && typeof low === "number" && typeof high === "number") {
    return `trained on ${number(low)} to ${number(high)}`;
  }
  if (kind === "date" && low !== null && high !== null) {
    return `trained on ${unbroken(String(low).slice(0, 10))} to ${unbroken(String(high).slice(0, 10))}`;
  }
  if (kind === "categorical" && categories.length > 0) {
    return categories.length > 60 ? `one of ${categories.length}, such as ${categories[0]}` : `mostly ${categories[0]}`;
  }
  return kind === "boolean" ? "true or false" : "any text";
}

interface RangeProps {
  name: string;
  low: number;
  high: number;
  whole: boolean;
  value: number | null;
  onChange: (value: number) => void;
}

function Range({ name, low, high, whole, value, onChange }: RangeProps): ReactElement {
  const [from, to] = [low - BEYOND * (high - low), high + BEYOND * (high - low)];
  const step = whole ? 1 : (high - low) / 200;
  const tidy = (one: number): number => (whole ? Math.round(one) : Number(one.toPrecision(4)));
  const at = Math.min(to, Math.max(from, value ?? (low + high) / 2));
  return (
    <Slider
      className="range"
      aria-label={`Slide ${name}`}
      value={at}
      minValue={whole ? Math.floor(from) : from}
      maxValue={whole ? Math.ceil(to) : to}
      step={step}
      onChange={(next) => onChange(tidy(Array.isArray(next) ? (next[0] ?? at) : (next as number)))}
    >
      <SliderTrack className="slider-track">
        <span className="range-seen" />
        <SliderThumb className="slider-thumb" />
      </SliderTrack>
    </Slider>
  );
}
