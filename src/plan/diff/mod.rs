//! What changed in the plan between two programs.
//!
//! Steps are the same when they have one name and one text; else when they
//! have one text; else one name; else when they are of one kind and most of
//! their words are the same. A step that only moved to other lines has not
//! changed.

mod attributes;
mod json;
mod markdown;
mod text;

use std::collections::{BTreeMap, BTreeSet};

use super::{Plan, PlannedStep, Reason};
use crate::source::SourceFile;
use attributes::attributes;

/// A plan and the program that it is of.
#[derive(Debug, Clone, Copy)]
pub struct Version<'a> {
    pub plan: &'a Plan,
    pub source: &'a SourceFile,
}

/// What changed, in the order of the new program; what is gone stands where
/// it was.
#[derive(Debug)]
pub struct Difference<'a> {
    old: Version<'a>,
    new: Version<'a>,
    pub steps: Vec<StepDifference<'a>>,
    pub edges: Vec<EdgeDifference<'a>>,
}

#[derive(Debug)]
pub enum StepDifference<'a> {
    Added(&'a PlannedStep),
    Removed(&'a PlannedStep),
    /// Its name may have changed with it.
    Changed(Box<Change<'a>>),
}

/// A step in both programs. Nothing but its name may have changed.
#[derive(Debug)]
pub struct Change<'a> {
    pub old: &'a PlannedStep,
    pub new: &'a PlannedStep,
    /// Attributes and settings with other values.
    pub fields: Vec<Field>,
    /// Features, resources, session statements that came or went.
    pub lists: Vec<List>,
    /// The statements' texts, when they differ.
    pub text: Option<(String, String)>,
}

#[derive(Debug, PartialEq, Eq)]
pub struct Field {
    pub name: String,
    pub old: Option<String>,
    pub new: Option<String>,
}

/// The entries of a list that came or went; when neither, they are the same in
/// another order.
#[derive(Debug, PartialEq, Eq)]
pub struct List {
    pub name: String,
    pub removed: Vec<String>,
    pub added: Vec<String>,
}

/// An edge that came, went, or has other reasons.
#[derive(Debug)]
pub struct EdgeDifference<'a> {
    pub before: &'a PlannedStep,
    pub after: &'a PlannedStep,
    pub kind: EdgeKind<'a>,
}

#[derive(Debug)]
pub enum EdgeKind<'a> {
    Added(&'a [Reason], Order),
    Removed(&'a [Reason], Order),
    Changed {
        old: &'a [Reason],
        new: &'a [Reason],
    },
}

/// What an edge that came or went means for the order of its steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// One of the programs orders the steps, the other does not.
    Changed,
    /// Both programs order them; the one without the edge does so through
    /// other steps.
    Kept,
}

/// How a difference is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DiffFormat {
    Text(super::Colour),
    Json,
    Markdown,
}

impl<'a> Difference<'a> {
    pub fn between(old: Version<'a>, new: Version<'a>) -> Difference<'a> {
        let pairs = Pairs::find(old, new);
        Difference {
            old,
            new,
            steps: steps(old, new, &pairs),
            edges: edges(old.plan, new.plan, &pairs),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.steps.is_empty() && self.edges.is_empty()
    }

    pub fn show(&self, format: DiffFormat) -> String {
        match format {
            DiffFormat::Text(colour) => text::text(self, colour),
            DiffFormat::Json => json::json(self),
            DiffFormat::Markdown => markdown::markdown(self),
        }
    }

    /// `1 step added, 2 changed; 1 edge removed`, or that nothing changed.
    fn summary(&self) -> String {
        let steps = [
            (
                "added",
                self.count_steps(|step| matches!(step, StepDifference::Added(_))),
            ),
            (
                "removed",
                self.count_steps(|step| matches!(step, StepDifference::Removed(_))),
            ),
            (
                "changed",
                self.count_steps(|step| step.change().is_some_and(Change::is_more_than_a_name)),
            ),
            (
                "renamed",
                self.count_steps(|step| step.change().is_some_and(Change::is_renamed)),
            ),
        ];
        let edges = [
            (
                "added",
                self.count_edges(|kind| matches!(kind, EdgeKind::Added(..))),
            ),
            (
                "removed",
                self.count_edges(|kind| matches!(kind, EdgeKind::Removed(..))),
            ),
            (
                "changed",
                self.count_edges(|kind| matches!(kind, EdgeKind::Changed { .. })),
            ),
        ];
        let parts: Vec<_> = [("step", steps.as_slice()), ("edge", edges.as_slice())]
            .into_iter()
            .filter_map(|(thing, counts)| {
                let mut counts = counts.iter().filter(|(_, count)| *count > 0);
                let (verb, count) = counts.next()?;
                let first = format!("{} {verb}", super::show::count(*count, thing));
                let others = counts.map(|(verb, count)| format!(", {count} {verb}"));
                Some(first + &others.collect::<String>())
            })
            .collect();
        match parts.is_empty() {
            true => "the plan has not changed".to_owned(),
            false => parts.join("; "),
        }
    }

    fn count_steps(&self, is: impl Fn(&StepDifference) -> bool) -> usize {
        self.steps.iter().filter(|step| is(step)).count()
    }

    fn count_edges(&self, is: impl Fn(&EdgeKind) -> bool) -> usize {
        self.edges.iter().filter(|edge| is(&edge.kind)).count()
    }
}

impl<'a> StepDifference<'a> {
    fn change(&self) -> Option<&Change<'a>> {
        match self {
            StepDifference::Changed(change) => Some(change),
            StepDifference::Added(_) | StepDifference::Removed(_) => None,
        }
    }
}

impl Change<'_> {
    pub fn is_renamed(&self) -> bool {
        self.old.name != self.new.name
    }

    pub fn is_more_than_a_name(&self) -> bool {
        !self.fields.is_empty() || !self.lists.is_empty() || self.text.is_some()
    }
}

/// Which steps of two plans are the same.
struct Pairs {
    /// For each new step, the old one.
    old_of: Vec<Option<usize>>,
    new_of: Vec<Option<usize>>,
}

impl Pairs {
    fn find(old: Version, new: Version) -> Pairs {
        let mut pairs = Pairs {
            old_of: vec![None; new.plan.len()],
            new_of: vec![None; old.plan.len()],
        };
        pairs.by_key(old.plan, new.plan, |step| {
            (step.name.clone(), step.step.digest.clone())
        });
        pairs.by_key(old.plan, new.plan, |step| step.step.digest.clone());
        pairs.by_key(old.plan, new.plan, |step| step.name.clone());
        pairs.by_words(old, new);
        pairs
    }

    fn add(&mut self, old: usize, new: usize) {
        self.old_of[new] = Some(old);
        self.new_of[old] = Some(new);
    }

    fn open(of: &[Option<usize>]) -> Vec<usize> {
        (0..of.len()).filter(|step| of[*step].is_none()).collect()
    }

    /// Pairs what has the same key; of several, in the programs' order.
    fn by_key<K: Ord>(&mut self, old: &Plan, new: &Plan, key: impl Fn(&PlannedStep) -> K) {
        let mut waiting: BTreeMap<K, Vec<usize>> = BTreeMap::new();
        for step in Pairs::open(&self.new_of).into_iter().rev() {
            waiting.entry(key(old.step(step))).or_default().push(step);
        }
        for step in Pairs::open(&self.old_of) {
            let found = waiting.get_mut(&key(new.step(step))).and_then(Vec::pop);
            if let Some(found) = found {
                self.add(found, step);
            }
        }
    }

    /// Pairs what is of one kind and has most of its words in common, the
    /// most alike first.
    fn by_words(&mut self, old: Version, new: Version) {
        const ALIKE: usize = 60;
        // Two programs with this many steps of their own have nothing to do
        // with each other, and comparing each with each would take long.
        const MOST_COMPARED: usize = 1_000_000;
        let (olds, news) = (Pairs::open(&self.new_of), Pairs::open(&self.old_of));
        if olds.len().saturating_mul(news.len()) > MOST_COMPARED {
            return;
        }
        let words_of = |version: Version, steps: &[usize]| -> Vec<(usize, &'static str, String)> {
            steps
                .iter()
                .map(|step| {
                    let planned = version.plan.step(*step);
                    (
                        *step,
                        planned.step.action.kind(),
                        text_of(planned, version.source),
                    )
                })
                .collect()
        };
        let (olds, news) = (words_of(old, &olds), words_of(new, &news));
        let sorted = |texts: &'_ [(usize, &'static str, String)]| -> Vec<Vec<String>> {
            texts.iter().map(|(_, _, text)| words(text)).collect()
        };
        let (old_words, new_words) = (sorted(&olds), sorted(&news));
        let mut alike = Vec::new();
        for ((old, old_kind, _), old_words) in olds.iter().zip(&old_words) {
            for ((new, new_kind, _), new_words) in news.iter().zip(&new_words) {
                if old_kind != new_kind {
                    continue;
                }
                let all = old_words.len() + new_words.len();
                let share = 200 * common(old_words, new_words) / all.max(1);
                if share >= ALIKE {
                    alike.push((std::cmp::Reverse(share), *old, *new));
                }
            }
        }
        alike.sort_unstable();
        for (_, old, new) in alike {
            if self.new_of[old].is_none() && self.old_of[new].is_none() {
                self.add(old, new);
            }
        }
    }
}

/// The words of a text in lower case, sorted.
fn words(text: &str) -> Vec<String> {
    let mut words: Vec<_> = text
        .split(|c: char| !c.is_alphanumeric() && c != '_')
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect();
    words.sort_unstable();
    words
}

/// How many entries two sorted lists have in common.
fn common(one: &[String], other: &[String]) -> usize {
    let (mut at, mut there, mut count) = (0, 0, 0);
    while at < one.len() && there < other.len() {
        match one[at].cmp(&other[there]) {
            std::cmp::Ordering::Less => at += 1,
            std::cmp::Ordering::Greater => there += 1,
            std::cmp::Ordering::Equal => {
                count += 1;
                at += 1;
                there += 1;
            }
        }
    }
    count
}

/// The step's statements, one after the other.
fn text_of(planned: &PlannedStep, source: &SourceFile) -> String {
    super::show::statements(&planned.step, source).join(";\n")
}

fn steps<'a>(old: Version<'a>, new: Version<'a>, pairs: &Pairs) -> Vec<StepDifference<'a>> {
    // What is gone stands behind the last step before it that is still there.
    let mut gone: BTreeMap<Option<usize>, Vec<usize>> = BTreeMap::new();
    let mut last = None;
    for step in 0..old.plan.len() {
        match pairs.new_of[step] {
            Some(there) => last = Some(there),
            None => gone.entry(last).or_default().push(step),
        }
    }
    let mut removed = |after: Option<usize>, found: &mut Vec<StepDifference<'a>>| {
        let steps = gone.remove(&after).unwrap_or_default();
        found.extend(
            steps
                .into_iter()
                .map(|step| StepDifference::Removed(old.plan.step(step))),
        );
    };
    let mut found = Vec::new();
    removed(None, &mut found);
    for at in 0..new.plan.len() {
        let step = new.plan.step(at);
        match pairs.old_of[at] {
            None => found.push(StepDifference::Added(step)),
            Some(before) => found.extend(change(old, old.plan.step(before), new, step)),
        }
        removed(Some(at), &mut found);
    }
    found
}

fn change<'a>(
    old_version: Version<'a>,
    old: &'a PlannedStep,
    new_version: Version<'a>,
    new: &'a PlannedStep,
) -> Option<StepDifference<'a>> {
    let (fields, mut lists) = attributes(&old.step).difference(&attributes(&new.step));
    let names = |resources: &BTreeSet<crate::ir::Resource>| -> Vec<String> {
        resources.iter().map(ToString::to_string).collect()
    };
    lists.extend(list(
        "reads",
        &names(&old.step.reads),
        &names(&new.step.reads),
    ));
    lists.extend(list(
        "writes",
        &names(&old.step.writes),
        &names(&new.step.writes),
    ));
    lists.extend(list("session", &old.step.session, &new.step.session));
    let texts = (
        text_of(old, old_version.source),
        text_of(new, new_version.source),
    );
    let change = Change {
        old,
        new,
        fields,
        lists,
        text: (texts.0 != texts.1).then_some(texts),
    };
    let is_any = change.is_renamed() || change.is_more_than_a_name();
    is_any.then(|| StepDifference::Changed(Box::new(change)))
}

/// What came to a list and what went from it, counting equal entries.
fn list(name: &str, old: &[String], new: &[String]) -> Option<List> {
    if old == new {
        return None;
    }
    let without = |these: &[String], those: &[String]| -> Vec<String> {
        let mut left: BTreeMap<&str, usize> = BTreeMap::new();
        for entry in those {
            *left.entry(entry).or_default() += 1;
        }
        these
            .iter()
            .filter(|entry| match left.get_mut(entry.as_str()) {
                Some(count) if *count > 0 => {
                    *count -= 1;
                    false
                }
                _ => true,
            })
            .cloned()
            .collect()
    };
    Some(List {
        name: name.to_owned(),
        removed: without(old, new),
        added: without(new, old),
    })
}

fn edges<'a>(old: &'a Plan, new: &'a Plan, pairs: &Pairs) -> Vec<EdgeDifference<'a>> {
    let old_edges: BTreeMap<(usize, usize), &[Reason]> = old
        .edges()
        .into_iter()
        .map(|(before, after, reasons)| ((after, before), reasons))
        .collect();
    let mut found = Vec::new();
    let mut kept = BTreeSet::new();
    let mut old_paths = Paths::new(old);
    for (before, after, reasons) in new.edges() {
        let pair = pairs.old_of[after].zip(pairs.old_of[before]);
        let before_it = pair.and_then(|pair| Some((pair, *old_edges.get(&pair)?)));
        let kind = match before_it {
            Some((pair, was)) => {
                kept.insert(pair);
                if was == reasons {
                    continue;
                }
                EdgeKind::Changed {
                    old: was,
                    new: reasons,
                }
            }
            None => EdgeKind::Added(reasons, old_paths.order(pair)),
        };
        found.push(EdgeDifference {
            before: new.step(before),
            after: new.step(after),
            kind,
        });
    }
    let mut new_paths = Paths::new(new);
    for ((after, before), reasons) in old_edges {
        if !kept.contains(&(after, before)) {
            let pair = pairs.new_of[after].zip(pairs.new_of[before]);
            found.push(EdgeDifference {
                before: old.step(before),
                after: old.step(after),
                kind: EdgeKind::Removed(reasons, new_paths.order(pair)),
            });
        }
    }
    found
}

/// What a plan orders, through however many steps.
struct Paths<'a> {
    plan: &'a Plan,
    /// The step that was asked about last, and all steps before it.
    last: Option<(usize, Vec<bool>)>,
}

impl Paths<'_> {
    fn new(plan: &Plan) -> Paths<'_> {
        Paths { plan, last: None }
    }

    /// Whether the plan too orders two of its steps: `(after, before)`.
    fn order(&mut self, pair: Option<(usize, usize)>) -> Order {
        let Some((after, before)) = pair else {
            return Order::Changed;
        };
        let ancestors = match self.last.take() {
            Some((step, ancestors)) if step == after => ancestors,
            _ => self.ancestors(after),
        };
        let is_before = ancestors[before];
        self.last = Some((after, ancestors));
        match is_before {
            true => Order::Kept,
            false => Order::Changed,
        }
    }

    fn ancestors(&self, of: usize) -> Vec<bool> {
        let mut found = vec![false; self.plan.len()];
        let mut open = vec![of];
        while let Some(step) = open.pop() {
            for before in self.plan.sources(step) {
                if !std::mem::replace(&mut found[before], true) {
                    open.push(before);
                }
            }
        }
        found
    }
}
