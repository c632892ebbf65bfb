// The replay report's page. Runs in a browser; uPlot, replayCharts.js and replayTables.js are inlined before it.
(() => {
  const report = JSON.parse(document.getElementById('report').textContent);
  const { frames, thumbnails, labels, cameras } = report;
  const count = frames.sequence.length;
  const COLOURS = 9;
  const OTHER = COLOURS - 1;

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
  const picture = (cell, row) => {
    const { widthPx, heightPx, columns, rows, sheets } = thumbnails;
    const element = make('span', 'picture');
    const within = cell % (columns * rows);
    const sheet = Math.floor(cell / (columns * rows));
    element.style.backgroundImage = `url(${sheets[sheet]})`;
    element.style.backgroundPosition = `${-(within % columns) * widthPx}px ${-Math.floor(within / columns) * heightPx}px`;
    drawBoxes(element, frames.regions?.[row]);
    return element;
  };
  /** The boxes of a frame's regions, over its thumbnail, which has the frame's shape within the cell. */
  const drawBoxes = (element, regions) => {
    if (!regions) return;
    const { widthPx, heightPx } = thumbnails;
    const scale = Math.min(widthPx / regions.widthPx, heightPx / regions.heightPx);
    const leftPx = (widthPx - regions.widthPx * scale) / 2;
    const topPx = (heightPx - regions.heightPx * scale) / 2;
    for (const box of regions.boxes) {
      if (box === null) continue;
      const drawn = make('i', 'box');
      drawn.style.left = `${leftPx + box[0] * scale}px`;
      drawn.style.top = `${topPx + box[1] * scale}px`;
      drawn.style.width = `${box[2] * scale}px`;
      drawn.style.height = `${box[3] * scale}px`;
      element.append(drawn);
    }
  };

  const regionsText = (number) => `${number} ${number === 1 ? 'region' : 'regions'}`;
  /** The network saw whole frames, or only their regions. */
  const seen = (number) =>
    frames.regions ? ' with what a detector found' : `, as the network saw ${number === 1 ? 'it' : 'them'}`;

  const rowOfSequence = new Map(frames.sequence.map((sequence, row) => [sequence, row]));
  const buttons = [];
  const strip = () => {
    const element = byId('strip');
    for (const [cell, sequence] of thumbnails.frames.entries()) {
      const row = rowOfSequence.get(sequence);
      const button = make('button');
      button.type = 'button';
      const top = topOf(row);
      const regions = frames.regions?.[row];
      const name = regions ? regionsText(regions.ids.length) : top === undefined ? 'no result' : labels[top];
      const score = top === undefined ? '' : ` ${frames.results[row][1].toFixed(2)}`;
      button.append(
        picture(cell, row),
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
            ? `${count === 1 ? 'The frame' : `All ${count} frames`}${seen(count)}.`
            : `${buttons.length} of ${count} frames${seen(buttons.length)}; the slider steps through all.`;
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
    if (cell !== undefined) element.append(picture(cell, row));
    const what = make('div', 'what');
    what.append(
      make(
        'p',
        'where',
        `#${frames.sequence[row]}, ${frames.timeS[row].toFixed(3)} s, ${cameras[frames.camera[row]]}`,
      ),
    );
    const doubts = (frames.doubts?.[row] ?? []).map((doubt) => report.doubts[doubt]);
    const regions = frames.regions?.[row];
    if (frames.reason[row] >= 0) {
      what.append(make('p', 'empty', `Dropped: ${report.reasons[frames.reason[row]]}`));
    } else if (regions) {
      what.append(...regionLines(regions));
    } else {
      const raw = bars(frames.results[row], 'c0');
      const none = doubts.length > 0 ? 'UNKNOWN: no results.' : 'No result above the threshold.';
      if (frames.smoothed) what.append(make('h3', '', 'Raw'));
      what.append(...(raw.length > 0 ? raw : [make('p', 'empty', none)]));
      if (frames.smoothed) what.append(make('h3', '', 'Smoothed'), ...bars(frames.smoothed[row], 'c1'));
    }
    if (doubts.length > 0) what.append(make('p', 'problem', `Problems: ${doubts.join(', ')}`));
    const times = frames.timesMs[row];
    if (times.length > 0) {
      const parts = report.stages.map((stage, column) => `${stage} ${times[column].toFixed(2)}`);
      what.append(make('p', 'times', `milliseconds: ${parts.join(', ')}`));
    }
    element.append(what);
  };

  /** Bars of pairs of a label and a score. */
  const bars = (results, colourName) => {
    const elements = [];
    for (let index = 0; index < results.length; index += 2) {
      const score = results[index + 1];
      elements.push(bar(labels[results[index]], score.toFixed(4), score, colourName));
    }
    return elements;
  };

  /** The best class of each region, or why it has none. */
  const regionLines = ({ ids, boxes, unknown, results }) => {
    if (ids.length === 0) return [make('p', 'empty', 'The detector found nothing.')];
    return ids.map((id, index) => {
      const name = `[${id || index}]`;
      if (unknown[index] >= 0)
        return make('p', 'problem', `${name} UNKNOWN: ${report.doubts[unknown[index]]}`);
      const [label, score] = results[index];
      if (label === undefined) return make('p', 'empty', `${name} no result above the threshold`);
      const [left, top, width, height] = boxes[index];
      const place = `${width} x ${height} at ${left}, ${top}`;
      return bar(`${name} ${labels[label]}, ${place}`, score.toFixed(4), score, 'c0');
    });
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

  head();
  strip();
  choose(0);
  legend();
  window.effvitTables(report, { byId, make, bar });
  const tools = { byId, make, colour, topOf, slotOfLabel, usedSlots, COLOURS, OTHER };
  const draw = window.effvitCharts(report, tools);
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
