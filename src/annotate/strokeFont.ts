/**
 * A stroke font, so that drawings do not depend on the fonts of a machine. Each glyph fits a box 10 wide and 14 high;
 * strokes are split by `|`, points by spaces, and `*` marks a sharp corner.
 */
const GLYPHS: Readonly<Record<string, string>> = {
  A: '0,14 5,0* 10,14|2,9 8,9',
  B: '0,0* 0,14*|0,0 6,0 9,1.5 9,5.5 6,7 0,7|6,7 10,8.5 10,12.5 6,14 0,14',
  C: '10,3 7,0 3,0 0,3 0,11 3,14 7,14 10,11',
  D: '0,0 0,14|0,0 5,0 10,4 10,10 5,14 0,14',
  E: '10,0 0,0* 0,14* 10,14|0,7 8,7',
  F: '10,0 0,0* 0,14|0,7 8,7',
  G: '10,3 7,0 3,0 0,3 0,11 3,14 7,14 10,11 10,8* 6,8',
  H: '0,0 0,14|10,0 10,14|0,7 10,7',
  I: '5,0 5,14',
  J: '8,0 8,10 6,14 2,14 0,11',
  K: '0,0 0,14|10,0 0,8|4,5 10,14',
  L: '0,0 0,14* 9,14',
  M: '0,14 0,0* 5,9* 10,0* 10,14',
  N: '0,14 0,0* 10,14* 10,0',
  O: '5,0 2,0 0,3 0,11 2,14 8,14 10,11 10,3 8,0 5,0',
  P: '0,14 0,0|0,0 7,0 10,2 10,6 7,8 0,8',
  Q: '5,0 2,0 0,3 0,11 2,14 8,14 10,11 10,3 8,0 5,0|6,10 10,14',
  R: '0,14 0,0|0,0 7,0 10,2 10,6 7,8 0,8|5,8 10,14',
  S: '10,2.5 7,0 3,0 0,2.5 0,5 3,6.7 7,7.3 10,9 10,11.5 7,14 3,14 0,11.5',
  T: '0,0 10,0|5,0 5,14',
  U: '0,0 0,10 3,14 7,14 10,10 10,0',
  V: '0,0 5,14* 10,0',
  W: '0,0 2.5,14* 5,4* 7.5,14* 10,0',
  X: '0,0 10,14|10,0 0,14',
  Y: '0,0 5,7* 10,0|5,7 5,14',
  Z: '0,0 10,0* 0,14* 10,14',
  '0': '5,0 2,0 0,3 0,11 2,14 8,14 10,11 10,3 8,0 5,0',
  '1': '2,3 6,0* 6,14',
  '2': '0,3 3,0 7,0 10,3 9,7 0,14* 10,14',
  '3': '0,1.5 3,0 7,0 10,2.5 9,6 5,7* 9,8 10,11 7,14 3,14 0,12',
  '4': '7,14 7,0* 0,10* 10,10',
  '5': '9,0 1,0* 0.5,6.5* 4,5 8,6 10,9 9,13 5,14 2,14 0,12',
  '6': '9,1 5,0 1,4 0,9 2,13 5,14 8,13 10,10 8,6.5 5,6 1,8',
  '7': '0,0 10,0* 4,14',
  '8': '5,7 1,5.5 1,1.5 4,0 6,0 9,1.5 9,5.5 5,7 0,8.5 0,12.5 3,14 7,14 10,12.5 10,8.5 5,7',
  '9': '1,13 5,14 9,10 10,5 8,1 5,0 2,1 0,4 2,7.5 5,8 9,6',
  '/': '9,0 1,14',
  '!': '5,0 5,9|5,13 5,13.6',
  '?': '0,3 3,0 7,0 10,3 9,6 5,8 5,10|5,13 5,13.6',
  '%': '9,0 1,14|1,2 2,2|8,12 9,12',
  '-': '2,7 8,7',
  '.': '5,13 5,13.6',
  ',': '6,12 4,15',
  ':': '5,4 5,4.6|5,12 5,12.6',
  _: '0,14 10,14',
  '(': '8,-1 4,3 4,11 8,15',
  ')': '2,-1 6,3 6,11 2,15',
  '…': '1,13 1,13.6|5,13 5,13.6|9,13 9,13.6',
};

/** How letters are drawn. */
export interface TypeStyle {
  /** Stroke width as a share of the letter's height, 0.08 (thin) to 0.26 (black). */
  readonly weight: number;
  /** True: curves run smoothly; false: every point is a corner. */
  readonly round: boolean;
  /** Horizontal shear, 0 upright, 0.2 slanted. */
  readonly slant: number;
  readonly cap: 'round' | 'butt' | 'square';
  /** Gap between letters as a share of a letter's width. */
  readonly gap: number;
}

interface Point {
  readonly x: number;
  readonly y: number;
  readonly corner: boolean;
}

function parseStroke(stroke: string): Point[] {
  return stroke.split(' ').map((word) => {
    const corner = word.endsWith('*');
    const [x = '0', y = '0'] = (corner ? word.slice(0, -1) : word).split(',');
    return { x: Number(x), y: Number(y), corner };
  });
}

function strokePath(points: readonly Point[], place: (p: Point) => string, round: boolean): string {
  const first = points[0];
  const last = points[points.length - 1];
  if (first === undefined || last === undefined) return '';
  const closed = first.x === last.x && first.y === last.y;
  if (!round) return `M${points.map(place).join('L')}${closed ? 'Z' : ''}`;
  let path = `M${place(first)}`;
  for (let i = 1; i < points.length - 1; i++) {
    const p = points[i];
    const q = points[i + 1];
    if (p === undefined || q === undefined) continue;
    const isLast = i === points.length - 2;
    const end = isLast || q.corner ? q : { x: (p.x + q.x) / 2, y: (p.y + q.y) / 2, corner: false };
    path += p.corner ? `L${place(p)}` : `Q${place(p)} ${place(end)}`;
    if (p.corner && isLast) path += `L${place(q)}`;
  }
  if (points.length === 2) path += `L${place(last)}`;
  return path;
}

/** One line of capitals and digits, fitted into the box (x, y, width, height); unknown letters are gaps. */
export function strokeText(
  text: string,
  box: readonly [x: number, y: number, width: number, height: number],
  colour: string,
  style: TypeStyle,
): string {
  const [boxX, boxY, width, height] = box;
  const count = Math.max(1, text.length);
  const strokeWidth = Math.min(height * style.weight, (width / count) * 0.42);
  const inner = height - strokeWidth;
  const advance = (width - strokeWidth * 0.6) / (count - style.gap / (1 + style.gap));
  const letterWidth = Math.max(advance / (1 + style.gap) - strokeWidth * 0.4, 0.5);
  let path = '';
  [...text.toUpperCase()].forEach((letter, index) => {
    const left = boxX + strokeWidth / 2 + index * advance;
    const place = (p: Point): string => {
      const up = 1 - p.y / 14;
      const x = left + (p.x / 10) * letterWidth + (up - 0.5) * style.slant * inner;
      return `${x.toFixed(2)},${(boxY + strokeWidth / 2 + (1 - up) * inner).toFixed(2)}`;
    };
    for (const stroke of GLYPHS[letter]?.split('|') ?? []) {
      path += strokePath(parseStroke(stroke), place, style.round);
    }
  });
  const join = style.round ? 'round' : 'miter';
  return `<path d="${path}" fill="none" stroke="${colour}" stroke-width="${strokeWidth.toFixed(2)}" stroke-linecap="${style.cap}" stroke-linejoin="${join}"/>`;
}
