// Values that a manifest may have, apart from its schema: programs that need only them do not load zod.

export const EFFICIENTVIT_VARIANTS = ['m0', 'm1', 'm2', 'm3', 'm4', 'm5'] as const;

export type EfficientVitVariant = (typeof EFFICIENTVIT_VARIANTS)[number];

/** Input of a compiled model: the picture in memory (`pyramid`), or a crop that the chip resizes (`resizer`). */
export const BPU_INPUT_SOURCES = ['pyramid', 'resizer'] as const;

export type BpuInputSource = (typeof BPU_INPUT_SOURCES)[number];

export const MAX_TEMPERATURE = 100;
