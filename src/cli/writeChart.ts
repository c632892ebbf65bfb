import { extname } from 'node:path';
import { PNG_MARK } from '../annotate/annotatePicture.js';
import { badArgument } from '../core/EffvitError.js';
import { writeFileAtomic } from '../core/writeFileAtomic.js';
import { loadSharp } from '../image/loadSharp.js';
import { htmlPage } from '../report/htmlPage.js';
import type { OutputKind, PlannedOutput } from './outputs/checkOutputs.js';

const KINDS: Readonly<Record<string, OutputKind>> = { '.png': 'png', '.svg': 'svg', '.html': 'html' };

const CHART_STYLE = 'body { margin: 16px; background: #fff } svg { max-width: 100%; height: auto }';

/** The option --chart, to be checked before the work starts. @throws EffvitError BAD_ARGUMENT for another kind of file */
export function chartOutput(path: string | undefined): PlannedOutput {
  // The kind plays no part where the option is not given.
  const kind = path === undefined ? 'svg' : KINDS[extname(path).toLowerCase()];
  if (kind !== undefined) return { option: '--chart', path, kind };
  throw badArgument(
    `Expected a file that ends with ${Object.keys(KINDS).join(', ')} for --chart but received ${path}.`,
    { file: path },
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
      return writeFileAtomic(path, htmlPage({ title: 'effvit', style: CHART_STYLE, body: svg }));
    default:
      return writeFileAtomic(path, svg);
  }
}
