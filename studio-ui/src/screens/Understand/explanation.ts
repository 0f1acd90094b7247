import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { type Schemas, get, post } from "../../api/client";

export type Explanation = Schemas["Explanation"];

/** The explanation of a run: begun when it is first looked at, and asked after until it is there. */
export function useExplanation(id: string, wanted: boolean): Explanation | undefined {
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
  const none = data?.state === "none" || (data?.state === "ready" && !data.current);
  useEffect(() => {
    if (none && !isPending) {
      mutate();
    }
  }, [none, isPending, mutate]);
  return data;
}
