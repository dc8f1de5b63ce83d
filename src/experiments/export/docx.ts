import { escapeHtml, type Table, type TableCell } from '../../pages/index.js';
import { layoutOf, unbroken } from './layout.js';
import { zip } from './zip.js';

const RULE = (side: string, eighths: number) =>
  `<w:${side} w:val="single" w:sz="${eighths}" w:space="0" w:color="auto"/>`;

/** Characters that XML 1.0 cannot hold, section 2.2. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const FORBIDDEN = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g;

/** Twentieths of a point, in which Word measures. A4 in landscape with margins of 2 cm. */
const PAGE = { width: 16838, height: 11906, margin: 1134 };
const TEXT_WIDTH = PAGE.width - 2 * PAGE.margin;
/** Of a cell, left and right. */
const CELL_MARGIN = 80;
const SIZES = [9, 8, 7];

/**
 * Tables as a Word document (ECMA-376 WordprocessingML, part 1, section 17): numbered captions above, rules as in journals, headings
 * repeated on every page, notes below; A4 in landscape. Captions have Word's style and number field, so that its cross-references
 * and lists of tables find them.
 */
export function docxTables(title: string, tables: readonly Table[]): Buffer {
  const body = tables.map((table, i) => tableXml(table, i + 1)).join('');
  const { width, height, margin } = PAGE;
  const document =
    `${XML}<w:document ${NAMESPACE}><w:body>${paragraph([run(title)], '<w:pStyle w:val="Title"/>')}${body}` +
    `<w:sectPr><w:pgSz w:w="${width}" w:h="${height}" w:orient="landscape"/>` +
    `<w:pgMar w:top="${margin}" w:right="${margin}" w:bottom="${margin}" w:left="${margin}" w:header="567" w:footer="567" w:gutter="0"/></w:sectPr>` +
    '</w:body></w:document>';
  return zip([
    { name: '[Content_Types].xml', content: CONTENT_TYPES },
    { name: '_rels/.rels', content: relationships(['officeDocument', 'word/document.xml']) },
    {
      name: 'word/_rels/document.xml.rels',
      content: relationships(['styles', 'styles.xml'], ['settings', 'settings.xml']),
    },
    { name: 'word/styles.xml', content: STYLES },
    { name: 'word/settings.xml', content: SETTINGS },
    { name: 'word/document.xml', content: document },
  ]);
}

function tableXml(table: Table, number: number): string {
  const { title, columns, groups, notes } = table;
  const { widths, size } = widthsOf(table);
  const letters = (points: number) => (points === BODY ? '' : `<w:sz w:val="${2 * points}"/>`);
  const aligned = (i: number) => (columns[i]?.align === 'right' ? '<w:jc w:val="right"/>' : '');
  const cellXml = (content: string, i: number, width: number, properties = '') =>
    `<w:tc><w:tcPr><w:tcW w:w="${width}" w:type="dxa"/>${properties}</w:tcPr>${paragraph([content], aligned(i))}</w:tc>`;
  const row = (cells: string[], heading = false) =>
    `<w:tr><w:trPr><w:cantSplit/>${heading ? '<w:tblHeader/>' : ''}</w:trPr>${cells.join('')}</w:tr>`;
  const headings = columns.map(({ text }, i) =>
    cellXml(run(text, `<w:b/>${letters(size)}`), i, widths[i]!, `<w:tcBorders>${RULE('bottom', 4)}</w:tcBorders>`),
  );
  const valueXml = ({ text, range, strong }: TableCell) =>
    run(text, `${strong ? '<w:b/>' : ''}${letters(size)}`) +
    (range ? run(` ${unbroken(range)}`, letters(size - 1)) : '');
  const total = widths.reduce((sum, width) => sum + width, 0);
  const span = `<w:gridSpan w:val="${columns.length}"/>`;
  const rows = groups.flatMap(({ heading, rows: body }) => [
    ...(heading === undefined ? [] : [row([cellXml(run(heading, `<w:i/>${letters(size)}`), 0, total, span)])]),
    ...body.map((cells) => row(cells.map((it, i) => cellXml(valueXml(it), i, widths[i]!)))),
  ]);
  return [
    paragraph(
      [run('Table '), field('SEQ Table \\* ARABIC', `${number}`), run(`. ${title}`, '<w:b w:val="0"/>')],
      CAPTION,
    ),
    `<w:tbl><w:tblPr><w:tblW w:w="${total}" w:type="dxa"/><w:tblBorders>${RULE('top', 8)}${RULE('bottom', 8)}</w:tblBorders>`,
    `<w:tblLayout w:type="fixed"/><w:tblCellMar><w:left w:w="${CELL_MARGIN}" w:type="dxa"/><w:right w:w="${CELL_MARGIN}" w:type="dxa"/></w:tblCellMar></w:tblPr>`,
    `<w:tblGrid>${widths.map((width) => `<w:gridCol w:w="${width}"/>`).join('')}</w:tblGrid>`,
    row(headings, true),
    ...rows,
    '</w:tbl>',
    ...notes.map((note) => paragraph([run(note)], '<w:pStyle w:val="TableNote"/>')),
    paragraph([]),
  ].join('');
}

/** The largest letters, in points, in which no word is wider than its column, and the columns' widths in Word's units. */
function widthsOf(table: Table): { widths: number[]; size: number } {
  const tried = SIZES.map((size) => ({
    size,
    layout: layoutOf(table, TEXT_WIDTH / 20, { size, padding: CELL_MARGIN / 10 }),
  }));
  const { size, layout } = tried.find((it) => !it.layout.tooNarrow) ?? tried.at(-1)!;
  return { size, widths: layout.widths.map((width) => Math.floor(20 * width) + 2 * CELL_MARGIN) };
}

/** A number that Word counts itself, and what it is now: as Word writes the number of a caption. */
const field = (instruction: string, result: string) =>
  fieldPart('begin') +
  `<w:r><w:instrText xml:space="preserve"> ${instruction} </w:instrText></w:r>` +
  `${fieldPart('separate')}${run(result)}${fieldPart('end')}`;

const fieldPart = (type: string) => `<w:r><w:fldChar w:fldCharType="${type}"/></w:r>`;

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
  `<Override PartName="/word/styles.xml" ContentType="${MIME}.styles+xml"/>` +
  `<Override PartName="/word/settings.xml" ContentType="${MIME}.settings+xml"/></Types>`;

const relationships = (...targets: [type: string, target: string][]) =>
  `${XML}<Relationships xmlns="${RELATIONSHIPS}">${targets
    .map(
      ([type, target], i) =>
        `<Relationship Id="rId${i + 1}" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/${type}" Target="${target}"/>`,
    )
    .join('')}</Relationships>`;

/** Points of the letters that no style changes. */
const BODY = 9;
const CAPTION = '<w:pStyle w:val="Caption"/>';

const style = (id: string, name: string, paragraphs: string, letters: string) =>
  `<w:style w:type="paragraph" w:styleId="${id}"><w:name w:val="${name}"/><w:basedOn w:val="Normal"/><w:qFormat/>` +
  `<w:pPr>${paragraphs}</w:pPr><w:rPr>${letters}</w:rPr></w:style>`;

const STYLES =
  `${XML}<w:styles ${NAMESPACE}><w:docDefaults><w:rPrDefault><w:rPr><w:rFonts w:ascii="Arial" w:hAnsi="Arial" w:cs="Arial"/>` +
  `<w:sz w:val="${2 * BODY}"/><w:szCs w:val="${2 * BODY}"/><w:lang w:val="en-US"/></w:rPr></w:rPrDefault><w:pPrDefault/></w:docDefaults>` +
  '<w:style w:type="paragraph" w:default="1" w:styleId="Normal"><w:name w:val="Normal"/><w:qFormat/></w:style>' +
  style('Title', 'Title', '<w:spacing w:after="240"/>', '<w:b/><w:sz w:val="32"/>') +
  style('Caption', 'caption', '<w:keepNext/><w:spacing w:before="360" w:after="80"/>', '<w:b/>') +
  style('TableNote', 'Table Note', '<w:spacing w:before="40"/>', '<w:sz w:val="15"/>') +
  '</w:styles>';

/** Word 2013 and later: else it opens the file in its compatibility mode. */
const SETTINGS =
  `${XML}<w:settings ${NAMESPACE}><w:compat><w:compatSetting w:name="compatibilityMode" ` +
  'w:uri="http://schemas.microsoft.com/office/word" w:val="15"/></w:compat></w:settings>';
