/** Numbers, durations and moments as a person reads them. */

const WHOLE = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });

export const count = (value: number): string => WHOLE.format(value);

export const plural = (value: number, one: string, many = `${one}s`): string => `${count(value)} ${value === 1 ? one : many}`;

/** Three significant digits, and no exponent where a person would write none. */
export function number(value: number | null | undefined): string {
  if (value === null || value === undefined || !Number.isFinite(value)) {
    return "–";
  }
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-5 || size >= 1e9)) {
    return value.toExponential(2);
  }
  if (size >= 1000) {
    return WHOLE.format(value);
  }
  return String(Number(value.toPrecision(3)));
}

/** A score as people know it: a loss by its size; shares to three places. */
export function score(value: number | null | undefined, loss: boolean): string {
  if (value === null || value === undefined || !Number.isFinite(value)) {
    return "–";
  }
  const shown = loss ? -value : value;
  const size = Math.abs(shown);
  return size > 0.0995 && size <= 1 ? shown.toFixed(3) : number(shown);
}

export function duration(seconds: number | null | undefined): string {
  if (seconds === null || seconds === undefined || !Number.isFinite(seconds)) {
    return "–";
  }
  if (seconds < 1) {
    return seconds > 0 && seconds < 0.001 ? "< 1 ms" : `${Math.round(seconds * 1000)} ms`;
  }
  if (seconds < 60) {
    return `${seconds < 10 ? seconds.toFixed(1) : Math.round(seconds)} s`;
  }
  const minutes = Math.floor(seconds / 60);
  const rest = Math.round(seconds % 60);
  if (minutes < 60) {
    return rest === 0 ? `${minutes} min` : `${minutes} min ${rest} s`;
  }
  return minutes % 60 === 0 ? `${minutes / 60} h` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

export const percent = (share: number, digits = 0): string => `${(100 * share).toFixed(digits)} %`;

/** A sentence whose dates and percentages are broken over no line. */
export const together = (sentence: string): string => sentence.replaceAll(" %", "\u00a0%").replace(/\d{4}-\d\d-\d\d/g, unbroken);

/** Without the sentences that say what to type in Python or on the command line: here there are buttons for that. */
export const untyped = (text: string): string =>
  text
    .split(/(?<=[.!?;])\s+/)
    .filter((sentence) => !/(^|\s)--\w|\w=[['"]|`hortus/.test(sentence))
    .join(" ")
    .replace(/;$/, ".");

/** A date that keeps together where a line is broken. */
export const unbroken = (date: string): string => date.replaceAll("-", "\u2060-\u2060");

export const clock = (seconds: number): string =>
  new Date(1000 * seconds).toLocaleString("en", { dateStyle: "medium", timeStyle: "short" });

/** A size in bytes, in the largest unit of which there is one. */
export function bytes(size: number): string {
  const place = size < 1024 ? 0 : Math.min(3, Math.floor(Math.log2(size) / 10));
  return `${number(size / 1024 ** place)} ${["bytes", "KiB", "MiB", "GiB"][place]}`;
}
