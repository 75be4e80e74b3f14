// Uses the page of a plan as a reader would, and says what went wrong.
"use strict";
(() => {
  const failures = [];
  const check = (holds, what) => {
    if (!holds) failures.push(what);
  };
  const $ = (selector) => document.querySelector(selector);
  const $$ = (selector) => [...document.querySelectorAll(selector)];
  const text = (selector) => $(selector)?.textContent ?? "";
  const press = (key) =>
    document.activeElement.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
  const shown = () => $$("#list li").filter((row) => !row.hidden);
  const type = (value) => {
    $("#search").value = value;
    $("#search").dispatchEvent(new Event("input"));
  };
  const selected = () => text("#details h2 span");
  const data = JSON.parse($("#data").textContent);
  const at = (name) => data.steps.findIndex((step) => step.name === name);

  try {
    // Everything is there.
    check(data.steps.length === $$("#graph .step").length, "every step has a box");
    check(data.steps.length === $$("#list li").length, "every step has a row");
    check(
      data.steps.reduce((sum, step) => sum + step.needs.length, 0) === $$("#graph .edge").length,
      "every edge has a line",
    );

    // Every step's details are what the plan says, text for text.
    data.steps.forEach((step, index) => {
      $$("#list button")[index].click();
      check(selected() === step.name, `the row of ${step.name} selects it`);
      check(location.hash === `#step=${step.name}`, `the address of ${step.name} can be shared`);
      const pre = $$("#details pre").map((element) => element.textContent);
      check(JSON.stringify(pre) === JSON.stringify([...step.sql, ...step.session]), `the SQL of ${step.name}`);
      const chips = $$("#details .chips button").map((element) => element.textContent);
      const resources = [...step.reads, ...step.writes].map((resource) => resource.replace(":", " "));
      check(JSON.stringify(chips) === JSON.stringify(resources), `what ${step.name} reads and writes`);
      const waits = $$("#details .steps").at(0)?.textContent ?? "";
      for (const { on, why } of step.needs) {
        check(waits.includes(data.steps[on].name), `${step.name} waits for ${data.steps[on].name}`);
        check(why.every((reason) => waits.includes(reason)), `why ${step.name} waits`);
        check($$("#graph .step")[on].classList.contains("before"), "what comes before is marked");
      }
      check($("#graph .step.selected").dataset.step === String(index), "the box is marked");
      check($$("#graph .edge.near").length >= step.needs.length, "the lines of the step are marked");
      for (const [, value] of step.settings) check(text("#details dl").includes(value), "settings are shown");
      const box = $("#graph .step.selected").getBoundingClientRect();
      const main = $("main").getBoundingClientRect();
      check(box.left >= main.left - 1 && box.right <= main.right + 1, `${step.name} is in sight`);
    });

    // A line of "waits for" leads to that step.
    const last = data.steps.findLastIndex((step) => step.needs.length > 0);
    if (last >= 0) {
      $$("#list button")[last].click();
      $("#details .steps button").click();
      check(at(selected()) === data.steps[last].needs[0].on, "a name in the details leads to the step");
    }

    // Keys alone.
    $("#details h2 button").click();
    check(selected() === "" || text("#details h2") === "Plan", "closing shows the plan");
    check(location.hash === "", "nothing is selected in the address");
    document.body.focus();
    press("/");
    check(document.activeElement === $("#search"), "/ goes to the filter");
    const name = data.steps.at(-1).name;
    type(name);
    check(shown().length >= 1 && shown().every((row) => row.textContent.includes(name)), "a name is found");
    press("Enter");
    check(selected().includes(name), "Enter selects what is found");
    type("no such thing");
    check(shown().length === 0 && text("#matches").startsWith("0 of "), "nothing is found");
    press("Escape");
    check(shown().length === data.steps.length, "Escape clears the filter");
    const second = data.steps.findIndex((step) => step.needs.length > 0);
    if (second >= 0) {
      $$("#graph .step")[second].focus();
      press("Enter");
      check(at(selected()) === second, "Enter selects the box with the focus");
      press("ArrowLeft");
      check(at(selected()) === data.steps[second].needs[0].on, "left leads to what is waited for");
      check(document.activeElement === $("#graph .step.selected"), "the focus moves along");
      press("ArrowRight");
      const back = data.steps[at(selected())];
      check(back.needs.some(({ on }) => on === data.steps[second].needs[0].on), "right leads to what waits");
    }

    // A resource finds who touches it; a kind finds its steps.
    const reader = data.steps.findIndex((step) => step.reads.length > 0);
    if (reader >= 0) {
      $$("#list button")[reader].click();
      const resource = data.steps[reader].reads[0];
      $("#details .chips button").click();
      const touching = data.steps.filter((step) => [...step.reads, ...step.writes].includes(resource)).length;
      if (!/\s/.test(resource)) check(shown().length === touching, `${touching} steps touch ${resource}`);
      else check(shown().length >= touching, `${touching} steps touch ${resource}`);
      press("Escape");
    }
    for (const button of $$("#kinds button")) {
      button.click();
      check(shown().length === Number(button.textContent.match(/\d+$/)[0]), `kind ${button.textContent}`);
      button.click();
    }

    // Zoom, fit, theme, paper.
    const width = () => Number($("#graph").getAttribute("viewBox").split(" ")[2]);
    const before = width();
    $("#zoom-in").click();
    check(width() < before, "zooming in shows less");
    $("#graph").dispatchEvent(new WheelEvent("wheel", { deltaY: 400, cancelable: true, clientX: 500, clientY: 300 }));
    check(width() > before, "the wheel zooms out");
    $("#fit").click();
    const bounds = $("main").getBoundingClientRect();
    check(
      $$("#graph .step").every((box) => box.getBoundingClientRect().right <= bounds.right + 1),
      "fit shows all",
    );
    const paper = () => getComputedStyle(document.body).backgroundColor;
    const papers = new Set([paper()]);
    for (let turn = 0; turn < 3; turn += 1) {
      $("#theme").click();
      papers.add(paper());
    }
    check(papers.size === 2, "there are a light and a dark theme");
    window.dispatchEvent(new Event("beforeprint"));
    check($$("#print article").length === data.steps.length, "paper has every step");
    window.dispatchEvent(new Event("afterprint"));
    check(globalThis.intruder === undefined, "no text of the program ran as a script");
    check($$("script").length === 3, "no text of the program became an element");
  } catch (error) {
    failures.push(String(error.stack));
  }
  document.documentElement.dataset.driven = failures.length === 0 ? "well" : JSON.stringify(failures.slice(0, 10));
})();
