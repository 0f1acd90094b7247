import type { ReactElement } from "react";
import { ApiError } from "../api/client";
import { Button } from "./Button";
import { Glyph } from "./Glyph";

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

/** The same for whatever a query or a write ran into. */
export function Failed({ error, again }: { error: unknown; again?: () => void }): ReactElement {
  const known = error instanceof ApiError ? error : null;
  return (
    <Notice
      what={known?.what ?? "Something went wrong in this page."}
      mend={known?.mend ?? "Load the page again."}
      {...(again ? { action: { label: "Try again", onPress: again } } : {})}
    />
  );
}
