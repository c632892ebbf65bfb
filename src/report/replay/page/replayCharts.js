// The charts of the replay report. Runs in a browser, after Mithril, uPlot and parts.js, before replay.js, which calls it
// again for another width or another colour scheme.
window.effvitCharts = (report, { topOf, slotOfLabel, usedSlots, timelines, latency }) => {
  const { frames, cameras } = report;
  const MAX_POINTS = 1500;

  /** A colour of the style sheet as a canvas needs it: the light or the dark one. */
  const colour = (name) => {
    document.head.style.color = `var(${name})`;
    return getComputedStyle(document.head).color;
  };
  const warn = colour('--warn');
  const colours = Array.from({ length: 9 }, (_, slot) => colour(`--c${slot}`));
  const font = '12px system-ui, sans-serif';
  const line = { stroke: colour('--line'), width: 1 };
  const axis = (label, more = {}) => ({
    label,
    stroke: colour('--text'),
    ...{ grid: line, ticks: line, font, labelFont: font, labelSize: 20 },
    ...more,
  });

  const chart = (name, options, data) => {
    const oncreate = ({ dom, state }) => {
      const width = Math.max(200, dom.clientWidth);
      const drawn = new uPlot({ width, height: 260, ...options }, data, dom);
      state.drawn = drawn;
      drawn.over.parentElement.setAttribute('role', 'img');
      drawn.over.parentElement.setAttribute('aria-label', name);
      reachLegend(drawn);
    };
    return m('.chart', { oncreate, onremove: ({ state }) => state.drawn.destroy() });
  };
  /** The library's legend switches its lines by the mouse; here by the keyboard, too. */
  const reachLegend = (drawn) => {
    // The first one is the axis.
    const lines = [...drawn.root.querySelectorAll('.u-legend .u-series > th')].slice(1);
    const tell = () => {
      for (const [index, head] of lines.entries()) {
        head.setAttribute('aria-pressed', String(drawn.series[index + 1].show));
      }
    };
    for (const head of lines) {
      head.tabIndex = 0;
      head.setAttribute('role', 'button');
      head.addEventListener('click', tell);
      head.addEventListener('keydown', (event) => {
        if (event.key !== 'Enter' && event.key !== ' ') return;
        event.preventDefault();
        head.click();
      });
    }
    tell();
  };

  /** Recorded times may go back; a chart's must not. */
  const rowsInTime = (isWanted) =>
    [...frames.sequence.keys()].filter(isWanted).sort((a, b) => frames.timeS[a] - frames.timeS[b]);
  // A single moment has no length to draw.
  const endS = frames.timeS.reduce((end, timeS) => Math.max(end, timeS), 0) || 1;

  /** One row of a camera over time. @param colourOf the colour of a frame, if it has one */
  const ribbon = (name, camera, rows, colourOf) => {
    const oncreate = ({ dom: canvas }) => {
      const ratio = window.devicePixelRatio || 1;
      canvas.width = Math.max(1, Math.round(canvas.clientWidth * ratio));
      canvas.height = Math.round(18 * ratio);
      const context = canvas.getContext('2d');
      for (const [index, row] of rows.entries()) {
        context.fillStyle = colourOf(row) || 'transparent';
        const from = (frames.timeS[row] / endS) * canvas.width;
        const until = ((frames.timeS[rows[index + 1]] ?? endS) / endS) * canvas.width;
        context.fillRect(from, 0, Math.max(1, until - from), canvas.height);
      }
    };
    return m('.ribbon-line', [
      m('span.ribbon-name.dim', name),
      m('canvas.ribbon.track', { role: 'img', 'aria-label': `${name}, ${camera}`, oncreate }),
    ]);
  };

  const timeline = ([index, camera]) => {
    const rows = rowsInTime((row) => frames.camera[row] === index);
    const withResults = rows.filter((row) => topOf(row) !== undefined);
    const withRegions = rows.filter((row) => frames.regions?.[row]);
    if (withRegions.length > 0) {
      const text = `${camera}: regions of ${withRegions.length} of ${rows.length} frames were classified`;
      return [m('h3', text), m('p.dim', 'The frames above show them.')];
    }
    const colourOfLabel = (label) => colours[slotOfLabel.get(label) ?? colours.length - 1];
    const byTop = (row) => topOf(row) !== undefined && colourOfLabel(topOf(row));
    const byHeld = (row) => frames.smoothed[row].length > 0 && colourOfLabel(frames.smoothed[row][0]);
    const byDoubt = (row) => frames.doubts[row].length > 0 && warn;
    const isDoubted = rows.some((row) => frames.doubts?.[row].length > 0);
    const series = Array.from({ length: usedSlots }, (_, slot) =>
      withResults.map((row) => (slotOfLabel.get(topOf(row)) === slot ? frames.results[row][1] : null)),
    );
    const options = {
      ...{ height: 200, padding: [8, 18, 0, 0], legend: { show: false } },
      scales: { x: { time: false, range: [0, endS] }, y: { range: [0, 1.02] } },
      axes: [axis('seconds'), axis('score', { size: 40 })],
      series: [
        {},
        ...series.map((_, slot) => ({
          stroke: colours[slot],
          paths: () => null,
          points: { show: true, size: 6, fill: colours[slot] },
        })),
      ],
    };
    const times = withResults.map((row) => frames.timeS[row]);
    const isShown = withResults.length > 0;
    return [
      m('h3', `${camera}: ${withResults.length} of ${rows.length} frames with results`),
      !isShown && m('p.dim', 'No frame of this camera has a result.'),
      isShown && ribbon(frames.smoothed ? 'raw' : 'best class', camera, rows, byTop),
      isShown && frames.smoothed && ribbon('smoothed', camera, rows, byHeld),
      isDoubted && ribbon('problems', camera, rows, byDoubt),
      isShown && chart(`Best score over time by class, ${camera}`, options, [times, ...series]),
    ];
  };

  const latencyCharts = () => {
    if (report.curves.length === 0) return m('p.dim', 'No frame was classified, so nothing was measured.');
    const positive = (values) => values.map((value) => (value > 0 ? value : null));
    const log = {
      size: 60,
      values: (_, ticks) => ticks.map((tick) => (tick === null ? '' : String(Number(tick.toPrecision(1))))),
    };
    const latencyChart = (name, [xName, xLabel, xRange], seriesOf, data) =>
      chart(
        name,
        {
          scales: { x: { time: false, ...(xRange && { range: xRange }) }, y: { distr: 3 } },
          axes: [axis(xLabel), axis('milliseconds', log)],
          series: [
            { label: xName },
            ...report.curves.map(({ stage }, index) => ({
              ...{ label: `${stage}, ms`, stroke: colours[index % colours.length], width: 1.5 },
              ...seriesOf(stage),
            })),
          ],
        },
        [data[0], ...data.slice(1).map(positive)],
      );
    const rows = rowsInTime((row) => frames.timesMs[row].length > 0);
    const perPoint = Math.max(1, Math.ceil(rows.length / MAX_POINTS));
    const groups = Array.from({ length: Math.ceil(rows.length / perPoint) }, (_, point) =>
      rows.slice(point * perPoint, (point + 1) * perPoint),
    );
    const x = groups.map(([first]) => frames.timeS[first]);
    const xLabel = perPoint === 1 ? 'seconds' : `seconds; each point is the slowest of ${perPoint} frames`;
    const slowest = report.curves.map(({ stage }) => {
      const column = report.stages.indexOf(stage);
      return groups.map((group) => Math.max(...group.map((row) => frames.timesMs[row][column])));
    });
    return [
      m('h3', 'Percentiles'),
      latencyChart(
        'Latency in milliseconds by percentile, a curve for each stage',
        ['percent', 'percent of frames', [0, 100]],
        (stage) => ({
          width: stage === 'total' ? 3 : 1.5,
          spanGaps: true,
          points: { show: false },
          show: !['copy', 'postprocess', 'handover'].includes(stage),
        }),
        [report.percents, ...report.curves.map(({ valuesMs }) => valuesMs)],
      ),
      m('h3', 'Over the recording'),
      latencyChart(
        'Latency in milliseconds over the recording, a line for each stage',
        ['seconds', xLabel, x.length === 1 && [x[0] - 1, x[0] + 1]],
        (stage) => ({
          points: { show: x.length < 50, size: 5 },
          show: ['total', 'inference', 'queue wait'].includes(stage),
        }),
        [x, ...slowest],
      ),
    ];
  };

  // What was drawn before has another width or other colours.
  m.render(timelines, null);
  m.render(latency, null);
  const byName = [...cameras.entries()].sort(([, a], [, b]) => (a < b ? -1 : 1));
  m.render(timelines, cameras.length > 0 ? byName.map(timeline) : m('p.dim', 'There were no frames.'));
  m.render(latency, latencyCharts());
};
