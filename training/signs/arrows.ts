import { box, type Draw, disc, type Look, line, type Pictogram, paint, solid } from './Look.js';
import { board } from './plates.js';

/** An arrow to the right in the 100 square. */
function rightArrow(look: Look, ink: string): string {
  const { random, heldout } = look;
  const half = random.range(7, 13);
  const head = random.range(24, 34);
  const depth = random.range(30, 44);
  if (heldout) {
    return random.chance(0.5)
      ? // A notched tail.
        solid(
          `M8 ${50 - half}L${90 - depth} ${50 - half}L${86 - depth} ${50 - head}L94 50L${86 - depth} ${50 + head}L${90 - depth} ${50 + half}L8 ${50 + half}L${8 + half} 50Z`,
          ink,
        )
      : // A stroked shaft with a head of two round strokes that do not reach the tip's level.
        line(`M10 50L84 50`, ink, half * 1.5, 'butt') +
          line(
            `M${88 - depth * 0.8} ${50 - head}L88 50L${88 - depth * 0.8} ${50 + head}`,
            ink,
            half * 1.3,
            'round',
          );
  }
  switch (random.integer(0, 3)) {
    case 0:
      return solid(
        `M6 ${50 - half}L${94 - depth} ${50 - half}L${94 - depth} ${50 - head}L94 50L${94 - depth} ${50 + head}L${94 - depth} ${50 + half}L6 ${50 + half}Z`,
        ink,
      );
    case 1:
      return (
        line('M10 50L86 50', ink, half * 1.4, 'butt') +
        line(`M${90 - depth} ${50 - head}L88 50L${90 - depth} ${50 + head}`, ink, half * 1.4, 'butt')
      );
    case 2: {
      // Swept-back barbs.
      const back = random.range(6, 16);
      return solid(
        `M6 ${50 - half}L${92 - depth} ${50 - half}L${94 - depth - back} ${50 - head}L94 50L${94 - depth - back} ${50 + head}L${92 - depth} ${50 + half}L6 ${50 + half}Z`,
        ink,
      );
    }
    default:
      return (
        line('M8 50L70 50', ink, half * 1.7, random.chance(0.5) ? 'round' : 'butt') +
        solid(`M58 ${50 - head}L95 50L58 ${50 + head}Z`, ink)
      );
  }
}

function turned(degrees: number): Pictogram {
  return (look, ink) => `<g transform="rotate(${degrees} 50 50)">${rightArrow(look, ink)}</g>`;
}

function arrowSigns(degrees: number): { train: Draw[]; heldout: Draw[] } {
  const arrow = turned(degrees);
  const coloured: Draw = (look) =>
    board(look, arrow, [look.random.pick(['blue', 'green', 'black', 'red', 'teal'])]);
  const dark: Draw = (look) => board(look, arrow, [look.random.pick(['yellow', 'white'])], false);
  const bare: Draw = (look) => {
    const { random } = look;
    const ground = random.chance(0.5) ? 'blue' : 'black';
    return random.chance(0.5)
      ? disc(50, 50, 48, paint(look, 'white')) + disc(50, 50, 44, paint(look, ground)) + inner(look)
      : box(2, 16, 96, 68, paint(look, ground), random.range(0, 12)) + inner(look);
  };
  const inner = (look: Look): string =>
    `<g transform="translate(18 18) scale(0.64)">${arrow(look, paint(look, 'white'), '')}</g>`;
  return { train: [coloured, coloured, dark, bare], heldout: [coloured, dark, bare] };
}

export const arrowRight = arrowSigns(0);
export const arrowLeft = arrowSigns(180);
export const arrowStraight = arrowSigns(-90);
