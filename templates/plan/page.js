"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const steps = data.steps;
  const SVG = "http://www.w3.org/2000/svg";
  const $ = (id) => document.getElementById(id);
  const graph = $("graph");
  const headings = graph.querySelector(".headings");
  const boxes = [...graph.querySelectorAll(".step")];
  const edges = [...graph.querySelectorAll(".edge")].map((element) => {
    const [before, after] = element.dataset.edge.split(" ").map(Number);
    return { element, before, after };
  });
  graph.append(headings);
  const byName = new Map(steps.map((step, at) => [step.name, at]));
  // Who waits for a step, and why.
  const waiting = steps.map(() => []);
  steps.forEach((step, at) => step.needs.forEach(({ on, why }) => waiting[on].push({ on: at, why })));

  /** Makes an element. Text is always text, never markup. */
  function make(tag, attributes = {}, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
      else if (value !== undefined && value !== false) element.setAttribute(name, value);
    }
    element.append(...children);
    return element;
  }

  function sign(kind) {
    const svg = document.createElementNS(SVG, "svg");
    svg.setAttribute("class", `sign ${kind}`);
    svg.setAttribute("viewBox", "10 14 16 16");
    svg.setAttribute("aria-hidden", "true");
    const path = document.createElementNS(SVG, "path");
    const like = boxes[steps.findIndex((step) => step.kind === kind)];
    path.setAttribute("d", like.querySelector(".icon").getAttribute("d"));
    svg.append(path);
    return svg;
  }

  const lines = ([first, last]) => (first === last ? `line ${first}` : `lines ${first}–${last}`);
  const kindName = (kind) => kind.replaceAll("_", " ");
  const resourceName = (resource) => resource.replace(":", " ");

  // ---- the view: which part of the drawing is seen, and how large ----

  const whole = { width: +graph.getAttribute("width"), height: +graph.getAttribute("height") };
  const view = { x: 0, y: 0, scale: 1 };
  const SMALLEST = 0.02;
  const LARGEST = 3;
  const map = $("map");
  const mapScale = Math.min(200 / whole.width, 130 / whole.height);
  const mapView = document.createElementNS(SVG, "rect");

  function size() {
    const { width, height } = graph.getBoundingClientRect();
    return { width: width || 1, height: height || 1 };
  }

  function show() {
    const { width, height } = size();
    graph.setAttribute("viewBox", `${view.x} ${view.y} ${width / view.scale} ${height / view.scale}`);
    graph.classList.toggle("far", view.scale < 0.34);
    // The headings stay in sight.
    headings.setAttribute("transform", `translate(0 ${Math.max(0, view.y + 20 / view.scale - 32)})`);
    mapView.setAttribute("x", view.x * mapScale);
    mapView.setAttribute("y", view.y * mapScale);
    mapView.setAttribute("width", (width / view.scale) * mapScale);
    mapView.setAttribute("height", (height / view.scale) * mapScale);
    const all = width / view.scale >= whole.width && height / view.scale >= whole.height;
    map.style.display = all ? "none" : "";
  }

  function zoom(factor, at) {
    const { width, height } = size();
    const [x, y] = at ?? [width / 2, height / 2];
    const scale = Math.min(LARGEST, Math.max(SMALLEST, view.scale * factor));
    view.x += x / view.scale - x / scale;
    view.y += y / view.scale - y / scale;
    view.scale = scale;
    show();
  }

  function fit() {
    const { width, height } = size();
    view.scale = Math.min(1.2, width / whole.width, height / whole.height);
    centre(whole.width / 2, whole.height / 2);
  }

  function centre(x, y) {
    const { width, height } = size();
    view.x = x - width / view.scale / 2;
    view.y = y - height / view.scale / 2;
    show();
  }

  /** The whole plan where that can be read, else its beginning. */
  function start() {
    fit();
    if (view.scale >= 0.45) return;
    const { width } = size();
    const first = place(Math.max(0, steps.findIndex((step) => step.critical)));
    view.scale = 0.8;
    centre(width / view.scale / 2, first.y + first.height / 2);
  }

  function place(at) {
    const [, x, y] = boxes[at].getAttribute("transform").match(/translate\(([-\d]+) ([-\d]+)\)/).map(Number);
    const rect = boxes[at].querySelector("rect");
    return { x, y, width: +rect.getAttribute("width"), height: +rect.getAttribute("height") };
  }

  /** Moves the view when a step stands outside of it. */
  function reveal(at) {
    const { width, height } = size();
    const { x, y, width: wide, height: high } = place(at);
    if (view.scale < 0.34) view.scale = 0.8;
    const margin = 30 / view.scale;
    const outside =
      x < view.x + margin ||
      y < view.y + margin ||
      x + wide > view.x + width / view.scale - margin ||
      y + high > view.y + height / view.scale - margin;
    if (outside) centre(x + wide / 2, y + high / 2);
    else show();
  }

  const pointers = new Map();
  let moved = false;
  graph.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    pointers.set(event.pointerId, [event.clientX, event.clientY]);
    moved = false;
  });
  graph.addEventListener("pointermove", (event) => {
    const last = pointers.get(event.pointerId);
    if (!last) return;
    const now = [event.clientX, event.clientY];
    const other = [...pointers].find(([id]) => id !== event.pointerId)?.[1];
    if (other) {
      const distance = ([x, y]) => Math.hypot(x - other[0], y - other[1]) || 1;
      const bounds = graph.getBoundingClientRect();
      const middle = [(now[0] + other[0]) / 2 - bounds.left, (now[1] + other[1]) / 2 - bounds.top];
      zoom(distance(now) / distance(last), middle);
      moved = true;
    } else if (moved || Math.hypot(now[0] - last[0], now[1] - last[1]) > 3) {
      if (!moved) graph.setPointerCapture(event.pointerId);
      moved = true;
      graph.classList.add("dragging");
      view.x -= (now[0] - last[0]) / view.scale;
      view.y -= (now[1] - last[1]) / view.scale;
      show();
    } else {
      return;
    }
    pointers.set(event.pointerId, now);
  });
  for (const type of ["pointerup", "pointercancel"]) {
    graph.addEventListener(type, (event) => {
      pointers.delete(event.pointerId);
      graph.classList.remove("dragging");
    });
  }
  graph.addEventListener(
    "wheel",
    (event) => {
      event.preventDefault();
      const bounds = graph.getBoundingClientRect();
      if (event.shiftKey) {
        view.x += (event.deltaX || event.deltaY) / view.scale;
        show();
      } else {
        const pixels = event.deltaMode === 0 ? event.deltaY : event.deltaY * 30;
        zoom(Math.exp(-pixels / 500), [event.clientX - bounds.left, event.clientY - bounds.top]);
      }
    },
    { passive: false },
  );

  function drawMap() {
    map.setAttribute("width", Math.max(20, whole.width * mapScale));
    map.setAttribute("height", Math.max(14, whole.height * mapScale));
    boxes.forEach((_, at) => {
      const { x, y, width, height } = place(at);
      const dot = document.createElementNS(SVG, "rect");
      dot.setAttribute("class", steps[at].critical ? "dot critical" : "dot");
      dot.setAttribute("x", x * mapScale);
      dot.setAttribute("y", y * mapScale);
      dot.setAttribute("width", Math.max(1, width * mapScale));
      dot.setAttribute("height", Math.max(0.8, height * mapScale));
      map.append(dot);
    });
    mapView.setAttribute("class", "view");
    map.append(mapView);
    const go = (event) => {
      if (event.buttons !== 1) return;
      const bounds = map.getBoundingClientRect();
      centre((event.clientX - bounds.left) / mapScale, (event.clientY - bounds.top) / mapScale);
    };
    map.addEventListener("pointerdown", go);
    map.addEventListener("pointermove", go);
  }

  // ---- selecting a step ----

  let selected = null;
  let rows = [];

  /** All that can be reached from a step by one of its lists of steps. */
  function reach(at, next) {
    const found = new Set();
    const open = [at];
    while (open.length > 0) {
      for (const { on } of next(open.pop())) {
        if (found.has(on)) continue;
        found.add(on);
        open.push(on);
      }
    }
    return found;
  }

  function select(at, { move = true, focus = false } = {}) {
    selected = at;
    const before = at === null ? new Set() : reach(at, (step) => steps[step].needs);
    const after = at === null ? new Set() : reach(at, (step) => waiting[step]);
    const near = new Set(at === null ? [] : [...steps[at].needs, ...waiting[at]].map(({ on }) => on));
    graph.classList.toggle("selecting", at !== null);
    boxes.forEach((box, step) => {
      box.classList.toggle("selected", step === at);
      box.classList.toggle("before", before.has(step));
      box.classList.toggle("after", after.has(step));
      box.classList.toggle("near", near.has(step));
      box.setAttribute("tabindex", step === (at ?? 0) ? "0" : "-1");
      box.setAttribute("aria-pressed", step === at);
      rows[step].setAttribute("aria-current", step === at);
      map.children[step].classList.toggle("selected", step === at);
    });
    for (const edge of edges) {
      const isNear = at !== null && (edge.before === at || edge.after === at);
      edge.element.classList.toggle("near", isNear);
      edge.element.classList.toggle("before", before.has(edge.before) && (before.has(edge.after) || edge.after === at));
      edge.element.classList.toggle("after", after.has(edge.after) && (after.has(edge.before) || edge.before === at));
      // What lies over other lines is seen.
      if (isNear) edge.element.parentNode.append(edge.element);
    }
    $("details").replaceChildren(...(at === null ? overview() : details(at)));
    $("details").scrollTop = 0;
    const hash = at === null ? "" : `#step=${encodeURIComponent(steps[at].name)}`;
    if (decodeURIComponent(location.hash) !== decodeURIComponent(hash)) {
      history.replaceState(null, "", hash || location.pathname + location.search);
    }
    if (at === null) return;
    if (move) reveal(at);
    rows[at].scrollIntoView({ block: "nearest" });
    if (focus) boxes[at].focus({ preventScroll: true });
  }

  function fromHash() {
    const name = location.hash.match(/^#step=(.*)$/)?.[1];
    const at = name === undefined ? undefined : byName.get(decodeURIComponent(name));
    select(at ?? null);
  }

  // ---- the details of a step ----

  const WORDS = new Set(
    ("add all alter and any as asc begin between by call case cast column commit constraint create cross cube database delete desc describe " +
      "distinct drop else end evaluate except exists explain false filter following for from full function group grouping having if in index inner " +
      "insert intersect into is join label lateral left like limit maximize merge minimize model natural none not null offset on or order outer over " +
      "partition pivot preceding predict primary qualify range recursive rename replace returning right rollback rollup row rows run schema select set show " +
      "table temp temporary then to train true truncate union unique update use using values view when where window with").split(" "),
  );
  const TOKEN =
    /(--[^\n]*|\/\*[\s\S]*?(?:\*\/|$))|('(?:[^']|'')*'?|"(?:[^"]|"")*"?)|(\b\d+(?:\.\d+)?(?:e[+-]?\d+)?\b)|([\p{L}_][\p{L}\p{N}_$]*)/giu;

  function highlight(sql) {
    const pre = make("pre", { tabindex: "0", "aria-label": "SQL" });
    let last = 0;
    for (const match of sql.matchAll(TOKEN)) {
      const [text, comment, string, number, word] = match;
      // A part of a longer name is no keyword.
      const isPart = sql[match.index - 1] === "." || sql[match.index + text.length] === ".";
      const isKeyword = word && !isPart && WORDS.has(word.toLowerCase());
      const kind = comment ? "comment" : string ? "string" : number ? "number" : isKeyword ? "keyword" : null;
      if (!kind) continue;
      pre.append(sql.slice(last, match.index), make("span", { class: kind }, text));
      last = match.index + text.length;
    }
    pre.append(sql.slice(last));
    return pre;
  }

  const heading = (text) => make("h3", {}, text);

  function stepList(list) {
    return make(
      "ul",
      { class: "steps" },
      ...list.map(({ on, why }) =>
        make(
          "li",
          {},
          make("button", { onclick: () => select(on) }, sign(steps[on].kind), steps[on].name),
          ...why.map((reason) => make("p", {}, reason)),
        ),
      ),
    );
  }

  function chips(resources) {
    return make(
      "div",
      { class: "chips" },
      ...resources.map((resource) =>
        make("button", { title: "Show the steps that touch it", onclick: () => filter(resource) }, resourceName(resource)),
      ),
    );
  }

  function facts(list, kind) {
    return make("dl", { class: kind }, ...list.flatMap(([name, value]) => [make("dt", {}, name), make("dd", {}, value)]));
  }

  function details(at) {
    const step = steps[at];
    const parts = [
      make(
        "h2",
        {},
        sign(step.kind),
        make("span", {}, step.name),
        make("button", { "aria-label": "Close", title: "Close (Esc)", onclick: () => select(null) }, "×"),
      ),
      make(
        "p",
        { class: "facts" },
        `${kindName(step.kind)} · ${lines(step.lines)} · level ${step.level} of ${data.levels}`,
        ...(step.critical ? [" · ", make("span", { class: "critical" }, "◆ on the critical path")] : []),
      ),
    ];
    if (step.barrier) parts.push(make("p", { class: "barrier" }, `Barrier: ${step.barrier}. Nothing moves across it.`));
    parts.push(heading(step.sql.length > 1 ? `${step.sql.length} statements on one connection` : "Statement"));
    parts.push(...step.sql.map(highlight));
    if (step.reads.length) parts.push(heading("Reads"), chips(step.reads));
    if (step.writes.length) parts.push(heading("Writes"), chips(step.writes));
    const all = reach(at, (one) => steps[one].needs).size;
    if (step.needs.length) {
      const more = all > step.needs.length ? ` (${all} steps before it in all)` : "";
      parts.push(heading(`Waits for${more}`), stepList(step.needs));
    } else {
      parts.push(heading("Waits for"), make("p", { class: "facts" }, "Nothing: it can start at once."));
    }
    if (waiting[at].length) parts.push(heading("Is waited for by"), stepList(waiting[at]));
    else parts.push(heading("Is waited for by"), make("p", { class: "facts" }, "Nothing."));
    if (step.settings.length) parts.push(heading("Settings"), facts(step.settings));
    if (step.session.length) parts.push(heading("Session, replayed before it"), ...step.session.map(highlight));
    return parts;
  }

  function overview() {
    const critical = steps.map((step, at) => [step, at]).filter(([step]) => step.critical);
    critical.sort(([one], [other]) => one.level - other.level);
    return [
      make("h2", {}, "Plan"),
      make("p", { class: "facts" }, data.summary),
      heading("Critical path"),
      make(
        "p",
        { class: "facts" },
        "The longest chain, counted in steps. ",
        make("span", { class: "critical" }, "◆"),
      ),
      stepList(critical.map(([, at]) => ({ on: at, why: [] }))),
      heading("Keys"),
      facts([
        ["/", "filter"],
        ["← →", "to a step before or after"],
        ["↑ ↓", "to a step of the same level"],
        ["+ − 0", "zoom in, zoom out, show all"],
        ["Esc", "clear filter and selection"],
      ], "keys"),
      heading("Mouse"),
      make("p", { class: "facts" }, "Drag to move, turn the wheel to zoom, click a step for its details."),
    ];
  }

  // ---- the list and the filter ----

  const search = $("search");
  const pressed = new Set();
  // What a filter finds, in lower case.
  const haystacks = steps.map((step) =>
    [step.name, step.kind, kindName(step.kind), ...step.reads, ...step.writes, ...[...step.reads, ...step.writes].map(resourceName)]
      .join("\n")
      .toLowerCase(),
  );

  function drawList() {
    const list = $("list");
    steps.forEach((step, at) => {
      const row = make(
        "button",
        { onclick: () => select(at), title: `${step.name}: ${kindName(step.kind)}, ${lines(step.lines)}`, tabindex: at === 0 ? "0" : "-1" },
        sign(step.kind),
        make("span", {}, step.name),
        make("small", { title: "Level" }, String(step.level)),
      );
      rows.push(row);
      list.append(make("li", { class: step.critical ? "critical" : "" }, row));
    });
    list.addEventListener("keydown", (event) => {
      const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      const shown = rows.filter((row) => !row.parentNode.hidden);
      const at = shown.indexOf(document.activeElement);
      if (by === undefined || at < 0) return;
      event.preventDefault();
      event.stopPropagation();
      shown[Math.min(shown.length - 1, Math.max(0, at + by))].focus();
    });
    list.addEventListener("focusin", (event) => {
      for (const row of rows) row.tabIndex = row === event.target ? 0 : -1;
    });
    const kinds = [...new Set(steps.map((step) => step.kind))];
    for (const kind of kinds) {
      const count = steps.filter((step) => step.kind === kind).length;
      const button = make(
        "button",
        {
          "aria-pressed": "false",
          onclick: () => {
            if (!pressed.delete(kind)) pressed.add(kind);
            button.setAttribute("aria-pressed", pressed.has(kind));
            filter();
          },
        },
        sign(kind),
        `${kindName(kind)} ${count}`,
      );
      $("kinds").append(button);
    }
  }

  function filter(text) {
    if (text !== undefined) search.value = text;
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    // A resource is found as a whole, others by all their words.
    const isResource = words.length === 1 && /^(table|model|schema):/.test(words[0]);
    let found = 0;
    steps.forEach((step, at) => {
      const isKind = pressed.size === 0 || pressed.has(step.kind);
      const isNamed = isResource
        ? haystacks[at].split("\n").some((entry) => entry === words[0]) || (text === undefined && haystacks[at].includes(words[0]))
        : words.every((word) => haystacks[at].includes(word));
      const isFound = isKind && isNamed;
      rows[at].parentNode.hidden = !isFound;
      boxes[at].classList.toggle("unmatched", !isFound);
      found += isFound;
    });
    const filtering = words.length > 0 || pressed.size > 0;
    graph.classList.toggle("filtering", filtering);
    $("matches").textContent = filtering ? `${found} of ${steps.length} steps` : `${steps.length} steps, in the program's order`;
    const first = rows.find((row) => !row.parentNode.hidden);
    if (first) for (const row of rows) row.tabIndex = row === first ? 0 : -1;
  }

  search.addEventListener("input", () => filter());
  search.addEventListener("keydown", (event) => {
    if (event.key === "Enter" || event.key === "ArrowDown") {
      event.preventDefault();
      const first = rows.find((row) => !row.parentNode.hidden);
      if (event.key === "Enter") first?.click();
      first?.focus();
    }
  });

  // ---- keys ----

  /** The nearest step above or below in the same column. */
  function beside(at, by) {
    const column = boxes.map((_, step) => step).filter((step) => steps[step].level === steps[at].level);
    column.sort((one, other) => place(one).y - place(other).y);
    return column[column.indexOf(at) + by];
  }

  function go(at) {
    if (at !== undefined) select(at, { focus: true });
  }

  boxes.forEach((box, at) => {
    box.setAttribute("role", "button");
    box.setAttribute("aria-label", `${steps[at].name}, ${kindName(steps[at].kind)}, level ${steps[at].level}`);
    box.addEventListener("click", () => {
      if (!moved) select(at, { move: false });
    });
  });
  graph.addEventListener("click", (event) => {
    if (!moved && !event.target.closest(".step")) select(null);
  });

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const isTyping = event.target === search;
    if (event.key === "Escape") {
      if (search.value || pressed.size) {
        pressed.clear();
        for (const button of $("kinds").children) button.setAttribute("aria-pressed", "false");
        filter("");
      } else {
        select(null);
      }
      return;
    }
    if (isTyping) return;
    const focused = boxes.indexOf(document.activeElement);
    const at = focused >= 0 ? focused : selected;
    const keys = {
      "/": () => search.focus(),
      "+": () => zoom(1.25),
      "=": () => zoom(1.25),
      "-": () => zoom(0.8),
      0: fit,
    };
    const isBusy = event.target.closest("button, pre, aside");
    if (at !== null && at !== undefined && !isBusy) {
      keys.ArrowLeft = () => go(steps[at].needs[0]?.on);
      keys.ArrowRight = () => go(waiting[at][0]?.on);
      keys.ArrowUp = () => go(beside(at, -1));
      keys.ArrowDown = () => go(beside(at, 1));
    }
    if (focused >= 0) {
      keys.Enter = () => select(focused);
      keys[" "] = () => select(focused);
    }
    const action = keys[event.key];
    if (!action) return;
    event.preventDefault();
    action();
  });

  // ---- light and dark, the toolbar, paper ----

  const THEMES = ["auto", "light", "dark"];
  function theme(name) {
    document.documentElement.dataset.theme = name;
    $("theme").querySelector("span").textContent = name;
    try {
      localStorage.setItem("sqlflowc-theme", name);
    } catch {
      // A page from a file may have no storage; the choice then lasts as long as the page.
    }
  }
  function storedTheme() {
    try {
      return localStorage.getItem("sqlflowc-theme");
    } catch {
      return null;
    }
  }
  $("theme").addEventListener("click", () => {
    theme(THEMES[(THEMES.indexOf(document.documentElement.dataset.theme) + 1) % THEMES.length]);
  });
  $("zoom-in").addEventListener("click", () => zoom(1.25));
  $("zoom-out").addEventListener("click", () => zoom(0.8));
  $("fit").addEventListener("click", fit);

  // On paper: the whole drawing, then every step in words.
  window.addEventListener("beforeprint", () => {
    graph.setAttribute("viewBox", `0 0 ${whole.width} ${whole.height}`);
    graph.classList.remove("far");
    headings.removeAttribute("transform");
    $("print").replaceChildren(
      ...steps.map((step) =>
        make(
          "article",
          {},
          make("h2", {}, step.name),
          make("p", {}, `${kindName(step.kind)}, ${lines(step.lines)}, level ${step.level}${step.critical ? ", on the critical path" : ""}`),
          ...step.sql.map(highlight),
          ...step.needs.map(({ on, why }) => make("p", {}, `waits for ${steps[on].name}: ${why.join("; ")}`)),
        ),
      ),
    );
  });
  window.addEventListener("afterprint", show);
  window.addEventListener("hashchange", fromHash);
  window.addEventListener("resize", show);

  theme(THEMES.includes(storedTheme()) ? storedTheme() : "auto");
  drawMap();
  drawList();
  filter();
  start();
  fromHash();
})();
