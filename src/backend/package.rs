//! What the step runtime's package says it needs.

use std::collections::BTreeMap;

use serde::Deserialize;

/// The runtime's requirements, as its `pyproject.toml` has them.
pub(super) struct Package {
    pub(super) requires_python: String,
    pub(super) dependencies: Vec<String>,
    extras: BTreeMap<String, Vec<String>>,
}

impl Package {
    /// The further requirements under a name that the runtime has for them.
    pub(super) fn extra(&self, name: &str) -> &[String] {
        &self.extras[name]
    }
}

#[derive(Deserialize)]
struct Document {
    project: Project,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Project {
    requires_python: String,
    dependencies: Vec<String>,
    optional_dependencies: BTreeMap<String, Vec<String>>,
}

pub(super) fn read() -> Package {
    let text = include_str!("../../runtime/pyproject.toml");
    let Document { project } =
        toml::from_str(text).expect("the runtime's own pyproject.toml has these tables");
    Package {
        requires_python: project.requires_python,
        dependencies: project.dependencies,
        extras: project.optional_dependencies,
    }
}
