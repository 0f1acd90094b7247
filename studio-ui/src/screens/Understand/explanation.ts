import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { type Schemas, get, post, send } from "../../api/client";

export type Explanation = Schemas["Explanation"];

interface Explaining {
  explanation: Explanation | undefined;
  start: () => void;
  stop: () => void;
}

/** The explanation of a run: begun when it is first looked at, and asked after until it is there, or is given up. */
export function useExplanation(id: string, wanted: boolean): Explaining {
  const client = useQueryClient();
  const key = ["explanation", id];
  const { data } = useQuery({
    queryKey: key,
    queryFn: () => get<Explanation>(`/api/understand/${id}/explanation`),
    enabled: wanted,
    refetchInterval: (query) => (query.state.data?.state === "working" ? 400 : false),
  });
  const { mutate, isPending } = useMutation({
    mutationFn: () => post<Explanation>(`/api/understand/${id}/explanation`),
    onSuccess: (begun) => client.setQueryData(key, begun),
  });
  const stop = useMutation({
    mutationFn: () => send<Explanation>("DELETE", `/api/understand/${id}/explanation`),
    onSuccess: (ended) => client.setQueryData(key, ended),
  });
  const none = data?.state === "none" || (data?.state === "ready" && !data.current);
  useEffect(() => {
    if (none && !isPending) {
      mutate();
    }
  }, [none, isPending, mutate]);
  return { explanation: data, start: () => mutate(), stop: () => stop.mutate() };
}
