//! What a test decides about an artifact where it does not matter.

use std::num::NonZeroUsize;

use sqlflowc::backend::{ClusterOptions, LocalForm, Options, StepDefaults};
use sqlflowc::source::SourceFile;

pub(crate) fn options(name: &str, source: &SourceFile) -> Options {
    Options {
        name: name.to_lowercase().replace('_', "-"),
        source: source.name().to_owned(),
        source_sha256: "0".repeat(64),
        local: LocalForm::Installed,
        extras: Vec::new(),
        cluster: ClusterOptions {
            image: "registry.example.com/sqlflow-runtime:1.0".to_owned(),
            ..ClusterOptions::default()
        },
        steps: StepDefaults::default(),
        threads: NonZeroUsize::MIN,
    }
}
