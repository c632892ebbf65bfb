// The charts of the replay report. Runs in a browser, after uPlot and before replay.js, which calls it.
window.effvitCharts = (report, { byId, make, colour, topOf, slotOfLabel, usedSlots, COLOURS, OTHER }) => {
  const { frames, cameras } = report;
  const count = frames.sequence.length;
  const MAX_POINTS = 1500;
  const stageColumn = (name) => report.stages.indexOf(name);

  let charts = [];
  const axis = (label, more = {}) => ({
    label,
    stroke: colour('--text'),
    grid: { stroke: colour('--line'), width: 1 },
    ticks: { stroke: colour('--line'), width: 1 },
    font: '12px system-ui, sans-serif',
    labelFont: '12px system-ui, sans-serif',
    labelSize: 20,
    ...more,
  });
  const chart = (parent, options, data) => {
    const widthPx = Math.max(200, parent.clientWidth);
    const drawn = new uPlot({ width: widthPx, height: 260, ...options }, data, parent);
    charts.push(drawn);
    drawn.over.parentElement.setAttribute('role', 'img');
    drawn.over.parentElement.setAttribute('aria-label', options.name);
    reachLegend(drawn);
  };
  /** The library's legend switches its lines by the mouse; here by the keyboard, too. */
  const reachLegend = (drawn) => {
    const heads = [...drawn.root.querySelectorAll('.u-legend .u-series > th')];
    // The first one is the axis.
    const lines = heads.slice(1);
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

  const timelines = () => {
    const holder = byId('timelines');
    holder.replaceChildren();
    // A single moment has no length to draw.
    const end = (count > 0 && bounds(frames.timeS)[1]) || 1;
    const byName = [...cameras.entries()].sort(([, a], [, b]) => (a < b ? -1 : 1));
    for (const [index, camera] of byName) {
      const rows = [];
      for (let row = 0; row < count; row++) if (frames.camera[row] === index) rows.push(row);
      // Recorded times may go back; a chart's must not.
      rows.sort((a, b) => frames.timeS[a] - frames.timeS[b]);
      const withResults = rows.filter((row) => topOf(row) !== undefined);
      const withRegions = rows.filter((row) => frames.regions?.[row]);
      if (withRegions.length > 0) {
        const text = `${camera}: regions of ${withRegions.length} of ${rows.length} frames were classified`;
        holder.append(make('h3', '', text), make('p', 'empty', 'The frames above show them.'));
        continue;
      }
      holder.append(make('h3', '', `${camera}: ${withResults.length} of ${rows.length} frames with results`));
      if (withResults.length === 0) {
        holder.append(make('p', 'empty', 'No frame of this camera has a result.'));
        if (frames.doubts)
          ribbonOf(holder, 'problems', camera, rows, end, (row) => frames.doubts[row][0], '--warn');
        continue;
      }
      ribbonOf(holder, frames.smoothed ? 'raw' : 'best class', camera, rows, end, topOf);
      if (frames.smoothed) {
        ribbonOf(holder, 'smoothed', camera, rows, end, (row) => frames.smoothed[row][0]);
      }
      if (rows.some((row) => frames.doubts?.[row].length > 0)) {
        ribbonOf(holder, 'problems', camera, rows, end, (row) => frames.doubts[row][0], '--warn');
      }
      const element = make('div', 'chart');
      holder.append(element);
      const x = withResults.map((row) => frames.timeS[row]);
      const series = Array.from({ length: usedSlots }, (_, slot) =>
        withResults.map((row) => (slotOfLabel.get(topOf(row)) === slot ? frames.results[row][1] : null)),
      );
      chart(
        element,
        {
          name: `Best score over time by class, ${camera}`,
          height: 200,
          padding: [8, 18, 0, 0],
          legend: { show: false },
          scales: { x: { time: false, range: [0, end] }, y: { range: [0, 1.02] } },
          axes: [axis('seconds'), axis('score', { size: 40 })],
          series: [
            {},
            ...series.map((_, slot) => ({
              stroke: colour(`--c${slot}`),
              paths: () => null,
              points: { show: true, size: 6, fill: colour(`--c${slot}`) },
            })),
          ],
        },
        [x, ...series],
      );
    }
    if (cameras.length === 0) holder.append(make('p', 'empty', 'There were no frames.'));
  };

  /** One row of a camera over time, coloured by the class that `indexOf` gives for a frame, or by `fixed`. */
  const ribbonOf = (holder, name, camera, rows, end, indexOf, fixed) => {
    const line = make('div', 'ribbon-line');
    const canvas = make('canvas', 'ribbon');
    canvas.setAttribute('role', 'img');
    canvas.setAttribute('aria-label', `${name}, ${camera}`);
    line.append(make('span', 'ribbon-name', name), canvas);
    holder.append(line);
    drawRibbon(canvas, rows, end, indexOf, fixed);
  };

  const drawRibbon = (canvas, rows, end, indexOf, fixed) => {
    const ratio = window.devicePixelRatio || 1;
    canvas.width = Math.max(1, Math.round(canvas.clientWidth * ratio));
    canvas.height = Math.round(18 * ratio);
    const context = canvas.getContext('2d');
    const colours = Array.from({ length: COLOURS }, (_, slot) => colour(`--c${slot}`));
    for (const [index, row] of rows.entries()) {
      const top = indexOf(row);
      if (top === undefined) continue;
      const from = (frames.timeS[row] / end) * canvas.width;
      const next = rows[index + 1];
      const until = next === undefined ? canvas.width : (frames.timeS[next] / end) * canvas.width;
      context.fillStyle =
        fixed === undefined ? (colours[slotOfLabel.get(top)] ?? colours[OTHER]) : colour(fixed);
      context.fillRect(from, 0, Math.max(1, until - from), canvas.height);
    }
  };

  /** Smallest and largest without spreading thousands of arguments. */
  const bounds = (values) => {
    let low = Infinity;
    let high = -Infinity;
    for (const value of values) {
      if (value < low) low = value;
      if (value > high) high = value;
    }
    return [low, high];
  };

  const latencyCharts = () => {
    for (const id of ['curves', 'over-time']) byId(id).replaceChildren();
    if (report.curves.length === 0) {
      byId('curves').append(make('p', 'empty', 'No frame was classified, so nothing was measured.'));
      byId('over-time').append(make('p', 'empty', 'No frame was classified, so nothing was measured.'));
      return;
    }
    const positive = (values) => values.map((value) => (value > 0 ? value : null));
    const logarithmic = { distr: 3 };
    const log = {
      size: 60,
      values: (_, ticks) => ticks.map((tick) => (tick === null ? '' : String(Number(tick.toPrecision(1))))),
    };
    chart(
      byId('curves'),
      {
        name: 'Latency in milliseconds by percentile, a curve for each stage',
        scales: { x: { time: false, range: [0, 100] }, y: logarithmic },
        axes: [axis('percent of frames'), axis('milliseconds', log)],
        series: [
          { label: 'percent' },
          ...report.curves.map(({ stage }, index) => ({
            label: `${stage}, ms`,
            stroke: colour(`--c${index % COLOURS}`),
            width: stage === 'total' ? 3 : 1.5,
            spanGaps: true,
            points: { show: false },
            show: !['copy', 'postprocess', 'handover'].includes(stage),
          })),
        ],
      },
      [report.percents, ...report.curves.map(({ valuesMs }) => positive(valuesMs))],
    );
    const rows = [];
    for (let row = 0; row < count; row++) if (frames.timesMs[row].length > 0) rows.push(row);
    rows.sort((a, b) => frames.timeS[a] - frames.timeS[b]);
    const perPoint = Math.max(1, Math.ceil(rows.length / MAX_POINTS));
    const x = [];
    const columns = report.curves.map(() => []);
    const stageColumns = report.curves.map(({ stage }) => stageColumn(stage));
    for (let first = 0; first < rows.length; first += perPoint) {
      const group = rows.slice(first, first + perPoint);
      x.push(frames.timeS[group[0]]);
      for (const [index, column] of stageColumns.entries()) {
        columns[index].push(bounds(group.map((row) => frames.timesMs[row][column]))[1]);
      }
    }
    const label = perPoint === 1 ? 'seconds' : `seconds; each point is the slowest of ${perPoint} frames`;
    chart(
      byId('over-time'),
      {
        name: 'Latency in milliseconds over the recording, a line for each stage',
        scales: {
          x: { time: false, ...(x.length === 1 && { range: [x[0] - 1, x[0] + 1] }) },
          y: logarithmic,
        },
        axes: [axis(label), axis('milliseconds', log)],
        series: [
          { label: 'seconds' },
          ...report.curves.map(({ stage }, index) => ({
            label: `${stage}, ms`,
            stroke: colour(`--c${index % COLOURS}`),
            width: 1.5,
            points: { show: x.length < 50, size: 5 },
            show: ['total', 'inference', 'queue wait'].includes(stage),
          })),
        ],
      },
      [x, ...columns.map(positive)],
    );
  };

  const draw = () => {
    for (const one of charts) one.destroy();
    charts = [];
    timelines();
    latencyCharts();
  };

  return draw;
};
