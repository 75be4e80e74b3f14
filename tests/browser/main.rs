//! The page of a plan in a real browser. Needs Chromium, so `cargo test`
//! leaves it out: `cargo test --test browser`.
#![allow(clippy::unwrap_used, reason = "a test ends where it cannot go on")]

#[path = "../support/mod.rs"]
mod support;

use std::fs;
use std::process::Command;

use sqlflowc::plan;
use sqlflowc::source::SourceFile;
use sqlflowc::syntax::sql::Dialect;

const DRIVER: &str = include_str!("driver.js");

fn page(name: &str, text: &str) -> String {
    let source = SourceFile::new(name, text);
    let (plan, diagnostics) = sqlflowc::compile::plan(&source, Dialect::DuckDb);
    let plan = plan.unwrap_or_else(|| panic!("{name}: {diagnostics:?}"));
    plan::html(&plan, &source, name)
}

/// A page after its scripts have run. What the browser logs is an error.
fn open(page: &str, fragment: &str, scheme: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("plan.html");
    fs::write(&file, page).unwrap();
    let browser = std::env::var("CHROMIUM").unwrap_or_else(|_| "chromium".to_owned());
    let output = Command::new(&browser)
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--enable-logging=stderr",
            "--virtual-time-budget=10000",
            "--window-size=1400,900",
            "--dump-dom",
        ])
        .arg(format!("--blink-settings=preferredColorScheme={scheme}"))
        .arg(format!(
            "--user-data-dir={}",
            folder.path().join("profile").display()
        ))
        .arg(format!("file://{}{fragment}", file.display()))
        .output()
        .unwrap_or_else(|error| panic!("`{browser}` cannot be run: {error}"));
    let said = String::from_utf8_lossy(&output.stderr);
    let logged: Vec<_> = said
        .lines()
        .filter(|line| line.contains("CONSOLE"))
        .collect();
    assert!(logged.is_empty(), "{logged:#?}");
    assert!(output.status.success(), "{said}");
    String::from_utf8(output.stdout).unwrap()
}

/// Uses a page by script, as a reader would.
fn drive(name: &str, text: &str) {
    let page = page(name, text);
    let page = page.replace("</body>", &format!("<script>\n{DRIVER}</script>\n</body>"));
    let dom = open(&page, "", "1");
    let said = dom
        .split_once("data-driven=\"")
        .unwrap_or_else(|| panic!("{name} was not driven"));
    let said = said.1.split('"').next().unwrap();
    assert_eq!(said, "well", "{name}: {}", said.replace("&quot;", "\""));
}

#[test]
fn pages_of_examples_can_be_used() {
    for program in support::examples() {
        let source = support::source(&program);
        drive(source.name(), source.text());
    }
}

#[test]
fn a_page_of_many_steps_can_be_used() {
    drive("large.sql", &support::large_program(150));
}

/// Text that would end a script, an element, an attribute or a line.
const HOSTILE: &str = "
CREATE TABLE \"</script><script>intruder = 1</script>\" AS SELECT '</script><script>intruder = 2</script>' AS x;
-- <!-- <script> ' \" & &amp; \u{2028} \u{2029}
SELECT *, '<!--<script>' AS a, '\u{2028}', '\\u0027', '{{ 7 * 7 }}', '${intruder = 3}', '`' FROM \"</script><script>intruder = 1</script>\";
CREATE TABLE \"\"\"><img src=x onerror='intruder = 4'>\" AS SELECT * FROM \"</script><script>intruder = 1</script>\";
SET \"</title>\" = '</textarea><b>';
SELECT '<svg onload=intruder=5>' FROM \"\"\"><img src=x onerror='intruder = 4'>\"; SELECT 'a b', 'javascript:intruder=6';
";

#[test]
fn hostile_text_stays_text() {
    drive("</title><script>intruder = 7</script>.sql", HOSTILE);
    for name in ["controls", "names", "quotes", "templates", "unicode"] {
        let program = support::root().join(format!("tests/hostile/{name}.sql"));
        let source = support::source(&program);
        drive(source.name(), source.text());
    }
}

#[test]
fn an_address_selects_a_step_in_light_and_in_dark() {
    let iris = support::root().join("examples/iris/program.sql");
    let page = page("iris.sql", &fs::read_to_string(iris).unwrap());
    for scheme in ["0", "1"] {
        let dom = open(&page, "#step=train-iris-gbtree", scheme);
        let details = dom
            .split_once("<aside")
            .unwrap()
            .1
            .split_once("</aside>")
            .unwrap()
            .0;
        for shown in [
            "<span>train-iris-gbtree</span>",
            "train · lines 17–27 · level 4 of 6",
            "<span class=\"keyword\">TRAIN</span> xgboost.gbtree",
            "read-after-write on table iris.train, lines 11 and 17",
        ] {
            assert!(details.contains(shown), "{shown} is not in {details}");
        }
        let dom = open(&page, "#step=no-such-step", scheme);
        assert!(dom.contains("<h2>Plan</h2>"));
    }
}
