// The replay report's page. Runs in a browser; Mithril, uPlot, parts.js and replayCharts.js are inlined before it.
(() => {
  const { bar, number, section, table, tiles } = window.effvitParts;
  const report = JSON.parse(document.getElementById('report').textContent);
  const { frames, labels, cameras } = report;
  const count = frames.sequence.length;
  const COLOURS = 9;
  const OTHER = COLOURS - 1;
  const byId = (id) => document.getElementById(id);
  const topOf = (row) => frames.results[row][0];

  /** The classes that are best most often have a colour each; the rest shares the last one. */
  const wins = new Map();
  for (let row = 0; row < count; row++) {
    const top = topOf(row);
    if (top !== undefined) wins.set(top, (wins.get(top) || 0) + 1);
  }
  const ranked = [...wins].sort((a, b) => b[1] - a[1]).map(([label]) => label);
  const slotOfLabel = new Map(ranked.map((label, rank) => [label, Math.min(rank, OTHER)]));
  const usedSlots = Math.min(ranked.length, COLOURS);

  const valueAt = ({ valuesMs }, percent) => valuesMs[report.percents.indexOf(percent)];

  const header = () => {
    const total = report.curves.find(({ stage }) => stage === 'total');
    const latency = (percent) => (total ? `${number(valueAt(total, percent))} ms` : 'n/a');
    return m('header', [
      m('h1', report.title),
      report.isSimulated &&
        m('p.banner', 'SIMULATED: results or times of this replay are not those of the hardware named.'),
      tiles([
        ['frames received', report.received],
        ['with results', report.published],
        ['dropped', report.dropped.reduce((sum, [, frameCount]) => sum + frameCount, 0)],
        [
          report.isSimulated ? 'frames a second (SIMULATED)' : 'frames a second',
          report.published > 0 ? number(report.fps) : 'n/a',
        ],
        ['median latency', latency(50)],
        ['99th percentile', latency(99)],
      ]),
    ]);
  };

  const drops = () => {
    const explained = report.reasons.filter((reason) => reason.includes(': '));
    const none = count === 0 ? 'There were no frames.' : 'None: every frame has its results.';
    const row = ([name, value]) =>
      bar({ name, value, share: value / Math.max(1, report.received), colour: 'var(--c1)' });
    return [
      report.dropped.length === 0 && m('p.dim', none),
      m('ul.plain', report.dropped.map(row)),
      explained.slice(0, 8).map((reason) => m('p.dim', reason)),
      explained.length > 8 && m('p.dim', `and ${explained.length - 8} more reasons`),
    ];
  };

  const stages = () => {
    const rows = report.curves.map((curve) => [
      curve.stage,
      ...[50, 95, 99, 100].map((percent) => valueAt(curve, percent).toFixed(3)),
    ]);
    return table('stages', ['stage', 'p50 ms', 'p95 ms', 'p99 ms', 'max ms'], rows);
  };

  /** How steady the classes are: raw against smoothed. */
  const changes = () => {
    const rows = report.changes.map(({ camera, raw, rawPerMinute, smoothed, smoothedPerMinute }) => [
      ...[camera, raw, rawPerMinute.toFixed(1)],
      ...[smoothed, smoothedPerMinute.toFixed(1)],
    ]);
    return table('changes', ['camera', 'raw', 'a minute', 'smoothed', 'a minute'], rows);
  };

  /** What is wrong with pictures, and why frames are UNKNOWN: frames of each camera by cause. */
  const problems = () => {
    const counts = new Map();
    for (const [row, found] of frames.doubts.entries()) {
      for (const doubt of found) {
        const key = JSON.stringify([cameras[frames.camera[row]], report.doubts[doubt]]);
        counts.set(key, (counts.get(key) ?? 0) + 1);
      }
    }
    const rows = [...counts].map(([key, frameCount]) => [...JSON.parse(key), frameCount]);
    return table('problems', ['camera', 'what', 'frames'], rows.sort());
  };

  const legend = () =>
    Array.from({ length: usedSlots }, (_, slot) => {
      const inSlot = ranked.filter((label) => slotOfLabel.get(label) === slot);
      const text = inSlot.length > 1 ? `${inSlot.length} other classes` : labels[inSlot[0]];
      const frameCount = inSlot.reduce((sum, label) => sum + wins.get(label), 0);
      return m('span', m('i', { style: { background: `var(--c${slot})` } }), `${text} (${frameCount})`);
    });

  m.render(byId('page'), [
    header(),
    m('main.report', [
      section('frames', 'Frames', m('#frame-parts')),
      section('timeline', 'Classes and scores', m('.legend', legend()), m('#timelines')),
      report.changes && section('steadiness', 'Changes of the class', changes()),
      frames.doubts && section('trust', 'Problems of pictures and scores', problems()),
      report.regionCounts &&
        section(
          'regions',
          'Regions',
          table('region-counts', ['regions and what had no counterpart', 'count'], report.regionCounts),
        ),
      section('latency', 'Latency', m('#latency-charts'), stages()),
      section('drops', 'Dropped frames', drops()),
      section(
        'facts',
        'Model and machine',
        m(
          'dl.pairs',
          report.facts.map(([name, value]) => [m('dt', name), m('dd', value)]),
        ),
        m('h3', 'Command'),
        m('pre', report.command),
      ),
    ]),
  ]);
  window.effvitFrames(report, byId('frame-parts'));
  const draw = () =>
    window.effvitCharts(report, {
      topOf,
      slotOfLabel,
      usedSlots,
      timelines: byId('timelines'),
      latency: byId('latency-charts'),
    });
  draw();
  let drawnWidthPx = document.documentElement.clientWidth;
  let waiting;
  window.addEventListener('resize', () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => {
      if (document.documentElement.clientWidth === drawnWidthPx) return;
      drawnWidthPx = document.documentElement.clientWidth;
      draw();
    }, 150);
  });
  window.matchMedia('(prefers-color-scheme: dark)').addEventListener('change', draw);
  document.documentElement.dataset.ready = 'yes';
})();
