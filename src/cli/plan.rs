//! `sqlflowc plan`: shows which step waits for which, and why.

use std::io::Write;

use anyhow::Result;
use clap::{Args, ValueEnum};
use sqlflowc::compile;
use sqlflowc::diagnostic::nearest;
use sqlflowc::plan::{self, Charset, Colour, Drawing, Plan};

use super::Exit;
use super::arguments::ProgramArguments;
use super::commands::{read, report};
use super::files::print;
use super::settings::shown_source;

#[derive(Debug, Args)]
pub(super) struct PlanArguments {
    #[command(flatten)]
    pub(super) program: ProgramArguments,
    /// With `--why`: only these steps
    #[arg(value_name = "STEP", requires = "why")]
    pub(super) steps: Vec<String>,
    /// Say why steps wait: on what, through which table or model, which lines
    #[arg(long, conflicts_with = "format")]
    pub(super) why: bool,
    /// How to show the plan; drawn for the terminal when nothing is said
    #[arg(long, value_name = "FORMAT")]
    pub(super) format: Option<PlanFormat>,
    /// Draw with ASCII only
    ///
    /// The terminal's drawing does so by itself where the locale has another
    /// character set than UTF-8.
    #[arg(long)]
    pub(super) ascii: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum PlanFormat {
    /// For people, in a terminal
    Text,
    /// For tools
    Json,
    /// A Mermaid flowchart
    Mermaid,
    /// A Graphviz graph
    Dot,
    /// A picture
    Svg,
    /// A page to look around in, in one file
    Html,
}

pub(super) fn plan(arguments: &PlanArguments) -> Result<Exit> {
    let (source, context) = read(&arguments.program)?;
    let (plan, diagnostics) = compile::plan(&source, context);
    report(&source, &diagnostics)?;
    let Some(plan) = plan else {
        return Ok(Exit::ProgramErrors);
    };
    if arguments.why && !arguments.steps.is_empty() {
        return explain(&plan, &arguments.steps);
    }
    if arguments.why {
        print(&plan::show(&plan, plan::Format::Reasons))?;
        return Ok(Exit::Done);
    }
    let path = &arguments.program.program;
    let text = match arguments.format.unwrap_or(PlanFormat::Text) {
        PlanFormat::Text => drawing(arguments).draw(&plan),
        PlanFormat::Json => plan::show(&plan, plan::Format::Json),
        PlanFormat::Mermaid => plan::show(&plan, plan::Format::Mermaid),
        PlanFormat::Dot => plan::show(&plan, plan::Format::Dot),
        PlanFormat::Svg => plan::show(&plan, plan::Format::Svg),
        PlanFormat::Html => plan::html(&plan, &source, &shown_source(path)),
    };
    print(&text)?;
    Ok(Exit::Done)
}

fn drawing(arguments: &PlanArguments) -> Drawing {
    let size = terminal_size::terminal_size_of(std::io::stdout());
    Drawing {
        width: size.map_or(80, |(width, _)| width.0.into()),
        charset: match arguments.ascii || !locale_has_unicode() {
            true => Charset::Ascii,
            false => Charset::Unicode,
        },
        // `anstream` takes the colours out where they are not wanted.
        colour: Colour::On,
    }
}

/// Whether the terminal shows Unicode, as far as the locale says. One that
/// says nothing, as in most containers, usually does.
fn locale_has_unicode() -> bool {
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"]
        .into_iter()
        .filter_map(std::env::var_os)
        .find(|value| !value.is_empty());
    let Some(locale) = locale else {
        return true;
    };
    let locale = locale.to_string_lossy().to_ascii_lowercase();
    locale.contains("utf-8") || locale.contains("utf8")
}

fn explain(plan: &Plan, names: &[String]) -> Result<Exit> {
    let mut exit = Exit::Done;
    let mut shown = Vec::new();
    for name in names {
        match plan::explain(plan, name) {
            Some(text) => shown.push(text),
            None => {
                let help = match nearest(name, plan.steps().map(|step| step.name.as_str())) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => "`sqlflowc plan` without `--why` shows the names".to_owned(),
                };
                writeln!(
                    anstream::stderr(),
                    "error: no step is named `{name}`; {help}"
                )?;
                exit = Exit::ProgramErrors;
            }
        }
    }
    print(&shown.join("\n"))?;
    Ok(exit)
}
