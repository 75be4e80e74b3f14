//! What was typed: every optional flag is an `Option`, and nothing has a
//! default.

use std::collections::BTreeSet;
use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::parser::ValueSource;
use clap::{ArgMatches, Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use sqlflowc::backend::{ArgoForm, TektonForm};
use sqlflowc::configuration::CONCURRENCY;
use sqlflowc::diagnostic::Warnings;
use sqlflowc::runtime::Extra;
use sqlflowc::syntax::sql::Dialect;

use super::config::ConfigArguments;
use super::diff::DiffArguments;
use super::fmt::FmtArguments;
use super::model::ModelCommand;
use super::models::ModelsArguments;
use super::plan::PlanArguments;
use super::schema::SchemaCommand;

/// Compile SQL programs with machine-learning clauses to workflows
#[derive(Debug, Parser)]
#[command(name = "sqlflowc", version, max_term_width = 100)]
pub(super) struct Arguments {
    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Compile a program for a target
    ///
    /// The artifact goes to standard output or to the file of `-o`; everything
    /// else goes to standard error.
    Compile(CompileArguments),
    /// Check programs and report all problems
    Check(CheckArguments),
    /// Bring programs into canonical form
    ///
    /// Lays out ML clauses, one sub-clause a line, and leaves the SQL as it is
    /// written. A statement that does not parse is left as it stands.
    Fmt(FmtArguments),
    /// Show which step waits for which, and why
    Plan(PlanArguments),
    /// Say what changed in the plan between two programs
    Diff(DiffArguments),
    /// Run a program on this machine
    ///
    /// Prepares the step runtime in a cached environment of its own the first
    /// time, then runs the steps in dependency order, in parallel where the
    /// plan allows.
    Run(RunArguments),
    /// Print what one stage of the compiler makes of a program
    Dump(DumpArguments),
    /// Show what configuration holds, and where each part of it comes from
    Config(ConfigArguments),
    /// Work on the schema file, by which programs are checked without their database
    #[command(subcommand)]
    Schema(SchemaCommand),
    /// Look into a model store, copy its models and delete them
    #[command(subcommand)]
    Model(ModelCommand),
    /// List the estimators that this release trains, or one with its attributes
    Models(ModelsArguments),
    /// Prepare the step runtime's Python environment and say where it is
    ///
    /// Prints its interpreter, the folder of the runtime and its size in bytes,
    /// for scripts that run compiled programs themselves. What no run has used
    /// for 60 days is removed when another environment is prepared.
    Environment(EnvironmentArguments),
    /// Explain an error code
    Explain {
        /// The code, such as E0301
        code: String,
    },
    /// Print a completion script for a shell
    Completions {
        /// The shell
        shell: Shell,
    },
}

/// Which arguments came from the environment and not from the command line.
#[derive(Debug, Default)]
pub(super) struct Sources(BTreeSet<String>);

impl Sources {
    pub(super) fn of(matches: &ArgMatches) -> Sources {
        let mut matches = matches;
        while let Some((_, inner)) = matches.subcommand() {
            matches = inner;
        }
        let ids = matches.ids().map(|id| id.as_str());
        let from_environment =
            ids.filter(|id| matches.value_source(id) == Some(ValueSource::EnvVariable));
        Sources(from_environment.map(str::to_owned).collect())
    }

    /// Whether the argument with this name was given by a variable.
    pub(super) fn is_variable(&self, argument: &str) -> bool {
        self.0.contains(argument)
    }
}

/// The program and how its text is read.
#[derive(Debug, Args)]
pub(super) struct ProgramArguments {
    /// The program's file, or `-` for standard input
    #[arg(value_name = "PROGRAM")]
    pub(super) program: PathBuf,
    #[command(flatten)]
    pub(super) dialect: DialectArguments,
}

/// How programs are read: what holds for all commands that read some.
#[derive(Debug, Args)]
pub(super) struct DialectArguments {
    /// The SQL dialect of the program; DuckDB's when nothing is said
    #[arg(long, value_name = "NAME", value_parser = dialects(), env = "SQLFLOWC_DIALECT")]
    pub(super) dialect: Option<String>,
    /// What SQL is that does not parse; an error when nothing is said
    #[arg(long, value_name = "AS", env = "SQLFLOWC_UNPARSED_SQL")]
    pub(super) unparsed_sql: Option<UnparsedArgument>,
    /// File with the columns of tables, as `sqlflowc schema pull` writes it
    #[arg(long, value_name = "FILE", env = "SQLFLOWC_SCHEMA")]
    pub(super) schema: Option<PathBuf>,
    #[command(flatten)]
    pub(super) warnings: WarningArguments,
    #[command(flatten)]
    pub(super) configuration: ConfigurationArguments,
}

#[derive(Debug, Args)]
pub(super) struct WarningArguments {
    /// Leave a warning out; may be given again
    #[arg(
        long,
        value_name = "CODE|warnings",
        value_parser = Warnings::from_name,
        help_heading = "Warnings"
    )]
    pub(super) allow: Vec<Warnings>,
    /// Show a warning whatever the configuration says
    #[arg(
        long,
        value_name = "CODE|warnings",
        value_parser = Warnings::from_name,
        help_heading = "Warnings"
    )]
    pub(super) warn: Vec<Warnings>,
    /// Make a warning an error
    #[arg(
        long,
        value_name = "CODE|warnings",
        value_parser = Warnings::from_name,
        help_heading = "Warnings"
    )]
    pub(super) deny: Vec<Warnings>,
}

const CONFIGURATION: &str = "Configuration";

/// Which configuration file holds, and which part of it.
#[derive(Debug, Args)]
pub(super) struct ConfigurationArguments {
    /// Configuration file; the nearest `sqlflowc.yaml` from the program up when nothing is said
    #[arg(long, value_name = "FILE", env = "SQLFLOWC_CONFIG", help_heading = CONFIGURATION)]
    pub(super) config: Option<PathBuf>,
    /// Read no configuration file
    #[arg(long, help_heading = CONFIGURATION)]
    pub(super) no_config: bool,
    /// Profile of the configuration file to lay over its other settings
    #[arg(long, value_name = "NAME", env = "SQLFLOWC_PROFILE", help_heading = CONFIGURATION)]
    pub(super) profile: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum UnparsedArgument {
    /// An error
    Error,
    /// A step of unknown effects, handed to the database as it is
    Barrier,
}

fn extras() -> PossibleValuesParser {
    PossibleValuesParser::new(Extra::ALL.map(Extra::name))
}

fn dialects() -> PossibleValuesParser {
    PossibleValuesParser::new(Dialect::ALL.iter().map(|dialect| dialect.as_str()))
}

#[derive(Debug, Args)]
pub(super) struct CompileArguments {
    #[command(flatten)]
    pub(super) program: ProgramArguments,
    /// What to compile to
    #[arg(long, short)]
    pub(super) target: TargetArgument,
    /// Write the artifact to a file
    #[arg(long, short, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,
    /// Write nothing; exit with status 1 when the file of `-o` is stale
    #[arg(long, requires = "output")]
    pub(super) check: bool,
    /// Name of the object; that of the program's file when nothing is said, to which a Workflow and
    /// a PipelineRun add letters of their own for each run
    #[arg(long, value_name = "NAME")]
    pub(super) name: Option<String>,
    #[command(flatten)]
    pub(super) local: LocalArguments,
    #[command(flatten)]
    pub(super) cluster: ClusterArguments,
    #[command(flatten)]
    pub(super) form: FormArguments,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum TargetArgument {
    /// An Argo Workflow
    Argo,
    /// A Tekton PipelineRun
    Tekton,
    /// One Python script
    Local,
    /// The steps as JSON
    Ir,
    /// The plan as JSON
    Plan,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Local target")]
pub(super) struct LocalArguments {
    /// Put the step runtime into the script, for `uv run SCRIPT` anywhere
    #[arg(long)]
    pub(super) self_contained: bool,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Cluster targets")]
pub(super) struct ClusterArguments {
    /// Image with the step runtime
    #[arg(long, value_name = "IMAGE", env = "SQLFLOWC_IMAGE")]
    pub(super) image: Option<String>,
    /// Namespace to write into the manifest
    #[arg(long, value_name = "NAME", env = "SQLFLOWC_NAMESPACE")]
    pub(super) namespace: Option<String>,
    /// Service account of the pods
    #[arg(long, value_name = "NAME", env = "SQLFLOWC_SERVICE_ACCOUNT")]
    pub(super) service_account: Option<String>,
    /// Secret with the database URL, and its key
    #[arg(
        long,
        value_name = "NAME[:KEY]",
        env = "SQLFLOWC_DATASOURCE_SECRET",
        hide_env_values = true
    )]
    pub(super) datasource_secret: Option<String>,
    /// Secret with the model store URL, and its key
    #[arg(
        long,
        value_name = "NAME[:KEY]",
        env = "SQLFLOWC_MODEL_STORE_SECRET",
        hide_env_values = true
    )]
    pub(super) model_store_secret: Option<String>,
}

/// Which object a program becomes on a cluster.
#[derive(Debug, Args)]
#[command(next_help_heading = "Cluster targets")]
pub(super) struct FormArguments {
    /// Object to make: for Argo `Workflow`, `WorkflowTemplate` or `CronWorkflow`, for Tekton
    /// `PipelineRun` or `Pipeline` with its run; the first when nothing is said
    #[arg(long = "as", value_name = "KIND", value_parser = forms())]
    pub(super) form: Option<String>,
    /// When a CronWorkflow starts runs, such as `0 3 * * *`; may be given again
    #[arg(long, value_name = "CRON")]
    pub(super) schedule: Vec<String>,
    /// Time zone of the schedules; the controller's own when nothing is said
    #[arg(long, value_name = "NAME")]
    pub(super) timezone: Option<String>,
    /// What a CronWorkflow does while its last run is on; `Forbid` when nothing is said
    #[arg(long, value_name = "POLICY", value_parser = PossibleValuesParser::new(CONCURRENCY))]
    pub(super) concurrency: Option<String>,
}

fn forms() -> PossibleValuesParser {
    PossibleValuesParser::new(ArgoForm::NAMES.into_iter().chain(TektonForm::NAMES))
}

#[derive(Debug, Args)]
pub(super) struct CheckArguments {
    /// The programs' files, or `-` for standard input
    #[arg(value_name = "PROGRAM", required = true)]
    pub(super) programs: Vec<PathBuf>,
    #[command(flatten)]
    pub(super) dialect: DialectArguments,
    /// How to write what is found
    #[arg(long, value_name = "FORMAT")]
    pub(super) format: Option<CheckFormat>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum CheckFormat {
    /// For people
    Human,
    /// One JSON object a line
    Json,
    /// One SARIF log
    Sarif,
    /// GitHub's workflow commands
    Github,
}

#[derive(Debug, Args)]
pub(super) struct DumpArguments {
    #[command(flatten)]
    pub(super) program: ProgramArguments,
    /// The stage
    #[arg(long)]
    pub(super) stage: StageArgument,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum StageArgument {
    Tokens,
    Ast,
    Ir,
    Plan,
}

/// What a run on this machine works on.
#[derive(Debug, Args)]
pub(super) struct MachineArguments {
    /// Database to work on; an embedded DuckDB under `.sqlflow/` when nothing is said
    #[arg(
        long,
        value_name = "URL",
        env = "SQLFLOW_DATASOURCE",
        hide_env_values = true
    )]
    pub(super) datasource: Option<String>,
    /// Where models are kept; a folder under `.sqlflow/` when nothing is said
    #[arg(
        long,
        value_name = "URL",
        env = "SQLFLOW_MODEL_STORE",
        hide_env_values = true
    )]
    pub(super) model_store: Option<String>,
    /// Steps that run at the same time; one a core when nothing is said
    #[arg(long, short, value_name = "N", env = "SQLFLOWC_JOBS", value_parser = clap::value_parser!(u16).range(1..))]
    pub(super) jobs: Option<u16>,
}

#[derive(Debug, Args)]
pub(super) struct RunArguments {
    #[command(flatten)]
    pub(super) program: ProgramArguments,
    #[command(flatten)]
    pub(super) machine: MachineArguments,
    /// Run only this step; may be given again
    #[arg(long, value_name = "NAME")]
    pub(super) step: Vec<String>,
    /// Go on with what does not depend on a failed step
    #[arg(long)]
    pub(super) keep_going: bool,
    /// Leave out what succeeded in the last run that failed
    #[arg(long)]
    pub(super) resume: bool,
}

#[derive(Debug, Args)]
pub(super) struct EnvironmentArguments {
    /// Which packages; those of XGBoost programs when nothing is said
    #[arg(value_enum)]
    pub(super) packages: Option<Packages>,
    /// Add what a kind of database or model store needs; may be repeated
    #[arg(long = "extra", value_name = "EXTRA", value_parser = extras())]
    pub(super) extras: Vec<String>,
    /// List the environments that are there, with their sizes, and prepare none
    #[arg(long, conflicts_with_all = ["packages", "extras"])]
    pub(super) list: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Packages {
    /// Databases, XGBoost and scikit-learn
    Core,
    /// Core and neural networks
    Deep,
    /// Deep and what tests the runtime
    Test,
}
