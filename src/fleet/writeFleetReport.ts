import { writeFileAtomic } from '../core/writeFileAtomic.js';
import type { FleetFolder } from './FleetFolder.js';
import { fleetPage } from './fleetPage.js';
import type { MergedFleet } from './fleetReport.js';

/** The text of report.json: the same bytes for the same bags. */
export function reportText({ report }: Pick<MergedFleet, 'report'>): string {
  return `${JSON.stringify(report, undefined, 1)}\n`;
}

/**
 * Writes the merged report into the run's folder.
 *
 * @returns the paths of report.json and report.html.
 * @throws EffvitError IO_FAILED
 */
export async function writeFleetReport(
  folder: FleetFolder,
  merged: MergedFleet,
): Promise<{ readonly jsonPath: string; readonly htmlPath: string }> {
  const jsonPath = folder.runPath('report.json');
  const htmlPath = folder.runPath('report.html');
  await writeFileAtomic(
    folder.runPath('bags.jsonl'),
    // Written as buffers, since a string has at most half a gigabyte.
    Buffer.concat(merged.rows.map((row) => Buffer.from(`${JSON.stringify(row)}\n`))),
  );
  await writeFileAtomic(
    folder.runPath('timings.json'),
    `${JSON.stringify({ version: 1, bags: merged.timings }, undefined, 1)}\n`,
  );
  await writeFileAtomic(htmlPath, fleetPage(merged.report));
  // Written last, so that its presence shows that the others are complete.
  await writeFileAtomic(jsonPath, reportText(merged));
  return { jsonPath, htmlPath };
}
