//! A cell of the matrix: one fault at one moment of a platform's protocol; and what became of it.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use sdk_core::Error;
use sdk_core::sandbox::{Fault, Faults, Order, OrderId, When};

/// What a platform brings to the matrix.
#[derive(Clone, Copy)]
pub(crate) struct Platform {
    pub(crate) name: &'static str,
    /// How many cells are played unless all are: more where they are cheap.
    pub(crate) sample: usize,
    /// Every cell of a seed.
    pub(crate) cells: fn(u64) -> Vec<Cell>,
    /// Why a fault cannot happen there, if so.
    pub(crate) impossible: fn(&Cell) -> Option<&'static str>,
    /// Plays a cell in a sandbox of its own.
    pub(crate) play: fn(Cell) -> Pin<Box<dyn Future<Output = Told>>>,
}

pub(crate) fn boxed(told: impl Future<Output = Told> + 'static) -> Pin<Box<dyn Future<Output = Told>>> {
    Box::pin(told)
}

/// One fault at one moment.
#[derive(Debug, Clone)]
pub(crate) struct Cell {
    pub(crate) platform: &'static str,
    /// The state of the protocol, in words.
    pub(crate) state: &'static str,
    pub(crate) when: When,
    /// How many such moments pass first.
    pub(crate) skip: u32,
    pub(crate) fault: Fault,
    /// What is played around it: each platform has its own.
    pub(crate) scene: &'static str,
    pub(crate) seed: u64,
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { platform, state, when, skip, fault, scene, seed } = self;
        write!(f, "{platform} / {scene} / {state} ({when}, after {skip}) / {fault:?} / seed {seed}")
    }
}

/// A moment of a scene.
#[derive(Debug, Clone)]
pub(crate) struct State {
    pub(crate) name: &'static str,
    pub(crate) when: When,
    pub(crate) skip: u32,
}

pub(crate) fn state(name: &'static str, when: When, skip: u32) -> State {
    State { name, when, skip }
}

/// Every fault at every one of these moments.
pub(crate) fn product(
    platform: &'static str,
    scene: &'static str,
    states: &[State],
    faults: &[Fault],
    seed: u64,
) -> Vec<Cell> {
    let cell = |state: &State, fault: &Fault| Cell {
        platform,
        state: state.name,
        when: state.when.clone(),
        skip: state.skip,
        fault: fault.clone(),
        scene,
        seed,
    };
    states.iter().flat_map(|state| faults.iter().map(move |fault| cell(state, fault))).collect()
}

/// Every fault of the sandbox, and these closes besides; sizes and delays are kept small where they make no difference but
/// time.
pub(crate) fn faults(closes: &[(u16, &str)]) -> Vec<Fault> {
    let mut faults: Vec<Fault> =
        Fault::NAMES.iter().map(|name| Fault::named(name).expect("the list is the sandbox's own")).collect();
    for fault in &mut faults {
        match fault {
            Fault::Fragments { count } => *count = 2_000,
            Fault::RateLimited { retry_after } | Fault::Unavailable { retry_after } => {
                "2".clone_into(retry_after)
            }
            Fault::Slow { delay_ms } | Fault::DelayPongs { delay_ms } => *delay_ms = 1_500,
            _ => {}
        }
    }
    faults.extend(closes.iter().map(|(code, reason)| Fault::Close { code: *code, reason: (*reason).into() }));
    faults
}

/// Faults of accepting a connection: they happen before anything is read.
pub(crate) fn is_of_accepting(fault: &Fault) -> bool {
    matches!(fault, Fault::RefuseConnect | Fault::NeverAnswer)
}

/// Faults of an HTTP answer, that of an upgrade included.
pub(crate) fn is_of_http(fault: &Fault) -> bool {
    matches!(
        fault,
        Fault::Unauthorized
            | Fault::Forbidden
            | Fault::RateLimited { .. }
            | Fault::Unavailable { .. }
            | Fault::ServerError
            | Fault::Redirect { .. }
            | Fault::Html { .. }
            | Fault::PartialBody
    )
}

/// Faults of a TCP connection, whatever is spoken on it.
pub(crate) fn is_of_the_line(fault: &Fault) -> bool {
    matches!(
        fault,
        Fault::DropTcp
            | Fault::Fin
            | Fault::HalfOpen
            | Fault::StopReading
            | Fault::Silence
            | Fault::Slow { .. }
    )
}

/// Faults of connecting and of the upgrade: at any later moment of a WebSocket the connection has to be dropped first.
pub(crate) fn is_of_connecting(fault: &Fault) -> bool {
    is_of_accepting(fault) || is_of_http(fault)
}

impl Cell {
    /// The order for a moment of a WebSocket; of a fault of connecting, the fault's and that of the drop before it. `before`
    /// is how many connections the sandbox has accepted until then, and `only` whose connection it is.
    pub(crate) fn socket_orders(&self, before: u32, only: Option<&str>) -> Vec<Order> {
        let at_moment = |fault: Fault| {
            let order = fault.on(self.when.clone()).skip(self.skip);
            match only {
                Some(label) => order.only(label),
                None => order,
            }
        };
        if !is_of_connecting(&self.fault) {
            return vec![at_moment(self.fault.clone())];
        }
        if self.when == When::NextConnection {
            return vec![self.fault.clone().on(When::NextConnection)];
        }
        vec![self.fault.clone().on(When::NextConnection).skip(before), at_moment(Fault::DropTcp)]
    }

    /// The orders for a moment of an HTTP call; of a fault of accepting, that of the drop before it too.
    pub(crate) fn http_orders(&self, before: u32) -> Vec<Order> {
        let at_moment = |fault: Fault| fault.on(self.when.clone()).skip(self.skip);
        if is_of_accepting(&self.fault) {
            vec![self.fault.clone().on(When::NextConnection).skip(before), at_moment(Fault::DropTcp)]
        } else {
            vec![at_moment(self.fault.clone())]
        }
    }
}

/// Books the orders. The first one's number is the fault's.
pub(crate) fn book(faults: &Faults, orders: Vec<Order>) -> OrderId {
    let booked = orders.into_iter().map(|order| faults.order(order).expect("a valid order"));
    booked.collect::<Vec<_>>().into_iter().next().expect("a cell has an order")
}

/// What became of a cell.
#[derive(Debug, Default)]
pub(crate) struct Told {
    pub(crate) injected: u64,
    pub(crate) lost: Vec<String>,
    pub(crate) duplicated: Vec<String>,
    pub(crate) hung: Vec<String>,
    pub(crate) wrong: Vec<String>,
}

impl Told {
    /// Compares how the bot ended with how it must: well, or with this code.
    pub(crate) fn expect_end<T>(&mut self, ended: &Result<T, Error>, code: Option<&str>) {
        match (ended, code) {
            (Ok(_), None) => {}
            (Err(error), Some(code)) if error.code().id() == code => {}
            (Ok(_), Some(code)) => self.wrong.push(format!("it went on, and was to end with {code}")),
            (Err(error), _) => self.wrong.push(format!("it ended with {}: {error}", error.code().id())),
        }
    }

    /// Waits for the end of what the bot does; `None` when it does not come.
    pub(crate) async fn within<T>(&mut self, bound: Duration, run: impl Future<Output = T>) -> Option<T> {
        let ended = tokio::time::timeout(bound, run).await.ok();
        if ended.is_none() {
            self.hung.push(format!("nothing came of it within {bound:?}"));
        }
        ended
    }
}
