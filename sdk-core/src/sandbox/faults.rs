//! The book of orders: which faults are still to come, and which have happened.

use std::collections::{HashMap, HashSet, VecDeque};
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use serde::Serialize;

use super::fault::{Fault, Layer};
use super::io::{Cut, Line, Told};
use super::order::{Order, When};
use crate::error::{Error, Result};

/// The most orders that can be pending at once.
pub const MAX_ORDERS: usize = 1_024;
/// The most entries that [`Faults::log`] keeps; the oldest go first.
pub const MAX_LOG: usize = 1_024;
const MAX_CREDENTIALS: usize = 4_096;

/// The faults of one sandbox: order them, clear them, and see which happened. Cheap to clone; clones share one book.
///
/// At one moment (one connect, one request, one message going out, …) at most one order is carried out: the oldest that
/// fits.
///
/// ```
/// use sdk_core::sandbox::{Fault, Faults, When};
///
/// let faults = Faults::new();
/// faults.order(Fault::DropTcp.on(When::sent("your_turn")))?;
/// faults.order(Fault::RateLimited { retry_after: "2".into() }.on(When::NextConnection).skip(1))?;
/// assert_eq!(faults.pending().len(), 2);
/// assert_eq!(faults.injected(), 0);
/// faults.clear();
/// assert!(faults.pending().is_empty());
/// # Ok::<(), sdk_core::Error>(())
/// ```
#[derive(Clone, Default)]
pub struct Faults(Arc<Shared>);

#[derive(Default)]
struct Shared {
    /// How many orders are pending: lets the hot path skip the lock, and skip looking for the message's type.
    pending: AtomicUsize,
    book: Mutex<Book>,
}

#[derive(Default)]
struct Book {
    last_id: u64,
    orders: Vec<Booked>,
    counts: HashMap<u64, u64>,
    injected: u64,
    log: VecDeque<Injection>,
    lines: Vec<Weak<Line>>,
    credentials: HashSet<(u64, &'static str)>,
}

struct Booked {
    id: u64,
    order: Order,
    times: u32,
    skip: u32,
}

/// The number of an order, to ask how often it happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub struct OrderId(pub u64);

/// An order that is still to come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Pending {
    /// The order's number.
    pub id: OrderId,
    /// The order as it was given.
    #[serde(flatten)]
    pub order: Order,
    /// How many times it is still to come.
    pub left: u32,
    /// How often it happened already.
    pub injected: u64,
}

/// A fault that happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Injection {
    /// The order's number; `None` for a fault that a key in a request asked for.
    pub order: Option<OrderId>,
    /// The fault's name.
    pub fault: &'static str,
    /// The moment, in words.
    pub when: String,
    /// The number of the connection it happened on.
    pub connection: u64,
}

/// Where a server stands when it asks the book.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Moment<'a> {
    Accept,
    Upgraded,
    Frames(u64),
    Sending(&'a str),
    Sent(&'a str),
    Received(&'a str),
    Handled(&'a str),
    Request { path: &'a str, upgrade: bool },
    Answered(&'a str),
}

/// A fault taken from the book, to be carried out and confirmed.
#[derive(Debug, Clone)]
pub(crate) struct Taken {
    pub(crate) id: OrderId,
    pub(crate) fault: Fault,
    pub(crate) when: When,
    pub(crate) only: Option<String>,
}

impl Faults {
    /// An empty book.
    pub fn new() -> Self {
        Self::default()
    }

    /// Orders a fault. [`When::Now`] acts at once on the connections that are live, and does not wait for others.
    ///
    /// # Errors
    /// `invalid_argument` when the fault cannot happen at that moment or a number is outside its limits, and when
    /// [`MAX_ORDERS`] are pending.
    pub fn order(&self, order: impl Into<Order>) -> Result<OrderId> {
        let order = order.into();
        order.check()?;
        let now = order.when == When::Now && matches!(order.fault.layer(), Layer::Line | Layer::Message);
        let (id, live) = {
            let mut book = self.book();
            if book.orders.len() >= MAX_ORDERS {
                return Err(Error::invalid_argument(
                    "order",
                    format!("{MAX_ORDERS} orders are pending already; clear them first"),
                ));
            }
            book.last_id += 1;
            let id = OrderId(book.last_id);
            let mut live = Vec::new();
            if now {
                book.lines.retain(|line| line.strong_count() > 0);
                live.extend(book.lines.iter().filter_map(Weak::upgrade).filter(|line| line.takes(&order)));
            } else {
                let (times, skip) = (order.times, order.skip);
                book.orders.push(Booked { id: id.0, order: order.clone(), times, skip });
                self.0.pending.store(book.orders.len(), Ordering::Release);
            }
            (id, live)
        };
        for line in live {
            if order.fault.layer() == Layer::Line && !line.is_websocket() {
                line.carry_out(&order.fault);
                self.happened(Some(id), &order.fault, &order.when, line.id());
            } else {
                let Order { fault, when, only, .. } = order.clone();
                line.tell(Told::Fault(Taken { id, fault, when, only }));
            }
        }
        Ok(id)
    }

    /// Forgets every order that is still to come. What has begun on a connection (slowness, silence) goes on there.
    pub fn clear(&self) {
        let mut book = self.book();
        book.orders.clear();
        self.0.pending.store(0, Ordering::Release);
    }

    /// The orders that are still to come, oldest first.
    pub fn pending(&self) -> Vec<Pending> {
        let book = self.book();
        let pending = |booked: &Booked| Pending {
            id: OrderId(booked.id),
            order: booked.order.clone(),
            left: booked.times,
            injected: book.counts.get(&booked.id).copied().unwrap_or(0),
        };
        book.orders.iter().map(pending).collect()
    }

    /// How many faults have happened.
    pub fn injected(&self) -> u64 {
        self.book().injected
    }

    /// How often one order has happened.
    pub fn injected_by(&self, order: OrderId) -> u64 {
        self.book().counts.get(&order.0).copied().unwrap_or(0)
    }

    /// What happened, oldest first: the last [`MAX_LOG`] faults.
    pub fn log(&self) -> Vec<Injection> {
        self.book().log.iter().cloned().collect()
    }

    /// Forgets the orders, the counts, the log, and which credentials have had their magic words carried out.
    pub fn reset(&self) {
        let mut book = self.book();
        let (last_id, lines) = (book.last_id, std::mem::take(&mut book.lines));
        *book = Book { last_id, lines, ..Book::default() };
        self.0.pending.store(0, Ordering::Release);
    }

    pub(crate) fn watch(&self, line: &Arc<Line>) {
        let mut book = self.book();
        // What a fault has silenced holds a socket and a task: it does so for a while only.
        for line in book.lines.iter().filter_map(Weak::upgrade).filter(|line| line.is_long_deaf()) {
            line.cut(Cut::Rst);
        }
        book.lines.retain(|line| line.strong_count() > 0);
        book.lines.push(Arc::downgrade(line));
    }

    /// Whether the book is empty, so that nothing needs to be asked.
    pub(crate) fn is_idle(&self) -> bool {
        self.0.pending.load(Ordering::Acquire) == 0
    }

    /// The fault that is due at this moment on this connection, if any. It counts as used up; confirm it with
    /// [`Faults::happened`] or give it back with [`Faults::give_back`].
    pub(crate) fn take(&self, moment: Moment<'_>, line: Option<&Line>) -> Option<Taken> {
        if self.is_idle() {
            return None;
        }
        let mut book = self.book();
        let mut due = None;
        // Every order that waits for such a moment counts it, also when another one is carried out.
        for (index, booked) in book.orders.iter_mut().enumerate() {
            let only = booked.order.only.as_deref();
            let meant = only.is_none_or(|label| line.is_some_and(|line| line.has_label(label)));
            if !meant || !fits(&booked.order, moment) {
                continue;
            }
            if booked.skip > 0 {
                booked.skip -= 1;
            } else if due.is_none() {
                due = Some(index);
            }
        }
        let index = due?;
        let booked = book.orders.get_mut(index)?;
        let taken = Taken {
            id: OrderId(booked.id),
            fault: booked.order.fault.clone(),
            when: booked.order.when.clone(),
            only: booked.order.only.clone(),
        };
        if booked.times != u32::MAX {
            booked.times -= 1;
        }
        if booked.times == 0 {
            book.orders.remove(index);
            self.0.pending.store(book.orders.len(), Ordering::Release);
        }
        Some(taken)
    }

    /// Puts a fault that could not happen yet back at the head of the book. One whose moment does not come again waits
    /// for any message that goes out.
    pub(crate) fn give_back(&self, taken: Taken) {
        let mut book = self.book();
        if let Some(booked) = book.orders.iter_mut().find(|booked| booked.id == taken.id.0) {
            booked.times = booked.times.saturating_add(1);
        } else {
            let when = match taken.when {
                When::Now | When::NextConnection | When::AfterFrames(_) => When::sent("*"),
                again => again,
            };
            let order = Order { fault: taken.fault, when, times: 1, skip: 0, only: taken.only };
            book.orders.insert(0, Booked { id: taken.id.0, order, times: 1, skip: 0 });
            self.0.pending.store(book.orders.len(), Ordering::Release);
        }
    }

    pub(crate) fn happened(&self, order: Option<OrderId>, fault: &Fault, when: &When, connection: u64) {
        tracing::debug!(fault = fault.name(), %when, connection, "fault injected");
        let mut book = self.book();
        book.injected += 1;
        if let Some(id) = order {
            *book.counts.entry(id.0).or_default() += 1;
        }
        if book.log.len() == MAX_LOG {
            book.log.pop_front();
        }
        book.log.push_back(Injection { order, fault: fault.name(), when: when.to_string(), connection });
    }

    /// Whether this credential asks for this magic word for the first time. The credential itself is not kept.
    pub(crate) fn first_time(&self, credential: u64, word: &'static str) -> bool {
        let mut book = self.book();
        if book.credentials.len() >= MAX_CREDENTIALS {
            book.credentials.clear();
        }
        book.credentials.insert((credential, word))
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.0.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let book = self.book();
        f.debug_struct("Faults")
            .field("pending", &book.orders.len())
            .field("injected", &book.injected)
            .finish_non_exhaustive()
    }
}

fn fits(order: &Order, moment: Moment<'_>) -> bool {
    let same = |wanted: &str, kind: &str| wanted == "*" || wanted == kind;
    let layer = order.fault.layer();
    match (&order.when, moment) {
        (When::Now | When::NextConnection, Moment::Accept) => layer == Layer::Accept,
        (When::Now, Moment::Request { .. }) => layer == Layer::Http,
        (When::NextConnection, Moment::Request { upgrade, .. }) => layer == Layer::Http && upgrade,
        (When::NextConnection, Moment::Upgraded) => matches!(layer, Layer::Line | Layer::Message),
        (When::AfterFrames(wanted), Moment::Frames(count)) => *wanted == count,
        (When::Sending(wanted), Moment::Sending(kind))
        | (When::Sent(wanted), Moment::Sent(kind))
        | (When::Received(wanted), Moment::Received(kind))
        | (When::Handled(wanted), Moment::Handled(kind)) => same(wanted, kind),
        (When::Request(part), Moment::Request { path, .. })
        | (When::Answered(part), Moment::Answered(path)) => part == "*" || path.contains(part.as_str()),
        _ => false,
    }
}
