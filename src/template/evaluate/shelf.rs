//! A place that only grows, so that what stands in it can be borrowed while more is added.

use std::cell::OnceCell;

/// Keeps values until the end.
pub(super) struct Shelf<T> {
    first: Slot<T>,
}

type Slot<T> = OnceCell<Box<Entry<T>>>;

struct Entry<T> {
    value: T,
    next: Slot<T>,
}

impl<T> Default for Shelf<T> {
    fn default() -> Self {
        Self { first: OnceCell::new() }
    }
}

impl<T> Shelf<T> {
    /// Puts a value at the end.
    pub(super) fn keep(&self, value: T) -> &T {
        let mut slot = &self.first;
        while let Some(entry) = slot.get() {
            slot = &entry.next;
        }
        &slot.get_or_init(|| Box::new(Entry { value, next: OnceCell::new() })).value
    }
}
