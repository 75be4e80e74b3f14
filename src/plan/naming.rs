//! Names of steps: what a statement does, not where it stands, so that a new
//! statement renames no other.

use std::collections::BTreeSet;

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
    let mut taken = BTreeSet::new();
    steps
        .iter()
        .map(|step| {
            let name = candidates(step)
                .find(|name| !taken.contains(name))
                .expect("there is no end of candidates");
            taken.insert(name.clone());
            name
        })
        .collect()
}

fn candidates(step: &Step) -> impl Iterator<Item = String> {
    let words = format!("{}-{}", step.title.verb, step.title.object);
    let slug = slug(&words);
    let lost = slug.len() <= step.title.verb.len() && !step.title.object.is_empty();
    let base = if lost {
        // Nothing of the object's name is left: its hash stands for it.
        with_suffix(&slug, &hash(&words))
    } else if slug.len() > LONGEST {
        with_suffix(&slug, &hash(&words))
    } else {
        slug
    };
    let hashed = with_suffix(&base, &step.digest[..6]);
    let numbered = hashed.clone();
    std::iter::once(base)
        .chain(std::iter::once(hashed))
        .chain((2_usize..).map(move |number| with_suffix(&numbered, &number.to_string())))
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
