import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { ReplayReport } from './ReplayReport.js';

const POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'";

const require = createRequire(import.meta.url);

/**
 * One self-contained page with data, program, chart library (uPlot, MIT) and pictures. It makes no requests; its
 * content security policy forbids them.
 */
export async function replayPage(report: ReplayReport): Promise<string> {
  const own = (name: string): Promise<string> => readFile(new URL(`page/${name}`, import.meta.url), 'utf8');
  const library = (name: string): Promise<string> => readFile(require.resolve(`uplot/dist/${name}`), 'utf8');
  // A label with </script> in it must not end the element.
  const data = JSON.stringify(report).replaceAll('<', '\\u003c');
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="generator" content="effvit">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<title>${escapeHtml(report.title)}</title>
<link rel="icon" href="data:,">
<style>${await library('uPlot.min.css')}
${await own('../../../web/page/base.css')}
${await own('replay.css')}</style>
</head>
<body>
${await own('replay.html')}
<script id="report" type="application/json">${data}</script>
<script>${await library('uPlot.iife.min.js')}</script>
<script>${await own('replayCharts.js')}</script>
<script>${await own('replayTables.js')}</script>
<script>${await own('replay.js')}</script>
</body>
</html>
`;
}

export function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
