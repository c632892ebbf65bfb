// The live page: keeps what Server-Sent Events tell, and draws it. Texts stay texts, so that none can inject HTML.
(() => {
  /** The connection counts as lost after this time without an event; the node sends one each second. */
  const SILENT_MS = 5000;
  const root = document.getElementById('page');
  let source;
  let lastHeardMs = 0;
  /** Of the start of the node that is shown. */
  let startId;

  const state = {
    title: 'effvit',
    connection: { state: 'connecting', text: 'Connecting …' },
    /** By camera: the newest frame, the URL of its picture, its diagnostic status. */
    cards: new Map(),
    /** By camera, then by cause. */
    drops: {},
    statistics: undefined,
    statuses: undefined,
    isHeld: false,
    hasPictures: true,
    toggleHold: () => {
      state.isHeld = !state.isHeld;
    },
    togglePictures: () => {
      state.hasPictures = !state.hasPictures;
      for (const card of state.cards.values()) card.picture = undefined;
      connect();
    },
  };
  const draw = () => m.render(root, window.effvitLiveView(state), draw);

  const cardOf = (name) => {
    if (!state.cards.has(name)) state.cards.set(name, { isLoading: false });
    return state.cards.get(name);
  };

  /** Shows the picture first, then its results. One picture is loaded at a time, so a slow connection gets fewer. */
  const showFrame = (frame) => {
    const card = cardOf(frame.source);
    if (frame.picture === undefined) {
      if (!card.isLoading) card.frame = frame;
      return;
    }
    if (card.isLoading) {
      card.waiting = frame;
      return;
    }
    card.isLoading = true;
    const picture = new Image();
    const ended = (isLoaded) => {
      card.isLoading = false;
      if (isLoaded && state.hasPictures) card.picture = picture.src;
      card.frame = frame;
      const { waiting } = card;
      card.waiting = undefined;
      if (waiting !== undefined && !state.isHeld) showFrame(waiting);
      draw();
    };
    picture.onload = () => ended(true);
    picture.onerror = () => ended(false);
    picture.src = `picture?camera=${encodeURIComponent(frame.source)}&n=${frame.picture}&of=${startId}`;
  };

  const showDiagnostics = (statuses) => {
    state.statuses = statuses;
    const names = statuses.flatMap((status) => {
      const camera = /: camera (.+)$/.exec(status.name)?.[1];
      if (camera === undefined) return [];
      cardOf(camera).status = status;
      return [camera];
    });
    // In the node's order, not that of the first events.
    state.cards = new Map([...names, ...state.cards.keys()].map((name) => [name, cardOf(name)]));
  };

  /** After a restart of the node it may have other cameras, and counts its pictures anew. */
  const greet = ({ title, id }) => {
    state.title = title;
    document.title = `${title} - effvit`;
    if (id !== startId) state.cards = new Map();
    startId = id;
  };

  const tell = (connection, text) => {
    state.connection = { state: connection, text };
    draw();
  };

  const on = (name, show) =>
    source.addEventListener(name, (event) => {
      lastHeardMs = performance.now();
      if (!state.isHeld) show(JSON.parse(event.data));
      tell('live', 'Live');
      // For tests: the page has something to show.
      if (name === 'statistics' || name === 'diagnostics') document.documentElement.dataset.ready = 'yes';
    });

  const connect = () => {
    source?.close();
    source = new EventSource(`events?pictures=${state.hasPictures ? 1 : 0}`);
    source.onerror = () => {
      tell('lost', 'Connection lost, trying again …');
      // A browser does not reconnect after it was rejected.
      if (source.readyState === EventSource.CLOSED) setTimeout(() => !document.hidden && connect(), 3000);
    };
    on('hello', greet);
    on('statistics', (statistics) => {
      state.statistics = statistics;
    });
    on('diagnostics', showDiagnostics);
    on('frame', showFrame);
    on('drops', (drops) => {
      state.drops = drops;
      for (const name of Object.keys(drops)) cardOf(name);
    });
  };

  setInterval(() => {
    if (source.readyState === EventSource.OPEN && performance.now() - lastHeardMs > SILENT_MS)
      tell('lost', 'Nothing was heard for some seconds');
  }, 1000);
  // A hidden page disconnects, so that it costs the node nothing.
  document.addEventListener('visibilitychange', () => {
    if (document.hidden) source.close();
    else connect();
  });
  draw();
  connect();
})();
