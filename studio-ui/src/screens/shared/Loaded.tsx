import type { UseQueryResult } from "@tanstack/react-query";
import type { ReactElement } from "react";
import { troubleOf } from "../../api/client";
import { Failed } from "../../kit/Notice";
import { Waiting } from "./Waiting";

interface LoadedProps<T> {
  query: UseQueryResult<T>;
  /** What is said while it is waited for. */
  told: string;
  children: (data: T) => ReactElement;
}

/** What stands on a screen once its query is answered; until then that it is under way, or why it failed. */
export function Loaded<T>({ query, told, children }: LoadedProps<T>): ReactElement {
  const trouble = troubleOf(query);
  if (trouble !== null) {
    return (
      <div className="fence">
        <Failed error={trouble} again={() => void query.refetch()} />
      </div>
    );
  }
  return query.data === undefined ? <Waiting told={told} /> : children(query.data);
}
