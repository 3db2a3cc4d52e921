#pragma once

namespace rollcall::load {

/// Of the page and its plots: six colours of lines, each for light and dark.
inline constexpr auto page_style = R"(
:root { color-scheme: light dark; --ink: #1c2024; --paper: #fdfdfc; --faint: #d9dce0;
  --c0: #1f6fd6; --c1: #d4480b; --c2: #23843a; --c3: #9333b0; --c4: #0b7a8c; --c5: #b3245a; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e8ea; --paper: #15181b; --faint: #363b41;
  --c0: #6aa8ff; --c1: #ff9155; --c2: #63cf7d; --c3: #d28bec; --c4: #4fc8db; --c5: #ff85b1; } }
body { font: 15px/1.45 system-ui, sans-serif; color: var(--ink); background: var(--paper); margin: 1.5rem; }
h1 { font-size: 1.3rem; }
main { display: grid; gap: 1.2rem; grid-template-columns: repeat(auto-fit, minmax(min(100%, 30rem), 1fr)); }
figure { margin: 0; } figcaption { font-weight: 600; } svg { width: 100%; height: auto; }
svg text { fill: var(--ink); font-size: 12px; } text.y { text-anchor: end; } text.x { text-anchor: middle; }
.grid { stroke: var(--faint); fill: none; } .mark { stroke: var(--ink); stroke-width: 2; stroke-dasharray: 2 3; }
.line { fill: none; stroke-width: 2; stroke-linejoin: round; } .dashed { stroke-dasharray: 6 4; }
.s0 { --c: var(--c0); } .s1 { --c: var(--c1); } .s2 { --c: var(--c2); }
.s3 { --c: var(--c3); } .s4 { --c: var(--c4); } .s5 { --c: var(--c5); }
.line { stroke: var(--c); } .dot { fill: var(--c); } span.key { background: var(--c); }
span.key { display: inline-block; width: .8em; height: .8em; margin-right: .5em; border-radius: 2px; }
table { border-collapse: collapse; margin-top: 1.5rem; font-variant-numeric: tabular-nums; }
th, td { padding: .25rem .8rem; text-align: left; border-bottom: 1px solid var(--faint); vertical-align: top; }
th { font-weight: 500; white-space: nowrap; }
)";

} // namespace rollcall::load
