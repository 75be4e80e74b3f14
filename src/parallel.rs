//! Work on several threads, with the results in order.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// SQL nests and chains as deep as its author likes, and its parser recurses:
/// this is room for a chain of a million operators, and what a thread needs
/// that compiles. Memory that is not used costs nothing.
pub const STACK_BYTES: usize = 1 << 30;

/// Does a piece of work for each number below `count`. Threads only decide
/// when a piece is done: the results are the same for any number of them.
pub(crate) fn map<T: Send>(
    threads: NonZeroUsize,
    count: usize,
    work: impl Fn(usize) -> T + Sync,
) -> Vec<T> {
    let helpers = threads.get().min(count).saturating_sub(1);
    if helpers == 0 {
        return (0..count).map(work).collect();
    }
    let next = AtomicUsize::new(0);
    let take = || {
        let mut done = Vec::new();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            if at >= count {
                return done;
            }
            done.push((at, work(at)));
        }
    };
    thread::scope(|scope| {
        // A system that grants no further thread gets the work done by fewer.
        let helpers: Vec<_> = (0..helpers)
            .map_while(|_| {
                let helper = thread::Builder::new().stack_size(STACK_BYTES);
                helper.spawn_scoped(scope, take).ok()
            })
            .collect();
        let mut done = take();
        for helper in helpers {
            match helper.join() {
                Ok(more) => done.extend(more),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        done.sort_unstable_by_key(|(at, _)| *at);
        done.into_iter().map(|(_, result)| result).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_stand_in_order_for_any_number_of_threads() {
        for threads in [1, 2, 3, 100] {
            let threads = NonZeroUsize::new(threads).unwrap();
            let squares = map(threads, 50, |at| at * at);
            assert_eq!(squares, (0..50).map(|at| at * at).collect::<Vec<_>>());
            assert!(map(threads, 0, |at| at).is_empty());
        }
    }
}
