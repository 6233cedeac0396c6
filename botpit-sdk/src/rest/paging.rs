//! Lists that come in pages, as streams.

use std::collections::HashSet;
use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use futures_util::StreamExt;
use futures_util::stream::unfold;
use sdk_core::error::Result;

/// A whole list, page by page. Nothing is fetched before it is asked for, and no page before the one before it is used up.
///
/// The list may grow at its top while it is read. Then the beginning of a page repeats the end of the page before: these
/// items come once. A list that grows by more than a page between two fetches may repeat older ones.
///
/// It ends with the first page that is not full, after an error, which is its last item, and when a server goes on repeating
/// itself. It is a [`Stream`]; [`next`](Self::next) does without its extension trait.
///
/// # Cancel safety
/// Dropping [`next`](Self::next)'s future loses nothing: the same fetch goes on at the next call.
#[must_use = "nothing is fetched until an item is asked for"]
pub struct Paged<T>(Pin<Box<dyn Stream<Item = Result<T>> + Send>>);

impl<T> Paged<T> {
    /// The next item; an error, which ends the list; `None` at its end.
    pub async fn next(&mut self) -> Option<Result<T>> {
        self.0.next().await
    }
}

impl<T> Stream for Paged<T> {
    type Item = Result<T>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.as_mut().poll_next(context)
    }
}

impl<T> fmt::Debug for Paged<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Paged").finish_non_exhaustive()
    }
}

/// An item of a list with pages.
pub(super) trait Item {
    /// What no other item of the list has.
    fn key(&self) -> &str;
}

/// The stream over a list. `fetch` takes limit and offset; a limit out of range is its to refuse.
pub(super) fn stream<T, F, P>(page_size: Option<u32>, offset: Option<u32>, largest: u32, fetch: F) -> Paged<T>
where
    T: Item + Send + 'static,
    F: Fn(u32, u32) -> P + Send + 'static,
    P: Future<Output = Result<Vec<T>>> + Send,
{
    let pager = Pager::new(page_size.unwrap_or(largest), offset.unwrap_or(0));
    let state = (pager, VecDeque::new(), fetch);
    let items = unfold(state, |(mut pager, mut ready, fetch)| async move {
        loop {
            if let Some(item) = ready.pop_front() {
                return Some((Ok(item), (pager, ready, fetch)));
            }
            let (limit, offset) = pager.wanted()?;
            match fetch(limit, offset).await {
                Ok(page) => ready.extend(pager.took(page)),
                Err(error) => {
                    pager.end();
                    return Some((Err(error), (pager, ready, fetch)));
                }
            }
        }
    });
    // Asking on after the end is no mistake.
    Paged(Box::pin(items.fuse()))
}

/// Which page is next, and what of it is new.
#[derive(Debug)]
struct Pager {
    page_size: u32,
    /// Where the next page begins. `None` at the end.
    offset: Option<u32>,
    /// The page before.
    previous: HashSet<Box<str>>,
    /// Whether the page before brought nothing new.
    repeated: bool,
}

impl Pager {
    fn new(page_size: u32, offset: u32) -> Self {
        Self { page_size, offset: Some(offset), previous: HashSet::new(), repeated: false }
    }

    /// Limit and offset of the next page.
    fn wanted(&self) -> Option<(u32, u32)> {
        self.offset.map(|offset| (self.page_size, offset))
    }

    fn end(&mut self) {
        self.offset = None;
    }

    /// Takes a page, and gives what the page before did not have.
    fn took<T: Item>(&mut self, page: Vec<T>) -> Vec<T> {
        let length = u32::try_from(page.len()).unwrap_or(u32::MAX);
        let keys: HashSet<Box<str>> = page.iter().map(|item| item.key().into()).collect();
        let fresh: Vec<T> = page.into_iter().filter(|item| !self.previous.contains(item.key())).collect();
        // Twice in a row means a server that does not look at the offset.
        let stuck = fresh.is_empty() && self.repeated;
        self.offset = match self.offset {
            Some(offset) if length >= self.page_size && length > 0 && !stuck => offset.checked_add(length),
            _ => None,
        };
        self.repeated = fresh.is_empty();
        self.previous = keys;
        fresh
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Item for String {
        fn key(&self) -> &str {
            self
        }
    }

    fn page(names: &str) -> Vec<String> {
        names.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn a_full_page_is_followed_and_a_short_one_is_the_last() {
        let mut pager = Pager::new(2, 5);
        assert_eq!(pager.wanted(), Some((2, 5)));
        assert_eq!(pager.took(page("a b")), page("a b"));
        assert_eq!(pager.wanted(), Some((2, 7)));
        assert_eq!(pager.took(page("c")), page("c"));
        assert_eq!(pager.wanted(), None);

        let mut pager = Pager::new(2, 0);
        pager.took(page("a b"));
        assert_eq!(pager.took(page("")), page(""));
        assert_eq!(pager.wanted(), None);
    }

    #[test]
    fn what_shifts_into_the_next_page_comes_once() {
        let mut pager = Pager::new(3, 0);
        assert_eq!(pager.took(page("c b a")), page("c b a"));
        // Two new ones at the top have pushed `b` and `a` on.
        assert_eq!(pager.took(page("b a z")), page("z"));
        // Three new ones: a whole page of old ones, and it goes on.
        assert_eq!(pager.took(page("b a z")), page(""));
        assert_eq!(pager.took(page("y x w")), page("y x w"));
        assert_eq!(pager.wanted(), Some((3, 12)));
    }

    #[test]
    fn a_server_that_repeats_itself_for_ever_is_left() {
        let mut pager = Pager::new(2, 0);
        for _ in 0..2 {
            pager.took(page("a b c"));
            assert!(pager.wanted().is_some());
        }
        pager.took(page("a b c"));
        assert_eq!(pager.wanted(), None);
    }

    #[test]
    fn offsets_do_not_overflow() {
        let mut pager = Pager::new(2, u32::MAX - 1);
        pager.took(page("a b"));
        assert_eq!(pager.wanted(), None);
    }
}
