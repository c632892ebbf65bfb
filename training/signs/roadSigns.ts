import { strokeText } from '../../src/annotate/strokeFont.js';
import {
  box,
  type Draw,
  disc,
  frame,
  inset,
  lettering,
  type Pictogram,
  paint,
  polygon,
  ring,
  solid,
} from './Look.js';
import { person } from './people.js';
import { board, prohibition, triangle, warning } from './plates.js';

const stopOctagon: Draw = (look) => {
  const { random, heldout } = look;
  const red = paint(look, 'red');
  const white = paint(look, 'white');
  const edge = heldout ? random.range(6.5, 7.5) : random.pick([random.range(1.5, 5), random.range(8, 9)]);
  const height = heldout ? random.range(23, 25) : random.range(18, 32);
  const width = heldout ? random.range(60, 64) : random.range(56, 72);
  const word = strokeText('STOP', [50 - width / 2, 50 - height / 2, width, height], white, lettering(look));
  const rim = heldout ? paint(look, 'black') : random.chance(0.8) ? white : red;
  return (
    solid(polygon(50, 50, 49, 8, 22.5), rim) +
    solid(polygon(50, 50, 49 - edge * 0.6, 8, 22.5), heldout ? white : red) +
    solid(polygon(50, 50, 49 - edge, 8, 22.5), red) +
    (!heldout && random.chance(0.3)
      ? `<path d="${polygon(50, 50, 42, 8, 22.5)}" fill="none" stroke="${white}" stroke-width="2"/>`
      : '') +
    word
  );
};

const yieldTriangle: Draw = (look) => {
  const { random, heldout } = look;
  const red = paint(look, 'red');
  const white = paint(look, !heldout && random.chance(0.2) ? 'yellow' : 'white');
  const round = heldout ? random.range(6, 8) : random.pick([random.range(1, 5), random.range(9, 15)]);
  const inner = heldout ? random.range(59, 62) : random.pick([random.range(46, 57), random.range(64, 74)]);
  const word =
    heldout || random.chance(0.3)
      ? strokeText(heldout ? 'GIVE WAY' : 'YIELD', [32, 30, 36, 9], red, lettering(look))
      : '';
  return (
    (heldout || random.chance(0.4) ? triangle(look, false, paint(look, 'white'), 92, round) : '') +
    inset(triangle(look, false, red, 90, round), 50, 49.5, 94) +
    inset(triangle(look, false, white, 90, round), 50, 46, inner) +
    (inner > 62 || heldout ? word : '')
  );
};

const noEntry: Draw = (look) => {
  const { random, heldout } = look;
  const red = paint(look, 'red');
  const white = paint(look, 'white');
  const width = heldout ? random.range(64, 66) : random.pick([random.range(56, 62), random.range(68, 78)]);
  const height = heldout ? random.range(16, 17) : random.pick([random.range(11, 15), random.range(18, 23)]);
  const radius = heldout ? height / 2 : random.pick([0, 0, 2]);
  const back = heldout ? box(3, 3, 94, 94, white, 5) : random.chance(0.25) ? box(2, 2, 96, 96, white) : '';
  const rim = random.range(0, 4);
  return (
    back +
    disc(50, 50, 48, white) +
    disc(50, 50, 48 - rim, red) +
    box(50 - width / 2, 50 - height / 2, width, height, white, radius)
  );
};

function speedLimit(value: string): { train: Draw[]; heldout: Draw[] } {
  const ringSign: Draw = (look) => {
    const { random, heldout } = look;
    const width = heldout
      ? random.range(9.8, 10.6)
      : random.pick([random.range(6, 9.5), random.range(11, 14)]);
    const white = paint(look, !heldout && random.chance(0.12) ? 'yellow' : 'white');
    const wide = random.range(40, 52);
    const high = random.range(32, 44);
    const back = heldout
      ? random.chance(0.5)
        ? box(3, 3, 94, 94, paint(look, 'grey'), 6)
        : ''
      : random.chance(0.3)
        ? box(2, 2, 96, 96, white, 3)
        : '';
    const style = lettering(look);
    return (
      back +
      disc(50, 50, 48, white) +
      ring(50, 50, 47 - width / 2, paint(look, 'red'), width) +
      strokeText(value, [50 - wide / 2, 50 - high / 2, wide, high], paint(look, 'black'), {
        ...style,
        weight: Math.max(style.weight, 0.13),
        gap: Math.max(style.gap, 0.3),
      })
    );
  };
  const plate: Draw = (look) => {
    const { random, heldout } = look;
    const white = paint(look, 'white');
    const black = paint(look, 'black');
    const style = lettering(look);
    const bold = { ...style, weight: Math.max(style.weight, 0.13), gap: Math.max(style.gap, 0.3) };
    const small = { ...style, weight: 0.14 };
    return (
      box(16, 2, 68, 96, white, heldout ? 10 : random.range(0, 6)) +
      frame(19, 5, 62, 90, black, random.range(1, 3), 4) +
      (heldout
        ? strokeText('LIMIT', [28, 12, 44, 13], black, small) +
          strokeText('KM/H', [32, 78, 36, 11], black, small)
        : strokeText(random.chance(0.5) ? 'SPEED' : 'MAX', [27, 11, 46, 11], black, small) +
          (random.chance(0.5) ? strokeText('LIMIT', [27, 25, 46, 11], black, small) : '')) +
      strokeText(value, [28, heldout ? 33 : 42, 44, 38], black, bold)
    );
  };
  return { train: [ringSign, ringSign, plate], heldout: [ringSign, ringSign, plate] };
}

const parkingLetter: Draw = (look) =>
  board(
    look,
    (l, ink) => {
      const style = lettering(l);
      const width = l.random.range(40, 52);
      return strokeText('P', [50 - width / 2, 12, width, 76], ink, {
        ...style,
        weight: Math.max(style.weight, 0.16),
      });
    },
    [look.heldout || look.random.chance(0.85) ? 'blue' : 'black'],
  );

/** Zebra stripes under a walker. */
const zebraWalker: Pictogram = (look, ink) => {
  const { random } = look;
  const stripes = random.integer(4, 6);
  let drawn = '';
  for (let i = 0; i < stripes; i++) {
    const x = 6 + (i * 88) / stripes;
    drawn += solid(`M${x} 100L${x + 9} 100L${x + 11} 86L${x + 4} 86Z`, ink);
  }
  return drawn + inset(person(look, 'walk', ink, random.range(8, 12), random.chance(0.5)), 50, 42, 80);
};

const crossingBoard: Draw = (look) => {
  const { random, heldout } = look;
  const blue = paint(look, 'blue');
  const white = paint(look, 'white');
  const black = paint(look, 'black');
  const edge = heldout ? 8 : random.range(2, 6);
  const lift = random.range(50, 56);
  const tri = `M50 ${heldout ? 14 : 12}L90 ${lift + 33}L10 ${lift + 33}Z`;
  return (
    box(2, 2, 96, 96, white, 4) +
    box(edge, edge, 100 - edge * 2, 100 - edge * 2, blue, heldout ? 12 : random.range(0, 6)) +
    solid(tri, white) +
    inset(zebraWalker(look, black, white), 50, 62, 46)
  );
};

const crossingWarning: Draw = (look) => warning(look, zebraWalker);

const noWalkers: Draw = (look) =>
  prohibition(look, (l, ink) =>
    person(
      l,
      l.heldout ? 'stand' : l.random.pick(['walk', 'walk', 'stand']),
      ink,
      l.random.range(8, 14),
      l.random.chance(0.5),
    ),
  );

export const roadSigns = {
  stop: { train: [stopOctagon], heldout: [stopOctagon] },
  yield: { train: [yieldTriangle], heldout: [yieldTriangle] },
  no_entry: { train: [noEntry], heldout: [noEntry] },
  speed_limit_10: speedLimit('10'),
  speed_limit_20: speedLimit('20'),
  speed_limit_30: speedLimit('30'),
  speed_limit_50: speedLimit('50'),
  parking: { train: [parkingLetter], heldout: [parkingLetter] },
  pedestrian_crossing: {
    train: [crossingBoard, crossingBoard, crossingWarning],
    heldout: [crossingBoard, crossingWarning],
  },
  no_pedestrians: { train: [noWalkers], heldout: [noWalkers] },
} as const satisfies Readonly<Record<string, { train: readonly Draw[]; heldout: readonly Draw[] }>>;
