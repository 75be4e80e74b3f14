//! What the documents claim.
#![allow(clippy::unwrap_used, reason = "a test ends where it cannot go on")]

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use sqlflowc::compile;
use sqlflowc::configuration::{self, Configuration, Failure};
use sqlflowc::diagnostic::{Code, Format, Level, Warnings, render};
use sqlflowc::source::SourceFile;
use sqlflowc::syntax::sql::Dialect;

/// A fenced block of a document.
struct Block {
    file: String,
    line: usize,
    language: String,
    text: String,
}

fn documents() -> Vec<PathBuf> {
    fn collect(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                collect(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "md") {
                found.push(path);
            }
        }
    }
    let mut found = vec![
        support::root().join("README.md"),
        support::root().join("CONTRIBUTING.md"),
    ];
    collect(&support::root().join("docs"), &mut found);
    collect(&support::root().join("examples"), &mut found);
    found.sort();
    found
}

fn blocks() -> Vec<Block> {
    let mut blocks = Vec::new();
    for path in documents() {
        let text = fs::read_to_string(&path).unwrap();
        let mut open: Option<Block> = None;
        for (at, line) in text.lines().enumerate() {
            match (line.strip_prefix("```"), &mut open) {
                (Some(_), Some(_)) => blocks.extend(open.take()),
                (Some(language), None) => {
                    open = Some(Block {
                        file: path
                            .strip_prefix(support::root())
                            .unwrap()
                            .display()
                            .to_string(),
                        line: at + 1,
                        language: language.to_owned(),
                        text: String::new(),
                    });
                }
                (None, Some(block)) => block.text += &format!("{line}\n"),
                (None, None) => {}
            }
        }
        assert!(open.is_none(), "{} ends inside a block", path.display());
    }
    blocks
}

#[test]
fn programs_in_documents_pass_or_fail_as_they_say() {
    let mut checked = 0;
    let blocks = blocks();
    for block in &blocks {
        let fails = match block.language.as_str() {
            "sql" => false,
            "sql,fails" => true,
            _ => continue,
        };
        // A document's schema file holds for all of its programs.
        let is_schema =
            |other: &&Block| other.file == block.file && other.language == "yaml,schema";
        let schema = blocks.iter().find(is_schema);
        checked += 1;
        let of = format!("{}:{}", block.file, block.line);
        let source = SourceFile::new(of.clone(), block.text.as_str());
        let code = block.file.strip_prefix("docs/errors/");
        let code = code.map(|file| file.trim_end_matches(".md"));
        let schema = schema.map(|block| block.text.as_str());
        let mut context = support::context(code.unwrap_or_default(), schema);
        if code != Some("W0305") {
            // What is about something else need not list features.
            let wide = Warnings::Of(Code::FeaturesNotListed);
            context.reading.levels.set(&[(wide, Level::Allow)]);
        }
        let (_, diagnostics) = compile::lower(&source, context);
        let said = render(&source, &diagnostics, Format::Human { colour: false });
        assert_eq!(!diagnostics.is_empty(), fails, "{of}\n{said}");
        // The page of a code shows that code.
        if fails && let Some(code) = code {
            assert!(said.contains(&format!("[{code}]")), "{of}\n{said}");
        }
    }
    assert!(checked > 30, "the documents hold programs");
}

#[test]
fn configuration_files_in_documents_pass_or_fail_as_they_say() {
    let mut checked = 0;
    for block in blocks() {
        // The README shows a manifest.
        let is_about_files = block.file.starts_with("docs/");
        let fails = match block.language.as_str() {
            "yaml" if is_about_files => false,
            "yaml,fails" => true,
            _ => continue,
        };
        checked += 1;
        let of = format!("{}:{}", block.file, block.line);
        let source = SourceFile::new(of.clone(), block.text);
        let said = match Configuration::read(&source, None) {
            Ok(_) => String::new(),
            Err(Failure::Profile(message)) => message,
            Err(Failure::File(diagnostics)) => {
                render(&source, &diagnostics, Format::Human { colour: false })
            }
        };
        assert_eq!(!said.is_empty(), fails, "{of}\n{said}");
        if fails && let Some(file) = block.file.strip_prefix("docs/errors/") {
            let code = format!("[{}]", file.trim_end_matches(".md"));
            assert!(said.contains(&code), "{of}\n{said}");
        }
    }
    assert!(checked > 8, "the documents hold configuration files");
}

#[test]
fn the_page_about_the_configuration_lists_its_keys() {
    let page = support::root().join("docs/configuration.md");
    let text = fs::read_to_string(page).unwrap();
    for table in configuration::tables() {
        assert!(
            text.contains(&table),
            "docs/configuration.md lacks\n{table}"
        );
    }
}

#[test]
fn commands_in_documents_are_commands() {
    let mut ran = 0;
    for block in blocks() {
        if block.language != "console" {
            continue;
        }
        for line in block.text.lines() {
            let line = line.trim_start_matches("$ ");
            let Some(arguments) = line.strip_prefix("sqlflowc ") else {
                continue;
            };
            // What the compiler gives is piped on to tools that need a cluster.
            let arguments = arguments.split('|').next().unwrap();
            let help = Command::new(env!("CARGO_BIN_EXE_sqlflowc"))
                .args(arguments.split_whitespace())
                .arg("--help")
                .output()
                .unwrap();
            assert!(
                help.status.success(),
                "{}:{} {line}",
                block.file,
                block.line
            );
            ran += 1;
        }
    }
    assert!(ran > 0, "the documents hold commands");
}

#[test]
fn links_in_documents_lead_somewhere() {
    for path in documents() {
        let text = fs::read_to_string(&path).unwrap();
        for part in text.split("](").skip(1) {
            let target = part.split(')').next().unwrap();
            let target = target.split('#').next().unwrap();
            if target.is_empty() || target.starts_with("http") {
                continue;
            }
            let linked = path.parent().unwrap().join(target);
            assert!(linked.exists(), "{} links to {target}", path.display());
        }
    }
}

/// The part of a manifest that the README shows, without what it leaves out.
#[test]
fn the_readme_shows_what_the_compiler_gives() {
    let blocks = blocks();
    let first = |language: &str| {
        let block = blocks
            .iter()
            .find(|block| block.file == "README.md" && block.language == language);
        &block.unwrap().text
    };
    let source = SourceFile::new("iris.sql", first("sql").clone());
    let mut options = support::options("iris", &source);
    options.cluster.image = "sqlflow-runtime:0.1.0".to_owned();
    let (artifact, _) = compile::compile(
        &source,
        Dialect::DuckDb,
        sqlflowc::backend::Target::Argo,
        &options,
    );
    let artifact = artifact.unwrap();
    let mut lines = artifact.lines();
    for shown in first("yaml").lines() {
        assert!(
            lines.any(|line| line == shown),
            "the README shows a line that the compiler does not give there: {shown}"
        );
    }
}

/// A drawing or explanation of a plan below the command that prints it.
#[test]
fn the_documents_show_plans_as_they_are() {
    let blocks = blocks();
    let mut compared = 0;
    for pair in blocks.windows(2) {
        let Some(command) = pair[0].text.trim().strip_prefix("$ sqlflowc plan ") else {
            continue;
        };
        if pair[1].language != "text" {
            continue;
        }
        let output = Command::new(env!("CARGO_BIN_EXE_sqlflowc"))
            .arg("plan")
            .args(command.split_whitespace())
            .env_remove("LC_ALL")
            .env("LC_CTYPE", "C.UTF-8")
            .current_dir(support::root())
            .output()
            .unwrap();
        let printed = String::from_utf8(output.stdout).unwrap();
        assert_eq!(printed, pair[1].text, "{}:{}", pair[1].file, pair[1].line);
        compared += 1;
    }
    assert!(compared >= 2, "the documents show plans");
}

#[test]
fn the_list_of_estimators_is_what_the_compiler_knows() {
    let blocks = blocks();
    let list = blocks
        .iter()
        .find(|block| block.file == "docs/estimators.md" && block.language == "text")
        .unwrap();
    assert!(
        list.text == sqlflowc::semantic::list_models(),
        "docs/estimators.md is stale: put the output of `sqlflowc models` there"
    );
}

#[test]
fn the_catalog_as_json_is_what_the_documents_say() {
    let blocks = blocks();
    let shown = blocks
        .iter()
        .find(|block| block.file == "docs/estimators.md" && block.language == "json")
        .unwrap();
    let mut shown: serde_json::Value = serde_json::from_str(&shown.text).unwrap();
    let name = shown["estimators"][0]["name"].as_str().unwrap().to_owned();
    let all = sqlflowc::semantic::models_json(Some(&name)).unwrap();
    let mut all: serde_json::Value = serde_json::from_str(&all).unwrap();
    // The document shows the first attribute only.
    for catalog in [&mut shown, &mut all] {
        let attributes = catalog["estimators"][0]["attributes"].as_array_mut();
        attributes.unwrap().truncate(1);
    }
    assert_eq!(shown, all);
}

#[test]
fn the_page_about_the_language_lists_the_warnings_about_programs() {
    let page = fs::read_to_string(support::root().join("docs/language.md")).unwrap();
    for code in Code::ALL {
        if code.as_str().starts_with("W03") {
            let row = format!("| [{code}](errors/{code}.md) | {} |", code.meaning());
            assert!(page.contains(&row), "docs/language.md lacks {row}");
        }
    }
}
