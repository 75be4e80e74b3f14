//! Checks names of metrics, and whether they measure what a model predicts.

use super::attributes::Checked;
use super::catalog::{self, Task};
use super::statements::Analyzer;
use super::training::Nature;
use crate::diagnostic::{Code, Diagnostic};
use crate::ir::Family;
use crate::source::Span;
use crate::syntax::ast;

/// What a metric measures.
pub(super) struct Measured<'a> {
    pub(super) task: Task,
    objective: Option<&'a str>,
    /// Whether XGBoost's own metrics can be watched.
    is_xgboost: bool,
    /// Where the model is trained, when that is elsewhere.
    trained: Option<Span>,
}

impl<'a> Measured<'a> {
    pub(super) fn of(nature: &'a Nature) -> Measured<'a> {
        Measured {
            task: nature.task,
            objective: nature.objective.as_deref(),
            is_xgboost: nature.estimator.family == Family::XGBoost,
            trained: None,
        }
    }

    /// A model that was trained before: XGBoost's own metrics are gone.
    pub(super) fn model(nature: Option<&Nature>, trained: Option<Span>) -> Measured<'static> {
        Measured {
            task: nature.map_or(Task::ByObjective, |nature| nature.task),
            objective: None,
            is_xgboost: false,
            trained,
        }
    }
}

impl Analyzer<'_> {
    pub(super) fn check_metrics(
        &mut self,
        metrics: &[String],
        measured: &Measured<'_>,
        written: &ast::Attribute,
    ) {
        for metric in metrics {
            if measured.is_xgboost && own(metric).is_some() {
                self.check_own_metric(metric, measured, written);
                continue;
            }
            let Some(known) = catalog::metric(metric) else {
                let own = catalog::XGBOOST_METRICS.iter().map(|known| known.name);
                let own = own.filter(|_| measured.is_xgboost);
                let names = catalog::METRICS.iter().map(|known| known.name);
                let message = format!("no metric is named `{metric}`");
                self.diagnostics.push(
                    Diagnostic::new(Code::UnknownMetric, written.value.span, message).suggest(
                        metric,
                        names.chain(own),
                        || "`sqlflowc explain E0313` lists the metrics".to_owned(),
                    ),
                );
                continue;
            };
            if measured.task == Task::ByObjective || known.tasks.contains(&measured.task) {
                continue;
            }
            let fitting: Vec<_> = catalog::METRICS
                .iter()
                .filter(|known| known.tasks.contains(&measured.task))
                .map(|known| known.name)
                .take(5)
                .collect();
            let message = format!(
                "`{metric}` does not measure a model that {}",
                measured.task.verb()
            );
            let mut diagnostic =
                Diagnostic::new(Code::MetricDoesNotFit, written.value.span, message);
            if let Some(trained) = measured.trained {
                diagnostic = diagnostic.note(trained, "the model is trained here");
            }
            if !fitting.is_empty() {
                diagnostic = diagnostic.help(format!("metrics that do: {}, …", fitting.join(", ")));
            }
            self.diagnostics.push(diagnostic);
        }
    }

    /// Checks `eval_metric`, which XGBoost alone reads.
    pub(super) fn check_own_metrics(
        &mut self,
        metrics: &[String],
        measured: &Measured<'_>,
        attribute: &Checked<'_>,
    ) {
        for metric in metrics {
            if own(metric).is_some() {
                self.check_own_metric(metric, measured, attribute.written);
                continue;
            }
            let names = catalog::XGBOOST_METRICS.iter().map(|known| known.name);
            let message = format!("XGBoost has no metric `{metric}`");
            self.diagnostics.push(
                Diagnostic::new(Code::UnknownMetric, attribute.written.value.span, message)
                    .suggest(metric, names, || match catalog::metric(metric) {
                        Some(_) => "say `validation.metrics` for it".to_owned(),
                        None => "`sqlflowc explain E0313` lists the metrics".to_owned(),
                    }),
            );
        }
    }

    fn check_own_metric(
        &mut self,
        metric: &str,
        measured: &Measured<'_>,
        written: &ast::Attribute,
    ) {
        let Some(known) = own(metric) else { return };
        if known.needs_number && !metric.contains('@') {
            let message = format!("`{metric}` needs a number");
            self.diagnostics.push(
                Diagnostic::new(Code::InvalidAttribute, written.value.span, message)
                    .help(format!("write `{metric}@1.5`")),
            );
        }
        let Some(objective) = measured.objective else {
            return;
        };
        if known
            .objectives
            .iter()
            .any(|start| objective.starts_with(start))
        {
            return;
        }
        let fitting: Vec<_> = catalog::XGBOOST_METRICS
            .iter()
            .filter(|known| {
                known
                    .objectives
                    .iter()
                    .any(|start| objective.starts_with(start))
            })
            .map(|known| known.name)
            .take(5)
            .collect();
        let message = format!("`{metric}` does not measure what `{objective}` predicts");
        self.diagnostics.push(
            Diagnostic::new(Code::MetricDoesNotFit, written.value.span, message)
                .help(format!("metrics that do: {}, …", fitting.join(", "))),
        );
    }
}

/// The metric of XGBoost's, which takes parameters behind its name: `ndcg@10`,
/// `ndcg@10-`, `error@0.7`.
fn own(metric: &str) -> Option<&'static catalog::OwnMetric> {
    let (bare, number) = match metric.split_once('@') {
        Some((bare, number)) => (bare, Some(number)),
        None => (metric.strip_suffix('-').unwrap_or(metric), None),
    };
    if number.is_some_and(|n| n.strip_suffix('-').unwrap_or(n).parse::<f64>().is_err()) {
        return None;
    }
    catalog::XGBOOST_METRICS
        .iter()
        .find(|known| known.name == bare)
}
