//! Plan → artifact. Only here are Argo, Tekton and the local script known.

mod argo;
mod environment;
mod local;
mod manifest;
mod package;
mod python;
mod step;
mod tekton;

pub use local::needs_deep;

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::plan::Plan;

/// What a program is compiled to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    Argo,
    Tekton,
    Local,
    Ir,
    Plan,
}

impl Target {
    pub const ALL: &'static [Target] = &[
        Target::Argo,
        Target::Tekton,
        Target::Local,
        Target::Ir,
        Target::Plan,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Target::Argo => "argo",
            Target::Tekton => "tekton",
            Target::Local => "local",
            Target::Ir => "ir",
            Target::Plan => "plan",
        }
    }
}

/// What the user decides about an artifact.
#[derive(Debug, Clone)]
pub struct Options {
    /// The run's name: lower-case letters, digits and dashes, at most 28.
    pub name: String,
    /// The program's path as shown, relative to where the compiler runs.
    pub source: String,
    /// SHA-256 of the program's text, in hexadecimal.
    pub source_sha256: String,
    pub local: LocalForm,
    pub cluster: ClusterOptions,
}

/// How a local script comes by the step runtime.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LocalForm {
    /// It is installed where the script runs.
    Installed,
    /// The script carries it.
    SelfContained,
}

/// What a cluster needs to know beyond the program.
#[derive(Debug, Clone)]
pub struct ClusterOptions {
    /// The image with the step runtime.
    pub image: String,
    pub namespace: Option<String>,
    pub service_account: String,
    pub datasource: SecretKey,
    pub model_store: SecretKey,
}

/// One key of a Kubernetes Secret.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct SecretKey {
    pub name: String,
    pub key: String,
}

/// Renders a plan for one target. What does not fit the target is reported.
pub fn emit(plan: &Plan, target: Target, options: &Options) -> Result<String, Diagnostics> {
    match target {
        Target::Argo => argo::emit(plan, options),
        Target::Tekton => tekton::emit(plan, options),
        Target::Local => Ok(local::emit(plan, options)),
        Target::Ir => {
            let steps: Vec<_> = plan.steps().map(|planned| &planned.step).collect();
            let document = serde_json::json!({"version": crate::ir::VERSION, "steps": steps});
            Ok(format!("{document:#}\n"))
        }
        Target::Plan => Ok(crate::plan::show(plan, crate::plan::Format::Json)),
    }
}

fn one(diagnostic: Diagnostic) -> Diagnostics {
    let mut diagnostics = Diagnostics::default();
    diagnostics.push(diagnostic);
    diagnostics
}
