//! Names of steps: what a statement does, not where it stands, so that a new
//! statement renames no other.

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest, Sha256};

use crate::ir::Step;

/// Tekton joins the names of run and task with a dash and hashes what is over
/// 63 characters; 28 leaves 34 for the run.
const LONGEST: usize = 28;

/// One name a step: a DNS label, unique, beginning with a letter.
///
/// The first step of a name keeps it bare; a later one that means something
/// else takes the start of its text's hash, and the same text again a number.
pub(super) fn names(steps: &[Step]) -> Vec<String> {
    let mut names = Names::default();
    steps.iter().map(|step| names.next(step)).collect()
}

#[derive(Default)]
struct Names {
    taken: BTreeSet<String>,
    /// For names that were numbered, the first number that is not taken.
    numbers: BTreeMap<String, usize>,
}

impl Names {
    fn next(&mut self, step: &Step) -> String {
        let base = base(step);
        if self.taken.insert(base.clone()) {
            return base;
        }
        let hashed = with_suffix(&base, &step.digest[..6]);
        if self.taken.insert(hashed.clone()) {
            return hashed;
        }
        let number = self.numbers.entry(hashed.clone()).or_insert(2);
        loop {
            let numbered = with_suffix(&hashed, &number.to_string());
            *number += 1;
            if self.taken.insert(numbered.clone()) {
                return numbered;
            }
        }
    }
}

fn base(step: &Step) -> String {
    let words = format!("{}-{}", step.title.verb, step.title.object);
    let slug = slug(&words);
    let lost = slug.len() <= step.title.verb.len() && !step.title.object.is_empty();
    if lost {
        // Nothing of the object's name is left: its hash stands for it.
        with_suffix(&slug, &hash(&words))
    } else if slug.len() > LONGEST {
        with_suffix(&slug, &hash(&words))
    } else {
        slug
    }
}

fn with_suffix(base: &str, suffix: &str) -> String {
    let room = LONGEST - 1 - suffix.len();
    let kept = base[..base.len().min(room)].trim_end_matches('-');
    format!("{kept}-{suffix}")
}

fn hash(text: &str) -> String {
    let hash = Sha256::digest(text.as_bytes());
    hash[..3].iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Lower-case letters, digits and single dashes.
fn slug(words: &str) -> String {
    let mut slug = String::new();
    for c in words.chars() {
        match c.to_ascii_lowercase() {
            c @ ('a'..='z' | '0'..='9') => slug.push(c),
            _ if slug.ends_with('-') => {}
            _ => slug.push('-'),
        }
    }
    slug.trim_end_matches('-').to_owned()
}
