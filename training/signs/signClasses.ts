import { EffvitError } from '../../src/core/EffvitError.js';
import { Random } from '../Random.js';
import { arrowLeft, arrowRight, arrowStraight } from './arrows.js';
import { equipmentSigns } from './equipmentSigns.js';
import { hazardSigns } from './hazardSigns.js';
import type { Draw, VariantSet } from './Look.js';
import { roadSigns } from './roadSigns.js';
import { wayfindingSigns } from './wayfindingSigns.js';

interface Designs {
  readonly train: readonly Draw[];
  readonly heldout: readonly Draw[];
}

const DESIGNS: Readonly<Record<string, Designs>> = {
  exit: wayfindingSigns.exit,
  stairs: wayfindingSigns.stairs,
  elevator: wayfindingSigns.elevator,
  stop: roadSigns.stop,
  yield: roadSigns.yield,
  no_entry: roadSigns.no_entry,
  speed_limit_10: roadSigns.speed_limit_10,
  speed_limit_20: roadSigns.speed_limit_20,
  speed_limit_30: roadSigns.speed_limit_30,
  speed_limit_50: roadSigns.speed_limit_50,
  arrow_left: arrowLeft,
  arrow_right: arrowRight,
  arrow_straight: arrowStraight,
  first_aid: equipmentSigns.first_aid,
  fire_extinguisher: equipmentSigns.fire_extinguisher,
  wet_floor: hazardSigns.wet_floor,
  high_voltage: hazardSigns.high_voltage,
  charging_dock: equipmentSigns.charging_dock,
  parking: roadSigns.parking,
  pedestrian_crossing: roadSigns.pedestrian_crossing,
  no_pedestrians: roadSigns.no_pedestrians,
  forklift: hazardSigns.forklift,
  recycling: equipmentSigns.recycling,
  fiducial_marker: equipmentSigns.fiducial_marker,
  restroom: wayfindingSigns.restroom,
  wifi: wayfindingSigns.wifi,
  information: wayfindingSigns.information,
  no_smoking: hazardSigns.no_smoking,
  general_danger: hazardSigns.general_danger,
  biohazard: hazardSigns.biohazard,
  radiation: hazardSigns.radiation,
};

/** The classes in the order of the model's outputs; the last one means that no sign is in sight. */
export const signClasses: readonly string[] = [...Object.keys(DESIGNS), 'background'];

/** Index of `background`. */
export const backgroundIndex = signClasses.length - 1;

/**
 * One drawing of a class as an SVG document. Each `variant` number is another mix of design, proportions,
 * shades, borders and lettering; the two sets draw from different designs and different ranges.
 *
 * @throws EffvitError OUT_OF_RANGE for a class that has no drawing (background has none).
 */
export function signSvg(classIndex: number, set: VariantSet, variant: number, sizePx: number): string {
  const name = signClasses[classIndex] ?? '';
  const designs = DESIGNS[name]?.[set] ?? [];
  const random = new Random(classIndex, set === 'train' ? 1 : 2, variant, 0x516e);
  const draw = designs[Math.floor(random.next() * designs.length)];
  if (draw === undefined) {
    throw new EffvitError(
      'OUT_OF_RANGE',
      `Expected the index of a class with drawings (0 to ${backgroundIndex - 1}) but received ${classIndex}.`,
    );
  }
  const content = draw({ random, heldout: set === 'heldout' });
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${sizePx}" height="${sizePx}" viewBox="0 0 100 100">${content}</svg>`;
}
