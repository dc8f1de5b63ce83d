import { DOMParser } from 'linkedom';
import { HilumError } from '../../base/index.js';
import { type DrawnText, keyOf } from './drawn-text.js';
import { helvetica } from './fonts.js';
import { type PdfFonts, pdfPage } from './pdf.js';

/** The part of SVG that the report's plots use; anything else is an error and not a wrong picture. */
interface SvgElement {
  localName: string;
  textContent: string | null;
  children: Iterable<SvgElement>;
  getAttribute(name: string): string | null;
}

/** Presentation attributes, which an element hands down to those inside it. */
const INHERITED = {
  fill: '#000',
  stroke: 'none',
  'stroke-width': '1',
  'stroke-dasharray': 'none',
  'stroke-linecap': 'butt',
  'stroke-linejoin': 'miter',
  'fill-opacity': '1',
  'stroke-opacity': '1',
  'font-size': '10',
  'font-weight': 'normal',
  'text-anchor': 'start',
};
type Style = Record<keyof typeof INHERITED, string>;

const POINTS_PER_PIXEL = 72 / 96;
/** A quarter of a circle as a Bézier curve: distance of its control points from its ends, for a radius of 1. */
const ARC = (4 / 3) * (Math.SQRT2 - 1);

/**
 * A standalone SVG of the report as a PDF of one page, everything as vectors and text as text in `fonts`. A text with letters that
 * the font lacks is shown as its image in `drawn`, by `keyOf`, and stays text to those who search or copy; throws a HilumError
 * where there is no image.
 */
export function svgToPdf(
  svg: string,
  { fonts = helvetica(), drawn = new Map() }: { fonts?: PdfFonts; drawn?: ReadonlyMap<string, DrawnText> } = {},
): Buffer {
  const root = new DOMParser().parseFromString(svg, 'image/svg+xml').documentElement as unknown as SvgElement;
  const [width, height] = [number(root, 'width'), number(root, 'height')];
  const drawing = new Drawing(fonts, drawn);
  drawing.draw(root, INHERITED);
  const page = POINTS_PER_PIXEL;
  return pdfPage({
    width: round(width * page),
    height: round(height * page),
    operators: `${page} 0 0 ${-page} 0 ${round(height * page)} cm\n${drawing.operators.join('\n')}\n`,
    fonts,
    opacities: drawing.opacities,
    images: drawing.images,
  });
}

class Drawing {
  readonly operators: string[] = [];
  readonly opacities: { fill: number; stroke: number }[] = [];
  readonly images: DrawnText[] = [];
  readonly #fonts: PdfFonts;
  readonly #drawn: ReadonlyMap<string, DrawnText>;

  constructor(fonts: PdfFonts, drawn: ReadonlyMap<string, DrawnText>) {
    this.#fonts = fonts;
    this.#drawn = drawn;
  }

  draw(element: SvgElement, inherited: Style): void {
    const style = { ...inherited };
    for (const name of Object.keys(INHERITED) as (keyof Style)[])
      style[name] = element.getAttribute(name) ?? style[name];
    const opacity = Number(element.getAttribute('opacity') ?? 1);
    if (opacity < 1) {
      for (const name of ['fill-opacity', 'stroke-opacity'] as const) style[name] = `${Number(style[name]) * opacity}`;
    }
    this.operators.push('q', ...transforms(element.getAttribute('transform') ?? ''));
    const kind = element.localName;
    if (kind === 'text') this.#text(element, style);
    else if (kind === 'svg' || kind === 'g') for (const child of element.children) this.draw(child, style);
    else if (kind !== 'title') this.#shape(outline(element), style, kind);
    this.operators.push('Q');
  }

  #shape(path: string, style: Style, kind: string): void {
    const [fill, stroke] = [kind === 'line' ? undefined : rgb(style.fill), rgb(style.stroke)];
    if (!fill && !stroke) return;
    this.#opacity(style);
    if (fill) this.operators.push(`${fill} rg`);
    if (stroke) {
      const dash = style['stroke-dasharray'] === 'none' ? '' : style['stroke-dasharray'].replaceAll(',', ' ');
      const cap = ['butt', 'round', 'square'].indexOf(style['stroke-linecap']);
      const join = ['miter', 'round', 'bevel'].indexOf(style['stroke-linejoin']);
      this.operators.push(`${stroke} RG ${style['stroke-width']} w [${dash}] 0 d ${cap} J ${join} j`);
    }
    this.operators.push(path, fill && stroke ? 'B' : fill ? 'f' : 'S');
  }

  #text(element: SvgElement, style: Style): void {
    const [size, content, fill] = [Number(style['font-size']), element.textContent ?? '', rgb(style.fill)];
    if (!fill) return;
    const bold = style['font-weight'] === 'bold';
    const letters = this.#fonts[bold ? 'bold' : 'regular'].encode(content);
    const image = 'missing' in letters ? this.#drawn.get(keyOf({ content, size, bold })) : undefined;
    const shift = { start: 0, middle: 0.5, end: 1 }[style['text-anchor']]!;
    const width = image?.width ?? ('missing' in letters ? 0 : size * letters.width);
    const x = number(element, 'x', size) - shift * width;
    const y = number(element, 'y', size) + number(element, 'dy', size);
    this.#opacity(style);
    if (!('missing' in letters)) {
      this.operators.push(
        `BT ${fill} rg /${bold ? 'F1' : 'F0'} ${size} Tf 1 0 0 -1 ${round(x)} ${round(y)} Tm <${letters.hex}> Tj ET`,
      );
    } else if (image) this.#image(image, content, fill, x, y);
    else throw new HilumError(`'${letters.missing}' in '${content}' is no letter of the font`);
  }

  #image(image: DrawnText, content: string, fill: string, x: number, y: number): void {
    let at = this.images.indexOf(image);
    if (at < 0) at = this.images.push(image) - 1;
    const text = Buffer.from(`\ufeff${content}`, 'utf16le').swap16().toString('hex');
    const placed = [image.width, 0, 0, -image.height, x, y - image.ascent + image.height].map(round).join(' ');
    this.operators.push(`/Span << /ActualText <${text}> >> BDC q ${fill} rg ${placed} cm /I${at} Do Q EMC`);
  }

  #opacity(style: Style): void {
    const own = { fill: Number(style['fill-opacity']), stroke: Number(style['stroke-opacity']) };
    if (own.fill === 1 && own.stroke === 1) return;
    let at = this.opacities.findIndex(({ fill, stroke }) => fill === own.fill && stroke === own.stroke);
    if (at < 0) at = this.opacities.push(own) - 1;
    this.operators.push(`/O${at} gs`);
  }
}

/** A length in pixels; `em` is given for attributes that may be measured by the font. */
function number(element: SvgElement, name: string, em = 0): number {
  const text = element.getAttribute(name) ?? '0';
  return text.endsWith('em') ? Number.parseFloat(text) * em : Number(text);
}

function transforms(text: string): string[] {
  return [...text.matchAll(/(\w+)\(([^)]*)\)/g)].map(([, kind, list]) => {
    const [a = 0, b = 0] = list!.split(/[\s,]+/).map(Number);
    if (kind === 'translate') return `1 0 0 1 ${a} ${b} cm`;
    const [sin, cos] = [Math.sin((a * Math.PI) / 180), Math.cos((a * Math.PI) / 180)].map(round);
    if (kind === 'rotate') return `${cos} ${sin} ${-sin!} ${cos} 0 0 cm`;
    throw new HilumError(`cannot draw the transform '${kind}' in a PDF`);
  });
}

function outline(element: SvgElement): string {
  const at = (name: string) => number(element, name);
  switch (element.localName) {
    case 'line':
      return `${at('x1')} ${at('y1')} m ${at('x2')} ${at('y2')} l`;
    case 'rect':
      return `${at('x')} ${at('y')} ${at('width')} ${at('height')} re`;
    case 'circle':
      return circle(at('cx'), at('cy'), at('r'));
    case 'path':
      return pathOperators(element.getAttribute('d') ?? '');
    default:
      throw new HilumError(`cannot draw <${element.localName}> in a PDF`);
  }
}

function circle(x: number, y: number, r: number): string {
  const k = r * ARC;
  const to = (...values: number[]) => `${values.map(round).join(' ')} c`;
  return [
    `${round(x + r)} ${round(y)} m`,
    to(x + r, y + k, x + k, y + r, x, y + r),
    to(x - k, y + r, x - r, y + k, x - r, y),
    to(x - r, y - k, x - k, y - r, x, y - r),
    to(x + k, y - r, x + r, y - k, x + r, y),
    'h',
  ].join(' ');
}

/** Absolute M, L, C and Z with H and V, which is what plots of lines and areas are made of. */
function pathOperators(d: string): string {
  let [x, y] = ['0', '0'];
  return [...d.matchAll(/([a-zA-Z])([^a-zA-Z]*)/g)]
    .flatMap(([, command, list]) => {
      const values = list!.match(/-?[\d.]+(?:e-?\d+)?/g) ?? [];
      const take = { M: 2, L: 2, C: 6, H: 1, V: 1, Z: 0 }[command!];
      if (take === undefined) throw new HilumError(`cannot draw the path command '${command}' in a PDF`);
      if (take === 0) return ['h'];
      return Array.from({ length: values.length / take }, (_, i) => {
        const own = values.slice(i * take, (i + 1) * take);
        if (command === 'H') x = own[0]!;
        else if (command === 'V') y = own[0]!;
        else [x, y] = own.slice(-2) as [string, string];
        if (command === 'C') return `${own.join(' ')} c`;
        return `${x} ${y} ${command === 'M' && i === 0 ? 'm' : 'l'}`;
      });
    })
    .join(' ');
}

/** `#rgb` or `#rrggbb` as fractions; undefined for `none`. */
function rgb(color: string): string | undefined {
  if (color === 'none') return undefined;
  const hex = /^#([0-9a-f]{3}|[0-9a-f]{6})$/i.exec(color)?.[1];
  if (!hex) throw new HilumError(`cannot draw the color '${color}' in a PDF`);
  const parts = hex.length === 3 ? [...hex].map((digit) => digit + digit) : hex.match(/../g)!;
  return parts.map((part) => round(Number.parseInt(part, 16) / 255)).join(' ');
}

const round = (value: number) => Number(value.toFixed(3));
