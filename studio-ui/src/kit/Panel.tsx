import type { ReactElement, ReactNode } from "react";

interface PanelProps {
  title?: string;
  aside?: ReactNode;
  children: ReactNode;
  className?: string;
}

/** A sheet with hairlines, and a plant label for its title. */
export function Panel({ title, aside, children, className }: PanelProps): ReactElement {
  return (
    <section className={`panel${className ? ` ${className}` : ""}`} {...(title ? { "aria-label": title } : {})}>
      {title && (
        <header className="panel-head">
          <h2>{title}</h2>
          {aside}
        </header>
      )}
      {children}
    </section>
  );
}
