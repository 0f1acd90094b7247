import { useQuery } from "@tanstack/react-query";
import type { ReactElement } from "react";
import { Dialog, DialogTrigger, Popover } from "react-aria-components";
import { type Schemas, get } from "../../api/client";
import { Button } from "../../kit/Button";
import { clock, plural } from "../../kit/format";

/** Every edit there was; one is gone back to as an edit of its own, so that nothing is lost. */
export function Versions({ design, revision, onRestore }: { design: string; revision: number; onRestore: (number: number) => void }): ReactElement {
  return (
    <DialogTrigger>
      <Button small look="quiet" onPress={() => undefined}>
        Versions
      </Button>
      <Popover className="popover versions" placement="bottom end">
        <Dialog aria-label="Versions">{({ close }) => <List design={design} revision={revision} onRestore={(number) => (onRestore(number), close())} />}</Dialog>
      </Popover>
    </DialogTrigger>
  );
}

function List({ design, revision, onRestore }: { design: string; revision: number; onRestore: (number: number) => void }): ReactElement {
  const found = useQuery({
    queryKey: ["revisions", design, revision],
    queryFn: () => get<Schemas["RevisionLine"][]>(`/api/designer/graphs/${design}/revisions`),
  });
  return (
    <ol className="versions-list" reversed>
      {found.data?.map((line) => (
        <li key={line.number}>
          <span className="versions-told">
            <strong>{line.label}</strong>
            <small>
              Version {line.number}, {plural(line.nodes, "step")}, {clock(line.at)}
            </small>
          </span>
          {line.current ? (
            <span className="tag tag-leaf">now</span>
          ) : (
            <Button small label={`Go back to version ${line.number}`} onPress={() => onRestore(line.number)}>
              Go back
            </Button>
          )}
        </li>
      ))}
    </ol>
  );
}
