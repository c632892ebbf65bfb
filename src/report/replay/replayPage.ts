import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { htmlPage } from '../htmlPage.js';
import type { ReplayReport } from './ReplayReport.js';

const require = createRequire(import.meta.url);

/** One page with data, program, chart library (uPlot, MIT) and pictures. */
export async function replayPage(report: ReplayReport): Promise<string> {
  const own = (name: string): Promise<string> => readFile(new URL(`page/${name}`, import.meta.url), 'utf8');
  const library = (name: string): Promise<string> => readFile(require.resolve(`uplot/dist/${name}`), 'utf8');
  // A label with </script> in it must not end the element.
  const data = JSON.stringify(report).replaceAll('<', '\\u003c');
  return htmlPage({
    title: report.title,
    style: `${await library('uPlot.min.css')}
${await own('../../../web/page/base.css')}
${await own('replay.css')}`,
    body: `${await own('replay.html')}
<script id="report" type="application/json">${data}</script>
<script>${await library('uPlot.iife.min.js')}</script>
<script>${await own('replayCharts.js')}</script>
<script>${await own('replayTables.js')}</script>
<script>${await own('replay.js')}</script>`,
    hasScripts: true,
  });
}
