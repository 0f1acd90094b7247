import type { ReactElement, ReactNode } from "react";
import { Button as AriaButton, Link as AriaLink } from "react-aria-components";
import { go } from "../shell/route";
import { Glyph, type GlyphName } from "./Glyph";

interface ButtonProps {
  children: ReactNode;
  onPress: () => void;
  /** "leaf" leads, one a screen; "plain" has a hairline; "quiet" has none; "bloom" is for what hurts. */
  look?: "leaf" | "plain" | "quiet" | "bloom";
  glyph?: GlyphName;
  disabled?: boolean;
  small?: boolean;
  label?: string;
}

export function Button({ children, onPress, look = "plain", glyph, disabled = false, small = false, label }: ButtonProps): ReactElement {
  return (
    <AriaButton
      className={`button button-${look}${small ? " button-small" : ""}`}
      onPress={onPress}
      isDisabled={disabled}
      {...(label ? { "aria-label": label } : {})}
    >
      {glyph && <Glyph name={glyph} size={small ? 16 : 18} />}
      {children}
    </AriaButton>
  );
}

interface IconButtonProps {
  glyph: GlyphName;
  label: string;
  onPress: () => void;
  disabled?: boolean;
}

export function IconButton({ glyph, label, onPress, disabled = false }: IconButtonProps): ReactElement {
  return (
    <AriaButton className="icon-button" aria-label={label} onPress={onPress} isDisabled={disabled}>
      <Glyph name={glyph} />
    </AriaButton>
  );
}

interface LinkProps {
  to: string;
  children: ReactNode;
  look?: "leaf" | "plain" | "text";
}

/** A link to another address of the studio; the middle button opens it in a tab of its own. */
export function Link({ to, children, look = "text" }: LinkProps): ReactElement {
  return (
    <AriaLink
      href={to}
      className={look === "text" ? "link" : `button button-${look}`}
      onClick={(event) => {
        if (event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey) {
          event.preventDefault();
          go(to);
        }
      }}
    >
      {children}
    </AriaLink>
  );
}
