"use strict";
// What a report can do besides being read. Without it the report is whole.
(() => {
  const make = (tag, attributes, ...inner) => {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
    node.append(...inner);
    return node;
  };
  const svg = (tag, attributes, text = "") => {
    const node = document.createElementNS(document.querySelector("svg").namespaceURI, tag);
    for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
    node.textContent = text;
    return node;
  };

  // Numbers as the report writes them.
  const written = (x) => {
    if (x !== 0 && (Math.abs(x) < 1e-3 || Math.abs(x) >= 1e6)) return x.toExponential(1).replace("-", "−");
    return (Math.abs(x) >= 1e4 && x % 100 === 0 ? `${x / 1000}k` : `${Number(x.toPrecision(4))}`).replace("-", "−");
  };
  const read = (text) => {
    const found = text.replace(/[\s,★≈]/g, "").replace(/−/g, "-").match(/^[-+]?[\d.]+(?:×10([⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+))?/);
    if (!found) return null;
    const digits = [...(found[1] ?? "")].map((c) => (c === "⁻" ? "-" : "⁰¹²³⁴⁵⁶⁷⁸⁹".indexOf(c))).join("");
    return parseFloat(found[0]) * 10 ** Number(digits || 0);
  };

  // A click on a heading sorts a table by its column; another one the other way round.
  for (const table of document.querySelectorAll("table.sorted, .chart table, .runs table")) {
    const headings = [...(table.tHead?.rows[table.tHead.rows.length - 1]?.cells ?? [])];
    headings.forEach((heading, column) => {
      if (!heading.textContent.trim()) return;
      const button = make("button", { type: "button", class: "sort" }, ...heading.childNodes);
      heading.append(button);
      button.addEventListener("click", () => {
        const down = heading.getAttribute("aria-sort") === "ascending";
        headings.forEach((other) => other.removeAttribute("aria-sort"));
        heading.setAttribute("aria-sort", down ? "descending" : "ascending");
        const body = table.tBodies[0];
        const key = (row) => row.cells[column]?.firstChild?.textContent ?? "";
        const rows = [...body.rows].map((row) => [read(key(row)), key(row), row]);
        rows.sort(([a, s], [b, t]) => {
          // What is no number comes last, whichever way round.
          if ((a === null) !== (b === null)) return a === null ? 1 : -1;
          const order = a === null ? s.localeCompare(t) : a - b;
          return down ? -order : order;
        });
        body.append(...rows.map(([, , row]) => row));
      });
    });
  }

  // Axes as charts have them: values from low to high, drawn from start to end.
  const at = (axis, x) => {
    const f = axis.log ? Math.log : (y) => y;
    if (axis.log && x <= 0) return axis.start + 9 * (axis.start - axis.end);
    return axis.start + (f(x) - f(axis.low)) / (f(axis.high) - f(axis.low)) * (axis.end - axis.start);
  };
  const back = (axis, place) => {
    const share = (place - axis.start) / (axis.end - axis.start);
    return axis.log ? axis.low * (axis.high / axis.low) ** share : axis.low + share * (axis.high - axis.low);
  };
  const ticks = ({ low, high, log }) => {
    const found = [];
    if (log && high / low > 8) {
      const each = high / low > 1e3 ? [1] : [1, 2, 5];
      for (let power = Math.floor(Math.log10(low)); power <= Math.log10(high); power += 1) {
        found.push(...each.map((digit) => digit * 10 ** power));
      }
    } else {
      const rough = 10 ** Math.floor(Math.log10((high - low) / 4));
      const step = rough * [1, 2, 5, 10].find((digit) => (high - low) / (rough * digit) <= 6);
      for (let n = Math.ceil(low / step - 1e-9); n * step <= high + 1e-9 * step; n += 1) found.push(n * step);
    }
    return found.filter((x) => x >= low && x <= high * (1 + 1e-12)).map((x) => Number(x.toPrecision(10)));
  };

  // Curves: drag to zoom, click a name to hide it, smooth, take a log scale, read values under the pointer.
  const curves = (figure, picture) => {
    const axis = (name) => {
      const [low, high, start, end, scale] = picture.dataset[name].split(" ");
      return { low: +low, high: +high, start: +start, end: +end, log: scale === "log" };
    };
    const whole = { x: axis("x"), y: axis("y") };
    const lines = [...picture.querySelectorAll("g[clip-path] path.line")].map((path) => ({
      path,
      colour: path.getAttribute("class").match(/c\d+( dashed| dotted)?$/)?.[0],
      raw: path.classList.contains("raw"),
      points: [...path.getAttribute("d").matchAll(/[ML](-?[\d.]+) (-?[\d.]+)/g)].map(([, x, y]) => [back(whole.x, +x), back(whole.y, +y)]),
    }));
    const rough = lines.filter((line) => line.raw);
    const smoothOf = (line) => lines.find((other) => !other.raw && other.colour === line.colour);
    const hidden = new Set();
    const state = { x: { ...whole.x }, y: { ...whole.y }, zoomed: false };

    // A mean over neighbours on both sides, as wide as is asked for.
    const smoothed = (points, share) => {
      const reach = Math.round(share * points.length / 2);
      return points.map(([x], index) => {
        const near = points.slice(Math.max(0, index - reach), index + reach + 1);
        return [x, near.reduce((sum, [, y]) => sum + y, 0) / near.length];
      });
    };
    const draw = () => {
      const { x, y } = state;
      for (const { path, points, colour } of lines) {
        path.style.display = hidden.has(colour) ? "none" : "";
        const far = (place) => Math.min(Math.max(place, -2000), 2000).toFixed(1);
        path.setAttribute("d", points.map((point, i) => `${i ? "L" : "M"}${far(at(x, point[0]))} ${far(at(y, point[1]))}`).join(""));
      }
      const numbers = (name, axis, place) => {
        const group = picture.querySelector(`.ticks.${name}`);
        const before = group.querySelector("text") ?? svg("text", {});
        group.replaceChildren(...ticks(axis).map((value) => {
          const text = before.cloneNode();
          text.setAttribute(place, at(axis, value).toFixed(1));
          text.textContent = written(value);
          return text;
        }));
      };
      numbers("x", x, "x");
      numbers("y", y, "y");
      picture.querySelector(".gridlines").replaceChildren(...ticks(y).map((value) => svg("path", { d: `M${x.start} ${at(y, value).toFixed(1)}H${x.end}` })));
      reset.hidden = !state.zoomed;
    };
    // The vertical axis holds what is visible.
    const fit = () => {
      const seen = lines.filter((line) => !hidden.has(line.colour) && !(line.raw && smoothOf(line)))
        .flatMap((line) => line.points).filter(([x]) => x >= state.x.low && x <= state.x.high).map(([, y]) => y);
      if (!seen.length) return;
      const [low, high] = [Math.min(...seen), Math.max(...seen)];
      state.y.log = log.checked && low > 0;
      const air = 0.06 * (high - low) || Math.abs(high) || 1;
      [state.y.low, state.y.high] = state.y.log ? [low / 1.1, high * 1.1] : [low >= 0 ? Math.max(low - air, 0) : low - air, high + air];
    };
    const change = () => {
      state.zoomed = true;
      fit();
      draw();
    };

    const log = make("input", { type: "checkbox" });
    log.checked = whole.y.log;
    log.addEventListener("change", change);
    const reset = make("button", { type: "button", class: "reset" }, "All of it");
    reset.addEventListener("click", () => {
      Object.assign(state, { x: { ...whole.x }, y: { ...whole.y }, zoomed: false });
      hidden.clear();
      figure.querySelectorAll(".key").forEach((key) => key.setAttribute("aria-pressed", "true"));
      log.checked = whole.y.log;
      draw();
    });
    const told = make("output", { class: "told" });
    const tools = make("p", { class: "tools" }, make("label", {}, log, " log scale"));
    if (rough.length) {
      const slider = make("input", { type: "range", min: "0", max: "0.5", step: "0.01", value: "0.1" });
      slider.addEventListener("input", () => {
        rough.forEach((line) => {
          const smooth = smoothOf(line);
          if (smooth) smooth.points = smoothed(line.points, +slider.value);
        });
        change();
      });
      tools.append(make("label", {}, "smooth ", slider));
    }
    tools.append(reset, told);
    picture.after(tools);
    reset.hidden = true;

    const keys = [...figure.querySelectorAll(".key")];
    keys.filter((key) => key.querySelector("svg path:not(.dot)")).forEach((key) => {
      const colour = key.querySelector("svg").getAttribute("class");
      key.setAttribute("role", "button");
      key.setAttribute("tabindex", "0");
      key.setAttribute("aria-pressed", "true");
      const turn = () => {
        if (!hidden.delete(colour)) hidden.add(colour);
        key.setAttribute("aria-pressed", `${!hidden.has(colour)}`);
        change();
      };
      key.addEventListener("click", turn);
      key.addEventListener("keydown", (event) => {
        if (event.key !== "Enter" && event.key !== " ") return;
        event.preventDefault();
        turn();
      });
    });

    // Where the pointer is, in the picture's coordinates.
    const place = (event) => {
      const point = new DOMPoint(event.clientX, event.clientY).matrixTransform(picture.getScreenCTM().inverse());
      return Math.min(Math.max(point.x, whole.x.start), whole.x.end);
    };
    const band = svg("rect", { class: "band", y: whole.y.end, height: whole.y.start - whole.y.end, width: 0 });
    picture.append(band);
    let from = null;
    picture.addEventListener("pointerdown", (event) => {
      from = place(event);
      picture.setPointerCapture(event.pointerId);
    });
    picture.addEventListener("pointermove", (event) => {
      const now = place(event);
      if (from !== null) {
        band.setAttribute("x", Math.min(from, now));
        band.setAttribute("width", Math.abs(now - from));
      }
      const x = back(state.x, now);
      const values = lines.filter((line) => !hidden.has(line.colour) && !(line.raw && smoothOf(line)) && line.points.length).map((line) => {
        const nearest = line.points.reduce((best, point) => (Math.abs(point[0] - x) < Math.abs(best[0] - x) ? point : best));
        const name = keys.find((key) => key.querySelector("svg").getAttribute("class") === line.colour)?.textContent.trim();
        return `${name ? `${name} ` : ""}${written(Number(nearest[1].toPrecision(4)))}`;
      });
      told.textContent = `at ${written(Number(x.toPrecision(3)))}: ${values.join(" · ")}`;
    });
    picture.addEventListener("pointerup", (event) => {
      const to = place(event);
      band.setAttribute("width", 0);
      if (from !== null && Math.abs(to - from) > 6) {
        const [low, high] = [back(state.x, Math.min(from, to)), back(state.x, Math.max(from, to))];
        Object.assign(state.x, { low, high });
        change();
      }
      from = null;
    });
    picture.addEventListener("pointerleave", () => { told.textContent = ""; });
  };
  for (const picture of document.querySelectorAll(".chart svg[data-x]")) curves(picture.closest("figure"), picture);

  // A grid whose columns are steps: one of them at a time, its tiles side by side.
  for (const image of document.querySelectorAll("img[data-steps]")) {
    const [columns, rows] = image.dataset.steps.split(" ").map(Number);
    const moments = image.dataset.moments?.split("|");
    const slider = make("input", { type: "range", min: "1", max: `${columns}`, value: `${columns}`, "aria-label": "Step" });
    const canvas = make("canvas", { class: "step", role: "img" });
    const told = make("output", { class: "told" });
    const show = () => {
      const [wide, high] = [image.naturalWidth / columns, image.naturalHeight / rows];
      Object.assign(canvas, { width: wide * rows, height: high });
      for (let row = 0; row < rows; row += 1) {
        canvas.getContext("2d").drawImage(image, (slider.value - 1) * wide, row * high, wide, high, row * wide, 0, wide, high);
      }
      canvas.setAttribute("aria-label", `Column ${slider.value} of ${columns} of the picture above`);
      told.textContent = moments ? `after ${moments[slider.value - 1]} steps` : `step ${slider.value} of ${columns}`;
      slider.setAttribute("aria-valuetext", told.textContent);
    };
    slider.addEventListener("input", show);
    image.after(make("p", { class: "tools" }, slider, told), canvas);
    if (image.complete) show();
    else image.addEventListener("load", show);
  }
})();
