/** Supported boards, as spelled in `--for` and in manifests. */
export const BPU_CHIPS = ['rdk-x5', 'rdk-x3'] as const;

export type BpuChip = (typeof BPU_CHIPS)[number];

/** Micro-architectures as the vendor's compiler names them; a .bin runs only on the one it was compiled for. */
export const BPU_MARCHES = ['bayes-e', 'bernoulli2', 'bayes'] as const;

export type BpuMarch = (typeof BPU_MARCHES)[number];

/** The march of each supported chip. `bayes` (Journey 5) is not supported; it is listed for a clear error message. */
export const MARCH_OF_CHIP: Readonly<Record<BpuChip, BpuMarch>> = {
  'rdk-x5': 'bayes-e',
  'rdk-x3': 'bernoulli2',
};
