// The replay report's page. Runs in a browser; `uPlot` is inlined before it.
(() => {
  const report = JSON.parse(document.getElementById('report').textContent);
  const { frames, thumbnails, labels, cameras } = report;
  const count = frames.sequence.length;
  const COLOURS = 9;
  const OTHER = COLOURS - 1;
  const MAX_POINTS = 1500;

  const byId = (id) => document.getElementById(id);
  const make = (tag, className, text) => {
    const element = document.createElement(tag);
    if (className) element.className = className;
    if (text !== undefined) element.textContent = text;
    return element;
  };
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const number = (value) =>
    value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
  const stageColumn = (name) => report.stages.indexOf(name);
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

  const head = () => {
    byId('title').textContent = report.title;
    byId('simulated').hidden = !report.isSimulated;
    const dropped = report.dropped.reduce((sum, [, frameCount]) => sum + frameCount, 0);
    const total = report.curves.find(({ stage }) => stage === 'total');
    const at = (percent) =>
      total ? `${number(total.valuesMs[report.percents.indexOf(percent)])} ms` : 'n/a';
    const tiles = [
      [String(report.received), 'frames received'],
      [String(report.published), 'with results'],
      [String(dropped), 'dropped'],
      [
        report.published > 0 ? number(report.fps) : 'n/a',
        report.isSimulated ? 'frames a second (SIMULATED)' : 'frames a second',
      ],
      [at(50), 'median latency'],
      [at(99), '99th percentile'],
    ];
    for (const [value, name] of tiles) {
      const tile = make('div', 'tile');
      tile.append(make('b', '', value), make('span', '', name));
      byId('tiles').append(tile);
    }
    for (const [name, value] of report.facts)
      byId('facts').append(make('dt', '', name), make('dd', '', value));
    byId('command').textContent = report.command;
  };

  const cellOfSequence = new Map(thumbnails.frames.map((sequence, cell) => [sequence, cell]));
  const picture = (cell) => {
    const { widthPx, heightPx, columns, rows, sheets } = thumbnails;
    const element = make('span', 'picture');
    const within = cell % (columns * rows);
    const sheet = Math.floor(cell / (columns * rows));
    element.style.backgroundImage = `url(${sheets[sheet]})`;
    element.style.backgroundPosition = `${-(within % columns) * widthPx}px ${-Math.floor(within / columns) * heightPx}px`;
    return element;
  };

  const rowOfSequence = new Map(frames.sequence.map((sequence, row) => [sequence, row]));
  const buttons = [];
  const strip = () => {
    const element = byId('strip');
    for (const [cell, sequence] of thumbnails.frames.entries()) {
      const row = rowOfSequence.get(sequence);
      const button = make('button');
      button.type = 'button';
      const top = topOf(row);
      const name = top === undefined ? 'no result' : labels[top];
      const score = top === undefined ? '' : ` ${frames.results[row][1].toFixed(2)}`;
      button.append(
        picture(cell),
        make('span', 'line', name + score),
        make('span', 'line dim', `${frames.timeS[row].toFixed(2)} s ${cameras[frames.camera[row]]}`),
      );
      button.title = `${name}${score}, ${cameras[frames.camera[row]]}`;
      button.addEventListener('click', () => choose(row));
      buttons.push({ button, row });
      element.append(button);
    }
    element.hidden = buttons.length === 0;
    byId('strip-hint').textContent =
      count === 0
        ? 'The recording gave no frame.'
        : buttons.length === 0
          ? 'No frame has results, so there is nothing to show in pictures.'
          : buttons.length === count
            ? `${count === 1 ? 'The frame' : `All ${count} frames`}, as the network saw ${count === 1 ? 'it' : 'them'}.`
            : `${buttons.length} of ${count} frames, as the network saw them; the slider steps through all.`;
    byId('chooser').hidden = count < 2;
    byId('slider').max = String(Math.max(0, count - 1));
    byId('slider').addEventListener('input', (event) => choose(Number(event.target.value)));
    byId('previous').addEventListener('click', () => choose(Math.max(0, chosen - 1)));
    byId('next').addEventListener('click', () => choose(Math.min(count - 1, chosen + 1)));
    element.addEventListener('keydown', (event) => {
      const focused = buttons.findIndex(({ button }) => button === document.activeElement);
      const steps = { ArrowRight: focused + 1, ArrowLeft: focused - 1, Home: 0, End: buttons.length - 1 };
      if (!(event.key in steps)) return;
      event.preventDefault();
      const next = buttons[steps[event.key]];
      if (next === undefined) return;
      choose(next.row);
      next.button.focus();
    });
  };

  /** The thumbnail of a frame, or the last one before it: many frames have none. */
  const markThumbnail = (row) => {
    let marked = 0;
    for (const [index, entry] of buttons.entries()) if (entry.row <= row) marked = index;
    for (const [index, { button }] of buttons.entries()) {
      button.setAttribute('aria-pressed', String(index === marked));
      // One stop for the tabulator; the arrow keys go on from there.
      button.tabIndex = index === marked ? 0 : -1;
    }
    const strip = byId('strip');
    const button = buttons[marked]?.button;
    if (button === undefined) return;
    // Not scrollIntoView, which would move the page as well.
    const before = button.offsetLeft - strip.offsetLeft;
    const beyond = before + button.offsetWidth - strip.clientWidth;
    if (before < strip.scrollLeft) strip.scrollLeft = before - 8;
    else if (beyond > strip.scrollLeft) strip.scrollLeft = beyond + 8;
  };

  let chosen = 0;
  const choose = (row) => {
    if (count === 0) return;
    chosen = row;
    byId('slider').value = String(row);
    byId('slider').setAttribute('aria-valuetext', `frame ${frames.sequence[row]}`);
    markThumbnail(row);
    const element = byId('frame');
    element.replaceChildren();
    const cell = cellOfSequence.get(frames.sequence[row]);
    if (cell !== undefined) element.append(picture(cell));
    const what = make('div', 'what');
    what.append(
      make(
        'p',
        'where',
        `#${frames.sequence[row]}, ${frames.timeS[row].toFixed(3)} s, ${cameras[frames.camera[row]]}`,
      ),
    );
    const results = frames.results[row];
    if (frames.reason[row] >= 0)
      what.append(make('p', 'empty', `Dropped: ${report.reasons[frames.reason[row]]}`));
    else if (results.length === 0) what.append(make('p', 'empty', 'No result above the threshold.'));
    for (let index = 0; index < results.length; index += 2) {
      what.append(bar(labels[results[index]], results[index + 1].toFixed(4), results[index + 1], 'c0'));
    }
    const times = frames.timesMs[row];
    if (times.length > 0) {
      const parts = report.stages.map((stage, column) => `${stage} ${times[column].toFixed(2)}`);
      what.append(make('p', 'times', `milliseconds: ${parts.join(', ')}`));
    }
    element.append(what);
  };

  const bar = (name, value, share, colourName) => {
    const element = make('div', 'bar');
    const track = make('div', 'track');
    const fill = make('div', 'fill');
    fill.style.width = `${Math.min(100, Math.max(0, 100 * share))}%`;
    fill.style.background = `var(--${colourName})`;
    track.append(fill);
    const label = make('span', 'name', name);
    label.title = name;
    element.append(label, make('span', 'number', value), track);
    return element;
  };

  const drops = () => {
    const element = byId('drops');
    if (report.dropped.length === 0) {
      element.append(
        make('p', 'empty', count === 0 ? 'There were no frames.' : 'None: every frame has its results.'),
      );
    }
    for (const [cause, frameCount] of report.dropped) {
      element.append(bar(cause, String(frameCount), frameCount / Math.max(1, report.received), 'c1'));
    }
    const explained = report.reasons.filter((reason) => reason.includes(': '));
    for (const reason of explained.slice(0, 8)) element.append(make('p', 'empty', reason));
    if (explained.length > 8) element.append(make('p', 'empty', `and ${explained.length - 8} more reasons`));
  };

  const stageTable = () => {
    const table = byId('stages');
    const header = make('tr');
    for (const title of ['stage', 'p50 ms', 'p95 ms', 'p99 ms', 'max ms'])
      header.append(make('th', '', title));
    if (report.curves.length > 0) table.append(header);
    for (const { stage, valuesMs } of report.curves) {
      const row = make('tr');
      row.append(make('td', '', stage));
      for (const percent of [50, 95, 99, 100]) {
        row.append(make('td', '', valuesMs[report.percents.indexOf(percent)].toFixed(3)));
      }
      table.append(row);
    }
  };

  const legend = () => {
    for (let slot = 0; slot < usedSlots; slot++) {
      const item = make('span');
      const mark = make('i');
      mark.style.background = `var(--c${slot})`;
      const isShared = slot === OTHER && ranked.length > COLOURS;
      const text = isShared ? `${ranked.length - OTHER} other classes` : labels[ranked[slot]];
      item.append(mark, make('span', '', `${text} (${countOfSlot(slot)})`));
      byId('legend').append(item);
    }
  };
  const countOfSlot = (slot) =>
    ranked.reduce((sum, label) => sum + (slotOfLabel.get(label) === slot ? wins.get(label) : 0), 0);

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
      holder.append(make('h3', '', `${camera}: ${withResults.length} of ${rows.length} frames with results`));
      if (withResults.length === 0) {
        holder.append(make('p', 'empty', 'No frame of this camera has a result.'));
        continue;
      }
      const ribbon = make('canvas', 'ribbon');
      ribbon.setAttribute('role', 'img');
      ribbon.setAttribute('aria-label', `Best class over time, ${camera}`);
      const element = make('div', 'chart');
      holder.append(ribbon, element);
      drawRibbon(ribbon, rows, end);
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

  const drawRibbon = (canvas, rows, end) => {
    const ratio = window.devicePixelRatio || 1;
    canvas.width = Math.max(1, Math.round(canvas.clientWidth * ratio));
    canvas.height = Math.round(18 * ratio);
    const context = canvas.getContext('2d');
    const colours = Array.from({ length: COLOURS }, (_, slot) => colour(`--c${slot}`));
    for (const [index, row] of rows.entries()) {
      const top = topOf(row);
      if (top === undefined) continue;
      const from = (frames.timeS[row] / end) * canvas.width;
      const next = rows[index + 1];
      const until = next === undefined ? canvas.width : (frames.timeS[next] / end) * canvas.width;
      context.fillStyle = colours[slotOfLabel.get(top)];
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

  head();
  strip();
  choose(0);
  legend();
  drops();
  stageTable();
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
