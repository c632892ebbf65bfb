import { extname } from 'node:path';
import { PNG_MARK } from '../annotate/pngMark.js';
import { EffvitError } from '../core/EffvitError.js';
import { writeFileAtomic } from '../core/writeFileAtomic.js';
import { loadSharp } from '../image/loadSharp.js';

import type { OutputKind } from './outputs/isOwnOutput.js';

const KINDS = ['.png', '.svg', '.html'] as const;

/** The kind of a chart, by its file name. */
export function chartKind(path: string): OutputKind {
  const extension = extname(path).toLowerCase();
  return extension === '.png' ? 'png' : extension === '.html' ? 'html' : 'svg';
}

/**
 * Checks the name before the work starts, so that a wrong name does not lose results. @throws EffvitError BAD_ARGUMENT
 */
export function checkChartPath(path: string): void {
  if (KINDS.some((kind) => extname(path).toLowerCase() === kind)) return;
  throw new EffvitError(
    'BAD_ARGUMENT',
    `Expected a file that ends with ${KINDS.join(', ')} for --chart but received ${path}.`,
    { context: { file: path } },
  );
}

/** Writes an SVG picture in the format of the file name's extension. @throws EffvitError IO_FAILED */
export async function writeChart(path: string, svg: string): Promise<void> {
  switch (extname(path).toLowerCase()) {
    case '.png':
      // Double size, so that text is sharp on dense screens and on paper.
      return writeFileAtomic(
        path,
        await loadSharp()(Buffer.from(svg), { density: 144 }).withExif(PNG_MARK).png().toBuffer(),
      );
    case '.html':
      return writeFileAtomic(path, page(svg));
    default:
      return writeFileAtomic(path, svg);
  }
}

function page(svg: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="generator" content="effvit">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>effvit</title>
<style>body { margin: 16px; background: #fff } svg { max-width: 100%; height: auto }</style>
</head>
<body>
${svg}</body>
</html>
`;
}
