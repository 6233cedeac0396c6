//! A sandbox, a client, and the check of what must hold whatever goes wrong.

use std::cell::RefCell;
use std::time::Duration;

use botpit_sdk::sandbox::{Sandbox, SandboxBuilder, SandboxMatch, Strength};
use botpit_sdk::{Client, ClientBuilder, Event, Result};
use sdk_core::sandbox::Order;
use sdk_core::secret::Secret;
use tokio::runtime::Handle;
use tokio::time::timeout;

use super::log_capture;
use super::player::{Door, Plan, Seen, play};

/// A row that takes longer than this, on the paused clock, is stuck.
const STUCK: Duration = Duration::from_secs(12 * 3_600);
/// How long after the end a task or a socket may still be there: long enough for the server to notice.
const SETTLED: Duration = Duration::from_secs(120);

/// How many seeds each row is run with: `FAULT_SEEDS`, or 1.
pub(crate) fn seeds() -> std::ops::Range<u64> {
    let count = std::env::var("FAULT_SEEDS").ok().and_then(|count| count.parse().ok()).unwrap_or(1);
    1..1 + count
}

/// How many tasks the runtime has.
fn tasks() -> usize {
    Handle::current().metrics().num_alive_tasks()
}

/// Runs a future of a test that must not be stuck.
pub(crate) async fn bounded<T>(what: &str, future: impl Future<Output = T>) -> T {
    timeout(STUCK, future).await.unwrap_or_else(|_| panic!("{what} is stuck"))
}

/// How many tasks there were, to be there again.
pub(crate) struct Baseline(usize);

impl Baseline {
    /// Measured when what has just been spawned has come to rest.
    pub(crate) async fn measure() -> Self {
        log_capture::install();
        for _ in 0..16 {
            tokio::task::yield_now().await;
        }
        Self(tasks())
    }

    /// No more tasks than there were, in time.
    pub(crate) async fn restored(&self) {
        let settled = async {
            while tasks() > self.0 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        if timeout(SETTLED, settled).await.is_err() {
            panic!("{} tasks are left, and there were {}", tasks(), self.0);
        }
    }
}

/// One run of one row.
pub(crate) struct Scene {
    pub(crate) sandbox: Sandbox,
    pub(crate) door: Door,
    pub(crate) seed: u64,
    key: Secret,
    /// Without the sandbox, and with it.
    baselines: [Baseline; 2],
    seen: RefCell<Vec<Seen>>,
}

/// How a plan went.
pub(crate) struct Played {
    pub(crate) outcome: Result<()>,
    pub(crate) seen: Seen,
}

impl Scene {
    /// Runs a row through both front doors with every seed, against a sandbox of its own each, and checks what must hold.
    pub(crate) async fn each(row: impl AsyncFn(&Scene)) {
        Self::each_in(|sandbox| sandbox, row).await;
    }

    /// As [`Scene::each`], in a sandbox with other settings.
    pub(crate) async fn each_in(
        settings: impl Fn(SandboxBuilder) -> SandboxBuilder,
        row: impl AsyncFn(&Scene),
    ) {
        for seed in seeds() {
            for door in Door::BOTH {
                let sandbox = settings(Sandbox::builder().seed(seed).house([Strength::Novice]));
                let scene = Self::open(sandbox, seed, door).await;
                bounded(&format!("seed {seed}, {door:?}"), row(&scene)).await;
                scene.check().await;
            }
        }
    }

    async fn open(sandbox: SandboxBuilder, seed: u64, door: Door) -> Self {
        let before = Baseline::measure().await;
        let sandbox = sandbox.start().await.unwrap();
        let key = sandbox.register("Rocky").unwrap();
        let baselines = [before, Baseline::measure().await];
        Self { sandbox, door, seed, key, baselines, seen: RefCell::default() }
    }

    pub(crate) fn order(&self, order: impl Into<Order>) {
        self.sandbox.faults().order(order).unwrap();
    }

    /// A client of this sandbox, with every default.
    pub(crate) fn client(&self) -> ClientBuilder {
        Client::builder(self.key.clone()).url(self.sandbox.ws_url()).seed(self.seed)
    }

    /// Plays to the end with the default client.
    pub(crate) async fn play(&self, plan: Plan) -> Played {
        self.play_with(self.client(), plan).await
    }

    pub(crate) async fn play_with(&self, client: ClientBuilder, plan: Plan) -> Played {
        let seen = self.watch();
        let outcome = play(self.door, &client.build().unwrap(), plan, &seen).await;
        Played { outcome, seen }
    }

    /// A record that the final check looks at too.
    pub(crate) fn watch(&self) -> Seen {
        let seen = Seen::default();
        self.seen.borrow_mut().push(seen.clone());
        seen
    }

    pub(crate) fn the_match(&self) -> SandboxMatch {
        let matches = self.sandbox.matches();
        assert_eq!(matches.len(), 1, "{matches:#?}");
        matches.into_iter().next().unwrap()
    }

    /// What must hold in every row: no question answered in two ways, none answered twice unless a reconnect lies
    /// between, every call ended once, the last event is the last, and nothing is left: no task, no connection.
    pub(crate) async fn check(self) {
        let reconnects: usize = self.seen.borrow().iter().map(Seen::reconnects).sum();
        for played in self.sandbox.matches() {
            assert_eq!(played.changed_minds(), [], "two different moves for one question: {played:#?}");
            for (index, sent) in played.moves_received.iter().enumerate() {
                let question = (sent.resolved, sent.side);
                let earlier = &played.moves_received[..index];
                let again = earlier.iter().filter(|sent| (sent.resolved, sent.side) == question).count();
                assert!(again <= reconnects, "a move was sent again without a reconnect: {played:#?}");
            }
        }
        for seen in self.seen.borrow().iter() {
            let events = seen.events();
            let ends = events.iter().filter(|(_, event)| matches!(event, Event::Closed { .. })).count();
            assert!(ends <= 1, "it ended {ends} times");
            if ends == 1 {
                assert!(
                    matches!(events.last(), Some((_, Event::Closed { .. }))),
                    "something came after the end"
                );
            }
        }
        let [before, serving] = &self.baselines;
        // A server that does not read never sees the client go: only its end shows that nothing is left.
        if !self.is_deaf() {
            let gone = async {
                while self.sandbox.connections() > 0 || self.sandbox.server().connections() > 0 {
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
            };
            assert!(timeout(SETTLED, gone).await.is_ok(), "{:?} are left", self.sandbox.server().peers());
            serving.restored().await;
        }
        self.sandbox.shutdown().await;
        before.restored().await;
        self.seen.borrow().iter().for_each(Seen::check_calls);
    }

    /// Whether a fault made the server stop reading.
    fn is_deaf(&self) -> bool {
        let deaf = ["halfOpen", "stopReading", "neverAnswer"];
        self.sandbox.faults().log().iter().any(|injected| deaf.contains(&injected.fault))
    }
}

impl Played {
    /// It went well, to the end.
    #[track_caller]
    pub(crate) fn finished(&self, matches: usize) -> &Seen {
        assert!(self.outcome.is_ok(), "{:?}: {:?}", self.outcome, self.seen);
        assert_eq!(self.seen.finished(), matches, "{:?}", self.seen);
        &self.seen
    }

    /// It ended with an error.
    #[track_caller]
    pub(crate) fn failed(&self) -> &sdk_core::Error {
        match &self.outcome {
            Err(error) => error,
            Ok(()) => panic!("it ended in good order: {:?}", self.seen),
        }
    }
}
