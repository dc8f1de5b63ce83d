import { packageVersion } from '../base/index.js';
import type { DatasetStatistics } from '../datasets/index.js';
import {
  cell,
  count,
  counted,
  escapeHtml,
  type Figure,
  figureHtml,
  headerHtml,
  left,
  navigation,
  numbering,
  page,
  right,
  type Table,
  tableHtml,
} from '../pages/index.js';
import { factsOf, missingHtml } from './captions.js';
import type { ContactSheet, ImageSample, Shot } from './contact-sheet.js';
import { statisticsTable } from './split-table.js';
import { ageFigure, coOccurrenceFigure, findingsFigure, imagesPerPatientFigure } from './statistics-figures.js';
import { STYLE } from './style.js';

/** What a data set holds, as one HTML page; with sample radiographs where a contact sheet was drawn. Patients are counted, never named. */
export function statisticsPage(statistics: DatasetStatistics, sheet?: ContactSheet): string {
  const number = numbering();
  const table = (content: Table) => tableHtml(content, number('Table'));
  const figure = (content: Figure) => (content.panels.length > 0 ? figureHtml(content, number('Figure')) : '');
  const sections = [
    { id: 'counts', heading: 'Counts', html: table(statisticsTable(statistics)) },
    { id: 'findings', heading: 'Findings', html: figure(findingsFigure(statistics)) },
    { id: 'together', heading: 'Findings that come together', html: figure(coOccurrenceFigure(statistics)) },
    { id: 'ages', heading: 'Ages', html: figure(ageFigure(statistics)) },
    { id: 'patients', heading: 'Radiographs per patient', html: figure(imagesPerPatientFigure(statistics)) },
    { id: 'boxes', heading: 'Boxes', html: statistics.boxes ? table(boxTable(statistics.boxes)) : '' },
    { id: 'images', heading: 'Sizes and bit depths', html: sheet?.sample.read ? table(formatTable(sheet.sample)) : '' },
    { id: 'radiographs', heading: 'Sample radiographs', html: sheet?.groups.length ? sheetHtml(sheet) : '' },
  ].filter(({ html }) => html !== '');
  const { name, all } = statistics;
  const body = [
    headerHtml({
      title: name,
      lead: `${counted(all.images, 'radiograph')} of ${counted(all.patients, 'patient')}, ${counted(statistics.findings.length, 'finding')}`,
      version: packageVersion(),
      createdAt: new Date().toISOString(),
    }),
    '<main>',
    notesHtml(statistics),
    navigation(sections),
    ...sections.map(({ id, heading, html }) => `<section id="${id}"><h2>${heading}</h2>\n${html}\n</section>`),
    '</main>',
  ];
  return page({ title: `${name}: what it holds`, body: body.join('\n'), style: STYLE, pictures: true });
}

function notesHtml({ notes, rowsWithoutImage, imagesWithoutRow, patientsInTwoSplits }: DatasetStatistics): string {
  const lines = [
    `Rows without image: ${count(rowsWithoutImage)}. Images without row: ${count(imagesWithoutRow)}. ` +
      `Patients in two splits: ${count(patientsInTwoSplits)}.`,
    ...notes,
  ];
  return `<ul class="plain">${lines.map((line) => `<li>${escapeHtml(line)}</li>`).join('')}</ul>`;
}

function boxTable({ images, findings }: NonNullable<DatasetStatistics['boxes']>): Table {
  return {
    title: `Published boxes, on ${counted(images, 'radiograph')}.`,
    columns: [left('Finding'), right('Boxes')],
    groups: [{ rows: Object.entries(findings).map(([finding, boxes]) => [cell(finding), cell(count(boxes))]) }],
    notes: [],
  };
}

/** Formats that a table names; the rest is counted. */
const FORMATS = 12;

function formatTable({ read, formats }: ImageSample): Table {
  const rest = formats.slice(FORMATS).reduce((sum, { images }) => sum + images, 0);
  const row = (text: string, bits: string, images: number) => [cell(text), cell(bits), cell(count(images))];
  return {
    title: `Sizes and bit depths as stored, of the ${counted(read, 'radiograph')} of the sample below.`,
    columns: [left('Width x height, pixels'), right('Bits'), right('Radiographs')],
    groups: [
      {
        rows: [
          ...formats.slice(0, FORMATS).map((it) => row(`${it.width} x ${it.height}`, `${it.bits}`, it.images)),
          ...(rest > 0 ? [row(`${formats.length - FORMATS} other sizes`, '', rest)] : []),
        ],
      },
    ],
    notes: [],
  };
}

function sheetHtml({ groups, leftOut }: ContactSheet): string {
  const parts = groups
    .filter(({ shots }) => shots.length > 0)
    .map(({ finding, positives, shots }) => {
      const title = escapeHtml(finding ?? 'no positive label');
      return `<h3>${title} <small>${counted(positives, 'radiograph')}</small></h3>\n<div class="sheet">${shots.map(shotHtml).join('\n')}</div>`;
    });
  const note =
    'Preprocessed as in the study (square, stretched, histogram equalized), drawn at random with a fixed seed; each radiograph is ' +
    'shown once, under the rarest of its findings that drew it.';
  const left = leftOut > 0 ? `<p>${counted(leftOut, 'more picture')} left out to keep the page small.</p>` : '';
  return `<p>${note}</p>\n${parts.join('\n')}${left}`;
}

function shotHtml({ radiograph, picture }: Shot): string {
  const id = escapeHtml(radiograph.id);
  const facts = escapeHtml(factsOf(radiograph));
  const image =
    'src' in picture
      ? `<img class="picture" src="${picture.src}" width="${picture.width}" height="${picture.height}" alt="Radiograph ${id}">`
      : missingHtml(picture.reason);
  return `<figure>${image}<figcaption class="shot"><span class="id" title="${id}">${id}</span><span class="facts">${facts}</span></figcaption></figure>`;
}
