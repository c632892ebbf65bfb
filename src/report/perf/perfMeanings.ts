import type { PerfSeries } from './PerfSeries.js';

/** Gains below this share count as none. */
const NO_GAIN = 0.03;
/** A gain of 8 threads over 4 that says something about the model. */
const MUCH_GAIN = 0.1;
const BUSY_PERCENT = 95;
const MS_PER_S = 1000;

/** Sentences that interpret the figures. */
export function perfMeanings(allSeries: readonly PerfSeries[], deviceName: string): string[] {
  const series = allSeries.toSorted((a, b) => a.threads - b.threads);
  return [
    alone(series, deviceName),
    saturation(series, deviceName),
    eightOverFour(series, deviceName),
  ].filter((sentence) => sentence !== undefined);
}

function alone(series: readonly PerfSeries[], deviceName: string): string | undefined {
  const one = series.find(({ threads }) => threads === 1)?.median;
  if (one === undefined) return undefined;
  const busy = one.deviceUtilisationPercent;
  const idle =
    busy === undefined
      ? ''
      : busy >= BUSY_PERCENT
        ? `, which keeps the ${deviceName} busy already (${busy.toFixed(0)} %)`
        : `, which leaves the ${deviceName} idle ${(100 - busy).toFixed(0)} % of the time`;
  return `One frame alone takes ${one.latencyMs.mean.toFixed(2)} ms${idle}.`;
}

function saturation(series: readonly PerfSeries[], deviceName: string): string | undefined {
  const last = series.at(-1);
  if (last === undefined || series.length < 2) return undefined;
  const best = Math.max(...series.map(({ median }) => median.framesPerSecond));
  const enough = series.find(({ median }) => median.framesPerSecond >= best * (1 - NO_GAIN));
  if (enough === undefined) return undefined;
  if (enough === last) {
    return `${last.threads} threads still bring more frames than fewer do (${best.toFixed(1)} FPS): the ${deviceName} is not saturated before.`;
  }
  const busy = enough.median.deviceUtilisationPercent;
  const busyText = busy === undefined ? '' : `, the ${deviceName} ${busy.toFixed(0)} % busy`;
  return `Saturated at ${enough.threads} ${enough.threads === 1 ? 'thread' : 'threads'} (${enough.median.framesPerSecond.toFixed(1)} FPS${busyText}): more only wait in its queue.`;
}

function eightOverFour(series: readonly PerfSeries[], deviceName: string): string | undefined {
  const four = series.find(({ threads }) => threads === 4)?.median;
  const eight = series.find(({ threads }) => threads === 8)?.median;
  if (four === undefined || eight === undefined) return undefined;
  const gain = eight.framesPerSecond / four.framesPerSecond - 1;
  const percent = `${gain >= 0 ? '+' : ''}${(100 * gain).toFixed(1)} %`;
  const slower = (eight.latencyMs.mean / four.latencyMs.mean).toFixed(1);
  if (gain <= NO_GAIN) {
    return `8 threads bring no more frames than 4 (${percent}) at ${slower} times the latency: 4 suffice.`;
  }
  const busy = four.deviceUtilisationPercent;
  const tooFew = moreThanFourNeeded(series, deviceName);
  if (tooFew !== undefined) return `8 threads bring ${percent} frames over 4: ${tooFew}.`;
  if (gain < MUCH_GAIN) {
    return `8 threads bring ${percent} frames over 4 at ${slower} times the latency: 4 nearly suffice.`;
  }
  if (busy !== undefined && busy >= BUSY_PERCENT) {
    return `8 threads bring ${percent} frames over 4 although 4 keep the ${deviceName} ${busy.toFixed(0)} % busy: look at the ratio of computing to memory traffic in the model, and at the DDR bandwidth.`;
  }
  return `8 threads bring ${percent} frames over 4${busy === undefined ? '' : `, which keep the ${deviceName} only ${busy.toFixed(0)} % busy`}: frames wait for something else than computing, so look at the model's ratio of computing to memory traffic, the DDR bandwidth, and the time between two frames of a thread.`;
}

/**
 * Little's law: as many frames are under way as are done in the time that one takes alone. Where that is more than 4,
 * it is the time around the device that further threads fill, and nothing is wrong with the model.
 */
function moreThanFourNeeded(series: readonly PerfSeries[], deviceName: string): string | undefined {
  const one = series.find(({ threads }) => threads === 1)?.median;
  if (one === undefined) return undefined;
  const best = Math.max(...series.map(({ median }) => median.framesPerSecond));
  const needed = (one.latencyMs.mean * best) / MS_PER_S;
  if (needed <= 4 * (1 + NO_GAIN)) return undefined;
  return `a frame alone takes ${one.latencyMs.mean.toFixed(2)} ms and one is done every ${(MS_PER_S / best).toFixed(2)} ms at best, so it takes ${Math.ceil(needed)} threads to keep the ${deviceName} busy`;
}
