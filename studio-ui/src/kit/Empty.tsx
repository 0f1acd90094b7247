import type { ReactElement, ReactNode } from "react";
import { Link } from "./Button";
import { Glyph, type GlyphName } from "./Glyph";

interface EmptyProps {
  glyph: GlyphName;
  title: string;
  children?: ReactNode;
  next?: { label: string; to: string };
}

/** What a screen shows before there is anything: what it is for, and the next action by name. */
export function Empty({ glyph, title, children, next }: EmptyProps): ReactElement {
  return (
    <div className="empty">
      <Glyph name={glyph} size={44} />
      <h1>{title}</h1>
      {children && <div className="empty-told">{children}</div>}
      {next && (
        <Link to={next.to} look="leaf">
          {next.label}
        </Link>
      )}
    </div>
  );
}
