import type { Command } from 'commander';
import type { ClassifierOptions } from '../classify/classifierOptions.js';
import { chipToSimulate } from '../classify/simulatedBpuSpec.js';
import { badArgument } from '../core/EffvitError.js';
import type { ModelManifest } from '../model/ModelManifest.js';
import type { ServiceModel } from '../pool/VirtualClock.js';
import { numberParser, refuseGiven } from './options.js';

export interface VirtualTimeOptions {
  readonly virtualClock?: boolean;
  readonly serviceMs?: number;
  readonly serviceJitter?: number;
  readonly seed?: number;
}

const DEFAULT_JITTER = 0.1;
const DEFAULT_SEED = 1;

export function addVirtualTimeOptions(command: Command): void {
  command
    .option(
      '--virtual-clock',
      'with --rate: simulate the times (waiting, drops, latencies), so that runs with the same --seed give the same report; results are real',
    )
    .option(
      '--service-ms <ms>',
      "with --virtual-clock: how long a worker takes for a frame; default the model's device model",
      numberParser(0.001, 60_000),
    )
    .option(
      '--service-jitter <fraction>',
      `with --virtual-clock: by what fraction of itself that time varies, 0 to 1 (default: ${DEFAULT_JITTER})`,
      numberParser(0, 1),
    )
    .option(
      '--seed <n>',
      `with --virtual-clock: chooses how it varies (default: ${DEFAULT_SEED})`,
      numberParser(0, 2 ** 31 - 1, true),
    );
}

/** The classifier's options under a virtual clock, where a task has one frame. @throws EffvitError BAD_ARGUMENT */
export function virtualTimeOptions(
  options: VirtualTimeOptions,
  rate: number | 'max',
  { maxBatch }: Pick<ClassifierOptions, 'maxBatch'>,
): Partial<ClassifierOptions> {
  if (options.virtualClock !== true) {
    refuseGiven(options, ['serviceMs', 'serviceJitter', 'seed'], 'is for --virtual-clock: give that too');
    return {};
  }
  if (rate === 'max') {
    throw badArgument('--virtual-clock is for a replay at a pace: give --rate too, such as --rate 1.');
  }
  if (maxBatch > 1) {
    throw badArgument(
      `--virtual-clock computes frames one by one and received --max-batch ${maxBatch}: leave that out.`,
    );
  }
  return { maxBatch: 1 };
}

/** Under a virtual clock the times that the options give, else those of the model's device. @throws EffvitError BAD_ARGUMENT */
export function serviceModelOf(
  {
    virtualClock,
    serviceMs,
    serviceJitter: jitter = DEFAULT_JITTER,
    seed = DEFAULT_SEED,
  }: VirtualTimeOptions,
  manifest: ModelManifest,
  { threads }: Pick<ClassifierOptions, 'threads'>,
): ServiceModel | undefined {
  if (virtualClock !== true) return undefined;
  if (serviceMs !== undefined) return { cores: threads, serviceMs, hostMs: 0, jitter, seed };
  const chip = chipToSimulate(manifest);
  const device = chip === undefined ? undefined : manifest.deviceModels[chip];
  if (device === undefined) {
    throw badArgument(`${manifest.name} has no device model to take times from: give --service-ms.`, {
      model: manifest.name,
    });
  }
  const { cores, hostMs } = device;
  return { cores, serviceMs: device.serviceMs, hostMs, jitter, seed };
}

/** For people. */
export function describeService({ cores, serviceMs, hostMs, jitter, seed }: ServiceModel): string {
  const host = hostMs === 0 ? '' : ` + ${hostMs} ms`;
  return `SIMULATED: ${serviceMs} ms${host} a frame +/- ${Math.round(jitter * 100)} % on ${cores} ${cores === 1 ? 'processor' : 'processors'}, seed ${seed}`;
}
