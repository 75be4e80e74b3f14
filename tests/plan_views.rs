//! The plan as something people look at: drawings, pictures, pages.
#![allow(clippy::unwrap_used, reason = "a test ends where it cannot go on")]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::time::{Duration, Instant};

use serde_json::Value;
use sqlflowc::compile;
use sqlflowc::plan::{self, Charset, Colour, Drawing, Format, Layout, Levels, Plan};
use sqlflowc::source::SourceFile;
use sqlflowc::syntax::sql::Dialect;

fn plan_of(text: &str) -> Plan {
    let source = SourceFile::new("p.sql", text);
    let (plan, diagnostics) = compile::plan(&source, Dialect::DuckDb);
    plan.unwrap_or_else(|| panic!("{diagnostics:?}"))
}

fn example(name: &str) -> Plan {
    plan_of(
        &fs::read_to_string(support::root().join(format!("examples/{name}/program.sql"))).unwrap(),
    )
}

const PLAIN: Drawing = Drawing {
    width: 80,
    charset: Charset::Unicode,
    colour: Colour::Off,
};

/// A diamond with a long edge around it, a barrier, and a step apart.
const SMALL: &str = "
CREATE TABLE raw AS SELECT 1 AS x, 2 AS y;
CREATE TABLE train AS SELECT * FROM raw;
CREATE TABLE test AS SELECT * FROM raw;
SELECT * FROM train TO TRAIN xgboost.gbtree COLUMN x LABEL y INTO m;
SELECT * FROM test TO PREDICT prediction.y USING m;
SELECT * FROM elsewhere;
DROP TABLE raw;
";

#[test]
fn a_plan_is_drawn_with_a_lane_for_what_is_waited_for() {
    insta::assert_snapshot!(PLAIN.draw(&plan_of(SMALL)), @"
    level        step                kind     lines
        1  ◆     create-raw          query    2
           │ ●   select-elsewhere    query    7
        2  ├───◆ create-train        query    3
           ●   │ create-test         query    4
        3  │ ◆─┤ train-m             train    5
           ├─│─● drop-raw            query    8
        4  ◆─╯   predict-prediction  predict  6

    7 steps in 4 levels · widest: level 1 with 2 · critical path (◆): 4 steps
    ");
    let ascii = Drawing {
        charset: Charset::Ascii,
        ..PLAIN
    };
    insta::assert_snapshot!(ascii.draw(&plan_of(SMALL)), @"
    level        step                kind     lines
        1  *     create-raw          query    2
           | o   select-elsewhere    query    7
        2  +---* create-train        query    3
           o   | create-test         query    4
        3  | *-+ train-m             train    5
           +-|-o drop-raw            query    8
        4  *-'   predict-prediction  predict  6

    7 steps in 4 levels, widest: level 1 with 2, critical path (*): 4 steps
    ");
    insta::assert_snapshot!(PLAIN.draw(&example("iris")), @"
    level            step                          kind        lines
        1  ◆         create-schema-iris            query       4
        2  ◆         create-iris-raw               query       6-7
        3  ├─◆       create-iris-train             query       11-12
           ● │       create-iris-test              query       14-15
        4  │ ├─◆     train-iris-gbtree             train       17-27
           │ ├─│─●   train-iris-dnn                train       29-40
           ├─● │ │   drop-iris-raw                 query       88
        5  │   ├─│─● show-iris-gbtree              show_train  42
           ├─●─┤ │   evaluate-iris-gbtree          evaluate    44-48
           ├─●─│─┤   evaluate-iris-dnn             evaluate    50-54
           ├─◆─┤ │   predict-iris-gbtree-p-dcd0dc  predict     56-58
           ├─│─│─●   predict-iris-dnn-prediction   predict     60-62
           ●─│─╯ │   explain-iris-gbtree           explain     65-68
        6    ◆───╯   select-iris-gbtree-pr-aaea6b  query       71-85

    14 steps in 6 levels · widest: level 5 with 6 · critical path (◆): 6 steps
    ");
    insta::assert_snapshot!(PLAIN.draw(&plan_of("CALL refresh(); SELECT 1;")), @"
    level    step    kind   lines
        1  ◆ call    query  1  barrier
        2  ◆ select  query  1

    2 steps in 2 levels · widest: level 1 with 1 · critical path (◆): 2 steps
    ");
}

#[test]
fn colours_add_to_a_drawing_and_change_no_letter_of_it() {
    let plan = example("breast_cancer");
    let coloured = Drawing {
        colour: Colour::On,
        ..PLAIN
    }
    .draw(&plan);
    assert!(coloured.contains("\u{1b}[1m"));
    assert_eq!(
        anstream::adapter::strip_str(&coloured).to_string(),
        PLAIN.draw(&plan)
    );
}

/// The steps that a drawing shows a step to wait for: those whose lanes it
/// takes from, those named below it, and how many more are said to be.
struct Shown {
    lanes: BTreeSet<String>,
    words: BTreeSet<String>,
    more: usize,
}

/// Reads a drawing as a person would, following the lanes downwards.
fn read_drawing(text: &str) -> BTreeMap<String, Shown> {
    let mut rows = text.lines().take_while(|line| !line.is_empty());
    let heading = rows.next().unwrap();
    let (first, name_at) = (7, heading.find("step").unwrap());
    let mut owners: Vec<Option<String>> = vec![None; (name_at - first) / 2];
    let mut shown = BTreeMap::new();
    let mut last = String::new();
    let mut of_level = BTreeSet::new();
    for row in rows {
        let letters: Vec<char> = row.chars().collect();
        let rest: String = letters[name_at..].iter().collect();
        if let Some(words) = rest.strip_prefix("  after ") {
            for (owner, letter) in owners.iter_mut().zip(letters[first..].iter().step_by(2)) {
                owner.take_if(|_| *letter != '│');
            }
            let (names, more) = words.split_once(" and ").unwrap_or((words, "0 more"));
            let step: &mut Shown = shown.get_mut(&last).unwrap();
            step.words = names.split(", ").map(str::to_owned).collect();
            step.more = more.trim_end_matches(" more").parse().unwrap();
            continue;
        }
        last = rest.split_whitespace().next().unwrap().to_owned();
        if letters[..first].iter().any(char::is_ascii_digit) {
            of_level.clear();
        }
        of_level.insert(last.clone());
        let mut lanes = BTreeSet::new();
        for (owner, letter) in owners.iter_mut().zip(letters[first..].iter().step_by(2)) {
            match letter {
                '├' | '┤' | '┼' => lanes.extend(owner.clone()),
                '╰' | '╯' | '┴' => lanes.extend(owner.take()),
                // Steps of one level stand below each other and do not wait.
                '●' | '◆' => lanes.extend(
                    owner
                        .replace(last.clone())
                        .filter(|above| !of_level.contains(above)),
                ),
                '│' => assert!(owner.is_some(), "a lane comes from nowhere:\n{row}"),
                // A step whose lane does not go on had none.
                _ => *owner = None,
            }
        }
        let step = Shown {
            lanes,
            words: BTreeSet::new(),
            more: 0,
        };
        shown.insert(last.clone(), step);
    }
    shown
}

#[test]
fn every_edge_of_a_drawing_is_a_lane_or_a_word() {
    let mut plans: Vec<_> = [5, 50, 500]
        .map(|steps| plan_of(&support::large_program(steps)))
        .into();
    plans.extend(["iris", "breast_cancer", "orders", "digits"].map(example));
    for plan in plans {
        for width in [40, 80, 200] {
            let text = Drawing { width, ..PLAIN }.draw(&plan);
            let widest = text.lines().map(|line| line.chars().count()).max();
            assert!(width < 80 || widest.unwrap() <= width, "{text}");
            let shown = read_drawing(&text);
            assert_eq!(shown.len(), plan.len());
            for (at, planned) in plan.steps().enumerate() {
                let needs = plan.needs_names(at);
                let step = &shown[&planned.name];
                let drawn = step.lanes.union(&step.words);
                assert!(
                    drawn.clone().all(|name| needs.contains(&name.as_str())),
                    "{text}"
                );
                assert_eq!(
                    drawn.count() + step.more,
                    needs.len(),
                    "{}\n{text}",
                    planned.name
                );
            }
        }
    }
}

#[test]
fn levels_hold_what_can_run_at_the_same_time() {
    for text in [SMALL.to_owned(), support::large_program(200)] {
        let plan = plan_of(&text);
        let levels = Levels::of(&plan);
        for (before, after, _) in plan.edges() {
            assert!(levels.level(before) < levels.level(after));
        }
        let path: Vec<_> = levels.critical_path().collect();
        assert_eq!(path.len(), levels.len());
        for pair in path.windows(2) {
            assert!(plan.sources(pair[1]).any(|before| before == pair[0]));
        }
    }
}

#[test]
fn one_step_is_explained() {
    insta::assert_snapshot!(plan::explain(&plan_of(SMALL), "predict-prediction").unwrap(), @"
    predict-prediction  predict  line 6
      level 4 of 4, on the critical path
      reads table test, model m
      writes table prediction
      waits for, of 4 steps before it
        create-test: read-after-write on table test, lines 4 and 6
        train-m: read-after-write on model m, lines 5 and 6
      nothing waits for it
    ");
    insta::assert_snapshot!(plan::explain(&plan_of("CALL refresh(); SELECT 1;"), "select").unwrap(), @"
    select  query  line 1
      level 2 of 2, on the critical path
      waits for
        call: barrier, lines 1 and 1
      nothing waits for it
    ");
    assert_eq!(plan::explain(&plan_of(SMALL), "predict"), None);
}

#[test]
fn a_plan_is_a_mermaid_flowchart_and_a_graphviz_graph() {
    insta::assert_snapshot!(plan::show(&plan_of(SMALL), Format::Mermaid), @r#"
    flowchart TD
      create-raw["create-raw"]
      create-train["create-train"]
      create-test["create-test"]
      train-m{{"train-m"}}
      predict-prediction(["predict-prediction"])
      select-elsewhere["select-elsewhere"]
      drop-raw["drop-raw"]
      create-raw ==> create-train
      create-raw --> create-test
      create-train ==> train-m
      create-test --> predict-prediction
      train-m ==> predict-prediction
      create-train --> drop-raw
      create-test --> drop-raw
    "#);
    insta::assert_snapshot!(plan::show(&plan_of(SMALL), Format::Dot), @r#"
    digraph plan {
      rankdir=LR;
      node [shape=box];
      "create-raw" [shape=box, penwidth=2, label="create-raw\nquery, line 2"];
      "create-train" [shape=box, penwidth=2, label="create-train\nquery, line 3"];
      "create-test" [shape=box, label="create-test\nquery, line 4"];
      "train-m" [shape=hexagon, penwidth=2, label="train-m\ntrain, line 5"];
      "predict-prediction" [shape=cds, penwidth=2, label="predict-prediction\npredict, line 6"];
      "select-elsewhere" [shape=box, label="select-elsewhere\nquery, line 7"];
      "drop-raw" [shape=box, label="drop-raw\nquery, line 8"];
      "create-raw" -> "create-train" [tooltip="read-after-write on table raw", penwidth=2];
      "create-raw" -> "create-test" [tooltip="read-after-write on table raw"];
      "create-train" -> "train-m" [tooltip="read-after-write on table train", penwidth=2];
      "create-test" -> "predict-prediction" [tooltip="read-after-write on table test"];
      "train-m" -> "predict-prediction" [tooltip="read-after-write on model m", penwidth=2];
      "create-train" -> "drop-raw" [tooltip="write-after-read on table raw"];
      "create-test" -> "drop-raw" [tooltip="write-after-read on table raw"];
    }
    "#);
}

#[test]
fn boxes_and_lines_of_a_layout_keep_apart() {
    let programs = [
        SMALL.to_owned(),
        support::large_program(50),
        support::large_program(500),
    ];
    let plans = programs.iter().map(|text| plan_of(text));
    for plan in plans.chain([example("breast_cancer"), example("orders")]) {
        let levels = Levels::of(&plan);
        let layout = Layout::of(&plan, &levels);
        for steps in levels.iter() {
            let mut places: Vec<_> = steps.iter().map(|step| layout.boxes[*step]).collect();
            places.sort_by_key(|place| place.y);
            for pair in places.windows(2) {
                assert!(pair[0].y + pair[0].height + 12 <= pair[1].y);
            }
            for place in places {
                assert!(place.x > 0 && place.x + place.width < layout.width);
                assert!(place.y > 0 && place.y + place.height < layout.height);
            }
        }
        for route in &layout.routes {
            let (from, to) = (layout.boxes[route.before], layout.boxes[route.after]);
            let (first, last) = (route.points[0], route.points[route.points.len() - 1]);
            assert_eq!(
                (first.x, first.y),
                (from.x + from.width, from.y + from.height / 2)
            );
            assert_eq!((last.x, last.y), (to.x, to.y + to.height / 2));
            for bend in route.points[1..route.points.len() - 1].chunks(2) {
                assert_eq!(bend[0].y, bend[1].y, "a line passes a column level");
                for place in &layout.boxes {
                    let beside = place.x > bend[1].x || place.x + place.width < bend[0].x;
                    let above = place.y + place.height <= bend[0].y - 8;
                    let below = place.y >= bend[0].y + 8;
                    assert!(beside || above || below, "a line runs through a box");
                }
            }
        }
    }
}

/// A chain whose every step also reads a table of its own, and one whose
/// first table is read by all: the most and the longest edges.
#[test]
fn the_longest_edges_take_no_long_time() {
    let mut chain = "CREATE TABLE c0 AS SELECT 1 AS x;\n".to_owned();
    for at in 0..1_000 {
        chain += &format!("CREATE TABLE s{at} AS SELECT 1 AS x;\n");
    }
    for at in 0..1_000 {
        chain += &format!("CREATE TABLE c{} AS SELECT * FROM c{at}, s{at};\n", at + 1);
    }
    for text in [chain, support::large_program(2_000)] {
        let plan = plan_of(&text);
        let start = Instant::now();
        let svg = plan::show(&plan, Format::Svg);
        assert!(svg.matches("<g class=\"step").count() >= 1_990);
        // A second and more for a build without optimizations on a busy
        // machine; what is not linear takes minutes.
        assert!(
            start.elapsed() < Duration::from_secs(60),
            "{:?}",
            start.elapsed()
        );
    }
}

#[test]
fn a_picture_is_well_formed_and_says_what_it_shows() {
    let plan = plan_of(
        "CREATE TABLE \"<b>&\"\"'\u{1}\" AS SELECT 1 AS x; SELECT * FROM \"<b>&\"\"'\u{1}\";",
    );
    let svg = plan::show(&plan, Format::Svg);
    let document = roxmltree::Document::parse(&svg).unwrap();
    let titles: Vec<_> = document
        .descendants()
        .filter(|node| node.has_tag_name(("http://www.w3.org/2000/svg", "title")))
        .map(|node| node.text().unwrap())
        .collect();
    insta::assert_snapshot!(titles.join("\n"), @r#"
    select-b waits for create-b
    read-after-write on table <b>&"'�
    create-b: query, line 1, on the critical path
    select-b: query, line 1, on the critical path
    "#);
    assert!(
        !svg.contains("<script") && !svg.contains("href"),
        "a picture needs nothing else"
    );
    let large = plan::show(&plan_of(&support::large_program(50)), Format::Svg);
    roxmltree::Document::parse(&large).unwrap();
}

/// The data in a page, as its script reads them.
fn data(page: &str) -> Value {
    let data = page
        .split_once("<script type=\"application/json\" id=\"data\">")
        .unwrap();
    let data = data.1.split_once("</script>").unwrap().0;
    serde_json::from_str(data).unwrap()
}

#[test]
fn a_page_carries_every_statement_byte_for_byte() {
    for path in [support::examples(), support::programs("hostile")].concat() {
        let source = support::source(&path);
        let (plan, _) = compile::plan(&source, Dialect::DuckDb);
        let plan = plan.unwrap();
        let page = plan::html(&plan, &source, source.name());
        assert_eq!(page, plan::html(&plan, &source, source.name()));
        let data = data(&page);
        for (planned, step) in plan.steps().zip(data["steps"].as_array().unwrap()) {
            assert_eq!(step["name"], planned.name);
            let mut rest = source.slice(planned.step.span);
            for statement in step["sql"].as_array().unwrap() {
                let statement = statement.as_str().unwrap();
                let at = rest.find(statement);
                let at = at.unwrap_or_else(|| panic!("{}: {statement}", source.name()));
                rest = &rest[at + statement.len()..];
            }
        }
    }
}

#[test]
fn a_page_needs_nothing_else() {
    let text = "SELECT '</script><img src=x>', '\u{2028}' FROM t;";
    let source = SourceFile::new("</title>.sql", text);
    let (plan, _) = compile::plan(&source, Dialect::DuckDb);
    let page = plan::html(&plan.unwrap(), &source, source.name());
    assert_eq!(page.matches("</script").count(), 2);
    assert!(!page.contains("<img") && !page.contains("</title>.sql") && !page.contains('\u{2028}'));
    assert!(!page.contains("src=\"") && !page.contains("url(") && !page.contains("@import"));
    assert_eq!(
        page.matches("href=").count(),
        1,
        "the icon that there is not"
    );
    let addresses = page.matches("http").count();
    let names =
        page.matches("http://www.w3.org/2000/svg").count() + page.matches("http-equiv").count();
    assert_eq!(
        addresses, names,
        "only the name of SVG looks like an address"
    );
}

#[test]
fn the_picture_in_the_documents_is_the_plan() {
    let picture = plan::show(&example("iris"), Format::Svg);
    let file = support::root().join("docs/iris.svg");
    if std::env::var_os("UPDATE_PICTURES").is_some() {
        fs::write(&file, &picture).unwrap();
    }
    assert!(
        fs::read_to_string(&file).unwrap() == picture,
        "docs/iris.svg is stale: run with UPDATE_PICTURES=1"
    );
}
