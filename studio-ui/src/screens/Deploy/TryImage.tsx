import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type ClipboardEvent, type DragEvent, type ReactElement, useEffect, useRef, useState } from "react";
import { ApiError, type Schemas, sendFile } from "../../api/client";
import { Button } from "../../kit/Button";
import { Failed } from "../../kit/Notice";
import { Panel } from "../../kit/Panel";
import { bytes, count } from "../../kit/format";
import { Said } from "./Said";

type Prediction = Schemas["Prediction"];

interface TryImageProps {
  id: string;
  image: Schemas["ImageSchemaReply"];
  examples: readonly number[];
  on: boolean;
  starting: boolean;
  switchOn: () => Promise<unknown>;
}

/** A place for a picture; what is sent goes the way of any client. */
export function TryImage({ id, image, examples, on, starting, switchOn }: TryImageProps): ReactElement {
  const client = useQueryClient();
  const [shown, setShown] = useState<{ address: string; name: string } | null>(null);
  const [over, setOver] = useState(false);
  const input = useRef<HTMLInputElement | null>(null);
  const ask = useMutation({
    mutationFn: async (picture: Blob) => {
      refuse(picture, image);
      if (!on) {
        await switchOn();
      }
      return sendFile<Prediction>(`/api/deploy/image/${id}`, picture);
    },
    onSettled: () => client.invalidateQueries({ queryKey: ["counters", id] }),
  });
  useEffect(() => () => URL.revokeObjectURL(shown?.address ?? ""), [shown]);
  const busy = ask.isPending || starting;
  const take = (picture: Blob | undefined, name: string): void => {
    if (picture && !busy) {
      setShown({ address: URL.createObjectURL(picture), name });
      ask.mutate(picture);
    }
  };
  const takeFile = (file: File | undefined): void => take(file, file?.name ?? "");
  const example = async (place: number): Promise<void> => {
    const answer = await fetch(`/api/understand/${id}/images/${place}.png`);
    take(await answer.blob(), `image ${place} of the run`);
  };
  const drop = (event: DragEvent): void => {
    event.preventDefault();
    setOver(false);
    takeFile(event.dataTransfer.files[0]);
  };
  if (image.takes.length === 0) {
    return (
      <Panel title="Try it">
        <p className="quiet">This network learned from arrays of numbers, not from pictures. Ask it from a program, with pixels as it learned from them; its own page names the form.</p>
      </Panel>
    );
  }
  return (
    <Panel title="Try it" aside={<span className="quiet small">{on ? "the picture is sent to the model at work" : "this switches the model on"}</span>}>
      <div className="try-it" onPaste={(event: ClipboardEvent) => takeFile(event.clipboardData.files[0])}>
        <div className={over ? "try-picture score-over" : "try-picture"} onDrop={drop} onDragOver={(event) => { event.preventDefault(); setOver(true); }} onDragLeave={() => setOver(false)}>
          {shown && <img src={shown.address} alt={`The picture that was sent: ${shown.name}`} />}
          <div>
            <p>{shown ? shown.name : "Drop a picture here, or paste one."}</p>
            <p className="quiet small">
              {image.takes.map((kind) => kind.slice(6).toUpperCase()).join(", ")}; at most {bytes(image.most_bytes)}. The network sees it as {image.width} by {image.height} pixels{image.channels === 1 ? ", without colours" : ""}.
            </p>
            <Button small look="leaf" onPress={() => input.current?.click()} disabled={busy}>
              Choose a picture
            </Button>
          </div>
          <input ref={input} type="file" className="visually-hidden" tabIndex={-1} aria-label="A picture" accept={image.takes.join(",")} onChange={(event) => { takeFile(event.target.files?.[0]); event.target.value = ""; }} />
        </div>
        {examples.length > 0 && (
          <div className="try-examples">
            <p className="quiet small">Or one that was set aside:</p>
            {examples.map((place) => (
              <button key={place} type="button" className="try-example" disabled={busy} aria-label={`Ask about image ${place}`} onClick={() => void example(place)}>
                <img src={`/api/understand/${id}/images/${place}.png`} alt="" />
              </button>
            ))}
          </div>
        )}
        <div className="try-answer" aria-live="polite">
          {busy && <p className="quiet">{starting ? "Starting …" : "Asking …"}</p>}
          {!busy && ask.error !== null && <Failed error={ask.error} />}
          {!busy && ask.data && <Said answer={ask.data} target={`one of ${count(image.classes.length)} classes`} things="picture" />}
        </div>
      </div>
    </Panel>
  );
}

/** Says what cannot be sent before it is. */
function refuse(picture: Blob, image: TryImageProps["image"]): void {
  if (!image.takes.includes(picture.type)) {
    throw new ApiError(0, { code: "picture-kind", what: "That is no picture of a kind that is taken.", mend: `Choose ${image.takes.map((kind) => kind.slice(6).toUpperCase()).join(", ")}.` });
  }
  if (picture.size > image.most_bytes) {
    throw new ApiError(0, { code: "picture-large", what: `The picture has ${bytes(picture.size)}, and ${bytes(image.most_bytes)} are the most.`, mend: "Save it smaller." });
  }
}
