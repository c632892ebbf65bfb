import type { CalibrationReport } from '../classify/calibration/CalibrationTally.js';
import type { EvaluationScoresReport } from '../classify/calibration/EvaluationScores.js';
import { plainTable } from './stageTable.js';
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
export function evalScoresJson(report: EvaluationScoresReport): Record<string, unknown> {
  const { temperature, calibration, fit, known, rejection, others } = report;
  return {
    calibration: { temperature, ...calibrationJson(calibration) },
    ...(fit !== undefined && {
      calibrated: {
        temperature: fit.temperature,
        is_at_bound: fit.isAtBound,
        ...calibrationJson(fit.after),
      },
    }),
    known_scores: Object.fromEntries(
      known.map(({ kind, p1, p5, p50, others: compared }) => [
        kind,
        {
          p1,
          p5,
          p50,
          ...(compared !== undefined && {
            auroc: compared.auroc,
            others_below_p5_percent: compared.rejectedAtP5Percent,
          }),
        },
      ]),
    ),
    others,
    ...(rejection !== undefined && {
      unknown: {
        known_score: rejection.kind,
        threshold: rejection.threshold,
        pictures: rejection.rejected,
        others: rejection.othersRejected,
      },
    }),
  };
}

function calibrationJson({ ecePercent, nll, bins }: CalibrationReport): Record<string, unknown> {
  return {
    ece_percent: ecePercent,
    nll,
    bins: bins.map(({ upTo, pictures, confidence, accuracy }) => ({
      up_to: upTo,
      pictures,
      confidence,
      accuracy,
    })),
  };
}
