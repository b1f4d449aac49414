// The colours of maps by what they mean, as layers/colours.py has them (tests/layers/test_colours.py holds both alike).

export const CHOSEN = "#12355b";
export const FORMER = "#5b6b82";
export const EDGE = "#8a94a3";
export const NOTHING = "#e6e8eb";
export const WHITE = "#ffffff";
export const EMERGENCY = "#6b0f1a";
export const LATE = "#a4262c";
export const SOON = "#c77700";
export const CALM = "#1f6fb2";
export const ALARM = "#ffd400";
export const MARKED = "#f4a300";
export const OTHER = "#b35806";
export const FIXED_BORDER = "#6b7686";
export const INK = "#1b2a41";
export const FRAME = "#8a97a8";
export const QUIET = "#aab4c2";
export const GROUND = "#f7f8fa";
export const AFFECTED = "#f4b6a6";
export const STAYS = "#eef1f5";
export const UNKNOWN = "#dddddd";
export const OWN_GROUND = "#d6e6f7";
export const NEIGHBOUR = "#47566a";
export const SCALE = "#14202e";
export const HERE = "#a3161c";
