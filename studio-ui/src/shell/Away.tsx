import { useQueryClient } from "@tanstack/react-query";
import { type ReactElement, useEffect, useRef } from "react";
import { Notice } from "../kit/Notice";

/** Told while the studio's server is away; once it is back, what it could not be asked is asked again. */
export function Away({ away }: { away: boolean }): ReactElement | null {
  const client = useQueryClient();
  const before = useRef(false);
  useEffect(() => {
    if (before.current && !away) {
      void client.refetchQueries({ predicate: (query) => query.state.status === "error" });
    }
    before.current = away;
  }, [away, client]);
  return away ? (
    <div className="away">
      <Notice what="The studio does not answer." mend="Type hortus studio in a terminal again. Runs and models at work go on without it, and this page does by itself once it is back." />
    </div>
  ) : null;
}
