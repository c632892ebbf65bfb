import { escapeXml } from '../core/escapeXml.js';

/** Parts of an HTML page; `style` is CSS, `body` HTML. */
export interface HtmlPageParts {
  readonly title: string;
  readonly style: string;
  readonly body: string;
  /** Whether the body has scripts. */
  readonly hasScripts?: boolean;
}

/**
 * A self-contained page: it makes no requests, and its content security policy forbids them. By the name of the
 * generator a later run knows that it may replace the file.
 */
export function htmlPage({ title, style, body, hasScripts = false }: HtmlPageParts): string {
  const scripts = hasScripts ? "; script-src 'unsafe-inline'" : '';
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="generator" content="effvit">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'${scripts}">
<title>${escapeXml(title)}</title>
<link rel="icon" href="data:,">
<style>${style}</style>
</head>
<body>
${body}
</body>
</html>
`;
}
