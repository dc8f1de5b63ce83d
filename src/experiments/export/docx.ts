import { escapeHtml, type Table, type TableCell } from '../../pages/index.js';
import { zip } from './zip.js';

const RULE = (side: string, eighths: number) =>
  `<w:${side} w:val="single" w:sz="${eighths}" w:space="0" w:color="auto"/>`;

/** Characters that XML 1.0 cannot hold, section 2.2. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const FORBIDDEN = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g;

/**
 * Tables as a Word document (ECMA-376 WordprocessingML, part 1, section 17): captions above, rules as in journals, headings
 * repeated on every page, notes below; A4 in landscape.
 */
export function docxTables(title: string, tables: readonly Table[]): Buffer {
  const body = tables.map((table, i) => tableXml(table, `Table ${i + 1}`)).join('');
  const document =
    `${XML}<w:document ${NAMESPACE}><w:body>${paragraph([run(title, '<w:b/><w:sz w:val="32"/>')])}${body}` +
    '<w:sectPr><w:pgSz w:w="16838" w:h="11906" w:orient="landscape"/>' +
    '<w:pgMar w:top="1134" w:right="1134" w:bottom="1134" w:left="1134" w:header="567" w:footer="567" w:gutter="0"/></w:sectPr>' +
    '</w:body></w:document>';
  return zip([
    { name: '[Content_Types].xml', content: CONTENT_TYPES },
    { name: '_rels/.rels', content: relationships('officeDocument', 'word/document.xml') },
    { name: 'word/_rels/document.xml.rels', content: relationships('styles', 'styles.xml') },
    { name: 'word/styles.xml', content: STYLES },
    { name: 'word/document.xml', content: document },
  ]);
}

function tableXml({ title, columns, groups, notes }: Table, number: string): string {
  const aligned = (i: number) => (columns[i]?.align === 'right' ? '<w:jc w:val="right"/>' : '');
  const cellXml = (content: string, i: number, properties = '') =>
    `<w:tc><w:tcPr><w:tcW w:w="0" w:type="auto"/>${properties}</w:tcPr>${paragraph([content], aligned(i))}</w:tc>`;
  const row = (cells: string[], heading = false) =>
    `<w:tr><w:trPr><w:cantSplit/>${heading ? '<w:tblHeader/>' : ''}</w:trPr>${cells.join('')}</w:tr>`;
  const headings = columns.map(({ text }, i) =>
    cellXml(run(text, '<w:b/>'), i, `<w:tcBorders>${RULE('bottom', 4)}</w:tcBorders>`),
  );
  const rows = groups.flatMap(({ heading, rows: body }) => [
    ...(heading === undefined
      ? []
      : [row([cellXml(run(heading, '<w:i/>'), 0, `<w:gridSpan w:val="${columns.length}"/>`)])]),
    ...body.map((cells) => row(cells.map((it, i) => cellXml(runs(it), i)))),
  ]);
  return [
    paragraph([run(`${number}. `, '<w:b/>'), run(title)], '<w:keepNext/><w:spacing w:before="360" w:after="80"/>'),
    `<w:tbl><w:tblPr><w:tblW w:w="5000" w:type="pct"/><w:tblBorders>${RULE('top', 8)}${RULE('bottom', 8)}</w:tblBorders></w:tblPr>`,
    `<w:tblGrid>${columns.map(() => '<w:gridCol/>').join('')}</w:tblGrid>`,
    row(headings, true),
    ...rows,
    '</w:tbl>',
    ...notes.map((note) => paragraph([run(note, '<w:sz w:val="15"/>')], '<w:spacing w:before="40"/>')),
    paragraph([]),
  ].join('');
}

const runs = ({ text, range, strong }: TableCell) =>
  run(text, strong ? '<w:b/>' : '') + (range ? run(` ${range}`, '<w:sz w:val="15"/>') : '');

const run = (text: string, properties = '') =>
  `<w:r>${properties ? `<w:rPr>${properties}</w:rPr>` : ''}<w:t xml:space="preserve">${escapeHtml(text.replace(FORBIDDEN, '\ufffd'))}</w:t></w:r>`;

const paragraph = (content: string[], properties = '') =>
  `<w:p>${properties ? `<w:pPr>${properties}</w:pPr>` : ''}${content.join('')}</w:p>`;

const XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n';
const NAMESPACE = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"';
const RELATIONSHIPS = 'http://schemas.openxmlformats.org/package/2006/relationships';
const MIME = 'application/vnd.openxmlformats-officedocument.wordprocessingml';

const CONTENT_TYPES =
  `${XML}<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">` +
  '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>' +
  `<Override PartName="/word/document.xml" ContentType="${MIME}.document.main+xml"/>` +
  `<Override PartName="/word/styles.xml" ContentType="${MIME}.styles+xml"/></Types>`;

const relationships = (type: string, target: string) =>
  `${XML}<Relationships xmlns="${RELATIONSHIPS}"><Relationship Id="rId1" ` +
  `Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/${type}" Target="${target}"/></Relationships>`;

const STYLES =
  `${XML}<w:styles ${NAMESPACE}><w:docDefaults><w:rPrDefault><w:rPr><w:rFonts w:ascii="Arial" w:hAnsi="Arial" w:cs="Arial"/>` +
  '<w:sz w:val="18"/></w:rPr></w:rPrDefault></w:docDefaults></w:styles>';
