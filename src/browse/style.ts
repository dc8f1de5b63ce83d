/** What the pages of this room need beside the style sheet of every page. */
export const STYLE = `
.plain { margin: .3rem 0 0; padding: 0; list-style: none; font-size: .875rem; }
.sheet { display: flex; flex-wrap: wrap; gap: .7rem; margin: .4rem 0 1.2rem; }
.sheet figure { width: 144px; margin: 0; }
h3 { font-size: 1rem; margin: 1.2rem 0 .2rem; }
h3 small { font-weight: 400; color: var(--muted); }
.picture { display: block; background: #000; max-width: 100%; height: auto; }
.missing { display: flex; align-items: center; justify-content: center; aspect-ratio: 1; padding: .6rem; border: 1px dashed var(--rule); color: var(--muted); background: var(--faint); font-size: .8rem; text-align: center; overflow: hidden; }
.shot { font-size: .75rem; line-height: 1.3; margin-top: .25rem; }
.shot .id { display: block; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.shot .facts { color: var(--muted); }
.radiograph { margin: 2.2rem 0 0; padding-top: 1rem; border-top: 1px solid var(--rule); }
.radiograph h2 { font-size: 1.1rem; margin: 0; padding: 0; border: 0; overflow-wrap: anywhere; }
.labels { display: flex; flex-wrap: wrap; gap: .3rem; margin: .5rem 0 .8rem; padding: 0; list-style: none; font-size: .8rem; }
.labels li { padding: .05rem .55rem; border-radius: 1rem; border: 1px solid var(--accent); }
.labels .unknown { border: 1px dashed var(--muted); color: var(--muted); }
.labels .none { border-color: var(--rule); color: var(--muted); }
.stages { display: flex; flex-wrap: wrap; gap: 1rem; align-items: flex-start; }
.stages figure { margin: 0; max-width: 100%; }
.stages .original { width: 22rem; }
.stages .original .picture { width: 100%; }
.stages .wide { width: 22rem; }
.stages figcaption { width: 0; min-width: 100%; margin-top: .25rem; font-size: .8rem; line-height: 1.35; color: var(--muted); }
.stages h3 { font-size: .875rem; margin: 0 0 .25rem; }
.framed { position: relative; }
.framed svg { position: absolute; inset: 0; width: 100%; height: 100%; }
.augmented { margin-top: 1rem; }
.augmented figure { max-width: calc(50% - .5rem); }
@media print {
  .panel:has(> [width='304']) { max-width: 31%; }
  .radiograph, figure { break-inside: avoid; }
  h3 { break-after: avoid; }
  .picture, .missing, .panel { print-color-adjust: exact; }
  .sheet { gap: .3rem; }
  .sheet figure { width: 15.8%; }
  .stages { flex-wrap: nowrap; gap: .4rem; }
  .stages figure { flex: 1 1 0; }
  .stages .picture { width: 100%; }
  .radiograph { margin-top: 1rem; }
}
`;
