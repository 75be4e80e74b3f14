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

use std::collections::BTreeMap;
use std::num::NonZeroUsize;

use serde::Serialize;

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::ir::{Settings, Step};
use crate::plan::{Plan, PlannedStep};
use crate::runtime::Extra;

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

    /// Whether the artifact is one of a cluster, which people review and keep.
    pub fn is_manifest(self) -> bool {
        matches!(self, Target::Argo | Target::Tekton)
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
    /// What database and model store need of the runtime, as far as they are known.
    pub extras: Vec<Extra>,
    pub cluster: ClusterOptions,
    /// How many threads may print. What they print does not depend on it.
    pub threads: NonZeroUsize,
    pub steps: StepDefaults,
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
    /// A Secret whose keys are variables of every step, such as `AWS_ACCESS_KEY_ID`.
    pub model_store_credentials: Option<String>,
    /// Labels of the manifest and its pods beside the compiler's own.
    pub labels: BTreeMap<String, String>,
    pub naming: Naming,
    pub argo: ArgoOptions,
    pub tekton: TektonForm,
    /// What is run when the run is over, whether it succeeded or failed.
    pub on_exit: Option<OnExit>,
    /// Secrets by which images are pulled.
    pub image_pull_secrets: Vec<String>,
    /// Secrets whose keys are environment variables of every step, such as an
    /// object store's credentials.
    pub environment_secrets: Vec<String>,
    /// A bundle of certificates that steps trust.
    pub ca_bundle: Option<ConfigMapKey>,
    /// How much a step may write to its scratch volume, a Kubernetes quantity.
    pub scratch: String,
}

/// How the object of a run comes by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Naming {
    /// The cluster adds letters to the name, so that each creation is a run.
    Generated,
    Fixed,
}

/// What Argo alone has.
#[derive(Debug, Clone, Default)]
pub struct ArgoOptions {
    pub form: ArgoForm,
    /// Runs that name the same mutex wait for one another.
    pub mutex: Option<String>,
    /// The service account of Argo's own container in each pod. With it, the
    /// step's container gets no token of the cluster.
    pub executor_service_account: Option<String>,
}

/// Which object a program becomes in Argo.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum ArgoForm {
    /// One run.
    #[default]
    Workflow,
    /// What runs are started from, with parameters for what differs between
    /// environments.
    WorkflowTemplate,
    /// Runs by the clock.
    CronWorkflow(Schedule),
}

impl ArgoForm {
    pub const NAMES: [&str; 3] = ["Workflow", "WorkflowTemplate", "CronWorkflow"];

    pub fn as_str(&self) -> &'static str {
        match self {
            ArgoForm::Workflow => "Workflow",
            ArgoForm::WorkflowTemplate => "WorkflowTemplate",
            ArgoForm::CronWorkflow(_) => "CronWorkflow",
        }
    }
}

/// When a CronWorkflow starts runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Schedule {
    /// Times in cron's five fields.
    pub schedules: Vec<String>,
    /// A name of the IANA database; the controller's own when nothing is said.
    pub timezone: Option<String>,
    /// What happens when the run before is still on: `Allow`, `Forbid` or
    /// `Replace`.
    pub concurrency: String,
}

/// Which objects a program becomes in Tekton.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum TektonForm {
    /// One run with everything in it.
    #[default]
    PipelineRun,
    /// A Pipeline, and a run of it.
    Pipeline,
}

impl TektonForm {
    pub const NAMES: [&str; 2] = ["PipelineRun", "Pipeline"];
}

/// A user's program that tells somebody how a run ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OnExit {
    pub image: String,
    pub command: Vec<String>,
    /// A Secret whose keys are its environment variables.
    pub secret: Option<String>,
}

/// One key of a ConfigMap.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ConfigMapKey {
    pub name: String,
    pub key: String,
}

impl Default for ClusterOptions {
    /// What holds when nothing is said, with the image of no release.
    fn default() -> ClusterOptions {
        let secret = |name: &str| SecretKey {
            name: name.to_owned(),
            key: "url".to_owned(),
        };
        ClusterOptions {
            image: "sqlflow-runtime".to_owned(),
            namespace: None,
            service_account: "sqlflow-runner".to_owned(),
            datasource: secret("sqlflow-datasource"),
            model_store: secret("sqlflow-model-store"),
            model_store_credentials: None,
            labels: BTreeMap::new(),
            naming: Naming::Generated,
            argo: ArgoOptions::default(),
            tekton: TektonForm::default(),
            on_exit: None,
            image_pull_secrets: Vec::new(),
            environment_secrets: Vec::new(),
            ca_bundle: None,
            scratch: "20Gi".to_owned(),
        }
    }
}

/// One key of a Kubernetes Secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SecretKey {
    pub name: String,
    pub key: String,
}

/// What steps get that do not ask for it themselves.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StepDefaults {
    /// For every step.
    pub all: StepSettings,
    /// By the kind of the step.
    pub kinds: BTreeMap<String, StepSettings>,
    /// By its name.
    pub names: BTreeMap<String, StepSettings>,
}

/// What one step needs, and where on a cluster it may run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StepSettings {
    pub settings: Settings,
    pub node_selector: Option<BTreeMap<String, String>>,
    pub tolerations: Option<Vec<Toleration>>,
    /// Whether it may write to its image's own file system, beside the scratch
    /// volume.
    pub writable_root: Option<bool>,
}

/// A taint of nodes that a step tolerates, in Kubernetes' terms.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Toleration {
    pub key: Option<String>,
    /// `Equal` or `Exists`.
    pub operator: String,
    pub value: Option<String>,
    pub effect: Option<String>,
}

impl StepDefaults {
    /// What holds for a step. What is said nearest to it wins, setting by
    /// setting: its directives, its name, its kind, all steps. An image that
    /// the program's estimator brings is nearer than a kind's, since the step
    /// fails in another.
    pub(crate) fn of(&self, planned: &PlannedStep) -> StepSettings {
        let step = &planned.step;
        let mut found = StepSettings {
            settings: step.settings.clone(),
            ..StepSettings::default()
        };
        if let Some(named) = self.names.get(&planned.name) {
            found.fill(named);
        }
        found.settings.image = found.settings.image.or_else(|| step.image.clone());
        if let Some(of_kind) = self.kinds.get(step.action.kind()) {
            found.fill(of_kind);
        }
        found.fill(&self.all);
        found
    }
}

impl StepSettings {
    fn fill(&mut self, other: &StepSettings) {
        let StepSettings {
            settings,
            node_selector,
            tolerations,
            writable_root,
        } = other;
        self.settings.merge(settings.clone());
        if self.node_selector.is_none() {
            self.node_selector.clone_from(node_selector);
        }
        if self.tolerations.is_none() {
            self.tolerations.clone_from(tolerations);
        }
        self.writable_root = self.writable_root.or(*writable_root);
    }
}

/// The IR's JSON form, of the steps as they are in the plan.
#[derive(Serialize)]
struct IrDocument<'a> {
    version: u32,
    steps: Vec<&'a Step>,
}

/// Renders a plan for one target. What does not fit the target is reported.
pub fn emit(plan: &Plan, target: Target, options: &Options) -> Result<String, Diagnostics> {
    match target {
        Target::Argo => argo::emit(plan, options),
        Target::Tekton => tekton::emit(plan, options),
        Target::Local => Ok(local::emit(plan, options)),
        Target::Ir => {
            let document = IrDocument {
                version: crate::ir::VERSION,
                steps: plan.steps().map(|planned| &planned.step).collect(),
            };
            let text = serde_json::to_string_pretty(&document);
            Ok(text.expect("steps are JSON") + "\n")
        }
        Target::Plan => Ok(crate::plan::show(plan, crate::plan::Format::Json)),
    }
}

fn one(diagnostic: Diagnostic) -> Diagnostics {
    let mut diagnostics = Diagnostics::default();
    diagnostics.push(diagnostic);
    diagnostics
}
