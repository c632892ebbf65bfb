import { strokeText } from '../../src/annotate/strokeFont.js';
import {
  boldLettering,
  box,
  type Draw,
  disc,
  frame,
  inset,
  type Look,
  lettering,
  line,
  type Pictogram,
  paint,
  ring,
  solid,
} from './Look.js';
import { boardOf } from './plates.js';

const aid: Pictogram = (look, ink, paper) => {
  const { random, heldout } = look;
  if (!heldout && random.chance(0.25)) return ringedAid(look, ink, paper);
  const arm = random.range(38, 46);
  const half = heldout ? 12.5 : random.pick([random.range(9, 12), random.range(13, 17)]);
  return (
    box(50 - arm, 50 - half, arm * 2, half * 2, ink, heldout ? 5 : random.chance(0.2) ? 2 : 0) +
    box(50 - half, 50 - arm, half * 2, arm * 2, ink, heldout ? 5 : 0)
  );
};

/** The cross in a ring, in a disc or as an outline. */
function ringedAid(look: Look, ink: string, paper: string): string {
  const { random } = look;
  const half = random.range(8, 13);
  const arm = random.range(26, 34);
  const cross = (colour: string): string =>
    box(50 - arm, 50 - half, arm * 2, half * 2, colour, random.range(0, 3)) +
    box(50 - half, 50 - arm, half * 2, arm * 2, colour, random.range(0, 3));
  if (paper !== '' && random.chance(0.4)) return disc(50, 50, 46, ink) + cross(paper);
  return ring(50, 50, random.range(42, 46), ink, random.range(3, 7)) + cross(ink);
}

/** The words on a board, with the cross above, below or beside. */
const aidWord: Draw = (look) => {
  const { random } = look;
  const ground = paint(look, random.chance(0.8) ? 'green' : 'red');
  const white = paint(look, 'white');
  const turned = random.chance(0.35);
  const ink = turned ? ground : white;
  const style = boldLettering(look, 0.12);
  const above = random.chance(0.5);
  const words = random.chance(0.7)
    ? strokeText('FIRST AID', [16, above ? 12 : 76, 68, 12], ink, style)
    : strokeText('FIRST', [20, above ? 8 : 68, 60, 11], ink, style) +
      strokeText('AID', [30, above ? 24 : 84, 40, 11], ink, style);
  return (
    box(6, 2, 88, 96, turned ? white : ground, random.range(0, 12)) +
    (random.chance(0.5) ? frame(9, 5, 82, 90, ink, random.range(1.5, 4), 4) : '') +
    inset(aid(look, ink, turned ? white : ground), 50, above ? 66 : 36, random.range(46, 56)) +
    words
  );
};

const aidCase: Draw = (look) => {
  const { random, heldout } = look;
  const ground = paint(look, random.chance(0.6) ? 'green' : 'red');
  const white = paint(look, 'white');
  const turnedOut = heldout;
  return (
    frame(36, 8, 28, 22, paint(look, 'black'), 5, 5) +
    box(4, 20, 92, 72, turnedOut ? white : ground, heldout ? 14 : random.range(2, 10)) +
    (turnedOut ? frame(7, 23, 86, 66, ground, 4, 10) : '') +
    inset(aid(look, turnedOut ? ground : white, ''), 50, 56, random.range(48, 58))
  );
};

const extinguisher: Pictogram = (look, ink, paper) => {
  const plain = bottle(look, ink, paper);
  return !look.heldout && look.random.chance(0.5)
    ? `<g transform="translate(100 0) scale(-1 1)">${plain}</g>`
    : plain;
};

const bottle: Pictogram = (look, ink, paper) => {
  const { random, heldout } = look;
  const half = random.range(13, 18);
  const left = random.range(34, 42);
  const flame =
    heldout || random.chance(0.5)
      ? heldout
        ? line('M70 96Q60 84 72 72Q74 80 78 66Q94 82 84 96Z', ink, 4)
        : solid('M72 98Q60 84 70 72Q72 80 76 62Q80 72 84 70Q96 86 86 98Z', ink)
      : '';
  const hose = heldout
    ? line(`M${left + 4} 16Q${left + 40} 14 ${left + 36} 56`, ink, 5)
    : line(`M${left - 4} 20Q${left - 32} 22 ${left - 26} 62`, ink, random.range(3, 6));
  const horn = heldout
    ? line(`M${left + 36} 52L${left + 32} 66`, ink, 11, 'butt')
    : line(`M${left - 26} 54L${left - 24} 72`, ink, 10, 'butt');
  return (
    box(left - half, 30, half * 2, 68, ink, half * 0.7) +
    box(left - 5, 16, 10, 18, ink) +
    line(`M${left - 4} 16L${left + 22} 8M${left} 20L${left + 20} 20`, ink, 5) +
    (heldout ? box(left - half + 4, 54, half * 2 - 8, 16, paper) : '') +
    (!heldout && random.chance(0.4)
      ? box(left - half + 3, random.range(42, 74), half * 2 - 6, random.range(6, 14), paper)
      : '') +
    hose +
    horn +
    flame
  );
};

/** Batteries with a level: lying or standing, in bars or filled, the bolt over, under or in place of a part. */
function chargedBattery(look: Look, ink: string, paper: string, bolt: string): string {
  const { random } = look;
  const bars = random.pick([2, 3, 5]);
  const stroke = random.range(3, 7);
  const radius = random.range(0, 10);
  const lying = random.chance(0.6);
  const place = random.integer(0, 2);
  const left = 8;
  const wide = 76;
  const high = random.range(30, 46);
  const top = place === 0 ? 56 - high / 2 + 12 : place === 1 ? 34 - high / 2 : 50 - high / 2;
  let drawn =
    frame(left, top, wide, high, ink, stroke, radius) +
    box(left + wide + 2, top + high * 0.3, 7, high * 0.4, ink);
  const pitch = (wide - stroke * 2) / bars;
  const filled = random.integer(1, bars);
  const slant = random.chance(0.3) ? 4 : 0;
  for (let i = 0; i < filled; i++) {
    const x = left + stroke + 1 + i * pitch;
    drawn += solid(
      `M${x + slant} ${top + stroke + 1}L${x + pitch - 2 + slant} ${top + stroke + 1}L${x + pitch - 2} ${top + high - stroke - 1}L${x} ${top + high - stroke - 1}Z`,
      ink,
    );
  }
  if (place === 0)
    drawn += inset(solid(bolt, ink), 46, top - 16, random.range(32, 42), random.range(-10, 10));
  else if (place === 1) drawn += inset(solid(bolt, ink), 46, top + high + 20, random.range(34, 48));
  else drawn += disc(46, 50, 15, paper) + inset(solid(bolt, ink), 46, 50, 40);
  return lying
    ? drawn
    : `<g transform="rotate(-90 50 50)">${place === 2 ? drawn.replace('rotate(0.00)', 'rotate(90.00)') : drawn}</g>`;
}

/** What else stands at such places: a robot before its dock, a charging column with its hose, a mobile in waves. */
function chargingRobot(look: Look, ink: string, paper: string, bolt: string): string {
  const { random } = look;
  const stroke = random.range(4, 7);
  switch (random.integer(0, 2)) {
    case 0: {
      const wide = random.range(42, 54);
      const high = random.range(26, 40);
      return (
        box(4, 8, random.range(10, 16), 86, ink, 2) +
        line('M16 88L96 88', ink, stroke, 'butt') +
        box(96 - wide, 78 - high, wide, high, ink, random.range(4, 16)) +
        disc(96 - wide * 0.75, 80, 7, ink) +
        disc(96 - wide * 0.25, 80, 7, ink) +
        (random.chance(0.5)
          ? inset(solid(bolt, paper), 96 - wide / 2, 78 - high / 2, high * 0.8)
          : line(`M20 60L${92 - wide} 60`, ink, stroke)) +
        inset(solid(bolt, ink), 66, 20, random.range(30, 40))
      );
    }
    case 1:
      return (
        box(14, 6, 44, 90, ink, random.range(2, 8)) +
        box(20, 12, 32, 20, paper, 2) +
        inset(solid(bolt, paper), 36, 62, random.range(38, 52)) +
        line('M58 40L70 40L70 74Q70 84 79 84Q88 84 88 74L88 30L78 18', ink, stroke)
      );
    default:
      return (
        inset(solid(bolt, ink), 50, 44, random.range(56, 72)) +
        line('M22 20A40 40 0 0 0 22 68M78 20A40 40 0 0 1 78 68', ink, stroke) +
        (random.chance(0.6) ? line('M10 10A56 56 0 0 0 10 78M90 10A56 56 0 0 1 90 78', ink, stroke) : '') +
        box(24, 86, 52, 9, ink, 4)
      );
  }
}

const battery: Pictogram = (look, ink, paper) => {
  const { random, heldout } = look;
  const bolt = 'M56 18L34 54L48 54L42 84L68 44L53 44L62 18Z';
  if (heldout) {
    // A battery lying, filled in bars, with a bolt beside it.
    return (
      frame(6, 34, 62, 34, ink, 5, 4) +
      box(70, 44, 7, 14, ink) +
      [14, 27, 40, 53].map((x) => box(x, 41, 9, 20, ink)).join('') +
      inset(solid(bolt, ink), 88, 50, 46)
    );
  }
  const style = random.integer(0, 10);
  if (style >= 8) return chargingRobot(look, ink, paper, bolt);
  if (style >= 4) return chargedBattery(look, ink, paper, bolt);
  if (style === 3) {
    // A battery lying, with a bolt in it.
    return (
      frame(6, 28, 78, 46, ink, random.range(5, 8), random.range(0, 8)) +
      box(86, 42, 8, 18, ink) +
      inset(solid(bolt, ink), 45, 51, 52)
    );
  }
  if (style === 0) {
    return (
      box(22, 12, 56, 86, ink, random.range(2, 10)) +
      box(38, 2, 24, 12, ink) +
      inset(solid(bolt, paper), 50, 56, 76)
    );
  }
  if (style === 1) {
    return (
      frame(24, 14, 52, 82, ink, random.range(5, 8), 6) +
      box(38, 3, 24, 10, ink) +
      inset(solid(bolt, ink), 50, 56, 70)
    );
  }
  // A plug with its cord.
  return (
    line('M38 4L38 30M62 4L62 30', ink, 8, 'butt') +
    solid('M24 28L76 28L76 50Q76 68 50 70Q24 68 24 50Z', ink) +
    inset(solid(bolt, paper), 50, 49, 40) +
    line('M50 68L50 84Q50 96 66 96L82 96', ink, 7)
  );
};

/** A robot above its dock, or the word, on a board. */
const dockWord: Draw = (look) => {
  const { random, heldout } = look;
  const ground = paint(look, random.pick(['green', 'teal', 'blue', 'black']));
  const white = paint(look, 'white');
  if (heldout) {
    return (
      box(6, 2, 88, 96, ground, 12) +
      inset(battery(look, white, ground), 50, 62, 60) +
      strokeText('DOCK', [14, 12, 72, 12], white, boldLettering(look, 0.12))
    );
  }
  const turned = random.chance(0.35);
  const ink = turned ? ground : white;
  const paper = turned ? white : ground;
  const word = random.pick(['CHARGE', 'CHARGING', 'CHARGER', 'POWER', 'ROBOT', 'BATTERY', 'STATION']);
  const high = random.range(9, 16);
  const wordAbove = random.chance(0.4);
  return (
    box(6, 2, 88, 96, paper, random.range(0, 14)) +
    (turned || random.chance(0.3) ? frame(9, 5, 82, 90, ink, random.range(1.5, 4), 4) : '') +
    inset(battery(look, ink, paper), 50, wordAbove ? 60 : 40, random.range(54, 66)) +
    strokeText(word, [16, wordAbove ? 12 : 92 - high, 68, high], ink, boldLettering(look, 0.12))
  );
};

/** Three chasing arrows. */
const loop: Pictogram = (look, ink, paper) => {
  const { random, heldout } = look;
  const width = random.range(10, 15);
  let drawn = '';
  for (const degrees of [0, 120, 240]) {
    const one = heldout
      ? // Arcs of a circle with heads.
        line('M50 14A38 38 0 0 1 80 29', ink, width * 0.95, 'butt') + solid('M70 40L94 46L90 16Z', ink)
      : // Straight folded bands.
        line('M42 18L54 18L66 38', ink, width, 'butt') + solid('M52 44L80 28L78 58Z', ink);
    drawn += `<g transform="rotate(${degrees} 50 52)">${one}</g>`;
  }
  return drawn + (heldout ? '' : disc(50, 52, random.range(1, 3), paper));
};

/** Two, three or four bent arrows that chase one another around a centre; turns and heads vary. */
const chase: Pictogram = (look, ink) => {
  const { random } = look;
  const count = random.pick([2, 3, 3, 4]);
  const radius = random.range(28, 36);
  const width = random.range(6, 15);
  const sweep = (360 / count) * random.range(0.45, 0.68);
  const start = random.range(0, 360);
  const clockwise = random.chance(0.6);
  const head = random.range(13, 20);
  const open = random.chance(0.4);
  const at = (r: number, degrees: number): string => {
    const a = (degrees * Math.PI) / 180;
    return `${(50 + r * Math.cos(a)).toFixed(1)} ${(50 + r * Math.sin(a)).toFixed(1)}`;
  };
  let drawn = '';
  for (let i = 0; i < count; i++) {
    const from = start + (360 / count) * i;
    const to = from + sweep;
    const tip = to + (head * 1.5 * 57.3) / radius / 1.6;
    drawn += line(
      `M${at(radius, from)}A${radius} ${radius} 0 0 1 ${at(radius, to)}`,
      ink,
      width,
      open ? 'round' : 'butt',
    );
    drawn += open
      ? line(
          `M${at(radius - head, to - 8)}L${at(radius, to + 4)}L${at(radius + head, to - 8)}`,
          ink,
          width * 0.8,
        )
      : solid(`M${at(radius - head, to - 2)}L${at(radius + head, to - 2)}L${at(radius, tip)}Z`, ink);
  }
  return clockwise ? drawn : `<g transform="translate(100 0) scale(-1 1)">${drawn}</g>`;
};

/** A second way of the same mark: the triangle of bent bands. */
const loopTriangle: Pictogram = (look, ink, paper) => {
  const { random } = look;
  const width = random.range(11, 15);
  const gap = random.range(3, 5);
  let drawn = `<path d="M50 16L84 78L16 78Z" fill="none" stroke="${ink}" stroke-width="${width}" stroke-linejoin="${random.chance(0.5) ? 'round' : 'bevel'}"/>`;
  for (const degrees of [0, 120, 240]) {
    drawn += `<g transform="rotate(${degrees} 50 57.3)">${line('M62 92L70 62', paper, gap, 'butt')}${solid(`M60 ${78 - width}L60 ${78 + width}L${44 - gap} 78Z`, ink)}</g>`;
  }
  return drawn;
};

function binMark({ random, heldout }: Look): Pictogram {
  if (heldout) return random.chance(0.5) ? loop : loopTriangle;
  return random.pick([loop, loopTriangle, chase, chase]);
}

const binWord: Draw = (look) => {
  const { random, heldout } = look;
  const ground = paint(look, random.pick(['green', 'blue']));
  const white = paint(look, 'white');
  return (
    box(8, 3, 84, 94, ground, random.range(0, 10)) +
    inset(binMark(look)(look, white, ground), 50, heldout ? 60 : 42, 62) +
    strokeText(
      heldout ? 'REUSE' : 'RECYCLE',
      [16, heldout ? 10 : 79, 68, 12],
      white,
      boldLettering(look, 0.12),
    )
  );
};

/** A square code with a black border, as AprilTag and ArUco have. */
const tag: Draw = (look) => {
  const { random, heldout } = look;
  const cells = heldout ? 5 : random.pick([4, 6, 6, 7]);
  const white = paint(look, 'white');
  const black = paint(look, 'black');
  const margin = random.range(4, 12);
  const cell = (100 - margin * 2) / (cells + 2);
  let bits = '';
  for (let row = 0; row < cells; row++) {
    for (let column = 0; column < cells; column++) {
      if (random.chance(0.5)) {
        bits += `M${(margin + (column + 1) * cell).toFixed(2)} ${(margin + (row + 1) * cell).toFixed(2)}h${(cell + 0.15).toFixed(2)}v${(cell + 0.15).toFixed(2)}h-${(cell + 0.15).toFixed(2)}Z`;
      }
    }
  }
  const label = heldout
    ? ''
    : random.chance(0.2)
      ? strokeText(`${random.integer(0, 99)}`, [2, 96, 8, 3.6], black, lettering(look))
      : '';
  return (
    box(0, 0, 100, 100, white) +
    box(margin, margin, 100 - margin * 2, 100 - margin * 2, black) +
    solid(bits, white) +
    label
  );
};

export const equipmentSigns = {
  first_aid: {
    train: [boardOf(aid, 'green', 'green', 'red'), boardOf(aid, 'green'), aidCase, aidWord],
    heldout: [boardOf(aid, 'green'), aidCase],
  },
  fire_extinguisher: { train: [boardOf(extinguisher, 'red')], heldout: [boardOf(extinguisher, 'red')] },
  charging_dock: {
    train: [
      boardOf(battery, 'green', 'blue', 'black', 'teal'),
      boardOf(battery, 'green', 'blue', 'black', 'teal'),
      dockWord,
    ],
    heldout: [boardOf(battery, 'green', 'blue', 'black'), dockWord],
  },
  recycling: {
    train: [
      boardOf(loop, 'green', 'blue', 'black'),
      boardOf(loopTriangle, 'green', 'blue', 'black'),
      boardOf(chase, 'green', 'blue', 'black', 'teal'),
      boardOf(chase, 'green', 'blue', 'black'),
      binWord,
    ],
    heldout: [boardOf(loop, 'green', 'blue'), binWord],
  },
  fiducial_marker: { train: [tag], heldout: [tag] },
} as const satisfies Readonly<Record<string, { train: readonly Draw[]; heldout: readonly Draw[] }>>;
