/// The report's style sheet: the colours of ink on paper, with blue and orange, which everyone can tell apart. All text
/// has a contrast of at least 4.5 to 1.
let reportStyle = """
  :root { color-scheme: light dark; --paper: #fcfbf9; --ink: #1d1c1a; --muted: #625e58; --line: #dfdbd4; --a: #1d5f9e; \
  --b: #b4500a; }
  @media (prefers-color-scheme: dark) {
    :root { --paper: #151617; --ink: #ecebe8; --muted: #a5a29b; --line: #35373a; --a: #7ebaf0; --b: #f2a65a; }
  }
  * { box-sizing: border-box; }
  body { margin: 0; background: var(--paper); color: var(--ink); \
  font: 16px/1.5 system-ui, "Segoe UI", Roboto, "Noto Sans", sans-serif;
    font-variant-numeric: tabular-nums; }
  main { max-width: 1080px; margin: 0 auto; padding: 48px 24px 64px; }
  h1, h2, h3 { line-height: 1.2; text-wrap: balance; overflow-wrap: anywhere; }
  h1 { font-size: 34px; font-weight: 650; letter-spacing: -0.02em; margin: 0; }
  h2 { font-size: 21px; font-weight: 650; letter-spacing: -0.01em; margin: 56px 0 20px; padding-top: 16px; \
  border-top: 2px solid var(--ink); }
  h3 { font-size: 16px; font-weight: 600; margin: 0 0 12px; } .charts + h3 { margin-top: 36px; }
  p { margin: 0 0 12px; max-width: 68ch; }
  .muted, figcaption { color: var(--muted); }
  header .muted { margin: 8px 0 0; overflow-wrap: anywhere; }
  .metrics { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 20px 32px; \
  margin: 36px 0 0; }
  .metrics div { display: flex; flex-direction: column-reverse; justify-content: flex-end; }
  .metrics dt { color: var(--muted); font-size: 14px; line-height: 1.35; }
  .metrics dd { margin: 0; font-size: 32px; line-height: 1.2; font-weight: 600; letter-spacing: -0.02em; }
  .charts { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 420px), 1fr)); gap: 36px 40px; }
  .charts > *, figure { min-width: 0; margin: 0; break-inside: avoid; }
  svg { display: block; width: 100%; max-width: 620px; height: auto; overflow: visible; }
  svg text { font-size: 14px; fill: var(--muted); }
  svg .name { font-weight: 600; }
  svg .name.a, svg .name.c { fill: var(--a); } svg .name.b, svg .name.d { fill: var(--b); }
  svg .grid { stroke: var(--line); } svg .axis { stroke: var(--muted); fill: none; }
  svg .best { stroke: var(--muted); stroke-dasharray: 3 4; }
  svg .curve { fill: none; stroke-width: 2.2; stroke-linejoin: round; stroke-linecap: round; }
  svg .curve.a, svg .curve.c, svg .bar.a { stroke: var(--a); } svg .curve.b, svg .curve.d { stroke: var(--b); }
  svg .curve.c, svg .curve.d { stroke-dasharray: 7 5; }
  svg .curve.ideal { stroke: var(--muted); stroke-width: 1.2; stroke-dasharray: 3 4; }
  svg circle.ideal { display: none; }
  svg .bar { stroke-width: 12; }
  svg circle { stroke: var(--paper); stroke-width: 1.5; } svg circle.a { fill: var(--a); } \
  svg circle.b { fill: var(--b); }
  svg circle.c, svg circle.d { fill: var(--paper); }
  svg circle.c { stroke: var(--a); } svg circle.d { stroke: var(--b); }
  svg .points { stroke: var(--a); stroke-width: 5; stroke-linecap: round; stroke-opacity: 0.55; }
  .scroll { overflow-x: auto; margin: 0 0 20px; }
  table { border-collapse: collapse; font-size: 15px; }
  th, td { padding: 6px 0 6px 24px; text-align: right; border-bottom: 1px solid var(--line); white-space: nowrap; }
  th:first-child { text-align: left; padding-left: 0; font-weight: 500; }
  thead th { color: var(--muted); font-weight: 500; font-size: 14px; border-bottom-color: var(--muted); \
  vertical-align: bottom; }
  .confusion { font-size: 14px; }
  .confusion th, .confusion td { padding: 6px 7px; border: 0; min-width: 40px; max-width: 160px; overflow: hidden; \
  text-overflow: ellipsis; }
  .confusion tbody th { text-align: right; padding-left: 0; font-weight: 500; }
  .confusion td { border: 2px solid var(--paper); \
  background: color-mix(in srgb, var(--c) min(50%, var(--share) * 100%), transparent); }
  .confusion caption { text-align: left; color: var(--muted); font-size: 14px; padding-bottom: 8px; }
  .map { image-rendering: pixelated; width: 100%; max-width: 480px; border: 1px solid var(--line); }
  .images { display: grid; grid-template-columns: repeat(auto-fill, minmax(128px, 1fr)); gap: 24px 16px; }
  .images img { image-rendering: pixelated; width: 112px; height: 112px; object-fit: contain; display: block; \
  margin-bottom: 6px; background: #000; }
  .images figcaption { font-size: 14px; line-height: 1.35; overflow-wrap: anywhere; }
  .images b { color: var(--ink); font-weight: 600; }
  .facts { display: grid; grid-template-columns: minmax(110px, max-content) 1fr; gap: 6px 24px; margin: 0; }
  .facts dt { color: var(--muted); } .facts dd { margin: 0; min-width: 0; overflow-wrap: anywhere; }
  code { font: 14px/1.5 ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; \
  white-space: pre-wrap; }
  @media (max-width: 560px) {
    main { padding: 28px 16px 40px; } h1 { font-size: 27px; } h2 { margin-top: 40px; }
    .metrics { grid-template-columns: 1fr 1fr; } .metrics dd { font-size: 26px; } \
  .images { grid-template-columns: 1fr 1fr; }
    svg text { font-size: 15.5px; } .confusion { font-size: 12px; }
    .confusion th, .confusion td { min-width: 30px; max-width: 84px; padding: 5px 4px; }
  }
  @media print {
    @page { margin: 16mm; }
    :root { color-scheme: light; --paper: #fff; --ink: #000; --muted: #555; --line: #ccc; --a: #1d5f9e; --b: #b4500a; }
    body { font-size: 10.5pt; print-color-adjust: exact; -webkit-print-color-adjust: exact; }
    main { max-width: none; padding: 0; } h2 { break-after: avoid; margin-top: 28pt; } .scroll { overflow: visible; }
    .charts { grid-template-columns: 1fr 1fr; gap: 20pt 24pt; } .charts.tables { grid-template-columns: 1fr; } \
  tr, .images figure { break-inside: avoid; }
    .metrics dd { font-size: 20pt; }
  }
  """
