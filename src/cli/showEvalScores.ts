import type { CalibrationReport } from '../classify/calibration/CalibrationTally.js';
import type { EvaluationScoresReport } from '../classify/calibration/EvaluationScores.js';
import { snakeCased } from '../core/keyCase.js';
import { plainTable } from '../core/plainTable.js';
import type { Terminal } from './Terminal.js';

/** The part of eval's output that is about scores. */
export function showEvalScores(report: EvaluationScoresReport, terminal: Terminal): void {
  const { calibration, temperature, fit, known, rejection, others } = report;
  terminal.line(`calibration at temperature ${temperature.toPrecision(4)}: ${calibrationLine(calibration)}`);
  if (fit !== undefined) {
    const bound = fit.isAtBound ? ' (the end of the range: the pictures have no best one)' : '';
    terminal.line(
      `calibrated at temperature ${terminal.bold(fit.temperature.toPrecision(4))}${bound}: ${calibrationLine(fit.after)}`,
    );
  }
  if (known.length > 0) {
    const shown = (value: number | undefined): string => (value === undefined ? '' : value.toFixed(3));
    terminal.line(
      plainTable(
        ['known score', 'p1', 'p5', 'p50', ...(others > 0 ? ['AUROC', 'others below p5 %'] : [])],
        known.map(({ kind, p1, p5, p50, others: compared }) => [
          kind,
          ...[p1, p5, p50].map(shown),
          ...(others > 0 ? [shown(compared?.auroc), compared?.rejectedAtP5Percent.toFixed(1) ?? ''] : []),
        ]),
      ),
    );
  }
  if (rejection === undefined) return;
  const { kind, threshold, rejected, othersRejected } = rejection;
  const ofOthers = others > 0 ? ` and ${othersRejected} of ${others} others` : '';
  terminal.line(
    `UNKNOWN with ${kind} below ${threshold}: ${rejected} of ${pictureCount(calibration)} pictures${ofOthers}`,
  );
}

function calibrationLine({ ecePercent, nll }: CalibrationReport): string {
  return `expected calibration error ${ecePercent.toFixed(2)} %, negative log-likelihood ${nll.toFixed(4)}`;
}

const pictureCount = ({ bins }: CalibrationReport): number =>
  bins.reduce((sum, { pictures }) => sum + pictures, 0);

/** The same for `--json`. */
export function evalScoresJson(report: EvaluationScoresReport): object {
  const { temperature, calibration, fit, known, rejection, others } = report;
  return snakeCased({
    calibration: { temperature, ...calibration },
    calibrated: fit && { temperature: fit.temperature, isAtBound: fit.isAtBound, ...fit.after },
    knownScores: Object.fromEntries(
      known.map(({ kind, p1, p5, p50, others: compared }) => [
        kind,
        { p1, p5, p50, auroc: compared?.auroc, othersBelowP5Percent: compared?.rejectedAtP5Percent },
      ]),
    ),
    others,
    unknown: rejection && {
      knownScore: rejection.kind,
      threshold: rejection.threshold,
      pictures: rejection.rejected,
      others: rejection.othersRejected,
    },
  }) as object;
}
