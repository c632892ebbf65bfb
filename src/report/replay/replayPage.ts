import { readFile } from 'node:fs/promises';
import { htmlPage } from '../htmlPage.js';
import type { ReplayReport } from './ReplayReport.js';

/** One page with data, programs, libraries (Mithril and uPlot, MIT) and pictures. */
export async function replayPage(report: ReplayReport): Promise<string> {
  const textOf = (file: string): Promise<string> => readFile(new URL(import.meta.resolve(file)), 'utf8');
  const styles = ['uplot/dist/uPlot.min.css', '../../web/page/base.css', './page/replay.css'];
  const scripts = [
    'mithril/mithril.min.js',
    'uplot/dist/uPlot.iife.min.js',
    '../../web/page/parts.js',
    './page/replayFrames.js',
    './page/replayCharts.js',
    './page/replay.js',
  ];
  // A label with </script> in it must not end the element.
  const data = JSON.stringify(report).replaceAll('<', '\\u003c');
  return htmlPage({
    title: report.title,
    style: (await Promise.all(styles.map(textOf))).join('\n'),
    body: `<div id="page"></div>
<noscript><p>This page draws itself with JavaScript, which is switched off here.</p></noscript>
<script id="report" type="application/json">${data}</script>
${(await Promise.all(scripts.map(textOf))).map((text) => `<script>${text}</script>`).join('\n')}`,
    hasScripts: true,
  });
}
