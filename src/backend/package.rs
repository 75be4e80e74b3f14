//! What the step runtime's package says it needs.

use serde::Deserialize;

/// The runtime's requirements, as its `pyproject.toml` has them.
pub(super) struct Package {
    pub(super) requires_python: String,
    pub(super) dependencies: Vec<String>,
    /// Further ones for neural networks.
    pub(super) deep_dependencies: Vec<String>,
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
    optional_dependencies: Extras,
}

#[derive(Deserialize)]
struct Extras {
    deep: Vec<String>,
}

pub(super) fn read() -> Package {
    let text = include_str!("../../runtime/pyproject.toml");
    let Document { project } =
        toml::from_str(text).expect("the runtime's own pyproject.toml has these tables");
    Package {
        requires_python: project.requires_python,
        dependencies: project.dependencies,
        deep_dependencies: project.optional_dependencies.deep,
    }
}
