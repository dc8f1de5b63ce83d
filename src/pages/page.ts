import { escapeHtml } from './format.js';
import { STYLE } from './style.js';

export interface PageOptions {
  /** Plain text. */
  title: string;
  /** Finished HTML. */
  body: string;
  /** Rules beside those that every page has. */
  style?: string;
  /** Whether the body holds pictures, as `data:` addresses. */
  pictures?: boolean;
}

/** One self-contained HTML page: no script, no request to anywhere, readable in print and in the dark. */
export function page({ title, body, style = '', pictures = false }: PageOptions): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'${pictures ? '; img-src data:' : ''}">
<title>${escapeHtml(title)}</title>
<style>${STYLE}${style}</style>
</head>
<body>
${body}
</body>
</html>
`;
}

export interface Heading {
  title: string;
  lead?: string;
  /** Version of hilum, and when the content was made (ISO 8601). */
  version: string;
  createdAt: string;
}

/** The top of a page. */
export function headerHtml({ title, lead, version, createdAt }: Heading): string {
  return [
    '<header>',
    `<h1>${escapeHtml(title)}</h1>`,
    lead ? `<p class="lead">${escapeHtml(lead)}</p>` : '',
    `<p class="meta">hilum ${escapeHtml(version)}, <time datetime="${escapeHtml(createdAt)}">${escapeHtml(createdAt.slice(0, 10))}</time></p>`,
    '</header>',
  ]
    .filter(Boolean)
    .join('\n');
}

/** Links to the sections of a page; ids and headings are the program's own words. */
export function navigation(sections: readonly { id: string; heading: string }[]): string {
  return `<nav aria-label="Sections">${sections.map(({ id, heading }) => `<a href="#${id}">${heading}</a>`).join(' ')}</nav>`;
}

/** Gives tables and figures their numbers, in the order asked. */
export function numbering(): (kind: 'Table' | 'Figure') => string {
  const last = { Table: 0, Figure: 0 };
  return (kind) => {
    last[kind] += 1;
    return `${kind} ${last[kind]}`;
  };
}
