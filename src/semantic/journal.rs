//! Maps that a transaction can put back to what they were.

use std::collections::BTreeMap;
use std::ops::Deref;

/// A map by name that notes what its changes replace while a transaction is
/// open, so that undoing costs no more than the changes did.
#[derive(Debug)]
pub(super) struct Journaled<V> {
    map: BTreeMap<String, V>,
    /// What was there before each change, the latest last.
    undo: Option<Vec<(String, Option<V>)>>,
}

/// What all such maps can do, whatever they hold.
pub(super) trait Journal {
    fn begin(&mut self);
    /// How many changes there have been since the transaction began.
    fn mark(&self) -> usize;
    /// Undoes all changes but so many.
    fn undo_to(&mut self, mark: usize);
    /// Ends the transaction; the changes stay.
    fn commit(&mut self);
}

impl<V> Default for Journaled<V> {
    fn default() -> Journaled<V> {
        Journaled {
            map: BTreeMap::new(),
            undo: None,
        }
    }
}

impl<V> Deref for Journaled<V> {
    type Target = BTreeMap<String, V>;

    fn deref(&self) -> &BTreeMap<String, V> {
        &self.map
    }
}

impl<V: Clone> Journaled<V> {
    pub(super) fn insert(&mut self, name: String, value: V) {
        let old = self.map.insert(name.clone(), value);
        if let Some(undo) = &mut self.undo {
            undo.push((name, old));
        }
    }

    pub(super) fn remove(&mut self, name: &str) -> Option<V> {
        let old = self.map.remove(name)?;
        if let Some(undo) = &mut self.undo {
            undo.push((name.to_owned(), Some(old.clone())));
        }
        Some(old)
    }

    /// What a name stands for, to be changed.
    pub(super) fn get_mut(&mut self, name: &str) -> Option<&mut V> {
        let value = self.map.get_mut(name)?;
        if let Some(undo) = &mut self.undo {
            undo.push((name.to_owned(), Some(value.clone())));
        }
        Some(value)
    }

    /// The same, or nothing yet.
    pub(super) fn entry(&mut self, name: String) -> &mut V
    where
        V: Default,
    {
        if let Some(undo) = &mut self.undo {
            undo.push((name.clone(), self.map.get(&name).cloned()));
        }
        self.map.entry(name).or_default()
    }

    /// Changes the values that are not as they should be.
    pub(super) fn change(
        &mut self,
        is_to_change: impl Fn(&V) -> bool,
        mut change: impl FnMut(&mut V),
    ) {
        for (name, value) in &mut self.map {
            if is_to_change(value) {
                if let Some(undo) = &mut self.undo {
                    undo.push((name.clone(), Some(value.clone())));
                }
                change(value);
            }
        }
    }
}

impl<V> Journal for Journaled<V> {
    fn begin(&mut self) {
        self.undo = Some(Vec::new());
    }

    fn mark(&self) -> usize {
        self.undo.as_ref().map_or(0, Vec::len)
    }

    fn undo_to(&mut self, mark: usize) {
        let Some(undo) = &mut self.undo else { return };
        for (name, old) in undo.drain(mark.min(undo.len())..).rev() {
            match old {
                Some(old) => self.map.insert(name, old),
                None => self.map.remove(&name),
            };
        }
    }

    fn commit(&mut self) {
        self.undo = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn undoing_brings_back_what_was_there() {
        let mut map: Journaled<u32> = Journaled::default();
        map.insert("a".to_owned(), 1);
        map.insert("b".to_owned(), 2);
        map.begin();
        map.insert("a".to_owned(), 10);
        *map.entry("c".to_owned()) += 3;
        let mark = map.mark();
        assert_eq!(map.remove("b"), Some(2));
        *map.get_mut("a").unwrap() += 1;
        map.change(|value| *value == 3, |value| *value = 4);
        map.undo_to(mark);
        let all = |map: &Journaled<u32>| -> Vec<(String, u32)> {
            map.iter()
                .map(|(name, value)| (name.clone(), *value))
                .collect()
        };
        let named = |pairs: &[(&str, u32)]| -> Vec<(String, u32)> {
            pairs
                .iter()
                .map(|(name, value)| ((*name).to_owned(), *value))
                .collect()
        };
        assert_eq!(all(&map), named(&[("a", 10), ("b", 2), ("c", 3)]));
        map.undo_to(0);
        map.commit();
        assert_eq!(all(&map), named(&[("a", 1), ("b", 2)]));
        map.insert("a".to_owned(), 5);
        map.undo_to(0);
        assert_eq!(all(&map), named(&[("a", 5), ("b", 2)]));
    }
}
