import { escapeXml } from '../core/escapeXml.js';
import { htmlPage } from '../report/htmlPage.js';
import type { CameraResult } from './BagResult.js';
import type { FleetRow } from './FleetRow.js';
import type { FleetReport } from './fleetReport.js';

/** Most bags on the page; report.json has the others. */
const BAGS_SHOWN = 1000;

const STYLE = `
:root { font: 15px/1.5 system-ui, sans-serif }
body { margin: 0 auto; max-width: 72rem; padding: 1rem }
h1 { font-size: 1.4rem } h2 { font-size: 1.1rem; margin-top: 2rem }
.wide { overflow-x: auto }
table { border-collapse: collapse; width: 100% }
th, td { padding: .25rem .6rem; text-align: right; border-bottom: 1px solid color-mix(in srgb, currentColor 20%, transparent); vertical-align: top }
th:first-child, td:first-child { text-align: left; overflow-wrap: anywhere }
.problem td { color: light-dark(#a40000, #ff9b8f) }
.simulated { font-weight: bold }
`;

/** The title of a table's column, and the field that it shows. */
type Column = readonly [title: string, field: string];

/** The merged report as one HTML page without scripts; the same bytes for the same report. */
export function fleetPage(report: FleetReport): string {
  const { run, bags, frames, accuracy } = report;
  const judged: readonly Column[] =
    accuracy === undefined
      ? []
      : [
          ['judged', 'judged'],
          ['top-1 %', 'top1_percent'],
          ['top-5 %', 'top5_percent'],
        ];
  const counts: readonly Column[] = [
    ['received', 'received'],
    ['published', 'published'],
    ['mean score', 'mean_score'],
  ];
  const rows = report.worst_first.slice(0, BAGS_SHOWN);
  const left = bags.named - rows.length;
  const title = `${bags.named} bags through ${run.model}`;
  return htmlPage({
    title,
    style: STYLE,
    body: `<h1>${escapeXml(title)}</h1>
<p>${escapeXml(run.runtime)} (${escapeXml(run.backend)})${run.simulated ? ' <span class="simulated">SIMULATED</span>' : ''}, run ${escapeXml(run.key)}, effvit ${escapeXml(run.effvit)}</p>
<p>${bags.done} done, ${bags.failed} failed, ${bags.missing} missing, ${bags.copies} copies of others;
${report.recorded_hours} recorded hours; ${frames.received} frames received, ${frames.published} published${escapeXml(causes(', dropped: ', frames.dropped))}.</p>
${frames.regions === undefined ? '' : `<p>${escapeXml(regionSentence(frames.regions))}</p>`}
${accuracy === undefined ? '' : `<p>top-1 <strong>${accuracy.top1_percent} %</strong>, top-5 ${accuracy.top5_percent} % of ${accuracy.frames} labelled frames.</p>`}
${report.differences === undefined ? '' : `<p>${report.differences.frames} frames of ${report.differences.bags} bags are not as expected.</p>`}
<h2>Bags, worst first</h2>
${table(
  [['bag', 'name'], ...counts, ...judged],
  rows.map((row) => ({ ...row, name: bagText(row) })),
)}
${left > 0 ? `<p>... and ${left} more bags, in bags.jsonl.</p>` : ''}
<h2>Cameras</h2>
${table([['topic', 'topic'], ['bags', 'bags'], ...counts, ...judged], report.cameras)}
<h2>Classes</h2>
${table(
  [
    ['class', 'label'],
    [frames.regions === undefined ? 'frames' : 'regions', 'frames'],
    ['bags', 'bags'],
    ['mean score', 'mean_score'],
    ...judged,
  ],
  report.classes,
)}`,
  });
}

function bagText({ name, problem, differences, first_difference }: FleetRow): string {
  if (problem !== undefined) return problem.includes(name) ? problem : `${name}: ${problem}`;
  if (first_difference === undefined) return name;
  return `${name}: ${differences} frames differ, the first ${first_difference}`;
}

/** Of the boxes of detectors, which the classes count then. */
export function regionSentence({ classified, unknown }: NonNullable<CameraResult['regions']>): string {
  return `${classified} regions classified${causes(', UNKNOWN: ', unknown)}; the classes count regions.`;
}

function causes(title: string, counts: Readonly<Record<string, number>>): string {
  const each = Object.entries(counts).map(([cause, count]) => `${cause} ${count}`);
  return each.length === 0 ? '' : `${title}${each.join(', ')}`;
}

function table(columns: readonly Column[], rows: readonly Readonly<Record<string, unknown>>[]): string {
  const line = (tag: 'th' | 'td', cells: readonly unknown[]): string =>
    cells.map((cell) => `<${tag}>${escapeXml(String(cell ?? ''))}</${tag}>`).join('');
  const head = columns.map(([title]) => title);
  const body = rows.map((row) => {
    const cells = columns.map(([, field]) => row[field]);
    return `<tr${row['problem'] === undefined ? '' : ' class="problem"'}>${line('td', cells)}</tr>`;
  });
  return `<div class="wide"><table><thead><tr>${line('th', head)}</tr></thead><tbody>\n${body.join('\n')}\n</tbody></table></div>`;
}
