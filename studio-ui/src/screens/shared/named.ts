const BARE = /^(yes|no|true|false|y|n|t|f|on|off|-?[\d.]+)$/i;

/** A class as it is said; with the target's name where its own says nothing. */
export const named = (target: string, label: string): string => (BARE.test(label.trim()) ? `${target} = ${label}` : label);
