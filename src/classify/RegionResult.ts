import type { RegionOutcome, RegionsOutcome } from '../pool/RegionOutcome.js';
import type { ClassResult } from './ClassResult.js';

/** Result of one region of a frame: the best classes, or why it has none. */
export type RegionResult = RegionOutcome<readonly ClassResult[]>;

/** Outcome of a frame that was submitted with regions. */
export type ClassifyRegionsOutcome = RegionsOutcome<readonly ClassResult[]>;
