import type { components } from "./schema";

export type Schemas = components["schemas"];
export type Trouble = Schemas["Trouble"];

/** What the server refused: what happened, and what to do. */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  readonly what: string;
  readonly mend: string;

  constructor(status: number, trouble: Trouble) {
    super(trouble.what);
    this.status = status;
    this.code = trouble.code;
    this.what = trouble.what;
    this.mend = trouble.mend;
  }
}

const GONE: Trouble = {
  code: "no-answer",
  what: "The studio does not answer.",
  mend: "Type hortus studio again; runs go on without it.",
};

/** Whether nobody answered at all. */
export const isAway = (error: unknown): boolean => error instanceof ApiError && error.code === GONE.code;

/** What a query ran into. That the studio is away is told once, above the screen, which keeps what it shows. */
export const troubleOf = ({ error, data }: { error: unknown; data: unknown }): unknown => (error !== null && (data === undefined || !isAway(error)) ? error : null);

async function answered<T>(asked: Promise<Response>): Promise<T> {
  let answer: Response;
  try {
    answer = await asked;
  } catch {
    throw new ApiError(0, GONE);
  }
  const text = await answer.text();
  if (!answer.ok) {
    throw new ApiError(answer.status, troubleIn(text));
  }
  return (text ? JSON.parse(text) : undefined) as T;
}

function troubleIn(text: string): Trouble {
  try {
    const found = JSON.parse(text) as Partial<Trouble>;
    if (typeof found.what === "string") {
      return { code: found.code ?? "", what: found.what, mend: found.mend ?? "" };
    }
  } catch {
    // Not ours: a proxy's page, or nothing at all.
  }
  return { code: "fault", what: "The studio has failed.", mend: "Load the page again." };
}

export const get = <T>(path: string): Promise<T> => answered<T>(fetch(path, { headers: { accept: "application/json" } }));

/** A write; the header is ours, so that no page of another origin can send one. */
export function send<T>(method: "POST" | "PUT" | "PATCH" | "DELETE", path: string, body?: unknown): Promise<T> {
  const headers: Record<string, string> = { "x-hortus": "1" };
  if (body !== undefined) {
    headers["content-type"] = "application/json";
  }
  return answered<T>(fetch(path, { method, headers, body: body === undefined ? null : JSON.stringify(body) }));
}

export const post = <T>(path: string, body?: unknown): Promise<T> => send<T>("POST", path, body);

/** Sends a small file as it is. */
export const sendFile = <T>(path: string, file: Blob): Promise<T> =>
  answered<T>(fetch(path, { method: "POST", headers: { "x-hortus": "1", "content-type": file.type || "application/octet-stream" }, body: file }));

/** Sends a file as it is, telling how much of it has gone. */
export function upload<T>(path: string, file: Blob, progress: (share: number) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", path);
    request.setRequestHeader("x-hortus", "1");
    request.setRequestHeader("content-type", "application/octet-stream");
    request.upload.onprogress = (event) => progress(event.lengthComputable ? event.loaded / event.total : 0);
    request.onerror = () => reject(new ApiError(0, GONE));
    request.onload = () => {
      if (request.status >= 200 && request.status < 300) {
        resolve(JSON.parse(request.responseText) as T);
      } else {
        reject(new ApiError(request.status, troubleIn(request.responseText)));
      }
    };
    request.send(file);
  });
}
