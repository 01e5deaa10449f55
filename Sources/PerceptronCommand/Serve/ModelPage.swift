import Perceptron
import PerceptronCharts

/// A page with a form for a model's columns, which predicts while the user types. It needs nothing from elsewhere.
///
/// - Parameter names: The names of all models.
func modelPage(_ facts: ModelFacts, among names: [String]) -> HTTPResponse {
  let links = names.filter { $0 != facts.name }.map { "<a href=\"/models/\($0)\">\($0.escaped)</a>" }
  let others = links.isEmpty ? "" : "Other models: \(links.joined(separator: ", "))."
  let isHidden = facts.isImage || facts.columns.count > mostShown ? "hidden" : ""
  let help = facts.isImage ? imageHelp(facts) : "Loading …"
  let html = """
    <!doctype html>
    <html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
    <title>\(facts.name.escaped)</title><style>\(reportStyle)\(pageStyle)</style></head><body><main>
    <header><h1>\(facts.name.escaped)</h1>
    <p class="muted">Predicts \(facts.preparation.outputs.text.escaped). \(others)</p>
    </header>
    <section id="answer" aria-live="polite"><p class="muted">\(help)</p></section>
    <div class="sides" \(isHidden)>
    <form id="form" autocomplete="off"><h2>Input</h2><div class="fields">\(facts.fields)</div></form>
    <section><h2>What matters here</h2>
    <p class="muted">How far the answer moves if only this column changes: a number by its usual spread in the \
    training data, up or down; a string to each of the others.</p><div id="matters"></div></section>
    </div>
    <section \(isHidden)><h2>From a program</h2><p><code id="curl"></code></p>
    <p class="muted"><a href="/openapi.json">OpenAPI</a> · <a href="/metrics">metrics</a> · a list of records gives a \
    list of answers, CSV gives CSV</p></section>
    </main>
    <script type="application/json" id="model">\(facts.script)</script>
    <script>\(pageScript)</script></body></html>

    """
  return HTTPResponse(
    type: "text/html; charset=utf-8", Array(html.utf8),
    fields: [
      (
        "Content-Security-Policy",
        "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self';"
          + " frame-ancestors 'none'"
      ), ("X-Content-Type-Options", "nosniff"),
    ])
}

private func imageHelp(_ facts: ModelFacts) -> String {
  "This model takes images. POST a list of \(facts.columns.count) numbers to /models/\(facts.name.escaped)/predict, or"
    + " a list of such lists."
}

/// The most columns of a form. More fields would make the page slow.
private let mostShown = 300

extension ModelFacts {
  /// Whether the inputs are the pixels of images.
  fileprivate var isImage: Bool { if case .pixels = preparation.inputs { true } else { false } }

  private var shownColumns: ArraySlice<(offset: Int, element: InputColumn)> {
    Array(columns.enumerated())[..<min(columns.count, mostShown)]
  }

  /// The form's fields.
  fileprivate var fields: String {
    shownColumns.map { index, column in
      let id = "c\(index)"
      let field =
        switch column {
        case .number(_, let mean, _, _):
          "<input id=\"\(id)\" inputmode=\"decimal\" value=\"\((mean ?? 0).short.escaped)\">"
        case .category(_, let values, let gathersOthers):
          "<select id=\"\(id)\">"
            + values.map { value in
              value.isEmpty
                ? "<option value=\"\">(missing)</option>"
                : "<option value=\"\(value.escaped)\">\(value.escaped)</option>"
            }.joined() + (gathersOthers ? "<option value=\"\u{FFFD}\">(another)</option>" : "") + "</select>"
        case .date(_, let format, _, _): "<input id=\"\(id)\" placeholder=\"\(format.pattern.escaped)\">"
        }
      return "<div><label for=\"\(id)\">\(column.name.escaped)</label>\(field)</div>"
    }.joined(separator: "\n")
  }

  /// What the script needs to know.
  fileprivate var script: String {
    let shown = shownColumns.map { index, column -> JSONValue in
      var members: [(name: String, value: JSONValue)] = [("name", .string(column.name))]
      switch column {
      case .number: members += [("kind", "number"), ("spread", spreads[index].map { .number($0) } ?? .null)]
      case .category(_, let values, _):
        members += [("kind", "text"), ("values", .list(values.prefix(20).map { .string($0) }))]
      case .date: members.append(("kind", "date"))
      }
      return .object(members)
    }
    let model: JSONValue = [
      "name": .string(name), "columns": .list(shown), "isWhole": .bool(shown.count == columns.count),
      "isImage": .bool(isImage),
    ]
    // A string of the data must not end the script. Bytes are compared, because a character may be "<" and a mark on
    // it.
    let bytes = model.bytes.flatMap { $0 == UInt8(ascii: "<") ? Array("\\u003c".utf8) : [$0] }
    return String(decoding: bytes, as: UTF8.self)
  }
}

private let pageStyle = """

  h2 { font-size: 18px; margin: 40px 0 16px; padding-top: 12px; border-top-width: 1px; }
  a { color: var(--a); }
  #answer { margin: 28px 0 0; min-height: 118px; }
  #answer .value { font-size: 44px; font-weight: 650; letter-spacing: -0.02em; line-height: 1.1; \
  overflow-wrap: anywhere; }
  #answer .problem { color: var(--b); }
  .sides { display: grid; grid-template-columns: minmax(0, 3fr) minmax(0, 2fr); gap: 0 48px; }
  .sides[hidden] { display: none; }
  .fields { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 170px), 1fr)); gap: 14px 20px; }
  .fields label { display: block; color: var(--muted); font-size: 14px; overflow-wrap: anywhere; }
  .fields input, .fields select { width: 100%; font: inherit; color: inherit; background: var(--paper); \
  border: 1px solid var(--muted); border-radius: 4px; padding: 7px 9px; }
  .fields input:focus, .fields select:focus { outline: 2px solid var(--a); outline-offset: 1px; }
  .fields .wrong input, .fields .wrong select { border-color: var(--b); outline: 1px solid var(--b); }
  .bars { display: grid; grid-template-columns: minmax(60px, max-content) 1fr max-content; gap: 6px 12px; \
  align-items: center; max-width: 560px; font-size: 15px; }
  .bars span:nth-child(3n+1) { overflow-wrap: anywhere; max-width: 180px; }
  .bars i { display: block; height: 10px; border-radius: 2px; background: var(--a); min-width: 1px; }
  #answer .bars { margin-top: 14px; }
  code { display: block; padding: 12px 14px; background: color-mix(in srgb, var(--line) 45%, transparent); \
  border-radius: 4px; overflow-wrap: anywhere; }
  @media (max-width: 760px) { .sides { grid-template-columns: 1fr; } #answer .value { font-size: 36px; } }
  """

private let pageScript = """
  "use strict";
  const model = JSON.parse(document.getElementById("model").textContent);
  const form = document.getElementById("form"), answer = document.getElementById("answer");
  const matters = document.getElementById("matters"), path = "/models/" + model.name + "/predict";
  const fields = model.columns.map((column, index) => document.getElementById("c" + index));

  function record() {
    const result = {};
    model.columns.forEach((column, index) => {
      const text = fields[index].value.trim();
      // A number with a decimal comma and the like goes as it is, and is read as in the training data.
      result[column.name] = text === "" ? null : column.kind === "number" && isFinite(text) ? Number(text) : text;
    });
    return result;
  }

  async function ask(body, signal) {
    const response = await fetch(path, {
      method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body), signal });
    const found = await response.json();
    if (!response.ok) throw found;
    return found;
  }

  function element(tag, text, kind) {
    const made = document.createElement(tag);
    made.textContent = text;
    if (kind) made.className = kind;
    return made;
  }

  function bars(rows) {
    const list = element("div", "", "bars"), most = Math.max(...rows.map(row => row.share), 1e-300);
    for (const row of rows) {
      const bar = element("i", "");
      bar.style.width = 100 * row.share / most + "%";
      const cell = element("span", "");
      cell.append(bar);
      list.append(element("span", row.name), cell, element("span", row.text));
    }
    return list;
  }

  const short = value => typeof value === "number" ? Number(value.toPrecision(5)).toLocaleString("en") : String(value);
  const percent = value => (100 * value).toFixed(value > 0.0995 && value < 0.9995 ? 0 : 1) + " %";

  function show(found) {
    answer.replaceChildren();
    if (found.probability !== undefined) {
      answer.append(element("div", found.prediction, "value"));
      answer.append(element("p", percent(found.probability) + " probable", "muted"));
      const shown = Object.entries(found.probabilities).sort((a, b) => b[1] - a[1]).slice(0, 8);
      answer.append(bars(shown.map(([name, share]) => ({ name, share, text: percent(share) }))));
    } else if (found.probabilities !== undefined) {
      answer.append(bars(Object.entries(found.probabilities).map(([name, share]) =>
        ({ name: name + ": " + found.prediction[name], share, text: percent(share) }))));
    } else {
      const single = typeof found.prediction !== "object", interval = found.interval;
      const parts = single ? [["", found.prediction]] : Object.entries(found.prediction);
      for (const [name, value] of parts) {
        if (value === undefined) continue;
        answer.append(element("div", (name ? name + " " : "") + short(value), "value"));
        const bounds = interval && (single ? interval : interval[name]);
        if (bounds) answer.append(element("p", "between " + short(bounds.lower) + " and " + short(bounds.upper)
          + " with a probability of " + percent(bounds.level), "muted"));
      }
      if (found.quantiles) {
        const isGrouped = typeof Object.values(found.quantiles)[0] === "object";
        for (const [name, levels] of isGrouped ? Object.entries(found.quantiles) : [["", found.quantiles]]) {
          const shares = Object.entries(levels)
            .map(([level, value]) => percent(Number(level)) + " below " + short(value));
          answer.append(element("p", (name ? name + ": " : "") + shares.join(", "), "muted"));
        }
      }
    }
  }

  // The number whose change counts: the probability of the class that is predicted now, a probability, or a value.
  function score(found, now) {
    if (found.probability !== undefined) return found.probabilities[now.prediction];
    if (found.probabilities !== undefined) return Object.values(found.probabilities)[0];
    const value = found.prediction === undefined ? found.quantiles : found.prediction;
    return typeof value === "object" ? Number(Object.values(value)[0]) : value;
  }

  async function showMatters(base, now, signal) {
    const changed = [];
    model.columns.forEach((column, index) => {
      const value = base[column.name];
      const others = column.kind === "text" ? column.values.filter(other => other !== value)
        : column.kind === "number" && typeof value === "number" && column.spread
          ? [value - column.spread, value + column.spread] : [];
      for (const other of others) {
        changed.push({ index, record: { ...base, [column.name]: other === "" ? null : other } });
      }
    });
    if (changed.length === 0) return matters.replaceChildren();
    const found = await ask(changed.slice(0, 4000).map(change => change.record), signal);
    const far = model.columns.map(() => 0), start = score(now, now);
    found.forEach((one, place) => {
      const index = changed[place].index;
      far[index] = Math.max(far[index], Math.abs(score(one, now) - start));
    });
    const isShare = now.probabilities !== undefined;
    const rows = model.columns.map((column, index) =>
      ({ name: column.name, share: far[index], text: isShare ? percent(far[index]) : short(far[index]) }));
    matters.replaceChildren(bars(rows.sort((a, b) => b.share - a.share).slice(0, 12)));
  }

  let running = null, timer = null;
  async function update() {
    if (running) running.abort();
    running = new AbortController();
    const signal = running.signal, base = record();
    document.getElementById("curl").textContent =
      "curl " + location.origin + path + " -d '" + JSON.stringify(base).replaceAll("'", "'\\\\''") + "'";
    document.querySelectorAll(".wrong").forEach(field => field.classList.remove("wrong"));
    try {
      const found = await ask(base, signal);
      show(found);
      await showMatters(base, found, signal);
    } catch (problem) {
      if (problem.name === "AbortError") return;
      answer.replaceChildren(element("p", problem.detail || "The service does not answer.", "problem"));
      const index = model.columns.findIndex(column => column.name === problem.column);
      if (index >= 0) fields[index].parentElement.classList.add("wrong");
    }
  }

  // The address has the fields that were changed, so that it can be kept and passed on.
  const given = new URLSearchParams(location.search);
  function remember() {
    model.columns.forEach((column, index) => {
      if (fields[index].value !== usual[index]) given.set(column.name, fields[index].value);
      else given.delete(column.name);
    });
    history.replaceState(null, "", given.size > 0 ? "?" + given : location.pathname);
  }

  const usual = fields.map(field => field && field.value);
  if (model.isWhole && !model.isImage) {
    model.columns.forEach((column, index) => {
      if (given.has(column.name)) fields[index].value = given.get(column.name);
    });
    form.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(() => { remember(); update(); }, 80);
    });
    form.addEventListener("submit", event => event.preventDefault());
    update();
  } else if (!model.isImage) {
    const text = "This model has too many columns for a form. POST records to " + path + ".";
    answer.replaceChildren(element("p", text, "muted"));
  }
  """
