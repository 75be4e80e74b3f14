//! What changed in the plan between two programs.
#![allow(clippy::unwrap_used, reason = "a test ends where it cannot go on")]

mod support;

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use sqlflowc::compile;
use sqlflowc::plan::{Colour, DiffFormat, Difference, Plan, Version};
use sqlflowc::source::SourceFile;
use sqlflowc::syntax::sql::Dialect;

fn compiled(name: &str, text: &str) -> (Plan, SourceFile) {
    let source = SourceFile::new(name, text);
    let (plan, diagnostics) = compile::plan(&source, Dialect::DuckDb);
    (plan.unwrap_or_else(|| panic!("{diagnostics:?}")), source)
}

fn diff(old: &str, new: &str, format: DiffFormat) -> String {
    let (old, new) = (compiled("old.sql", old), compiled("new.sql", new));
    let old = Version {
        plan: &old.0,
        source: &old.1,
    };
    let new = Version {
        plan: &new.0,
        source: &new.1,
    };
    Difference::between(old, new).show(format)
}

const TEXT: DiffFormat = DiffFormat::Text(Colour::Off);

const OLD: &str = "\
CREATE TABLE raw AS SELECT 1 AS x, 2 AS y, 3 AS z;
CREATE TABLE train AS SELECT * FROM raw;
SET threads = 2;
SELECT * FROM train
TO TRAIN xgboost.gbtree
WITH max_depth = 3, eta = 0.1
COLUMN x
LABEL y
INTO m;
SELECT * FROM raw TO PREDICT prediction.y USING m;
DROP TABLE train;
SELECT count(*) FROM prediction;
";

const NEW: &str = "\
-- A comment moves the lines.
CREATE TABLE raw AS SELECT 1 AS x, 2 AS y, 3 AS z;
CREATE TABLE train AS SELECT * FROM raw WHERE x > 0;
CREATE TABLE test AS SELECT * FROM raw WHERE x <= 0;
SET threads = 4;
-- sqlflowc: memory=8Gi
SELECT * FROM train
TO TRAIN xgboost.gbtree
WITH max_depth = 6, seed = 7
COLUMN x, NUMERIC(z)
LABEL y
INTO m;
SELECT * FROM test TO PREDICT opinion.y USING m;
SELECT count(*) FROM opinion;
";

#[test]
fn the_same_program_elsewhere_has_not_changed() {
    let moved = format!("-- moved\n\n{}", OLD.replace(";\n", ";\n\n\n"));
    assert_eq!(diff(OLD, &moved, TEXT), "the plan has not changed\n");
    assert_eq!(
        diff(OLD, &moved, DiffFormat::Markdown),
        "### Plan: the plan has not changed\n"
    );
    let json: Value = serde_json::from_str(&diff(OLD, &moved, DiffFormat::Json)).unwrap();
    assert_eq!(
        (&json["steps"], &json["edges"]),
        (&Value::Array(vec![]), &Value::Array(vec![]))
    );
}

#[test]
fn a_difference_says_what_changed_and_how() {
    insta::assert_snapshot!(diff(OLD, NEW, TEXT), @"
    1 step added, 1 removed, 4 changed, 2 renamed; 2 edges added, 1 removed, 1 changed

    ~ create-train  query  line 3
        - CREATE TABLE train AS SELECT * FROM raw
        + CREATE TABLE train AS SELECT * FROM raw WHERE x > 0
    + create-test  query  line 4
    ~ train-m  train  lines 7-12
        eta: 0.1 → nothing
        max_depth: 3 → 6
        memory: nothing → 8Gi
        seed: nothing → 7
        features: + numeric(z)
        session: - SET threads = 2
        session: + SET threads = 4
          TO TRAIN xgboost.gbtree
        - WITH max_depth = 3, eta = 0.1
        - COLUMN x
        + WITH max_depth = 6, seed = 7
        + COLUMN x, NUMERIC(z)
          LABEL y
    ~ predict-opinion  predict  line 13  was predict-prediction
        into: prediction → opinion
        reads: - table:raw
        reads: + table:test
        writes: - table:prediction
        writes: + table:opinion
        session: - SET threads = 2
        session: + SET threads = 4
        - SELECT * FROM raw TO PREDICT prediction.y USING m
        + SELECT * FROM test TO PREDICT opinion.y USING m
    - drop-train  query  line 11
    ~ select-opinion  query  line 14  was select-prediction
        reads: - table:prediction
        reads: + table:opinion
        session: - SET threads = 2
        session: + SET threads = 4
        - SELECT count(*) FROM prediction
        + SELECT count(*) FROM opinion

    + create-test after create-raw: read-after-write on table raw, lines 2 and 4
    + predict-opinion after create-test: read-after-write on table test, lines 4 and 13
    ~ select-opinion after predict-opinion: read-after-write on table prediction → read-after-write on table opinion
    - drop-train after train-m: write-after-read on table train, lines 4 and 11
    ");
}

#[test]
fn a_difference_is_a_comment_on_a_pull_request() {
    insta::assert_snapshot!(diff(OLD, NEW, DiffFormat::Markdown), @"
    ### Plan: 1 step added, 1 removed, 4 changed, 2 renamed; 2 edges added, 1 removed, 1 changed

    | | step | kind | what |
    | --- | --- | --- | --- |
    | changed | <code>create-train</code> | query | SQL |
    | added | <code>create-test</code> | query | line 4 |
    | changed | <code>train-m</code> | train | eta: <code>0.1</code> → nothing<br>max&#95;depth: <code>3</code> → <code>6</code><br>memory: nothing → <code>8Gi</code><br>seed: nothing → <code>7</code><br>features with <code>numeric(z)</code><br>session without <code>SET threads = 2</code><br>session with <code>SET threads = 4</code><br>SQL |
    | changed | <code>predict-opinion</code> | predict | was <code>predict-prediction</code><br>into: <code>prediction</code> → <code>opinion</code><br>reads without <code>table:raw</code><br>reads with <code>table:test</code><br>writes without <code>table:prediction</code><br>writes with <code>table:opinion</code><br>session without <code>SET threads = 2</code><br>session with <code>SET threads = 4</code><br>SQL |
    | removed | <code>drop-train</code> | query | line 11 |
    | changed | <code>select-opinion</code> | query | was <code>select-prediction</code><br>reads without <code>table:prediction</code><br>reads with <code>table:opinion</code><br>session without <code>SET threads = 2</code><br>session with <code>SET threads = 4</code><br>SQL |

    | | step | waits for | why |
    | --- | --- | --- | --- |
    | added | <code>create-test</code> | <code>create-raw</code> | read-after-write on table raw |
    | added | <code>predict-opinion</code> | <code>create-test</code> | read-after-write on table test |
    | changed | <code>select-opinion</code> | <code>predict-opinion</code> | read-after-write on table prediction → read-after-write on table opinion |
    | removed | <code>drop-train</code> | <code>train-m</code> | write-after-read on table train |

    <details><summary>SQL of <code>create-train</code></summary>

    ```diff
    - CREATE TABLE train AS SELECT * FROM raw
    + CREATE TABLE train AS SELECT * FROM raw WHERE x > 0
    ```

    </details>

    <details><summary>SQL of <code>create-test</code></summary>

    ```diff
    + CREATE TABLE test AS SELECT * FROM raw WHERE x <= 0
    ```

    </details>

    <details><summary>SQL of <code>train-m</code></summary>

    ```diff
      TO TRAIN xgboost.gbtree
    - WITH max_depth = 3, eta = 0.1
    - COLUMN x
    + WITH max_depth = 6, seed = 7
    + COLUMN x, NUMERIC(z)
      LABEL y
    ```

    </details>

    <details><summary>SQL of <code>predict-opinion</code></summary>

    ```diff
    - SELECT * FROM raw TO PREDICT prediction.y USING m
    + SELECT * FROM test TO PREDICT opinion.y USING m
    ```

    </details>

    <details><summary>SQL of <code>drop-train</code></summary>

    ```diff
    - DROP TABLE train
    ```

    </details>

    <details><summary>SQL of <code>select-opinion</code></summary>

    ```diff
    - SELECT count(*) FROM prediction
    + SELECT count(*) FROM opinion
    ```

    </details>
    ");
}

#[test]
fn a_difference_is_json_for_tools() {
    let old = "CREATE TABLE a AS SELECT 1; SELECT * FROM a;";
    let new = "CREATE TABLE a AS SELECT 2; SELECT * FROM a; SELECT 3;";
    insta::assert_snapshot!(diff(old, new, DiffFormat::Json), @r#"
    {
      "version": 1,
      "old": "old.sql",
      "new": "new.sql",
      "steps": [
        {
          "change": "changed",
          "name": "create-a",
          "kind": "query",
          "lines": [
            1,
            1
          ],
          "old_lines": [
            1,
            1
          ],
          "text": "CREATE TABLE a AS SELECT 2",
          "old_text": "CREATE TABLE a AS SELECT 1",
          "fields": [],
          "lists": []
        },
        {
          "change": "added",
          "name": "select",
          "kind": "query",
          "lines": [
            1,
            1
          ],
          "text": "SELECT 3"
        }
      ],
      "edges": []
    }
    "#);
}

#[test]
fn a_step_keeps_its_identity_by_text_when_another_takes_its_name() {
    let old = "INSERT INTO t VALUES (1); INSERT INTO t VALUES (2);";
    let new = "INSERT INTO t VALUES (0); INSERT INTO t VALUES (1); INSERT INTO t VALUES (2);";
    insta::assert_snapshot!(diff(old, new, TEXT), @"
    1 step added, 1 renamed; 1 edge added

    + insert-t  query  line 1
    > insert-t-d5e418  query  line 1  was insert-t

    + insert-t-d5e418 after insert-t: write-after-write on table t, lines 1 and 1
    ");
}

#[test]
fn an_edge_that_others_imply_is_told_from_one_that_is_gone() {
    let old = "CREATE TABLE a AS SELECT 1; CREATE TABLE c AS SELECT * FROM a;";
    let new = "CREATE TABLE a AS SELECT 1; CREATE TABLE b AS SELECT * FROM a; CREATE TABLE c AS SELECT * FROM a, b;";
    insta::assert_snapshot!(diff(old, new, TEXT), @"
    1 step added, 1 changed; 2 edges added, 1 removed

    + create-b  query  line 1
    ~ create-c  query  line 1
        reads: + table:b
        - CREATE TABLE c AS SELECT * FROM a
        + CREATE TABLE c AS SELECT * FROM a, b

    + create-b after create-a: read-after-write on table a, lines 1 and 1
    + create-c after create-b: read-after-write on table b, lines 1 and 1
    - create-c after create-a: read-after-write on table a, lines 1 and 1; still so through other steps
    ");
    insta::assert_snapshot!(diff(new, old, TEXT), @"
    1 step removed, 1 changed; 1 edge added, 2 removed

    - create-b  query  line 1
    ~ create-c  query  line 1
        reads: - table:b
        - CREATE TABLE c AS SELECT * FROM a, b
        + CREATE TABLE c AS SELECT * FROM a

    + create-c after create-a: read-after-write on table a, lines 1 and 1; was so through other steps
    - create-b after create-a: read-after-write on table a, lines 1 and 1
    - create-c after create-b: read-after-write on table b, lines 1 and 1
    ");
}

#[test]
fn a_line_end_is_a_change_that_is_seen() {
    insta::assert_snapshot!(diff("SELECT 1,\n2;", "SELECT 1,\r\n2;", TEXT), @"
    1 step changed

    ~ select  query  lines 1-2
        - SELECT 1,
        + SELECT 1,␍
          2
    ");
}

#[test]
fn colours_add_to_a_difference_and_change_no_letter_of_it() {
    let coloured = diff(OLD, NEW, DiffFormat::Text(Colour::On));
    assert!(coloured.contains("\u{1b}[32m+ create-test"));
    assert_eq!(
        anstream::adapter::strip_str(&coloured).to_string(),
        diff(OLD, NEW, TEXT)
    );
}

/// Text that would leave its place in a table, a fence or a page.
#[test]
fn hostile_text_stays_in_its_place() {
    let old = "SELECT * FROM t TO TRAIN xgboost.gbtree COLUMN x LABEL y INTO m;";
    let new = "\
CREATE TABLE \"a|b </code></details> @all #1 [x](y) `c`\" AS SELECT '\n```\n````\n</details>\n';
SELECT * FROM \"a|b </code></details> @all #1 [x](y) `c`\" TO TRAIN xgboost.gbtree COLUMN x, \"z*|_`<b>\" LABEL y INTO m;
SELECT '\u{1b}[31m' FROM \"a|b </code></details> @all #1 [x](y) `c`\";";
    let markdown = diff(old, new, DiffFormat::Markdown);
    let mut fence: Option<String> = None;
    for line in markdown.lines() {
        match &fence {
            Some(open) if line == open => fence = None,
            Some(_) => assert!(line.starts_with(['+', '-', ' ']), "{line}"),
            None if line.starts_with("```") => {
                fence = Some(line.trim_end_matches("diff").to_owned())
            }
            None if line.starts_with('|') => {
                assert_eq!(line.matches('|').count(), 5, "{line}");
                let text = line
                    .replace("<code>", "")
                    .replace("</code>", "")
                    .replace("<br>", "");
                assert!(
                    !text.contains(['<', '>', '`', '@', '[', '*', '_']),
                    "{line}"
                );
                assert!(!text.replace("&#", "").contains('#'), "{line}");
            }
            None => assert!(
                line.is_empty()
                    || line.starts_with("###")
                    || line == "</details>"
                    || line.starts_with("<details><summary>SQL of <code>"),
                "{line}"
            ),
        }
    }
    assert!(fence.is_none() && markdown.contains("`````diff"));
    assert!(
        !diff(old, new, TEXT).contains('\u{1b}'),
        "nothing steers the terminal"
    );
}

#[test]
fn a_comment_on_a_large_change_fits() {
    let old = support::large_program(10);
    let new = support::large_program(1_500).replace("amount > 0", "amount > 1");
    let markdown = diff(&old, &new, DiffFormat::Markdown);
    assert!(markdown.len() <= 64_000, "{}", markdown.len());
    for left_out in [
        "steps more\n",
        "edges more\n",
        "steps more is too long for a comment",
    ] {
        assert!(markdown.contains(left_out), "{left_out}");
    }
}

/// Runs the binary in a folder.
fn sqlflowc(folder: &Path, arguments: &[&str]) -> (i32, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_sqlflowc"))
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap();
    (
        output.status.code().unwrap(),
        String::from_utf8(output.stdout).unwrap(),
        String::from_utf8(output.stderr).unwrap(),
    )
}

fn git(folder: &Path, arguments: &[&str]) {
    let output = Command::new("git")
        .args([
            "-c",
            "user.name=t",
            "-c",
            "user.email=t@example.com",
            "-c",
            "commit.gpgsign=false",
        ])
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
}

#[test]
fn revisions_of_git_are_programs() {
    let folder = tempfile::tempdir().unwrap();
    let (root, inner) = (folder.path(), folder.path().join("inner"));
    git(root, &["init", "--quiet"]);
    fs::create_dir(&inner).unwrap();
    fs::write(inner.join("p.sql"), OLD).unwrap();
    git(root, &["add", "."]);
    git(root, &["commit", "--quiet", "--message", "old"]);
    fs::write(inner.join("p.sql"), NEW).unwrap();

    let same = sqlflowc(
        root,
        &["diff", "HEAD:inner/p.sql", ":inner/p.sql", "--exit-code"],
    );
    assert_eq!(
        same,
        (0, "the plan has not changed\n".to_owned(), String::new())
    );
    for (from, revision, file) in [
        (root, "HEAD:inner/p.sql", "inner/p.sql"),
        (inner.as_path(), "HEAD:./p.sql", "p.sql"),
        (inner.as_path(), "HEAD:inner/p.sql", "p.sql"),
    ] {
        let (status, stdout, stderr) = sqlflowc(from, &["diff", revision, file]);
        assert_eq!((status, stderr.as_str()), (0, ""), "{revision}");
        assert_eq!(stdout, diff(OLD, NEW, TEXT));
        let (status, _, _) = sqlflowc(from, &["diff", revision, file, "--exit-code"]);
        assert_eq!(status, 1, "{revision}");
    }

    let (status, stdout, stderr) = sqlflowc(root, &["diff", "HEAD:p.sql", "inner/p.sql"]);
    assert_eq!((status, stdout.as_str()), (3, ""));
    assert!(
        stderr.starts_with("error: `HEAD:p.sql` cannot be read from Git: "),
        "{stderr}"
    );
    assert!(stderr.contains("from the repository's root"), "{stderr}");
    // A file may be named like a revision.
    fs::write(root.join("a:b.sql"), OLD).unwrap();
    let (status, _, _) = sqlflowc(root, &["diff", "a:b.sql", "inner/p.sql"]);
    assert_eq!(status, 0);
}

#[test]
fn a_program_with_errors_has_no_difference() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("good.sql"), OLD).unwrap();
    fs::write(folder.path().join("bad.sql"), "SELEC 1;").unwrap();
    for arguments in [
        ["diff", "good.sql", "bad.sql"],
        ["diff", "bad.sql", "good.sql"],
    ] {
        let (status, stdout, stderr) = sqlflowc(folder.path(), &arguments);
        assert_eq!((status, stdout.as_str()), (1, ""));
        assert!(stderr.contains("bad.sql:1:1"), "{stderr}");
    }
    let (status, _, stderr) = sqlflowc(folder.path(), &["diff", "-", "-"]);
    assert_eq!(status, 2);
    assert!(stderr.contains("not both"), "{stderr}");
    let (status, _, stderr) = sqlflowc(folder.path(), &["diff", "missing.sql", "good.sql"]);
    assert_eq!(status, 3);
    assert!(
        stderr.starts_with("error: `missing.sql` cannot be read"),
        "{stderr}"
    );
}
