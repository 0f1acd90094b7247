import { type ReactElement, useState } from "react";
import { Button } from "../../kit/Button";

/** Puts a text where it can be pasted from, and says so. */
export function Copy({ text, label }: { text: string; label: string }): ReactElement {
  const [told, setTold] = useState("Copy");
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(text);
      setTold("Copied");
    } catch {
      setTold("Select it and copy");
    }
    window.setTimeout(() => setTold("Copy"), 2000);
  };
  return (
    <Button small glyph="copy" label={label} onPress={() => void copy()}>
      {told}
    </Button>
  );
}
