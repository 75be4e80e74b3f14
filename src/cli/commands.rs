//! What each command does.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;

use anyhow::{Context, Result};
use clap::CommandFactory;
use sqlflowc::backend::{self, Target};
use sqlflowc::compile::{self, Context as CompileContext};
use sqlflowc::diagnostic::{Code, Diagnostics, Format, render};
use sqlflowc::runtime::{Environment, Extra};
use sqlflowc::source::SourceFile;
use sqlflowc::syntax;
use sqlflowc::syntax::sql;

use super::arguments::{
    Arguments, CheckArguments, CheckFormat, Command, CompileArguments, DumpArguments,
    EnvironmentArguments, Packages, ProgramArguments, RunArguments, Sources, StageArgument,
    TargetArgument,
};
use super::files::{is_same_file, print, print_artifact, read_program, size, write_artifact};
use super::settings::Loaded;
use super::{
    Exit, WrongConfiguration, config, diff, environment, fmt, model, models, plan, progress, run,
    schema, settings, stale,
};

pub(super) fn run(arguments: Arguments, sources: &Sources) -> Result<Exit> {
    match arguments.command {
        Command::Compile(arguments) => compile_command(&arguments, sources),
        Command::Check(arguments) => check(&arguments),
        Command::Fmt(arguments) => fmt::fmt(&arguments),
        Command::Plan(arguments) => plan::plan(&arguments),
        Command::Diff(arguments) => diff::diff(&arguments),
        Command::Run(arguments) => run_command(&arguments),
        Command::Dump(arguments) => dump(&arguments),
        Command::Environment(arguments) => environment_command(&arguments),
        Command::Config(arguments) => config::run(&arguments, sources),
        Command::Schema(command) => schema::run(&command),
        Command::Model(command) => model::run(&command),
        Command::Models(arguments) => models::run(&arguments),
        Command::Explain { code } => explain(&code),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Arguments::command(), "sqlflowc", &mut script);
            print(&String::from_utf8(script).context("the completion script is no text")?)?;
            Ok(Exit::Done)
        }
    }
}

/// Shows diagnostics to a person, on standard error.
pub(super) fn report(source: &SourceFile, diagnostics: &Diagnostics) -> Result<()> {
    // `anstream` takes the colours out where they are not wanted.
    let text = render(source, diagnostics, Format::Human { colour: true });
    anstream::stderr().write_all(text.as_bytes())?;
    Ok(())
}

pub(super) fn read(arguments: &ProgramArguments) -> Result<(SourceFile, CompileContext)> {
    let source = read_program(&arguments.program)?;
    let loaded = configuration(arguments)?;
    let context = settings::context(&arguments.dialect, &loaded, None)?;
    Ok((source, context))
}

fn configuration(arguments: &ProgramArguments) -> Result<Loaded> {
    settings::configuration(&arguments.dialect.configuration, &arguments.program)
}

fn compile_command(arguments: &CompileArguments, sources: &Sources) -> Result<Exit> {
    let (source, context) = read(&arguments.program)?;
    let configuration = configuration(&arguments.program)?.configuration;
    let options = match settings::options(arguments, sources, &configuration, &source) {
        Ok(options) => options,
        Err(message) => usage_error("compile", &message),
    };
    if let Some(output) = &arguments.output
        && is_same_file(output, &arguments.program.program)
    {
        usage_error(
            "compile",
            "the artifact would overwrite the program; give `-o` another file",
        );
    }
    let target = match arguments.target {
        TargetArgument::Argo => Target::Argo,
        TargetArgument::Tekton => Target::Tekton,
        TargetArgument::Local => Target::Local,
        TargetArgument::Ir => Target::Ir,
        TargetArgument::Plan => Target::Plan,
    };
    let (artifact, diagnostics) = compile::compile(&source, context, target, &options);
    report(&source, &diagnostics)?;
    match (artifact, &arguments.output) {
        (None, _) => Ok(Exit::ProgramErrors),
        (Some(artifact), None) => print_artifact(&artifact).map(|()| Exit::Done),
        (Some(artifact), Some(path)) if arguments.check => {
            check_artifact(path, &artifact, "compile again")
        }
        (Some(artifact), Some(path)) => write_artifact(path, &artifact).map(|()| Exit::Done),
    }
}

pub(super) fn usage_error(command_name: &str, message: &str) -> ! {
    let mut command = Arguments::command();
    command.build();
    command
        .find_subcommand_mut(command_name)
        .expect("it is a command")
        .error(clap::error::ErrorKind::ValueValidation, message)
        .exit()
}

pub(super) fn check_artifact(path: &Path, artifact: &str, remedy: &str) -> Result<Exit> {
    let shown = path.display();
    let there = match std::fs::read(path) {
        Ok(bytes) => Some(bytes),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        Err(error) => return Err(error).with_context(|| format!("`{shown}` cannot be read")),
    };
    if there.as_deref() == Some(artifact.as_bytes()) {
        return Ok(Exit::Done);
    }
    let what = if there.is_some() {
        "is stale"
    } else {
        "is missing"
    };
    let text = there.and_then(|bytes| String::from_utf8(bytes).ok());
    let excerpt = text.map_or_else(String::new, |text| stale::excerpt(&text, artifact));
    writeln!(
        anstream::stderr(),
        "error: `{shown}` {what}; {remedy} without `--check`"
    )?;
    anstream::stderr().write_all(excerpt.as_bytes())?;
    Ok(Exit::ProgramErrors)
}

fn check(arguments: &CheckArguments) -> Result<Exit> {
    let format = match arguments.format.unwrap_or(CheckFormat::Human) {
        CheckFormat::Human => Format::Human { colour: true },
        CheckFormat::Json => Format::Json,
        CheckFormat::Sarif => Format::Sarif,
        CheckFormat::Github => Format::Github,
    };
    let mut exit = Exit::Done;
    for path in &arguments.programs {
        let source = match read_program(path) {
            Ok(source) => source,
            // A file that cannot be read hides no problem of the others.
            Err(error) => {
                writeln!(anstream::stderr(), "error: {error:#}")?;
                exit = Exit::ResourceFailed;
                continue;
            }
        };
        let configuration = &arguments.dialect.configuration;
        let context = settings::configuration(configuration, path)
            .and_then(|loaded| settings::context(&arguments.dialect, &loaded, None));
        let context = match context {
            Ok(context) => context,
            Err(error) => return wrong_configuration(error, format),
        };
        let (_, diagnostics) = compile::lower(&source, context);
        if diagnostics.has_errors() && exit == Exit::Done {
            exit = Exit::ProgramErrors;
        }
        show(&source, &diagnostics, format)?;
    }
    Ok(exit)
}

fn show(source: &SourceFile, diagnostics: &Diagnostics, format: Format) -> Result<()> {
    let text = render(source, diagnostics, format);
    match format {
        Format::Human { .. } => anstream::stderr().write_all(text.as_bytes())?,
        Format::Json | Format::Sarif | Format::Github => print(&text)?,
    }
    Ok(())
}

/// Says what is wrong with a configuration file in the form that was asked
/// for. No program is checked with half of its settings.
fn wrong_configuration(error: anyhow::Error, format: Format) -> Result<Exit> {
    let WrongConfiguration {
        source,
        diagnostics,
    } = error.downcast()?;
    show(&source, &diagnostics, format)?;
    Ok(Exit::WrongUsage)
}

fn dump(arguments: &DumpArguments) -> Result<Exit> {
    let (source, context) = read(&arguments.program)?;
    let (text, diagnostics) = match arguments.stage {
        StageArgument::Tokens => {
            let (tokens, error) = sql::tokenize(&source, context.reading.dialect);
            let mut diagnostics = Diagnostics::default();
            error.into_iter().for_each(|error| diagnostics.push(error));
            (Some(syntax::show_tokens(&source, &tokens)), diagnostics)
        }
        StageArgument::Ast => {
            let (program, diagnostics) = syntax::parse(&source, context.reading);
            (Some(json(&program)?), diagnostics)
        }
        StageArgument::Ir => {
            let (ir, diagnostics) = compile::lower(&source, context);
            (ir.map(|ir| json(&ir)).transpose()?, diagnostics)
        }
        StageArgument::Plan => {
            let (plan, diagnostics) = compile::plan(&source, context);
            let text = plan.map(|plan| sqlflowc::plan::show(&plan, sqlflowc::plan::Format::Json));
            (text, diagnostics)
        }
    };
    report(&source, &diagnostics)?;
    if let Some(text) = &text {
        print(text)?;
    }
    Ok(if diagnostics.has_errors() {
        Exit::ProgramErrors
    } else {
        Exit::Done
    })
}

fn json(value: &impl serde::Serialize) -> Result<String> {
    Ok(serde_json::to_string_pretty(value)? + "\n")
}

fn explain(name: &str) -> Result<Exit> {
    if let Some(code) = Code::from_name(name) {
        print(code.page())?;
        return Ok(Exit::Done);
    }
    let mut message = format!("error: no code is named `{name}`; the codes are:\n");
    for code in Code::ALL {
        writeln!(message, "  {code}  {}", code.meaning())?;
    }
    anstream::stderr().write_all(message.as_bytes())?;
    Ok(Exit::ProgramErrors)
}

fn run_command(arguments: &RunArguments) -> Result<Exit> {
    let path = &arguments.program.program;
    let source = read_program(path)?;
    let loaded = configuration(&arguments.program)?;
    let configuration = &loaded.configuration;
    let options = settings::run_options(arguments, configuration);
    let datasource = options.datasource.as_deref();
    let context = settings::context(&arguments.program.dialect, &loaded, datasource)?;
    let (plan, diagnostics) = compile::plan(&source, context);
    report(&source, &diagnostics)?;
    let Some(plan) = plan else {
        return Ok(Exit::ProgramErrors);
    };
    let script_options = settings::local_options(path, configuration, &source);
    let script = match backend::emit(&plan, Target::Local, &script_options) {
        Ok(script) => script,
        Err(errors) => {
            report(&source, &errors)?;
            return Ok(Exit::ProgramErrors);
        }
    };
    let packages = if backend::needs_deep(&plan) {
        Environment::Deep
    } else {
        Environment::Core
    };
    let extras = Extra::of(datasource, options.model_store.as_deref());
    let environment = environment::prepare(packages, &extras, &mut notify)?;
    let here = std::env::current_dir().context("the working directory is gone")?;
    let program = match path == Path::new("-") {
        true => here.join("<stdin>"),
        false => here.join(path),
    };
    let status = run::run(&environment, &script, source.name(), &program, &options)?;
    Ok(Exit::Status(status))
}

pub(super) fn notify(text: &str) {
    // When standard error is gone there is nobody to tell.
    let _ = writeln!(anstream::stderr(), "{text}");
}

fn environment_command(arguments: &EnvironmentArguments) -> Result<Exit> {
    if arguments.list {
        return list_environments();
    }
    let packages = match arguments.packages.unwrap_or(Packages::Core) {
        Packages::Core => Environment::Core,
        Packages::Deep => Environment::Deep,
        Packages::Test => Environment::Test,
    };
    let extras: Vec<_> = Extra::ALL
        .into_iter()
        .filter(|extra| arguments.extras.iter().any(|name| name == extra.name()))
        .collect();
    let environment = environment::prepare(packages, &extras, &mut notify)?;
    let document = serde_json::json!({
        "python": environment.python,
        "pythonpath": environment.runtime_path,
        "bytes": environment::size_of(environment.folder())?,
    });
    print(&format!("{document:#}\n"))?;
    Ok(Exit::Done)
}

fn list_environments() -> Result<Exit> {
    let rows: Vec<_> = environment::list()?
        .into_iter()
        .map(|prepared| {
            let unused = match prepared.unused.as_secs() / (24 * 3600) {
                0 => "today".to_owned(),
                1 => "yesterday".to_owned(),
                days => format!("{days} days ago"),
            };
            vec![
                prepared.name.into(),
                prepared.python.into(),
                size(prepared.bytes).into(),
                unused.into(),
                prepared.folder.display().to_string().into(),
            ]
        })
        .collect();
    let columns = ["packages", "python", "size", "last used", "folder"];
    let table = progress::Table::new(&columns, rows);
    let text = progress::draw_table(&table, progress::table_width());
    print(&format!("{text}\n"))?;
    Ok(Exit::Done)
}
