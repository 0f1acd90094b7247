import { type ReactElement, useContext, useEffect, useRef } from "react";
import { ApiError, isAway } from "../api/client";
import { Button } from "./Button";
import { Glyph } from "./Glyph";
import { Answers } from "./answering";

interface NoticeProps {
  what: string;
  mend?: string;
  look?: "bloom" | "pollen" | "leaf";
  action?: { label: string; onPress: () => void };
}

/** What happened, and what to do about it. */
export function Notice({ what, mend, look = "bloom", action }: NoticeProps): ReactElement {
  return (
    <div className={`notice notice-${look}`} role={look === "bloom" ? "alert" : "status"}>
      <Glyph name={look === "leaf" ? "check" : "wilted"} />
      <div className="notice-told">
        <p className="notice-what">{what}</p>
        {mend && <p className="notice-mend">{mend}</p>}
      </div>
      {action && (
        <Button small onPress={action.onPress}>
          {action.label}
        </Button>
      )}
    </div>
  );
}

/**
 * The same for whatever a query or a write ran into. That the studio is away is told until it is told above the screen,
 * or until it is back; where there is something to ask again, all the while.
 */
export function Failed({ error, again }: { error: unknown; again?: () => void }): ReactElement | null {
  const known = error instanceof ApiError ? error : null;
  const { away, at, ask } = useContext(Answers);
  const met = useRef({ error, at: Date.now() });
  if (met.current.error !== error) {
    met.current = { error, at: Date.now() };
  }
  const gone = isAway(error);
  useEffect(() => {
    if (gone) {
      ask();
    }
  }, [gone, error, ask]);
  if (gone && !again && (away || at > met.current.at)) {
    return null;
  }
  return (
    <Notice
      what={known?.what ?? "Something went wrong in this page."}
      mend={known?.mend ?? "Load the page again."}
      {...(again ? { action: { label: "Try again", onPress: again } } : {})}
    />
  );
}
