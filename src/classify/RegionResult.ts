import type { RegionOutcome, RegionsOutcome } from '../pool/RegionOutcome.js';
import type { ClassResult } from './ClassResult.js';

/** What one region of a frame was classified as: the best classes, or why it has none. */
export type RegionResult = RegionOutcome<readonly ClassResult[]>;

/** What became of a frame whose regions were to be classified. */
export type ClassifyRegionsOutcome = RegionsOutcome<readonly ClassResult[]>;
