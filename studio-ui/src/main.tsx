import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { ApiError } from "./api/client";
import "./kit/kit.css";
import "./kit/tokens.css";
import { Shell } from "./shell/Shell";
import "./shell/shell.css";
import { applyTheme } from "./shell/theme";

applyTheme();

const client = new QueryClient({
  defaultOptions: {
    queries: {
      // What the server refused it will refuse again; what did not answer may come back.
      retry: (failures, error) => failures < 2 && (!(error instanceof ApiError) || error.status === 0),
      refetchOnWindowFocus: true,
      staleTime: 5000,
    },
  },
});

const root = document.getElementById("root");
if (root) {
  createRoot(root).render(
    <StrictMode>
      <QueryClientProvider client={client}>
        <Shell />
      </QueryClientProvider>
    </StrictMode>,
  );
}
