//! What a test decides about an artifact where it does not matter.

use std::collections::BTreeMap;

use std::num::NonZeroUsize;

use sqlflowc::backend::{ClusterOptions, LocalForm, Options, SecretKey, StepDefaults};
use sqlflowc::source::SourceFile;

pub(crate) fn options(name: &str, source: &SourceFile) -> Options {
    let key = |name: &str| SecretKey {
        name: name.to_owned(),
        key: "url".to_owned(),
    };
    Options {
        name: name.to_lowercase().replace('_', "-"),
        source: source.name().to_owned(),
        source_sha256: "0".repeat(64),
        local: LocalForm::Installed,
        extras: Vec::new(),
        cluster: ClusterOptions {
            image: "registry.example.com/sqlflow-runtime:1.0".to_owned(),
            namespace: None,
            service_account: "sqlflow-runner".to_owned(),
            datasource: key("sqlflow-datasource"),
            model_store: key("sqlflow-model-store"),
            model_store_credentials: None,
            labels: BTreeMap::new(),
        },
        steps: StepDefaults::default(),
        threads: NonZeroUsize::MIN,
    }
}
